package layout

import (
	"cmp"
	"math"
	"slices"
)

// Order returns the reading order of boxes as indexes into boxes: columns from left to right, in each the rows from top
// to bottom, found by cutting recursively along empty vertical and horizontal strips. When a box reaches over the left or
// top edge of the page the order is by top, then left edge alone.
//
// The rule is the reference's: boxes are cut to whole points and lose a tenth of their width and height at the right and
// bottom, so that neighbours that touch still separate.
func Order(boxes []Box) []int {
	if len(boxes) == 0 {
		return nil
	}
	order := make([]int, len(boxes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(boxes[i].Y0, boxes[j].Y0), cmp.Compare(boxes[i].X0, boxes[j].X0))
	})
	shrunk := make([]Box, len(boxes))
	for i, b := range boxes {
		if b.X0 < 0 || b.Y0 < 0 || b.X1 < 0 || b.Y1 < 0 || !b.Finite() {
			return order
		}
		x0, y0 := math.Trunc(b.X0), math.Trunc(b.Y0)
		shrunk[i] = Box{x0, y0, math.Trunc(x0 + 0.9*(math.Trunc(b.X1)-x0)), math.Trunc(y0 + 0.9*(math.Trunc(b.Y1)-y0))}
	}
	return cut(shrunk, order, make([]int, 0, len(boxes)), 0)
}

// maxCuts bounds the recursion. A real page needs a handful of cuts; below this depth the order is by rows.
const maxCuts = 64

func cut(boxes []Box, members, out []int, depth int) []int {
	xAxis := func(i int) (float64, float64) { return boxes[i].X0, boxes[i].X1 }
	yAxis := func(i int) (float64, float64) { return boxes[i].Y0, boxes[i].Y1 }
	for _, column := range strips(members, xAxis) {
		cells := strips(column, yAxis)
		if len(cells) == 1 || depth == maxCuts {
			for _, c := range cells {
				out = append(out, c...)
			}
			continue
		}
		for _, row := range cells {
			out = cut(boxes, row, out, depth+1)
		}
	}
	return out
}

// strips sorts members along an axis and splits them wherever no box covers a whole point of it.
func strips(members []int, axis func(int) (low, high float64)) [][]int {
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(i, j int) int {
		a, _ := axis(i)
		b, _ := axis(j)
		return cmp.Compare(a, b)
	})
	var out [][]int
	start := 0
	_, end := axis(sorted[0])
	for k, i := range sorted {
		low, high := axis(i)
		if k > start && low > end {
			out = append(out, sorted[start:k])
			start = k
		}
		end = max(end, high)
	}
	return append(out, sorted[start:])
}
