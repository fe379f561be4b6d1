package search

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// inFlight is how many batches of a document are under way while the next is made.
const inFlight = 2

// writer writes the elements of one document.
type writer struct {
	*destination
	what string
	doc  document.Document
	ids  *record.IDs

	checked    bool // the index is there
	dimensions int  // of the vectors; 0 when none was seen yet
}

// write sends the elements in batches. Nothing is sent before the index was looked at, nor vectors of another dimension than
// those that the index has.
func (w *writer) write(ctx context.Context, elements iter.Seq2[element.Element, error]) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	b := w.batch(w.what)
	var buffer, scratch []byte
	err := func() error {
		for e, err := range elements {
			if err == nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return err
			}
			if within.Err() != nil {
				return nil // the group knows why
			}
			if err := w.fits(ctx, e); err != nil {
				return err
			}
			buffer, scratch = appendRecord(buffer[:0], scratch, e, connector.RecordID(w.doc))
			b.add(opIndex, w.ids.Next(e.ID).String(), nil, buffer)
			if b.full() {
				full := b
				if err := w.ready(ctx); err != nil {
					return err
				}
				group.Go(func() error { return full.send(within) })
				b = w.batch(w.what)
			}
		}
		if err := w.ready(ctx); err != nil {
			return err
		}
		group.Go(func() error { return b.send(within) })
		return nil
	}()
	sent := group.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	return sent
}

// ready looks at the index before the first batch without a vector goes.
func (w *writer) ready(ctx context.Context) error {
	if w.checked {
		return nil
	}
	w.checked = true
	_, err := w.look(ctx, w.what, 0)
	return err
}

// fits refuses a vector that is not of the index's dimension.
func (w *writer) fits(ctx context.Context, e element.Element) error {
	n := len(e.Embeddings)
	switch {
	case n == 0 || n == w.dimensions:
		return nil
	case w.dimensions > 0:
		return connector.Fail(nil, "%s: its embeddings have %d and %d dimensions; one index takes those of one embedding model", w.what, w.dimensions, n)
	}
	s, err := w.look(ctx, w.what, n)
	if err != nil {
		return err
	}
	if s.dimensions > 0 && s.dimensions != n {
		w.forget()
		return connector.Fail(nil, "%s: index %q holds embeddings of %d dimensions, and these have %d, as another embedding model makes them; write them to another index, or use the first model",
			w.what, w.IndexName, s.dimensions, n)
	}
	w.checked, w.dimensions = true, n
	return nil
}
