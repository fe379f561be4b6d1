// Package slide makes elements of the shapes of a slide, for all presentation formats: shapes from the top down, their
// paragraphs by placeholder, bullet and text.
package slide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/grid"
	"github.com/sluicehq/sluice/partition/text"
)

// Shape is a text or a table on a slide. Top and Left are in any unit, the same for all shapes of a slide.
type Shape struct {
	Top, Left  int
	Title      bool // it fills the place of the slide's title
	Paragraphs []Paragraph
	Table      [][]string // cells by rows; nil for a text
}

// Paragraph is one of a text. A line break in it is a line feed.
type Paragraph struct {
	Text   string
	Level  int // of indentation, from 0
	Bullet bool
}

// MaxLevel is the deepest indentation.
const MaxLevel = 8

// Elements makes the elements of a slide. Shapes that stand off its upper or left edge are not shown and left out.
func Elements(shapes []Shape, page int, withHTML bool) []element.Element {
	slices.SortStableFunc(shapes, func(a, b Shape) int { return cmp.Or(cmp.Compare(a.Top, b.Top), cmp.Compare(a.Left, b.Left)) })
	var out []element.Element
	for i := range shapes {
		s := &shapes[i]
		if s.Top != 0 && s.Left != 0 && (s.Top < 0 || s.Left < 0) {
			continue
		}
		if s.Table == nil {
			out = append(out, s.texts(page)...)
		} else if e, ok := grid.Table(s.Table, withHTML); ok {
			e.Metadata.PageNumber = &page
			out = append(out, e)
		}
	}
	return out
}

func (s *Shape) texts(page int) []element.Element {
	var out []element.Element
	titles := 0
	for _, p := range s.Paragraphs {
		if text.Strip(p.Text) == "" {
			continue
		}
		level := min(max(p.Level, 0), MaxLevel)
		kind := text.ClassifySlide(p.Text)
		switch {
		case p.Bullet:
			kind = element.ListItem
		case s.Title && kind != element.EmailAddress:
			kind, level = element.Title, titles
			titles++
		case kind == element.Title:
			level++
		}
		out = append(out, element.Element{Type: kind, Text: p.Text, Metadata: element.Metadata{PageNumber: &page, CategoryDepth: &level}})
	}
	return out
}

// Notes makes the element of the speaker's notes; false when they are blank.
func Notes(lines []string, page int) (element.Element, bool) {
	s, depth := strings.Join(lines, "\n"), 0
	return element.Element{Type: element.NarrativeText, Text: s, Metadata: element.Metadata{PageNumber: &page, CategoryDepth: &depth}}, text.Strip(s) != ""
}
