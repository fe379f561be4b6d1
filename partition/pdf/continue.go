package pdf

import (
	"slices"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/layout/table"
)

// sheetTable is a table of a page that may go on from the page before or onto the next.
type sheetTable struct {
	at    int // its element
	table layout.Table
}

// keep remembers a table, whose element comes next, while it may be the first or the last of its page. Its cells are kept as their
// text alone, since the glyphs of all pages would not fit into memory.
func (s *Sheet) keep(t layout.Table) {
	cells := make([]layout.Cell, len(t.Cells))
	for i, c := range t.Cells {
		if text := table.CellText(c); text != "" {
			c.Lines = []layout.Line{{Box: c.Box, Glyphs: []layout.Glyph{{Text: text, Box: c.Box, Font: -1, Tag: -1}}}}
		} else {
			c.Lines = nil
		}
		cells[i] = c
	}
	t.Cells = cells
	if len(s.tables) == 2 {
		s.tables = s.tables[:1]
	}
	s.tables = append(s.tables, sheetTable{len(s.elements), t})
}

// joinColumns makes one region of the parts of a table that goes on in the next column of its page.
func joinColumns(regions []layout.Region) []layout.Region {
	for i := 1; i < len(regions); i++ {
		a, b := &regions[i-1], &regions[i]
		if a.Kind == layout.TableRegion && b.Kind == layout.TableRegion && table.ContinuesBeside(*a.Table, *b.Table) {
			table.Join(a.Table, *b.Table)
			regions = slices.Delete(regions, i, i+1)
			i--
		}
	}
	return regions
}

// joinTables makes one element of a table that goes on over several pages: what ends a page and what begins the next are tables with
// the same columns, but for page furniture.
func joinTables(sheets []Sheet, html bool) {
	var open *layout.Table // the table that ends the page before
	var into *element.Element
	for i := range sheets {
		s := &sheets[i]
		if len(s.tables) == 0 {
			if len(s.elements) > 0 || s.outlines == nil {
				open = nil
			}
			continue
		}
		first := &s.tables[0]
		if open != nil && begins(s, first.at) && table.Continues(*open, first.table) {
			table.Join(open, first.table)
			into.Text = table.Text(*open)
			if html {
				into.Metadata.TextAsHTML = table.HTML(*open)
			}
			into.Metadata.Links = append(into.Metadata.Links, s.elements[first.at].Metadata.Links...)
			s.drop = append(s.drop, first.at)
			if len(s.tables) == 1 && ends(s, first.at) {
				continue // and goes on
			}
			open = nil
			if len(s.tables) == 1 {
				continue
			}
		}
		open = nil
		if last := &s.tables[len(s.tables)-1]; ends(s, last.at) {
			open, into = &last.table, &s.elements[last.at]
		}
	}
}

// begins tells whether nothing but furniture stands before an element of a page.
func begins(s *Sheet, at int) bool {
	for i := range at {
		if !isFurniture(s.elements[i].Type) {
			return false
		}
	}
	return true
}

// ends tells whether nothing but furniture and notes stands after it.
func ends(s *Sheet, at int) bool {
	for i := at + 1; i < len(s.elements); i++ {
		if !isFurniture(s.elements[i].Type) {
			return false
		}
	}
	return true
}

func isFurniture(t element.Type) bool {
	return t == element.Header || t == element.Footer || t == element.PageNumber
}
