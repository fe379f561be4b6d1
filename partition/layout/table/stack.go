package table

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/sluicehq/sluice/partition/layout"
)

// level is what is drawn on one height: one line, or several with gaps between columns.
type level struct {
	at, from, to float64
	rule         bool
}

// maxLevels bounds the lines of a page that may belong to tables without vertical lines.
const maxLevels = 1500

// stacked finds tables of which only horizontal lines, or the grounds of rows, are drawn: lines that begin and end alike, one
// above the other, with text in columns between them.
func (f *frame) stacked() []layout.Table {
	var out []layout.Table
	for _, stack := range f.stacks() {
		for _, run := range f.runs(stack) {
			if g := f.stackGrid(run); g != nil {
				out = append(out, f.take(g))
			}
		}
	}
	return out
}

// levels joins the lines on one height unless they stand as far apart as the columns of a page.
func (f *frame) levels() []level {
	var out []level
	for _, s := range f.hs {
		joined := false
		for k := len(out) - 1; k >= 0 && s.at-out[k].at <= sameLine*f.size; k-- {
			l := &out[k]
			if s.from-l.to <= 1.5*f.size && l.from-s.to <= 1.5*f.size && !f.framesMeet(*l, s) {
				l.from, l.to, l.rule = min(l.from, s.from), max(l.to, s.to), l.rule || s.rule
				joined = true
				break
			}
		}
		if !joined {
			out = append(out, level(s))
		}
	}
	return out
}

// framesMeet tells whether two lines on one height are the sides of two frames that stand beside each other: a line ends in a corner
// and the other begins in one, further apart than the sides of cells are.
func (f *frame) framesMeet(l level, s segment) bool {
	if l.from > s.from {
		l, s = level(s), segment(l)
	}
	return s.from-l.to > sameLine*f.size && f.corner(l.to, l.at) && f.corner(s.from, s.at)
}

// corner tells whether a vertical line ends, and does not go on, at a point.
func (f *frame) corner(x, y float64) bool {
	const d = 2.0 // points
	first := sort.Search(len(f.vs), func(k int) bool { return f.vs[k].at >= x-d })
	for ; first < len(f.vs) && f.vs[first].at <= x+d; first++ {
		if v := f.vs[first]; v.rule && (near(v.from, y, d) || near(v.to, y, d)) {
			return true
		}
	}
	return false
}

// stacks groups the levels that begin and end alike.
func (f *frame) stacks() [][]level {
	levels := f.levels()
	if len(levels) < 2 || len(levels) > maxLevels {
		return nil
	}
	var stacks [][]level
	for _, l := range levels {
		if l.to-l.from < 6*f.size {
			continue
		}
		k := slices.IndexFunc(stacks, func(s []level) bool {
			return near(s[0].from, l.from, f.size) && near(s[0].to, l.to, f.size)
		})
		if k < 0 {
			stacks = append(stacks, []level{l})
		} else {
			stacks[k] = append(stacks[k], l)
		}
	}
	stacks = slices.DeleteFunc(stacks, func(s []level) bool { return len(s) < 2 })
	slices.SortStableFunc(stacks, func(a, b []level) int { return cmp.Compare(b[0].to-b[0].from, a[0].to-a[0].from) })
	return stacks
}

// runs divides a stack where what stands between two lines is no part of a table.
func (f *frame) runs(stack []level) [][]level {
	const (
		nothing = iota // a double line
		tabular
		other // a line or two that may head a part of the table
		apart // no part of one
	)
	kinds := make([]int, len(stack)) // of what stands above each line
	first, last := slices.IndexFunc(stack, f.walled), -1
	for k := range stack {
		if f.walled(stack[k]) {
			last = k
		}
	}
	for k := 1; k < len(stack); k++ {
		if first > 0 && first < k && k < last && !f.walled(stack[k]) { // between two frames
			kinds[k] = apart
			continue
		}
		box := layout.Box{X0: stack[0].from - 0.5*f.size, X1: stack[0].to + 0.5*f.size, Y0: stack[k-1].at, Y1: stack[k].at}
		switch rows := f.rowsOf(f.inside(box), partGap); {
		case len(rows) == 0:
			if stack[k].at-stack[k-1].at > 2*f.size {
				kinds[k] = apart
			}
		case f.isTabular(rows):
			kinds[k] = tabular
		case len(rows) > 1 || stack[k].at-stack[k-1].at > 2.6*f.size:
			kinds[k] = apart
		default:
			kinds[k] = other
		}
	}
	var out [][]level
	for first := 1; first < len(stack); {
		if kinds[first] != tabular {
			first++
			continue
		}
		last := first
		for k := first + 1; k < len(stack) && kinds[k] != apart; k++ {
			if kinds[k] == tabular {
				last = k
			}
		}
		out = append(out, stack[first-1:last+1])
		first = last + 1
	}
	return out
}

// walled tells whether vertical lines run down to a line of a stack at both of its ends.
func (f *frame) walled(l level) bool {
	wall := func(x float64) bool {
		return slices.ContainsFunc(f.vs, func(v segment) bool {
			return v.rule && near(v.at, x, 2) && v.from < l.at-f.size && v.to > l.at-2
		})
	}
	return wall(l.from) && wall(l.to)
}

// isTabular reports whether rows of text have columns and are no prose in columns: most have text in several columns, or some
// have and the others go on in one.
func (f *frame) isTabular(rows []row) bool {
	inner := f.columns(rows, 0.6)
	if len(inner) == 0 || f.prosaic(rows) || f.interrupted(rows) {
		return false
	}
	several, crossing := 0, 0
	for _, l := range f.linesIn(rows, slices.Concat([]float64{math.Inf(-1)}, inner, []float64{math.Inf(1)})) {
		if len(l.parts) > 1 {
			several++
		} else if l.crosses {
			crossing++
		}
	}
	return several > 0 && (5*several >= 2*len(rows) || 5*crossing <= len(rows))
}

// interrupted reports whether lines of running text, a caption or a heading stand between rows with columns.
func (f *frame) interrupted(rows []row) bool {
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		for _, p := range r.parts {
			low, high = min(low, p.x0), max(high, p.x1)
		}
	}
	n := 0
	for _, r := range rows {
		if len(r.parts) == 1 && r.parts[0].x1-r.parts[0].x0 > 0.55*(high-low) && len(r.parts[0].words) > 4 {
			n++
		}
	}
	return n > 1
}

// prosaic reports whether most of the text is running text: lines whose parts are all long.
func (f *frame) prosaic(rows []row) bool {
	long, all := 0, 0
	for _, r := range rows {
		n, short := 0, false
		for _, p := range r.parts {
			k := f.characters(p.words)
			n += k
			short = short || k <= 34 || len(p.words) <= 5
		}
		all += n
		if !short {
			long += n
		}
	}
	return 10*long > 6*all && len(rows) > 3
}

// stackGrid makes a grid of lines and the text between, nil when it is no table.
func (f *frame) stackGrid(run []level) *grid {
	if len(run) < 2 {
		return nil
	}
	from, to := run[0].from, run[0].to
	box := layout.Box{X0: from - 0.5*f.size, X1: to + 0.5*f.size, Y0: run[0].at, Y1: run[len(run)-1].at}
	words := f.inside(box)
	if len(words) < 2 {
		return nil
	}
	rows := f.rowsOf(words, partGap)
	inner := f.columns(rows, 0.6)
	if len(inner) == 0 {
		return nil
	}
	if len(run) == 2 {
		lower := f.rowsBelow(rows, box)
		lower = lower[:min(len(lower), maxPlaces/(len(inner)+1))]
		if more := f.columns(slices.Concat(rows, lower), 0.6); len(more) == len(inner) {
			inner = more
		}
		f.clear(inner, lower)
	}
	g := &grid{f: f, words: words, ruled: true}
	g.xs = slices.Concat([]float64{from}, inner, []float64{to})
	g.xs[0], g.xs[len(g.xs)-1] = min(from, inner[0]-f.size), max(to, inner[len(inner)-1]+f.size)
	for _, l := range run {
		g.ys = append(g.ys, l.at)
	}
	above, below := f.beyond(g, box)
	if g.words = slices.Concat(words, above, below); len(words) < 4 && len(below) == 0 {
		return nil
	}
	for len(run) > 2 && f.otherColumns(run, inner, box) {
		return f.stackGrid(run[1:])
	}
	full := 0
	for k := 1; k < len(run); k++ {
		if len(f.inside(layout.Box{X0: box.X0, X1: box.X1, Y0: run[k-1].at, Y1: run[k].at})) > 0 {
			full++
		}
	}
	// Rules inside, shorter than the outer ones, bound rows as well.
	for _, s := range f.hs {
		if s.at > box.Y0 && s.at < box.Y1 && s.from >= from-f.size && s.to <= to+f.size &&
			!slices.ContainsFunc(g.ys, func(y float64) bool { return near(y, s.at, sameLine*f.size) }) {
			g.ys = append(g.ys, s.at)
		}
	}
	slices.Sort(g.ys)
	lines := len(rows)
	g.heading = g.firstRule(run)
	if len(above) > 0 {
		g.heading = run[0].at
	}
	g.refineRows(full >= 4 && lines <= 2*full)
	if !g.lay() || !g.occupied() || !g.convincing(true) || len(run) == 2 && g.columnar(g.places()) {
		return nil
	}
	return g
}

// otherColumns reports whether what stands between the first two lines has several lines of text that do not keep to the columns.
func (f *frame) otherColumns(run []level, inner []float64, box layout.Box) bool {
	rows := f.rowsOf(f.inside(layout.Box{X0: box.X0, X1: box.X1, Y0: run[0].at, Y1: run[1].at}), partGap)
	if len(rows) < 3 {
		return false
	}
	crossing := 0
	for _, l := range f.linesIn(rows, slices.Concat([]float64{run[0].from}, inner, []float64{run[0].to})) {
		if l.crosses || l.filled < 2 {
			crossing++
		}
	}
	return 2*crossing > len(rows)
}

// firstRule is the height of the line below the header of a table that has one above it, one below it and one at its end.
func (g *grid) firstRule(run []level) float64 {
	for k := 1; k+1 < len(run); k++ {
		if run[k].at-run[0].at > 0.8*g.f.size {
			return run[k].at
		}
	}
	return 0
}

// beyond takes the rows of text above the first and below the last line that stand in the columns, and moves the bounds.
func (f *frame) beyond(g *grid, box layout.Box) (above, below []int) {
	const (
		reach  = 12 // sizes of the text
		header = 4  // lines above at most
	)
	limit := f.rowGap(f.rowsOf(f.inside(box), partGap), box)
	up := f.rowsOf(f.inside(layout.Box{X0: box.X0, X1: box.X1, Y0: box.Y0 - reach*f.size, Y1: box.Y0}), partGap)
	edge, first := box.Y0, len(up)
	for k := len(up) - 1; k >= 0 && len(up)-k <= header; k-- {
		if edge-up[k].y1 > limit || len(up)-k == header && first < len(up) && up[first].y0-up[k].y1 > 0.45*f.size {
			break
		}
		edge = up[k].y0
		if f.fits(up[k], g.xs) {
			first = k
		} else if !f.within(up[k], g.xs) { // else the second line of texts that begin above
			break
		}
	}
	for _, r := range up[first:] {
		above = append(above, r.words...)
	}
	g.ys = slices.Insert(g.ys, 0, f.rowBounds(up[first:])...)
	down := f.rowsOf(f.inside(layout.Box{X0: box.X0, X1: box.X1, Y0: box.Y1, Y1: math.Inf(1)}), partGap)
	edge = box.Y1
	for _, r := range down {
		if r.y0-edge > limit || !f.fits(r, g.xs) && (len(below) == 0 || r.y0-edge > 0.4*f.size || !f.within(r, g.xs)) {
			break
		}
		edge = r.y1
		below = append(below, r.words...)
	}
	if len(below) > 0 {
		g.ys = append(g.ys, edge+0.1*f.size)
	}
	return above, below
}

// rowsBelow are the rows that follow closely below a table, most of several parts: where lines bound its header alone, they tell more
// of the columns.
func (f *frame) rowsBelow(rows []row, box layout.Box) []row {
	down := f.rowsOf(f.inside(layout.Box{X0: box.X0, X1: box.X1, Y0: box.Y1, Y1: math.Inf(1)}), partGap)
	limit, edge := f.rowGap(rows, box), box.Y1
	n := 0
	for k, r := range down {
		gap := r.y0 - edge
		if gap > limit || len(r.parts) == 1 && (gap > 0.4*f.size || r.parts[0].x1-r.parts[0].x0 > 0.5*box.Width()) {
			break
		}
		if edge = r.y1; len(r.parts) > 1 {
			n = k + 1
		}
	}
	return down[:n]
}

// clear moves bounds between columns out of texts that run over them but end before the next column begins.
func (f *frame) clear(bounds []float64, rows []row) {
	for k, b := range bounds {
		from, to := math.Inf(-1), math.Inf(1)
		if k > 0 {
			from = bounds[k-1]
		}
		if k+1 < len(bounds) {
			to = bounds[k+1]
		}
		left := to // edge of the next column
		for _, r := range rows {
			for _, p := range r.parts {
				if p.x0 >= b && p.x0 < to {
					left = min(left, p.x0)
				}
			}
		}
		if math.IsInf(left, 1) || left == to {
			continue
		}
		right := b
		for _, r := range rows {
			for _, p := range r.parts {
				if p.x0 >= from && p.x0 < b && p.x1 < left-0.3*f.size {
					right = max(right, p.x1)
				}
			}
		}
		if right > b {
			bounds[k] = mid(right, left)
		}
	}
}

// rowGap is how far a row may stand from a table whose rows are given: a little further than these from each other, or than twice as far
// as they from the line below them.
func (f *frame) rowGap(rows []row, box layout.Box) float64 {
	const least, most = 0.8, 1.8 // sizes of the text
	if len(rows) == 0 {
		return least * f.size
	}
	gaps := make([]float64, 0, len(rows))
	for k := 1; k < len(rows); k++ {
		gaps = append(gaps, rows[k].y0-rows[k-1].y1)
	}
	return min(max(least*f.size, 1.2*median(gaps), 2.5*(box.Y1-rows[len(rows)-1].y1)), most*f.size)
}

// rowBounds are the upper bounds of rows above a table: lines without numbers that follow each other closely are one header row.
func (f *frame) rowBounds(rows []row) []float64 {
	var out []float64
	for k, r := range rows {
		if k > 0 && r.y0-rows[k-1].y1 < 0.45*f.size && !f.numbered(r) && !f.numbered(rows[k-1]) {
			continue
		}
		out = append(out, r.y0-0.1*f.size)
	}
	return out
}

// numbered reports whether a part of a row is a number.
func (f *frame) numbered(r row) bool {
	return slices.ContainsFunc(r.parts, func(p part) bool { return f.numeric(p.words) })
}

// fits reports whether a row of text stands in the columns, in half of them and two at least.
func (f *frame) fits(r row, xs []float64) bool {
	return len(r.parts) >= 2 && 2*len(r.parts) >= len(xs)-1 && f.within(r, xs)
}

// within reports whether each part of a row stands in a column of its own.
func (f *frame) within(r row, xs []float64) bool {
	last := -1
	for _, p := range r.parts {
		a, b := between(xs, p.x0+0.3*f.size), between(xs, p.x1-0.3*f.size)
		if a != b || a == last {
			return false
		}
		last = a
	}
	return true
}
