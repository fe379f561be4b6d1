package pdf

import (
	"math"

	"github.com/sluicehq/sluice/partition/layout"
)

// shape is a path that is neither rule nor area: a curve, a slanted line, a polygon.
type shape struct {
	box   layout.Box
	order int
}

const (
	shapeGap    = 6.0 // distance over which the paths of a drawing belong together, points
	shapeGrid   = 256 // cells of the page's longer side at most
	leastShapes = 4   // paths that make a drawing
	leastSide   = 24  // of a drawing, points
	largeShape  = 0.8 // share of the page above which a single path is its ground and no part of a drawing
)

// joinShapes makes drawings of the shapes that lie close together.
func (w *walker) joinShapes() {
	width, height := w.p.Width, w.p.Height
	if len(w.shapes) < leastShapes || !(width > 0) || !(height > 0) {
		return
	}
	cell := max(shapeGap, max(width, height)/shapeGrid)
	columns, rows := int(width/cell)+1, int(height/cell)+1
	column := func(x float64) int { return max(0, min(int(x/cell), columns-1)) }
	row := func(y float64) int { return max(0, min(int(y/cell), rows-1)) }

	// Each box adds one in its cells: entered at the corners, summed up over rows and columns.
	sums := make([]int32, (columns+1)*(rows+1))
	kept := w.shapes[:0]
	for _, s := range w.shapes {
		if s.box.Area() > largeShape*width*height {
			continue
		}
		kept = append(kept, s)
		x0, y0, x1, y1 := column(s.box.X0), row(s.box.Y0), column(s.box.X1)+1, row(s.box.Y1)+1
		sums[y0*(columns+1)+x0]++
		sums[y0*(columns+1)+x1]--
		sums[y1*(columns+1)+x0]--
		sums[y1*(columns+1)+x1]++
	}
	for y := range rows + 1 {
		for x := 1; x <= columns; x++ {
			sums[y*(columns+1)+x] += sums[y*(columns+1)+x-1]
		}
	}
	for y := 1; y <= rows; y++ {
		for x := range columns + 1 {
			sums[y*(columns+1)+x] += sums[(y-1)*(columns+1)+x]
		}
	}

	group := make([]int, columns*rows) // of each cell, from 1
	groups := 0
	var stack []int
	for start := range group {
		if group[start] != 0 || sums[start/columns*(columns+1)+start%columns] == 0 {
			continue
		}
		groups++
		group[start] = groups
		for stack = append(stack[:0], start); len(stack) > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					x, y := at%columns+dx, at/columns+dy
					if x < 0 || y < 0 || x >= columns || y >= rows || group[y*columns+x] != 0 || sums[y*(columns+1)+x] == 0 {
						continue
					}
					group[y*columns+x] = groups
					stack = append(stack, y*columns+x)
				}
			}
		}
	}

	found := make([]struct {
		layout.Picture
		shapes int
	}, groups+1)
	for _, s := range kept {
		f := &found[group[row(s.box.Y0)*columns+column(s.box.X0)]]
		if f.shapes == 0 {
			f.Picture = layout.Picture{Box: s.box, Drawing: true, Object: -1}
		}
		f.Box, f.Order = f.Box.Union(s.box), max(f.Order, s.order)
		f.shapes++
	}
	for _, f := range found {
		if f.shapes >= leastShapes && math.Min(f.Box.Width(), f.Box.Height()) >= leastSide {
			w.p.Pictures = append(w.p.Pictures, f.Picture)
		}
	}
}
