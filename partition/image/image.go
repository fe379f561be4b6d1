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
	"image"
	"runtime"
	"sync"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ocr"
	"github.com/sluicehq/sluice/partition/scan"
)

// Parse implements format.Parser for all kinds of pictures. Strategy fast is an error, as the reference has it: there is
// no text to take.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	if o.Strategy == "fast" {
		return nil, budget.Errorf(budget.Unsupported, "The fast strategy is not available for image files. Use auto, hi_res or ocr_only.")
	}
	engine := o.OCR
	if engine == nil {
		engine = ocr.Default
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		results []*result
		workers sync.WaitGroup
		room    = make(chan struct{}, runtime.GOMAXPROCS(0)) // frames that stand in memory
	)
	defer workers.Wait()
	failed := func() error {
		for _, r := range results {
			select {
			case <-r.done:
				if r.err != nil {
					return r.err
				}
			default:
			}
		}
		return nil
	}
	for frame, err := range frames(ctx, f, o, b) {
		if err != nil {
			return nil, err
		}
		if err := b.Page(); err != nil {
			return nil, err
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err := failed(); err != nil {
			return nil, err
		}
		r := &result{done: make(chan struct{})}
		page := o.FirstPage() + len(results)
		results = append(results, r)
		workers.Go(func() {
			defer func() { <-room }()
			defer close(r.done)
			r.elements, r.err = scan.Elements(ctx, engine, frame, page, o, budget.New(b.Limits()))
		})
	}
	var out []element.Element
	for i, r := range results {
		<-r.done
		if r.err != nil {
			var known *budget.Error
			if len(results) > 1 && errors.As(r.err, &known) {
				return nil, &budget.Error{Outcome: known.Outcome, Err: known.Err, Message: fmt.Sprintf("Page %d of the file: %s", i+1, known.Message)}
			}
			return nil, r.err
		}
		out = append(out, r.elements...)
		if o.IncludePageBreaks {
			page := o.FirstPage() + i
			out = append(out, element.Element{Type: element.PageBreak, Metadata: element.Metadata{PageNumber: &page}})
		}
	}
	return out, nil
}

type result struct {
	elements []element.Element
	err      error
	done     chan struct{}
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

// within limits how large a raster becomes.
func within(m image.Image, pixels int64) image.Image {
	size := m.Bounds().Size()
	if pixels <= 0 || int64(size.X)*int64(size.Y) <= pixels {
		return m
	}
	return m
}
