package rtf

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/partition/markup"
)

// story is a stream of paragraphs and tables: the body, a note, a header. It becomes HTML.
type story struct {
	out  strings.Builder // finished blocks
	cur  strings.Builder // the paragraph that is read
	open look            // tags that stand open in cur
	full bool            // cur holds more than tags
	item bool            // the paragraph began with the mark of a list

	table bool            // rows are open
	rows  strings.Builder // of the table
	cells strings.Builder // of the row
	cell  strings.Builder // blocks of the cell
	held  bool            // the row has cells, or its cell has text
}

// look is how a piece of text looks, as far as elements tell.
type look struct {
	link         *field
	bold, italic bool
	super, sub   bool
	code, strike bool // letters of one width; struck through
}

// add puts text at the end of the paragraph.
func (s *story) add(text string, l look) {
	if text == "" {
		return
	}
	s.dress(l)
	s.cur.WriteString(markup.Escape(text))
	s.full = true
}

// raw puts HTML at the end of the paragraph, outside all tags.
func (s *story) raw(html string) {
	s.dress(look{})
	s.cur.WriteString(html)
	s.full = true
}

// dress closes and opens tags until the text that follows looks as asked.
func (s *story) dress(l look) {
	if l.link != nil && (l.link.used && l.link != s.open.link || l.link.address == "") {
		l.link = nil
	}
	if l == s.open {
		return
	}
	for _, t := range []struct {
		on   bool
		name string
	}{{s.open.code, "code"}, {s.open.sub, "sub"}, {s.open.super, "sup"}, {s.open.italic, "em"}, {s.open.bold, "strong"}, {s.open.strike, "del"}} {
		if t.on {
			s.cur.WriteString("</" + t.name + ">")
		}
	}
	if s.open.link != l.link {
		if s.open.link != nil {
			s.cur.WriteString("</a>")
		}
		if l.link != nil { // once: an address that is a megabyte long must not be written for every word
			l.link.used = true
			s.cur.WriteString(`<a href="` + markup.Escape(l.link.address) + `">`)
		}
	}
	for _, t := range []struct {
		on   bool
		name string
	}{{l.strike, "del"}, {l.bold, "strong"}, {l.italic, "em"}, {l.super, "sup"}, {l.sub, "sub"}, {l.code, "code"}} {
		if t.on {
			s.cur.WriteString("<" + t.name + ">")
		}
	}
	s.open = l
}

// take ends the paragraph that is read and gives its text as HTML.
func (s *story) take() (html string, full bool) {
	s.dress(look{})
	html, full = s.cur.String(), s.full
	s.cur.Reset()
	s.full = false
	return html, full
}

// paragraph ends a paragraph with the properties that hold at its end.
func (s *story) paragraph(p paragraph, level int) {
	html, full := s.take()
	item := s.item
	s.item = false
	if p.inTable || s.held { // it stands in a cell
		if full {
			s.table, s.held = true, true
			s.cell.WriteString("<p>" + html + "</p>\n")
		}
		return
	}
	if s.table {
		s.endTable()
	}
	switch {
	case !full:
	case level > 0:
		name := "h" + strconv.Itoa(min(level, 6))
		if p.outline > 0 { // bold as headings are
			html = strings.NewReplacer("<strong>", "", "</strong>", "").Replace(html)
		}
		s.out.WriteString("<" + name + ">" + html + "</" + name + ">\n")
	case item || p.list:
		depth := min(max(p.depth, 0), maxListDepth) + 1
		s.out.WriteString(strings.Repeat("<ul>", depth) + "<li>" + html + "</li>" + strings.Repeat("</ul>", depth) + "\n")
	default:
		if code, ok := code(html); ok {
			html = "<pre>" + code + "</pre>"
		} else {
			html = "<p>" + html + "</p>"
		}
		s.out.WriteString(html + "\n")
	}
}

// code gives the lines of a paragraph of code, which holds nothing else.
func code(html string) (lines string, ok bool) {
	if !strings.HasPrefix(html, "<code>") {
		return "", false
	}
	lines = strings.NewReplacer("<code>", "", "</code>", "", "<br/>", "\n").Replace(html)
	between := strings.Split(html, "</code>")
	for i, part := range between {
		if i > 0 && i < len(between)-1 && !strings.HasPrefix(strings.TrimSpace(part), "<code>") || i > 0 && i == len(between)-1 && strings.TrimSpace(part) != "" {
			return "", false
		}
	}
	return lines, !strings.Contains(lines, "<")
}

const maxListDepth = 8 // from 0; RTF has nine levels

// endCell ends a cell with the paragraph that is read.
func (s *story) endCell() {
	if html, full := s.take(); full {
		s.cell.WriteString("<p>" + html + "</p>\n")
	}
	s.item = false
	s.cells.WriteString("<td>" + s.cell.String() + "</td>")
	s.cell.Reset()
	s.table, s.held = true, true
}

// endRow ends a row; text behind its last cell is a cell too.
func (s *story) endRow() {
	if s.full || s.cell.Len() > 0 {
		s.endCell()
	}
	if s.cells.Len() > 0 {
		s.rows.WriteString("<tr>" + s.cells.String() + "</tr>\n")
		s.cells.Reset()
	}
	s.held = false
}

func (s *story) endTable() {
	s.endRow()
	if s.rows.Len() > 0 {
		s.out.WriteString("<table>" + s.rows.String() + "</table>\n")
		s.rows.Reset()
	}
	s.table = false
}

// end closes what is open and gives all blocks.
func (s *story) end(p paragraph, level int) string {
	s.paragraph(p, level)
	s.endTable()
	return s.out.String()
}
