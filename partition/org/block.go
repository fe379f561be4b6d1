package org

import (
	"strings"

	"github.com/sluicehq/sluice/partition/markup"
)

// blocks reads lines that hold no headlines.
func (p *parser) blocks(lines []string) (out []markup.Block) {
	last := lastEnds(lines)
	caption, captioned := "", false // of the next block; a picture with one is a figure
	hidden := false                 // the results of the code before it are not shown
	for i := 0; i < len(lines); {
		if p.stopped() {
			return nil
		}
		line := strings.TrimSpace(lines[i])
		name, isBlock := blockStart(line)
		switch {
		case line == "":
			i++
		case isBlock && last["#+end_"+name] > i:
			end := i + 1
			for !strings.EqualFold(strings.TrimSpace(lines[end]), "#+end_"+name) {
				end++
			}
			if name == "src" {
				exports := argument(strings.Fields(line), ":exports")
				hidden = exports != "both" && exports != "results"
			}
			if html := p.block(name, line, lines[i+1:end]); html != "" {
				if caption != "" {
					out = append(out, markup.Block{HTML: p.inline(caption), Text: markup.Para})
				}
				out = append(out, markup.Block{HTML: html})
			}
			i = end + 1
		case strings.HasPrefix(line, "#+"):
			word, rest, _ := strings.Cut(line[2:], ":")
			if name, _, _ := strings.Cut(word, "["); hidden && strings.EqualFold(name, "results") {
				i = result(lines, i+1, last)
				continue
			}
			if strings.EqualFold(word, "caption") {
				captioned, caption = true, strings.TrimSpace(caption+" "+strings.TrimSpace(rest))
				caption = strings.ToValidUTF8(caption[:min(len(caption), maxSpan)], "")
			}
			if strings.EqualFold(word, "html") {
				out = append(out, markup.Block{HTML: strings.TrimSpace(rest)})
			}
			i++
			continue
		case line == "#" || strings.HasPrefix(line, "# "):
			i++
		case isDrawer(line) && last[":end:"] > i:
			end := i + 1
			for !strings.EqualFold(strings.TrimSpace(lines[end]), ":end:") {
				end++
			}
			if word := strings.ToUpper(strings.Trim(line, ":")); word != "PROPERTIES" && word != "LOGBOOK" {
				p.deeper(func() { out = append(out, p.blocks(lines[i+1:end])...) })
			}
			i = end + 1
		case line == ":" || strings.HasPrefix(line, ": "):
			var code []string
			for ; i < len(lines); i++ {
				rest := strings.TrimSpace(lines[i])
				if rest != ":" && !strings.HasPrefix(rest, ": ") {
					break
				}
				code = append(code, strings.TrimPrefix(strings.TrimPrefix(strings.TrimLeft(lines[i], " "), ":"), " "))
			}
			out = append(out, markup.Block{HTML: pre(code)})
		case len(line) >= 5 && strings.Trim(line, "-") == "":
			out = append(out, markup.Block{HTML: "<hr/>"})
			i++
		case strings.HasPrefix(line, `\begin{`) && environment(lines, i) > i:
			end := environment(lines, i)
			out = append(out, markup.Block{HTML: markup.Escape(joined(lines[i:end])), Text: markup.Para})
			i = end
		case line[0] == '|':
			end := i
			for end < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[end]), "|") {
				end++
			}
			if html := p.table(lines[i:end], caption); html != "" {
				out = append(out, markup.Block{HTML: html})
			}
			i = end
		case p.bullet(lines[i]).width > 0:
			var b markup.Block
			b, i = p.list(lines, i)
			out = append(out, b)
		default:
			start := i
			for i++; i < len(lines) && !p.interrupts(lines[i], last[":end:"] > i); i++ {
			}
			kind := markup.Para
			if p.items > 0 && i < len(lines) && p.bullet(lines[i]).width > 0 {
				kind = markup.Plain
			}
			text := p.inline(joined(lines[start:i]))
			if captioned && strings.HasPrefix(text, "<img ") && strings.Count(text, "<") == 1 {
				text = "" // a figure, which the rules for HTML leave out
			}
			if text != "" {
				out = append(out, markup.Block{HTML: text, Text: kind})
			}
		}
		caption, captioned = "", false
	}
	return out
}

// result gives the line behind the block that line i begins: what code printed.
func result(lines []string, i int, last map[string]int) int {
	if i < len(lines) {
		if name, ok := blockStart(lines[i]); ok && last["#+end_"+name] > i {
			for !strings.EqualFold(strings.TrimSpace(lines[i]), "#+end_"+name) {
				i++
			}
			return i + 1
		}
	}
	for i < len(lines) && strings.TrimSpace(lines[i]) != "" {
		i++
	}
	return i
}

func joined(lines []string) string {
	trimmed := make([]string, len(lines))
	for i, line := range lines {
		trimmed[i] = strings.TrimSpace(line)
	}
	return strings.Join(trimmed, "\n")
}

// interrupts tells whether a line ends the paragraph before it. ended: the end of a drawer comes behind it.
func (p *parser) interrupts(whole string, ended bool) bool {
	line := strings.TrimSpace(whole)
	switch {
	case line == "", strings.HasPrefix(line, "#+"), line[0] == '|', line == "#", strings.HasPrefix(line, "# "),
		line == ":", strings.HasPrefix(line, ": "), p.bullet(whole).width > 0:
		return true
	case len(line) >= 5 && strings.Trim(line, "-") == "":
		return true
	}
	return isDrawer(line) && ended
}

// blockStart reads "#+begin_name".
func blockStart(line string) (name string, ok bool) {
	line = strings.TrimSpace(line)
	const begin = "#+begin_"
	if len(line) <= len(begin) || !strings.EqualFold(line[:len(begin)], begin) {
		return "", false
	}
	name, _, _ = strings.Cut(line[len(begin):], " ")
	return strings.ToLower(name), true
}

// lastEnds finds where each kind of block, and drawers, end for the last time: the number of the line by what stands on it.
func lastEnds(lines []string) map[string]int {
	last := map[string]int{}
	for i, line := range lines {
		if line = strings.TrimSpace(line); len(line) >= len(":end:") && len(line) < 100 && (line[0] == '#' || line[0] == ':') {
			if line = strings.ToLower(line); strings.HasPrefix(line, "#+end_") || line == ":end:" {
				last[line] = i
			}
		}
	}
	return last
}

// environment gives the line behind \end{name} of a formula that line i begins, 0 when nothing ends it.
func environment(lines []string, i int) int {
	name, _, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(lines[i]), `\begin{`), "}")
	const most = 200 // lines
	for end := i; ok && end < min(len(lines), i+most); end++ {
		if strings.HasSuffix(strings.TrimSpace(lines[end]), `\end{`+name+"}") {
			return end + 1
		}
	}
	return 0
}

// isVerbatim tells the blocks in which nothing is markup.
func isVerbatim(name string) bool {
	switch name {
	case "src", "example", "export", "comment", "verse":
		return true
	}
	return false
}

// block writes a block; "" for one that is not shown.
func (p *parser) block(name, first string, lines []string) (html string) {
	switch name {
	case "src":
		if fields := strings.Fields(first); argument(fields, ":exports") == "none" || argument(fields, ":exports") == "results" {
			return ""
		}
		return pre(unindented(lines))
	case "example":
		return pre(unindented(lines))
	case "comment":
		return ""
	case "export":
		if fields := strings.Fields(first); len(fields) > 1 && strings.EqualFold(fields[1], "html") {
			return strings.Join(lines, "\n")
		}
		return ""
	case "verse":
		for i, line := range lines {
			lines[i] = p.inline(line)
		}
		return "<p>" + strings.Join(lines, "<br/>\n") + "</p>"
	}
	tag := "div"
	if name == "quote" {
		tag = "blockquote"
	}
	p.deeper(func() {
		var b strings.Builder
		switch name {
		case "note", "tip", "warning", "caution", "important":
			b.WriteString("<p>" + strings.ToUpper(name[:1]) + name[1:] + "</p>")
		}
		markup.Write(&b, paragraphs(p.blocks(lines)))
		html = "<" + tag + ">" + b.String() + "</" + tag + ">"
	})
	return html
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

func argument(fields []string, name string) string {
	for i, f := range fields {
		if f == name && i+1 < len(fields) {
			return fields[i+1]
		}
	}
	return ""
}

// unindented drops the space that all lines begin with, and the comma that keeps a line from being markup.
func unindented(lines []string) []string {
	least := -1
	for _, line := range lines {
		if rest := strings.TrimLeft(line, " "); rest != "" && (least < 0 || len(line)-len(rest) < least) {
			least = len(line) - len(rest)
		}
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		line = line[min(max(least, 0), len(line)):]
		if strings.HasPrefix(line, ",*") || strings.HasPrefix(line, ",#+") || strings.HasPrefix(line, ",,") {
			line = line[1:]
		}
		out[i] = line
	}
	return out
}

func pre(lines []string) string {
	return "<pre><code>" + markup.Escape(strings.Join(lines, "\n")) + "\n</code></pre>"
}

func isDrawer(line string) bool {
	return len(line) > 2 && line[0] == ':' && line[len(line)-1] == ':' && !strings.ContainsAny(line[1:len(line)-1], ": \t")
}

// table writes the rows between lines of dashes; what only lays out columns is left out.
func (p *parser) table(lines []string, caption string) string {
	var b strings.Builder
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "|-") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line[1:], "|"), "|")
		layout, empty := true, true
		for i, c := range cells {
			cells[i] = strings.TrimSpace(c)
			empty = empty && cells[i] == ""
			layout = layout && (cells[i] == "" || isCookie(cells[i]))
		}
		if layout && !empty {
			continue
		}
		b.WriteString("<tr>")
		for _, c := range cells {
			b.WriteString("<td>" + p.inline(c) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	if b.Len() == 0 {
		return ""
	}
	if caption != "" {
		caption = "<caption>" + p.inline(caption) + "</caption>"
	}
	return "<table>" + caption + b.String() + "</table>"
}

// isCookie tells what sets the width or side of a column: <10>, <l>, <r5>.
func isCookie(cell string) bool {
	return len(cell) > 2 && cell[0] == '<' && cell[len(cell)-1] == '>' && strings.Trim(cell[1:len(cell)-1], "lrc0123456789") == ""
}

// mark is how an item of a list begins.
type mark struct {
	indent, width int // width 0: it is none
	ordered       bool
}

// bullet reads the start of an item. A star is one where it cannot begin a headline.
func (p *parser) bullet(line string) mark {
	rest := strings.TrimLeft(line, " ")
	m := mark{indent: len(line) - len(rest)}
	if rest == "" {
		return m
	}
	n := 1
	switch c := rest[0]; {
	case c == '-' || c == '+' || c == '*' && (m.indent > 0 || p.items > 0):
	case c >= '0' && c <= '9':
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n == len(rest) || rest[n] != '.' && rest[n] != ')' {
			return m
		}
		n++
		m.ordered = true
	default:
		return m
	}
	if n < len(rest) && rest[n] != ' ' {
		return m
	}
	m.width = n
	return m
}

// list reads the items from line i on, of one kind and at one depth; it gives the line behind them.
func (p *parser) list(lines []string, i int) (markup.Block, int) {
	first := p.bullet(lines[i])
	var items [][]markup.Block
	var terms strings.Builder
	for i < len(lines) && !p.stopped() {
		m := p.bullet(lines[i])
		if m.width == 0 || m.indent != first.indent || m.ordered != first.ordered {
			break
		}
		head := strings.TrimLeft(lines[i][m.indent+m.width:], " ")
		end, blank := i+1, 0
		for ; end < len(lines); end++ {
			rest := strings.TrimLeft(lines[end], " ")
			if rest == "" {
				if blank++; blank == 2 {
					break
				}
				continue
			}
			if len(lines[end])-len(rest) <= m.indent {
				break
			}
			blank = 0
		}
		content := []string{checked(head)}
		for _, line := range lines[i+1 : end] {
			cut := min(m.indent+m.width+1, len(line)-len(strings.TrimLeft(line, " ")))
			content = append(content, line[cut:])
		}
		if blank == 0 && end < len(lines) || blank > 0 && end == len(lines) && len(content) == 1 {
			content = append(content, "\x00") // no blank line ends the text: see below
		}
		var item []markup.Block
		p.items++
		p.deeper(func() { item = p.item(content) })
		p.items--
		if term, _, ok := strings.Cut(head, " ::"); ok && !first.ordered {
			terms.WriteString("<dt>" + p.inline(term) + "</dt>")
		} else {
			items = append(items, item)
		}
		i = end
		if blank >= 2 {
			break
		}
	}
	if len(items) == 0 {
		return markup.Block{HTML: "<dl>" + terms.String() + "</dl>"}, i
	}
	tag := "ul"
	if first.ordered {
		tag = "ol"
	}
	return markup.List(tag, items), i
}

// item reads the content of an item. A text that the end of the item ends, without a blank line, is no paragraph.
func (p *parser) item(lines []string) []markup.Block {
	tight := lines[len(lines)-1] == "\x00"
	if tight {
		lines = lines[:len(lines)-1]
	}
	blocks := p.blocks(lines)
	if n := len(blocks); n == 1 && blocks[0].Text == markup.Para && strings.TrimSpace(lines[len(lines)-1]) != "" {
		blocks[0].Text = markup.Plain
	}
	return blocks
}

// checked leaves out the number that an item sets, and the box before one. The reference's converter writes a form's field for
// that, which is no text.
func checked(head string) string {
	if rest, ok := strings.CutPrefix(head, "[@"); ok {
		if number, after, ok := strings.Cut(rest, "]"); ok && number != "" && strings.Trim(number, "0123456789") == "" {
			head = strings.TrimLeft(after, " ")
		}
	}
	for _, box := range []string{"[ ] ", "[X] ", "[x] ", "[-] "} {
		if rest, ok := strings.CutPrefix(head, box); ok {
			return rest
		}
	}
	return head
}
