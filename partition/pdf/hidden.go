package pdf

import (
	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// ground is something that is painted over an area.
type ground struct {
	box     layout.Box
	order   int
	color   [3]uint8
	known   bool // it fills the whole box with color
	opaque  bool
	picture Handle // 0 for none
}

const (
	tiny  = 1.0 // size below which text is no text for a reader, points
	faint = 6   // largest difference of two colours, in each of red, green and blue, that nobody sees
)

// hide flags the glyphs that a reader of the page does not see. runs are those of the glyphs.
func (w *walker) hide(runs []*run) {
	page := layout.Box{X1: w.p.Width, Y1: w.p.Height}
	pictures := map[Handle]bool{}
	for start := 0; start < len(runs); {
		r, box := runs[start], w.p.Glyphs[start].Box
		end := start
		for ; end < len(runs) && runs[end] == r; end++ {
			g := &w.p.Glyphs[end]
			box = box.Union(g.Box)
			if g.Size > 0 && g.Size < tiny {
				g.Hidden |= layout.Tiny
			}
			if overlap(g.Box, page).Empty() {
				g.Hidden |= layout.OffPage
			}
		}
		w.hideRun(r, w.p.Glyphs[start:end], box, pictures)
		start = end
	}
}

// overlap is the common part of two boxes, where one without an extent counts as a thin one.
func overlap(a, b layout.Box) layout.Box {
	const least = 1e-3
	return layout.Box{X0: a.X0, Y0: a.Y0, X1: max(a.X1, a.X0+least), Y1: max(a.Y1, a.Y0+least)}.Intersect(b)
}

// hideRun looks at what is painted below and above a run. opaque remembers which pictures let nothing through.
func (w *walker) hideRun(r *run, glyphs []layout.Glyph, box layout.Box, opaque map[Handle]bool) {
	const most = 5_000_000
	if w.compared += len(w.grounds); w.compared > most {
		return
	}
	near := w.near[:0]
	for i := range w.grounds {
		if b := &w.grounds[i].box; max(b.X0, box.X0) < min(b.X1, box.X1) && max(b.Y0, box.Y0) < min(b.Y1, box.Y1) {
			near = append(near, w.grounds[i])
		}
	}
	w.near = near
	white := likeness(r.color, [3]uint8{255, 255, 255})
	if len(near) == 0 && !white {
		return
	}
	for i := range glyphs {
		g := &glyphs[i]
		x, y := (g.Box.X0+g.Box.X1)/2, (g.Box.Y0+g.Box.Y1)/2
		same := white // what lies under the glyph has its colour: the paper at first
		for _, under := range near {
			if x < under.box.X0 || x > under.box.X1 || y < under.box.Y0 || y > under.box.Y1 {
				continue
			}
			switch {
			case under.order < r.order:
				same = under.known && under.opaque && likeness(r.color, under.color)
			case under.opaque || under.picture != 0 && w.opaquePicture(under, opaque):
				g.Hidden |= layout.Covered
			}
		}
		if same && g.Hidden&layout.Invisible == 0 {
			g.Hidden |= layout.Faint
		}
	}
}

func likeness(a, b [3]uint8) bool {
	for i := range a {
		if max(a[i], b[i])-min(a[i], b[i]) > faint {
			return false
		}
	}
	return true
}

// opaquePicture tells whether a picture hides what lies under it: nearly all of it, once its mask is applied.
func (w *walker) opaquePicture(g ground, known map[Handle]bool) bool {
	if answer, ok := known[g.picture]; ok {
		return answer
	}
	known[g.picture] = w.coversAll(g)
	return known[g.picture]
}

func (w *walker) coversAll(g ground) bool {
	const (
		largest = 4_000_000 // square points: the picture is drawn at one pixel a point
	)
	in := w.in
	if in.True(FPDFPageObj_HasTransparency, uint64(g.picture)) || g.box.Area() > largest {
		return false
	}
	if !in.True(FPDFImageObj_GetImagePixelSize, uint64(g.picture), in.Out(0), in.Out(1)) {
		return false
	}
	if most := w.mostPixels(w.index) / drawnPixels; most > 0 && int64(in.OutInt(0))*int64(in.OutInt(1)) > most {
		return false
	}
	w.unpacking = true
	bitmap := in.Call(FPDFImageObj_GetRenderedBitmap, uint64(w.handle), uint64(w.page), uint64(g.picture))
	w.unpacking = in.Ended()
	if bitmap == 0 {
		return false
	}
	defer in.Call(FPDFBitmap_Destroy, bitmap)
	if in.Int(FPDFBitmap_GetFormat, bitmap) != bgraBitmap {
		return true
	}
	width, height, stride := in.Int(FPDFBitmap_GetWidth, bitmap), in.Int(FPDFBitmap_GetHeight, bitmap), in.Int(FPDFBitmap_GetStride, bitmap)
	pixels := in.Bytes(in.Handle(FPDFBitmap_GetBuffer, bitmap), stride*height)
	if len(pixels) == 0 || width <= 0 {
		return false
	}
	solid, all := 0, 0
	for y := 0; y < height; y += max(1, height/64) {
		for x := 0; x < width; x += max(1, width/64) {
			all++
			if pixels[y*stride+4*x+3] >= 250 {
				solid++
			}
		}
	}
	return solid >= all*95/100
}
