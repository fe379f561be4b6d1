// Package layout turns the glyphs of a page into what a reader sees: columns, headings, paragraphs, lists, tables, figures.
//
// Glyphs go in as a PDF reader or an OCR finds them, in the order of the page's content, with the page's fonts, rules, fills and
// pictures. Engine gives regions in reading order, each of a kind; Outlines and Decide then look over all pages of a document
// for headings and what is repeated. Lines, Blocks and Order are the reference's own cutting of a page, for strategy
// fast, which has to agree with it. The package knows geometry and type: it reads no file format and makes no elements.
// All lengths are in PDF points (1/72 inch); the origin is the top left corner of the visible page and y grows downwards.
package layout

import "sync"

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
	return b.X0-b.X0 == 0 && b.Y0-b.Y0 == 0 && b.X1-b.X1 == 0 && b.Y1-b.Y1 == 0 // infinity less itself is no number
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
type Turn uint8

const (
	Right Turn = iota // left to right
	Down              // top to bottom
	Left              // upside down
	Up                // bottom to top
)

// Glyph is one drawn character, or one word of an OCR. Its box is the advance width by the font size, from the descent
// upwards, not the ink; a word's box is the ink.
type Glyph struct {
	Text   string // "" for a glyph without a known character; usually one character, a ligature or a word has more
	Box    Box
	Size   float64 // of the font as drawn, points; 0 when unknown
	Font   int     // index into Page.Fonts, -1 when nothing is known of it
	Tag    int     // index into Page.Tags, -1 without one
	Turn   Turn
	Hidden Hidden // why a reader of the page does not see it
	Space  bool   // made by layout between words; has no box
	Spaced bool   // a space was drawn behind it; set by layout
}

// Hidden tells why drawn text cannot be seen; 0 is visible text.
type Hidden uint8

// The reasons for which text cannot be seen. More than one may hold.
const (
	Invisible Hidden = 1 << iota // render mode 3, or fully transparent
	OffPage                      // outside the visible page
	Covered                      // under a later opaque fill or picture
	Tiny                         // drawn below one point
	Faint                        // in the colour of what lies under it
)

// Font is what a page says of a typeface.
type Font struct {
	Name   string // as in the file, without the subset prefix
	Weight int    // 100 to 900, 400 regular; derived from the name where the file does not say
	Italic bool
	Mono   bool // all characters have one width
}

// Bold reports whether the typeface is heavier than regular text.
func (f Font) Bold() bool { return f.Weight >= 600 }

// Rule is a drawn straight line, horizontal or vertical: a stroke, or a filled area thinner than 3 points. The longer side of
// its box is its direction, the shorter its thickness.
type Rule struct {
	Box Box
}

// Horizontal reports whether the rule runs from left to right.
func (r Rule) Horizontal() bool { return r.Box.Width() >= r.Box.Height() }

// Fill is a filled area that is no rule: the ground of a table row, a side bar, a picture drawn with paths.
type Fill struct {
	Box    Box
	Color  [3]uint8 // red, green, blue
	Opaque bool
	Order  int // position among the page's drawn things, later covers earlier
}

// Picture is a raster image, or a drawing of many paths that reads as one.
type Picture struct {
	Box     Box
	Width   int // pixels of the raster, 0 for a drawing
	Height  int
	Drawing bool
	Object  int // position of the raster among the page's images, for fetching its bytes; -1 for a drawing
	Alt     string
	Order   int
}

// Link is the area of a link annotation.
type Link struct {
	Box Box
	URL string // "" for a link within the document
}

// Field is a form field with its value as a reader sees it.
type Field struct {
	Box     Box
	Name    string
	Value   string
	Kind    FieldKind
	Checked bool // of a check box or radio button
}

// Note is what somebody wrote on a page: a comment, marked text, text on a stamp.
type Note struct {
	Box    Box
	Kind   string // text, free_text, highlight ...
	Text   string
	Author string
}

// FieldKind is the kind of a form field.
type FieldKind uint8

// The kinds of form fields.
const (
	TextField FieldKind = iota
	CheckBox
	RadioButton
	ChoiceField
	SignatureField
	ButtonField
)

// Tag is the innermost element of the document's structure tree that holds a glyph (ISO 32000-1, 14.8.4).
type Tag struct {
	Type   string // standard type after the role map: "P", "H1", "LI", "TD", "Figure", "Artifact" ...
	Parent int    // index into Page.Tags, -1 for a root
	Order  int    // position in the tree's own reading order
	Alt    string
	Spans  [2]int // rows and columns that a cell takes, 0 when not said
}

// Page is a page as it is drawn.
type Page struct {
	Width, Height float64
	Glyphs        []Glyph // in content order
	Fonts         []Font
	Rules         []Rule
	Fills         []Fill
	Pictures      []Picture
	Links         []Link
	Fields        []Field
	Notes         []Note // in no order of reading
	Tags          []Tag  // empty in an untagged document
	Recognized    bool   // the glyphs are words of an OCR, their sizes estimates

	rooms [][]Glyph // of its lines
}

// rooms are lists of glyphs that pages have no use for any more. Half a megabyte for each page would keep the collector busy.
var rooms sync.Pool

// Room gives an empty list for n glyphs, which may have been another page's.
func Room(n int) []Glyph {
	if r, ok := rooms.Get().(*[]Glyph); ok && cap(*r) >= n {
		return (*r)[:0]
	}
	return make([]Glyph, 0, n+n/4)
}

// Free lets other pages have the memory of the glyphs and of the lines that Page.Lines made of them. Nothing of either may be used
// afterwards; texts may.
func (p *Page) Free() {
	for _, r := range append(p.rooms, p.Glyphs) {
		if cap(r) > 0 {
			rooms.Put(&r)
		}
	}
	p.Glyphs, p.rooms = nil, nil
}

// Line is a run of glyphs on one baseline.
type Line struct {
	Box    Box
	Turn   Turn
	Glyphs []Glyph // with a Space between words
	Joins  bool    // the next line goes on without a space: its last word does, or the script has none
}

// Block is a group of neighbouring lines that belong together, from the first to the last.
type Block struct {
	Box   Box
	Turn  Turn
	Lines []Line
}

// Facing returns b in the coordinates of a page that has been turned so that text of direction t reads left to right. Only relative
// positions matter, so the results may be negative.
func (b Box) Facing(t Turn) Box { return b.turned(t) }

// FacingBack is the inverse of Facing.
func (b Box) FacingBack(t Turn) Box { return b.back(t) }

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
