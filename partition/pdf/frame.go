package pdf

import (
	"math"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// frame maps PDF user space, where y grows upwards, to the page as it is shown.
type frame struct {
	left, bottom, right, top float64 // the visible part in user space, points
	turns                    int     // clockwise quarter turns by which the page is shown
}

func (l *loaded) readFrame() frame {
	f := frame{turns: l.in.Int(FPDFPage_GetRotation, uint64(l.page)) & 3}
	var r [4]float32 // left, top, right, bottom
	if l.in.True(FPDF_GetPageBoundingBox, uint64(l.page), l.in.Out(0)) {
		l.in.OutFloats(r[:])
	}
	f.left, f.right = ordered(r[0], r[2])
	f.bottom, f.top = ordered(r[3], r[1])
	return f
}

func ordered(a, b float32) (low, high float64) { return float64(min(a, b)), float64(max(a, b)) }

func (f frame) size() (width, height float64) {
	if f.turns%2 == 1 {
		return f.top - f.bottom, f.right - f.left
	}
	return f.right - f.left, f.top - f.bottom
}

// box maps a rectangle of user space, given by any two opposite corners.
func (f frame) box(ax, ay, bx, by float64) layout.Box {
	x0, x1, y0, y1 := min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
	switch f.turns {
	case 1:
		return layout.Box{X0: y0 - f.bottom, Y0: x0 - f.left, X1: y1 - f.bottom, Y1: x1 - f.left}
	case 2:
		return layout.Box{X0: f.right - x1, Y0: y0 - f.bottom, X1: f.right - x0, Y1: y1 - f.bottom}
	case 3:
		return layout.Box{X0: f.top - y1, Y0: f.right - x1, X1: f.top - y0, Y1: f.right - x0}
	default:
		return layout.Box{X0: x0 - f.left, Y0: f.top - y1, X1: x1 - f.left, Y1: f.top - y0}
	}
}

// rectAt maps the rectangle that PDFium has written from the i-th result on: left, top, right, bottom.
func (l *loaded) rectAt(i int) layout.Box {
	return l.frame.box(l.in.OutFloat4(i))
}

// turn returns the direction of text whose baseline runs along (a, b) in user space.
func (f frame) turn(a, b float64) layout.Turn {
	quarter := int(math.Round(math.Atan2(b, a) / (math.Pi / 2))) // anticlockwise
	return layout.Turn((f.turns - quarter + 8) % 4)
}

// matrix is an affine map: x' = ax + cy + e, y' = bx + dy + f (ISO 32000-1, 8.3.3).
type matrix struct{ a, b, c, d, e, f float64 }

var identity = matrix{a: 1, d: 1}

// then applies m first, then n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d,
		m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

func (m matrix) point(x, y float64) (float64, float64) {
	return m.a*x + m.c*y + m.e, m.b*x + m.d*y + m.f
}

// scale is by how much lengths grow, on average.
func (m matrix) scale() float64 { return math.Sqrt(math.Abs(m.a*m.d - m.b*m.c)) }

// box maps the smallest rectangle around a mapped one to the page.
func (l *loaded) mapped(m matrix, x0, y0, x1, y1 float64) layout.Box {
	ax, ay := m.point(x0, y0)
	bx, by := m.point(x1, y0)
	cx, cy := m.point(x0, y1)
	dx, dy := m.point(x1, y1)
	return l.frame.box(min(ax, bx, cx, dx), min(ay, by, cy, dy), max(ax, bx, cx, dx), max(ay, by, cy, dy))
}

// objectMatrix reads the matrix of a page object; the identity where it has none.
func (l *loaded) objectMatrix(object Handle) matrix {
	if !l.in.True(FPDFPageObj_GetMatrix, uint64(object), l.in.Out(0)) {
		return identity
	}
	return l.outMatrix()
}

func (l *loaded) outMatrix() matrix {
	var m [6]float32
	l.in.OutFloats(m[:])
	return matrix{float64(m[0]), float64(m[1]), float64(m[2]), float64(m[3]), float64(m[4]), float64(m[5])}
}
