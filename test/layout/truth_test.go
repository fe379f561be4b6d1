package main

import "github.com/sluicehq/sluice/element"

// elements gives a document as a perfect reader would.
func (d *truth) elements() []element.Element {
	types := map[kind]element.Type{
		heading: element.Title, paragraph: element.NarrativeText, listItem: element.ListItem, caption: element.FigureCaption, footnote: element.UncategorizedText,
		figure: element.Image, tableKind: element.Table, code: element.CodeSnippet, formula: element.Formula, field: element.UncategorizedText,
	}
	var out []element.Element
	for _, b := range d.Blocks {
		e := element.Element{Type: types[b.Kind], Text: b.text()}
		switch b.Kind {
		case heading:
			depth := b.Level - 1
			e.Metadata.CategoryDepth = &depth
		case tableKind:
			e.Metadata.TextAsHTML = b.Table.html()
			e.Text = parseGrid(e.Metadata.TextAsHTML).text()
		case listItem, footnote:
			e.Text = b.Marker + " " + e.Text
		}
		out = append(out, e)
	}
	return out
}
