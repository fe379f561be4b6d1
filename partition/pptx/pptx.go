// Package pptx reads PresentationML (ECMA-376 part 1): .pptx and its kin. A slide is a page; its shapes are read from the
// top down, its notes before them.
package pptx

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/slide"
)

// reader is one presentation on its way.
type reader struct {
	*ooxml.Package
	ctx     context.Context
	options format.Options
	places  map[string]layout // of layouts, by part
	page    int
	out     []element.Element
}

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	p, err := ooxml.Open(f, "pptx", b)
	if err != nil {
		return nil, err
	}
	r := &reader{Package: p, ctx: ctx, options: o, places: map[string]layout{}, page: o.FirstPage() - 1}
	main, err := r.Main(ctx, "ppt/presentation.xml")
	if err != nil {
		return nil, err
	}
	parts, err := r.Relationships(ctx, main)
	if err != nil {
		return nil, err
	}
	var slides []string
	err = r.Each(ctx, main, []string{"presentation"}, func(n *ooxml.Node) error {
		if n.Name != "sldIdLst" {
			return nil
		}
		for _, c := range n.Children {
			if part := parts[c.RelationshipID()]; part.Target != "" && !part.External {
				slides = append(slides, part.Target)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, part := range slides {
		if err := b.Page(); err != nil {
			return nil, err
		}
		if i > 0 && o.IncludePageBreaks {
			page := r.page
			r.out = append(r.out, element.Element{Type: element.PageBreak, Metadata: element.Metadata{PageNumber: &page}})
		}
		r.page++
		if err := r.slide(part); err != nil {
			return nil, err
		}
	}
	return r.out, nil
}

// slide reads the notes and then the shapes of a slide.
func (r *reader) slide(part string) error {
	parts, err := r.Relationships(r.ctx, part)
	if err != nil {
		return err
	}
	inherited := layout{}
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		switch p := parts[id]; {
		case p.Type == "notesSlide" && r.options.IncludeSlideNotes:
			if err := r.notes(p.Target); err != nil {
				return err
			}
		case p.Type == "slideLayout":
			if inherited, err = r.layout(p.Target); err != nil {
				return err
			}
		}
	}
	var shapes []slide.Shape
	err = r.Each(r.ctx, part, []string{"sld", "cSld", "spTree"}, func(n *ooxml.Node) error {
		shapes = leaves(n, inherited, shapes)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.out = append(r.out, slide.Elements(shapes, r.page, !r.options.NoTableHTML)...)
	return nil
}

// leaves flattens groups.
func leaves(n *ooxml.Node, inherited layout, out []slide.Shape) []slide.Shape {
	switch n.Name {
	case "grpSp":
		for _, c := range n.Children {
			out = leaves(c, inherited, out)
		}
	case "AlternateContent":
		if choice := n.Child("Choice"); choice != nil {
			for _, c := range choice.Children {
				out = leaves(c, inherited, out)
			}
		}
	case "sp", "graphicFrame":
		s := read(n)
		offset := n.Child("spPr", "xfrm", "off")
		if n.Name == "graphicFrame" {
			offset = n.Child("xfrm", "off")
		}
		if offset != nil {
			s.Left, s.Top = number(offset.Attr("x")), number(offset.Attr("y"))
		} else if p := placeholder(n); p != nil {
			s.Left, s.Top = inherited.place(p)
		}
		out = append(out, s)
	}
	return out
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// placeholder is the element that says which place of the layout a shape fills, nil for a free one.
func placeholder(n *ooxml.Node) *ooxml.Node { return n.Child("nvSpPr", "nvPr", "ph") }

// layout holds where the placeholders of a slide layout stand.
type layout struct {
	byIndex map[string][2]int
	byType  map[string][2]int // those of the master behind it
}

func (l layout) place(p *ooxml.Node) (left, top int) {
	if at, ok := l.byIndex[p.Attr("idx")]; ok {
		return at[0], at[1]
	}
	at := l.byType[kindOf(p)]
	return at[0], at[1]
}

// kindOf is the kind of a placeholder on the master that stands for it.
func kindOf(p *ooxml.Node) string {
	switch t := p.Attr("type"); t {
	case "ctrTitle", "title":
		return "title"
	case "dt", "ftr", "sldNum":
		return t
	}
	return "body"
}

// layout reads a layout and its master, once.
func (r *reader) layout(part string) (layout, error) {
	if l, ok := r.places[part]; ok {
		return l, nil
	}
	l := layout{map[string][2]int{}, map[string][2]int{}}
	parts, err := r.Relationships(r.ctx, part)
	if err != nil {
		return l, err
	}
	for _, p := range parts {
		if p.Type != "slideMaster" {
			continue
		}
		if err := r.placeholders(p.Target, "sldMaster", func(p *ooxml.Node, at [2]int, placed bool) {
			if _, known := l.byType[kindOf(p)]; placed && !known {
				l.byType[kindOf(p)] = at
			}
		}); err != nil {
			return l, err
		}
	}
	err = r.placeholders(part, "sldLayout", func(p *ooxml.Node, at [2]int, placed bool) {
		if !placed {
			at = l.byType[kindOf(p)]
		}
		l.byIndex[p.Attr("idx")] = at
	})
	r.places[part] = l
	return l, err
}

func (r *reader) placeholders(part, root string, fn func(p *ooxml.Node, at [2]int, placed bool)) error {
	err := r.Each(r.ctx, part, []string{root, "cSld", "spTree"}, func(n *ooxml.Node) error {
		if p := placeholder(n); p != nil {
			offset := n.Child("spPr", "xfrm", "off")
			if offset == nil {
				fn(p, [2]int{}, false)
			} else {
				fn(p, [2]int{number(offset.Attr("x")), number(offset.Attr("y"))}, true)
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// notes adds the speaker's notes of a slide as one element.
func (r *reader) notes(part string) error {
	err := r.Each(r.ctx, part, []string{"notes", "cSld", "spTree"}, func(n *ooxml.Node) error {
		p := placeholder(n)
		body := n.Child("txBody")
		if p == nil || p.Attr("type") != "body" || body == nil {
			return nil
		}
		var lines []string
		for _, c := range body.Children {
			if c.Name == "p" {
				lines = append(lines, paragraph(c))
			}
		}
		if e, ok := slide.Notes(lines, r.page); ok {
			r.out = append(r.out, e)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// read reads the table or the text of a shape.
func read(n *ooxml.Node) (s slide.Shape) {
	if table := n.Child("graphic", "graphicData", "tbl"); table != nil {
		s.Table = rows(table)
		return s
	}
	body := n.Child("txBody")
	if body == nil {
		return s
	}
	if p := placeholder(n); p != nil {
		s.Title = p.Attr("type") == "title" || p.Attr("type") == "ctrTitle"
	}
	for _, c := range body.Children {
		if c.Name != "p" {
			continue
		}
		p := slide.Paragraph{Text: paragraph(c), Bullet: c.Child("pPr", "buChar") != nil}
		if properties := c.Child("pPr"); properties != nil {
			p.Level = number(properties.Attr("lvl"))
		}
		s.Paragraphs = append(s.Paragraphs, p)
	}
	return s
}

// paragraph is the text of a paragraph; a line break is a line feed.
func paragraph(n *ooxml.Node) string {
	var b strings.Builder
	for _, c := range n.Children {
		switch c.Name {
		case "r", "fld":
			if t := c.Child("t"); t != nil {
				b.WriteString(t.Text)
			}
		case "br":
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// rows are the texts of a table's cells.
func rows(n *ooxml.Node) [][]string {
	rows := [][]string{}
	for _, row := range n.Children {
		if row.Name != "tr" {
			continue
		}
		var line []string
		for _, c := range row.Children {
			if c.Name != "tc" {
				continue
			}
			var words []string
			if body := c.Child("txBody"); body != nil {
				for _, p := range body.Children {
					if p.Name == "p" {
						words = append(words, paragraph(p))
					}
				}
			}
			line = append(line, strings.Join(words, "\n"))
		}
		rows = append(rows, line)
	}
	return rows
}
