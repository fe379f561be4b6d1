package xlsx

import (
	"cmp"
	"context"
	"slices"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/grid"
	"github.com/sluicehq/sluice/partition/text"
)

// maxArea is the largest table that is laid out, cells.
const maxArea = 10_000_000

// block is the bounding box of cells that belong together, with the cells themselves.
type block struct {
	top, bottom, left, right int
	cells                    []cell
}

// blocks finds the blocks of a sheet and makes their elements, from the top down.
func blocks(ctx context.Context, cells []cell, b *budget.Budget, withHTML bool) ([]element.Element, error) {
	typeColumns(cells)
	found, err := connected(ctx, cells, b)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b block) int { return cmp.Compare(a.top, b.top) })
	var merged []block
	for _, f := range found { // what stands side by side is one block
		if n := len(merged); n > 0 && f.top <= merged[n-1].bottom {
			m := &merged[n-1]
			m.bottom, m.left, m.right = max(m.bottom, f.bottom), min(m.left, f.left), max(m.right, f.right)
			m.cells = append(m.cells, f.cells...)
			continue
		}
		merged = append(merged, f)
	}
	var out []element.Element
	for _, m := range merged {
		if (m.bottom-m.top+1)*(m.right-m.left+1) > maxArea {
			return nil, budget.Errorf(budget.TooLarge, "a table spans more than %d cells", maxArea)
		}
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		out = append(out, m.elements(withHTML)...)
	}
	return out, nil
}

// connected groups cells that touch at a side.
func connected(ctx context.Context, cells []cell, b *budget.Budget) ([]block, error) {
	group := make([]int, len(cells))
	find := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	above := map[int]int{} // index of the cell in a column of the row before
	current := map[int]int{}
	row := -1
	for i, c := range cells {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		group[i] = i
		if c.row != row {
			if c.row == row+1 {
				above, current = current, above
			} else {
				clear(above)
			}
			clear(current)
			row = c.row
		}
		if i > 0 && cells[i-1].row == c.row && cells[i-1].col == c.col-1 {
			group[i] = find(i - 1)
		}
		if j, ok := above[c.col]; ok {
			a, b := find(i), find(j)
			group[max(a, b)] = min(a, b)
		}
		current[c.col] = i
	}
	sizes := map[int]int{}
	for i := range cells {
		sizes[find(i)]++
	}
	index := map[int]int{}
	var out []block
	for i, c := range cells {
		root := find(i)
		k, ok := index[root]
		if !ok {
			k = len(out)
			index[root] = k
			out = append(out, block{c.row, c.row, c.col, c.col, make([]cell, 0, sizes[root])})
		}
		g := &out[k]
		g.bottom, g.left, g.right = max(g.bottom, c.row), min(g.left, c.col), max(g.right, c.col)
		g.cells = append(g.cells, c)
	}
	return out, nil
}

// elements makes text of the leading and trailing rows that hold one cell, and a table of what is between.
func (m block) elements(withHTML bool) []element.Element {
	rows := make([][]cell, m.bottom-m.top+1)
	for _, c := range m.cells {
		rows[c.row-m.top] = append(rows[c.row-m.top], c)
	}
	var out []element.Element
	single := func(row []cell) {
		if s := row[0].text; text.Strip(s) != "" {
			out = append(out, element.Element{Type: text.ClassifyCell(s), Text: s})
		}
	}
	first, last := 0, len(rows)
	for first < last && len(rows[first]) == 1 {
		single(rows[first])
		first++
	}
	for last > first && len(rows[last-1]) == 1 {
		last--
	}
	if first < last {
		matrix := make([][]string, 0, last-first)
		for _, row := range rows[first:last] {
			line := make([]string, m.right-m.left+1)
			for _, c := range row {
				line[c.col-m.left] = c.text
			}
			matrix = append(matrix, line)
		}
		if e, ok := grid.Table(matrix, withHTML); ok {
			out = append(out, e)
		}
	}
	for _, row := range rows[last:] {
		single(row)
	}
	return out
}

// typeColumns makes the numbers of a column that holds nothing else, and has gaps or fractions, print alike: as floats
// with common decimals. The column counts from the first row to the last of the sheet.
func typeColumns(cells []cell) {
	last := 0
	columns := map[int][]int{}
	for i, c := range cells {
		last = max(last, c.row)
		columns[c.col] = append(columns[c.col], i)
	}
	for _, members := range columns {
		numbers := make([]float64, 0, len(members))
		floats := len(members) <= last // a gap
		for _, i := range members {
			if cells[i].kind != intCell && cells[i].kind != floatCell {
				numbers = nil
				break
			}
			floats = floats || cells[i].kind == floatCell
			numbers = append(numbers, cells[i].number)
		}
		if !floats || len(numbers) == 0 {
			continue
		}
		for k, s := range grid.Floats(numbers) {
			cells[members[k]].text = s
		}
	}
}
