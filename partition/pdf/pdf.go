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
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/layout/table"
)

// Parse implements format.Parser. With strategy auto or hi_res a page that holds a picture and no text fails the file,
// since its text would be lost silently; fast gives nothing for it.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (elements []element.Element, err error) {
	d, err := Open(ctx, f, o, b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ignoreClose(d.Close(), err)) }()
	var sheets []Sheet
	for i := range d.Pages() {
		if err := b.Page(); err != nil {
			return nil, err
		}
		p, err := d.Page(ctx, i)
		if err != nil {
			return nil, err
		}
		var sheet Sheet
		if o.Strategy == "hi_res" {
			sheet, err = Layout(ctx, p, layout.Engine{Tables: table.Rules{}}, i+o.FirstPage(), o, b)
		} else {
			sheet, err = Fast(ctx, p, i+o.FirstPage(), b)
		}
		if err != nil {
			return nil, err
		}
		if o.Strategy != "fast" && TextLayer(p) != Readable && (len(p.Pictures) > 0 || len(p.Glyphs) > 0) {
			if sheet.Len() == 0 || TextLayer(p) == None {
				return nil, budget.Errorf(budget.Unsupported, "Page %d of the PDF holds no text that can be read, only a picture of it. "+
					"Reading it needs OCR, which this version does not have: run the file through OCR first, or use strategy fast to leave such pages out.", i+1)
			}
		}
		sheets = append(sheets, sheet)
	}
	return Finish(sheets, o), nil
}

// ignoreClose keeps the failure of an engine that is thrown away anyway from hiding what happened before.
func ignoreClose(closeErr, err error) error {
	if err != nil {
		return nil //nolint:nilerr // the caller has it
	}
	return closeErr
}
