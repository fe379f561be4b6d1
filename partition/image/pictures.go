package image

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/raster"
)

// Pictures gives the frames with the indexes from to from+most-1 for a model that sees them (see package partition). The Auto
// partitioner sends all of them there.
func Pictures(ctx context.Context, f document.File, o format.Options, b *budget.Budget, from, most int) iter.Seq2[format.Picture, error] {
	return func(yield func(format.Picture, error) bool) {
		var held *format.Picture // until it is known whether another follows
		k, skipped := -1, 0
		for frame, err := range frames(ctx, f, o, b, true) {
			if err == nil {
				err = b.Page()
			}
			if err == nil && frame.Gray == nil {
				skipped++
				continue
			}
			if err != nil {
				yield(format.Picture{}, err)
				return
			}
			if k++; held != nil {
				held.More = true
				if !yield(*held, nil) {
					return
				}
				held = nil
			}
			switch {
			case k < from:
				continue
			case k >= from+most:
				return
			}
			p, err := picture(frame, k+skipped+o.FirstPage(), o)
			if err != nil {
				yield(p, err)
				return
			}
			held = &p
		}
		if held != nil {
			yield(*held, nil)
		}
	}
}

func picture(frame raster.Raster, number int, o format.Options) (format.Picture, error) {
	p := format.Picture{Page: number, Strategy: "vlm", Reason: "asked for"}
	if o.Route != nil {
		p.Reason = "the file is a picture"
	}
	if frame.Blank() {
		p.Strategy, p.Reason = "empty", "nothing is on the picture"
		return p, nil
	}
	var err error
	p.Image, err = frame.JPEG(raster.SeenSide)
	return p, err
}
