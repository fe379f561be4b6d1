package partition

import (
	"context"
	"image"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/filetype"
	"github.com/sluicehq/sluice/partition/format"
	picture "github.com/sluicehq/sluice/partition/image"
	"github.com/sluicehq/sluice/partition/pdf"
)

// Picture is a page as a reader sees it.
type Picture struct {
	Page          int     // number, as elements have it
	Width, Height float64 // of the page, points
	Image         image.Image
}

// Pictures draws the pages of a PDF at dpi dots per inch, or gives the frames of a picture in shades of gray, one after the other.
// Files of other types have none: an error says so. The first error ends the stream; it is a *budget.Error or the context's.
func Pictures(ctx context.Context, f document.File, o Options, dpi float64) iter.Seq2[Picture, error] {
	return func(yield func(Picture, error) bool) {
		b, err := o.begin(f)
		var t filetype.Type
		if err == nil {
			t, err = o.detect(f, b)
		}
		if err != nil {
			yield(Picture{}, err)
			return
		}
		draw := framesOfPicture
		if t == filetype.PDF {
			draw = pagesOfPDF
		} else if !isPicture(t) {
			yield(Picture{}, budget.Errorf(budget.Unsupported, "A file of type %s has no pages that can be drawn; PDF files and pictures have.", t.MIME))
			return
		}
		if err := draw(ctx, f, o.format(t), b, dpi, yield); err != nil {
			yield(Picture{}, err)
		}
	}
}

func isPicture(t filetype.Type) bool {
	switch t {
	case filetype.PNG, filetype.JPEG, filetype.TIFF, filetype.BMP, filetype.WEBP, filetype.HEIC, filetype.GIF:
		return true
	default:
		return false
	}
}

func pagesOfPDF(ctx context.Context, f document.File, o format.Options, b *budget.Budget, dpi float64, yield func(Picture, error) bool) error {
	d, err := pdf.Open(ctx, f, o, b)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // what was drawn is whole
	pages, err := o.Select(d.Pages())
	if err != nil {
		return err
	}
	for _, i := range pages {
		m, at, err := d.RenderColor(ctx, i, dpi)
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

// framesOfPicture gives the frames in their own pixels, each as a page of its size at dpi.
func framesOfPicture(ctx context.Context, f document.File, o format.Options, b *budget.Budget, dpi float64, yield func(Picture, error) bool) error {
	page := o.FirstPage()
	for m, err := range picture.Frames(ctx, f, o, b) {
		if err != nil {
			return err
		}
		if m == nil { // not wanted
			page++
			continue
		}
		size := m.Bounds().Size()
		if !yield(Picture{page, float64(size.X) * 72 / dpi, float64(size.Y) * 72 / dpi, m}, nil) {
			return nil
		}
		page++
	}
	return nil
}
