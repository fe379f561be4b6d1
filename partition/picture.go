package partition

import (
	"context"
	"image"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/filetype"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/pdf"
)

// Picture is a page as a reader sees it.
type Picture struct {
	Page          int     // number, as elements have it
	Width, Height float64 // of the page, points
	Image         image.Image
}

// Pictures draws the pages of a PDF at dpi dots per inch, one after the other. Files of other types have none: an error says so. The
// first error ends the stream; it is a *budget.Error or the context's.
func Pictures(ctx context.Context, f document.File, o Options, dpi float64) iter.Seq2[Picture, error] {
	return func(yield func(Picture, error) bool) {
		if o.Limits == (budget.Limits{}) {
			o.Limits = budget.Default
		}
		b := budget.New(o.Limits)
		hint := o.ContentType
		if hint == "" {
			hint = f.MIMEType
		}
		t, err := filetype.Detect(f, hint, b)
		if err != nil {
			yield(Picture{}, err)
			return
		}
		draw := pagesOfPDF
		if t != filetype.PDF {
			yield(Picture{}, budget.Errorf(budget.Unsupported, "A file of type %s has no pages that can be drawn; PDF files have.", t.MIME))
			return
		}
		if err := draw(ctx, f, o.format(t), b, dpi, yield); err != nil {
			yield(Picture{}, err)
		}
	}
}

func pagesOfPDF(ctx context.Context, f document.File, o format.Options, b *budget.Budget, dpi float64, yield func(Picture, error) bool) error {
	d, err := pdf.Open(ctx, f, o, b)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // what was drawn is whole
	for i := range d.Pages() {
		m, at, err := d.Render(ctx, i, dpi)
		if err != nil {
			return err
		}
		size := m.Bounds().Size()
		if !yield(Picture{i + o.FirstPage(), float64(size.X) * 72 / at, float64(size.Y) * 72 / at, m}, nil) {
			return nil
		}
	}
	return nil
}
