// Package sheet makes elements of the cells of a worksheet, for all spreadsheet formats: each block of cells that hangs
// together becomes a Table; rows of a single cell before and behind it become text. Values print as a data frame prints
// them, by the type of their whole column (package grid).
package sheet

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/grid"
	"github.com/sluicehq/sluice/partition/text"
)

// Kind is what a cell holds.
type Kind uint8

const (
	Text Kind = iota
	Int
	Float
	Bool
	Date
)

// Cell is a place that holds something. Row and Col count from 0.
type Cell struct {
	Row, Col int32
	Kind     Kind
	Text     string  // as it prints alone; "" of an Int or a Float prints the number
	Number   float64 // of Int and Float
}

// Number makes the cell of a number: whole ones are Int, the others Float.
func Number(v float64) Cell {
	switch {
	case v != math.Trunc(v):
		return Cell{Kind: Float, Number: v}
	case math.Abs(v) < 1e15:
		return Cell{Kind: Int, Number: v}
	}
	return Cell{Kind: Int, Number: v, Text: strconv.FormatFloat(v, 'f', 0, 64)}
}

// plain is the shortest form of a number that reads back the same, with exponents for the very large and small.
func plain(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// rounded is a number as a table shows it among other values: with six decimals at most. One that would be zero then
// stays as it is.
func rounded(v float64) string {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 6, 64), "0")
	switch {
	case s == "0." || s == "-0.":
		return plain(v)
	case s[len(s)-1] == '.':
		return s + "0"
	}
	return s
}

// print is what a cell shows that stands alone.
func (c *Cell) print() string {
	switch {
	case c.Text != "":
	case c.Kind == Int:
		return strconv.FormatInt(int64(c.Number), 10)
	case c.Kind == Float:
		return plain(c.Number)
	}
	return c.Text
}

// Order sorts the cells of one row from the left, for files that have them otherwise, and keeps the last of those that claim
// one place.
func Order(row []Cell) []Cell {
	sorted := func(a, b Cell) int { return cmp.Compare(a.Col, b.Col) }
	strictly := true
	for i := 1; i < len(row); i++ {
		strictly = strictly && row[i-1].Col < row[i].Col
	}
	if strictly {
		return row
	}
	slices.SortStableFunc(row, sorted)
	n := 0
	for i, c := range row {
		if i+1 == len(row) || row[i+1].Col != c.Col {
			row[n] = c
			n++
		}
	}
	return row[:n]
}

// The bounds of one sheet.
const (
	MaxRows    = 1 << 20
	MaxColumns = 1 << 14
	MaxCells   = 5_000_000 // that hold something
	maxArea    = 10_000_000
)

// TooMany is the error of a sheet over its bound.
func TooMany() error {
	return budget.Errorf(budget.TooLarge, "a sheet has more than %d cells; divide it", MaxCells)
}

// Elements makes the elements of a sheet, from the top down. The cells come row by row, each row from the left; their texts
// may change. withHTML gives tables text_as_html.
func Elements(ctx context.Context, cells []Cell, b *budget.Budget, withHTML bool) ([]element.Element, error) {
	typeColumns(cells)
	var out []element.Element
	start, above := 0, 0 // of the block, and of the row before
	for row := 0; row < len(cells); {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		end := row
		for end < len(cells) && cells[end].Row == cells[row].Row {
			end++
		}
		if row > start && !touch(cells[above:row], cells[row:end]) {
			found, err := block(cells[start:row], withHTML)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
			start = row
		}
		above, row = row, end
	}
	found, err := block(cells[start:], withHTML)
	return append(out, found...), err
}

// touch tells whether a row hangs together with the one above it: a cell of each shares a side. What stands side by side in
// one row is of one block even with gaps between, so nothing else joins rows.
func touch(above, row []Cell) bool {
	if row[0].Row != above[0].Row+1 {
		return false
	}
	for len(above) > 0 && len(row) > 0 {
		switch {
		case above[0].Col == row[0].Col:
			return true
		case above[0].Col < row[0].Col:
			above = above[1:]
		default:
			row = row[1:]
		}
	}
	return false
}

// block makes text of the leading and trailing rows that hold one cell, and a table of what is between.
func block(cells []Cell, withHTML bool) ([]element.Element, error) {
	if len(cells) == 0 {
		return nil, nil
	}
	left, right := cells[0].Col, cells[0].Col
	for _, c := range cells {
		left, right = min(left, c.Col), max(right, c.Col)
	}
	if height := int(cells[len(cells)-1].Row-cells[0].Row) + 1; height*int(right-left+1) > maxArea {
		return nil, budget.Errorf(budget.TooLarge, "a table spans more than %d cells; divide it", maxArea)
	}
	var out []element.Element
	single := func(c Cell) {
		s := c.print()
		if text.Strip(s) == "" {
			return
		}
		t := text.ClassifyCell(s)
		if rest := text.TrimBullet(s); t == element.ListItem && rest != "" && (rest[0] < '0' || rest[0] > '9') { // -7 is a number
			s = rest
		}
		out = append(out, element.Element{Type: t, Text: s})
	}
	first, last := 0, len(cells)
	for first < last && (first+1 == last || cells[first+1].Row != cells[first].Row) {
		single(cells[first])
		first++
	}
	for last > first && cells[last-2].Row != cells[last-1].Row {
		last--
	}
	if first < last {
		if e := table(cells[first:last], left, right, withHTML); e.Text != "" {
			out = append(out, e)
		}
	}
	for _, c := range cells[last:] {
		single(c)
	}
	return out, nil
}

// table writes cells as a Table of the columns from left to right.
func table(cells []Cell, left, right int32, withHTML bool) element.Element {
	var size int
	for i := range cells {
		size += len(cells[i].Text) + 4
	}
	w := grid.NewWriter(withHTML, size, size+len("<td></td>")*len(cells))
	for i := range cells {
		c := &cells[i]
		at := left
		if i > 0 && cells[i-1].Row == c.Row {
			at = cells[i-1].Col + 1
		} else {
			if i > 0 {
				w.Gap(int(right - cells[i-1].Col))
			}
			w.Row()
		}
		w.Gap(int(c.Col - at))
		switch {
		case c.Text != "":
			w.Cell(c.Text)
		case c.Kind == Int:
			w.Int(int64(c.Number))
		case c.Kind == Float:
			w.Cell(rounded(c.Number))
		default:
			w.Gap(1)
		}
	}
	w.Gap(int(right - cells[len(cells)-1].Col))
	return w.Table()
}

// column is what is known of a column.
type column struct {
	cells     int32
	noNumbers bool // it holds something that is no number
	fractions bool
}

// typeColumns makes the numbers of a column that holds nothing else, and has gaps or fractions, print alike: as floats
// with common decimals. The column counts from the first row to the last of the sheet.
func typeColumns(cells []Cell) {
	if len(cells) == 0 {
		return
	}
	var columns []column
	for i := range cells {
		c := &cells[i]
		for int(c.Col) >= len(columns) {
			columns = append(columns, column{})
		}
		k := &columns[c.Col]
		k.cells++
		k.noNumbers = k.noNumbers || c.Kind != Int && c.Kind != Float
		k.fractions = k.fractions || c.Kind == Float
	}
	rows := cells[len(cells)-1].Row + 1
	members := map[int32][]int{}
	for i := range cells {
		if k := columns[cells[i].Col]; !k.noNumbers && (k.fractions || k.cells < rows) {
			members[cells[i].Col] = append(members[cells[i].Col], i)
		}
	}
	for _, at := range members {
		numbers := make([]float64, len(at))
		for k, i := range at {
			numbers[k] = cells[i].Number
		}
		for k, s := range grid.Floats(numbers) {
			cells[at[k]].Text = s
		}
	}
}
