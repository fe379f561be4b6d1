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
	"slices"

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
		groups := grouper{settings: set}
		c := combiner{settings: set}
		var made element.Element
		emit := func(p *preChunk) bool {
			var above []string
			if set.contextual {
				above = where.context(p.elements)
			}
			more := set.chunks(p, &made, func(c *element.Element) bool {
				if !set.contextual {
					return yield(*c, nil)
				}
				e := *c
				contextualize(&e, above)
				return yield(e, nil)
			})
			groups.reuse(p)
			return more
		}
		for e, err := range in {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(element.Element{}, err)
				return
			}
			if p := groups.add(&e); p != nil {
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
	read := 0
	stream := func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			read++
			if !yield(e, nil) {
				return
			}
		}
	}
	for e, err := range Elements(context.Background(), stream, s, o) {
		if err != nil {
			return nil, err
		}
		if len(out) == cap(out) { // room for as many as the rest of the list will give, if it goes on like that
			rest := len(out) * (len(elements) - read) / read
			out = slices.Grow(out, min(max(16, rest+rest/16), max(1000, 2*len(out))))
		}
		out = append(out, e)
	}
	return out, nil
}

// chunks gives the finished chunks of a pre-chunk, one after the other in the same place, and tells whether more are wanted.
func (s *settings) chunks(p *preChunk, c *element.Element, yield func(*element.Element) bool) bool {
	if len(p.elements) == 1 && isTable(p.elements[0].Type) {
		return s.tableChunks(p, yield)
	}
	if len(p.texts) == 0 {
		return true
	}
	*c = element.Element{Type: element.CompositeElement}
	s.consolidate(&c.Metadata, p.elements)
	if s.tokenizer != nil && p.length <= s.hard { // it is known to fit
		c.ID, c.Text = element.NewID(), p.text()
		return yield(c)
	}
	for part := range s.split(p.text(), s.hard, s.overlap) {
		c.ID, c.Text = element.NewID(), part
		if !yield(c) {
			return false
		}
		c.Metadata.IsContinuation = true
	}
	return true
}

func isTable(t element.Type) bool { return t == element.Table || t == element.TableChunk }
