package layout

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Measures of lines, in em (the font size of the larger neighbour).
const (
	spaceGap  = 0.185 // between glyphs of two words
	wideGap   = 0.6   // between Chinese or Japanese characters that are set apart on purpose
	overlay   = 0.5   // how far a glyph may reach back over the one before
	closeGap  = 0.6   // up to it words of a line belong together, whatever stands above and below
	tornGap   = 2.2   // up to it they do unless a gutter runs through the gap
	labelGap  = 4.5   // between the label of a list item or heading and its text
	gutterRun = 3     // lines with a gap at one place that make it a gutter
)

// composeAll makes the lines of a page, those that read from left to right first.
func composeAll(p *Page) []Line {
	var lines []Line
	for _, turn := range [...]Turn{Right, Down, Left, Up} {
		var glyphs []Glyph
		switch {
		case turn == Right && !slices.ContainsFunc(p.Glyphs, func(g Glyph) bool { return g.Turn != Right }):
			glyphs = p.Glyphs
		default:
			for _, g := range p.Glyphs {
				if g.Turn == turn {
					g.Box = g.Box.turned(turn)
					glyphs = append(glyphs, g)
				}
			}
		}
		if len(glyphs) == 0 {
			continue
		}
		var rules []Box
		for _, r := range p.Rules {
			if r.Horizontal() == (turn == Down || turn == Up) && r.Box.Finite() {
				rules = append(rules, r.Box.turned(turn))
			}
		}
		found := compose(glyphs, rules, p.Recognized)
		for i := range found {
			l := &found[i]
			l.Turn = turn
			if turn == Right {
				continue
			}
			l.Box = l.Box.back(turn)
			for k := range l.Glyphs {
				if g := &l.Glyphs[k]; !g.Space {
					g.Box = g.Box.back(turn)
				}
			}
		}
		lines = append(lines, found...)
	}
	return lines
}

// word is a stretch of glyphs without a gap, in content order.
type word struct {
	box      Box
	from, to int // glyphs
	em       float64
	rtl      bool
}

// composer makes lines of the glyphs of one direction, in coordinates in which they read from left to right or from right to
// left.
type composer struct {
	glyphs     []Glyph
	words      []word
	chains     []chain
	rules      []Box // upright
	ruleRows   rows
	recognized bool
}

// chain is a stretch of words of one line, in content order.
type chain struct {
	box         Box // of the words of its main size
	em          float64
	first, last int // words, which follow each other
	rtl         int // glyphs from right to left less those from left to right
	left, right int // neighbours that are joined, -1 none
}

func compose(glyphs []Glyph, rules []Box, recognized bool) []Line {
	c := composer{rules: rules, recognized: recognized}
	if len(rules) > 0 {
		c.ruleRows = newRows(rules)
	}
	c.clean(glyphs)
	c.cutWords()
	c.dropCopies()
	c.chain()
	c.join()
	return c.lines()
}

func em(g *Glyph) float64 {
	if g.Size > 0 {
		return g.Size
	}
	return g.Box.Height()
}

// clean keeps the glyphs that have a place, each once where it is drawn twice to look bold.
func (c *composer) clean(glyphs []Glyph) {
	c.glyphs = make([]Glyph, 0, len(glyphs))
	last := -1
	for _, g := range glyphs {
		if g.Space || !g.Box.Finite() || g.Box.Height() <= 0 {
			continue
		}
		if last >= 0 && g.Text != "" {
			l := &c.glyphs[last]
			if l.Text == g.Text && l.Box != g.Box && abs(l.Box.X0-g.Box.X0) < 2 && abs(l.Box.Y0-g.Box.Y0) < 2 && !isBlank(g.Text) &&
				min(l.Box.X1, g.Box.X1)-max(l.Box.X0, g.Box.X0) > 0.25*(l.Box.Width()+g.Box.Width()) {
				continue
			}
		}
		g.Text = plain(g.Text)
		c.glyphs = append(c.glyphs, g)
		last = len(c.glyphs) - 1
	}
}

func isBlank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) {
			return false
		}
	}
	return s != ""
}

func (c *composer) cutWords() {
	c.words = make([]word, 0, len(c.glyphs)/4+4)
	open := false
	for i := range c.glyphs {
		g := &c.glyphs[i]
		if isBlank(g.Text) {
			if i > 0 {
				c.glyphs[i-1].Spaced = true
			}
			open = false
			continue
		}
		rtl := isRTL(firstRune(g.Text))
		size := em(g)
		if open && !c.recognized {
			w := &c.words[len(c.words)-1]
			if w.rtl == rtl && c.follows(w, g, size, rtl) {
				w.box, w.to, w.em = w.box.Union(g.Box), i+1, max(w.em, size)
				continue
			}
		}
		c.words = append(c.words, word{box: g.Box, from: i, to: i + 1, em: size, rtl: rtl})
		open = true
	}
}

// follows tells whether g goes on a word.
func (c *composer) follows(w *word, g *Glyph, size float64, rtl bool) bool {
	last := c.glyphs[w.to-1].Box
	if shared := min(last.Y1, g.Box.Y1) - max(last.Y0, g.Box.Y0); shared < lineOverlap*min(last.Height(), g.Box.Height()) {
		return false
	}
	if ratio := size / w.em; ratio > 1.25 || ratio < 0.8 { // a raised sign, or what stands behind one
		return false
	}
	gap, far := g.Box.X0-w.box.X1, max(size, w.em)
	if rtl {
		// Either in the order of reading or, as some programs write it, in that of the page.
		back := w.box.X0 - g.Box.X1
		if one := w.to-w.from == 1; one && abs(back) < abs(gap) || !one && c.glyphs[w.from].Box.X0 > last.X0 {
			gap = back
		}
	}
	limit := spaceGap
	if wide(lastRune(c.glyphs[w.to-1].Text)) && isWide(g.Text) {
		limit = wideGap
	}
	if gap > limit*max(g.Box.Width(), g.Box.Height()) || gap < -overlay*far {
		return false
	}
	return gap <= 0.02*far || !c.ruled(last, g.Box)
}

// ruled tells whether an upright rule stands between two boxes of a line.
func (c *composer) ruled(a, b Box) bool {
	if len(c.rules) == 0 {
		return false
	}
	if a.X0 > b.X0 {
		a, b = b, a
	}
	middle := (max(a.Y0, b.Y0) + min(a.Y1, b.Y1)) / 2
	x0, x1 := (a.X0+a.X1)/2, (b.X0+b.X1)/2
	found := false
	c.ruleRows.each(Box{x0, middle, x1, middle}, func(i int) {
		r := c.rules[i]
		if x := (r.X0 + r.X1) / 2; r.Y0 <= middle && middle <= r.Y1 && x > x0 && x < x1 && x >= a.X1-0.25*a.Width() && x <= b.X0+0.25*b.Width() {
			found = true
		}
	})
	return found
}

// dropCopies drops words that are drawn a second time, a little apart, for weight or a shadow.
func (c *composer) dropCopies() {
	seen := make(map[uint64]int, len(c.words))
	kept := c.words[:0]
	for _, w := range c.words {
		h := fnv.New64a()
		for _, g := range c.glyphs[w.from:w.to] {
			_, _ = h.Write([]byte(g.Text))
		}
		key := h.Sum64()
		if k, ok := seen[key]; ok {
			o := kept[k].box
			if shared := o.Intersect(w.box); !shared.Empty() && shared.Area() > 0.7*max(o.Area(), w.box.Area()) {
				continue
			}
		}
		seen[key] = len(kept)
		kept = append(kept, w)
	}
	c.words = kept
}

// chain puts words together that follow each other in the content and stand close on one line.
func (c *composer) chain() {
	for i := range c.words {
		w := &c.words[i]
		weight := w.to - w.from
		if !w.rtl {
			weight = -weight
		}
		if n := len(c.chains); n > 0 && c.continues(&c.chains[n-1], w, &c.words[i-1]) {
			ch := &c.chains[n-1]
			if w.em > 1.15*ch.em { // what came before was raised or small
				ch.box = Box{ch.box.X0, w.box.Y0, ch.box.X1, w.box.Y1}
				ch.em = w.em
			}
			ch.last, ch.rtl = i, ch.rtl+weight
			if w.em > 0.87*ch.em {
				ch.box = ch.box.Union(w.box)
			} else {
				ch.box.X0, ch.box.X1 = min(ch.box.X0, w.box.X0), max(ch.box.X1, w.box.X1)
			}
			continue
		}
		c.chains = append(c.chains, chain{box: w.box, em: w.em, first: i, last: i, rtl: weight, left: -1, right: -1})
	}
}

func (c *composer) continues(ch *chain, w, before *word) bool {
	b := before.box
	// A lowered sign under a raised one, or the other way round.
	if w.em < 0.85*ch.em && before.em < 0.85*ch.em && w.box.X0 > ch.box.X1-3*ch.em && w.box.X0 < ch.box.X1+0.2*ch.em &&
		min(ch.box.Y1, w.box.Y1)-max(ch.box.Y0, w.box.Y0) > 0.3*w.box.Height() {
		return true
	}
	if shared := min(b.Y1, w.box.Y1) - max(b.Y0, w.box.Y0); shared < lineOverlap*min(b.Height(), w.box.Height()) {
		return false
	}
	// A run of raised signs must not climb away from the line.
	if shared := min(ch.box.Y1, w.box.Y1) - max(ch.box.Y0, w.box.Y0); shared < 0.3*min(ch.box.Height(), w.box.Height()) {
		return false
	}
	if ratio := w.em / before.em; ratio > 2 || ratio < 0.4 {
		return false
	}
	size := max(before.em, w.em)
	gap := w.box.X0 - ch.box.X1
	if ch.rtl > 0 || w.rtl {
		gap = max(gap, ch.box.X0-w.box.X1)
	}
	if gap < -overlay*size || gap > closeGap*size {
		return false
	}
	return !c.ruled(b, w.box)
}

// join links chains that stand side by side on one line, each with the one nearest to it.
func (c *composer) join() {
	boxes := make([]Box, len(c.chains))
	for i, ch := range c.chains {
		boxes[i] = ch.box
	}
	near := newRows(boxes)
	rightOf, leftOf := make([]int, len(boxes)), make([]int, len(boxes))
	gapTo := func(i, j int) float64 { return boxes[j].X0 - boxes[i].X1 }
	for i := range boxes {
		rightOf[i], leftOf[i] = -1, -1
	}
	for i, b := range boxes {
		reach := labelGap * c.chains[i].em
		best := -1
		near.each(b, func(j int) {
			if j == i || !c.level(i, j) {
				return
			}
			if g := gapTo(i, j); g < -overlay*min(c.chains[i].em, c.chains[j].em) || g > reach || boxes[j].X0+boxes[j].X1 <= b.X0+b.X1 {
				return
			}
			if best < 0 || boxes[j].X0 < boxes[best].X0 || boxes[j].X0 == boxes[best].X0 && boxes[j].Y0 < boxes[best].Y0 {
				best = j
			}
		})
		rightOf[i] = best
		if best >= 0 && (leftOf[best] < 0 || boxes[i].X1 > boxes[leftOf[best]].X1) {
			leftOf[best] = i
		}
	}
	for i, j := range rightOf {
		if j < 0 || leftOf[j] != i || !c.joins(i, j, gapTo(i, j), boxes, near) {
			continue
		}
		c.chains[i].right, c.chains[j].left = j, i
	}
}

// level tells whether two chains stand on one line: their heights overlap and their sizes go together, or one of them is a raised
// sign or an initial.
func (c *composer) level(i, j int) bool {
	a, b := &c.chains[i], &c.chains[j]
	shared := min(a.box.Y1, b.box.Y1) - max(a.box.Y0, b.box.Y0)
	if shared < lineOverlap*min(a.box.Height(), b.box.Height()) {
		return false
	}
	small, large := a, b
	if a.em > b.em {
		small, large = b, a
	}
	switch ratio := large.em / small.em; {
	case ratio <= 1.3:
		return true
	case ratio <= 2.2:
		return c.letters(small) <= 6 || c.letters(large) <= 3
	default: // an initial with the first of the lines beside it
		return large == a && c.letters(large) == 1 && b.box.X0-a.box.X1 < 0.8*small.em && b.box.Y0-a.box.Y0 < small.em
	}
}

func (c *composer) letters(ch *chain) int {
	n := 0
	for i := ch.first; i <= ch.last; i++ {
		n += c.words[i].to - c.words[i].from
	}
	return n
}

func (c *composer) joins(i, j int, gap float64, boxes []Box, near rows) bool {
	a, b := &c.chains[i], &c.chains[j]
	size := max(a.em, b.em)
	if c.ruled(a.box, b.box) {
		return false
	}
	if gap <= closeGap*size {
		return true
	}
	if c.letters(a) <= 8 && a.left < 0 && isLabel(c.text(a)) {
		return true
	}
	if gap > tornGap*size {
		return false
	}
	return !c.gutter(i, j, boxes, near)
}

// gutter tells whether a strip of the gap between two chains goes on above or below, between chains that stand to the left and
// to the right of it. The strip may be narrower than the gap: a heading ends before the edge of its column.
func (c *composer) gutter(i, j int, boxes []Box, near rows) bool {
	size := max(c.chains[i].em, c.chains[j].em)
	x0, x1 := boxes[i].X1, boxes[j].X0
	half := min(0.2*size, (x1-x0)/6)
	for _, x := range [...]float64{x1 - 1.5*half, (x0 + x1) / 2, x0 + 1.5*half} {
		if n := c.beside(i, j, x, half, boxes, near); n >= gutterRun || n == 2 && x1-x0 > 1.2*size {
			return true
		}
	}
	return false
}

// beside counts the lines, of the two chains and of those around them, that have something on both sides of a strip which nothing
// crosses.
func (c *composer) beside(i, j int, x, half float64, boxes []Box, near rows) int {
	const reach = 8 // em
	size := max(c.chains[i].em, c.chains[j].em)
	top, bottom := min(boxes[i].Y0, boxes[j].Y0), max(boxes[i].Y1, boxes[j].Y1)
	y0, y1 := top-reach*size, bottom+reach*size
	near.each(Box{x - half, y0, x + half, y1}, func(k int) {
		b := boxes[k]
		if k == i || k == j || b.X1 <= x-half || b.X0 >= x+half {
			return
		}
		if b.Y1 <= top+0.3*size {
			y0 = max(y0, b.Y1)
		} else if b.Y0 >= bottom-0.3*size {
			y1 = min(y1, b.Y0)
		}
	})
	var left, right []float64 // middles of what ends and begins at the strip
	near.each(Box{boxes[i].X1 - 4*size, y0, boxes[j].X0 + 4*size, y1}, func(k int) {
		b := boxes[k]
		y := (b.Y0 + b.Y1) / 2
		switch {
		case y < y0 || y > y1:
		case b.X1 <= x+half && b.X1 > x-8*size:
			left = append(left, y)
		case b.X0 >= x-half && b.X0 < x+1.5*size:
			right = append(right, y)
		}
	})
	slices.Sort(left)
	slices.Sort(right)
	left, right = slices.Compact(left), slices.Compact(right)
	n, k := 0, 0
	for _, y := range left {
		for k < len(right) && right[k] < y-0.6*size {
			k++
		}
		if k < len(right) && right[k] <= y+0.6*size {
			n++
			k++
		}
	}
	return n
}

func (c *composer) text(ch *chain) string {
	var s []byte
	for i := ch.first; i <= ch.last; i++ {
		for _, g := range c.glyphs[c.words[i].from:c.words[i].to] {
			s = append(s, g.Text...)
		}
	}
	return string(s)
}

// lines writes the linked chains down, words in reading order with spaces between.
func (c *composer) lines() []Line {
	store := make([]Glyph, 0, len(c.glyphs)+len(c.words))
	var lines []Line
	var words []word
	for i := range c.chains {
		if c.chains[i].left >= 0 {
			continue
		}
		words = words[:0]
		rtl := 0
		for k := i; k >= 0; k = c.chains[k].right {
			ch := &c.chains[k]
			rtl += ch.rtl
			words = append(words, c.words[ch.first:ch.last+1]...)
		}
		if rtl > 0 {
			orderRTL(words)
		} else {
			slices.SortStableFunc(words, func(a, b word) int { return cmp.Compare(a.box.X0, b.box.X0) })
		}
		start := len(store)
		var box Box
		limit := c.wordGap(words)
		for k, w := range words {
			if k == 0 {
				box = w.box
			} else {
				box = box.Union(w.box)
				if c.apart(words[k-1], w, limit) {
					store = append(store, Glyph{Text: " ", Space: true, Font: -1, Tag: -1})
				}
			}
			from := len(store)
			store = append(store, c.glyphs[w.from:w.to]...)
			if rtl > 0 && !w.rtl {
				endNumber(store[from:])
			}
			if w.rtl && w.to-w.from > 1 && store[from].Box.X0 < store[len(store)-1].Box.X0 {
				slices.Reverse(store[from:]) // drawn from left to right
			}
		}
		line := Line{Box: box, Glyphs: store[start:len(store):len(store)]}
		if line.hasText() && !box.Empty() {
			lines = append(lines, line)
		}
	}
	return lines
}

// endNumber moves the full stop or bracket after a number to its end: within text from right to left it is drawn to the left.
func endNumber(word []Glyph) {
	if len(word) < 2 || !strings.Contains(".,:)،", word[0].Text) {
		return
	}
	for _, g := range word[1:] {
		if !unicode.IsDigit(firstRune(g.Text)) {
			return
		}
	}
	mark := word[0]
	copy(word, word[1:])
	word[len(word)-1] = mark
}

// orderRTL sorts the words of a line that reads from right to left; what reads from left to right within it keeps its own order.
func orderRTL(words []word) {
	slices.SortStableFunc(words, func(a, b word) int { return cmp.Compare(b.box.X0+b.box.X1, a.box.X0+a.box.X1) })
	for i := 0; i < len(words); {
		j := i
		for j < len(words) && !words[j].rtl {
			j++
		}
		slices.Reverse(words[i:j])
		i = max(j, i+1)
	}
}

// wordGap is the smallest gap between two words of a line, in em. It grows where letters are set apart: there most
// words are single letters at even distances.
func (c *composer) wordGap(words []word) float64 {
	const enough = 4
	if c.recognized || len(words) < enough {
		return spaceGap
	}
	single := 0
	for _, w := range words {
		if w.to-w.from == 1 && unicode.IsLetter(firstRune(c.glyphs[w.from].Text)) && !isWide(c.glyphs[w.from].Text) {
			single++
		}
	}
	if 4*single < 3*len(words) {
		return spaceGap
	}
	gaps := make([]float64, 0, len(words))
	for k := 1; k < len(words); k++ {
		gaps = append(gaps, (words[k].box.X0-words[k-1].box.X1)/max(words[k].em, words[k-1].em))
	}
	slices.Sort(gaps)
	return max(spaceGap, 1.5*gaps[len(gaps)/3]+0.05)
}

func (c *composer) apart(a, b word, limit float64) bool {
	if c.recognized {
		return !(wide(lastRune(c.glyphs[a.to-1].Text)) && isWide(c.glyphs[b.from].Text))
	}
	gap := max(b.box.X0-a.box.X1, a.box.X0-b.box.X1)
	if limit == spaceGap && wide(lastRune(c.glyphs[a.to-1].Text)) && isWide(c.glyphs[b.from].Text) {
		limit = wideGap
	}
	if limit == spaceGap {
		if b.em < 0.8*a.em || a.em < 0.8*b.em { // a raised sign stands off a little
			return gap > 0.22*max(a.em, b.em)
		}
		// A space that was drawn is one, however narrow.
		if a.to < b.from && b.from-a.to < 4 && gap > 0.04*a.em && isBlank(c.glyphs[b.from-1].Text) {
			return true
		}
		return gap > limit*max(min(b.em, a.em), c.glyphs[b.from].Box.Width())
	}
	return gap > limit*max(a.em, b.em)
}

func abs(v float64) float64 { return math.Abs(v) }
