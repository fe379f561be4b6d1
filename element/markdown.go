package element

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WriteMarkdown writes a stream as CommonMark with tables: headings, lists, tables, links, code and pictures, with an anchor
// for every page (page-1) and every element (its id). Text is escaped, so that none of it is taken for markup; a table whose
// cells cover several places is written as HTML, with nothing in it but rows and cells.
func WriteMarkdown(w io.Writer, elements iter.Seq2[Element, error]) error {
	m := &markdownWriter{page: -1}
	for e, err := range elements {
		if err != nil {
			return err
		}
		m.element(e)
		if _, err := io.WriteString(w, m.b.String()); err != nil {
			return err
		}
		m.b.Reset()
	}
	return nil
}

type markdownWriter struct {
	b     strings.Builder
	more  bool // something stands before
	page  int  // -1 before the first
	items bool // a list is open
	base  int  // depth of its first item
	last  int  // levels of its last item below that
}

func (m *markdownWriter) element(e Element) {
	meta := &e.Metadata
	turned := meta.PageNumber != nil && *meta.PageNumber != m.page
	if m.more && (e.Type != ListItem || !m.items || turned) {
		m.b.WriteByte('\n')
	}
	m.more = true
	if turned {
		m.page = *meta.PageNumber
		m.items = false
		fmt.Fprintf(&m.b, "<a id=\"page-%d\"></a>\n\n", m.page)
	}
	anchor := ""
	if e.ID != "" {
		anchor = `<a id="` + escapeHTML(e.ID) + `"></a>`
	}
	if e.Type != ListItem {
		m.items = false
	}
	switch e.Type {
	case Title:
		m.b.WriteString(strings.Repeat("#", headingLevel(e)) + " " + anchor + strings.ReplaceAll(markdownText(e), "  \n", " ") + "\n")
	case ListItem:
		m.item(e, anchor)
	case Table, TableChunk:
		m.b.WriteString(anchor + "\n\n")
		m.table(e)
	case CodeSnippet:
		fence := "```"
		for strings.Contains(e.Text, fence) {
			fence += "`"
		}
		m.b.WriteString(anchor + "\n\n" + fence + "\n" + strings.ToValidUTF8(e.Text, "\ufffd") + "\n" + fence + "\n")
	case Image:
		if address, ok := safeAddress(meta.ImageURL); ok {
			m.b.WriteString(anchor + "![" + strings.ReplaceAll(escapeMarkdown(e.Text), "  \n", " ") + "](" + markdownAddress(address) + ")\n")
		} else {
			m.b.WriteString(anchor + markdownText(e) + "\n")
		}
	case PageBreak:
		m.b.WriteString(anchor + "\n\n---\n")
	case CheckBox:
		m.b.WriteString(anchor + box(e) + "\n")
	default:
		m.b.WriteString(anchor + markdownText(e) + "\n")
	}
}

// item writes an item, indented by how much deeper it is than the first of its run.
func (m *markdownWriter) item(e Element, anchor string) {
	depth := 0
	if e.Metadata.CategoryDepth != nil {
		depth = *e.Metadata.CategoryDepth
	}
	if !m.items {
		m.base, m.last, m.items = depth, -1, true
	}
	level := min(max(depth-m.base, 0), m.last+1, maxItemDepth)
	m.last = level
	indent := strings.Repeat("  ", level)
	m.b.WriteString(indent + "- " + anchor + strings.ReplaceAll(markdownText(e), "\n", "\n"+indent+"  ") + "\n")
}

// table writes a table of equal rows with bars, another as HTML.
func (m *markdownWriter) table(e Element) {
	rows := tableRows(e.Metadata.TextAsHTML)
	width, even := 0, true
	for _, row := range rows {
		width = max(width, len(row))
		for _, c := range row {
			even = even && c.rows == 1 && c.cols == 1 && !c.hasElements
		}
	}
	switch {
	case width == 0:
		m.b.WriteString(markdownText(e) + "\n")
		return
	case !even:
		appendTable(&m.b, e.Metadata.TextAsHTML)
		return
	}
	first := true
	for _, row := range rows {
		if len(row) == 0 {
			continue
		}
		m.b.WriteByte('|')
		for _, c := range row {
			text := strings.ReplaceAll(escapeInline(strings.Join(strings.Fields(strings.ReplaceAll(c.text, "\n", " \x01 ")), " ")), " \x01 ", "<br>")
			m.b.WriteString(" " + strings.ReplaceAll(text, "|", `\|`) + " |")
		}
		if len(row) < width && len(row)*maxPadding >= width { // a table of one wide row and many short ones is not filled up
			m.b.WriteString(strings.Repeat("  |", width-len(row)))
		}
		m.b.WriteByte('\n')
		if first {
			m.b.WriteString("|" + strings.Repeat(" --- |", width) + "\n")
			first = false
		}
	}
}

const maxPadding = 100 // times a row's own cells

func markdownText(e Element) string {
	start := true // of a line
	return inLinks(e, func(s string) string {
		out := escapeFrom(s, start)
		start = start && s == "" || strings.HasSuffix(s, "\n")
		return out
	}, func(text, address string) string {
		start = false
		return "[" + strings.ReplaceAll(escapeInline(text), "\n", " ") + "](" + markdownAddress(address) + ")"
	})
}

// markdownAddress keeps an address in one piece; names such as &colon; in it are not resolved.
func markdownAddress(s string) string {
	return strings.NewReplacer("&", "&amp;", " ", "%20", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E", `"`, "%22", `\`, "%5C", "`", "%60").Replace(s)
}

// escapeMarkdown escapes a text that begins a line.
func escapeMarkdown(s string) string { return escapeFrom(s, true) }

// escapeFrom escapes a text line by line; what could begin a block is escaped where a line begins.
func escapeFrom(s string, start bool) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if i > 0 || start {
			line = strings.TrimLeft(line, " \t")
		}
		if i < len(lines)-1 {
			line = strings.TrimRight(line, " \t")
		}
		escaped := escapeInline(line)
		if i > 0 || start {
			escaped = escapeStart(escaped)
		}
		lines[i] = escaped
	}
	var b strings.Builder
	for i, line := range lines {
		if i > 0 && line == "" && i < len(lines)-1 { // an empty line would end the paragraph: that is what it means
			b.WriteString("\n")
			continue
		}
		b.WriteString(line)
		if i < len(lines)-1 {
			if lines[i+1] != "" && line != "" {
				b.WriteString("  ")
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// escapeStart escapes what would begin a heading, a list, a quotation, a rule, a table or code.
func escapeStart(s string) string {
	if s == "" {
		return s
	}
	switch s[0] {
	case '#', '+', '-', '=', '~', '|', ':':
		return `\` + s
	}
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n > 0 && n < len(s) && (s[n] == '.' || s[n] == ')') {
		return s[:n] + `\` + s[n:]
	}
	return s
}

// escapeInline escapes what would be markup anywhere in a line.
func escapeInline(s string) string {
	var b strings.Builder
	before := ' '
	for i, r := range s {
		switch r {
		case '\\', '`', '*', '[', ']', '~', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '_': // inside a word it is no emphasis
			after, _ := utf8.DecodeRuneInString(s[i+1:])
			if !inWord(before) || !inWord(after) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		case 0, utf8.RuneError:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
