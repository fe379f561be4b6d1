//go:build linux

package hostile

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/draw"
	"image/gif"
	"image/png"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/pdf"
)

// paper is a PDF of one page.
type paper struct {
	content string // of the page, as it stands in the stream
	filter  string // of that stream, as in /FlateDecode
	page    string // more of the page's dictionary
	catalog string
	objects []string // numbered from 10; 10 is the XObject Im
	kids    int      // how many times the page is in the document; 0 is 1
}

func (p paper) bytes() []byte {
	kids := max(p.kids, 1)
	page := p.page
	if !strings.Contains(page, "/MediaBox") {
		page += "/MediaBox[0 0 600 800]"
	}
	if !strings.Contains(page, "/Resources") {
		page += "/Resources<</Font<</F1 5 0 R>>/XObject<</Im 10 0 R>>>>"
	}
	objects := map[int]string{
		1: "<</Type/Catalog/Pages 2 0 R" + p.catalog + ">>",
		2: fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", kids, strings.Repeat("3 0 R ", kids)),
		3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R" + page + ">>",
		4: fmt.Sprintf("<</Length %d%s>>\nstream\n%s\nendstream", len(p.content), p.filter, p.content),
		5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
	}
	for i, o := range p.objects {
		objects[10+i] = o
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	var table strings.Builder
	last := 9 + len(p.objects)
	for n := 1; n <= last; n++ {
		if o, ok := objects[n]; ok {
			fmt.Fprintf(&table, "%010d 00000 n \n", b.Len())
			fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, o)
		} else {
			table.WriteString("0000000000 65535 f \n")
		}
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", last+1, table.String(), last+1, start)
	return b.Bytes()
}

// printed are the operators that print the sentence.
const printed = "BT /F1 11 Tf 50 400 Td (" + sentence + ") Tj ET\n"

// deflated is n times a piece of content, as Flate packs it.
func deflated(piece string, n int) string {
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	block := strings.Repeat(piece, max(1, 1<<20/len(piece)))
	for left := n * len(piece); left > 0; left -= len(block) {
		_, _ = io.WriteString(z, block[:min(left, len(block))])
	}
	_ = z.Close()
	return b.String()
}

func lzwOfSpaces() string {
	var b bytes.Buffer
	z := lzw.NewWriter(&b, lzw.MSB, 8)
	for range 300 {
		_, _ = z.Write(bytes.Repeat([]byte{' '}, 1<<20))
	}
	_ = z.Close()
	return b.String()
}

func stream(dictionary, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dictionary, len(data), data)
}

// formsInForms draws a form ten times that draws a form ten times, and so on.
func formsInForms() []byte {
	p := paper{content: printed + "/Im Do"}
	for level := range 10 {
		content := strings.Repeat("/Im Do ", 10)
		if level == 9 {
			content = "0 0 1 1 re f"
		}
		p.objects = append(p.objects, stream(fmt.Sprintf("/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</Im %d 0 R>>>>", 11+level), content))
	}
	return p.bytes()
}

// hugePicture claims 100,000 x 100,000 pixels.
func hugePicture(dictionary, data string) func() []byte {
	return func() []byte {
		return paper{content: printed + "q 500 0 0 500 50 200 cm /Im Do Q",
			objects: []string{stream("/Type/XObject/Subtype/Image/Width 100000/Height 100000"+dictionary, data)}}.bytes()
	}
}

// pictures has a page with operators and picture objects, one below the other.
func pictures(operators string, objects ...string) func() []byte {
	return func() []byte {
		p := paper{content: operators, objects: objects, page: "/Resources<</Font<</F1 5 0 R>>/XObject<<"}
		for i := range objects {
			p.page += fmt.Sprintf("/Im%d %d 0 R", i, 10+i)
			p.content += fmt.Sprintf("q 500 0 0 150 50 %d cm /Im%d Do Q ", 600-200*(i%3), i)
		}
		p.page += ">>>>"
		return p.bytes()
	}
}

func grayPicture(m *image.Gray) string {
	return stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8", m.Rect.Dx(), m.Rect.Dy()), string(m.Pix))
}

// many is n times an object.
func many(n int, object string) []string { return slices.Repeat([]string{object}, n) }

// jbig2Of is the head of a page of JBIG2 and nothing behind it.
func jbig2Of(width, height uint32) string {
	b := []byte("\x00\x00\x00\x00\x30\x00\x01\x00\x00\x00\x13")
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, width), height)
	return string(append(b, make([]byte, 11)...))
}

// bombs is a file of forty pages, a few of which draw twenty million paths.
func bombs() []byte {
	kids := strings.Repeat("3 0 R ", 10) + "11 0 R 11 0 R " + strings.Repeat("3 0 R ", 10) + "11 0 R " + strings.Repeat("3 0 R ", 17)
	file := paper{content: printed, objects: []string{"null", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 12 0 R>>", stream("/Filter/FlateDecode", deflated("0 0 1 1 re f\n", 20_000_000))}}.bytes()
	return bytes.Replace(file, []byte("/Count 1/Kids[3 0 R ]"), []byte("/Count 40/Kids["+kids+"]"), 1)
}

// letters is a picture of print.
func letters() *image.Gray { return typeset.Page(strings.Repeat(sentence+"\n", 5), 12, 500, 150, 150) }

// slowPage is a file of three pages, of which the second is a scan.
func slowPage() []byte {
	file := paper{content: printed, objects: []string{
		grayPicture(letters()), "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 12 0 R/Resources<</XObject<</Im 10 0 R>>>>>>", stream("", "q 600 0 0 800 0 0 cm /Im Do Q"),
	}}.bytes()
	return bytes.Replace(file, []byte("/Count 1/Kids[3 0 R ]"), []byte("/Count 3/Kids[3 0 R 11 0 R 3 0 R ]"), 1)
}

// jpx is the head of a picture of JPEG 2000 without one pixel.
func jpx(width, height uint32) string {
	var b bytes.Buffer
	put := func(marker uint16, fields ...any) {
		var body bytes.Buffer
		for _, f := range fields {
			_ = binary.Write(&body, binary.BigEndian, f)
		}
		_ = binary.Write(&b, binary.BigEndian, marker)
		_ = binary.Write(&b, binary.BigEndian, uint16(body.Len()+2))
		b.Write(body.Bytes())
	}
	b.WriteString("\xff\x4f")
	part := [3]uint8{7, 1, 1}
	put(0xff51, uint16(0), width, height, uint32(0), uint32(0), width, height, uint32(0), uint32(0), uint16(3), part, part, part)
	put(0xff52, uint8(0), uint8(0), uint16(1), uint8(0), uint8(0), uint8(4), uint8(4), uint8(0), uint8(1))
	put(0xff5c, uint8(0x40), uint8(0x40))
	put(0xff90, uint16(0), uint32(0), uint8(0), uint8(1))
	b.WriteString("\xff\x93\x00\x00\xff\xd9")
	return b.String()
}

// warmed is a folder with the machine code of PDFium, so that a child does not make it anew.
func warmed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := pdf.Warm(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A PDF costs its child no more time and memory than an honest one of many pages, whatever its streams unpack to.
func TestPDF(t *testing.T) {
	t.Parallel()
	fast, whole := partition.Options{Strategy: "fast"}, partition.Options{Strategy: "hi_res"}
	const most = 500 // MB of a file that fills the memory of PDFium
	jbig2 := jbig2Of(100_000, 100_000)
	slow := budget.Default
	slow.OCR = 1 // nothing is recognised in that time
	absurd := stream("/Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", jbig2)
	files := []hostile{
		{name: "flate.pdf", content: paper{content: deflated(" ", 1<<30), filter: "/Filter/FlateDecode"}.bytes, want: budget.TooLarge, memory: most, options: fast},
		{name: "flate-in-flate.pdf", content: paper{content: deflated(deflated(" ", 1<<28), 400), filter: "/Filter[/FlateDecode/FlateDecode]"}.bytes, want: budget.TooLarge, memory: most, options: fast},
		{name: "lzw.pdf", content: paper{content: lzwOfSpaces(), filter: "/Filter/LZWDecode"}.bytes, want: budget.Empty, options: fast},
		{name: "forms.pdf", content: formsInForms, want: budget.TooLarge, memory: most, options: fast},
		{name: "paths.pdf", content: paper{content: deflated("0 0 1 1 re f\n", 1_000_000), filter: "/Filter/FlateDecode"}.bytes, want: budget.Empty, memory: most, options: fast},
		{name: "pages.pdf", content: paper{kids: 100_000}.bytes, want: budget.Empty, options: fast},
		{name: "bombs.pdf", content: bombs, want: budget.OK, text: sentence, passed: "384 MiB", memory: most, options: fast},
		{name: "whole-pages.pdf", content: paper{kids: 100_000}.bytes, want: budget.Empty, options: whole},
		{name: "form-in-itself.pdf", content: paper{content: printed + "/Im Do", objects: []string{
			stream("/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</Im 10 0 R>>>>", "/Im Do")}}.bytes, want: budget.OK, text: sentence, options: whole},
		{name: "form-twice-in-itself.pdf", content: paper{content: printed + "/Im Do", objects: []string{
			stream("/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</Im 10 0 R>>>>", "/Im Do /Im Do")}}.bytes, want: budget.TooLarge, memory: most, options: whole},
		{name: "no-xref.pdf", content: func() []byte {
			return bytes.Replace(paper{content: printed}.bytes(), []byte("startxref\n"), []byte("startxref\n9"), 1)
		}, want: budget.OK, text: sentence},
		{name: "wrong-xref.pdf", content: func() []byte {
			file := paper{content: printed}.bytes()
			at := bytes.Index(file, []byte("xref\n0 "))
			return append(file[:at:at], regexp.MustCompile(`\d{10} 00000 n`).ReplaceAll(file[at:], []byte("0000000007 00000 n"))...)
		}, want: budget.OK, text: sentence},
		{name: "unknown-characters.pdf", content: unknownCharacters, want: budget.OK, text: "FELT LITTLE"},
		{name: "huge-page.pdf", content: paper{content: printed, page: "/MediaBox[0 0 1e9 1e9]"}.bytes, want: budget.OK, text: sentence, options: whole},
		{name: "no-page.pdf", content: paper{content: printed, page: "/MediaBox[0 0 0 0]"}.bytes, want: budget.OK, text: sentence, options: whole},
		{name: "raw-picture.pdf", content: hugePicture("/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode", deflated("\x00", 1<<20)),
			want: budget.OK, text: sentence, passed: "100000 x 100000 pixels", options: whole},
		{name: "jbig2-picture.pdf", content: hugePicture("/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", jbig2),
			want: budget.OK, text: sentence, passed: "100000 x 100000 pixels", options: whole},
		{name: "cut-out-picture.pdf", content: hugePicture("/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", jbig2),
			want: budget.OK, text: sentence, passed: "100000 x 100000 pixels", options: partition.Options{Strategy: "hi_res", ImageBlockTypes: []string{"Image"}}},
		{name: "jpx-picture.pdf", content: pictures(printed, stream("/Type/XObject/Subtype/Image/Width 19000/Height 19000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/JPXDecode", jpx(19000, 19000))),
			want: budget.OK, text: sentence, options: whole},
		{name: "large-pictures.pdf", content: pictures(printed, many(12, stream("/Type/XObject/Subtype/Image/Width 19900/Height 19900/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", jbig2Of(19900, 19900)))...), want: budget.OK, text: sentence, memory: most, options: whole},
		{name: "bomb-on-page.pdf", content: paper{content: printed + "q 500 0 0 150 50 500 cm /Im Do Q", page: "/Annots[11 0 R]", objects: []string{grayPicture(letters()), "<</Type/Annot/Subtype/Stamp/Rect[50 50 200 100]/F 4/AP<</N 12 0 R>>>>",
			stream("/Type/XObject/Subtype/Form/BBox[0 0 150 50]/Filter/FlateDecode", deflated("0 0 1 1 re f\n", 20_000_000))}}.bytes, want: budget.OK, text: sentence, passed: "type:picture", memory: most, options: whole},
		{name: "damaged-picture.pdf", content: pictures(printed, stream("/Type/XObject/Subtype/Image/Width 600/Height 600/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", "no picture")),
			want: budget.OK, text: sentence, passed: "The picture is damaged", options: whole},
		{name: "good-and-huge-picture.pdf", content: pictures("", grayPicture(letters()), absurd), want: budget.OK, text: sentence, passed: "100000 x 100000 pixels", options: whole},
		{name: "only-huge-picture.pdf", content: pictures("", absurd), want: budget.TooLarge, options: whole},
		{name: "only-damaged-picture.pdf", content: pictures("", stream("/Type/XObject/Subtype/Image/Width 600/Height 600/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", "no picture")), want: budget.Corrupt},
		{name: "slow-picture.pdf", content: pictures(printed, grayPicture(letters())), want: budget.OK, text: sentence, passed: "OCR took longer", options: partition.Options{Strategy: "hi_res", Limits: slow}},
		{name: "slow-page.pdf", content: func() []byte {
			return slowPage()
		}, want: budget.OK, text: sentence, passed: "page_number:2", options: partition.Options{Limits: slow}},
		{name: "fast-picture.pdf", content: hugePicture("/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", jbig2), want: budget.OK, text: sentence, options: fast},
		{name: "cycles.pdf", content: paper{content: printed, page: "/Annots 10 0 R", catalog: "/Outlines 11 0 R/Names 12 0 R/StructTreeRoot 13 0 R/MarkInfo<</Marked true>>", objects: []string{
			"[10 0 R]", "<</First 11 0 R/Next 11 0 R/Title(a)>>", "<</Kids[12 0 R]>>", "<</Type/StructTreeRoot/K 14 0 R>>", "<</Type/StructElem/S/P/P 14 0 R/K[14 0 R]>>"}}.bytes,
			want: budget.OK, text: sentence, options: whole},
		{name: "page-tree.pdf", content: func() []byte {
			return bytes.Replace(paper{content: printed}.bytes(), []byte("/Kids[3 0 R ]"), []byte("/Kids[2 0 R ]"), 1)
		}, want: budget.Corrupt, options: fast},
		{name: "active.pdf", content: paper{content: printed, page: "/AA<</O<</S/JavaScript/JS(while(true){})>>>>",
			catalog: "/OpenAction<</S/Launch/F(program.exe)>>/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(while(true){})>>]>>>>"}.bytes,
			want: budget.OK, text: sentence, options: whole},
		{name: "double.pdf", content: func() []byte {
			return append(paper{content: printed}.bytes(), "PK\x05\x06"+strings.Repeat("\x00", 18)...)
		},
			want: budget.OK, text: sentence, options: fast},
		{name: "picture-first.pdf", content: func() []byte {
			return append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), paper{content: printed}.bytes()...)
		}, want: budget.Unsupported, options: fast},
	}
	scratch := warmed(t)
	for i := range files {
		files[i].scratch = scratch
	}
	check(t, files)
}

// unknownCharacters is a page whose font tells what its glyphs look like, and not which characters they are.
func unknownCharacters() []byte {
	const letters = "EFHILT"
	strokes := map[rune]string{ // on a field of 600 by 700
		'E': "0 0 110 700 re 0 0 450 110 re 0 300 400 110 re 0 590 450 110 re", 'F': "0 0 110 700 re 0 300 400 110 re 0 590 450 110 re",
		'H': "0 0 110 700 re 390 0 110 700 re 0 300 500 110 re", 'I': "200 0 110 700 re", 'L': "0 0 110 700 re 0 0 450 110 re", 'T': "200 0 110 700 re 0 590 510 110 re",
	}
	var procedures, names string
	objects := []string{"null"}
	for i, r := range letters {
		objects = append(objects, stream("", "650 0 0 0 600 700 d1 "+strokes[r]+" f"))
		procedures += fmt.Sprintf("/g%d %d 0 R", i, 11+i)
		names += fmt.Sprintf("/g%d", i)
	}
	objects = append(objects, fmt.Sprintf("<</Type/Font/Subtype/Type3/FontBBox[0 0 600 700]/FontMatrix[.001 0 0 .001 0 0]/CharProcs<<%s>>/Encoding<</Type/Encoding/Differences[1%s]>>/FirstChar 1/LastChar %d/Widths[%s]/Resources<<>>>>",
		procedures, names, len(letters), strings.Repeat("650 ", len(letters))))
	var content strings.Builder
	for line := range 6 {
		x := 60
		for word := range strings.FieldsSeq("THE HILL FELT LITTLE") {
			var codes string
			for _, r := range word {
				codes += fmt.Sprintf("%02x", 1+strings.IndexRune(letters, r))
			}
			fmt.Fprintf(&content, "BT /F1 14 Tf %d %d Td <%s> Tj ET ", x, 700-30*line, codes)
			x += 10*len(word) + 10
		}
	}
	return paper{content: content.String(), objects: objects, page: fmt.Sprintf("/Resources<</Font<</F1 %d 0 R>>>>", 11+len(letters))}.bytes()
}

// Encrypted files of every method open with the empty password where that is theirs, else with the right one, and say so where they do not.
func TestLockedPDF(t *testing.T) {
	t.Parallel()
	scratch := warmed(t)
	var files []hostile
	for name, protect := range formattest.Protections {
		of := func(user string) func() []byte { return func() []byte { return protect(user, "owner", printed) } }
		files = append(files,
			hostile{name: name + ", open.pdf", content: of(""), want: budget.OK, text: sentence, memory: 200, scratch: scratch},
			hostile{name: name + ", locked.pdf", content: of("secret"), want: budget.Encrypted, memory: 200, scratch: scratch},
			hostile{name: name + ", wrong password.pdf", content: of("secret"), want: budget.Encrypted, memory: 200, scratch: scratch, options: partition.Options{Password: "sesame"}},
			hostile{name: name + ", right password.pdf", content: of("secret"), want: budget.OK, text: sentence, memory: 200, scratch: scratch, options: partition.Options{Password: "secret"}})
	}
	check(t, files)
}

// TestTruncatedPDF cuts a PDF at 20 places.
func TestTruncatedPDF(t *testing.T) {
	t.Parallel()
	p := newPoolIn(t, warmed(t))
	file := paper{content: strings.Repeat(printed, 20), objects: []string{grayPicture(letters())}}.bytes()
	read := 0
	for i := range 20 {
		r := parse(t, p, "a.pdf", file[:len(file)*(i+1)/20-1], partition.Options{Strategy: "fast"})
		useful(t, r)
		if r.outcome == budget.OK {
			read++
		} else if r.outcome != budget.Corrupt {
			t.Errorf("cut at %d of 20: %s %s", i+1, r.outcome, r.message)
		}
		if r.peak > 200 || r.peak == 0 {
			t.Errorf("cut at %d of 20: %d MB", i+1, r.peak)
		}
	}
	if read == 0 {
		t.Error("not even the whole file but its last byte is read")
	}
}

// pngOf claims a size; there is nothing behind the claim.
func pngOf(width, height uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		body := append([]byte(kind), data...)
		sum := crc32.ChecksumIEEE(body)
		out := append([]byte{byte(len(data) >> 24), byte(len(data) >> 16), byte(len(data) >> 8), byte(len(data))}, body...)
		return append(out, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	}
	head := []byte{byte(width >> 24), byte(width >> 16), byte(width >> 8), byte(width), byte(height >> 24), byte(height >> 16), byte(height >> 8), byte(height), 8, 2, 0, 0, 0}
	return append(append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head)...), append(chunk("IDAT", []byte(deflated("\x00", 1<<20))), chunk("IEND", nil)...)...)
}

// looped is a TIFF file whose only directory is followed by itself.
func looped() []byte {
	var b bytes.Buffer
	_ = tiff.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4)), nil)
	file := b.Bytes()
	at := int(file[4]) | int(file[5])<<8
	end := at + 2 + 12*(int(file[at])|int(file[at+1])<<8)
	copy(file[end:], file[4:8])
	return file
}

// loopedPair is a TIFF file of two directories that follow each other for ever.
func loopedPair() []byte {
	file := tiffOf(image.NewGray(image.Rect(0, 0, 4, 4)), typeset.Page(sentence, 12, 500, 60, 150))
	first := int(binary.LittleEndian.Uint32(file[4:]))
	second := int(binary.LittleEndian.Uint32(file[first+2+12*int(binary.LittleEndian.Uint16(file[first:])):]))
	binary.LittleEndian.PutUint32(file[second+2+12*int(binary.LittleEndian.Uint16(file[second:])):], uint32(first))
	return file
}

// tiffOf is a TIFF file of several pictures.
func tiffOf(pictures ...image.Image) []byte {
	file := []byte("II*\x00\x00\x00\x00\x00")
	link := 4 // where the place of the next directory is to be written
	for _, m := range pictures {
		gray := image.NewGray(m.Bounds())
		draw.Draw(gray, gray.Rect, m, image.Point{}, draw.Src)
		data := len(file)
		file = append(file, gray.Pix...)
		file = append(file, make([]byte, len(file)%2)...)
		binary.LittleEndian.PutUint32(file[link:], uint32(len(file)))
		entries := [][3]uint32{ // tag, type, value
			{256, 4, uint32(gray.Rect.Dx())}, {257, 4, uint32(gray.Rect.Dy())}, {258, 3, 8}, {259, 3, 1}, {262, 3, 1}, {273, 4, uint32(data)},
			{277, 3, 1}, {278, 4, uint32(gray.Rect.Dy())}, {279, 4, uint32(len(gray.Pix))},
		}
		file = binary.LittleEndian.AppendUint16(file, uint16(len(entries)))
		for _, e := range entries {
			file = binary.LittleEndian.AppendUint16(file, uint16(e[0]))
			file = binary.LittleEndian.AppendUint16(file, uint16(e[1]))
			file = binary.LittleEndian.AppendUint32(file, 1)
			file = binary.LittleEndian.AppendUint32(file, e[2])
		}
		link = len(file)
		file = append(file, 0, 0, 0, 0)
	}
	return file
}

// hugeFrame is a TIFF file of three pictures, of which the second claims 100,000 x 100,000 pixels.
func hugeFrame() []byte {
	print := typeset.Page(sentence, 12, 500, 60, 150)
	file := tiffOf(print, image.NewGray(image.Rect(0, 0, 7, 9)), print)
	for _, side := range []uint32{7, 9} {
		entry := binary.LittleEndian.AppendUint32([]byte{4, 0, 1, 0, 0, 0}, side)
		binary.LittleEndian.PutUint32(file[bytes.Index(file, entry)+6:], 100_000)
	}
	return file
}

// claimed are the heads of pictures of as many pixels as their formats let them have.
func claimed(kind string) func() []byte {
	const side = 100_000
	return func() []byte {
		switch kind {
		case "bmp":
			head := append([]byte("BM"), make([]byte, 52)...)
			head[10], head[14], head[26], head[28] = 54, 40, 1, 24
			binary.LittleEndian.PutUint32(head[18:], side)
			binary.LittleEndian.PutUint32(head[22:], side)
			return head
		case "gif":
			return []byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02\x4c\x01\x00\x3b")
		case "jpg":
			return []byte("\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00\x00\xff\xd9")
		case "webp":
			lossless := "VP8L" + "\x0a\x00\x00\x00" + "\x2f\xff\xff\xff\x0f\x00\x00\x00\x00\x00"
			return []byte("RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(4+len(lossless)))) + "WEBP" + lossless)
		default:
			file := tiffOf(image.NewGray(image.Rect(0, 0, 4, 4)))
			first := int(binary.LittleEndian.Uint32(file[4:]))
			binary.LittleEndian.PutUint32(file[first+2+8:], side)
			binary.LittleEndian.PutUint32(file[first+2+12+8:], side)
			return file
		}
	}
}

// animated is a GIF of a printed page and a hundred thousand further frames.
func animated() []byte {
	var b bytes.Buffer
	_ = gif.Encode(&b, typeset.Page(sentence, 12, 500, 60, 150), &gif.Options{NumColors: 16})
	b.Truncate(b.Len() - 1)
	for range 100_000 {
		b.WriteString("\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x4c\x01\x00")
	}
	b.WriteByte(0x3b)
	return b.Bytes()
}

// speckled is a page of specks, which an engine takes minutes to find no letters in.
func speckled() []byte {
	m := image.NewGray(image.Rect(0, 0, 2480, 3508))
	random := rand.New(rand.NewPCG(3, 4))
	for i := range m.Pix {
		m.Pix[i] = uint8(255 * random.IntN(2))
	}
	var b bytes.Buffer
	_ = png.Encode(&b, m)
	return b.Bytes()
}

func TestPictures(t *testing.T) {
	t.Parallel()
	limits := budget.Default
	limits.OCR = 1 // nothing is recognised in that time
	check(t, []hostile{
		{name: "huge.png", content: func() []byte { return pngOf(100_000, 100_000) }, want: budget.TooLarge},
		{name: "long.png", content: func() []byte { return pngOf(2_000_000_000, 1) }, want: budget.TooLarge},
		{name: "huge.bmp", content: claimed("bmp"), want: budget.TooLarge},
		{name: "huge.gif", content: claimed("gif"), want: budget.TooLarge},
		{name: "huge.jpg", content: claimed("jpg"), want: budget.TooLarge},
		{name: "huge.webp", content: claimed("webp"), want: budget.TooLarge},
		{name: "huge.tiff", content: claimed("tiff"), want: budget.TooLarge},
		{name: "huge-frame.tiff", content: hugeFrame, want: budget.OK, text: sentence, passed: "page_number:2 reason:The picture has 100000 x 100000 pixels"},
		{name: "loop.tiff", content: looped, want: budget.Empty},
		{name: "loops.tiff", content: loopedPair, want: budget.OK, text: sentence},
		{name: "animated.gif", content: animated, want: budget.OK, text: sentence},
		{name: "specks.png", content: speckled, want: budget.Empty},
		{name: "slow.png", content: speckled, want: budget.TimedOut, options: partition.Options{Limits: limits}},
	})
}
