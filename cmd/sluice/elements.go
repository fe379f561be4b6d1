package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/sluicehq/sluice/element"
)

// decodeElements reads a file of elements. What is no element is an error that says where elements come from: any JSON
// object could be read as one without type and text.
func decodeElements(r io.Reader) iter.Seq2[element.Element, error] {
	const way = "this is no whole file of elements; make one with sluice partition"
	return func(yield func(element.Element, error) bool) {
		n := 0
		for e, err := range element.Decode(r) {
			n++
			var path *fs.PathError
			switch {
			case errors.As(err, &path):
				err = fmt.Errorf("cannot be read: %w", path.Err)
			case err != nil:
				err = fmt.Errorf("%w; %s", err, way)
			case e.Type == "":
				err = fmt.Errorf("element %d has no type; %s", n, way)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// writeElements writes a stream in one of the forms of package element.
func writeElements(w io.Writer, format string, elements iter.Seq2[element.Element, error]) error {
	return element.Format(format).Write(w, elements)
}
