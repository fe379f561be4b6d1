package table

import (
	"cmp"
	"slices"

	"github.com/sluicehq/sluice/partition/layout"
)

// taggedCell is a cell that the structure tree of the page names.
type taggedCell struct {
	table, row, cell int // indexes into Page.Tags
	box              layout.Box
	words            []int
	spans            [2]int // rows and columns, as the tags say
}

// longCell is how many characters the cells of a tagged table have on average at most: what has more is a page that was laid out as a table.
const longCell = 120

// tagged finds the tables that the structure tree of the page names (ISO 32000-1, 14.8.4.3.4), where the page shows them as the tree has them:
// rows one below the other, columns beside each other, each cell in one of both.
func (f *frame) tagged() []layout.Table {
	if !slices.ContainsFunc(f.page.Tags, func(t layout.Tag) bool { return t.Type == "Table" }) {
		return nil
	}
	var out []layout.Table
	for _, cells := range f.taggedCells() {
		if g := f.taggedGrid(cells); g != nil {
			out = append(out, f.take(g))
		}
	}
	return out
}

// taggedCells gives the cells with free words, by table.
func (f *frame) taggedCells() [][]taggedCell {
	cells := map[int]*taggedCell{}
	var order []int
	for i, w := range f.words {
		if f.used[i] || w.turn != f.turn {
			continue
		}
		c, ok := f.cellOf(f.lines[w.line].Glyphs[w.from].Tag)
		if !ok {
			continue
		}
		if cells[c.cell] == nil {
			c.box = w.box
			cells[c.cell] = &c
			order = append(order, c.cell)
		}
		known := cells[c.cell]
		known.box, known.words = known.box.Union(w.box), append(known.words, i)
	}
	tables := map[int]int{}
	var out [][]taggedCell
	slices.Sort(order)
	for _, at := range order {
		c := cells[at]
		k, ok := tables[c.table]
		if !ok {
			k = len(out)
			tables[c.table], out = k, append(out, nil)
		}
		out[k] = append(out[k], *c)
	}
	return out
}

// cellOf finds the innermost cell around a tag, with its row and its table.
func (f *frame) cellOf(at int) (c taggedCell, ok bool) {
	const deepest = 64
	c.table, c.row, c.cell = -1, -1, -1
	tags := f.page.Tags
	for range deepest {
		if at < 0 || at >= len(tags) {
			break
		}
		switch t := tags[at]; t.Type {
		case "TD", "TH":
			if c.cell < 0 {
				c.cell, c.spans = at, t.Spans
			}
		case "TR":
			if c.cell >= 0 && c.row < 0 {
				c.row = at
			}
		case "Table":
			c.table = at
			return c, c.row >= 0
		}
		at = tags[at].Parent
	}
	return c, false
}

// taggedGrid makes a grid of the cells of a table; nil where the page shows something else.
func (f *frame) taggedGrid(cells []taggedCell) *grid {
	var rows []strip
	var narrow []strip
	var words []int
	box := cells[0].box
	last := -1
	for _, c := range cells {
		words = append(words, c.words...)
		box = box.Union(c.box)
		if c.row != last {
			last = c.row
			rows = append(rows, strip{})
		}
		if c.spans[0] <= 1 {
			r := &rows[len(rows)-1]
			if r.votes == 0 {
				r.x0, r.x1 = c.box.Y0, c.box.Y1
			}
			r.x0, r.x1, r.votes = min(r.x0, c.box.Y0), max(r.x1, c.box.Y1), r.votes+1
		}
		if c.spans[1] <= 1 {
			narrow = append(narrow, strip{x0: c.box.X0, x1: c.box.X1})
		}
	}
	rows = slices.DeleteFunc(rows, func(s strip) bool { return s.votes == 0 })
	columns := merged(narrow)
	if len(rows) < 2 || len(columns) < 2 || f.characters(words) > longCell*len(cells) || f.foreign(box, words) > len(words)/20 {
		return nil
	}
	g := &grid{f: f, words: words}
	if g.xs = boundsOf(columns, box.X0, box.X1, 0); g.xs == nil {
		return nil
	}
	if g.ys = boundsOf(rows, box.Y0, box.Y1, 0.3*f.size); g.ys == nil || !g.asTagged(cells) || !g.lay() {
		return nil
	}
	return g
}

// merged joins strips that overlap.
func merged(all []strip) []strip {
	slices.SortFunc(all, func(a, b strip) int { return cmp.Compare(a.x0, b.x0) })
	var out []strip
	for _, s := range all {
		if n := len(out); n > 0 && s.x0 < out[n-1].x1 {
			out[n-1].x1 = max(out[n-1].x1, s.x1)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// boundsOf gives the bounds around strips and between them; nil where a strip begins more than d before the end of the one before it.
func boundsOf(strips []strip, first, last, d float64) []float64 {
	out := []float64{first}
	for k := 1; k < len(strips); k++ {
		if strips[k].x0 < strips[k-1].x1-d || strips[k].x0 <= strips[k-1].x0 {
			return nil
		}
		out = append(out, mid(strips[k-1].x1, strips[k].x0))
	}
	return append(out, last)
}

// asTagged tells whether every place of the grid holds the words of one cell at most.
func (g *grid) asTagged(cells []taggedCell) bool {
	if (len(g.xs)-1)*(len(g.ys)-1) > maxPlaces {
		return false
	}
	owner := map[[2]int]int{}
	for k, c := range cells {
		for _, i := range c.words {
			b := g.f.words[i].box
			at := [2]int{between(g.ys, mid(b.Y0, b.Y1)), between(g.xs, mid(b.X0, b.X1))}
			if o, ok := owner[at]; ok && o != k {
				return false
			}
			owner[at] = k
		}
	}
	return true
}

// foreign counts the words in a box that are not among words.
func (f *frame) foreign(b layout.Box, words []int) int { return max(len(f.inside(b))-len(words), 0) }
