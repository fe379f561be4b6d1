package chunk

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// table is a parsed text_as_html in normal form.
type table struct {
	rows    []row
	headers int // leading rows that came from thead or hold a th
}

type row struct {
	cells  []cell
	text   string // texts of cells that are not blank, joined by spaces
	length int    // of text
}

// cell is one cell; inner is its content with the tags inside it, without their attributes.
// Repeated header rows keep the white space that stood before their cells: gap.
type cell struct{ text, inner, colspan, rowspan, gap string }

// parseTable reads the first table of a text. Text that is no table gives no rows. It works on tokens, so that nesting
// costs neither stack nor time; a table inside a cell becomes text of that cell.
func parseTable(text string) table {
	var t table
	if !strings.Contains(text, "<table") {
		return t
	}
	z := html.NewTokenizer(strings.NewReader(text))
	var current *row
	var content, inner strings.Builder
	var open *cell
	gap := ""
	depth, thead, header, body := 0, false, false, false
	endCell := func() {
		if open != nil {
			open.text, open.inner = strings.TrimSpace(content.String()), inner.String()
			current.cells = append(current.cells, *open)
			open = nil
			content.Reset()
			inner.Reset()
		}
	}
	endRow := func() {
		endCell()
		if current != nil && len(current.cells) > 0 {
			var texts []string
			for _, c := range current.cells {
				if c.text != "" {
					texts = append(texts, c.text)
				}
			}
			current.text = strings.Join(texts, " ")
			current.length = runes(current.text)
			t.rows = append(t.rows, *current)
			if (header || thead) && !body {
				t.headers++
			} else {
				body = true
			}
		}
		current, header = nil, false
	}
	for {
		switch z.Next() {
		case html.ErrorToken:
			endRow()
			return t
		case html.TextToken:
			if open != nil {
				text := strings.Join(strings.Fields(string(z.Text())), " ")
				content.WriteString(text)
				inner.WriteString(escape(text))
			} else if current != nil {
				gap = strings.Map(onlySpace, string(z.Raw()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := atom.Lookup(name)
			if tag == atom.Table {
				depth++
				continue
			}
			if depth > 1 { // a table inside a cell is text of the cell
				if open != nil && content.Len() > 0 {
					content.WriteByte(' ')
					inner.WriteByte(' ')
				}
				continue
			}
			switch tag {
			case atom.Thead:
				thead = true
			case atom.Tr:
				endRow()
				if depth == 1 {
					current, gap = &row{}, ""
				}
			case atom.Td, atom.Th:
				endCell()
				if depth != 1 {
					continue
				}
				if current == nil {
					current = &row{}
				}
				open = &cell{gap: gap}
				gap = ""
				header = header || tag == atom.Th
				for more {
					var k, v []byte
					k, v, more = z.TagAttr()
					switch string(k) {
					case "colspan":
						open.colspan = string(v)
					case "rowspan":
						open.rowspan = string(v)
					}
				}
			default:
				if open != nil {
					inner.WriteString("<" + string(name))
					if isVoid(tag) {
						inner.WriteByte('/')
					}
					inner.WriteByte('>')
				}
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch tag := atom.Lookup(name); {
			case tag == atom.Table:
				depth--
				if depth <= 0 {
					endRow()
					return t
				}
			case depth > 1:
			case tag == atom.Thead:
				endRow()
				thead = false
			case tag == atom.Tr:
				endRow()
			case tag == atom.Td || tag == atom.Th:
				endCell()
			case open != nil && !isVoid(tag) && tag != atom.Tbody && tag != atom.Tfoot:
				inner.WriteString("</" + string(name) + ">")
			}
		}
	}
}

// isVoid tells whether a tag has no content and no end.
func isVoid(tag atom.Atom) bool {
	switch tag {
	case atom.Br, atom.Img, atom.Hr, atom.Input, atom.Wbr, atom.Col:
		return true
	}
	return false
}

// html writes the table compactly: no head, no attributes but spans, every cell a td.
func (t table) html() string {
	if len(t.rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<table>")
	for _, r := range t.rows {
		b.WriteString(r.html())
	}
	b.WriteString("</table>")
	return b.String()
}

func (r row) html() string {
	var b strings.Builder
	b.WriteString("<tr>")
	for _, c := range r.cells {
		b.WriteString(c.html("td"))
	}
	b.WriteString("</tr>")
	return b.String()
}

func (c cell) html(tag string) string {
	var b strings.Builder
	b.WriteString("<" + tag)
	if c.colspan != "" {
		b.WriteString(` colspan="` + html.EscapeString(c.colspan) + `"`)
	}
	if c.rowspan != "" {
		b.WriteString(` rowspan="` + html.EscapeString(c.rowspan) + `"`)
	}
	if c.inner == "" {
		b.WriteString("/>")
		return b.String()
	}
	b.WriteString(">" + c.inner + "</" + tag + ">")
	return b.String()
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape escapes text as an XML writer does, which leaves quotes alone.
func escape(s string) string { return escaper.Replace(s) }

var tagEscaper = strings.NewReplacer("<", "&lt;", ">", "&gt;")

// escapeTags leaves the ampersand as it is, as the reference does in the pieces of a cell; what it would take for a tag
// is escaped.
func escapeTags(s string) string { return tagEscaper.Replace(s) }

func onlySpace(r rune) rune {
	if isSpace(r) {
		return r
	}
	return -1
}
