package docx

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ooxml"
)

const (
	maxSpan  = 1000      // columns that a cell may claim to cover
	maxGrid  = 5_000_000 // places on the grids of all tables
	maxCells = 256 << 20 // bytes of text in those, what merged cells repeat included
)

// table adds one Table element, also for an empty table.
func (r *reader) table(n *ooxml.Node) error {
	e := element.Element{Type: element.Table, Text: strings.Join(r.tableWords(n), " ")}
	grid, err := r.grid(n)
	if err != nil {
		return err
	}
	if !r.options.NoTableHTML {
		e.Metadata.TextAsHTML = format.MergedTableHTML(matrix(grid))
	}
	if err := r.emphasis(grid, &e.Metadata); err != nil {
		return err
	}
	r.emit(e)
	return nil
}

// rows lists the rows of a table.
func rows(n *ooxml.Node) []*ooxml.Node { return within(n, "tr") }

// cells lists the cells of a row.
func cells(n *ooxml.Node) []*ooxml.Node { return within(n, "tc") }

func within(n *ooxml.Node, name string) []*ooxml.Node {
	var out []*ooxml.Node
	for _, c := range n.Children {
		for _, u := range unwrap(c) {
			if u.Name == name {
				out = append(out, u)
			}
		}
	}
	return out
}

// continues tells a cell that only goes on with the one above it.
func continues(cell *ooxml.Node) bool {
	m := cell.Child("tcPr", "vMerge")
	return m != nil && m.Attr("val") != "restart"
}

func span(n *ooxml.Node, names ...string) int {
	v, err := strconv.Atoi(n.Val(names...))
	if err != nil || v < 0 {
		return 0
	}
	return min(v, maxSpan)
}

// tableWords are the texts of the cells' paragraphs, row by row, nested tables included.
func (r *reader) tableWords(n *ooxml.Node) []string {
	var words []string
	for _, row := range rows(n) {
		for _, cell := range cells(row) {
			if !continues(cell) {
				words = append(words, r.cellWords(cell)...)
			}
		}
	}
	return words
}

// cellWords are the texts of a cell's blocks.
func (r *reader) cellWords(cell *ooxml.Node) []string {
	var words []string
	for _, c := range cell.Children {
		for _, b := range unwrap(c) {
			switch b.Name {
			case "p":
				f := r.whole(b)
				if s := strings.TrimSpace(f.text.String()); s != "" {
					words = append(words, s)
				}
				for _, box := range f.boxes {
					words = append(words, r.cellWords(box)...)
				}
			case "tbl":
				words = append(words, r.tableWords(b)...)
			}
		}
	}
	return words
}

// line is a row on the grid.
type line struct {
	before, after int // columns without a cell
	places        []place
	lost          bool // a cell goes on with one that is not there
}

// place is where a cell stands on the grid. One that only goes on with the cell above holds what that one holds.
type place struct {
	at, columns    int
	cell           int // number of the cell
	words          string
	contents, tags []string // emphasized
	lost           bool
}

// grid lays the cells out: a cell that goes on with the one above it is that one.
func (r *reader) grid(n *ooxml.Node) ([]line, error) {
	var out []line
	var above []place
	number := 0
	for _, row := range rows(n) {
		l := line{before: span(row, "trPr", "gridBefore"), after: span(row, "trPr", "gridAfter")}
		at, columns := l.before, 0
		for _, cell := range cells(row) {
			p := place{at: at, columns: max(span(cell, "tcPr", "gridSpan"), 1)}
			at += p.columns
			if !continues(cell) {
				number++
				p.cell = number
				p.words = strings.Join(strings.Fields(strings.Join(r.cellWords(cell), " ")), " ")
				p.contents, p.tags = r.cellEmphasis(cell)
			} else if i, ok := slices.BinarySearchFunc(above, p.at, func(a place, at int) int { return a.at - at }); ok {
				p = above[i]
			} else {
				p.lost = true
			}
			l.places = append(l.places, p)
			l.lost = l.lost || p.lost
			columns += p.columns
			if err := r.repeat(0, p.columns*len(p.words)); err != nil {
				return nil, err
			}
		}
		if err := r.repeat(l.before+columns+l.after, 0); err != nil {
			return nil, err
		}
		out = append(out, l)
		above = l.places
	}
	return out, nil
}

// repeat counts what tables hold, again for every place that a merged cell covers: a small file can claim very much.
func (r *reader) repeat(places, size int) error {
	r.places += places
	r.repeated += size
	if r.places > maxGrid || r.repeated > maxCells {
		return budget.Errorf(budget.TooLarge, "the tables of the file cover more than %d places or %d bytes; divide them", maxGrid, maxCells)
	}
	return nil
}

// matrix writes the words of the cells. A row in which a cell goes on with none above it has no places that could be
// trusted: one empty cell stands for them.
func matrix(grid []line) [][]format.Place {
	var out [][]format.Place
	for _, l := range grid {
		places := make([]format.Place, l.before)
		if l.lost {
			places = append(places, format.Place{})
		} else {
			for _, p := range l.places {
				for range p.columns {
					places = append(places, format.Place{Text: p.words, Cell: p.cell})
				}
			}
		}
		out = append(out, append(places, make([]format.Place, l.after)...))
	}
	return out
}

// emphasis collects the bold and italic runs of all places.
func (r *reader) emphasis(grid []line, m *element.Metadata) error {
	for _, l := range grid {
		for _, p := range l.places {
			if err := r.repeat(p.columns*len(p.tags), 0); err != nil {
				return err
			}
			for range p.columns {
				m.EmphasizedTextContents = append(m.EmphasizedTextContents, p.contents...)
				m.EmphasizedTextTags = append(m.EmphasizedTextTags, p.tags...)
			}
		}
	}
	return nil
}

// cellEmphasis collects the bold and italic runs of a cell, nested tables included.
func (r *reader) cellEmphasis(cell *ooxml.Node) (contents, tags []string) {
	for _, c := range cell.Children {
		for _, b := range unwrap(c) {
			switch b.Name {
			case "p":
				f := r.whole(b)
				contents, tags = append(contents, f.contents...), append(tags, f.tags...)
			case "tbl":
				for _, row := range rows(b) {
					for _, inner := range cells(row) {
						c, t := r.cellEmphasis(inner)
						contents, tags = append(contents, c...), append(tags, t...)
					}
				}
			}
		}
	}
	return contents, tags
}
