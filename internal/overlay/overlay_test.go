package overlay

import (
	"bytes"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition"
)

func TestPagesAndLabels(t *testing.T) {
	t.Parallel()
	picture := image.NewGray(image.Rect(0, 0, 60, 80))
	for i := range picture.Pix {
		picture.Pix[i] = 200
	}
	colored := image.NewRGBA(image.Rect(0, 0, 10, 10))
	colored.Set(1, 1, color.RGBA{200, 0, 0, 255})
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, p := range []Page{
		{Picture: picture, Width: 300, Height: 400, Marks: []Mark{
			{X0: 20, Y0: 60, X1: 200, Y1: 90, Label: "1 Title (first)", Color: Color{1, 0, 0}},
			{X0: 20, Y0: 300, X1: 200, Y1: 340, Label: "2 Text", Color: Color{0, 0, 1}},
			{X0: 20, Y0: 300, X1: 90, Y1: 320, Light: true},
		}},
		{Picture: colored, Width: 300, Height: 400, Marks: []Mark{{X0: -50, Y0: -50, X1: 9999, Y1: 9999, Label: "over the edges"}}},
		{}, // a page without a picture and a size
	} {
		if err := w.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := document.NewFile("out.pdf", "", int64(out.Len()), bytes.NewReader(out.Bytes()))
	elements, err := partition.Collect(partition.Partition(t.Context(), f, partition.Options{Strategy: "fast"}))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, e := range elements {
		texts = append(texts, e.Text)
	}
	if got := strings.Join(texts, "|"); got != "1 Title (first)|2 Text|over the edges" {
		t.Errorf("%q", got)
	}
	pages := 0
	for p, err := range partition.Pictures(t.Context(), f, partition.Options{}, 72) {
		if err != nil {
			t.Fatal(err)
		}
		pages++
		width, height := p.Image.Bounds().Dx(), p.Image.Bounds().Dy()
		if p.Page != pages || p.Page < 3 && (width < 299 || width > 301 || height < 399 || height > 401) {
			t.Errorf("page %d is number %d and has %d x %d pixels", pages, p.Page, width, height)
		}
		if gray, _, _, _ := p.Image.At(290, 390).RGBA(); p.Page == 1 && (gray>>8 < 195 || gray>>8 > 205) {
			t.Errorf("the picture is not drawn: %d", gray>>8)
		}
		if _, edge, _, _ := p.Image.At(100, 60).RGBA(); p.Page == 1 && edge>>8 > 150 {
			t.Errorf("the upper edge of the first box is not drawn in red: %d", edge>>8)
		}
	}
	if pages != 3 {
		t.Errorf("%d pages", pages)
	}
}
