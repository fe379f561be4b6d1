package pdf

import (
	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// clearGap takes out of two glyphs the ink that hangs over into the gap between them. PDFium's boxes are the advance
// united with the ink, so that an italic f before a space, or a j after one, would hide that words are apart. a and b are
// the glyphs before and after a space that PDFium found, i and j their characters.
func (t *reading) clearGap(i, j int, a, b *layout.Glyph) {
	if a.Turn != layout.Right || b.Turn != layout.Right || a.Text == "" {
		return
	}
	if left, ok := t.overhang(j); ok && left < b.Box.Width() {
		b.Box.X0 += left
	}
	// Where the gap is wide enough to show, or there is none, the ink before it changes nothing.
	if gap, em := b.Box.X0-a.Box.X1, a.Box.Height(); gap <= 0 || gap > 0.5*em {
		return
	}
	width, ok := t.advance(i, []rune(a.Text)[0], a.Box.Height()*t.wide)
	if !ok {
		return
	}
	if left, ok := t.overhang(i); ok && left+width < a.Box.Width() {
		a.Box.X1 = a.Box.X0 + left + width
	}
}

// doubtful tells whether the gap between two boxes would be that of words if ink were taken out of it. PDFium finds no space in one
// between two runs that is narrower than most.
func doubtful(a, b layout.Box) bool {
	gap, em := b.X0-a.X1, a.Height()
	return gap > 0.1*em && gap < 0.25*em
}

// overhang returns how far the box of character i reaches to the left of its origin, in points.
func (t *reading) overhang(i int) (float64, bool) {
	c := t.chars.At(i)
	left := c.X - c.Left
	const rounding = 0.001 // points, of places in single precision
	return max(left, 0), left >= -rounding
}

// advance returns the advance width of character i, which is c, in points; false when its font does not tell.
func (t *reading) advance(i int, c rune, size float64) (float64, bool) {
	in := t.in
	object := t.chars.At(i).Object
	if object == 0 {
		return 0, false
	}
	font := uint64(in.Style(object).Font)
	if font == 0 || !in.True(FPDFFont_GetGlyphWidth, font, uint64(c), F32(size), in.Out(0)) {
		return 0, false
	}
	width := in.OutFloat(0)
	return width, width > 0
}
