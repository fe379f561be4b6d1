package table

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/sluicehq/sluice/partition/layout"
)

// latticed finds tables whose horizontal and vertical lines meet.
func (f *frame) latticed() []layout.Table {
	var out []layout.Table
	for _, c := range f.connected() {
		if g := f.lattice(c); g != nil {
			out = append(out, f.take(g))
		}
	}
	return out
}

// take ends the work on a table: its words are used.
func (f *frame) take(g *grid) layout.Table {
	t := g.cells()
	g.headers(&t)
	for _, i := range g.words {
		f.used[i] = true
	}
	return t
}

// connection is a set of segments that touch each other.
type connection struct {
	box    layout.Box
	hs, vs []segment
}

// connected groups the segments that meet, the largest group first. Groups of one direction are left out.
func (f *frame) connected() []connection {
	if len(f.hs) == 0 || len(f.vs) == 0 {
		return nil
	}
	n := len(f.hs)
	parent := make([]int, n+len(f.vs))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	reach := max(2, 0.35*f.size)
	for i, h := range f.hs {
		first := sort.Search(len(f.vs), func(k int) bool { return f.vs[k].at >= h.from-reach })
		for k := first; k < len(f.vs) && f.vs[k].at <= h.to+reach; k++ {
			if v := f.vs[k]; v.from-reach <= h.at && h.at <= v.to+reach {
				a, b := find(i), find(n+k)
				parent[max(a, b)] = min(a, b)
			}
		}
	}
	groups := map[int]*connection{}
	var order []int
	get := func(i int) *connection {
		g := find(i)
		c := groups[g]
		if c == nil {
			c = &connection{box: layout.Box{X0: math.Inf(1), Y0: math.Inf(1), X1: math.Inf(-1), Y1: math.Inf(-1)}}
			groups[g] = c
			order = append(order, g)
		}
		return c
	}
	for i, h := range f.hs {
		c := get(i)
		c.hs = append(c.hs, h)
		c.box = c.box.Union(layout.Box{X0: h.from, Y0: h.at, X1: h.to, Y1: h.at})
	}
	for i, v := range f.vs {
		c := get(n + i)
		c.vs = append(c.vs, v)
		c.box = c.box.Union(layout.Box{X0: v.at, Y0: v.from, X1: v.at, Y1: v.to})
	}
	var out []connection
	for _, g := range order {
		if c := groups[g]; len(c.hs) > 0 && len(c.vs) > 0 {
			out = append(out, *c)
		}
	}
	out = f.linked(out)
	slices.SortStableFunc(out, func(a, b connection) int { return cmp.Compare(b.box.Area(), a.box.Area()) })
	return out
}

// maxLinked bounds the connections that are compared with each other.
const maxLinked = 500

// linked joins the connections of grounds that begin and end alike, one above the other, where the text between stands in their
// columns: every second row of a table has a ground.
func (f *frame) linked(all []connection) []connection {
	var grounds, out []connection
	for _, c := range all {
		if slices.ContainsFunc(c.vs, func(s segment) bool { return !s.rule }) {
			grounds = append(grounds, c)
		} else {
			out = append(out, c)
		}
	}
	if len(grounds) > maxLinked {
		return all
	}
	slices.SortStableFunc(grounds, func(a, b connection) int { return cmp.Compare(a.box.Y0, b.box.Y0) })
	for i := 0; i < len(grounds); i++ {
		c := grounds[i]
		for j := i + 1; j < len(grounds); {
			o := grounds[j]
			if near(o.box.X0, c.box.X0, 0.5*f.size) && near(o.box.X1, c.box.X1, 0.5*f.size) && o.box.Y0 >= c.box.Y1-f.size &&
				o.box.Y0-c.box.Y1 < 20*f.size && f.sameColumns(c, o) && f.between(c, o) {
				c.box = c.box.Union(o.box)
				c.hs, c.vs = slices.Concat(c.hs, o.hs), slices.Concat(c.vs, o.vs)
				grounds = slices.Delete(grounds, j, j+1)
				continue
			}
			j++
		}
		out = append(out, c)
	}
	return out
}

// sameColumns reports whether the vertical edges of one of two connections are among those of the other.
func (f *frame) sameColumns(a, b connection) bool {
	x, y := f.bounds(a.vs, a.box.X0, a.box.X1), f.bounds(b.vs, b.box.X0, b.box.X1)
	if len(x) < len(y) {
		x, y = y, x
	}
	return !slices.ContainsFunc(y, func(at float64) bool { return !near(x[nearest(x, at)], at, 0.5*f.size) })
}

// between reports whether the text between two connections stands in the columns of the first.
func (f *frame) between(a, b connection) bool {
	words := f.inside(layout.Box{X0: a.box.X0, X1: a.box.X1, Y0: a.box.Y1, Y1: b.box.Y0})
	xs := f.bounds(a.vs, a.box.X0, a.box.X1)
	if len(words) == 0 || len(xs) < 3 {
		return b.box.Y0-a.box.Y1 < 2*f.size
	}
	rows := f.rowsOf(words, partGap)
	if f.interrupted(rows) {
		return false
	}
	lines := f.linesIn(rows, xs)
	crossing, several := 0, 0
	for _, l := range lines {
		if l.crosses {
			crossing++
		} else if l.filled > 1 {
			several++
		}
	}
	return several > 0 && crossing <= 1
}

// bounds are the places of segments and the ends of a range, rising; what lies closer together than text is one.
func (f *frame) bounds(segments []segment, low, high float64) []float64 {
	places := make([]float64, 0, len(segments))
	for _, s := range segments {
		places = append(places, s.at)
	}
	slices.Sort(places)
	var out []float64
	for i := 0; i < len(places); {
		j, sum := i, 0.0
		for ; j < len(places) && places[j]-places[i] <= sameLine*f.size; j++ {
			sum += places[j]
		}
		out = append(out, sum/float64(j-i))
		i = j
	}
	if len(out) == 0 || out[0]-low > 0.6*f.size {
		out = append([]float64{low}, out...)
	}
	if high-out[len(out)-1] > 0.6*f.size {
		out = append(out, high)
	}
	return out
}

// lattice makes a grid of a connection, nil when it is no table.
func (f *frame) lattice(c connection) *grid {
	words := f.inside(c.box)
	if len(words) < 3 || len(c.hs)+len(c.vs) < 3 {
		return nil
	}
	g := &grid{f: f, words: words, ruled: true}
	g.xs, g.ys = f.bounds(c.vs, c.box.X0, c.box.X1), f.bounds(c.hs, c.box.Y0, c.box.Y1)
	if len(g.xs) < 2 || len(g.ys) < 2 || (len(g.xs)-1)*(len(g.ys)-1) > maxPlaces {
		return nil
	}
	drawnColumns, drawnRows := len(g.xs)-1, len(g.ys)-1
	if drawnColumns*drawnRows > 1 && !g.solid() {
		return nil
	}
	g.xs = f.refineColumns(g.xs, words)
	if len(g.xs) < 3 {
		return nil
	}
	if !slices.ContainsFunc(c.vs, func(s segment) bool { return s.rule }) {
		above, below := f.beyond(g, c.box)
		g.words = slices.Concat(words, above, below)
	}
	g.refineRows(drawnRows >= 4)
	if !g.lay() || !g.occupied() {
		return nil
	}
	// Where the rules alone make rows and columns they are proof enough; where text had to tell, it is asked again.
	if drawnColumns < 2 || drawnRows < 2 && g.rows() < 3 {
		if !g.convincing(true) {
			return nil
		}
	} else if drawnRows < 2 && g.columnar(g.places()) || f.page.Recognized && 2*g.several() < g.rows() {
		return nil
	}
	return g
}

// several counts the rows with text in more than one column. The lines of a raster are those of windows, frames and pictures as well, whose
// texts stand one below the other.
func (g *grid) several() int {
	n := 0
	for _, row := range g.filled {
		filled := 0
		for _, full := range row {
			if full {
				filled++
			}
		}
		if filled > 1 {
			n++
		}
	}
	return n
}

// solid reports whether a good part of the lines of a grid is drawn; those of a drawing lie about.
func (g *grid) solid() bool {
	g.drawn()
	drawn, all := 0, 0
	across := 0
	for r := range g.top {
		row := 0
		for c := range g.top[r] {
			all += 2
			if g.top[r][c] {
				drawn++
				row++
			}
			if g.left[r][c] {
				drawn++
			}
		}
		if 10*row >= 8*g.columns() {
			across++
		}
	}
	return 10*drawn >= 3*all && across > 0
}

// occupied reports whether text stands in at least two rows and two columns, and in more than a few places.
func (g *grid) occupied() bool {
	rows, places := 0, 0
	columns := make([]bool, g.columns())
	for r := range g.filled {
		any := false
		for c, full := range g.filled[r] {
			if full {
				any = true
				columns[c] = true
				places++
			}
		}
		if any {
			rows++
		}
	}
	n := 0
	for _, full := range columns {
		if full {
			n++
		}
	}
	return rows >= 2 && n >= 2 && places >= 3 && 12*places >= g.rows()*g.columns()
}

// refineColumns adds the columns that text shows and no line parts. Between lines that do part columns it takes strong
// evidence.
func (f *frame) refineColumns(xs []float64, words []int) []float64 {
	if len(xs) == 2 {
		rows := f.rowsOf(words, partGap)
		inner := f.columns(rows, 0.8)
		return slices.Concat(xs[:1], inner, xs[1:])
	}
	out := xs[:1:1]
	for c := 1; c < len(xs); c++ {
		if xs[c]-xs[c-1] > 6*f.size {
			var members []int
			for _, i := range words {
				if b := f.words[i].box; between(xs, mid(b.X0, b.X1)) == c-1 {
					members = append(members, i)
				}
			}
			rows := f.rowsOf(members, 0.9)
			several, wordy := 0, 0
			for _, r := range rows {
				if len(r.parts) > 1 {
					several++
				}
				for _, p := range r.parts {
					if f.characters(p.words) > 24 {
						wordy++
					}
				}
			}
			if several >= 3 && 5*several >= 4*len(rows) && 2*wordy < len(rows) {
				for _, x := range f.columns(rows, 0.8) {
					if !f.ornament(rows, x, xs[c-1]) {
						out = append(out, x)
					}
				}
			}
		}
		out = append(out, xs[c])
	}
	return out
}

// ornament reports whether what stands between from and x is but signs, such as a currency before each number, or list marks.
func (f *frame) ornament(rows []row, x, from float64) bool {
	for _, r := range rows {
		for _, i := range r.words {
			if w := f.words[i]; w.box.X0 >= from && w.box.X1 <= x && w.letters+w.digits > 2 {
				return false
			}
		}
	}
	return true
}

// refineRows parts the rows that text shows and no line parts.
func (g *grid) refineRows(cautious bool) {
	members := make([][]int, g.rows())
	for _, i := range g.words {
		b := g.f.words[i].box
		r := between(g.ys, mid(b.Y0, b.Y1))
		members[r] = append(members[r], i)
	}
	ys := g.ys[:1:1]
	for r := range members {
		switch {
		case r == 0 && len(members) > 1 && !cautious:
			// The first of few rows is a header, whose lines belong together unless a text stands over several columns.
			if cuts := g.f.cutHeader(members[r], g.xs); len(cuts) > 0 || g.f.headed(members[r], g.xs) {
				ys = append(ys, cuts...)
			} else {
				ys = append(ys, g.f.cutRows(members[r], g.xs, true)...)
			}
		case len(members) > 1 && g.f.wrapped(members[r], g.xs):
		default:
			ys = append(ys, g.f.cutRows(members[r], g.xs, cautious)...)
		}
		ys = append(ys, g.ys[r+1])
	}
	g.ys = ys
}

// headed reports whether no line of words is mostly numbers.
func (f *frame) headed(words []int, xs []float64) bool {
	for _, l := range f.linesIn(f.rowsOf(words, partGap), xs) {
		n := 0
		for _, number := range l.numbers {
			if number {
				n++
			}
		}
		if 2*n > l.filled {
			return false
		}
	}
	return true
}
