// Package layout turns the glyphs of a page into lines, blocks and a reading order.
//
// Glyphs go in as a PDF reader finds them, in the order of the page's content; blocks come out, each a paragraph, a
// heading, a list item or a cell. The package knows geometry only: it reads no file format and decides no element type.
// All lengths are in PDF points (1/72 inch); the origin is the top left corner of the visible page and y grows downwards.
package layout

import "math"

// Box is an axis-parallel rectangle with X0 <= X1 and Y0 <= Y1.
type Box struct{ X0, Y0, X1, Y1 float64 }

// Width returns the horizontal extent.
func (b Box) Width() float64 { return b.X1 - b.X0 }

// Height returns the vertical extent.
func (b Box) Height() float64 { return b.Y1 - b.Y0 }

// Area returns the area in square points.
func (b Box) Area() float64 { return b.Width() * b.Height() }

// Empty reports whether the box has no area.
func (b Box) Empty() bool { return b.X1 <= b.X0 || b.Y1 <= b.Y0 }

// Finite reports whether all four sides are finite numbers.
func (b Box) Finite() bool {
	for _, v := range [...]float64{b.X0, b.Y0, b.X1, b.Y1} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Union returns the smallest box that holds both.
func (b Box) Union(c Box) Box {
	return Box{min(b.X0, c.X0), min(b.Y0, c.Y0), max(b.X1, c.X1), max(b.Y1, c.Y1)}
}

// Intersect returns the common part, which may be empty.
func (b Box) Intersect(c Box) Box {
	return Box{max(b.X0, c.X0), max(b.Y0, c.Y0), min(b.X1, c.X1), min(b.Y1, c.Y1)}
}

// Turn is the direction in which the text of a glyph runs, in quarter turns clockwise from left to right.
type Turn int

const (
	Right Turn = iota // left to right
	Down              // top to bottom
	Left              // upside down
	Up                // bottom to top
)

// Glyph is one drawn character. Its box is the advance width by the font size, from the descent upwards, not the ink.
type Glyph struct {
	Text  string // "" for a glyph without a known character; usually one character, a ligature may have more
	Box   Box
	Turn  Turn
	Space bool // made by layout between words; has no box
}

// Page is a page as it is drawn.
type Page struct {
	Width, Height float64
	Glyphs        []Glyph // in content order
}

// Line is a run of glyphs on one baseline.
type Line struct {
	Box    Box
	Turn   Turn
	Glyphs []Glyph // with a Space between words
}

// Block is a group of neighbouring lines that belong together, from the first to the last.
type Block struct {
	Box   Box
	Turn  Turn
	Lines []Line
}

// turned returns b in the coordinates of a page that has been turned so that text of direction t reads left to right.
// Only relative positions matter, so the results may be negative.
func (b Box) turned(t Turn) Box {
	switch t {
	case Down:
		return Box{b.Y0, -b.X1, b.Y1, -b.X0}
	case Left:
		return Box{-b.X1, -b.Y1, -b.X0, -b.Y0}
	case Up:
		return Box{-b.Y1, b.X0, -b.Y0, b.X1}
	default:
		return b
	}
}

// back is the inverse of turned.
func (b Box) back(t Turn) Box {
	switch t {
	case Down:
		return Box{-b.Y1, b.X0, -b.Y0, b.X1}
	case Up:
		return Box{b.Y0, -b.X1, b.Y1, -b.X0}
	default:
		return b.turned(t)
	}
}
