package chunk

import (
	"strings"

	"github.com/sluicehq/sluice/element"
)

// tableChunks gives a table whole where it fits, else in pieces: by rows, by cells, and in the end by text.
func (s *settings) tableChunks(p *preChunk, yield func(*element.Element) bool) bool {
	table := p.elements[0]
	text := strings.TrimSpace(table.Text)
	if text == "" {
		return true
	}
	if s.skip {
		return yield(&table)
	}
	if p.prefixed {
		text = p.texts[0] + "\n" + text
	}
	parsed := parseTable(table.Metadata.TextAsHTML)
	html := parsed.html()
	var m element.Metadata
	s.consolidate(&m, p.elements)
	m.TextAsHTML = html
	if s.size(text) <= s.hard && s.size(html) <= s.hard {
		return yield(&element.Element{Type: element.Table, ID: element.NewID(), Text: text, Metadata: m})
	}
	w := tableWriter{settings: s, metadata: m, id: element.NewID(), yield: yield}
	if html == "" || s.hard < s.minimum {
		w.metadata.TextAsHTML = ""
		for part := range s.meter.split(text, s.hard, s.overlap) {
			if !w.write(part, "") {
				return false
			}
		}
		return true
	}
	if s.tokenizer != nil {
		for i := range parsed.rows {
			parsed.rows[i].length = s.size(parsed.rows[i].text)
		}
	}
	return w.split(parsed)
}

// loneCell is the markup around a piece of a cell.
const loneCell = "<table><tr><td></td></tr></table>"

// tableWriter numbers the pieces of one table and repeats its header rows.
type tableWriter struct {
	*settings
	metadata element.Metadata
	id       string
	n        int
	yield    func(*element.Element) bool

	header     string // text of the header rows, "" when they are not repeated
	headerHTML string
	headerRows int
}

// write gives one piece.
func (w *tableWriter) write(text, html string) bool {
	m := w.metadata
	m.TableID = w.id
	index, carried := w.n, 0
	if w.n > 0 {
		m.IsContinuation = true
		if w.headerRows > 0 && html != "" {
			carried = w.headerRows
			text = w.header + " " + text
			html = strings.Replace(html, "<table>", "<table>"+w.headerHTML, 1)
		}
	}
	w.n++
	m.ChunkIndex, m.NumCarriedOverHeaders = &index, &carried
	m.TextAsHTML = html
	return w.yield(&element.Element{Type: element.TableChunk, ID: element.NewID(), Text: text, Metadata: m})
}

// room is how long the rows of the next piece may be.
func (w *tableWriter) room() int {
	if w.n == 0 || w.headerRows == 0 {
		return w.hard
	}
	return max(1, w.hard-w.size(w.header)-1)
}

// split fills pieces with rows. A row that is too long is cut between its cells, a cell that is too long in its text.
func (w *tableWriter) split(t table) bool {
	w.carry(t)
	rows := accumulator{open: "<table>", end: "</table>"}
	flush := func(a *accumulator) bool {
		text, html := a.take()
		return text == "" && html == "" || w.write(text, html)
	}
	for _, r := range t.rows {
		if !rows.fits(r.length, w.room()) && !flush(&rows) {
			return false
		}
		if rows.fits(r.length, w.room()) {
			rows.add(r.text, r.html(), r.length)
			continue
		}
		cells := accumulator{open: "<table><tr>", end: "</tr></table>"}
		for _, c := range r.cells {
			n := w.size(c.text)
			if !cells.fits(n, w.room()) && !flush(&cells) {
				return false
			}
			if cells.fits(n, w.room()) {
				cells.add(c.text, c.html("td"), n)
				continue
			}
			for part := range w.meter.split(c.text, max(1, w.room()-w.cell), 0) {
				if !w.write(part, "<table><tr><td>"+escapeTags(part)+"</td></tr></table>") {
					return false
				}
			}
		}
		if !flush(&cells) {
			return false
		}
	}
	return flush(&rows)
}

// carry decides whether the header rows are repeated.
func (w *tableWriter) carry(t table) {
	if !w.repeat || t.headers == 0 || t.headers >= len(t.rows) {
		return
	}
	var texts []string
	for _, r := range t.rows[:t.headers] {
		if r.length > (w.hard+1)/2 {
			return
		}
		if r.text != "" {
			texts = append(texts, r.text)
		}
	}
	var html strings.Builder
	html.WriteString("<thead>")
	for _, r := range t.rows[:t.headers] {
		html.WriteString("<tr>")
		for _, c := range r.cells {
			html.WriteString(c.gap + c.html("th"))
		}
		html.WriteString("</tr>")
	}
	html.WriteString("</thead>")
	w.header, w.headerHTML, w.headerRows = strings.Join(texts, " "), html.String(), t.headers
}

// accumulator collects rows or cells until no more fit.
type accumulator struct {
	open, end string
	n, length int
	texts     []string
	html      strings.Builder
}

func (a *accumulator) fits(length, room int) bool { return length <= room-a.n-a.length }

func (a *accumulator) add(text, html string, length int) {
	a.n++
	a.length += length
	if text != "" {
		a.texts = append(a.texts, text)
	}
	a.html.WriteString(html)
}

func (a *accumulator) take() (text, html string) {
	if a.n == 0 {
		return "", ""
	}
	text, html = strings.Join(a.texts, " "), a.open+a.html.String()+a.end
	*a = accumulator{open: a.open, end: a.end}
	return text, html
}
