// Package pdf reads the text layer of PDF files. PDFium (compiled to WebAssembly, inside the program) gives the glyphs,
// links and form values of a page; package layout makes lines, blocks and a reading order of them; each block becomes one
// element, classified by the text rule and, near the edges of the page, by its place.
//
// Boxes are in PDF points from the top left corner of the page, as the reference's fast strategy has them.
package pdf

import (
	"context"
	"errors"

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
	pages, err := o.Select(d.Pages())
	if err != nil {
		return nil, err
	}
	for range pages {
		if err := b.Page(); err != nil {
			return nil, err
		}
	}
	actions, err := d.readActions(ctx)
	if err != nil {
		return nil, err
	}
	read, err := readPages(ctx, d, pages, func(ctx context.Context, d *Document, i int) (func() (leaf, error), bool, error) {
		p, err := d.read(ctx, i)
		if err != nil {
			finish, err := d.unreadPage(ctx, i+o.FirstPage(), err)
			return finish, false, err
		}
		finish, slow, err := begin(ctx, d, i, p, o, d.budget)
		if err != nil {
			return nil, false, err
		}
		return func() (leaf, error) {
			l, err := finish()
			l.addNotes(p)
			return l, err
		}, slow, nil
	})
	if err != nil {
		return nil, err
	}
	leaves := make(map[int]leaf, len(pages))
	sheets := make([]Sheet, len(pages))
	var unread []Unread
	for k, l := range read {
		leaves[pages[k]], sheets[k] = l, l.sheet
		actions = append(actions, l.actions...)
		unread = append(unread, l.unread...)
	}
	elements = Finish(sheets, o)
	listActions(elements, actions, o.FirstPage())
	settle(elements, leaves, o)
	if len(o.ImageBlocks) > 0 && o.Strategy != "fast" {
		undrawn, err := d.illustrate(ctx, elements, leaves, o)
		if err != nil {
			return nil, err
		}
		unread = append(unread, undrawn...)
	}
	return ListUnread(elements, unread)
}

// ignoreClose keeps the failure of an engine that is thrown away anyway from hiding what happened before.
func ignoreClose(closeErr, err error) error {
	if err != nil {
		return nil //nolint:nilerr // the caller has it
	}
	return closeErr
}
