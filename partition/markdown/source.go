package markdown

import (
	"html"
	"regexp"
	"strconv"
	"strings"
)

// tab is how many columns a level of nesting is indented by.
const tab = 4

// normalise makes line feeds of all line ends, spaces of tabs, and empties blank lines.
func normalise(s string) string {
	s = strings.NewReplacer("\x02", "", "\x03", "", "\r\n", "\n", "\r", "\n").Replace(s)
	var b strings.Builder
	b.Grow(len(s) + 2)
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if strings.IndexByte(line, '\t') >= 0 {
			line = expandTabs(line)
		}
		if strings.Trim(line, " ") != "" {
			b.WriteString(line)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.String()
}

func expandTabs(line string) string {
	var b strings.Builder
	column := 0
	for _, r := range line {
		if r != '\t' {
			b.WriteRune(r)
			column++
			continue
		}
		n := tab - column%tab
		b.WriteString("    "[:n])
		column += n
	}
	return b.String()
}

// stash keeps HTML that is finished. In the text it is a mark, which no rule of Markdown touches: its number between STX
// and ETX, which normalise took out of the source.
type stash struct{ kept []string }

func (s *stash) keep(html string) string {
	s.kept = append(s.kept, html)
	return "\x02" + strconv.Itoa(len(s.kept)-1) + "\x03"
}

// expand puts what was kept back, marks inside it too. A mark stands once in a text, so the work grows with what comes out.
func (s *stash) expand(b *strings.Builder, text string) {
	for {
		i := strings.IndexByte(text, '\x02')
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		end := strings.IndexByte(text[i:], '\x03')
		if end < 0 {
			text = text[i:]
			break
		}
		if n, err := strconv.Atoi(text[i+1 : i+end]); err == nil && n < len(s.kept) {
			s.expand(b, s.kept[n])
		}
		text = text[i+end+1:]
	}
	b.WriteString(text)
}

// plain is a text for an attribute: what was kept is put back and is no HTML.
func (s *stash) plain(text string) string {
	if strings.IndexByte(text, '\x02') < 0 {
		return text
	}
	var b strings.Builder
	s.expand(&b, text)
	return html.UnescapeString(tags.ReplaceAllString(b.String(), ""))
}

var tags = regexp.MustCompile(`<[^<>]*>`)

// isMark tells whether text is one mark and nothing else.
func isMark(text string) bool {
	return len(text) > 2 && text[0] == '\x02' && strings.IndexByte(text, '\x03') == len(text)-1
}

var fenceInfo = regexp.MustCompile(`^(?:\{[^\n{}]*\}|\.?[\w#.+-]*)[ ]*(?:hl_lines=(?:"[^"\n]*"|'[^'\n]*'))?[ ]*$`)

// takeFences keeps code between fences, which stand at the left margin and are alike.
func (s *stash) takeFences(text string) string {
	if !strings.Contains(text, "```") && !strings.Contains(text, "~~~") {
		return text
	}
	lines := strings.Split(text, "\n")
	closing := map[string]int{} // fence: a line behind which none like it ends a code
	out := make([]string, 0, len(lines))
	for i := 0; i < len(lines); i++ {
		fence := fenceOf(lines[i])
		if at, none := closing[fence]; fence == "" || none && i >= at || !fenceInfo.MatchString(strings.TrimLeft(lines[i][len(fence):], " ")) {
			out = append(out, lines[i])
			continue
		}
		end := i + 1
		for end < len(lines) && strings.TrimRight(lines[end], " ") != fence {
			end++
		}
		if end == len(lines) {
			closing[fence] = i
			out = append(out, lines[i])
			continue
		}
		code := strings.Join(lines[i+1:end], "\n")
		out = append(out, "", s.keep("<pre><code>"+escapeCode(code)+"\n</code></pre>"), "")
		i = end
	}
	return strings.Join(out, "\n")
}

// fenceOf returns the fence that a line begins with.
func fenceOf(line string) string {
	if line == "" || line[0] != '`' && line[0] != '~' {
		return ""
	}
	n := len(line) - len(strings.TrimLeft(line, line[:1]))
	if n < 3 {
		return ""
	}
	return line[:n]
}

func escapeCode(s string) string { return codeEscaper.Replace(s) }

var codeEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
