package pdf

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"math"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// PDFium's bitmap formats (fpdfview.h).
const (
	grayBitmap = 1
	bgrBitmap  = 2
	bgrxBitmap = 3
	bgraBitmap = 4
)

// Render draws the page with index i in shades of gray on white, as a reader sees it, at dpi dots per inch. Where that would be more
// pixels than the budget allows (25 million by default) it draws fewer dots per inch and says how many. A picture of far more pixels
// than that is left out.
func (d *Document) Render(ctx context.Context, i int, dpi float64) (*image.Gray, float64, error) {
	m, dpi, err := d.draw(ctx, i, nil, dpi, grayBitmap)
	gray, _ := m.(*image.Gray)
	return gray, dpi, err
}

// RenderColor is Render in colour.
func (d *Document) RenderColor(ctx context.Context, i int, dpi float64) (image.Image, float64, error) {
	return d.draw(ctx, i, nil, dpi, bgrxBitmap)
}

// RenderBox is Render for a part of a page, in points from its top left corner.
func (d *Document) RenderBox(ctx context.Context, i int, box layout.Box, dpi float64) (*image.Gray, float64, error) {
	m, dpi, err := d.draw(ctx, i, &box, dpi, grayBitmap)
	gray, _ := m.(*image.Gray)
	return gray, dpi, err
}

func (l *loaded) render(ctx context.Context, box layout.Box, dpi float64, format uint64) (image.Image, float64, error) {
	if err := l.readImages(ctx); err != nil {
		return nil, 0, err
	}
	if most := l.mostPixels(l.index); most > 0 && l.largest > most {
		l.leaveOut(most)
	}
	if !box.Finite() || box.Empty() || !(dpi > 0) {
		return nil, 0, budget.Errorf(budget.Corrupt, "Page %d of the PDF has no area that can be drawn.", l.index+1)
	}
	if most := float64(l.budget.Limits().Pixels); most > 0 {
		dpi = min(dpi, 72*math.Sqrt(most/box.Area()))
	}
	scale := dpi / 72
	size := func(points float64) int { return max(1, int(points*scale)) }
	columns, rows := size(box.Width()), size(box.Height())
	if most := l.budget.Limits().Pixels; most > 0 && int64(columns)*int64(rows) > most { // of a page that is all length and no width
		return nil, 0, budget.Errorf(budget.TooLarge, "Page %d of the PDF is too long to be drawn.", l.index+1)
	}
	width, height := l.frame.size()

	in := l.in
	bitmap := in.Call(FPDFBitmap_CreateEx, uint64(columns), uint64(rows), format, 0, 0)
	if bitmap == 0 {
		return nil, 0, l.undrawn()
	}
	defer in.Call(FPDFBitmap_Destroy, bitmap)
	in.Call(FPDFBitmap_FillRect, bitmap, 0, 0, uint64(columns), uint64(rows), 0xFFFFFFFF)
	const (
		annotations = 0x01
		gray        = 0x08
		paused      = 1
		upright     = 0
	)
	position := func(points float64) uint64 { return uint64(uint32(int32(-math.Round(points * scale)))) } //nolint:gosec // the C type
	place := []uint64{position(box.X0), position(box.Y0), uint64(max(1, int(width*scale))), uint64(max(1, int(height*scale))), upright, annotations}
	if format == grayBitmap {
		place[len(place)-1] |= gray
	}
	stop := func() bool { return l.budget.Check(ctx) != nil }
	status := in.Pausing(stop, FPDF_RenderPageBitmap_Start, append([]uint64{bitmap, uint64(l.page)}, place...)...)
	in.Call(FPDF_RenderPage_Close, uint64(l.page))
	if status == paused {
		return nil, 0, l.budget.Check(ctx)
	}
	if l.form != 0 {
		in.Call(FPDF_FFLDraw, append([]uint64{uint64(l.form), bitmap, uint64(l.page)}, place...)...)
	}
	out := l.bitmap(bitmap)
	if in.Err() != nil || out == nil {
		return nil, 0, l.undrawn()
	}
	return out, dpi, nil
}

// leaveOut has PDFium draw no picture of more than most pixels.
func (l *loaded) leaveOut(most int64) {
	in := l.in
	for _, object := range l.images {
		if in.True(FPDFImageObj_GetImagePixelSize, uint64(object), in.Out(0), in.Out(1)) && int64(in.OutInt(0))*int64(in.OutInt(1)) > most {
			in.Call(FPDFPageObj_SetIsActive, uint64(object), 0)
		}
	}
}

func (l *loaded) undrawn() error {
	if err := l.failed(fmt.Sprintf("drew page %d", l.index+1)); err != nil {
		return err
	}
	return budget.Errorf(budget.TooLarge, "Page %d of the PDF needs too much memory to be drawn.", l.index+1)
}

// readImages finds the images of a page that has not been read.
func (l *loaded) readImages(ctx context.Context) error {
	if l.images != nil {
		return nil
	}
	w := l.walker(&layout.Page{})
	w.p.Width, w.p.Height = l.frame.size()
	return w.readObjects(ctx)
}

// Raster is a picture as it stands in the file, before it is scaled, turned and cut on the page.
type Raster struct {
	MIME  string // image/jpeg as it is, all others as image/png
	Bytes []byte
}

// Picture returns the picture that is number object among the images of the page with index i (layout.Picture.Object).
func (d *Document) Picture(ctx context.Context, i, object int) (Raster, error) {
	l, err := d.load(ctx, i)
	if err != nil {
		return Raster{}, err
	}
	if err := l.readImages(ctx); err != nil {
		return Raster{}, err
	}
	if object < 0 || object >= len(l.images) {
		return Raster{}, budget.Errorf(budget.Corrupt, "Page %d of the PDF has no picture number %d.", i+1, object)
	}
	picture, in := uint64(l.images[object]), d.in
	if in.True(FPDFImageObj_GetImagePixelSize, picture, in.Out(0), in.Out(1)) {
		pixels := int64(in.OutInt(0)) * int64(in.OutInt(1))
		if most := d.budget.Limits().Pixels; most > 0 && pixels > most {
			return Raster{}, budget.Errorf(budget.TooLarge, "A picture on page %d of the PDF has %d pixels; at most %d are read.", i+1, pixels, most)
		}
	}
	if in.Int(FPDFImageObj_GetImageFilterCount, picture) == 1 && in.ASCII(FPDFImageObj_GetImageFilter, picture, 0) == "DCTDecode" {
		const most = 64 << 20
		if b, ok := in.Data(most, FPDFImageObj_GetImageDataRaw, picture); ok && plainJPEG(b) {
			return Raster{"image/jpeg", b}, nil
		}
	}
	bitmap := in.Call(FPDFImageObj_GetBitmap, picture)
	if bitmap == 0 {
		if err := d.failed(fmt.Sprintf("read a picture of page %d", i+1)); err != nil {
			return Raster{}, err
		}
		return Raster{}, budget.Errorf(budget.Corrupt, "A picture on page %d of the PDF is damaged.", i+1)
	}
	defer in.Call(FPDFBitmap_Destroy, bitmap)
	img := l.bitmap(bitmap)
	if img == nil {
		return Raster{}, budget.Errorf(budget.Corrupt, "A picture on page %d of the PDF is damaged.", i+1)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		return Raster{}, budget.Errorf(budget.Corrupt, "A picture on page %d of the PDF cannot be kept: %w", i+1, err)
	}
	return Raster{"image/png", b.Bytes()}, nil
}

// bitmap copies a bitmap of PDFium; nil when it is damaged.
func (l *loaded) bitmap(bitmap uint64) image.Image {
	in := l.in
	width, height, stride := in.Int(FPDFBitmap_GetWidth, bitmap), in.Int(FPDFBitmap_GetHeight, bitmap), in.Int(FPDFBitmap_GetStride, bitmap)
	format := in.Int(FPDFBitmap_GetFormat, bitmap)
	pixels := in.Bytes(in.Handle(FPDFBitmap_GetBuffer, bitmap), stride*height)
	bytesOf := map[int]int{grayBitmap: 1, bgrBitmap: 3, bgrxBitmap: 4, bgraBitmap: 4}[format]
	if width <= 0 || height <= 0 || bytesOf == 0 || stride < width*bytesOf || len(pixels) < stride*height {
		return nil
	}
	if format == grayBitmap {
		out := image.NewGray(image.Rect(0, 0, width, height))
		for y := range height {
			copy(out.Pix[y*out.Stride:], pixels[y*stride:y*stride+width])
		}
		return out
	}
	out := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		row, to := pixels[y*stride:][:width*bytesOf], out.Pix[y*out.Stride:][:4*width]
		if format == bgrBitmap {
			for x := range width {
				p := row[3*x:][:3]
				to[4*x], to[4*x+1], to[4*x+2], to[4*x+3] = p[2], p[1], p[0], 255
			}
			continue
		}
		opaque := uint32(0xff << 24)
		if format == bgraBitmap {
			opaque = 0
		}
		for x := 0; x < 4*width; x += 4 { // blue and red change places
			v := binary.LittleEndian.Uint32(row[x:])
			binary.LittleEndian.PutUint32(to[x:], v&0xff00ff00|v&0xff<<16|v>>16&0xff|opaque)
		}
	}
	return out
}

// plainJPEG tells whether a JPEG shows the same everywhere: one or three components. With four, viewers differ.
func plainJPEG(b []byte) bool {
	if len(b) < 4 || b[0] != 0xFF || b[1] != 0xD8 {
		return false
	}
	for at := 2; at+9 < len(b) && b[at] == 0xFF; {
		marker, size := b[at+1], int(binary.BigEndian.Uint16(b[at+2:]))
		if marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC {
			return b[at+9] == 1 || b[at+9] == 3
		}
		if size < 2 {
			return false
		}
		at += 2 + size
	}
	return false
}
