package table

import (
	"cmp"
	"math"
	"slices"

	"github.com/sluicehq/sluice/partition/layout"
)

// aligned finds tables without lines: rows of short texts in columns, one below the other.
func (f *frame) aligned() []layout.Table {
	free := make([]int, 0, len(f.words))
	pictures := f.pictures()
	for i, w := range f.words {
		if f.used[i] || w.turn != f.turn {
			continue
		}
		if !slices.ContainsFunc(pictures, func(b layout.Box) bool { return holds(b, w.box) }) {
			free = append(free, i)
		}
	}
	if len(free) < 6 {
		return nil
	}
	var out []layout.Table
	for _, words := range f.byFrame(free) {
		out = append(out, f.alignedIn(words)...)
	}
	return out
}

// alignedIn finds the tables without lines among words.
func (f *frame) alignedIn(words []int) []layout.Table {
	rows := f.rowsOf(words, partGap)
	several := 0
	for _, r := range rows {
		if len(r.parts) > 1 {
			several++
		}
	}
	if several < 3 {
		return nil
	}
	out := f.worded(rows)
	if len(out) > 0 {
		rows = f.rowsOf(slices.DeleteFunc(words, func(i int) bool { return f.used[i] }), partGap)
	}
	prose := f.dropProse(rows)
	for _, lane := range f.lanes(rows, prose) {
		for _, block := range f.blocks(lane) {
			if g := f.alignedGrid(block); g != nil {
				out = append(out, f.take(g))
			}
		}
	}
	return out
}

// byFrame groups words by the smallest drawn frame that holds them; what stands in no frame is a group as well. What stands in
// frames beside each other is of no common table: the rules of one that is would meet.
func (f *frame) byFrame(words []int) [][]int {
	boxes := f.closed()
	if len(boxes) == 0 {
		return [][]int{words}
	}
	groups := make([][]int, len(boxes)+1)
	for _, i := range words {
		k := slices.IndexFunc(boxes, func(b layout.Box) bool { return holds(b, f.words[i].box) })
		groups[k+1] = append(groups[k+1], i)
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return len(g) < 6 })
}

// maxClosed bounds the vertical lines that are searched for frames.
const maxClosed = 200

// closed finds the rectangles that rules draw, the smallest first.
func (f *frame) closed() []layout.Box {
	if len(f.vs) > maxClosed || len(f.hs) > maxClosed {
		return nil
	}
	const d = 2.0 // points
	drawn := func(y, x0, x1 float64) bool {
		return slices.ContainsFunc(f.hs, func(h segment) bool { return h.rule && near(h.at, y, d) && h.from <= x0+d && h.to >= x1-d })
	}
	var out []layout.Box
	for i, a := range f.vs {
		for _, b := range f.vs[i+1:] {
			if !a.rule || !b.rule || !near(a.from, b.from, d) || !near(a.to, b.to, d) || b.at-a.at < f.size {
				continue
			}
			if drawn(a.from, a.at, b.at) && drawn(a.to, a.at, b.at) {
				out = append(out, layout.Box{X0: a.at, Y0: a.from, X1: b.at, Y1: a.to})
			}
			break
		}
	}
	slices.SortStableFunc(out, func(a, b layout.Box) int { return cmp.Compare(a.Area(), b.Area()) })
	return out
}

// maxPictures bounds the pictures whose labels are told from tables.
const maxPictures = 64

// pictures are the places of drawings and rasters, but for those behind a good part of the page: what is written in them labels
// them.
func (f *frame) pictures() []layout.Box {
	if len(f.page.Pictures) > maxPictures {
		return nil
	}
	var out []layout.Box
	for _, p := range f.page.Pictures {
		if b := f.in(p.Box); b.Finite() && b.Area() < 0.5*f.width*f.height {
			out = append(out, b)
		}
	}
	return out
}

// holds reports whether the middle of b lies in a.
func holds(a, b layout.Box) bool {
	x, y := mid(b.X0, b.X1), mid(b.Y0, b.Y1)
	return x > a.X0 && x < a.X1 && y > a.Y0 && y < a.Y1
}

// lanes divides rows where running text stands in columns of the page: what is beside each other there is of different columns.
func (f *frame) lanes(rows []row, prose []layout.Box) [][]row {
	prose = slices.DeleteFunc(prose, func(b layout.Box) bool { return b.Width() > 0.6*f.width })
	if len(prose) < 2 {
		return [][]row{rows}
	}
	slices.SortFunc(prose, func(a, b layout.Box) int { return cmp.Compare(a.X0, b.X0) })
	var gutters []float64
	reach := prose[0]
	for k := 1; k < len(prose); k++ {
		b := prose[k]
		if b.X0 > reach.X1 {
			gutters = append(gutters, mid(reach.X1, b.X0))
		}
		reach = reach.Union(b)
	}
	out := make([][]row, len(gutters)+2) // the lanes, and what is of none
	for _, r := range rows {
		inside := r.y1 > reach.Y0 && r.y0 < reach.Y1
		for _, p := range r.parts {
			for _, g := range gutters {
				inside = inside && (p.x1 <= g || p.x0 >= g)
			}
		}
		if !inside {
			out[len(gutters)+1] = append(out[len(gutters)+1], r)
			continue
		}
		lanes := make([][]part, len(gutters)+1)
		for _, p := range r.parts {
			k := 0
			for k < len(gutters) && gutters[k] <= p.x0 {
				k++
			}
			lanes[k] = append(lanes[k], p)
		}
		for k, parts := range lanes {
			if len(parts) > 0 {
				out[k] = append(out[k], row{y0: r.y0, y1: r.y1, parts: parts})
			}
		}
	}
	return out
}

// dropProse takes the parts out of rows that are lines of running text: one below the other, beginning alike, and long. It
// returns where they were.
func (f *frame) dropProse(rows []row) []layout.Box {
	type column struct {
		x0, x1     float64
		row        int // the last
		members    [][2]int
		long       int
		characters int
	}
	var open []column
	prose := map[[2]int]bool{}
	var areas []layout.Box
	end := func(c column) {
		n := len(c.members)
		// All lines but the last are full.
		full := 0
		for _, m := range c.members {
			p := rows[m[0]].parts[m[1]]
			if p.x1-p.x0 >= 0.8*(c.x1-c.x0) {
				full++
			}
		}
		if n >= 3 && 3*c.long >= 2*n && 3*full >= 2*(n-1) || n >= 2 && c.long == n && c.characters > 60*n {
			area := layout.Box{X0: c.x0, Y0: rows[c.members[0][0]].y0, X1: c.x1, Y1: rows[c.row].y1}
			for _, m := range c.members {
				prose[m] = true
			}
			areas = append(areas, area)
		}
	}
	for k, r := range rows {
		var next []column
		for _, c := range open {
			if r.y0-rows[c.row].y1 > 0.9*f.size || k-c.row > 2 {
				end(c)
			} else {
				next = append(next, c)
			}
		}
		open = next
		for j, p := range r.parts {
			n := f.characters(p.words)
			isLong := n >= 22 && len(p.words) >= 4
			at := slices.IndexFunc(open, func(c column) bool {
				return c.row != k && near(c.x0, p.x0, 0.6*f.size) && (isLong || c.long > 0)
			})
			if at < 0 {
				open = append(open, column{x0: p.x0, row: k})
				at = len(open) - 1
			}
			c := &open[at]
			c.row = k
			c.x1 = max(c.x1, p.x1)
			c.members = append(c.members, [2]int{k, j})
			c.characters += n
			if isLong {
				c.long++
			}
		}
	}
	for _, c := range open {
		end(c)
	}
	if len(prose) == 0 {
		return nil
	}
	for k := range rows {
		var parts []part
		for j, p := range rows[k].parts {
			if !prose[[2]int{k, j}] {
				parts = append(parts, p)
			}
		}
		rows[k].parts = parts
	}
	return areas
}

// blocks are runs of rows close to each other, of which the first, the last and most between have several parts.
func (f *frame) blocks(rows []row) [][]row {
	var out [][]row
	var block []row
	single := 0
	end := func() {
		// What follows closely may be the end of a text in the last row.
		kept := len(block) - single
		for kept < len(block) && block[kept].y0-block[kept-1].y1 < 0.35*f.size && !f.prosaicLine(block[kept]) {
			kept++
		}
		block = block[:kept]
		if len(block) >= 3 {
			out = append(out, block)
		}
		block, single = nil, 0
	}
	for _, r := range rows {
		if len(block) > 0 && r.y0-block[len(block)-1].y1 > 1.8*f.size {
			end()
		}
		switch {
		case len(r.parts) > 1:
			block, single = append(block, r), 0
		case len(block) > 0 && len(r.parts) == 1 && single < 2:
			block = append(block, r)
			single++
		case len(block) > 0:
			end()
		}
	}
	if len(block) > 0 {
		end()
	}
	return out
}

// prosaicLine reports whether a row is one long line.
func (f *frame) prosaicLine(r row) bool { return f.characters(r.parts[0].words) > 40 }

// alignedGrid makes a grid of a block of rows, nil when it is no table.
func (f *frame) alignedGrid(block []row) *grid {
	inner := f.columns(block, 0.8)
	if len(inner) == 0 {
		return nil
	}
	if block = f.trimmed(block, inner); len(block) < 3 {
		return nil
	}
	var words []int
	box := layout.Box{X0: inner[0], X1: inner[0], Y0: block[0].y0, Y1: block[0].y1}
	for _, r := range block {
		for _, p := range r.parts {
			words = append(words, p.words...)
			box = box.Union(layout.Box{X0: p.x0, X1: p.x1, Y0: r.y0, Y1: r.y1})
		}
	}
	g := &grid{f: f, words: words}
	g.xs = slices.Concat([]float64{box.X0}, inner, []float64{box.X1})
	g.ys = []float64{box.Y0, box.Y1}
	if h := f.headingRule(box); h > 0 {
		g.ys = []float64{box.Y0, h, box.Y1}
		g.heading = h
	}
	g.refineRows(false)
	if !g.lay() || !g.occupied() || !g.convincing(g.heading > 0) || g.columnar(g.places()) {
		return nil
	}
	return g
}

// trimmed drops the rows at the top and the bottom of a block that do not keep to its columns, unless they are one or two at the
// top, which may head several columns.
func (f *frame) trimmed(block []row, inner []float64) []row {
	lines := f.linesIn(block, slices.Concat([]float64{math.Inf(-1)}, inner, []float64{math.Inf(1)}))
	first, end := 0, len(lines)
	for first < end && lines[first].crosses {
		first++
	}
	if first <= 2 && first < end && lines[first].y0-lines[0].y1 < 1.5*f.size {
		first = 0
	}
	for end > first && lines[end-1].crosses {
		end--
	}
	return block[first:end]
}

// headingRule finds a rule across the upper part of a block of text, 0 without one.
func (f *frame) headingRule(b layout.Box) float64 {
	for _, l := range f.levels() {
		if l.at > b.Y0+0.5*f.size && l.at < b.Y0+0.5*b.Height() && min(l.to, b.X1)-max(l.from, b.X0) > 0.7*b.Width() {
			return l.at
		}
	}
	return 0
}
