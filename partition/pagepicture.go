package partition

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/filetype"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/image"
	"github.com/sluicehq/sluice/partition/pdf"
)

// PagePicture is one page of a file on its way to a model that sees it.
type PagePicture struct {
	format.Picture
	// Filetype is the MIME type of the file.
	Filetype string
}

// PagePictures gives the pages of a PDF or a picture as a model that sees them is shown them: the ones with the indexes from to
// from+most-1, fewer at the end of the file. With Options.Route, a page that the parsers read as well is named with the way
// in which Partition reads it, and has no picture.
//
// A file of another type is a single PagePicture without a number or a picture, whose strategy is auto: Partition reads it. An
// empty file gives none. The first error ends the stream, as that of Partition does.
func PagePictures(ctx context.Context, f document.File, o Options, from, most int) iter.Seq2[PagePicture, error] {
	return func(yield func(PagePicture, error) bool) {
		var t filetype.Type
		source, err := o.pictures(ctx, f, from, most, &t)
		if err != nil {
			yield(PagePicture{}, err)
			return
		}
		next, stop := iter.Pull2(source)
		defer stop()
		for {
			p, err, ok := guardedNext(next)
			if !ok {
				return
			}
			if !yield(PagePicture{p, t.MIME}, err) || err != nil {
				return
			}
		}
	}
}

// guardedNext makes an error of a panic in a parser.
func guardedNext(next func() (format.Picture, error, bool)) (p format.Picture, err error, ok bool) { //nolint:staticcheck // the order of iter.Pull2
	defer func() {
		if v := recover(); v != nil {
			ok, err = true, budget.Panicked(v)
		}
	}()
	return next()
}

func (o Options) pictures(ctx context.Context, f document.File, from, most int, t *filetype.Type) (iter.Seq2[format.Picture, error], error) {
	b, err := o.begin(f)
	if err != nil {
		return nil, err
	}
	if *t, err = o.detect(f, b); err != nil {
		return nil, err
	}
	settings := o.format(*t)
	switch *t {
	case filetype.Empty:
		return func(func(format.Picture, error) bool) {}, nil
	case filetype.PDF:
		return pdf.Pictures(ctx, f, settings, b, from, most), nil
	case filetype.PNG, filetype.JPEG, filetype.TIFF, filetype.BMP, filetype.WEBP, filetype.HEIC, filetype.GIF:
		return image.Pictures(ctx, f, settings, b, from, most), nil
	}
	return func(yield func(format.Picture, error) bool) {
		yield(format.Picture{Strategy: "auto", Reason: "a vision model reads PDF files and pictures"}, nil)
	}, nil
}
