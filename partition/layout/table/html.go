package table

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/partition/layout"
)

// Text is the text of a table: that of its cells, row by row, joined by spaces.
func Text(t layout.Table) string {
	var b strings.Builder
	for _, c := range t.Cells {
		s := CellText(c)
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	return b.String()
}

// CellText is the text of a cell, its lines joined by spaces.
func CellText(c layout.Cell) string { return layout.Block{Lines: c.Lines}.Text() }

// HTML writes a table as text_as_html: one line, the header rows in a thead as the reference's table model has them, no
// attributes but the spans of merged cells, an empty cell closed in itself.
func HTML(t layout.Table) string {
	if len(t.Cells) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<table>")
	if t.HeaderRows > 0 {
		b.WriteString("<thead>")
	}
	next := 0
	for r := range t.Rows {
		tag := "td"
		if r < t.HeaderRows {
			tag = "th"
		}
		if r == t.HeaderRows && r > 0 {
			b.WriteString("</thead><tbody>")
		}
		b.WriteString("<tr>")
		for ; next < len(t.Cells) && t.Cells[next].Row == r; next++ {
			writeCell(&b, tag, t.Cells[next])
		}
		b.WriteString("</tr>")
	}
	if t.HeaderRows > 0 {
		if t.HeaderRows < t.Rows {
			b.WriteString("</tbody>")
		} else {
			b.WriteString("</thead>")
		}
	}
	b.WriteString("</table>")
	return b.String()
}

func writeCell(b *strings.Builder, tag string, c layout.Cell) {
	b.WriteString("<" + tag)
	if c.RowSpan > 1 {
		b.WriteString(` rowspan="` + strconv.Itoa(c.RowSpan) + `"`)
	}
	if c.ColumnSpan > 1 {
		b.WriteString(` colspan="` + strconv.Itoa(c.ColumnSpan) + `"`)
	}
	s := CellText(c)
	if s == "" {
		b.WriteString("/>")
		return
	}
	b.WriteString(">" + escaper.Replace(s) + "</" + tag + ">")
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")
