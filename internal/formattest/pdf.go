package formattest

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"strings"
)

// Leaf is one page of a PDF of 600 x 800 points.
type Leaf struct {
	Lines   []string    // of text, from the top
	Table   [][]string  // ruled, below the lines
	Picture image.Image // behind everything, as large as Share of the page, at its lower end
	Share   float64
}

// PDF writes a file with these pages, in Helvetica. It panics on a picture that cannot be encoded.
func PDF(leaves ...Leaf) []byte {
	var objects []string
	object := func(content string) { objects = append(objects, content) }
	stream := func(dictionary, content string) {
		object(fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dictionary, len(content), content))
	}
	const first = 4 // the number of the first page; its content and its picture follow
	var kids strings.Builder
	for i := range leaves {
		fmt.Fprintf(&kids, "%d 0 R ", first+3*i)
	}
	object("<</Type/Catalog/Pages 2 0 R>>")
	object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(leaves), kids.String()))
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
	for i, l := range leaves {
		object(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>/XObject<</Im %d 0 R>>>>>>",
			first+3*i+1, first+3*i+2))
		stream("", l.content())
		var picture bytes.Buffer
		m := l.Picture
		if m == nil {
			m = image.NewGray(image.Rect(0, 0, 1, 1))
		}
		if err := jpeg.Encode(&picture, m, nil); err != nil {
			panic(err)
		}
		space := "/DeviceRGB"
		if _, gray := m.(*image.Gray); gray {
			space = "/DeviceGray"
		}
		stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace%s/Filter/DCTDecode",
			m.Bounds().Dx(), m.Bounds().Dy(), space), picture.String())
	}
	return Objects("1.5", "", objects...)
}

// Objects writes a PDF of a version with these objects, numbered from 1, and their table. The first is the catalogue; trailer is what else its
// dictionary holds.
func Objects(version, trailer string, objects ...string) []byte {
	var b bytes.Buffer
	var table strings.Builder
	fmt.Fprintf(&b, "%%PDF-%s\n", version)
	for i, o := range objects {
		fmt.Fprintf(&table, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start, n := b.Len(), len(objects)+1
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", n, table.String(), n, trailer, start)
	return b.Bytes()
}

func (l Leaf) content() string {
	var b strings.Builder
	if l.Picture != nil {
		fmt.Fprintf(&b, "q 600 0 0 %g 0 0 cm /Im Do Q\n", 800*l.Share)
	}
	text := func(x, y float64, s string) {
		fmt.Fprintf(&b, "BT /F1 11 Tf %g %g Td (%s) Tj ET\n", x, y, strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s))
	}
	y := 740.0
	for _, line := range l.Lines {
		text(60, y, line)
		y -= 15
	}
	y -= 20
	for r, row := range l.Table {
		for c, cell := range row {
			text(64+120*float64(c), y-20*float64(r)-14, cell)
		}
	}
	for r := 0; r <= len(l.Table) && len(l.Table) > 0; r++ {
		fmt.Fprintf(&b, "60 %g m %g %g l S\n", y-20*float64(r), 60+120*float64(len(l.Table[0])), y-20*float64(r))
	}
	for c := 0; len(l.Table) > 0 && c <= len(l.Table[0]); c++ {
		fmt.Fprintf(&b, "%g %g m %g %g l S\n", 60+120*float64(c), y, 60+120*float64(c), y-20*float64(len(l.Table)))
	}
	return b.String()
}
