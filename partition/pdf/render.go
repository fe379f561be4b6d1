package pdf

import (
	"context"
	"image"

	"github.com/klippa-app/go-pdfium/requests"
)

// Gray implements renderer.
func (r *reader) Gray(ctx context.Context, i int, dpi float64) (*image.Gray, error) {
	m, err := r.Color(ctx, i, dpi)
	if err != nil {
		return nil, err
	}
	from := m.(*image.RGBA)
	out := image.NewGray(from.Rect)
	for y := range from.Rect.Dy() {
		for x := range from.Rect.Dx() {
			p := from.Pix[y*from.Stride+4*x:]
			out.Pix[y*out.Stride+x] = uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
		}
	}
	return out, nil
}

// Color implements renderer.
func (r *reader) Color(ctx context.Context, i int, dpi float64) (image.Image, error) {
	rendered, err := r.engine.RenderPageInDPI(&requests.RenderPageInDPI{
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: r.document, Index: i}}, DPI: int(dpi),
	})
	if err != nil {
		return nil, r.wrap(ctx, i, err)
	}
	defer rendered.Cleanup()
	from := rendered.Result.Image
	out := image.NewRGBA(from.Rect)
	copy(out.Pix, from.Pix)
	return out, nil
}
