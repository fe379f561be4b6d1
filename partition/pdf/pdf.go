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
)

// Parse implements format.Parser. Strategy fast takes the text layer and nothing else; ocr_only recognises every page; hi_res
// takes the text layer and recognises what has none; auto takes for each page the cheapest way that gives all of its text.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (elements []element.Element, err error) {
	d, err := Open(ctx, f, o, b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ignoreClose(d.Close(), err)) }()
	leaves, err := d.leaves(ctx, o, b)
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
		err = d.illustrate(ctx, elements, leaves, o)
	}
	return elements, err
}

// leaves reads all pages. OCR runs beside the reading, for as many pages at a time as there are processors.
func (d *Document) leaves(ctx context.Context, o format.Options, b *budget.Budget) ([]leaf, error) {
	ctx, cancel := context.WithCancel(ctx)
	out := make([]leaf, d.Pages())
	var (
		workers sync.WaitGroup
		once    sync.Once
		first   error // that of the first worker that failed
		room    = make(chan struct{}, runtime.GOMAXPROCS(0))
	)
	read := func(i int) error {
		if err := b.Page(); err != nil {
			return err
		}
		p, err := d.Page(ctx, i)
		if err != nil {
			return err
		}
		finish, slow, err := begin(ctx, d, i, p, o, b)
		if err != nil {
			return err
		}
		if !slow {
			out[i], err = finish()
			return err
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		workers.Go(func() {
			defer func() { <-room }()
			var err error
			if out[i], err = finish(); err != nil {
				once.Do(func() { first = err })
				cancel()
			}
		})
		return nil
	}
	var err error
	for i := 0; i < d.Pages() && err == nil; i++ {
		err = read(i)
	}
	if err != nil {
		cancel()
	}
	workers.Wait()
	cancel()
	if first != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = first
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ignoreClose keeps the failure of an engine that is thrown away anyway from hiding what happened before.
func ignoreClose(closeErr, err error) error {
	if err != nil {
		return nil //nolint:nilerr // the caller has it
	}
	return closeErr
}
