package pdf

import (
	"math"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

const (
	thin      = 3.0  // a filled area below it is a rule, points
	hairline  = 0.5  // thickness of a stroke without a width, points
	straight  = 0.02 // slope up to which a stroke counts as horizontal or vertical
	shortest  = 8.0  // of the straight parts of a shape with curves that count as rules, points
	fullShape = 0.9  // share of its box that a shape with round corners must fill to count as its area
)

// point is a place in user space.
type point struct{ x, y float64 }

// outline is one piece of a path, from where the pen is set down to where it is lifted.
type outline struct {
	points []point
	curved []bool // whether the way to a point is a curve
	closed bool
	bent   bool // has a curve
}

// path takes a path object apart into rules, fills and parts of drawings.
func (w *walker) path(object Handle, to matrix) {
	in := w.in
	if !in.True(FPDFPath_GetDrawMode, uint64(object), in.Out(0), in.Out(1)) {
		return
	}
	filled, stroked := in.OutInt(0) != 0, in.OutInt(1) != 0
	var rgb [3]uint8
	alpha := 0
	if filled {
		rgb, alpha, _ = w.color(FPDFPageObj_GetFillColor, object)
		filled = alpha > 0
	}
	if stroked {
		_, a, _ := w.color(FPDFPageObj_GetStrokeColor, object)
		stroked = a > 0
	}
	if !filled && !stroked {
		return
	}
	seen := w.clipped(object, to, w.bounds(object, to))
	if !seen.Finite() || seen.X1 < seen.X0 || seen.Y1 < seen.Y0 {
		return // outside of the page or of its clip
	}
	width := 0.0
	if stroked && in.True(FPDFPageObj_GetStrokeWidth, uint64(object), in.Out(0)) {
		width = in.OutFloat(0) * to.scale()
	}
	opaque := filled && alpha == 255 && !in.True(FPDFPageObj_HasTransparency, uint64(object))

	outlines := w.outlines(object, w.objectMatrix(object).then(to))
	drawing := outlines == nil
	var areas []layout.Box
	for _, o := range outlines {
		drawn := false
		if filled {
			if box, ok := w.area(o); ok {
				areas, drawn = append(areas, box), true
			}
		}
		if stroked && w.strokes(o, width, seen) {
			drawn = true
		}
		drawing = drawing || !drawn
	}
	if frames(areas) {
		for _, b := range areas {
			w.edges(b, hairline, seen)
		}
		areas = nil
	}
	for _, b := range areas {
		if b = b.Intersect(seen); b.X1 < b.X0 || b.Y1 < b.Y0 {
			continue
		}
		if short, long := min(b.Width(), b.Height()), max(b.Width(), b.Height()); short < thin && long > 2*short {
			w.p.Rules = append(w.p.Rules, layout.Rule{Box: b})
		} else if !b.Empty() {
			w.p.Fills = append(w.p.Fills, layout.Fill{Box: b, Color: rgb, Opaque: opaque, Order: w.order})
			w.grounds = append(w.grounds, ground{box: b, order: w.order, color: rgb, known: true, opaque: opaque})
		}
	}
	if drawing && !seen.Empty() {
		w.shapes = append(w.shapes, shape{box: seen, order: w.order})
		if filled {
			w.grounds = append(w.grounds, ground{box: seen, order: w.order})
		}
	}
}

// outlines reads the segments of a path; nil when it has more than a page may have.
func (w *walker) outlines(object Handle, to matrix) []outline {
	const (
		curve = 1
		move  = 2
	)
	in := w.in
	n := in.Int(FPDFPath_CountSegments, uint64(object))
	if w.segments += n; n <= 0 || w.segments > maxSegments {
		return nil
	}
	var out []outline
	bezier := 0
	for i := range n {
		segment := in.Call(FPDFPath_GetPathSegment, uint64(object), uint64(i))
		if segment == 0 || !in.True(FPDFPathSegment_GetPoint, segment, in.Out(0), in.Out(1)) {
			continue
		}
		x, y := to.point(in.OutFloat(0), in.OutFloat(1))
		kind := in.Int(FPDFPathSegment_GetType, segment)
		if kind == move || len(out) == 0 {
			out = append(out, outline{})
		}
		o := &out[len(out)-1]
		if kind == curve {
			// A curve comes as two control points and its end.
			if bezier++; bezier%3 != 0 {
				continue
			}
			o.bent = true
		}
		o.points, o.curved = append(o.points, point{x, y}), append(o.curved, kind == curve)
		o.closed = o.closed || in.True(FPDFPathSegment_GetClose, segment)
	}
	return out
}

// area returns the box of a filled outline that fills it: a rectangle, or one with round corners.
func (w *walker) area(o outline) (layout.Box, bool) {
	var e extent
	sum := 0.0
	for i, p := range o.points {
		e.add(p.x, p.y)
		q := o.points[(i+1)%len(o.points)]
		sum += p.x*q.y - q.x*p.y
	}
	whole := (e.x1 - e.x0) * (e.y1 - e.y0)
	share := 0.999
	if o.bent {
		share = fullShape
	}
	if len(o.points) < 2 || whole > 0 && math.Abs(sum/2) < share*whole {
		return layout.Box{}, false
	}
	box := w.frame.box(e.x0, e.y0, e.x1, e.y1)
	return box, box.Finite()
}

// strokes makes rules of the horizontal and vertical parts of a stroked outline. It tells whether these are all of it.
func (w *walker) strokes(o outline, width float64, seen layout.Box) bool {
	points, curved := o.points, o.curved
	if o.closed && len(points) > 2 {
		points, curved = append(points, points[0]), append(curved, false)
	}
	all := !o.bent
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		dx, dy := math.Abs(a.x-b.x), math.Abs(a.y-b.y)
		switch {
		case curved[i], dx == 0 && dy == 0:
		case min(dx, dy) > straight*max(dx, dy):
			all = false
		case !o.bent || max(dx, dy) >= shortest:
			w.rule(w.frame.box(a.x, a.y, b.x, b.y), width, seen)
		}
	}
	return all
}

// rule adds a stroke along box.
func (w *walker) rule(box layout.Box, width float64, seen layout.Box) {
	half := max(width, hairline) / 2
	seen = layout.Box{X0: seen.X0 - half, Y0: seen.Y0 - half, X1: seen.X1 + half, Y1: seen.Y1 + half}
	if box.Width() >= box.Height() {
		middle := (box.Y0 + box.Y1) / 2
		box.Y0, box.Y1 = middle-half, middle+half
	} else {
		middle := (box.X0 + box.X1) / 2
		box.X0, box.X1 = middle-half, middle+half
	}
	if box = box.Intersect(seen); box.Finite() && !box.Empty() {
		w.p.Rules = append(w.p.Rules, layout.Rule{Box: box})
	}
}

// edges adds the four sides of a box as rules.
func (w *walker) edges(b layout.Box, width float64, seen layout.Box) {
	w.rule(layout.Box{X0: b.X0, Y0: b.Y0, X1: b.X1, Y1: b.Y0}, width, seen)
	w.rule(layout.Box{X0: b.X0, Y0: b.Y1, X1: b.X1, Y1: b.Y1}, width, seen)
	w.rule(layout.Box{X0: b.X0, Y0: b.Y0, X1: b.X0, Y1: b.Y1}, width, seen)
	w.rule(layout.Box{X0: b.X1, Y0: b.Y0, X1: b.X1, Y1: b.Y1}, width, seen)
}

// frames tells whether areas of one path lie inside each other, so that only what is between them is painted.
func frames(areas []layout.Box) bool {
	const most = 64
	if len(areas) < 2 || len(areas) > most {
		return false
	}
	for i, a := range areas {
		for j, b := range areas {
			if i != j && b.X0 >= a.X0 && b.X1 <= a.X1 && b.Y0 >= a.Y0 && b.Y1 <= a.Y1 && b.Area() > 0.25*a.Area() {
				return true
			}
		}
	}
	return false
}
