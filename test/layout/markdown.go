package main

import (
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/element"
)

// markdownElements reads Markdown as other programs write it, so that they can be scored beside ours: headings, list items, tables
// of bars or HTML, code and paragraphs.
func markdownElements(s string) []element.Element {
	var out []element.Element
	var lines []string
	flush := func() {
		if text := strings.TrimSpace(strings.Join(lines, " ")); text != "" {
			out = append(out, element.Element{Type: element.NarrativeText, Text: inline(text)})
		}
		lines = nil
	}
	all := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := 0; i < len(all); i++ {
		line := strings.TrimSpace(all[i])
		switch m := headingLine.FindStringSubmatch(line); {
		case m != nil:
			flush()
			depth := len(m[1]) - 1
			e := element.Element{Type: element.Title, Text: inline(m[2])}
			e.Metadata.CategoryDepth = &depth
			out = append(out, e)
		case strings.HasPrefix(line, "```"):
			flush()
			var code []string
			for i++; i < len(all) && !strings.HasPrefix(strings.TrimSpace(all[i]), "```"); i++ {
				code = append(code, all[i])
			}
			out = append(out, element.Element{Type: element.CodeSnippet, Text: strings.Join(code, "\n")})
		case strings.HasPrefix(line, "<table"):
			flush()
			html := line
			for !strings.Contains(html, "</table>") && i+1 < len(all) {
				i++
				html += "\n" + all[i]
			}
			out = append(out, tableElement(html))
		case strings.HasPrefix(line, "|") && i+1 < len(all) && barLine.MatchString(strings.TrimSpace(all[i+1])):
			flush()
			var html strings.Builder
			html.WriteString("<table>")
			for ; i < len(all) && strings.HasPrefix(strings.TrimSpace(all[i]), "|"); i++ {
				row := strings.TrimSpace(all[i])
				if barLine.MatchString(row) {
					continue
				}
				row = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|"), `\|`, "\x00")
				html.WriteString("<tr>")
				for _, cell := range strings.Split(row, "|") {
					html.WriteString("<td>" + escapeCell(inline(strings.ReplaceAll(cell, "\x00", "|"))) + "</td>")
				}
				html.WriteString("</tr>")
			}
			i--
			out = append(out, tableElement(html.String()+"</table>"))
		case itemLine.MatchString(line):
			flush()
			text := itemLine.ReplaceAllString(line, "")
			for i+1 < len(all) && strings.HasPrefix(all[i+1], "  ") && strings.TrimSpace(all[i+1]) != "" && !itemLine.MatchString(strings.TrimSpace(all[i+1])) {
				i++
				text += " " + strings.TrimSpace(all[i])
			}
			out = append(out, element.Element{Type: element.ListItem, Text: inline(text)})
		case line == "":
			flush()
		default:
			lines = append(lines, line)
		}
	}
	flush()
	return out
}

var (
	headingLine = regexp.MustCompile(`^(#{1,6})\s+(.*?)\s*#*$`)
	barLine     = regexp.MustCompile(`^\|?[\s:|-]*-[\s:|-]*\|?$`)
	itemLine    = regexp.MustCompile(`^([-*+]|\d{1,3}[.)])\s+`)
	anchor      = regexp.MustCompile(`<a id="[^"]*"></a>`)
	imageLink   = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
	textLink    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	emphasis    = regexp.MustCompile(`(\*\*|__|\*|` + "`" + `)`)
	escaped     = regexp.MustCompile(`\\([!-/:-@\[-` + "`" + `{-~])`)
	tags        = regexp.MustCompile(`</?(sup|sub|b|i|u|br)\s*/?>`)
)

// inline takes the marks of emphasis, links and pictures out of a line.
func inline(s string) string {
	s = imageLink.ReplaceAllString(anchor.ReplaceAllString(s, ""), "")
	s = textLink.ReplaceAllString(s, "$1")
	s = tags.ReplaceAllString(s, " ")
	s = escaped.ReplaceAllStringFunc(s, func(m string) string { return string(rune(0xE000) + rune(m[1])) })
	s = emphasis.ReplaceAllString(s, "")
	s = strings.Map(func(r rune) rune {
		if r >= 0xE000 && r < 0xE080 {
			return r - 0xE000
		}
		return r
	}, s)
	return strings.TrimSpace(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`).Replace(s))
}

func escapeCell(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(s)
}

func tableElement(html string) element.Element {
	e := element.Element{Type: element.Table, Text: parseGrid(html).text()}
	e.Metadata.TextAsHTML = html
	return e
}
