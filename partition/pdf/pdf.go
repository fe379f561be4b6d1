// Package pdf reads the text layer of PDF files. PDFium (compiled to WebAssembly, inside the program) gives the glyphs,
// links and form values of a page; package layout makes lines, blocks and a reading order of them; each block becomes one
// element, classified by the text rule and, near the edges of the page, by its place.
//
// Boxes are in PDF points from the top left corner of the page, as the reference's fast strategy has them.
package pdf

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// Parse implements format.Parser. Strategy fast takes the text layer and nothing else; ocr_only recognises every page; hi_res
// takes the text layer and recognises what has none; auto takes for each page the cheapest way that gives all of its text.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	sheets, elements, err := read(ctx, f, o, b)
	if err != nil {
		return nil, err
	}
	return slices.AppendSeq(make([]element.Element, 0, most(sheets)), elements), nil
}

// Stream implements format.Streamer: the elements of Parse.
func Stream(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (iter.Seq[element.Element], error) {
	sheets, elements, err := read(ctx, f, o, b)
	if err != nil {
		return nil, err
	}
	return elements, spend(sheets, b)
}

// read reads a document. Its elements are made of its pages as they are taken.
func read(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (sheets []Sheet, elements iter.Seq[element.Element], err error) {
	d, err := Open(ctx, f, o, b)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, ignoreClose(d.Close(), err)) }()
	pages, err := o.Select(d.Pages())
	if err != nil {
		return nil, nil, err
	}
	for range pages {
		if err := b.Page(); err != nil {
			return nil, nil, err
		}
	}
	actions, err := d.readActions(ctx)
	if err != nil {
		return nil, nil, err
	}
	leaves, err := readPages(ctx, d, pages, func(ctx context.Context, d *Document, i int) (func() (leaf, error), bool, error) {
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
		return nil, nil, err
	}
	at := make(map[int]int, len(pages)) // places in leaves, by page number
	sheets = make([]Sheet, len(pages))
	var unread []Unread
	for k, l := range leaves {
		at[pages[k]+o.FirstPage()], sheets[k] = k, l.sheet
		actions, unread = append(actions, l.actions...), append(unread, l.unread...)
	}
	of := func(e *element.Element) *leaf { return &leaves[at[*e.Metadata.PageNumber]] }
	settleSheets(sheets, o)
	elements = func(yield func(element.Element) bool) {
		first := true
		for e := range elementsOf(sheets, o) {
			if first {
				listActions(&e, actions, o.FirstPage())
			}
			first = false
			of(&e).settle(&e, o)
			if !yield(e) {
				return
			}
		}
	}
	illustrated := len(o.ImageBlocks) > 0 && o.Strategy != "fast"
	if !illustrated && len(unread) == 0 {
		return sheets, elements, nil
	}
	list := slices.AppendSeq(make([]element.Element, 0, most(sheets)), elements)
	if illustrated {
		undrawn, err := d.illustrate(ctx, list, of, o)
		if err != nil {
			return nil, nil, err
		}
		unread = append(unread, undrawn...)
	}
	list, err = ListUnread(list, unread)
	return sheets, slices.Values(list), err
}

// ignoreClose keeps the failure of an engine that is thrown away anyway from hiding what happened before.
func ignoreClose(closeErr, err error) error {
	if err != nil {
		return nil //nolint:nilerr // the caller has it
	}
	return closeErr
}
