// Package overlay writes a PDF whose pages are pictures of the pages of a document with boxes drawn over them: what a reader of
// the document found, where, and in which order.
//
// Pages go in one after the other with the picture of each, and are written as they come. `sluice partition --draw` and the pictures of
// docs/layout.md are made with it.
package overlay

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"strings"
)

// Page is a picture of a page and what to draw over it.
type Page struct {
	Picture       image.Image
	Width, Height float64 // of the page in the unit of the marks, and of the drawing in points
	Marks         []Mark  // later ones over earlier ones
}

// Mark is a box with a label.
type Mark struct {
	X0, Y0, X1, Y1 float64 // from the top left corner, y down
	Label          string  // "" for none; Latin letters and digits
	Color          Color
	Light          bool // a thin line and no ground: a part of another mark
}

// Color is red, green and blue, each from 0 to 1.
type Color [3]float64

// Writer writes the pages of one PDF (ISO 32000-1). Close ends it.
type Writer struct {
	out     io.Writer
	written int64
	offsets []int64 // of the objects, from number 1
	pages   []int   // their objects
	err     error
}

// The first objects are fixed.
const (
	catalogObject = 1 + iota
	pagesObject
	fontObject
	firstFree
)

// NewWriter begins a PDF.
func NewWriter(out io.Writer) *Writer {
	w := &Writer{out: out, offsets: make([]int64, firstFree-1)}
	w.print("%%PDF-1.4\n%%\xE2\xE3\xCF\xD3\n")
	w.object(catalogObject, fmt.Sprintf("<</Type/Catalog/Pages %d 0 R>>", pagesObject))
	w.object(fontObject, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>")
	return w
}

func (w *Writer) print(format string, args ...any) {
	if w.err == nil {
		var n int
		n, w.err = fmt.Fprintf(w.out, format, args...)
		w.written += int64(n)
	}
}

func (w *Writer) object(number int, body string) {
	w.offsets[number-1] = w.written
	w.print("%d 0 obj\n%s\nendobj\n", number, body)
}

func (w *Writer) free() int {
	w.offsets = append(w.offsets, 0)
	return len(w.offsets)
}

func (w *Writer) stream(dictionary string, content []byte) int {
	number := w.free()
	w.object(number, fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dictionary, len(content), content))
	return number
}

// quality of the pictures: text stays sharp at some 100 kB a page.
const quality = 80

// Add writes a page.
func (w *Writer) Add(p Page) error {
	width, height := fit(p.Width, p.Height)
	picture := 0
	if p.Picture != nil && !p.Picture.Bounds().Empty() {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, p.Picture, &jpeg.Options{Quality: quality}); err != nil {
			return fmt.Errorf("cannot keep the picture of a page: %w", err)
		}
		space := "DeviceRGB"
		if _, gray := p.Picture.(*image.Gray); gray {
			space = "DeviceGray"
		}
		size := p.Picture.Bounds().Size()
		picture = w.stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/%s/BitsPerComponent 8/Filter/DCTDecode", size.X, size.Y, space), b.Bytes())
	}
	var content bytes.Buffer
	z := zlib.NewWriter(&content)
	if picture != 0 {
		fmt.Fprintf(z, "q %.2f 0 0 %.2f 0 0 cm /P Do Q\n", width, height)
	}
	scale := 1.0
	if p.Width > 0 {
		scale = width / p.Width
	}
	for _, m := range p.Marks {
		m.draw(z, scale, width, height)
	}
	if err := z.Close(); err != nil {
		return err
	}
	drawn := w.stream("/Filter/FlateDecode", content.Bytes())
	xobject := ""
	if picture != 0 {
		xobject = fmt.Sprintf("/XObject<</P %d 0 R>>", picture)
	}
	page := w.free()
	w.object(page, fmt.Sprintf("<</Type/Page/Parent %d 0 R/MediaBox[0 0 %.2f %.2f]/Contents %d 0 R/Resources<</Font<</F %d 0 R>>/ExtGState<</G<</ca 0.12>>/S<</ca 1>>>>%s>>>>",
		pagesObject, width, height, drawn, fontObject, xobject))
	w.pages = append(w.pages, page)
	return w.err
}

// fit keeps a page within what viewers show: 3 to 14,400 points a side.
func fit(width, height float64) (w, h float64) {
	const least, most = 3, 14400
	if !(width > 0) || !(height > 0) {
		return 612, 792
	}
	scale := min(1, most/max(width, height))
	return max(width*scale, least), max(height*scale, least)
}

const labelSize = 6.5 // points

// draw writes a mark as content operators; PDF counts y from the bottom.
func (m Mark) draw(w io.Writer, scale, width, height float64) {
	clamp := func(v, most float64) float64 { return min(max(v*scale, 0), most) }
	x0, x1 := clamp(m.X0, width), clamp(m.X1, width)
	top, bottom := height-clamp(m.Y0, height), height-clamp(m.Y1, height)
	color := fmt.Sprintf("%.2f %.2f %.2f", m.Color[0], m.Color[1], m.Color[2])
	if m.Light {
		fmt.Fprintf(w, "q %s RG 0.5 w %.2f %.2f %.2f %.2f re S Q\n", color, x0, bottom, x1-x0, top-bottom)
		return
	}
	fmt.Fprintf(w, "q %s rg %s RG /G gs 0.9 w %.2f %.2f %.2f %.2f re B Q\n", color, color, x0, bottom, x1-x0, top-bottom)
	if m.Label == "" {
		return
	}
	label := printable(m.Label)
	long := float64(len(label))*labelSize*0.58 + 3
	x := max(min(x0, width-long), 0)
	y := min(top, height-labelSize-1.5) // above the box, or in it at the top edge of the page
	fmt.Fprintf(w, "q /S gs %s rg %.2f %.2f %.2f %.2f re f 1 1 1 rg BT /F %.1f Tf %.2f %.2f Td (%s) Tj ET Q\n",
		color, x, y, long, labelSize+1.5, labelSize, x+1.5, y+2, label)
}

// printable escapes a string of a PDF and leaves out what the font cannot show.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '(' || r == ')' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r < 0x7F:
			b.WriteRune(r)
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// Close writes what ends a PDF; out stays open.
func (w *Writer) Close() error {
	var kids strings.Builder
	for _, p := range w.pages {
		fmt.Fprintf(&kids, "%d 0 R ", p)
	}
	w.object(pagesObject, fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(w.pages), kids.String()))
	start := w.written
	w.print("xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, at := range w.offsets {
		w.print("%010d 00000 n \n", at)
	}
	w.print("trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets)+1, catalogObject, start)
	return w.err
}
