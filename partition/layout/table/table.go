// Package table finds the tables of a page by their rules, by the grounds of their rows and by the alignment of their text.
//
// Rules implements layout.TableModel: a page model and its lines go in, grids of cells come out. Three kinds of evidence
// are tried, the surest first: a lattice of horizontal and vertical rules; a stack of horizontal rules or row grounds, whose
// columns the text tells; text alone, in columns over consecutive lines. All tolerances are relative to the size of the
// text, so that pages of an OCR, whose sizes are estimates, work as well. What could as well be prose, a list, a
// table of contents, a form or a drawing is no table: it is left to be read as text.
package table

import (
	"cmp"
	"context"
	"math"
	"slices"
	"unicode"

	"github.com/sluicehq/sluice/partition/layout"
)

// Rules is a layout.TableModel that needs no model. Its zero value is ready.
type Rules struct{}

var _ layout.TableModel = Rules{}

// Bounds beyond which a page is not searched for tables: what is drawn with so much is no table, and work on it would grow
// faster than the page.
const (
	maxWords    = 200_000
	maxRules    = 50_000 // as drawn
	maxSegments = 4000   // in each direction, after those on one line were joined
	maxPlaces   = 40_000
)

// Tables implements layout.TableModel. The cells' lines are made of the glyphs of the page's lines, each glyph in one cell.
func (Rules) Tables(ctx context.Context, p *layout.Page, lines []layout.Line) ([]layout.Table, error) {
	var found []layout.Table
	for _, turn := range turns(lines) {
		f := newFrame(p, lines, turn)
		if f == nil {
			continue
		}
		tables, err := f.tables(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, tables...)
	}
	return apart(found), nil
}

// turns lists the directions in which a good part of the page's text runs.
func turns(lines []layout.Line) []layout.Turn {
	var count [4]int
	total := 0
	for _, l := range lines {
		count[l.Turn&3] += len(l.Glyphs)
		total += len(l.Glyphs)
	}
	var out []layout.Turn
	for t, n := range count {
		if n > 0 && 5*n >= total {
			out = append(out, layout.Turn(t))
		}
	}
	return out
}

// apart drops a table that overlaps one before it.
func apart(tables []layout.Table) []layout.Table {
	var out []layout.Table
	for _, t := range tables {
		if !slices.ContainsFunc(out, func(o layout.Table) bool { return !o.Box.Intersect(t.Box).Empty() }) {
			out = append(out, t)
		}
	}
	return out
}

// frame is a page turned so that the text of one direction reads from left to right.
type frame struct {
	page   *layout.Page
	lines  []layout.Line
	turn   layout.Turn
	flip   bool    // the text reads from right to left: x grows to the left
	size   float64 // median height of a word: the unit of all tolerances
	words  []word
	used   []bool // of the words: in a table already
	hs, vs []segment
	seams  []seam
	fills  []ground
	width  float64
	height float64
}

func newFrame(p *layout.Page, lines []layout.Line, turn layout.Turn) *frame {
	f := &frame{page: p, lines: lines, turn: turn, width: p.Width, height: p.Height}
	if turn == layout.Down || turn == layout.Up {
		f.width, f.height = f.height, f.width
	}
	f.flip = leftward(lines, turn)
	f.readWords()
	if len(f.words) < 3 || len(f.words) > maxWords || f.size <= 0 {
		return nil
	}
	f.findSeams()
	f.used = make([]bool, len(f.words))
	f.readSegments()
	return f
}

func (f *frame) tables(ctx context.Context) ([]layout.Table, error) {
	var found []layout.Table
	for _, search := range [...]func() []layout.Table{f.latticed, f.stacked, f.tagged, f.aligned} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found = append(found, search()...)
	}
	slices.SortStableFunc(found, func(a, b layout.Table) int {
		return cmp.Or(cmp.Compare(a.Box.Y0, b.Box.Y0), cmp.Compare(a.Box.X0, b.Box.X0))
	})
	return found, nil
}

// leftward reports whether most letters of the lines of a direction are of scripts that read from right to left.
func leftward(lines []layout.Line, turn layout.Turn) bool {
	n, all := 0, 0
	for _, l := range lines {
		if l.Turn != turn {
			continue
		}
		for _, g := range l.Glyphs {
			for _, r := range g.Text {
				switch {
				case r < 0x80:
					if 'a' <= r|0x20 && r|0x20 <= 'z' {
						all++
					}
				case 0x590 <= r && r < 0x900, 0xFB1D <= r && r < 0xFE00, 0xFE70 <= r && r < 0xFF00:
					n++
					all++
				case unicode.IsLetter(r):
					all++
				}
			}
		}
	}
	return 2*n > all
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func near(a, b, d float64) bool { return math.Abs(a-b) <= d }

// in takes a box of the page into the frame, out takes it back.
func (f *frame) in(b layout.Box) layout.Box {
	b = turned(b, f.turn)
	if f.flip {
		b.X0, b.X1 = -b.X1, -b.X0
	}
	return b
}

func (f *frame) out(b layout.Box) layout.Box {
	if f.flip {
		b.X0, b.X1 = -b.X1, -b.X0
	}
	return back(b, f.turn)
}

// turned moves a box to a page that is turned so that text of direction t reads upright; back is its inverse.
func turned(b layout.Box, t layout.Turn) layout.Box {
	switch t {
	case layout.Down:
		return layout.Box{X0: b.Y0, Y0: -b.X1, X1: b.Y1, Y1: -b.X0}
	case layout.Left:
		return layout.Box{X0: -b.X1, Y0: -b.Y1, X1: -b.X0, Y1: -b.Y0}
	case layout.Up:
		return layout.Box{X0: -b.Y1, Y0: b.X0, X1: -b.Y0, Y1: b.X1}
	default:
		return b
	}
}

func back(b layout.Box, t layout.Turn) layout.Box {
	switch t {
	case layout.Down:
		return turned(b, layout.Up)
	case layout.Up:
		return turned(b, layout.Down)
	default:
		return turned(b, t)
	}
}
