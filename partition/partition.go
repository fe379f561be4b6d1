// Package partition turns the bytes of a file into typed elements.
//
// It finds the file's type by content, then by declared type, then by extension, runs the parser of that format (one
// folder a format below this one), and finishes the elements: file name, file type, languages, ids and parents.
// Nothing here opens a network connection or writes outside the temporary folder.
package partition

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
)

// Partition parses f and yields its elements in reading order. The first error ends the stream; it is a *budget.Error
// (package partition/budget) whose Outcome says why. An empty file yields no elements and no error.
func Partition(ctx context.Context, f document.File, o Options) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		elements, err := partition(ctx, f, o)
		if err != nil {
			yield(element.Element{}, err)
			return
		}
		give(elements, yield)
	}
}

// give yields elements that are made as they are taken. A parser that panics over one of them ends the stream with an error; a panic of
// the caller is the caller's.
func give(elements iter.Seq[element.Element], yield func(element.Element, error) bool) {
	away := false // at the caller's
	defer func() {
		if away {
			return
		}
		if v := recover(); v != nil {
			yield(element.Element{}, budget.Panicked(v))
		}
	}()
	for e := range elements {
		away = true
		more := yield(e, nil)
		if away = false; !more {
			return
		}
	}
}

// Collect gathers a stream of elements.
func Collect(seq iter.Seq2[element.Element, error]) ([]element.Element, error) {
	var b element.Buffer
	for e, err := range seq {
		if err != nil {
			return nil, err
		}
		b.Append(e)
	}
	return b.Elements(), nil
}
