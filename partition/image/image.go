// Package image reads files that are pictures: scans, photographs of documents, screenshots. Each frame is decoded within
// a budget of pixels, turned as its camera noted, recognised by an OCR engine, and cut into elements by the same layout
// engine as the page of a PDF. Boxes are in pixels of the picture as it is shown.
//
// PNG, JPEG, BMP, TIFF (a page for each of its images), WebP, HEIC and GIF are read; of the animated ones the first frame.
package image

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/image/tiff"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ocr"
	"github.com/sluicehq/sluice/partition/pdf"
	"github.com/sluicehq/sluice/partition/raster"
)

// Parse implements format.Parser for all kinds of pictures. Strategy fast is an error, as the reference has it: there is
// no text to take.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	if o.Strategy == "fast" {
		return nil, budget.Errorf(budget.Unsupported, "The fast strategy is not available for image files. Use auto, hi_res or ocr_only.")
	}
	pages, err := read(ctx, f, o, b)
	if err != nil {
		return nil, err
	}
	var sheets []pdf.Sheet
	var unread []pdf.Unread
	for i, p := range pages {
		if p == nil {
			continue
		}
		sheets = append(sheets, p.sheet)
		if p.unread != nil {
			unread = append(unread, pdf.Unread{Page: i + o.FirstPage(), Cause: p.unread, Message: named(i, p.unread, len(pages) > 1).Message})
		}
	}
	elements := pdf.Finish(sheets, o)
	for i := range elements {
		p := pages[*elements[i].Metadata.PageNumber-o.FirstPage()]
		p.place.Move(&elements[i])
		if p.place.Turns != 0 {
			raster.Note(&elements[i], raster.RotationKey, 90*p.place.Turns)
		}
	}
	if len(o.ImageBlocks) > 0 {
		if err := illustrate(ctx, f, elements, pages, o, b); err != nil {
			return nil, err
		}
	}
	return pdf.ListUnread(elements, unread)
}

// page is a frame on its way to elements.
type page struct {
	sheet  pdf.Sheet
	place  raster.Place
	unread *budget.Error // why there is nothing of it
	err    error         // that ends the file
	done   chan struct{}
}

// read recognises the frames, as many at a time as there are processors, and cuts them into regions. A frame that is not wanted is nil.
func read(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (pages []*page, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	room := make(chan struct{}, runtime.GOMAXPROCS(0)) // frames that stand in memory
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	for frame, err := range frames(ctx, f, o, b, false) {
		failed, alone := alone(ctx, err, b)
		if err != nil && !alone {
			return nil, err
		}
		if err := b.Page(); err != nil {
			return nil, err
		}
		if err == nil && frame.Gray == nil { // not wanted
			pages = append(pages, nil)
			continue
		}
		if alone {
			p := &page{unread: failed, sheet: pdf.Unseen(0, 0, o.FirstPage()+len(pages)), done: make(chan struct{})}
			close(p.done)
			pages = append(pages, p)
			continue
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		p := &page{done: make(chan struct{})}
		number := o.FirstPage() + len(pages)
		pages = append(pages, p)
		if i := len(pages) - 1 - cap(room); i >= 0 { // stop early at a page that failed
			if err := pages[i].wait(i, true); err != nil {
				return nil, err
			}
		}
		workers.Go(func() {
			defer close(p.done)
			defer func() { <-room }()
			p.recognise(ctx, frame, number, o, b.Share())
		})
	}
	for i, p := range pages {
		if err := p.wait(i, len(pages) > 1); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// alone is pdf.Alone, also for an image whose compression is not known.
func alone(ctx context.Context, err error, b *budget.Budget) (*budget.Error, bool) {
	var failed *budget.Error
	var unknown tiff.UnsupportedError
	if errors.As(err, &unknown) && errors.As(err, &failed) {
		return failed, true
	}
	return pdf.Alone(ctx, err, b)
}

// wait waits for a page and names it in its error, when there are several.
func (p *page) wait(i int, several bool) error {
	if p == nil {
		return nil
	}
	<-p.done
	var known *budget.Error
	if errors.As(p.err, &known) {
		return named(i, known, several)
	}
	return p.err
}

// named names a page in its failure, when there are several.
func named(i int, failed *budget.Error, several bool) *budget.Error {
	if !several {
		return failed
	}
	return &budget.Error{Outcome: failed.Outcome, Err: failed.Err, Message: fmt.Sprintf("Page %d: %s", i+1, failed.Message)}
}

// usualLetter is the height in points of a letter without ascender in text of 10 points. Layout works in points: a picture
// does not say how large it was, so its usual letter is taken for one of such text.
const usualLetter = 5.3

func (p *page) recognise(ctx context.Context, r raster.Raster, number int, o format.Options, b *budget.Budget) {
	timed, cancel := b.Context(ctx)
	defer cancel()
	t, err := ocr.Read(timed, o.Reader(), r.Gray, ocr.Options{Languages: o.OCRLanguages, Pixels: b.Limits().Pixels, Limit: b.Limits().OCR})
	if failed, ok := pdf.Alone(ctx, err, b); ok {
		size := r.Gray.Rect.Size()
		p.unread, p.sheet = failed, pdf.Unseen(float64(size.X), float64(size.Y), number)
		return
	}
	if err != nil {
		if p.err = b.Check(ctx); p.err == nil {
			p.err = err
		}
		return
	}
	scale := 1.0
	if t.Letter > 0 {
		scale = t.Letter / usualLetter
	}
	p.place = raster.Place{Scale: scale, Turns: t.Turns}
	p.sheet, p.err = pdf.Recognized(ctx, t, float64(t.Width)/scale, float64(t.Height)/scale, number, o, b)
}

// illustrate decodes the frames once more, in colour, for the cut-outs of elements.
func illustrate(ctx context.Context, f document.File, elements []element.Element, pages []*page, o format.Options, b *budget.Budget) error {
	number := o.FirstPage()
	for frame, err := range frames(ctx, f, o, b, true) {
		if _, alone := alone(ctx, err, b); alone { // it has no elements
			number++
			continue
		}
		if err != nil {
			return err
		}
		for i := range elements {
			if e := &elements[i]; frame.Gray != nil && *e.Metadata.PageNumber == number && raster.Wanted(o.ImageBlocks, e.Type) {
				frame.Illustrate(e, pages[number-o.FirstPage()].place.Turns)
			}
		}
		number++
	}
	return nil
}

// bytesPerPixel is how much memory a decoded picture may take for each pixel of Limits.Pixels: a raster for an engine has
// one byte a pixel, and a picture is decoded in colour and larger than it is given to the engine.
const bytesPerPixel = 10

// fits checks the size of a picture before it is decoded; cost is what its decoder takes, bytes a pixel.
func fits(width, height int, cost float64, b *budget.Budget) error {
	if width <= 0 || height <= 0 {
		return damaged(errors.New("a side without length"))
	}
	limit := b.Limits().Pixels
	if limit > 0 && float64(width)*float64(height)*cost > float64(limit)*bytesPerPixel {
		return budget.Errorf(budget.TooLarge, "The picture has %d x %d pixels, which is more than is read. Make it smaller: 300 dots per inch are enough.", width, height)
	}
	return nil
}

func damaged(err error) error {
	return &budget.Error{Outcome: budget.Corrupt, Err: err,
		Message: "File does not appear to be a valid picture. It may be cut off or damaged: open it in a viewer and save it again."}
}
