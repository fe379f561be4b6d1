package docx

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ooxml"
)

// maxSpan bounds what a cell may claim to cover.
const maxSpan = 1000

// table adds one Table element, also for an empty table.
func (r *reader) table(n *ooxml.Node) {
	e := element.Element{Type: element.Table, Text: strings.Join(r.tableWords(n), " ")}
	depth := 0
	e.Metadata.CategoryDepth = &depth
	if !r.options.NoTableHTML {
		e.Metadata.TextAsHTML = format.TableHTML(r.matrix(n))
	}
	r.emphasis(n, &e.Metadata)
	r.emit(e)
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
				var boxed []string
				for _, f := range r.fragments(b) {
					if s := strings.TrimSpace(f.text.String()); s != "" {
						words = append(words, s)
					}
					for _, box := range f.boxes {
						boxed = append(boxed, r.cellWords(box)...)
					}
				}
				words = append(words, boxed...)
			case "tbl":
				words = append(words, r.tableWords(b)...)
			}
		}
	}
	return words
}

// matrix lays the cells out on the grid: a merged cell's text stands in every place that it covers.
func (r *reader) matrix(n *ooxml.Node) [][]string {
	var out [][]string
	var above []string
	for _, row := range rows(n) {
		line := make([]string, span(row, "trPr", "gridBefore"))
		for _, cell := range cells(row) {
			s := strings.Join(strings.Fields(strings.Join(r.cellWords(cell), " ")), " ")
			if continues(cell) {
				s = ""
				if len(line) < len(above) {
					s = above[len(line)]
				}
			}
			for range max(span(cell, "tcPr", "gridSpan"), 1) {
				line = append(line, s)
			}
		}
		line = append(line, make([]string, span(row, "trPr", "gridAfter"))...)
		out = append(out, line)
		above = line
	}
	return out
}

// emphasis collects the bold and italic runs of all cells.
func (r *reader) emphasis(n *ooxml.Node, m *element.Metadata) {
	for _, row := range rows(n) {
		for _, cell := range cells(row) {
			for _, c := range cell.Children {
				for _, b := range unwrap(c) {
					switch b.Name {
					case "p":
						for _, f := range r.fragments(b) {
							m.EmphasizedTextContents = append(m.EmphasizedTextContents, f.contents...)
							m.EmphasizedTextTags = append(m.EmphasizedTextTags, f.tags...)
						}
					case "tbl":
						r.emphasis(b, m)
					}
				}
			}
		}
	}
}
