package odt

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/odf"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/text"
)

// ParseSlides implements format.Parser for presentations. A slide is a page: its notes, then its shapes from the top down,
// under the rules of PowerPoint files.
func ParseSlides(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	p, r, err := open(ctx, f, "odp", o, b)
	if err != nil {
		return nil, err
	}
	page, found := o.FirstPage()-1, false
	enter := func(*ooxml.Node) error {
		found = true
		return nil
	}
	err = p.EachIn(ctx, "content.xml", p.Path("document-content", "body", "presentation"), enter, func(n *ooxml.Node) error {
		if n.Name != "page" {
			return nil
		}
		if err := b.Page(); err != nil {
			return err
		}
		start := len(r.out)
		if page >= o.FirstPage() && o.IncludePageBreaks {
			last := page
			r.out = append(r.out, element.Element{Type: element.PageBreak, Metadata: element.Metadata{PageNumber: &last}})
			start++
		}
		page++
		r.slide(n)
		number := page
		for i := start; i < len(r.out); i++ {
			r.out[i].Metadata.PageNumber = &number
		}
		return b.Tick(ctx)
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && !found {
		return nil, odf.Corrupt("odp")
	}
	return r.out, err
}

// shape is a leaf of a slide.
type shape struct {
	*ooxml.Node
	top, left float64
}

func (r *reader) slide(n *ooxml.Node) {
	var shapes []shape
	for _, c := range n.Children {
		if c.Name != "notes" {
			shapes = leaves(c, shapes)
			continue
		}
		if !r.options.IncludeSlideNotes {
			continue
		}
		var lines []string
		for _, s := range leaves(&ooxml.Node{Name: "g", Children: c.Children}, nil) {
			if s.Attr("class") == "notes" {
				lines = append(lines, r.tabular().cell(s.Node)...)
			}
		}
		if s := strings.Join(lines, "\n"); text.Strip(s) != "" {
			r.out = append(r.out, element.Element{Type: element.NarrativeText, Text: s})
		}
	}
	slices.SortStableFunc(shapes, func(a, b shape) int { return cmp.Or(cmp.Compare(a.top, b.top), cmp.Compare(a.left, b.left)) })
	for _, s := range shapes {
		titles := 0
		r.words(s.Node, s.Attr("class") == "title" || s.Attr("class") == "subtitle", &titles, 0)
	}
}

// leaves flattens groups and links around shapes.
func leaves(n *ooxml.Node, out []shape) []shape {
	switch n.Name {
	case "g", "a":
		for _, c := range n.Children {
			out = leaves(c, out)
		}
	case "frame", "custom-shape", "rect", "ellipse", "polygon", "path", "caption", "circle", "regular-polygon":
		out = append(out, shape{n, length(n.Attr("y")), length(n.Attr("x"))})
	}
	return out
}

// length reads a distance in millimetres; 0 when it cannot be read.
func length(s string) float64 {
	units := map[string]float64{"cm": 10, "mm": 1, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 96}
	if len(s) < 3 {
		return 0
	}
	v, err := strconv.ParseFloat(s[:len(s)-2], 64)
	if err != nil || v != v {
		return 0
	}
	return v * units[s[len(s)-2:]]
}

// words adds the elements of a shape. lists counts those around n.
func (r *reader) words(n *ooxml.Node, title bool, titles *int, lists int) {
	for _, c := range n.Children {
		switch c.Name {
		case "p", "h":
			var l line
			r.inline(c, &l, false, false, false)
			s := l.words.String()
			if text.Strip(s) == "" {
				continue
			}
			kind, depth := text.ClassifySlide(s), max(lists-1, 0)
			switch {
			case title && kind != element.EmailAddress:
				kind, depth = element.Title, *titles
				*titles++
			case lists > 0:
				kind = element.ListItem
			case kind == element.Title:
				depth++
			}
			e := element.Element{Type: kind, Text: s}
			m := &e.Metadata
			m.CategoryDepth, m.EmphasizedTextContents, m.EmphasizedTextTags, m.Links = &depth, l.contents, l.tags, l.links
			for _, link := range l.links {
				m.LinkTexts, m.LinkURLs = append(m.LinkTexts, link.Text), append(m.LinkURLs, link.URL)
			}
			r.out = append(r.out, e)
		case "table":
			before := len(r.out)
			r.table(c)
			if len(r.out) > before {
				if e := &r.out[before]; e.Text == "" {
					r.out = r.out[:before]
				} else {
					e.Metadata.CategoryDepth = nil
				}
			}
		case "list":
			r.words(c, title, titles, lists+1)
		case "text-box", "list-item", "list-header":
			r.words(c, title, titles, lists)
		}
	}
}
