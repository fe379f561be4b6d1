// Package grid writes tables of cells, for CSV and spreadsheets: their text, their HTML, and the numbers of a spreadsheet's
// column as a data frame prints them, all with the same decimals, as the reference has it.
package grid

import (
	"math"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/text"
)

const digits = 6

// Floats prints numbers with a common number of decimals, at least one and at most six; with exponents where one of them
// is tiny, or one is huge and would be long.
func Floats(numbers []float64) []string {
	out := make([]string, len(numbers))
	longest, large, small := 0, false, false
	for i, n := range numbers {
		out[i] = fixed(n)
		longest = max(longest, len(out[i]))
		a := math.Abs(n)
		large = large || a > 1e6
		small = small || a > 0 && a < 1e-6
	}
	trim(out)
	if longest > 0 {
		longest = 0
		for _, s := range out {
			longest = max(longest, len(s))
		}
	}
	if small || large && longest > digits+6 {
		for i, n := range numbers {
			out[i] = strconv.FormatFloat(n, 'e', digits, 64)
		}
		trim(out)
	}
	return out
}

func fixed(n float64) string {
	if math.IsInf(n, 0) {
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(n, 'f', -1, 64), "+"))
	}
	return strconv.FormatFloat(n, 'f', digits, 64)
}

// trim drops the zeros that all numbers end in, but one.
func trim(printed []string) {
	for {
		for _, s := range printed {
			if !strings.Contains(s, ".") || strings.ContainsAny(s, "ein") {
				if strings.ContainsAny(s, "in") && !strings.Contains(s, "e") {
					continue // infinity
				}
				return
			}
			if !strings.HasSuffix(s, "0") || strings.HasSuffix(s, ".0") {
				return
			}
		}
		done := true
		for i, s := range printed {
			if strings.HasSuffix(s, "0") && strings.Contains(s, ".") {
				printed[i] = s[:len(s)-1]
				done = false
			}
		}
		if done {
			return
		}
	}
}

// Table makes the Table element of rows of cells. White space inside cells is made single spaces. withHTML gives it
// text_as_html. ok is false when no cell holds anything.
func Table(rows [][]string, withHTML bool) (e element.Element, ok bool) {
	w := NewWriter(withHTML, 0, 0)
	for _, row := range rows {
		if len(row) == 0 {
			continue
		}
		w.Row()
		for _, cell := range row {
			w.Cell(cell)
		}
	}
	e = w.Table()
	return e, e.Text != ""
}

// Writer makes a Table element row by row, for tables that are large.
type Writer struct {
	words, html strings.Builder
	withHTML    bool
	open        bool // a row is
	digits      [20]byte
}

// NewWriter makes one. words and html are guesses of the lengths of the text and the HTML, bytes; 0 for none.
func NewWriter(withHTML bool, words, html int) *Writer {
	w := &Writer{withHTML: withHTML}
	w.words.Grow(words)
	if withHTML {
		w.html.Grow(html + len("<table></table>"))
		w.html.WriteString("<table>")
	}
	return w
}

// Row begins a row.
func (w *Writer) Row() {
	if w.withHTML {
		if w.open {
			w.html.WriteString("</tr>")
		}
		w.html.WriteString("<tr>")
	}
	w.open = true
}

// Gap adds n empty cells.
func (w *Writer) Gap(n int) {
	for range n {
		if w.withHTML {
			w.html.WriteString("<td/>")
		}
	}
}

// Cell adds a cell.
func (w *Writer) Cell(cell string) {
	if cell = text.Collapse(cell); cell == "" {
		w.Gap(1)
		return
	}
	if w.words.Len() > 0 {
		w.words.WriteByte(' ')
	}
	w.words.WriteString(cell)
	if w.withHTML {
		w.html.WriteString("<td>")
		if strings.ContainsAny(cell, "&<>") {
			_, _ = escaper.WriteString(&w.html, cell)
		} else {
			w.html.WriteString(cell)
		}
		w.html.WriteString("</td>")
	}
}

// Int adds a cell of a whole number.
func (w *Writer) Int(n int64) {
	s := strconv.AppendInt(w.digits[:0], n, 10)
	if w.words.Len() > 0 {
		w.words.WriteByte(' ')
	}
	w.words.Write(s)
	if w.withHTML {
		w.html.WriteString("<td>")
		w.html.Write(s)
		w.html.WriteString("</td>")
	}
}

// Table ends the table.
func (w *Writer) Table() element.Element {
	e := element.Element{Type: element.Table, Text: w.words.String()}
	if w.withHTML {
		if w.open {
			w.html.WriteString("</tr>")
		}
		w.html.WriteString("</table>")
		e.Metadata.TextAsHTML = w.html.String()
	}
	return e
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
