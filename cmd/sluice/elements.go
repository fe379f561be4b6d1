package main

import (
	"io"
	"iter"

	"github.com/sluicehq/sluice/element"
)

// writeElements writes a stream in one of the forms json, ndjson and text.
func writeElements(w io.Writer, format string, elements iter.Seq2[element.Element, error]) error {
	switch format {
	case "ndjson":
		return element.WriteNDJSON(w, elements)
	case "text":
		return element.WriteText(w, elements)
	default:
		return element.WriteJSON(w, elements)
	}
}
