package table

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/layout"
)

// tag adds an element of the structure tree and returns its place.
func (s *sheet) tag(kind string, parent int) int {
	s.Tags = append(s.Tags, layout.Tag{Type: kind, Parent: parent, Order: len(s.Tags)})
	return len(s.Tags) - 1
}

// taggedRow draws a row of texts at the places xs, and tags it as one of a table.
func (s *sheet) taggedRow(table int, y float64, xs []float64, texts ...string) *sheet {
	row := s.tag("TR", table)
	for k, text := range texts {
		if text == "" { // PDF writers tag no cell without content
			continue
		}
		cell := s.tag("TD", row)
		paragraph, from := s.tag("P", cell), len(s.Glyphs)
		for i, line := range strings.Split(text, "\n") {
			s.set(xs[k], y+float64(i)*1.2*em, line)
		}
		for i := range s.Glyphs[from:] {
			s.Glyphs[from+i].Tag = paragraph
		}
	}
	return s
}

// A table that is too small to be told from text by its look is found by its tags.
func TestTaggedTable(t *testing.T) {
	t.Parallel()
	s := newSheet().set(53, 60, "The tides of the harbour are told below.")
	table := s.tag("Table", s.tag("Document", -1))
	s.taggedRow(table, 100, columns, "Tide", "Depth", "")
	s.taggedRow(s.tag("TBody", table), 115, columns, "high\nand low", "12.4 m", "grain")
	found := one(t, s)
	var texts []string
	for _, c := range found.Cells {
		texts = append(texts, CellText(c))
	}
	if found.Rows != 2 || found.Columns != 3 || !slices.Equal(texts, []string{"Tide", "Depth", "", "high and low", "12.4 m", "grain"}) {
		t.Errorf("%d x %d: %q", found.Rows, found.Columns, texts)
	}
}

// What is tagged as a table and does not look like one is none: rows beside each other, text that is laid out in two columns, cells of other
// text between, trees without rows or that go round.
func TestTagsThatLie(t *testing.T) {
	t.Parallel()
	prose := strings.TrimSpace(strings.Repeat("the channel is dredged each year\n", 12))
	for name, draw := range map[string]func(s *sheet, table int){
		"one row":    func(s *sheet, table int) { s.taggedRow(table, 100, columns, "a", "b", "c") },
		"one column": func(s *sheet, table int) { s.taggedRow(table, 100, columns, "a").taggedRow(table, 120, columns, "b") },
		"upside down": func(s *sheet, table int) {
			s.taggedRow(table, 120, columns, "a", "b").taggedRow(table, 100, columns, "c", "d")
		},
		"two columns of text": func(s *sheet, table int) {
			s.taggedRow(table, 100, columns[1:], prose, prose).taggedRow(table, 300, columns[1:], prose, prose)
		},
		"cells upon each other": func(s *sheet, table int) {
			s.taggedRow(table, 100, []float64{53, 60}, "a long text", "b").taggedRow(table, 120, []float64{53, 60}, "c", "d")
		},
		"other text between": func(s *sheet, table int) {
			s.taggedRow(table, 100, columns, "a", "b", "c").taggedRow(table, 160, columns, "a", "b", "c")
			s.set(53, 120, "This is a sentence that stands on the page.").set(53, 132, "It is no part of any table.")
		},
		"a tree that goes round": func(s *sheet, table int) {
			s.taggedRow(table, 100, columns, "a", "b").taggedRow(table, 120, columns, "c", "d")
			for i := range s.Tags {
				s.Tags[i].Parent = i
			}
		},
	} {
		s := newSheet()
		draw(s, s.tag("Table", -1))
		if tables := s.tables(t); len(tables) != 0 {
			t.Errorf("%s: %s", name, HTML(tables[0]))
		}
	}
}
