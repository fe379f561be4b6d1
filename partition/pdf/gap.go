package pdf

import (
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"github.com/sluicehq/sluice/partition/layout"
)

// clearGap takes out of two glyphs the ink that hangs over into the gap between them. PDFium's boxes are the advance
// united with the ink, so that an italic f before a space, or a j after one, would hide that words are apart. a and b are
// the glyphs before and after a space that PDFium found, i and j their characters.
func (r *reader) clearGap(text references.FPDF_TEXTPAGE, i, j int, a, b *layout.Glyph) {
	if a.Turn != layout.Right || b.Turn != layout.Right || a.Text == "" {
		return
	}
	if left, ok := r.overhang(text, j); ok && left < b.Box.Width() {
		b.Box.X0 += left
	}
	// Where the gap is wide enough to show, or there is none, the ink before it changes nothing.
	if gap, em := b.Box.X0-a.Box.X1, a.Box.Height(); gap <= 0 || gap > 0.5*em {
		return
	}
	width, ok := r.advance(text, i, []rune(a.Text)[0], a.Box.Height())
	if !ok {
		return
	}
	if left, ok := r.overhang(text, i); ok && left+width < a.Box.Width() {
		a.Box.X1 = a.Box.X0 + left + width
	}
}

// overhang returns how far the box of character i reaches to the left of its origin, in points.
func (r *reader) overhang(text references.FPDF_TEXTPAGE, i int) (float64, bool) {
	origin, err := r.engine.FPDFText_GetCharOrigin(&requests.FPDFText_GetCharOrigin{TextPage: text, Index: i})
	if err != nil {
		return 0, false
	}
	box, err := r.engine.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: text, Index: i})
	if err != nil {
		return 0, false
	}
	left := origin.X - float64(box.Rect.Left)
	return left, left >= 0
}

// advance returns the advance width of character i, which is c, in points; false when its font does not tell.
func (r *reader) advance(text references.FPDF_TEXTPAGE, i int, c rune, size float64) (float64, bool) {
	object, err := r.engine.FPDFText_GetTextObject(&requests.FPDFText_GetTextObject{TextPage: text, Index: i})
	if err != nil {
		return 0, false
	}
	font, err := r.engine.FPDFTextObj_GetFont(&requests.FPDFTextObj_GetFont{PageObject: object.TextObject})
	if err != nil {
		return 0, false
	}
	width, err := r.engine.FPDFFont_GetGlyphWidth(&requests.FPDFFont_GetGlyphWidth{Font: font.Font, Glyph: uint32(c), FontSize: float32(size)})
	if err != nil {
		return 0, false
	}
	return float64(width.GlyphWidth), width.GlyphWidth > 0
}
