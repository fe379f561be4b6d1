package format

import (
	"strconv"
	"strings"
)

// TableHTML writes a matrix of cells as text_as_html: one line, no attributes, every cell a td, an empty one closed in
// itself, line feeds as <br/>, other white space as single spaces. Rows without cells are left out; no rows give "".
func TableHTML(rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		if len(row) == 0 {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("<table>")
		}
		b.WriteString("<tr>")
		for _, cell := range row {
			writeCell(&b, cell, 1, 1)
		}
		b.WriteString("</tr>")
	}
	if b.Len() > 0 {
		b.WriteString("</table>")
	}
	return b.String()
}

func writeCell(b *strings.Builder, text string, columns, rows int) {
	b.WriteString("<td")
	if columns > 1 {
		b.WriteString(` colspan="` + strconv.Itoa(columns) + `"`)
	}
	if rows > 1 {
		b.WriteString(` rowspan="` + strconv.Itoa(rows) + `"`)
	}
	if text = strings.TrimSpace(text); text == "" {
		b.WriteString("/>")
		return
	}
	b.WriteString(">")
	text = strings.ReplaceAll(cellEscaper.Replace(text), "\n", "<br/>")
	b.WriteString(strings.Join(strings.Fields(text), " "))
	b.WriteString("</td>")
}

// Place is a place on the grid of a table: the text of the cell that covers it, and which cell that is. All places of a merged
// cell have its number; a cell that covers one place only may have 0.
type Place struct {
	Text string
	Cell int
}

// MergedTableHTML writes a matrix of places as text_as_html, in the style of TableHTML. A merged cell is written where it begins,
// with colspan and rowspan; what of it is no rectangle there is a cell again. A row that others cover whole stays as an empty one.
func MergedTableHTML(rows [][]Place) string {
	if len(rows) == 0 {
		return ""
	}
	taken := make([][]bool, len(rows))
	for i := range rows {
		taken[i] = make([]bool, len(rows[i]))
	}
	covers := func(row, from, to, cell int) bool {
		if to > len(rows[row]) {
			return false
		}
		for i := from; i < to; i++ {
			if rows[row][i].Cell != cell || taken[row][i] {
				return false
			}
		}
		return true
	}
	var b strings.Builder
	b.WriteString("<table>")
	for r, row := range rows {
		if len(row) == 0 {
			continue
		}
		b.WriteString("<tr>")
		for c := 0; c < len(row); c++ {
			if taken[r][c] {
				continue
			}
			right, below := c+1, r+1
			if cell := row[c].Cell; cell != 0 {
				for right < len(row) && row[right].Cell == cell && !taken[r][right] {
					right++
				}
				for below < len(rows) && covers(below, c, right, cell) {
					for i := c; i < right; i++ {
						taken[below][i] = true
					}
					below++
				}
			}
			writeCell(&b, row[c].Text, right-c, below-r)
			c = right - 1
		}
		b.WriteString("</tr>")
	}
	b.WriteString("</table>")
	return b.String()
}

var cellEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")
