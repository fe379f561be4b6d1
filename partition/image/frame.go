package image

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"iter"

	"golang.org/x/image/bmp"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/image/heif"
	"github.com/sluicehq/sluice/partition/raster"
)

// Frames gives the frames of a picture as they are shown, in shades of gray, one after the other, nil for one that is not wanted. The
// first error ends it; it is a *budget.Error or the context's.
func Frames(ctx context.Context, f document.File, o format.Options, b *budget.Budget) iter.Seq2[*image.Gray, error] {
	return func(yield func(*image.Gray, error) bool) {
		for r, err := range frames(ctx, f, o, b, false) {
			if !yield(r.Gray, err) || err != nil {
				return
			}
		}
	}
}

// frames decodes a picture, one image after the other. An image that is not wanted (see format.Options, Pages) has no pixels. An error is about one of
// them; others may follow.
func frames(ctx context.Context, f document.File, o format.Options, b *budget.Budget, colour bool) iter.Seq2[raster.Raster, error] {
	return func(yield func(raster.Raster, error) bool) {
		head := make([]byte, 16)
		if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
			yield(raster.Raster{}, err)
			return
		}
		if s := string(head[:4]); s == "II*\x00" || s == "MM\x00*" {
			for m, err := range tiffFrames(ctx, f, o, b) {
				var r raster.Raster
				if m.image != nil {
					r = raster.New(m.image, m.orientation, colour)
				}
				if !yield(r, err) {
					return
				}
			}
			return
		}
		if _, err := o.Select(1); err != nil {
			yield(raster.Raster{}, err)
			return
		}
		m, orientation, err := decode(ctx, f, head, o.ScratchDir, b)
		if err != nil {
			yield(raster.Raster{}, err)
			return
		}
		yield(raster.New(m, orientation, colour), nil)
	}
}

// decode decodes the first frame of a file by its signature.
func decode(ctx context.Context, f document.File, head []byte, scratchDir string, b *budget.Budget) (m image.Image, orientation int, err error) {
	orientation = 1
	in := func() io.Reader { return &patient{ctx: ctx, in: f.Reader(), budget: b} }
	size := func(read func(io.Reader) (image.Config, error), cost func(image.Config) float64) error {
		c, err := read(in())
		if err != nil {
			return damaged(err)
		}
		return fits(c.Width, c.Height, cost(c), b)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG")):
		if err = size(png.DecodeConfig, modelCost); err == nil {
			m, err = png.Decode(in())
		}
	case bytes.HasPrefix(head, []byte("\xff\xd8")):
		var progressive bool
		orientation, progressive = jpegHead(f.Reader())
		if err = size(jpeg.DecodeConfig, func(c image.Config) float64 {
			cost := 3.0
			switch c.ColorModel {
			case color.GrayModel:
				cost = 1
			case color.CMYKModel:
				cost = 4
			}
			if progressive { // all coefficients are kept, four bytes each
				cost *= 5
			}
			return cost
		}); err == nil {
			m, err = jpeg.Decode(in())
		}
	case bytes.HasPrefix(head, []byte("GIF8")):
		if err = size(gif.DecodeConfig, func(image.Config) float64 { return 1 }); err == nil {
			m, err = gif.Decode(in())
		}
	case bytes.HasPrefix(head, []byte("BM")):
		if err = size(bmp.DecodeConfig, modelCost); err == nil {
			m, err = bmp.Decode(in())
		}
	case len(head) >= 12 && string(head[8:12]) == "WEBP":
		m, orientation, err = decodeWebP(in(), b)
	case len(head) >= 8 && string(head[4:8]) == "ftyp":
		m, err = decodeHEIC(ctx, in(), f.Size, scratchDir, b)
	default:
		return nil, 1, damaged(errors.New("no signature"))
	}
	var known *budget.Error
	switch {
	case err == nil:
		return m, orientation, nil
	case ctx.Err() != nil:
		return nil, 1, ctx.Err()
	case errors.As(err, &known):
		return nil, 1, err
	}
	return nil, 1, damaged(err)
}

// modelCost is the bytes that a pixel takes in a colour model.
func modelCost(c image.Config) float64 {
	switch c.ColorModel {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	if _, ok := c.ColorModel.(color.Palette); ok {
		return 1
	}
	return 4
}

// patient is a reader that ends with its context and the time of its budget.
type patient struct {
	ctx    context.Context
	in     io.Reader
	budget *budget.Budget
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if err := p.budget.Tick(p.ctx); err != nil {
		return 0, err
	}
	return p.in.Read(b)
}

// decodeHEIC decodes the primary image of a HEIF container.
func decodeHEIC(ctx context.Context, in io.Reader, size int64, scratchDir string, b *budget.Budget) (image.Image, error) {
	if size > heif.MaxFile {
		return nil, budget.Errorf(budget.TooLarge, "The HEIC file has more than %d bytes", heif.MaxFile)
	}
	data, err := io.ReadAll(io.LimitReader(in, heif.MaxFile+1))
	if err != nil {
		return nil, err
	}
	largest := heif.Size(data)
	if err := fits(largest.X, largest.Y, 4, b); err != nil {
		return nil, err
	}
	return heif.Decode(ctx, data, scratchDir)
}
