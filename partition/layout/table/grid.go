package table

import (
	"cmp"
	"math"
	"slices"

	"github.com/sluicehq/sluice/partition/layout"
)

// grid is a table on its way: the bounds of its columns and rows, and what stands in it.
type grid struct {
	f       *frame
	xs, ys  []float64
	words   []int
	heading float64 // y above which a drawn rule says that the header is, 0 when none does
	ruled   bool

	pieces []piece
	// right and down tell that a drawn line bounds a place on its left and at its top: [row][column].
	left, top           [][]bool
	hardLeft, hardTop   []bool // most of the bound is drawn
	joinLeft, joinAbove [][]bool
	filled              [][]bool
}

// piece is a word, or a part of one that crosses a drawn line, in its place.
type piece struct {
	word, from, to int
	box            layout.Box
	row, column    int
}

func (g *grid) rows() int    { return len(g.ys) - 1 }
func (g *grid) columns() int { return len(g.xs) - 1 }

// lay puts the words into their places and finds which places are one cell. It reports false for a grid that is too large or
// has less than two rows or columns of text.
func (g *grid) lay() bool {
	if g.rows() < 1 || g.columns() < 2 || g.rows()*g.columns() > maxPlaces {
		return false
	}
	g.drawn()
	g.place()
	if g.prune() {
		if g.rows() < 1 || g.columns() < 2 {
			return false
		}
		g.drawn()
		g.place()
	}
	g.merge()
	g.spread()
	return true
}

// drawn reads from the segments which bounds of places are drawn.
func (g *grid) drawn() {
	g.left, g.hardLeft = covered(g.f.vs, g.xs, g.ys, g.f.size)
	top, hard := covered(g.f.hs, g.ys, g.xs, g.f.size)
	g.hardTop = hard
	g.top = make([][]bool, g.rows())
	for r := range g.top {
		g.top[r] = make([]bool, g.columns())
		for c := range g.top[r] {
			g.top[r][c] = top[c][r]
		}
	}
}

// covered tells for each strip between two of across and each of bounds whether segments along the bound cover it, and
// which bounds rules cover for the most part, or grounds nearly everywhere: those of every second row tell nothing of the
// rows between.
func covered(segments []segment, bounds, across []float64, size float64) (cover [][]bool, hard []bool) {
	n := len(across) - 1
	lengths := make([]float64, n*len(bounds))
	rules := make([]float64, n*len(bounds))
	for _, s := range segments {
		b := nearest(bounds, s.at)
		if !near(bounds[b], s.at, 0.6*size) {
			continue
		}
		first := between(across, s.from)
		for k := first; k < n && across[k] < s.to; k++ {
			length := max(0, min(s.to, across[k+1])-max(s.from, across[k]))
			lengths[k*len(bounds)+b] += length
			if s.rule {
				rules[k*len(bounds)+b] += length
			}
		}
	}
	cover, hard = make([][]bool, n), make([]bool, len(bounds))
	counts, drawn := make([]int, len(bounds)), make([]int, len(bounds))
	for k := range n {
		cover[k] = make([]bool, len(bounds))
		for b := range bounds {
			if lengths[k*len(bounds)+b] >= 0.6*(across[k+1]-across[k]) {
				cover[k][b] = true
				counts[b]++
			}
			if rules[k*len(bounds)+b] >= 0.6*(across[k+1]-across[k]) {
				drawn[b]++
			}
		}
	}
	for b := range bounds {
		hard[b] = 2*drawn[b] >= n || 10*counts[b] >= 8*n
	}
	return cover, hard
}

func nearest(bounds []float64, at float64) int {
	i, _ := slices.BinarySearch(bounds, at)
	if i == len(bounds) || i > 0 && at-bounds[i-1] < bounds[i]-at {
		i--
	}
	return i
}

// place puts each word into the place of its middle. A word that a drawn line crosses is cut there.
func (g *grid) place() {
	g.pieces = g.pieces[:0]
	g.filled = make([][]bool, g.rows())
	for r := range g.filled {
		g.filled[r] = make([]bool, g.columns())
	}
	for _, i := range g.words {
		w := g.f.words[i]
		p := piece{word: i, from: w.from, to: w.to, box: w.box, row: between(g.ys, (w.box.Y0+w.box.Y1)/2)}
		p.column = between(g.xs, (w.box.X0+w.box.X1)/2)
		first, last := between(g.xs, w.box.X0), between(g.xs, w.box.X1)
		cut := false
		for c := first + 1; c <= last && !cut; c++ {
			cut = g.left[p.row][c] && w.to-w.from > 1 && w.turn == g.f.turn
		}
		if !cut {
			g.add(p)
			continue
		}
		glyphs := g.f.lines[w.line].Glyphs
		p.to = p.from
		for k := w.from; k < w.to; k++ {
			b := g.f.in(glyphs[k].Box)
			c := between(g.xs, (b.X0+b.X1)/2)
			if p.to > p.from && c != p.column && g.left[p.row][max(c, p.column)] {
				g.add(p)
				p.from, p.to = k, k
			}
			if p.to == p.from {
				p.box = b
			}
			p.to, p.box = k+1, p.box.Union(b)
			p.column = c
		}
		g.add(p)
	}
}

func (g *grid) add(p piece) {
	g.pieces = append(g.pieces, p)
	g.filled[p.row][p.column] = true
}

// prune takes out bounds that part nothing: columns and rows without text that are too small for any, or that no drawn line
// makes, and reports whether there were some.
func (g *grid) prune() bool {
	size := g.f.size
	columns, rows := make([]bool, g.columns()), make([]bool, g.rows())
	for r := range g.filled {
		for c, full := range g.filled[r] {
			columns[c] = columns[c] || full
			rows[r] = rows[r] || full
		}
	}
	before := len(g.xs) + len(g.ys)
	g.xs = pruned(g.xs, columns, g.hardLeft, 1.2*size)
	g.ys = pruned(g.ys, rows, g.hardTop, 0.9*size)
	return len(g.xs)+len(g.ys) < before
}

func pruned(bounds []float64, full, hard []bool, least float64) []float64 {
	drop := make([]bool, len(bounds))
	for k := range full {
		if full[k] || bounds[k+1]-bounds[k] >= least && hard[k] && hard[k+1] {
			continue
		}
		switch last := len(bounds) - 1; {
		case k == 0:
			drop[0] = true
		case k+1 == last:
			drop[last] = true
		case hard[k] && !hard[k+1]:
			drop[k+1] = true
		default:
			drop[k] = true
		}
	}
	var out []float64
	for i, b := range bounds {
		if !drop[i] {
			out = append(out, b)
		}
	}
	return out
}

// merge decides which places belong to one cell. Where a bound that is drawn elsewhere is missing, the cell goes on; where
// none is drawn at all, it goes on only when its text does.
func (g *grid) merge() {
	rows, columns := g.rows(), g.columns()
	g.joinLeft, g.joinAbove = make([][]bool, rows), make([][]bool, rows)
	for r := range rows {
		g.joinLeft[r], g.joinAbove[r] = make([]bool, columns), make([]bool, columns)
	}
	parted, crossed := g.texts()
	for r := range rows {
		for c := 1; c < columns; c++ {
			if g.left[r][c] {
				continue
			}
			switch {
			case crossed[r][c]:
				g.joinLeft[r][c] = true
			case g.hardLeft[c]:
				g.joinLeft[r][c] = !parted[r][c]
			}
		}
	}
	for r := range rows {
		g.keepApart(r)
	}
	for r := 1; r < rows; r++ {
		partly := false
		for c := range columns {
			partly = partly || g.top[r][c]
		}
		header := g.heading > 0 && g.ys[r] < g.heading-0.5*g.f.size
		over := g.over(r)
		for c := range columns {
			if g.top[r][c] {
				continue
			}
			switch {
			case g.hardTop[r], over[c]:
				g.joinAbove[r][c] = true
			case header && (partly || g.parted(r)):
				g.joinAbove[r][c] = g.filled[r][c] != g.filled[r-1][c] && g.alone(r, c)
			}
		}
	}
}

// parted reports whether both rows at a bound hold text that the other has no counterpart for: a header of two rows.
func (g *grid) parted(r int) bool {
	fresh, ended := false, false
	for c := range g.columns() {
		fresh = fresh || g.filled[r][c] && !g.filled[r-1][c]
		ended = ended || !g.filled[r][c] && g.filled[r-1][c]
	}
	return fresh && ended
}

// alone reports whether column c is filled in one of the rows at bound r and the row that it is not filled in has no text that
// may reach over it: the cell spans both rows.
func (g *grid) alone(r, c int) bool {
	if g.filled[r-1][c] {
		return !g.filled[r][c] && !g.joinLeft[r-1][c] && (c+1 == g.columns() || !g.joinLeft[r-1][c+1])
	}
	// Nothing above: a text to the left or right may head this column. Only at the edges of the table none does.
	for k := range g.columns() {
		if g.filled[r-1][k] {
			return c == 0
		}
	}
	return false
}

// spread widens the texts of header rows over the columns that they head: columns that the row leaves empty and the row below
// fills belong to the text beside them, or to that of two in the middle of whose columns it stands better.
func (g *grid) spread() {
	for r := 0; r+1 < g.rows(); r++ {
		if !g.heads(r) {
			return
		}
		filled, below := g.extents(r), g.extents(r+1)
		for c := 1; c < g.columns(); {
			open := func(c int) bool {
				return c < g.columns() && filled[c].words == 0 && !g.joinLeft[r][c] && !g.joinAbove[r+1][c] && below[c].words > 0
			}
			if !open(c) {
				c++
				continue
			}
			end := c
			for open(end) && (end == c || !g.left[r][end]) {
				end++
			}
			// What stands on both sides of the columns c to end-1.
			left, right := c-1, end
			before := filled[left].words > 0 || g.joinLeft[r][left]
			before = before && !g.joinAbove[r+1][left] && !g.left[r][c]
			after := right < g.columns() && filled[right].words > 0 && !g.joinAbove[r+1][right] && !g.left[r][right]
			split := c // columns before it go to the left, the others to the right
			switch {
			case before && after:
				first := left
				for first > 0 && g.joinLeft[r][first] {
					first--
				}
				split = end
				best := 0.8 * g.f.size
				if filled[first].words > 0 {
					at := mid(filled[first].x0, max(filled[first].x1, filled[left].x1))
					for k := c; k <= end; k++ {
						if d := math.Abs(mid(below[first].x0, below[k-1].x1) - at); d < best {
							best, split = d, k
						}
					}
				}
			case before:
				split = end
			}
			if before {
				for k := c; k < split; k++ {
					g.joinLeft[r][k] = true
				}
			}
			if after && (before || c > 0) {
				for k := max(split, c) + 1; k <= right; k++ {
					g.joinLeft[r][k] = true
				}
			}
			c = end + 1
		}
	}
}

// heads reports whether row r is a header row above another: it has a text over several columns, or leaves columns empty that
// the next row, without numbers but years, fills.
func (g *grid) heads(r int) bool {
	if g.heading > 0 {
		return g.ys[r+2] <= g.heading+0.5*g.f.size
	}
	if r > 2 {
		return false
	}
	above, below := 0, 0
	for _, p := range g.pieces {
		w := g.f.words[p.word]
		switch {
		case p.row == r && w.numeric(), p.row == r+1 && w.numeric() && !year(w):
			return false
		case p.row == r:
			above++
		case p.row == r+1:
			below++
		}
	}
	return above > 0 && below > 0 && (g.joined(r) || r > 0 && g.joinedAbove(r))
}

// year reports whether a word may be one.
func year(w word) bool { return w.digits == 4 && w.letters == 0 && w.others == 0 }

// extent is where the text of a place stands.
type extent struct {
	x0, x1 float64
	words  int
}

func (g *grid) extents(r int) []extent {
	out := make([]extent, g.columns())
	for _, p := range g.pieces {
		if p.row != r {
			continue
		}
		e := &out[p.column]
		if e.words == 0 {
			e.x0, e.x1 = p.box.X0, p.box.X1
		}
		e.x0, e.x1 = min(e.x0, p.box.X0), max(e.x1, p.box.X1)
		e.words++
	}
	return out
}

// over tells for each column whether a text stands across the bound above row r.
func (g *grid) over(r int) []bool {
	out := make([]bool, g.columns())
	for _, p := range g.pieces {
		if h := p.box.Height(); p.box.Y0 < g.ys[r]-0.25*h && p.box.Y1 > g.ys[r]+0.25*h {
			out[p.column] = true
		}
	}
	return out
}

// keepApart undoes in a row the joining of places over which several texts stand apart from each other: where a table
// leaves out the lines of a row, its columns are still there.
func (g *grid) keepApart(r int) {
	for c := 1; c < g.columns(); {
		if !g.joinLeft[r][c] {
			c++
			continue
		}
		first := c - 1
		for c < g.columns() && g.joinLeft[r][c] {
			c++
		}
		texts := 0
		for k := first; k < c; k++ {
			if g.filled[r][k] {
				texts++
			}
		}
		if texts < 2 {
			continue
		}
		parted, crossed := g.texts()
		apart := false
		for k := first + 1; k < c; k++ {
			apart = apart || g.separate(r, first, k, c)
		}
		if apart {
			for k := first + 1; k < c; k++ {
				g.joinLeft[r][k] = crossed[r][k] && !parted[r][k]
			}
		}
	}
}

// separate reports whether the texts of a row's columns first to k-1 and k to end-1 stand well apart.
func (g *grid) separate(r, first, k, end int) bool {
	left, right := false, false
	x0, x1 := g.xs[first], g.xs[end]
	for _, p := range g.pieces {
		if p.row != r || p.column < first || p.column >= end {
			continue
		}
		if p.column < k {
			left = true
			x0 = max(x0, p.box.X1)
		} else {
			right = true
			x1 = min(x1, p.box.X0)
		}
	}
	return left && right && x1-x0 >= partGap*g.f.size
}

// texts tells for each place whether the bound on its left parts two texts of its row, and whether a text crosses it.
func (g *grid) texts() (parted, crossed [][]bool) {
	rows, columns := g.rows(), g.columns()
	parted, crossed = make([][]bool, rows), make([][]bool, rows)
	byRow := make([][]int, rows)
	for r := range rows {
		parted[r], crossed[r] = make([]bool, columns), make([]bool, columns)
	}
	for i, p := range g.pieces {
		byRow[p.row] = append(byRow[p.row], i)
	}
	size := g.f.size
	for r, members := range byRow {
		slices.SortFunc(members, func(a, b int) int {
			x, y := g.pieces[a].box, g.pieces[b].box
			return cmp.Or(cmp.Compare(x.X0, y.X0), cmp.Compare(a, b))
		})
		for k, i := range members {
			p := g.pieces[i]
			first, last := between(g.xs, p.box.X0+0.3*size), between(g.xs, p.box.X1-0.3*size)
			for c := first + 1; c <= last; c++ {
				crossed[r][c] = true
			}
			// The word to the left on the same line tells whether a space or a gap lies over a bound.
			for j := k - 1; j >= 0 && k-j < 64; j-- {
				q := g.pieces[members[j]]
				if shared := min(p.box.Y1, q.box.Y1) - max(p.box.Y0, q.box.Y0); shared < 0.8*min(p.box.Height(), q.box.Height()) {
					continue
				}
				if q.column < p.column {
					gap := p.box.X0 - q.box.X1
					for c := q.column + 1; c <= p.column; c++ {
						if gap < 0.45*size && !g.f.seamed(q.box.X1, p.box.X0, mid(p.box.Y0, p.box.Y1)) {
							crossed[r][c] = true
						} else {
							parted[r][c] = true
						}
					}
				}
				break
			}
		}
	}
	return parted, crossed
}

// cells makes the table: rectangles of joined places with the lines of text in them.
func (g *grid) cells() layout.Table {
	rows, columns := g.rows(), g.columns()
	t := layout.Table{Rows: rows, Columns: columns, Ruled: g.ruled}
	owner := make([][]int, rows)
	for r := range owner {
		owner[r] = make([]int, columns)
		for c := range owner[r] {
			owner[r][c] = -1
		}
	}
	for r := range rows {
		for c := range columns {
			if owner[r][c] >= 0 {
				continue
			}
			w := 1
			for c+w < columns && owner[r][c+w] < 0 && g.joinLeft[r][c+w] {
				w++
			}
			h := 1
			for r+h < rows && g.goesOn(r+h, c, w, owner[r+h]) {
				h++
			}
			for y := r; y < r+h; y++ {
				for x := c; x < c+w; x++ {
					owner[y][x] = len(t.Cells)
				}
			}
			t.Cells = append(t.Cells, layout.Cell{
				Row: r, Column: c, RowSpan: h, ColumnSpan: w,
				Box: g.f.out(layout.Box{X0: g.xs[c], Y0: g.ys[r], X1: g.xs[c+w], Y1: g.ys[r+h]}),
			})
		}
	}
	held := make([][]piece, len(t.Cells))
	for _, p := range g.pieces {
		k := owner[p.row][p.column]
		held[k] = append(held[k], p)
	}
	for k := range t.Cells {
		t.Cells[k].Lines = g.f.linesOf(held[k])
	}
	t.Box = g.f.out(layout.Box{X0: g.xs[0], Y0: g.ys[0], X1: g.xs[columns], Y1: g.ys[rows]})
	for _, p := range g.pieces { // text may stand over the lines a little
		t.Box = t.Box.Union(g.f.out(p.box))
	}
	return t
}

// goesOn reports whether a cell of w columns from c takes in the row r.
func (g *grid) goesOn(r, c, w int, owner []int) bool {
	for x := c; x < c+w; x++ {
		if owner[x] >= 0 || !g.joinAbove[r][x] || x > c && !g.joinLeft[r][x] {
			return false
		}
	}
	return (c+w == g.columns() || !g.joinLeft[r][c+w]) && (c == 0 || !g.joinLeft[r][c])
}

// linesOf makes lines of the pieces of a cell, each direction of text for itself.
func (f *frame) linesOf(pieces []piece) []layout.Line {
	if len(pieces) == 0 {
		return nil
	}
	var out []layout.Line
	for turn := layout.Right; turn <= layout.Up; turn++ {
		var boxes []layout.Box
		var members []piece
		for _, p := range pieces {
			if f.words[p.word].turn == turn {
				members = append(members, p)
				boxes = append(boxes, turned(f.out(p.box), turn))
			}
		}
		out = append(out, f.linesAlong(turn, members, boxes)...)
	}
	return out
}

func (f *frame) linesAlong(turn layout.Turn, pieces []piece, boxes []layout.Box) []layout.Line {
	order := make([]int, len(pieces))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(boxes[a].Y0+boxes[a].Y1, boxes[b].Y0+boxes[b].Y1), cmp.Compare(boxes[a].X0, boxes[b].X0))
	})
	var lines [][]int
	var band layout.Box
	for _, i := range order {
		b := boxes[i]
		if n := len(lines); n > 0 && min(b.Y1, band.Y1)-max(b.Y0, band.Y0) > 0.5*min(b.Height(), band.Height()) {
			lines[n-1] = append(lines[n-1], i)
			if b.Height() > band.Height() {
				band = b
			}
			continue
		}
		lines, band = append(lines, []int{i}), b
	}
	var out []layout.Line
	for _, members := range lines {
		f.sortAlong(members, pieces, boxes, turn == f.turn && f.flip)
		l := layout.Line{Turn: turn, Box: boxes[members[0]]}
		for k, i := range members {
			p := pieces[i]
			w := f.words[p.word]
			if k > 0 {
				before := pieces[members[k-1]]
				// Halves of a word that was cut on both sides of a space come together as they were.
				if before.word != p.word || before.to != p.from {
					if !f.adjoin(before, p) {
						l.Glyphs = append(l.Glyphs, layout.Glyph{Text: " ", Turn: turn, Space: true})
					}
				}
			}
			l.Glyphs = append(l.Glyphs, f.lines[w.line].Glyphs[p.from:p.to]...)
			l.Box = l.Box.Union(boxes[i])
		}
		l.Box = back(l.Box, turn)
		out = append(out, l)
	}
	return out
}

// sortAlong brings the pieces of a line of text into reading order: lines of the page in the direction of the text, what is of
// one of them as it stands there.
func (f *frame) sortAlong(members []int, pieces []piece, boxes []layout.Box, leftward bool) {
	start := map[int]float64{}
	place := func(i int) float64 {
		if leftward {
			return -boxes[i].X1
		}
		return boxes[i].X0
	}
	for _, i := range members {
		line := f.words[pieces[i].word].line
		if x, ok := start[line]; !ok || place(i) < x {
			start[line] = place(i)
		}
	}
	slices.SortFunc(members, func(a, b int) int {
		x, y := f.words[pieces[a].word].line, f.words[pieces[b].word].line
		return cmp.Or(cmp.Compare(start[x], start[y]), cmp.Compare(x, y), cmp.Compare(pieces[a].from, pieces[b].from))
	})
}

// adjoin reports whether two pieces follow each other without a space on the page.
func (f *frame) adjoin(a, b piece) bool {
	x, y := f.words[a.word], f.words[b.word]
	if x.line != y.line || x.turn != y.turn {
		return b.box.X0-a.box.X1 < 0.1*f.size && x.line != y.line && x.turn == f.turn && b.box.X0 >= a.box.X1-0.1*f.size
	}
	return a.to == b.from
}
