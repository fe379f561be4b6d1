package raster

import (
	"strings"

	"github.com/sluicehq/sluice/element"
)

// labels are the names that layout models have for the element types, which callers use too (contract, 5.2).
var labels = map[string]element.Type{
	"section-header": element.Title, "headline": element.Title, "subheadline": element.Title, "field-name": element.Title,
	"text": element.NarrativeText, "paragraph": element.NarrativeText, "abstract": element.NarrativeText, "threading": element.NarrativeText,
	"value": element.NarrativeText, "link": element.NarrativeText,
	"list-item": element.ListItem, "bulletedtext": element.ListItem, "list": element.ListItem,
	"page-header": element.Header, "page-footer": element.Footer, "footnote": element.Footer,
	"caption": element.FigureCaption, "picture": element.Image, "figure": element.Image,
}

// Wanted tells whether a type is among the names of extract_image_block_types: the types' own names and those of layout
// models, in any case.
func Wanted(names []string, t element.Type) bool {
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == strings.ToLower(string(t)) || labels[name] == t {
			return true
		}
	}
	return false
}
