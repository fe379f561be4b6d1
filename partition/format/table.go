package format

import "strings"

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
			if strings.TrimSpace(cell) == "" {
				b.WriteString("<td/>")
				continue
			}
			b.WriteString("<td>")
			cell = strings.ReplaceAll(cellEscaper.Replace(strings.TrimSpace(cell)), "\n", "<br/>")
			b.WriteString(strings.Join(strings.Fields(cell), " "))
			b.WriteString("</td>")
		}
		b.WriteString("</tr>")
	}
	if b.Len() > 0 {
		b.WriteString("</table>")
	}
	return b.String()
}

var cellEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")
