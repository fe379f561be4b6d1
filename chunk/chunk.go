// Package chunk cuts lists of elements into pieces that a model or an index can take: it joins small neighbours, splits
// what is too long, and keeps tables whole where they fit.
//
// Elements go in and come out as streams: a chunk is given as soon as it is full, so that memory is bounded by a chunk
// and not by the document. Lengths are in Unicode code points, or in the tokens of a model. The rules are those of the reference's basic and
// by_title chunkers; by_page closes a chunk at every page.
package chunk

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/element"
)

// Elements chunks a stream. The first error, of the stream or of the options, ends it.
func Elements(ctx context.Context, in iter.Seq2[element.Element, error], s Strategy, o Options) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		if err := o.Validate(s); err != nil {
			yield(element.Element{}, err)
			return
		}
		set := o.resolve(s)
		var where trail
		emit := func(p *preChunk) bool {
			var above []string
			if set.contextual {
				above = where.context(p.elements)
			}
			for c := range set.chunks(p) {
				if set.contextual {
					contextualize(&c, above)
				}
				if !yield(c, nil) {
					return false
				}
			}
			return true
		}
		groups := grouper{settings: set}
		c := combiner{settings: set}
		for e, err := range in {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(element.Element{}, err)
				return
			}
			if p := groups.add(e); p != nil {
				if p = c.add(p); p != nil && !emit(p) {
					return
				}
			}
		}
		if p := groups.flush(); p != nil {
			if p = c.add(p); p != nil && !emit(p) {
				return
			}
		}
		if c.held != nil {
			emit(c.held)
		}
	}
}

// Slice chunks a list.
func Slice(elements []element.Element, s Strategy, o Options) ([]element.Element, error) {
	var out []element.Element
	stream := func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
	}
	for e, err := range Elements(context.Background(), stream, s, o) {
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// chunks gives the finished chunks of a pre-chunk.
func (s *settings) chunks(p *preChunk) iter.Seq[element.Element] {
	return func(yield func(element.Element) bool) {
		if len(p.elements) == 1 && isTable(p.elements[0].Type) {
			s.tableChunks(p, yield)
			return
		}
		if len(p.text) == 0 {
			return
		}
		m := s.consolidate(p.elements)
		if s.tokenizer != nil && p.length <= s.hard { // it is known to fit
			yield(element.Element{Type: element.CompositeElement, ID: element.NewID(), Text: string(p.text), Metadata: m})
			return
		}
		first := true
		for part := range s.split(string(p.text), s.hard, s.overlap) {
			m.IsContinuation = !first
			first = false
			if !yield(element.Element{Type: element.CompositeElement, ID: element.NewID(), Text: part, Metadata: m}) {
				return
			}
		}
	}
}

func isTable(t element.Type) bool { return t == element.Table || t == element.TableChunk }
