package pdf

import (
	"context"
	"math"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/text"
)

func number(n int) *int { return &n }

// piece is a block on its way to an element.
type piece struct {
	kind  element.Type
	text  string
	box   layout.Box
	links []element.Link
}

// Sheet is a page on its way into the elements of its document.
type Sheet struct {
	page     int // its number
	elements []element.Element
}

// Len returns the number of elements that a page has given.
func (s Sheet) Len() int { return len(s.elements) }

// Fast makes the elements of a page by the text rule alone, in reading order.
func Fast(ctx context.Context, p *layout.Page, pageNumber int, b *budget.Budget) (Sheet, error) {
	blocks, err := layout.Blocks(layout.Lines(p.Glyphs), func() error { return b.Tick(ctx) })
	if err != nil {
		return Sheet{}, err
	}
	var pieces []piece
	for _, block := range blocks {
		if err := b.Tick(ctx); err != nil {
			return Sheet{}, err
		}
		chars := once(block.Chars())
		if piece, ok := classify(p, layout.Text(chars), block.Box); ok {
			piece.links = linksOf(p, chars, block.Box, piece.text)
			pieces = append(pieces, piece)
		}
	}
	for _, f := range p.Fields {
		if f.Kind != layout.TextField && f.Kind != layout.ChoiceField {
			continue
		}
		if piece, ok := classify(p, text.Collapse(f.Value), f.Box); ok {
			pieces = append(pieces, piece)
		}
	}
	pieces = joinItems(pieces)
	boxes := make([]layout.Box, len(pieces))
	for i, piece := range pieces {
		boxes[i] = piece.box
	}
	out := make([]element.Element, 0, len(pieces))
	for _, i := range order(boxes) {
		out = append(out, pieces[i].element(pageNumber, p.Width, p.Height))
	}
	return Sheet{page: pageNumber, elements: out}, nil
}

// Finish gives the elements of a document, whose pages stand in order.
func Finish(sheets []Sheet, o format.Options) []element.Element {
	n := 0
	for _, s := range sheets {
		n += len(s.elements) + 1
	}
	out := make([]element.Element, 0, n)
	for _, s := range sheets {
		out = append(out, s.elements...)
		if o.IncludePageBreaks {
			out = append(out, element.Element{Type: element.PageBreak, Metadata: element.Metadata{PageNumber: number(s.page)}})
		}
	}
	return out
}

func order(boxes []layout.Box) []int {
	if len(boxes) == 0 {
		return nil
	}
	return layout.Order(boxes)
}

// The bands at the top and the bottom of a page in which text is page furniture, as shares of its height.
const (
	headerBand = 0.07
	footerBand = 0.93
)

// classify decides by place, then by the text rule.
func classify(p *layout.Page, s string, box layout.Box) (piece, bool) {
	if s == "" {
		return piece{}, false
	}
	middle := (box.Y0 + box.Y1) / 2
	switch {
	case middle < headerBand*p.Height:
		return piece{kind: element.Header, text: s, box: box}, true
	case middle > footerBand*p.Height:
		return piece{kind: element.Footer, text: s, box: box}, true
	}
	kind, rest, ok := text.Classify(s)
	return piece{kind: kind, text: rest, box: box}, ok
}

func (p piece) element(pageNumber int, width, height float64) element.Element {
	return element.Element{Type: p.kind, Text: p.text, Metadata: element.Metadata{
		PageNumber: number(pageNumber),
		Links:      p.links,
		Coordinates: &element.Coordinates{
			Points: [][2]float64{{p.box.X0, p.box.Y0}, {p.box.X0, p.box.Y1}, {p.box.X1, p.box.Y1}, {p.box.X1, p.box.Y0}},
			System: "PixelSpace", LayoutWidth: width, LayoutHeight: height,
		},
	}}
}

// once drops the copies of glyphs that are drawn twice, a little apart, to look bold.
func once(chars []layout.Char) []layout.Char {
	out := chars[:0]
	var last layout.Char
	for _, c := range chars {
		if !c.Made && len(out) > 0 && !last.Made && c.Rune == last.Rune && c.Rune != ' ' && c.Box != last.Box &&
			math.Abs(c.Box.X0-last.Box.X0) < 2 && math.Abs(c.Box.Y0-last.Box.Y0) < 2 {
			shared := min(c.Box.X1, last.Box.X1) - max(c.Box.X0, last.Box.X0)
			if shared > 0.5*(c.Box.Width()+last.Box.Width())/2 {
				continue
			}
		}
		out = append(out, c)
		last = c
	}
	return out
}

// joinItems appends to a list item the pieces that begin within its area: the further lines of an item whose bullet
// stands apart.
func joinItems(pieces []piece) []piece {
	var out []piece
	for _, p := range pieces {
		if n := len(out); n > 0 && out[n-1].kind == element.ListItem && p.kind != element.Header && p.kind != element.Footer {
			item := &out[n-1]
			spread := 0.3 * item.box.Height()
			if p.box.X0 >= item.box.X0 && p.box.X0 <= item.box.X1+0.2*item.box.Width() &&
				p.box.Y0 >= item.box.Y0-spread && p.box.Y0 <= item.box.Y1+spread && p.kind != element.ListItem {
				item.text += " " + p.text
				item.box = item.box.Union(p.box)
				item.links = append(item.links, p.links...)
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

// word is a run of letters and digits, or of other characters, in a block's text.
type word struct {
	start, end int // in code points
	box        layout.Box
}

func words(chars []layout.Char) []word {
	var out []word
	class := func(r rune) int {
		switch {
		case r == ' ':
			return 0
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			return 1
		}
		return 2
	}
	last := 0
	for i, c := range chars {
		k := class(c.Rune)
		switch k {
		case 0:
		case last:
			out[len(out)-1].end = i + 1
			out[len(out)-1].box = out[len(out)-1].box.Union(c.Box)
		default:
			out = append(out, word{i, i + 1, c.Box})
		}
		last = k
	}
	return out
}

// linksOf finds the outward links whose area lies on a block: their text runs from the word nearest to the area's top left
// corner to the word nearest to its bottom right one.
func linksOf(p *layout.Page, chars []layout.Char, box layout.Box, shown string) []element.Link {
	var links []element.Link
	var all []word
	whole := layout.Text(chars)
	offset := 0 // a bullet that is not shown
	if i := strings.Index(whole, shown); i > 0 {
		offset = len([]rune(whole[:i]))
	}
	for _, l := range p.Links {
		shared := l.Box.Intersect(box)
		if l.URL == "" || shared.Empty() || shared.Area() <= 0.9*l.Box.Area() {
			continue
		}
		if all == nil {
			if all = words(chars); len(all) == 0 {
				return nil
			}
		}
		first := nearest(all, func(b layout.Box) (float64, float64) { return b.X0 - l.Box.X0, b.Y0 - l.Box.Y0 })
		last := nearest(all, func(b layout.Box) (float64, float64) { return b.X1 - l.Box.X1, b.Y1 - l.Box.Y1 })
		if last < first {
			first, last = last, first
		}
		links = append(links, element.Link{
			Text: layout.Text(chars[all[first].start:all[last].end]), URL: l.URL, StartIndex: max(all[first].start-offset, 0),
		})
	}
	return links
}

func nearest(all []word, delta func(layout.Box) (float64, float64)) int {
	best, distance := 0, math.Inf(1)
	for i, w := range all {
		dx, dy := delta(w.box)
		if d := math.Hypot(dx, dy); d < distance {
			best, distance = i, d
		}
	}
	return best
}
