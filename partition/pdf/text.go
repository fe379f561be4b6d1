package pdf

import (
	"context"
	"math"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// readText reads the glyphs of a page in the order of its content.
func (w *walker) readText(ctx context.Context) error {
	in := w.in
	page := in.Call(FPDFText_LoadPage, uint64(w.page))
	if page == 0 {
		return nil
	}
	defer in.Call(FPDFText_ClosePage, page)
	count := max(in.Int(FPDFText_CountChars, page), 0)
	t := &reading{walker: w, chars: in.Chars(Handle(page), count), last: -1, gap: -1, knownFont: -2}
	w.p.Glyphs = layout.Room(count)
	t.runs = w.memory.each
	for i := range count {
		if err := w.budget.Tick(ctx); err != nil {
			return err
		}
		if in.Ended() {
			return nil
		}
		t.char(i)
	}
	w.memory.each = t.runs
	w.hide(t.runs)
	w.p.Glyphs = joinAccents(w.p.Glyphs)
	return nil
}

// reading is the state of reading one page's characters.
type reading struct {
	*walker
	chars   *Chars
	runs    []*run // of each glyph
	run     *run   // of the last character
	size    float64
	stretch float64 // of the run: width of its em over the size
	turn    layout.Turn
	foot    float64          // lower edge of the boxes of this run, in the direction of its text; 0 before its first glyph
	based   float64          // its baseline
	gap     int              // index of the space that PDFium found before the next glyph, or -1
	whole   layout.Box       // of the last glyph, before clearGap
	last    int              // index of the character of the last glyph
	wide    float64          // stretch of its run
	pending rune             // first half of a surrogate pair
	codes   map[mapping]bool // whether what PDFium gives as a character is the glyph's code
	spelt   map[mapping]bool // whether fonts have a glyph for a ligature of Unicode

	knownFont int          // the font that known is about
	known     [0x100]uint8 // of codes, for the characters below U+0100: 0 not asked yet, 1 false, 2 true
}

func (t *reading) char(i int) {
	p := t.p
	char := t.chars.At(i)
	c := char.Unicode
	if c == '\r' || c == '\n' { // PDFium's own guess at line ends
		t.gap = -1
		return
	}
	box := t.frame.box(char.Left, char.Top, char.Right, char.Bottom)
	if !box.Finite() {
		return
	}
	if c == ' ' && box.Width() == 0 && box.Height() == 0 { // PDFium found a gap between words
		t.gap = i
		return
	}
	t.enter(i, char.Object)
	c, t.pending = joinSurrogates(t.pending, c)
	switch {
	case t.pending != 0:
		return
	case isUnknown(c), t.guessed(c, char.Unmapped):
		c = 0 // it keeps its place, so that the line goes on behind it
	case c == 2: // a hyphen at a line end, by PDFium's convention
		c = '-'
	}
	placed := layout.EmBox(t.levelled(box, char.X, char.Y), t.size, t.turn)
	glyph := layout.Glyph{Box: placed, Turn: t.turn, Size: t.size, Font: t.run.font, Tag: t.run.tag, Hidden: t.run.hidden}
	if c != 0 {
		glyph.Text = character(c)
	}
	n := len(p.Glyphs)
	if n > 0 && t.turn == layout.Right && t.frame.turns == 0 && (t.gap >= 0 && t.last == t.gap-1 || t.last == i-1 && t.runs[n-1] != t.run && doubtful(p.Glyphs[n-1].Box, placed)) {
		t.clearGap(t.last, i, &p.Glyphs[n-1], &glyph)
	}
	same := n > 0 && placed.Width() > 0 && (t.whole == placed || t.halves(i, c))
	t.gap, t.last, t.whole, t.wide = -1, i, placed, t.stretch
	if same && c != 0 {
		whole := p.Glyphs[n-1].Text + glyph.Text
		if one := ligature(whole); one != "" && t.maps([]rune(one)[0]) {
			whole = one
		}
		p.Glyphs[n-1].Text, p.Glyphs[n-1].Box = whole, p.Glyphs[n-1].Box.Union(placed)
		return
	}
	p.Glyphs = append(p.Glyphs, glyph)
	t.runs = append(t.runs, t.run)
}

// Descents of fonts, as shares of their size.
const (
	usualDescent             = 0.22
	leastDescent, topDescent = 0.02, 0.45
	footSlack                = 0.1
)

// levelled gives the box of a character that stands at (x, y) the lower edge that the glyphs of its run share: the font's descent below the
// baseline, or a usual one where the font does not tell it. PDFium's boxes reach to where the ink ends.
func (t *reading) levelled(box layout.Box, x, y float64) layout.Box {
	if t.size <= 0 {
		return box
	}
	b := box.Facing(t.turn)
	if t.foot == 0 || math.Abs(b.Y1-t.foot) >= footSlack*t.size {
		base := t.frame.box(x, y, x, y).Facing(t.turn).Y1
		if t.foot == 0 || math.Abs(base-t.based) > 0.02*t.size {
			t.based, t.foot = base, base+usualDescent*t.size
			if f := t.run.font; f >= 0 && t.descents[f] > 0 {
				t.foot = base + t.descents[f]*t.size
			}
		}
	}
	b.Y1 = t.foot
	b.Y0 = min(b.Y0, b.Y1-t.size)
	return b.FacingBack(t.turn)
}

// enter finds the run of character i, which object draws; where it is another than that of the last, its size as drawn, in points, and its direction.
func (t *reading) enter(i int, object Handle) {
	if t.run != nil && (object == 0 || object == t.run.object) {
		return
	}
	if t.run = t.walker.runs[object]; t.run == nil { // beyond what is looked at of a page
		t.run = &run{object: object, font: -1, tag: -1, order: t.order, size: 1}
		if object != 0 {
			t.run.size = t.in.Style(object).Size
		}
	}
	m := t.chars.Matrix(i)
	t.size, t.turn = t.run.size*math.Hypot(float64(m[2]), float64(m[3])), t.frame.turn(float64(m[0]), float64(m[1]))
	t.foot, t.stretch = 0, 1
	if height := math.Hypot(float64(m[2]), float64(m[3])); height > 0 {
		t.stretch = math.Hypot(float64(m[0]), float64(m[1])) / height
	}
}

// latin are the characters below U+0100, so that one of them, as most are, takes no memory of its own.
var latin = func() (out [0x100]string) {
	for i := range out {
		out[i] = string(rune(i))
	}
	return out
}()

func character(c rune) string {
	if c >= 0 && int(c) < len(latin) {
		return latin[c]
	}
	return string(c)
}

// guessed tells whether c is only the code of a glyph that the file maps to no character. What is said of its first occurrence in a font,
// unmapped, holds for all.
func (t *reading) guessed(c rune, unmapped bool) bool {
	if c < 0 || int(c) >= len(t.known) {
		return t.isGuess(c, unmapped)
	}
	if t.knownFont != t.run.font {
		t.knownFont = t.run.font
		clear(t.known[:])
	}
	k := &t.known[c]
	if *k == 0 {
		if *k = 1; t.isGuess(c, unmapped) {
			*k = 2
		}
	}
	return *k == 2
}

func (t *reading) isGuess(c rune, unmapped bool) bool {
	key := mapping{uint64(uint32(t.run.font)), c} //nolint:gosec // a key
	known, ok := t.codes[key]
	if !ok {
		known = unmapped
		if t.codes == nil {
			t.codes = map[mapping]bool{}
		}
		t.codes[key] = known
	}
	return known
}

// isUnknown tells whether c is what PDFium gives for a glyph that the file maps to no character, or to one that cannot be
// text, such as a control code that an old font uses for a minus sign.
func isUnknown(c rune) bool {
	return c == 0xFFFE || c == 0xFFFF || c == '\uFFFD' || (c < ' ' && c != '\t' && c != 2) || (c >= 0x7F && c < 0xA0 && c != 0x85 && c != 0x95)
}

// joinSurrogates completes a character that comes as two UTF-16 halves.
func joinSurrogates(pending, c rune) (char, next rune) {
	switch {
	case c >= 0xD800 && c < 0xDC00:
		return 0, c
	case c >= 0xDC00 && c < 0xE000:
		if pending == 0 {
			return 0, 0
		}
		return (pending-0xD800)<<10 + (c - 0xDC00) + 0x10000, 0
	default:
		return c, 0
	}
}

// ligature returns the character that Unicode has for letters which one glyph shows together, "" when it has none.
func ligature(letters string) string {
	switch letters {
	case "ff":
		return "\uFB00"
	case "fi":
		return "\uFB01"
	case "fl":
		return "\uFB02"
	case "\uFB00i", "ffi":
		return "\uFB03"
	case "\uFB00l", "ffl":
		return "\uFB04"
	default:
		return ""
	}
}

// halves tells whether character i, which is c, and the one before are pieces of one ligature that PDFium has given a part of its box each,
// as it does where the file says beside what the glyph stands for (ActualText): they begin at one point.
func (t *reading) halves(i int, c rune) bool {
	before := t.p.Glyphs[len(t.p.Glyphs)-1].Text
	if c != 'f' && c != 'i' && c != 'l' || before != "f" && before != "ff" && before != "\uFB00" || t.last != i-1 {
		return false
	}
	const rounding = 0.001 // of PDFium's single precision, points
	a, b := t.chars.At(i-1), t.chars.At(i)
	return math.Abs(a.X-b.X) < rounding && math.Abs(a.Y-b.Y) < rounding
}

// maps tells whether the file says c for a glyph of the run's font. PDFium takes the Latin ligatures of Unicode apart; the reference
// keeps them where the file has them, and has single letters where the file says those.
func (t *reading) maps(c rune) bool {
	font := t.in.Call(FPDFTextObj_GetFont, uint64(t.run.object))
	key := mapping{font, c}
	known, ok := t.spelt[key]
	if !ok {
		known = font != 0 && t.width(font, c) != t.width(font, unmapped)
		if t.spelt == nil {
			t.spelt = map[mapping]bool{}
		}
		t.spelt[key] = known
	}
	return known
}

// unmapped is a character that no font has; PDFium takes code 0 of the font for it.
const unmapped = 0xF8FE

// width is the advance of a character in a font, thousandths of its size.
func (t *reading) width(font uint64, c rune) float64 {
	if !t.in.True(FPDFFont_GetGlyphWidth, font, uint64(c), F32(1000), t.in.Out(0)) {
		return 0
	}
	return t.in.OutFloat(0)
}

type mapping struct {
	font uint64
	c    rune
}
