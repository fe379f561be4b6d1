package table

import (
	"slices"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/partition/layout"
)

// Continues reports whether next, the first thing on a page, goes on with t, the last on the page before: both have the same
// columns in the same places, and next has no header of its own that differs. What stands between the two is for the
// caller to look at: a heading or a text ends a table.
func Continues(t, next layout.Table) bool {
	if t.Columns != next.Columns || t.Columns == 0 {
		return false
	}
	again := repeats(t, next)
	width := max(t.Box.Width(), next.Box.Width())
	tolerance := 0.06 * width
	if again {
		tolerance = 0.15 * width
	}
	if !near(t.Box.Width(), next.Box.Width(), tolerance) {
		return false
	}
	a, b := edges(t), edges(next)
	for c := range a {
		// Inner and outer pages have different margins, so that places count from the table's own edge. Where no rule parts
		// the columns, their places follow the text of the page.
		if !near(a[c]-a[0], b[c]-b[0], tolerance) {
			return false
		}
	}
	if next.HeaderRows == 0 || again {
		return true
	}
	// A first row that only looks like a header continues the table; one with merged cells, or of words over numbers, is
	// another's.
	return t.HeaderRows > 0 && !distinct(next) && !worded(t, next)
}

// ContinuesBeside reports whether next goes on with t in the next column of the same page: it stands beside t, begins above its end, and
// repeats its header.
func ContinuesBeside(t, next layout.Table) bool {
	a, b := t.Box, next.Box
	return (a.X1 <= b.X0 || b.X1 <= a.X0) && b.Y0 < a.Y1 && repeats(t, next) && Continues(t, next)
}

// worded reports whether columns of numbers of t have words in the first row of next.
func worded(t, next layout.Table) bool {
	numbers, full := make([]int, t.Columns), make([]int, t.Columns)
	for _, c := range t.Cells {
		if s := CellText(c); c.Row >= t.HeaderRows && s != "" {
			full[c.Column]++
			if numeral(s) {
				numbers[c.Column]++
			}
		}
	}
	for _, c := range next.Cells {
		if c.Row > 0 {
			break
		}
		if s := CellText(c); s != "" && full[c.Column] > 0 && 2*numbers[c.Column] > full[c.Column] && !strings.ContainsFunc(s, unicode.IsDigit) && len([]rune(s)) > 3 {
			return true
		}
	}
	return false
}

// numeral reports whether a text is a number with no more letters than a unit has.
func numeral(s string) bool {
	letters, digits := 0, 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	return digits > 0 && 3*letters <= 2*digits
}

// edges are the left edges of the columns and the right edge of the last.
func edges(t layout.Table) []float64 {
	out := make([]float64, t.Columns+1)
	known := make([]bool, t.Columns+1)
	for _, c := range t.Cells {
		if !known[c.Column] {
			out[c.Column], known[c.Column] = c.Box.X0, true
		}
		if end := c.Column + c.ColumnSpan; end <= t.Columns && !known[end] {
			out[end] = c.Box.X1
		}
	}
	return out
}

// repeats reports whether next begins with the header of t. Where t has none, its first row is one if next begins with the same row.
func repeats(t, next layout.Table) bool {
	n := max(t.HeaderRows, 1)
	if next.Rows < n || t.Rows <= n {
		return false
	}
	head := headTexts(t, n)
	if t.HeaderRows == 0 && len(slices.DeleteFunc(slices.Clone(head), func(s string) bool { return s == "" })) < 2 {
		return false
	}
	return slices.Equal(head, headTexts(next, n))
}

func headTexts(t layout.Table, n int) []string {
	var out []string
	for _, c := range t.Cells {
		if c.Row >= n {
			break
		}
		out = append(out, CellText(c))
	}
	return out
}

// distinct reports whether the header of a table is one by more than its place: it has cells over several columns.
func distinct(t layout.Table) bool {
	for _, c := range t.Cells {
		if c.Header && (c.ColumnSpan > 1 || c.RowSpan > 1) {
			return true
		}
	}
	return false
}

// Join appends the rows of next, which continues t, to t, without its repeated header. The boxes of the cells stay those on
// their page, the box of t stays its own.
func Join(t *layout.Table, next layout.Table) {
	skip := 0
	if repeats(*t, next) {
		if t.HeaderRows == 0 {
			t.HeaderRows = 1
			for i := range t.Cells {
				t.Cells[i].Header = t.Cells[i].Row == 0
			}
		}
		skip = t.HeaderRows
	}
	for _, c := range next.Cells {
		if c.Row < skip {
			continue
		}
		c.Row += t.Rows - skip
		c.Header = false
		t.Cells = append(t.Cells, c)
	}
	t.Rows += next.Rows - skip
}
