package layout

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// paragraphs makes the regions of one column.
func (f *flow) paragraphs(column []item) {
	top := len(f.regions) // the column's number
	var lines []*textLine
	flush := func() {
		if len(lines) > 0 {
			f.group(lines, top)
			lines = nil
		}
	}
	for i := 0; i < len(column); i++ {
		it := column[i]
		switch it.kind {
		case lineItem:
			l := &f.lines[it.at]
			if n := len(lines); n > 0 && f.oneRow(lines[n-1], l) {
				f.joinRow(lines[n-1], l)
				continue
			}
			lines = append(lines, l)
		case tableItem:
			flush()
			t := f.tables[it.at]
			f.add(Region{Kind: TableRegion, Box: t.Box, Table: &t, Object: -1}, top, nil)
		case figureItem:
			flush()
			fig := &f.figures[it.at]
			r := Region{Kind: Figure, Box: fig.box, Object: fig.object}
			for _, k := range fig.lines {
				r.Lines = append(r.Lines, f.lines[k].Line)
			}
			f.add(r, top, nil)
		case fieldItem:
			flush()
			f.add(Region{Kind: FormField, Box: it.box, Object: it.at}, top, nil)
		}
	}
	flush()
}

func (f *flow) add(r Region, top int, lines []*textLine) {
	f.regions = append(f.regions, r)
	f.tops = append(f.tops, top)
	f.texts = append(f.texts, lines)
}

// oneRow tells whether two lines that follow each other in a column stand side by side.
func (f *flow) oneRow(a, b *textLine) bool {
	if a.Turn != b.Turn || a.Turn != Right {
		return false
	}
	return min(a.y1, b.y1)-max(a.y0, b.y0) > 0.5*min(a.em, b.em) && (b.Box.X0 >= a.Box.X1-0.2*a.em || f.rtl && b.Box.X1 <= a.Box.X0+0.2*a.em)
}

// joinRow puts two lines of one row together: an entry and its value.
func (f *flow) joinRow(a, b *textLine) {
	gap := max(b.Box.X0-a.Box.X1, a.Box.X0-b.Box.X1)
	torn := a.torn || b.torn || gap > 1.5*max(a.em, b.em)
	glyphs := make([]Glyph, 0, len(a.Glyphs)+len(b.Glyphs)+1)
	glyphs = append(append(append(glyphs, a.Glyphs...), Glyph{Text: " ", Space: true, Font: -1, Tag: -1}), b.Glyphs...)
	t := readLine(f.page, Line{Box: a.Box.Union(b.Box), Turn: a.Turn, Glyphs: glyphs}, mathFonts(f.page.Fonts))
	t.tag = a.tag
	t.torn = torn && !(a.label.kind != noLabel && a.label.size == len(a.text))
	if t.torn && b.Box.X0 > a.Box.X0 { // a name with a date or a number at the other edge looks as the name does
		t.style = a.style
	}
	*a = t
}

// group parts the lines of a column, which stand from top to bottom, into paragraphs.
func (f *flow) group(lines []*textLine, top int) {
	g := grouper{flow: f, lines: lines}
	g.measure()
	start := 0
	for i := 1; i <= len(lines); i++ {
		if i < len(lines) && !g.breaks(start, i) {
			continue
		}
		r := Region{Kind: Paragraph, Box: lines[start].Box, Turn: lines[start].Turn, Object: -1}
		for _, l := range lines[start:i] {
			r.Box = r.Box.Union(l.Box)
			r.Lines = append(r.Lines, l.Line)
		}
		f.add(r, top, slices.Clone(lines[start:i]))
		start = i
	}
}

// grouper knows the habits of a column.
type grouper struct {
	*flow
	lines     []*textLine
	left      float64 // where most lines begin, points
	gap       float64 // between the lines of a paragraph, in em
	justified bool    // most lines end at one edge
	right     []float64
	hanging   bool // paragraphs begin at the edge and go on indented
}

// The distances that part paragraphs, in em.
const (
	gapSlack  = 0.28 // more than between the lines of a paragraph
	wordSlack = 0.55 // the same for words of an OCR, whose boxes are as high as their ink
	indent    = 0.7
	maxIndent = 5.0
)

func gapOf(a, b *textLine) float64 { return (b.y0 - a.y1) / max(a.em, b.em) }

// measure finds the column's edges and the distance of its lines.
func (g *grouper) measure() {
	n := len(g.lines)
	lefts := map[int]int{}
	best := 0
	for _, l := range g.lines {
		k := int(math.Round(l.Box.X0 / 2))
		lefts[k] += l.chars
		if lefts[k] > best {
			best, g.left = lefts[k], l.Box.X0
		}
	}
	// The edge that the lines around a line can reach.
	g.right = make([]float64, n)
	const around = 4
	for i := range g.lines {
		g.right[i] = g.lines[i].Box.X1
		for _, step := range [...]int{-1, 1} {
			for k := i + step; k >= 0 && k < n && abs(float64(k-i)) <= around; k += step {
				l := g.lines[k]
				if abs(l.em-g.lines[i].em) > 0.15*l.em || gapOf(g.lines[min(k, k-step)], g.lines[max(k, k-step)]) > 1.2 {
					break
				}
				g.right[i] = max(g.right[i], l.Box.X1)
			}
		}
	}
	flush, long := 0, 0
	var gaps []float64
	for i, l := range g.lines {
		if l.Box.X1 > g.right[i]-3*l.em {
			long++
			if l.Box.X1 > g.right[i]-0.35*l.em {
				flush++
			}
			if i+1 < n {
				next := g.lines[i+1]
				if d := gapOf(l, next); d > -0.6 && d < 1.6 && abs(l.em-next.em) < 0.1*l.em && next.label.kind == noLabel && !(l.style.isBold() != next.style.isBold()) && l.Box.Width() > 8*l.em {
					gaps = append(gaps, d)
				}
			}
		}
	}
	hung, begun := 0, 0
	for i := 1; i+1 < n; i++ {
		a, b, c := g.lines[i-1], g.lines[i], g.lines[i+1]
		in, out := b.Box.X0-a.Box.X0, c.Box.X0-b.Box.X0
		if in < indent*b.em || in > maxIndent*b.em || a.label.kind != noLabel || gapOf(a, b) > 1 {
			continue
		}
		switch {
		case abs(out) < 0.3*b.em && a.Box.X1 > g.right[i-1]-3*a.em:
			hung++
		case out < -indent*b.em && gapOf(b, c) < gapOf(a, b)+0.1:
			begun++
		case out < -indent*b.em && a.Box.X1 > g.right[i-1]-3*a.em:
			hung++
		}
	}
	g.hanging = hung > 2*begun && hung > 1
	g.justified = long >= 4 && 10*flush >= 7*long
	g.gap = 0.25
	if len(gaps) > 0 {
		slices.Sort(gaps)
		g.gap = gaps[(len(gaps)-1)/3]
		if g.page.Recognized {
			g.gap = gaps[len(gaps)/2]
		}
		if len(gaps) < 3 {
			g.gap = min(g.gap, 0.6)
		}
	}
}

// breaks tells whether a paragraph that begins with line start ends before line i.
func (g *grouper) breaks(start, i int) bool {
	a, b := g.lines[i-1], g.lines[i]
	if a.Turn != b.Turn {
		return true
	}
	if a.Turn != Right {
		return g.breaksTurned(a, b)
	}
	same := g.sameTag(a, b)
	if same == no {
		return true
	}
	slack := gapSlack
	if g.page.Recognized {
		slack = wordSlack
	}
	d := gapOf(a, b)
	limit := max(g.gap, 0.05) + slack
	if a.em > 1.15*g.body && abs(a.em-b.em) < 0.05*a.em { // the lines of a heading may be farther apart, in its own size they are not
		limit = max(limit, 0.75)
	}
	if d > limit || d < -1.2 {
		return true
	}
	if same == yes {
		return false
	}
	sizes := 0.07
	if g.page.Recognized {
		sizes = 0.35
	}
	if abs(a.em-b.em) > sizes*max(a.em, b.em) && min(a.chars, b.chars) > 2 {
		return true
	}
	if a.style.mono > 0.8 && b.style.mono > 0.8 {
		return false
	}
	if (a.style.mono > 0.8) != (b.style.mono > 0.8) && min(a.chars, b.chars) > 3 {
		return true
	}
	if a.style.bold > 0.9 && b.style.bold < 0.5 && g.allBold(start, i) || a.style.bold < 0.5 && b.style.bold > 0.9 && b.chars > 3 && endsSentence(a.text) {
		return true
	}
	if a.torn || b.torn || leader(a.text) {
		return true
	}
	if g.displayed(i-1) != g.displayed(i) {
		return true
	}
	first := g.lines[start]
	if b.label.kind != noLabel && g.listed(start, i) {
		return true
	}
	if g.centred(a, b) {
		return false
	}
	// The further lines of a heading, under its number or under its text.
	if a.em > 1.05*g.body && a.style.isBold() && b.style.isBold() && b.label.kind == noLabel && !endsSentence(a.text) && b.Box.X0 > g.lines[start].Box.X0-indent*b.em {
		return false
	}
	if g.rtl {
		return g.endsShort(i-1, b)
	}
	in := b.Box.X0 - a.Box.X0
	em := b.em
	switch {
	case in > maxIndent*em && !(i-1 == start && a.label.kind != noLabel):
		return true
	case in > indent*em:
		if i-1 == start { // the text of a list item, or a hanging indent
			if first.label.kind != noLabel {
				return false
			}
			return !g.hangs(start, i)
		}
		return true
	case in < -indent*em:
		if i-1 > start { // back from a hanging indent
			return true
		}
		if in < -maxIndent*em {
			return true
		}
	}
	return g.endsShort(i-1, b)
}

func (g *grouper) breaksTurned(a, b *textLine) bool {
	x, y := a.Box.turned(a.Turn), b.Box.turned(b.Turn)
	return abs(a.em-b.em) > 0.1*a.em || y.Y0-x.Y1 > 0.6*a.em || y.Y0 < x.Y0 || y.X0 > x.X1 || x.X0 > y.X1
}

// displayed tells whether line i is a formula that stands for itself: set in from both edges of the lines around it.
func (g *grouper) displayed(i int) bool {
	l := g.lines[i]
	if l.style.mono > 0.5 || l.label.kind != noLabel || l.Box.X0 < g.left+l.em || l.Box.X1 > g.right[i]-2*l.em || !strings.ContainsAny(l.text, "=≤≥≈≡≠<>→⇒∈") {
		return false
	}
	return readsAsFormula(g.lines[i:i+1], max(l.style.math, 0.5*l.style.italic))
}

func (g *grouper) allBold(start, end int) bool {
	for _, l := range g.lines[start:end] {
		if l.style.bold < 0.9 {
			return false
		}
	}
	return true
}

// listed tells whether the label of line i begins an item rather than a line by chance, as a number within a sentence may.
func (g *grouper) listed(start, i int) bool {
	a, b := g.lines[i-1], g.lines[i]
	if b.label.kind == bulletLabel {
		if strings.Contains(a.text, " "+b.label.close+" ") { // it parts what is listed in a line
			return false
		}
		if b.label.close == "-" || b.label.close == "–" || b.label.close == "—" || b.label.close == "*" || b.label.close == "+" {
			first := g.lines[start]
			return first.label.kind == bulletLabel || !g.full(i-1) || endsSentence(a.text) || b.Box.X0 > a.Box.X0+0.5*b.em
		}
		return true
	}
	if b.label.close == "" && !(len(b.label.parts) > 1) {
		return b.style.isBold() && !a.style.isBold()
	}
	if endsSentence(a.text) || !g.full(i-1) || b.Box.X0 < a.Box.X0-indent*b.em {
		return true
	}
	first := g.lines[start]
	return first.label.kind == b.label.kind && first.label.close == b.label.close && follows(first.label, b.label)
}

func follows(a, b label) bool {
	n := len(a.parts)
	return n > 0 && n == len(b.parts) && b.parts[n-1] == a.parts[n-1]+1
}

// full tells whether line i reaches the right edge.
func (g *grouper) full(i int) bool { return g.lines[i].Box.X1 > g.right[i]-1.5*g.lines[i].em }

// endsShort tells whether line i ends before the edge although the first word of the next line would have fitted.
func (g *grouper) endsShort(i int, next *textLine) bool {
	l := g.lines[i]
	slack := (g.right[i] - l.Box.X1) / l.em
	if g.rtl {
		edge := l.Box.X0
		for k := max(0, i-4); k < min(len(g.lines), i+5); k++ {
			edge = min(edge, g.lines[k].Box.X0)
		}
		slack = (l.Box.X0 - edge) / l.em
	}
	if g.justified && slack > 2 && !g.page.Recognized {
		return true
	}
	word := 0.0
	for _, glyph := range next.Glyphs {
		if glyph.Space {
			break
		}
		word += glyph.Box.Width()
	}
	r, _ := utf8.DecodeRuneInString(next.text)
	if slack < word/l.em+1 || unicode.IsLower(r) {
		return false
	}
	return endsSentence(l.text) || slack > 0.5*(g.right[i]-l.Box.X0)/l.em && slack > 8
}

// centred tells whether two lines stand on one axis and not at one edge.
func (g *grouper) centred(a, b *textLine) bool {
	return abs(a.Box.X0+a.Box.X1-b.Box.X0-b.Box.X1) < 1.2*b.em && abs(a.Box.X0-b.Box.X0) > indent*b.em
}

// hangs tells whether a paragraph begins with line start and goes on indented from line i: the line after that stands
// under it, and the first one is full.
func (g *grouper) hangs(start, i int) bool {
	b := g.lines[i]
	if g.hanging {
		return g.lines[start].Box.X0 < g.left+indent*b.em
	}
	if !g.full(start) || endsSentence(g.lines[start].text) && i+1 < len(g.lines) && g.lines[i+1].Box.X0 < b.Box.X0-indent*b.em && g.full(i) {
		return false
	}
	if i+1 >= len(g.lines) || gapOf(b, g.lines[i+1]) > g.gap+gapSlack {
		r, _ := utf8.DecodeRuneInString(b.text)
		return !endsSentence(g.lines[start].text) || unicode.IsLower(r)
	}
	next := g.lines[i+1]
	if abs(next.Box.X0-b.Box.X0) < 0.5*b.em {
		return true
	}
	// One line under an item that begins at the edge again.
	return next.Box.X0 < b.Box.X0-indent*b.em && !g.full(i) && abs(next.Box.X0-g.lines[start].Box.X0) < 0.5*b.em
}

// endsSentence tells whether a text ends where a sentence may.
func endsSentence(s string) bool {
	for i := len(s); i > 0; {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		switch r {
		case '"', '\'', ')', ']', '”', '’', '»', '」', '）', '*':
			i -= n
			continue
		case '.', '!', '?', ':', ';', '。', '！', '？', '：', '；', '؟', '۔', '।', '…':
			return true
		}
		return false
	}
	return false
}

// leader tells whether a line is an entry of a table of contents: dots that lead to a page number.
func leader(s string) bool {
	end := len(s)
	for end > 0 && (s[end-1] >= '0' && s[end-1] <= '9' || s[end-1] == ' ') {
		end--
	}
	if end == len(s) {
		return false
	}
	dots, i := 0, end
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		switch r {
		case '.', '·', '…':
			dots++
		case ' ':
		default:
			return dots >= 4
		}
		i -= n
	}
	return false
}
