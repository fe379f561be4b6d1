package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"image"
	"image/draw"
	"os"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition"
)

// scanDPI is the resolution of scans, dots per inch.
const scanDPI = 300

// scan makes of a printed file one whose pages are pictures, as a scanner gives them, and keeps it beside the file.
func scan(ctx context.Context, pdf string) (string, error) {
	out := strings.TrimSuffix(pdf, ".pdf") + "-scan.pdf"
	if _, err := os.Stat(out); err == nil {
		return out, nil
	}
	f, err := os.Open(pdf)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	var pages []partition.Picture
	for p, err := range partition.Pictures(ctx, document.NewFile(info.Name(), "", info.Size(), f), partition.Options{}, scanDPI) {
		if err != nil {
			return "", err
		}
		pages = append(pages, p)
	}
	content, err := picturesPDF(pages)
	if err != nil {
		return "", err
	}
	return out, os.WriteFile(out, content, 0o644)
}

// picturesPDF writes a PDF file of pages that hold a gray picture each (ISO 32000-1, 8.9).
func picturesPDF(pages []partition.Picture) ([]byte, error) {
	var out bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n", len(offsets))
		fmt.Fprintf(&out, format, args...)
		out.WriteString("\nendobj\n")
	}
	out.WriteString("%PDF-1.4\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 3+3*i)
	}
	object("<</Type/Pages/Count %d/Kids[%s]>>", len(pages), kids.String())
	for i, p := range pages {
		size := p.Image.Bounds().Size()
		gray := image.NewGray(image.Rect(0, 0, size.X, size.Y))
		draw.Draw(gray, gray.Rect, p.Image, p.Image.Bounds().Min, draw.Src)
		var pixels bytes.Buffer
		z := zlib.NewWriter(&pixels)
		if _, err := z.Write(gray.Pix); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		draws := fmt.Sprintf("%.2f 0 0 %.2f 0 0 cm /I Do", p.Width, p.Height)
		object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.2f %.2f]/Contents %d 0 R/Resources<</XObject<</I %d 0 R>>>>>>", p.Width, p.Height, 4+3*i, 5+3*i)
		object("<</Length %d>>stream\n%s\nendstream", len(draws), draws)
		object("<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode/Length %d>>stream\n%s\nendstream",
			size.X, size.Y, pixels.Len(), pixels.String())
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return out.Bytes(), nil
}
