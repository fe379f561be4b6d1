package html

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/text"
)

// table makes a Table of the rows that stand directly in the table or its sections; a table inside a cell is text of
// that cell. ok is false when no cell holds text.
func table(n *node, withHTML bool) (e element.Element, ok bool) {
	var rows [][]string
	for _, child := range n.children {
		switch child.name {
		case "tr":
			rows = append(rows, cells(child))
		case "thead", "tbody", "tfoot":
			for _, row := range child.children {
				if row.name == "tr" {
					rows = append(rows, cells(row))
				}
			}
		}
	}
	var lines []string // one a row, so that an empty row is seen as one more space
	for _, row := range rows {
		if len(row) > 0 {
			lines = append(lines, strings.Join(slices.DeleteFunc(slices.Clone(row), func(cell string) bool { return cell == "" }), " "))
		}
	}
	e = element.Element{Type: element.Table, Text: text.Strip(strings.Join(lines, " "))}
	if e.Text == "" {
		return e, false
	}
	if withHTML {
		e.Metadata.TextAsHTML = format.TableHTML(rows)
	}
	return e, true
}

func cells(row *node) []string {
	var out []string
	for _, c := range row.children {
		if c.name != "td" && c.name != "th" {
			continue
		}
		var words []string
		for _, t := range c.texts(nil) {
			if t = text.Strip(t); t != "" {
				words = append(words, t)
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}
