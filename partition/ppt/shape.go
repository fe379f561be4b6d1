package ppt

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/slide"
)

// page is a slide or a page of notes.
type page struct {
	*reader
	texts     []outline
	master    *master
	onlyNotes bool          // only the text of notes counts
	number    int           // that the slide shows
	places    map[int]frame // of placeholders
}

// frame is a rectangle.
type frame struct{ left, top, right, bottom int }

// within moves a rectangle from the coordinates of a group to those of what is around the group.
func (f frame) within(inner, outer frame) frame {
	scale := func(v, from, to, begin, end int) int {
		if to == from {
			return begin
		}
		return begin + (v-from)*(end-begin)/(to-from)
	}
	return frame{
		scale(f.left, inner.left, inner.right, outer.left, outer.right), scale(f.top, inner.top, inner.bottom, outer.top, outer.bottom),
		scale(f.right, inner.left, inner.right, outer.left, outer.right), scale(f.bottom, inner.top, inner.bottom, outer.top, outer.bottom),
	}
}

// shapes reads the shapes of a drawing.
func (p *page) shapes(drawing data) ([]slide.Shape, error) {
	var out []slide.Shape
	err := p.each(drawing, func(c record) error {
		if c.kind != drawContainer {
			return nil
		}
		return p.each(c.data, func(c record) error {
			switch c.kind {
			case drawGroup:
				return p.group(c.data, 1, nil, &out)
			case drawShape: // the background
			}
			return nil
		})
	})
	return out, err
}

// group reads a group of shapes; a table is one. move takes its coordinates to those of the slide.
func (p *page) group(b data, depth int, move func(frame) frame, out *[]slide.Shape) error {
	if err := p.budget.Depth(depth); err != nil {
		return err
	}
	first := true
	place := move // of what is inside
	table, columns := false, []placed(nil)
	var own frame
	err := p.each(b, func(c record) error {
		switch c.kind {
		case drawShape:
			s, err := p.shape(c.data, place)
			if err != nil {
				return err
			}
			if first { // the group itself
				first = false
				table = s.table
				own = s.at
				if s.inner != nil {
					inner, outer := *s.inner, s.at
					if s.anchored {
						place = func(f frame) frame { return f.within(inner, outer) }
					}
				}
				return nil
			}
			if s.deleted || !s.text {
				return nil
			}
			if table {
				columns = append(columns, s)
				return nil
			}
			*out = append(*out, slide.Shape{Top: s.at.top, Left: s.at.left, Title: s.title, Paragraphs: s.paragraphs})
		case drawGroup:
			return p.group(c.data, depth+1, place, out)
		}
		return nil
	})
	if table && len(columns) > 0 {
		*out = append(*out, slide.Shape{Top: own.top, Left: own.left, Table: rows(columns)})
	}
	return err
}

// placed is a shape with what is known of it.
type placed struct {
	at         frame
	anchored   bool
	inner      *frame // coordinates inside a group
	table      bool
	deleted    bool
	text       bool
	title      bool
	paragraphs []slide.Paragraph
}

// shape reads one shape.
func (p *page) shape(b data, move func(frame) frame) (s placed, err error) {
	var textbox data
	place := 0
	err = p.each(b, func(c record) error {
		switch d := c.data; c.kind {
		case drawGroupFrame:
			s.inner = &frame{d.i32(0), d.i32(4), d.i32(8), d.i32(12)}
		case drawFlags:
			const deleted = 8
			s.deleted = d.u32(4)&deleted != 0
		case drawChildAnchor:
			s.at, s.anchored = frame{d.i32(0), d.i32(4), d.i32(8), d.i32(12)}, true
		case drawAnchor:
			s.anchored = true
			if len(d) >= 16 {
				s.at = frame{top: d.i32(0), left: d.i32(4), right: d.i32(8), bottom: d.i32(12)}
			} else {
				s.at = frame{top: d.i16(0), left: d.i16(2), right: d.i16(4), bottom: d.i16(6)}
			}
		case drawProperties, drawMoreProperies:
			const tableProperties = 0x39f
			for i := range min(c.instance, len(d)/6) {
				if d.u16(6*i)&0x3fff == tableProperties && d.u32(6*i+2)&1 != 0 {
					s.table = true
				}
			}
		case drawClientData:
			return p.each(d, func(c record) error {
				if c.kind == recPlaceholder && len(c.data) > 4 {
					place = int(c.data[4])
				}
				return nil
			})
		case drawTextbox:
			textbox, s.text = d, true
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	if move != nil && s.anchored {
		s.at = move(s.at)
	}
	if place > 0 && p.places != nil && !s.deleted {
		p.places[place] = s.at
	}
	if s.text {
		err = p.textbox(textbox, &s)
	}
	return s, err
}

// textbox reads the text of a shape, which may stand in the document's list of slides.
func (p *page) textbox(b data, s *placed) error {
	kind := 4 // other
	var t body
	found := false
	err := p.each(b, func(c record) error {
		switch c.kind {
		case recOutlineRef:
			if i := c.data.u32(0); i < len(p.texts) {
				kind, t, found = p.texts[i].kind, p.texts[i].body, true
			}
		case recTextHeader:
			kind = c.data.u32(0)
		case recTextChars, recTextBytes:
			t.chars, t.wide, found = c.data, c.kind == recTextChars, true
		case recStyleText:
			t.styles = c.data
		default:
			if isMark(c.kind) {
				t.marks = append(t.marks, mark{c.data.u32(0), c.kind})
			}
		}
		return nil
	})
	if !found || p.onlyNotes && kind != textNotes {
		return err
	}
	if p.claimed += len(t.chars); p.claimed > 8*len(p.stream) {
		return ole.Damaged()
	}
	s.title = kind == textTitle || kind == textCenterTitle
	s.paragraphs = t.paragraphs(kind, p.master, p.number)
	if s.title && len(s.paragraphs) > 1 { // the lines of one title
		s.paragraphs[0].Text = strings.TrimSpace(text(s.paragraphs))
		s.paragraphs = s.paragraphs[:1]
	}
	return err
}

// rows lays the cells of a table out by where they stand: those that begin at the same height are a row.
func rows(cells []placed) [][]string {
	edges := func(of func(placed) int) []int {
		var all []int
		for _, c := range cells {
			all = append(all, of(c))
		}
		slices.Sort(all)
		const near = 4 // a hundredth of an inch is six
		out := all[:0]
		for _, v := range all {
			if len(out) == 0 || v-out[len(out)-1] > near {
				out = append(out, v)
			}
		}
		return out
	}
	tops, lefts := edges(func(c placed) int { return c.at.top }), edges(func(c placed) int { return c.at.left })
	index := func(edges []int, v int) int {
		i, found := slices.BinarySearchFunc(edges, v, cmp.Compare[int])
		if !found {
			i--
		}
		return max(i, 0)
	}
	const maxPlaces = 1_000_000
	if len(tops)*len(lefts) > maxPlaces { // no grid: a cell a row
		var out [][]string
		for _, c := range cells {
			out = append(out, []string{text(c.paragraphs)})
		}
		return out
	}
	out := make([][]string, len(tops))
	for i := range out {
		out[i] = make([]string, len(lefts))
	}
	for _, c := range cells {
		at := &out[index(tops, c.at.top)][index(lefts, c.at.left)]
		*at = strings.TrimSpace(*at + "\n" + text(c.paragraphs))
	}
	return out
}

func text(paragraphs []slide.Paragraph) string {
	var lines []string
	for _, p := range paragraphs {
		lines = append(lines, p.Text)
	}
	return strings.Join(lines, "\n")
}
