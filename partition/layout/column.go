package layout

import (
	"cmp"
	"math"
	"slices"
)

// item is what columns are made of.
type item struct {
	box  Box
	em   float64
	kind itemKind
	at   int // index into the lines, tables or figures of the flow
}

type itemKind uint8

const (
	lineItem itemKind = iota
	tableItem
	figureItem
	fieldItem
	ruleItem  // a horizontal rule, which parts what stands above it from what stands below
	frameItem // what stands in a frame
)

// columns cuts the items of a page into runs that read from top to bottom, in reading order.
func (f *flow) columns() [][]item {
	if len(f.items) == 0 {
		return nil
	}
	c := columnCutter{rtl: f.rtl, lines: f.lines}
	c.cut(f.items, 0)
	return f.unframed(c.out)
}

type columnCutter struct {
	rtl   bool
	lines []textLine
	out   [][]item
}

// The measures of columns.
const (
	maxColumnCuts = 32  // nesting of cuts
	minGutter     = 5.0 // points
	bandLines     = 2.5 // height of text on both sides of a gutter that makes it one, in em
)

// cut finds the gutters of a group of items. One that runs through the whole group parts it from side to side; one that a few wide
// items cross parts it into bands from top to bottom.
func (c *columnCutter) cut(items []item, depth int) {
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Or(cmp.Compare(a.box.Y0, b.box.Y0), cmp.Compare(a.box.X0, b.box.X0)) })
	if depth >= maxColumnCuts || len(items) < 2 {
		c.leaf(items)
		return
	}
	best, score := gutter{}, 0.0
	size := meanSize(items)
	for _, g := range c.gutters(items) {
		if s := c.score(items, &g, size); s > score {
			best, score = g, s
		}
	}
	if score == 0 {
		c.leaf(items)
		return
	}
	if !best.crossed {
		var left, right []item
		for _, it := range items {
			switch {
			case it.kind == ruleItem && it.box.X0 < best.x && it.box.X1 > best.x:
			case it.box.X0+it.box.X1 < 2*best.x:
				left = append(left, it)
			default:
				right = append(right, it)
			}
		}
		if len(left) == 0 || len(right) == 0 {
			c.leaf(items)
			return
		}
		if c.rtl {
			left, right = right, left
		}
		if y, ok := c.section(left, right, size); ok {
			k := slices.IndexFunc(items, func(it item) bool { return it.box.Y0 >= y })
			c.cut(items[:k:k], depth+1)
			c.cut(items[k:], depth+1)
			return
		}
		c.cut(left, depth+1)
		c.cut(right, depth+1)
		return
	}
	bands := c.bands(items, &best, size)
	if len(bands) < 2 {
		c.leaf(items)
		return
	}
	for _, band := range bands {
		c.cut(band, depth+1)
	}
}

// section finds a heading that stands over both of two columns though it is too short to reach the second: nothing stands beside
// it, and the columns below it begin on one line. It returns the heading's upper edge.
func (c *columnCutter) section(first, second []item, size float64) (y float64, ok bool) {
	heads := func(it item) bool {
		if it.kind != lineItem {
			return false
		}
		l := &c.lines[it.at]
		return l.em > 1.1*size || l.style.isBold()
	}
	k := 0
	for i := 0; i < len(first); i++ {
		if !heads(first[i]) || i > 0 && heads(first[i-1]) {
			continue
		}
		top := first[i].box.Y0
		for k < len(second) && second[k].box.Y0 < top-0.2*size {
			k++
		}
		if i == 0 || k == 0 || k == len(second) || heads(second[k]) {
			continue
		}
		if slices.ContainsFunc(second[:k], func(it item) bool { return it.box.Y1 > top+0.5*size }) ||
			slices.ContainsFunc(first[:i], func(it item) bool { return it.box.Y1 > top+0.5*size }) {
			continue
		}
		const below = 4 // lines of a heading with what belongs to it
		for j := i + 1; j < min(len(first), i+1+below); j++ {
			if !heads(first[j]) && abs(first[j].box.Y0-second[k].box.Y0) < 0.4*size && second[k].box.Y0 > first[i].box.Y1-0.2*size {
				return top, true
			}
		}
	}
	return 0, false
}

// bands parts items into what crosses a gutter and what stands beside it between. Where what stands between makes no columns it
// stays with what is above it.
func (c *columnCutter) bands(items []item, g *gutter, size float64) [][]item {
	type band struct {
		items []item
		wide  bool
		y1    float64
	}
	var all []band
	for _, it := range items {
		n, crosses := len(all), g.crosses(it)
		switch {
		case n > 0 && (crosses == all[n-1].wide || all[n-1].wide && it.kind != ruleItem && it.box.Y1 <= all[n-1].y1+0.3*it.em):
			all[n-1].items = append(all[n-1].items, it)
			all[n-1].y1 = max(all[n-1].y1, it.box.Y1)
		default:
			all = append(all, band{[]item{it}, crosses, it.box.Y1})
		}
	}
	var out [][]item
	open := false // the last of out makes no columns
	for _, b := range all {
		plain := b.wide
		if !plain {
			var left, right []item
			for _, it := range b.items {
				switch {
				case it.kind == ruleItem:
				case it.box.X0+it.box.X1 < 2*g.x:
					left = append(left, it)
				default:
					right = append(right, it)
				}
			}
			plain = c.beside(left, right, g, size) == 0
		}
		if plain && open {
			out[len(out)-1] = append(out[len(out)-1], b.items...)
		} else {
			out = append(out, b.items)
		}
		open = plain
	}
	return out
}

// gutter is an upright strip that separates columns.
type gutter struct {
	x, half float64
	width   float64
	crossed bool // some items reach over it
}

func (g *gutter) crosses(it item) bool { return it.box.X0 < g.x-g.half && it.box.X1 > g.x+g.half }

// gutters returns the places where little stands, from the projection of the items on the x axis.
func (c *columnCutter) gutters(items []item) []gutter {
	x0, x1 := math.Inf(1), math.Inf(-1)
	for _, it := range items {
		if it.kind != ruleItem {
			x0, x1 = min(x0, it.box.X0), max(x1, it.box.X1)
		}
	}
	const step = 1.0 // points
	if !(x1-x0 > 20) || x1-x0 > 20000 {
		return nil
	}
	n := int((x1-x0)/step) + 2
	cover := make([]float64, n)
	for _, it := range items {
		if it.kind == ruleItem {
			continue
		}
		a, b := int((it.box.X0-x0)/step+0.5), int((it.box.X1-x0)/step-0.5)
		if b < a {
			b = a
		}
		height := it.box.Height()
		if it.kind != lineItem && it.box.Width() > 0.6*(x1-x0) { // it parts what stands above and below, however high it is
			height = min(height, 2*it.em)
		}
		cover[a] += height
		if b+1 < n {
			cover[b+1] -= height
		}
	}
	most := 0.0
	for i := 1; i < n; i++ {
		cover[i] += cover[i-1]
	}
	for _, v := range cover {
		most = max(most, v)
	}
	// Stretches over which little stands, for several measures of little: a page number or a heading in the middle of the page must not
	// hide the gutter that it stands in.
	var out []gutter
	for _, share := range [...]float64{0, 0.04, 0.1, 0.2, 0.35, 0.55} {
		limit := share*most + 0.5
		for i := 1; i < n-1; i++ {
			if cover[i] > limit || cover[i-1] <= limit {
				continue
			}
			j := i
			for j < n-1 && cover[j] <= limit {
				j++
			}
			if j == n-1 && cover[j] <= limit {
				break
			}
			g := gutter{x: x0 + float64(i+j-1)/2*step + step/2, half: 0.5, width: float64(j-i) * step}
			if !slices.ContainsFunc(out, func(o gutter) bool { return abs(o.x-g.x) < 1 && o.width >= g.width }) {
				out = append(out, g)
			}
			i = j
		}
	}
	const candidates = 24
	if len(out) > candidates {
		slices.SortStableFunc(out, func(a, b gutter) int { return cmp.Compare(b.width, a.width) })
		out = out[:candidates]
	}
	return out
}

// score is how much text stands side by side along a gutter, in points of height; 0 when the gutter parts nothing that should be
// read apart.
func (c *columnCutter) score(items []item, g *gutter, size float64) float64 {
	total, real := 0.0, false
	var left, right []item
	flush := func() {
		if s := c.beside(left, right, g, size); s > 0 {
			total += s
			real = true
		}
		left, right = left[:0], right[:0]
	}
	crossed := false
	for _, it := range items {
		switch {
		case g.crosses(it):
			crossed = true
			flush()
		case it.kind == ruleItem:
		case it.box.X0+it.box.X1 < 2*g.x:
			left = append(left, it)
		default:
			right = append(right, it)
		}
	}
	flush()
	if !real {
		return 0
	}
	if g.crossed = crossed; !crossed {
		total *= 1.25
	}
	return total
}

// meanSize is the mean size of the text of items, in points.
func meanSize(items []item) float64 {
	size, n := 0.0, 0
	for _, it := range items {
		if it.kind == lineItem {
			size += it.em
			n++
		}
	}
	if n == 0 {
		return 10
	}
	return size / float64(n)
}

// beside is the height over which items to the left and to the right of a gutter stand side by side; 0 where they do not make
// columns.
func (c *columnCutter) beside(left, right []item, g *gutter, size float64) float64 {
	if len(left) == 0 || len(right) == 0 {
		return 0
	}
	extent := func(items []item) (y0, y1, text float64, lines int, block bool) {
		y0, y1 = math.Inf(1), math.Inf(-1)
		for _, it := range items {
			y0, y1 = min(y0, it.box.Y0), max(y1, it.box.Y1)
			if it.kind == lineItem {
				lines++
				text += it.box.Width()
			} else {
				block = true
			}
		}
		return y0, y1, text, lines, block
	}
	ly0, ly1, lt, ln, lb := extent(left)
	ry0, ry1, rt, rn, rb := extent(right)
	shared := min(ly1, ry1) - max(ly0, ry0)
	needed := bandLines * size
	if ln > 2 && rn > 2 && min(lt/float64(max(ln, 1)), rt/float64(max(rn, 1))) > 10*size { // lines of text
		needed = 1.8 * size
	}
	if shared < 0.8*size || shared < needed && !lb && !rb {
		return 0
	}
	if g.width < max(minGutter, 0.5*size) && (ln < 6 || rn < 6) || g.width < 0.35*size {
		return 0
	}
	if !lb && !rb && c.pairs(left, right, lt/float64(max(ln, 1)), rt/float64(max(rn, 1)), size) {
		return 0
	}
	return shared
}

// pairs tells whether what stands left and right of a gutter are rows of short entries (a name and its value, a word and a page
// number) rather than columns of text: then it is read row by row.
func (c *columnCutter) pairs(left, right []item, leftWidth, rightWidth, size float64) bool {
	matched := 0
	k := 0
	for _, l := range left {
		y := (l.box.Y0 + l.box.Y1) / 2
		for k < len(right) && (right[k].box.Y0+right[k].box.Y1)/2 < y-0.45*size {
			k++
		}
		if k < len(right) && (right[k].box.Y0+right[k].box.Y1)/2 <= y+0.45*size {
			matched++
		}
	}
	fewer := min(len(left), len(right))
	if matched < fewer && (fewer < 5 || matched < fewer-1-fewer/8) || fewer < 2 {
		return false
	}
	const short = 9 // em
	narrow := min(leftWidth, rightWidth)
	if narrow > short*size {
		return false
	}
	if c.headed(left) && c.headed(right) { // two addresses under a heading each
		return false
	}
	// Numbers to the right, or labels that end in a colon, and as many of one as of the other.
	colons, numbers := 0, 0
	for _, l := range left {
		if l.kind == lineItem && c.lines[l.at].last() == ':' {
			colons++
		}
	}
	for _, r := range right {
		if r.kind == lineItem && c.lines[r.at].numeric() {
			numbers++
		}
	}
	return 2*colons >= len(left) || 2*numbers >= len(right) || len(left) == len(right) && narrow < 6*size
}

// headed tells whether the first of several lines is bold, or larger, and the others are not.
func (c *columnCutter) headed(items []item) bool {
	if len(items) < 3 || items[0].kind != lineItem {
		return false
	}
	first := &c.lines[items[0].at]
	for _, it := range items[1:] {
		if it.kind != lineItem {
			return false
		}
		if l := &c.lines[it.at]; l.style.isBold() && l.em > 0.95*first.em || l.em > 1.05*first.em {
			return false
		}
	}
	return first.last() != ':' && (first.style.isBold() || first.em > 1.1*c.lines[items[1].at].em)
}

// leaf ends the cutting: rows from top to bottom, in a row from the side where reading begins.
func (c *columnCutter) leaf(items []item) {
	kept := make([]item, 0, len(items))
	for _, it := range items {
		if it.kind != ruleItem {
			kept = append(kept, it)
		}
	}
	if len(kept) == 0 {
		return
	}
	for i := 0; i < len(kept); {
		// A row: what overlaps its first item by more than half of the smaller height.
		j, y0, y1 := i+1, kept[i].box.Y0, kept[i].box.Y1
		for j < len(kept) {
			b := kept[j].box
			if shared := min(y1, b.Y1) - max(y0, b.Y0); shared < 0.5*min(y1-y0, b.Height()) {
				break
			}
			if kept[j].kind != lineItem || kept[i].kind != lineItem {
				break
			}
			j++
		}
		row := kept[i:j]
		slices.SortStableFunc(row, func(a, b item) int {
			if c.rtl {
				return cmp.Compare(b.box.X1, a.box.X1)
			}
			return cmp.Compare(a.box.X0, b.box.X0)
		})
		i = j
	}
	c.out = append(c.out, kept)
}
