// Package raster holds a picture in the two forms that reading it needs: gray, for recognising its text, and in colour, for
// the cut-outs that elements carry of themselves.
package raster

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"

	scale "golang.org/x/image/draw"

	"github.com/sluicehq/sluice/element"
)

// Raster is a picture as it is shown, its upper left corner at the origin.
type Raster struct {
	Gray  *image.Gray
	color image.Image // nil when no cut-outs are wanted
	turn  func(image.Point) image.Point
	size  image.Point // as shown
}

// New takes a decoded picture in. orientation is that of Exif (1 to 8); what is transparent becomes white. The picture
// itself is kept only when colour is wanted.
func New(m image.Image, orientation int, colour bool) Raster {
	r := Raster{Gray: turned(gray(m), orientation)}
	r.size = r.Gray.Rect.Size()
	if colour {
		r.color = m
		r.turn = placed(m.Bounds().Size(), orientation)
	}
	return r
}

// gray gives the luminance of a picture over white.
func gray(m image.Image) *image.Gray {
	b := m.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	switch m := m.(type) {
	case *image.Gray:
		for y := range b.Dy() {
			copy(out.Pix[y*out.Stride:], m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):][:b.Dx()])
		}
	case *image.YCbCr:
		for y := range b.Dy() {
			copy(out.Pix[y*out.Stride:], m.Y[m.YOffset(b.Min.X, b.Min.Y+y):][:b.Dx()])
		}
	case *image.RGBA:
		for y := range b.Dy() {
			grayLine(out.Pix[y*out.Stride:][:b.Dx()], m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):], true)
		}
	case *image.NRGBA:
		for y := range b.Dy() {
			grayLine(out.Pix[y*out.Stride:][:b.Dx()], m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):], false)
		}
	case *image.Paletted:
		var shade [256]uint8
		for i, c := range m.Palette {
			shade[i] = shadeOf(c)
		}
		for y := range b.Dy() {
			for x, v := range m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):][:b.Dx()] {
				out.Pix[y*out.Stride+x] = shade[v]
			}
		}
	default:
		for y := range b.Dy() {
			for x := range b.Dx() {
				out.Pix[y*out.Stride+x] = shadeOf(m.At(b.Min.X+x, b.Min.Y+y))
			}
		}
	}
	return out
}

func grayLine(to, from []uint8, premultiplied bool) {
	for x := range to {
		p := from[4*x : 4*x+4 : 4*x+4]
		y := (19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16
		if a := uint32(p[3]); a < 255 {
			if premultiplied {
				y += 255 - a
			} else {
				y = (y*a + 255*(255-a)) / 255
			}
		}
		to[x] = uint8(min(y, 255))
	}
}

func shadeOf(c color.Color) uint8 {
	r, g, b, a := c.RGBA()
	y := (19595*r + 38470*g + 7471*b + 1<<15) >> 16
	return uint8(min(y+0xffff-a, 0xffff) >> 8)
}

// placed tells where a pixel of the shown picture stands in the stored one of a size.
func placed(size image.Point, orientation int) func(image.Point) image.Point {
	w, h := size.X-1, size.Y-1
	switch orientation {
	case 2:
		return func(p image.Point) image.Point { return image.Pt(w-p.X, p.Y) }
	case 3:
		return func(p image.Point) image.Point { return image.Pt(w-p.X, h-p.Y) }
	case 4:
		return func(p image.Point) image.Point { return image.Pt(p.X, h-p.Y) }
	case 5:
		return func(p image.Point) image.Point { return image.Pt(p.Y, p.X) }
	case 6:
		return func(p image.Point) image.Point { return image.Pt(p.Y, h-p.X) }
	case 7:
		return func(p image.Point) image.Point { return image.Pt(w-p.Y, h-p.X) }
	case 8:
		return func(p image.Point) image.Point { return image.Pt(w-p.Y, p.X) }
	}
	return func(p image.Point) image.Point { return p }
}

func turned(m *image.Gray, orientation int) *image.Gray {
	if orientation < 2 || orientation > 8 {
		return m
	}
	size := m.Rect.Size()
	from := placed(size, orientation)
	if orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	out := image.NewGray(image.Rect(0, 0, size.X, size.Y))
	for y := range size.Y {
		for x := range size.X {
			p := from(image.Pt(x, y))
			out.Pix[y*out.Stride+x] = m.Pix[p.Y*m.Stride+p.X]
		}
	}
	return out
}

// Cut-outs are JPEG of this quality, and no longer than this on a side, pixels.
const (
	quality = 85
	maxSide = 4096
)

// CutOut returns the part of the picture in a box, in Base64, and its MIME type. turns are the clockwise quarter turns that
// make it upright. It is empty for a box outside of the picture, or when no colour was kept.
func (r Raster) CutOut(box image.Rectangle, turns int) (data, mime string) {
	m := r.part(box, turns)
	if m == nil {
		return "", ""
	}
	b, err := encoded(m)
	if err != nil {
		return "", ""
	}
	return base64.StdEncoding.EncodeToString(b), "image/jpeg"
}

// JPEG is the whole picture, made smaller where a side is longer than side pixels.
func (r Raster) JPEG(side int) ([]byte, error) {
	m := r.part(image.Rectangle{Max: r.size}, 0)
	if m == nil {
		return nil, nil
	}
	if longer := max(m.Rect.Dx(), m.Rect.Dy()); longer > side {
		small := image.NewRGBA(image.Rect(0, 0, max(1, m.Rect.Dx()*side/longer), max(1, m.Rect.Dy()*side/longer)))
		scale.BiLinear.Scale(small, small.Rect, m, m.Rect, scale.Src, nil)
		m = small
	}
	return encoded(m)
}

// encoded is JPEG of an opaque picture. One without colours has no planes of colour, which would take half of the time.
func encoded(m *image.RGBA) ([]byte, error) {
	var b bytes.Buffer
	o := &jpeg.Options{Quality: quality}
	if g := colourless(m); g != nil {
		err := jpeg.Encode(&b, g, o)
		return b.Bytes(), err
	}
	err := jpeg.Encode(&b, m, o) // encoded fast, as no other picture in colour is
	return b.Bytes(), err
}

// colourless is a picture in shades of gray; nil when any of its pixels has a colour.
func colourless(m *image.RGBA) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	for y := range out.Rect.Dy() {
		row, to := m.Pix[y*m.Stride:], out.Pix[y*out.Stride:][:out.Stride]
		for x := range to {
			v := binary.LittleEndian.Uint32(row[4*x:])
			if (v^v>>8)&0xffff != 0 {
				return nil
			}
			to[x] = uint8(v)
		}
	}
	return out
}

// Blank tells whether the whole picture has one shade.
func (r Raster) Blank() bool {
	return oneValue(r.Gray.Pix, r.Gray.Stride, r.Gray.Rect.Dx(), r.Gray.Rect.Dy(), 1)
}

// Drawn is JPEG of an opaque picture that is drawn as it is shown; empty when all of it has one colour.
func Drawn(m *image.NRGBA) ([]byte, error) {
	if oneValue(m.Pix, m.Stride, m.Rect.Dx(), m.Rect.Dy(), 4) {
		return nil, nil
	}
	return encoded(&image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect})
}

// SeenSide is the longer side of a page that is drawn for a model that sees it, in pixels: what providers scale larger ones down to.
const SeenSide = 1568

// oneValue tells whether all pixels of a picture are the same, each of size bytes.
func oneValue(pix []uint8, stride, width, height, size int) bool {
	if width == 0 || height == 0 {
		return true
	}
	first := bytes.Repeat(pix[:size], width)
	for y := range height {
		if !bytes.Equal(pix[y*stride:][:len(first)], first) {
			return false
		}
	}
	return true
}

// part is the picture in a box, over white; nil when there is none.
func (r Raster) part(box image.Rectangle, turns int) *image.RGBA {
	box = box.Intersect(image.Rectangle{Max: r.size})
	if r.color == nil || box.Empty() {
		return nil
	}
	step := 1
	for box.Dx()/step > maxSide || box.Dy()/step > maxSide {
		step++
	}
	w, h := (box.Dx()+step-1)/step, (box.Dy()+step-1)/step
	size := image.Pt(w, h)
	if turns&1 == 1 {
		size = image.Pt(h, w)
	}
	back := placed(image.Pt(w, h), []int{1, 6, 3, 8}[turns&3])
	origin := r.color.Bounds().Min
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	for y := range size.Y {
		for x := range size.X {
			p := r.turn(box.Min.Add(back(image.Pt(x, y)).Mul(step)))
			c := r.color.At(origin.X+p.X, origin.Y+p.Y)
			cr, cg, cb, ca := c.RGBA()
			white := 0xffff - ca
			out.SetRGBA(x, y, color.RGBA{uint8((cr + white) >> 8), uint8((cg + white) >> 8), uint8((cb + white) >> 8), 255})
		}
	}
	return out
}

// Illustrate gives an element a cut-out of its place. Its coordinates are in a space of which the picture shows all; turns
// as for CutOut. An element without coordinates stays as it is.
func (r Raster) Illustrate(e *element.Element, turns int) {
	c := e.Metadata.Coordinates
	if c == nil || len(c.Points) < 3 || c.LayoutWidth <= 0 || c.LayoutHeight <= 0 {
		return
	}
	x, y := float64(r.size.X)/c.LayoutWidth, float64(r.size.Y)/c.LayoutHeight
	box := image.Rect(
		int(math.Floor(c.Points[0][0]*x)), int(math.Floor(c.Points[0][1]*y)),
		int(math.Ceil(c.Points[2][0]*x)), int(math.Ceil(c.Points[2][1]*y)))
	e.Metadata.ImageBase64, e.Metadata.ImageMimeType = r.CutOut(box, turns)
}
