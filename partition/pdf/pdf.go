// Package pdf reads the text layer of PDF files. PDFium (compiled to WebAssembly, inside the program) gives the glyphs,
// links and form values of a page; package layout makes lines, blocks and a reading order of them; each block becomes one
// element, classified by the text rule and, near the edges of the page, by its place.
//
// Boxes are in PDF points from the top left corner of the page, as the reference's fast strategy has them.
package pdf

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
)

// Parse implements format.Parser. Strategy fast takes the text layer and nothing else; ocr_only recognises every page; hi_res
// takes the text layer and recognises what has none; auto takes for each page the cheapest way that gives all of its text.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (elements []element.Element, err error) {
	r, err := open(ctx, f, o.ScratchDir, b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ignoreClose(r.close(), err)) }()
	leaves, err := r.leaves(ctx, o, b)
	if err != nil {
		return nil, err
	}
	sheets := make([]Sheet, len(leaves))
	for i, l := range leaves {
		sheets[i] = l.sheet
	}
	elements = Finish(sheets, o)
	settle(elements, leaves, o)
	if len(o.ImageBlocks) > 0 && o.Strategy != "fast" {
		err = illustrate(ctx, r, elements, leaves, o, b)
	}
	return elements, err
}

// leaves reads all pages. OCR runs beside the reading, for as many pages at a time as there are processors.
func (r *reader) leaves(ctx context.Context, o format.Options, b *budget.Budget) ([]leaf, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	out := make([]leaf, r.pages)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel(nil)
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range r.pages {
		if err := b.Page(); err != nil {
			return nil, err
		}
		p, err := r.read(ctx, i)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		if len(p.Pictures) == 0 && len(p.Glyphs) == 0 && o.Strategy != "fast" {
			picture, err := r.hasImage(i)
			if err := r.wrap(ctx, i, err); err != nil {
				return nil, err
			}
			if picture {
				p.Pictures = append(p.Pictures, layout.Picture{Box: layout.Box{X1: p.Width, Y1: p.Height}})
			}
		}
		finish, slow, err := begin(ctx, r, i, &p.Page, o, b)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		if !slow {
			if out[i], err = finish(); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return nil, r.failed(ctx, ctx.Err())
		}
		workers.Go(func() {
			defer func() { <-room }()
			var err error
			if out[i], err = finish(); err != nil {
				cancel(err)
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return out, nil
}

// failed prefers the error that ended the work over the one that the end led to.
func (*reader) failed(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// ignoreClose keeps the failure of an engine that is thrown away anyway from hiding what happened before.
func ignoreClose(closeErr, err error) error {
	if err != nil {
		return nil //nolint:nilerr // the caller has it
	}
	return closeErr
}
