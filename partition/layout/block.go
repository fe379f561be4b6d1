package layout

import (
	"cmp"
	"math"
	"slices"
)

// Blocks groups lines into blocks: lines of about the same height that lie within half a line of each other and share a
// left edge, a right edge or a centre. check is called once a line and may stop the work with an error.
func Blocks(lines []Line, check func() error) ([]Block, error) {
	boxes := make([]Box, len(lines))
	for i, l := range lines {
		boxes[i] = l.Box.turned(l.Turn)
	}
	group := newGroups(len(lines))
	near := newRows(boxes)
	for i, b := range boxes {
		if err := check(); err != nil {
			return nil, err
		}
		reach := lineMargin * b.Height()
		area := Box{b.X0, b.Y0 - reach, b.X1, b.Y1 + reach}
		near.each(area, func(j int) {
			if lines[i].Turn == lines[j].Turn && overlaps(area, boxes[j]) && alike(b, boxes[j], reach) {
				group.join(i, j)
			}
		})
	}

	var blocks []Block
	index := map[int]int{} // group -> position in blocks
	for i, l := range lines {
		g := group.find(i)
		k, ok := index[g]
		if !ok {
			k = len(blocks)
			index[g] = k
			blocks = append(blocks, Block{Box: l.Box, Turn: l.Turn})
		}
		blocks[k].Box = blocks[k].Box.Union(l.Box)
		blocks[k].Lines = append(blocks[k].Lines, l)
	}
	for _, b := range blocks {
		slices.SortStableFunc(b.Lines, func(x, y Line) int {
			return cmp.Compare(x.Box.turned(b.Turn).Y0, y.Box.turned(b.Turn).Y0)
		})
	}
	return blocks, nil
}

func overlaps(a, b Box) bool {
	return a.X0 < b.X1 && b.X0 < a.X1 && a.Y0 < b.Y1 && b.Y0 < a.Y1
}

// alike reports whether b has the height of a and one of its vertical axes, each within d points. Type of twice the size is another:
// rounding does not decide.
func alike(a, b Box, d float64) bool {
	if math.Abs(a.Height()-b.Height()) > 0.999*d {
		return false
	}
	return math.Abs(a.X0-b.X0) <= d || math.Abs(a.X1-b.X1) <= d || math.Abs(a.X0+a.X1-b.X0-b.X1) <= 2*d
}

// rows is an index of boxes by bands of the y axis, so that the neighbours of a box are found without looking at all.
type rows struct {
	bands map[int][]int
	tall  []int // boxes over too many bands to enter in each
}

const (
	bandHeight = 50.0 // points
	tallBands  = 64
)

func bandsOf(b Box) (first, last int) {
	const edge = 1 << 30 // keeps absurd coordinates inside int
	clamp := func(v float64) int { return int(math.Floor(min(max(v/bandHeight, -edge), edge))) }
	return clamp(b.Y0), clamp(b.Y1)
}

func newRows(boxes []Box) rows {
	r := rows{bands: map[int][]int{}}
	for i, b := range boxes {
		first, last := bandsOf(b)
		if last-first >= tallBands {
			r.tall = append(r.tall, i)
			continue
		}
		for k := first; k <= last; k++ {
			r.bands[k] = append(r.bands[k], i)
		}
	}
	return r
}

// each calls visit for every box that may overlap area; a box may be visited more than once.
func (r rows) each(area Box, visit func(int)) {
	for _, i := range r.tall {
		visit(i)
	}
	first, last := bandsOf(area)
	if last-first >= tallBands {
		for k, band := range r.bands {
			if first <= k && k <= last {
				for _, i := range band {
					visit(i)
				}
			}
		}
		return
	}
	for k := first; k <= last; k++ {
		for _, i := range r.bands[k] {
			visit(i)
		}
	}
}

// groups is a union-find forest over line indexes.
type groups []int

func newGroups(n int) groups {
	g := make(groups, n)
	for i := range g {
		g[i] = i
	}
	return g
}

func (g groups) find(i int) int {
	for g[i] != i {
		g[i] = g[g[i]]
		i = g[i]
	}
	return i
}

func (g groups) join(i, j int) {
	i, j = g.find(i), g.find(j)
	if i != j {
		g[max(i, j)] = min(i, j)
	}
}
