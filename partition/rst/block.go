package rst

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/markup"
)

// blocks reads lines. Sections stand at the top only.
func (p *parser) blocks(lines []string, top bool) (out []markup.Block) {
	for i := 0; i < len(lines); {
		if p.stopped() {
			return nil
		}
		line := lines[i]
		switch {
		case line == "":
			i++
		case line[0] == ' ': // a quotation
			body, next := indented(lines, i, 1)
			body = dedented(centred(body))
			p.deeper(func() { out = append(out, wrap("blockquote", p.blocks(body, false))) })
			i = next
		case line == ".." || strings.HasPrefix(line, ".. "):
			found, next := p.explicit(lines, i)
			out = append(out, found...)
			i = next
		case strings.HasPrefix(line, "__ "):
			i++
		case top && p.isOverlined(lines, i):
			out = append(out, p.title(lines[i+1], lines[i][:1]+lines[i][:1]))
			i += 3
		case top && i+1 < len(lines) && isAdornment(lines[i+1], line):
			out = append(out, p.title(line, lines[i+1][:1]))
			i += 2
		case isRule(line, 4) && (i+1 == len(lines) || lines[i+1] == ""):
			out = append(out, markup.Block{HTML: "<hr/>"})
			i++
		case isGridBorder(line):
			end := i
			for end < len(lines) && lines[end] != "" && (lines[end][0] == '+' || lines[end][0] == '|') {
				end++
			}
			out = append(out, p.gridTable(lines[i:end]))
			i = end
		case isSimpleBorder(line) && simpleEnd(lines, i) > 0:
			end := simpleEnd(lines, i)
			out = append(out, p.simpleTable(lines[i:end]))
			i = end
		case bullet(line).width > 0 && !goesOn(lines, i):
			items, next := p.items(lines, i)
			out = append(out, p.list(bullet(line), items))
			i = next
		case field(line) != "":
			var b strings.Builder
			for i < len(lines) && field(lines[i]) != "" {
				name := field(lines[i])
				body, next := indented(lines, i+1, 1)
				b.WriteString("<dt>" + p.inline(name) + "</dt><dd>" + p.inline(strings.TrimSpace(lines[i][len(name)+2:])))
				p.deeper(func() { markup.Write(&b, paragraphs(p.blocks(dedented(body), false))) })
				b.WriteString("</dd>")
				i = next
			}
			out = append(out, markup.Block{HTML: "<dl>" + b.String() + "</dl>"})
		case option(lines, i) != "":
			var b strings.Builder
			for i < len(lines) && option(lines, i) != "" && !p.stopped() {
				name := option(lines, i)
				body, next := indented(lines, i+1, 1)
				body = append([]string{strings.TrimSpace(lines[i][len(name):])}, dedented(body)...)
				b.WriteString("<dt><code>" + markup.Escape(name) + "</code></dt><dd>")
				p.deeper(func() { markup.Write(&b, paragraphs(p.blocks(body, false))) })
				b.WriteString("</dd>")
				for i = next; i < len(lines) && lines[i] == ""; i++ {
				}
			}
			out = append(out, markup.Block{HTML: "<dl>" + b.String() + "</dl>"})
		case line == "|" || strings.HasPrefix(line, "| "):
			found, next := p.lineBlock(lines, i)
			out = append(out, found)
			i = next
		case i+1 < len(lines) && strings.HasPrefix(lines[i+1], " ") && !strings.HasSuffix(line, "::"):
			var b strings.Builder
			for i+1 < len(lines) && lines[i] != "" && lines[i][0] != ' ' && strings.HasPrefix(lines[i+1], " ") && bullet(lines[i]).width == 0 && lines[i] != ".." && !strings.HasPrefix(lines[i], ".. ") {
				body, next := indented(lines, i+1, 1)
				b.WriteString("<dt>" + p.inline(lines[i]) + "</dt><dd>")
				p.deeper(func() { markup.Write(&b, paragraphs(p.blocks(dedented(body), false))) })
				b.WriteString("</dd>")
				for i = next; i < len(lines) && lines[i] == ""; i++ {
				}
			}
			out = append(out, markup.Block{HTML: "<dl>" + b.String() + "</dl>"})
		default:
			found, next := p.paragraph(lines, i)
			out = append(out, found...)
			i = next
		}
	}
	return out
}

// centred gives the lines of a first paragraph that are indented unevenly, the first more than others, one indentation.
func centred(lines []string) []string {
	end, least := 0, -1
	for end < len(lines) && lines[end] != "" {
		if n := indentOf(lines[end]); least < 0 || n < least {
			least = n
		}
		end++
	}
	if end == 0 || indentOf(lines[0]) == least {
		return lines
	}
	out := append([]string{}, lines...)
	for i := range end {
		out[i] = out[i][:least] + strings.TrimLeft(out[i], " ")
	}
	return out
}

// goesOn tells whether a line that begins as a numbered item is text: its paragraph goes on at the margin.
func goesOn(lines []string, i int) bool {
	return bullet(lines[i]).style != "" && i+1 < len(lines) && lines[i+1] != "" && lines[i+1][0] != ' ' && bullet(lines[i+1]).width == 0
}

// wrap puts blocks into an element.
func wrap(tag string, blocks []markup.Block) markup.Block {
	var b strings.Builder
	markup.Write(&b, paragraphs(blocks))
	return markup.Block{HTML: "<" + tag + ">" + b.String() + "</" + tag + ">"}
}

// paragraphs makes every text a paragraph, as it is outside lists.
func paragraphs(blocks []markup.Block) []markup.Block {
	for i := range blocks {
		if blocks[i].Text == markup.Plain {
			blocks[i].Text = markup.Para
		}
	}
	return blocks
}

// paragraph reads a text up to a blank line, and the literal block that two colons at its end announce.
func (p *parser) paragraph(lines []string, i int) (out []markup.Block, next int) {
	next = i
	for next < len(lines) && lines[next] != "" {
		next++
	}
	text := strings.Join(lines[i:next], "\n")
	rest, literal := strings.CutSuffix(text, "::")
	if !literal {
		return append(out, markup.Block{HTML: p.inline(text), Text: markup.Para}), next
	}
	if rest == "" || strings.HasSuffix(rest, "\n") {
		rest = strings.TrimRight(rest, "\n") // the colons stand alone
	} else {
		rest += ":"
	}
	if rest != "" {
		out = append(out, markup.Block{HTML: p.inline(rest), Text: markup.Para})
	}
	for next < len(lines) && lines[next] == "" {
		next++
	}
	if body, end := indented(lines, next, 1); len(body) > 0 {
		out = append(out, markup.Block{HTML: pre(dedented(body))})
		next = end
	}
	return out, next
}

func pre(lines []string) string {
	return "<pre><code>" + markup.Escape(strings.Join(lines, "\n")) + "</code></pre>"
}

// isRule tells a line of one punctuation character, at least so often.
func isRule(line string, least int) bool {
	if len(line) < least || line == "" {
		return false
	}
	c := line[0]
	if c <= ' ' || c >= 0x7f || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
		return false
	}
	return strings.Trim(line, line[:1]) == ""
}

// isAdornment tells whether a line is the underline of a title.
func isAdornment(line, title string) bool {
	return isRule(line, 1) && len(line) >= utf8.RuneCountInString(title) && (len(line) > 1 || len(title) == 1) && !isRule(title, 2)
}

func (p *parser) isOverlined(lines []string, i int) bool {
	return i+2 < len(lines) && isRule(lines[i], 2) && lines[i+2] == lines[i] && lines[i+1] != "" && len(lines[i]) >= utf8.RuneCountInString(lines[i+1])
}

// title writes a section's title. The kinds of adornment are levels in the order in which they are first used.
func (p *parser) title(text, adornment string) markup.Block {
	level, known := p.titles[adornment]
	if !known {
		level = len(p.titles) + 1
		p.titles[adornment] = level
	}
	tag := "h" + strconv.Itoa(min(level, 6))
	return markup.Block{HTML: "<" + tag + ">" + p.inline(strings.TrimSpace(text)) + "</" + tag + ">"}
}

// mark is how an item of a list begins. width counts it and the space behind it, 0 is none.
type mark struct {
	width int
	style string // "" of bullets; of numbers what they are written with: "1.", "a)", "(i)"
}

func bullet(line string) mark {
	r, n := utf8.DecodeRuneInString(line)
	if strings.ContainsRune("*+-\u2022\u2023\u2043", r) {
		return mark{space(line, n), ""}
	}
	open := strings.HasPrefix(line, "(")
	start := 0
	if open {
		start = 1
	}
	end := start
	for end < len(line) && end-start < 9 && (line[end] == '#' || line[end] >= '0' && line[end] <= '9' || line[end] >= 'a' && line[end] <= 'z' || line[end] >= 'A' && line[end] <= 'Z') {
		end++
	}
	if end == start || end == len(line) || line[end] != ')' && (open || line[end] != '.') {
		return mark{}
	}
	kind := ordinal(line[start:end])
	if kind == "" {
		return mark{}
	}
	return mark{space(line, end+1), line[:start] + kind + line[end:end+1]}
}

// space adds the space behind a mark of n bytes; 0 when there is none.
func space(line string, n int) int {
	if n == len(line) {
		return n + 1
	}
	rest := strings.TrimLeft(line[n:], " ")
	if len(rest) == len(line)-n {
		return 0
	}
	return len(line) - len(rest)
}

// ordinal tells what a number is written with; "" for a word.
func ordinal(s string) string {
	switch {
	case s == "#":
		return "#"
	case strings.Trim(s, "0123456789") == "":
		return "1"
	case strings.Trim(s, "ivxlcdm") == "" && (len(s) > 1 || s == "i"):
		return "i"
	case strings.Trim(s, "IVXLCDM") == "" && (len(s) > 1 || s == "I"):
		return "I"
	case len(s) == 1 && s[0] >= 'a':
		return "a"
	case len(s) == 1 && s[0] >= 'A':
		return "A"
	}
	return ""
}

// items cuts the list that begins at line i into the lines of its items.
func (p *parser) items(lines []string, i int) (items [][]string, next int) {
	style := bullet(lines[i]).style
	for i < len(lines) && !p.stopped() {
		m := bullet(lines[i])
		if m.width == 0 || !same(m.style, style) || len(items) > 0 && goesOn(lines, i) {
			break
		}
		first := ""
		if m.width < len(lines[i]) {
			first = lines[i][m.width:]
		}
		body, end := indented(lines, i+1, m.width)
		if first == "" {
			body, end = indented(lines, i+1, 1)
		}
		item := []string{first}
		if first == "" {
			item = append(item, dedented(body)...)
		} else {
			for _, line := range body {
				item = append(item, line[min(m.width, len(line)):])
			}
		}
		items = append(items, item)
		next = end
		for i = end; i < len(lines) && lines[i] == ""; i++ {
		}
	}
	return items, next
}

func same(a, b string) bool {
	return a == b || a != "" && b != "" && strings.Trim(a, "#1") == strings.Trim(b, "#1") && strings.Contains(a+b, "#")
}

// list writes a list. An item of one text, or of a text and a list, is no paragraph.
func (p *parser) list(m mark, raw [][]string) markup.Block {
	items := make([][]markup.Block, len(raw))
	for k, lines := range raw {
		p.deeper(func() {
			item := p.blocks(lines, false)
			if len(item) > 0 && item[0].Text == markup.Para && (len(item) == 1 || len(item) == 2 && isList(item[1].HTML)) {
				item[0].Text = markup.Plain
			}
			items[k] = item
		})
	}
	if m.style == "" {
		return markup.List("ul", items)
	}
	return markup.List("ol", items)
}

func isList(html string) bool {
	return strings.HasPrefix(html, "<ul>") || strings.HasPrefix(html, "<ol>") || strings.HasPrefix(html, "<dl>")
}

var options = regexp.MustCompile(`^(?:-[A-Za-z0-9]|--[A-Za-z0-9][A-Za-z0-9_-]*|/[A-Z])(?:[ =]?(?:[A-Za-z][A-Za-z0-9_-]*|<[^>]*>))?` +
	`(?:, (?:-[A-Za-z0-9]|--[A-Za-z0-9][A-Za-z0-9_-]*|/[A-Z])(?:[ =]?(?:[A-Za-z][A-Za-z0-9_-]*|<[^>]*>))?)*`)

// option gives the options of a command that a line describes, "" for other lines: "-a, --all  words", or the words are indented
// below.
func option(lines []string, i int) string {
	line := lines[i]
	if line == "" || line[0] != '-' && line[0] != '/' {
		return ""
	}
	name := options.FindString(line)
	if name == "" || !strings.HasPrefix(line[len(name):], "  ") && (len(line) > len(name) || i+1 == len(lines) || !strings.HasPrefix(lines[i+1], " ")) {
		return ""
	}
	return name
}

// field is the name in ":name: value", "" for other lines.
func field(line string) string {
	if len(line) < 3 || line[0] != ':' || line[1] == ' ' || line[1] == ':' {
		return ""
	}
	name, rest, ok := strings.Cut(line[1:], ":")
	if !ok || name == "" || rest != "" && rest[0] != ' ' {
		return ""
	}
	return name
}

// lineBlock reads lines that keep their breaks.
func (p *parser) lineBlock(lines []string, i int) (markup.Block, int) {
	var out []string
	for ; i < len(lines); i++ {
		switch {
		case lines[i] == "|" || strings.HasPrefix(lines[i], "| "):
			out = append(out, strings.TrimPrefix(lines[i][1:], " "))
		case strings.HasPrefix(lines[i], " ") && len(out) > 0:
			out[len(out)-1] += " " + strings.TrimSpace(lines[i])
		default:
			lines = lines[:i]
		}
	}
	for k, line := range out {
		out[k] = p.inline(line)
	}
	return markup.Block{HTML: "<p>" + strings.Join(out, "<br/>\n") + "</p>"}, i
}
