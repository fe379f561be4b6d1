package image

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/tiff"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ocr"
)

const sentences = "The harbour handled more ships.\nMost of them carried grain."

func printed() *image.Gray { return typeset.Page(sentences, 11, 240, 70, 150) }

func parse(ctx context.Context, content []byte, o format.Options) ([]element.Element, error) {
	f := document.NewFile("a", "", int64(len(content)), bytes.NewReader(content))
	return Parse(ctx, f, o, budget.New(budget.Default))
}

func encoded(t testing.TB, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pictures are the same page in every format.
func pictures(t testing.TB) map[string][]byte {
	m := printed()
	colour := image.NewNRGBA(m.Rect)
	draw.Draw(colour, m.Rect, m, image.Point{}, draw.Src)
	for i := 0; i < len(colour.Pix); i += 4 {
		if colour.Pix[i] == 255 {
			colour.Pix[i+3] = 0 // the ground is transparent
		}
	}
	return map[string][]byte{
		"png":          encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) }),
		"clear png":    encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, colour) }),
		"jpeg":         encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, nil) }),
		"gif":          encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, m, nil) }),
		"bmp":          encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) }),
		"tiff":         encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) }),
		"deflate tiff": encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, &tiff.Options{Compression: tiff.Deflate}) }),
		"jpeg tiff":    fixture(t, "strips.tiff"),
		"lossy":        fixture(t, "lossy.webp"),
		"lossless":     fixture(t, "lossless.webp"),
		"animated":     fixture(t, "animated.webp"),
		"heic":         fixture(t, "page.heic"),
	}
}

func said(elements []element.Element) string {
	var out []string
	for _, e := range elements {
		out = append(out, e.Text)
	}
	return strings.Join(out, " ")
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for name, content := range pictures(t) {
		elements, err := parse(t.Context(), content, format.Options{ScratchDir: t.TempDir()})
		if err != nil || said(elements) != "The harbour handled more ships. Most of them carried grain." {
			t.Errorf("%s: %v, %q", name, err, said(elements))
			continue
		}
		c := elements[0].Metadata.Coordinates
		if c == nil || c.LayoutWidth != 500 || c.LayoutHeight != 145 || c.System != "PixelSpace" || c.Points[0][0] < 10 || c.Points[2][0] > 450 || *elements[0].Metadata.PageNumber != 1 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestStrategies(t *testing.T) {
	t.Parallel()
	content := pictures(t)["png"]
	_, err := parse(t.Context(), content, format.Options{Strategy: "fast"})
	if err == nil || !strings.HasPrefix(err.Error(), "The fast strategy is not available for image files.") {
		t.Errorf("fast: %v", err)
	}
	elements, err := parse(t.Context(), content, format.Options{Strategy: "ocr_only", IncludePageBreaks: true, StartingPageNumber: 7})
	if err != nil || len(elements) < 2 || elements[len(elements)-1].Type != element.PageBreak || *elements[0].Metadata.PageNumber != 7 {
		t.Errorf("ocr_only: %v, %+v", err, elements)
	}
}

// The orientation that a camera notes is followed before the text is looked at.
func TestExifOrientation(t *testing.T) {
	t.Parallel()
	plain := encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, ocr.Turn(printed(), 3), nil) })
	exif := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00")
	noted := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	noted = append(noted, plain[2:]...)
	elements, err := parse(t.Context(), noted, format.Options{})
	if err != nil || !strings.HasPrefix(said(elements), "The harbour") {
		t.Fatalf("%v, %q", err, said(elements))
	}
	if m := elements[0].Metadata; m.Coordinates.LayoutWidth != 500 || m.Extra["page_rotation"] != nil {
		t.Errorf("%+v", m)
	}
	// Without the note the turn is found, told, and the boxes stay those of the picture.
	elements, err = parse(t.Context(), plain, format.Options{})
	if err != nil || !strings.HasPrefix(said(elements), "The harbour") {
		t.Fatalf("%v, %q", err, said(elements))
	}
	if m := elements[0].Metadata; m.Coordinates.LayoutWidth != 145 || m.Coordinates.LayoutHeight != 500 || m.Extra["page_rotation"] != 90 {
		t.Errorf("%+v %v", m.Coordinates, m.Extra)
	}
}

// chain makes one TIFF file of several, each uncompressed and written by this test: directories of little-endian files whose
// offsets move with them.
func chain(files ...[]byte) []byte {
	out := []byte("II*\x00\x00\x00\x00\x00")
	last := 4
	for _, f := range files {
		base := uint32(len(out))
		out = append(out, f...)
		at := base + binary.LittleEndian.Uint32(f[4:])
		binary.LittleEndian.PutUint32(out[last:], at)
		n := int(binary.LittleEndian.Uint16(out[at:]))
		for i := range n {
			e := out[int(at)+2+12*i:]
			tag, kind, count := binary.LittleEndian.Uint16(e), binary.LittleEndian.Uint16(e[2:]), binary.LittleEndian.Uint32(e[4:])
			size := map[uint16]uint32{1: 1, 2: 1, 3: 2, 4: 4, 5: 8}[kind] * count
			if tag == 273 || size > 4 { // strip offsets, and values that stand elsewhere
				binary.LittleEndian.PutUint32(e[8:], binary.LittleEndian.Uint32(e[8:])+base)
			}
		}
		last = int(at) + 2 + 12*n
	}
	return out
}

func TestTIFFPages(t *testing.T) {
	t.Parallel()
	one := func(text string) []byte {
		return encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, typeset.Page(text, 12, 240, 60, 150), nil) })
	}
	file := chain(one("The first page"), one("The second page"), one("The third page"))
	elements, err := parse(t.Context(), file, format.Options{})
	if err != nil || said(elements) != "The first page The second page The third page" || *elements[2].Metadata.PageNumber != 3 {
		t.Fatalf("%v, %q", err, said(elements))
	}

	looped := slices.Clone(file)
	binary.LittleEndian.PutUint32(looped[lastDirectory(file):], binary.LittleEndian.Uint32(file[4:]))
	elements, err = parse(t.Context(), looped, format.Options{})
	if err != nil || len(elements) != 3 {
		t.Errorf("a loop: %v, %q", err, said(elements))
	}

	elements, err = parse(t.Context(), file, format.Options{Pages: format.Pages{{First: 3, Last: 3}, {First: 1, Last: 1}}, StartingPageNumber: 5, IncludePageBreaks: true})
	if err != nil || said(elements) != "The first page  The third page " || *elements[2].Metadata.PageNumber != 7 {
		t.Errorf("two of three: %v, %q", err, said(elements))
	}
	var failed *budget.Error
	for words, o := range map[string]format.Options{"but the file has 3": {Pages: format.Pages{{First: 4}}}, "maximum=2": {MaxPages: 2}} {
		if _, err = parse(t.Context(), file, o); !errors.As(err, &failed) || !strings.Contains(failed.Message, words) {
			t.Errorf("got %v, want %s", err, words)
		}
	}

	// A page that cannot be read is named, and fails the file where it is all there is.
	unknown := bytes.Replace(one("The second page"), []byte{3, 1, 3, 0, 1, 0, 0, 0, 1, 0}, []byte{3, 1, 3, 0, 1, 0, 0, 0, 99, 0}, 1)
	elements, err = parse(t.Context(), chain(one("The first page"), unknown, one("The third page")), format.Options{})
	if err != nil || said(elements) != "The first page The third page" || *elements[1].Metadata.PageNumber != 3 || !strings.Contains(fmt.Sprint(elements[0].Metadata.Extra["not_read"]), "page_number:2") {
		t.Errorf("unknown compression: %v, %q", err, said(elements))
	}
	if _, err = parse(t.Context(), unknown, format.Options{}); !errors.As(err, &failed) || failed.Outcome != budget.Unsupported {
		t.Errorf("unknown compression: %v", err)
	}
}

// lastDirectory is where the chain of directories ends.
func lastDirectory(file []byte) int {
	at := int(binary.LittleEndian.Uint32(file[4:]))
	for {
		end := at + 2 + 12*int(binary.LittleEndian.Uint16(file[at:]))
		next := int(binary.LittleEndian.Uint32(file[end:]))
		if next == 0 {
			return end
		}
		at = next
	}
}

func TestCutOuts(t *testing.T) {
	t.Parallel()
	m := image.NewRGBA(image.Rect(0, 0, 500, 145))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	typeset.Draw(m, sentences, 23, 18, 18)
	content := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
	elements, err := parse(t.Context(), content, format.Options{ImageBlocks: []string{"narrativetext", "title", "uncategorizedtext"}})
	if err != nil || len(elements) == 0 {
		t.Fatal(err)
	}
	for _, e := range elements {
		raw, err := base64.StdEncoding.DecodeString(e.Metadata.ImageBase64)
		if err != nil || e.Metadata.ImageMimeType != "image/jpeg" {
			t.Fatalf("%v, %s", err, e.Metadata.ImageMimeType)
		}
		cut, err := jpeg.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		p := e.Metadata.Coordinates.Points
		if w, h := p[2][0]-p[0][0], p[2][1]-p[0][1]; cut.Bounds().Dx() < int(w) || cut.Bounds().Dx() > int(w)+2 || cut.Bounds().Dy() < int(h) || cut.Bounds().Dy() > int(h)+2 {
			t.Errorf("a cut-out of %v for a box of %v x %v", cut.Bounds().Size(), w, h)
		}
		// The cut-out is of the text: it reads the same.
		b := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, bordered(cut)) })
		if again, err := parse(t.Context(), b, format.Options{}); err != nil || said(again) != e.Text {
			t.Errorf("%q reads %q, %v", e.Text, said(again), err)
		}
	}
	elements, err = parse(t.Context(), content, format.Options{ImageBlocks: []string{"Table"}})
	if err != nil || elements[0].Metadata.ImageBase64 != "" {
		t.Errorf("%v: a cut-out of a type that was not asked for", err)
	}
}

func bordered(m image.Image) image.Image {
	size := m.Bounds().Size()
	out := image.NewRGBA(image.Rect(0, 0, size.X+60, size.Y+60))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, image.Rect(30, 30, 30+size.X, 30+size.Y), m, m.Bounds().Min, draw.Src)
	return out
}

// never is an engine that must not be asked.
type never struct{ t *testing.T }

func (n never) Words(context.Context, *image.Gray, ocr.Request) ([]ocr.Word, error) {
	n.t.Error("the picture was decoded and recognised")
	return nil, nil
}

// huge are small files that claim large pictures.
func huge(t testing.TB) map[string][]byte {
	small := pictures(t)
	patched := func(name string, at int, patch []byte) []byte {
		b := slices.Clone(small[name])
		copy(b[at:], patch)
		return b
	}
	be, le := []byte{0, 1, 0x86, 0xa0}, []byte{0xa0, 0x86, 1, 0} // 100,000
	ihdr := patched("png", 16, slices.Concat(be, be))
	binary.BigEndian.PutUint32(ihdr[29:], crc(ihdr[12:29]))
	sof := bytes.Index(small["jpeg"], []byte{0xff, 0xc0})
	tags := slices.Clone(small["tiff"])
	for i := int(binary.LittleEndian.Uint32(tags[4:])) + 2; i+12 < len(tags); i += 12 {
		if tag := binary.LittleEndian.Uint16(tags[i:]); tag == tagWidth || tag == tagHeight {
			binary.LittleEndian.PutUint16(tags[i+2:], 4)
			copy(tags[i+8:], le)
		}
	}
	ispe := bytes.Index(small["heic"], []byte("ispe"))
	return map[string][]byte{
		"png":  ihdr,
		"jpeg": patched("jpeg", sof+5, []byte{0xff, 0xff, 0xff, 0xff}),
		"gif":  patched("gif", 6, []byte{0xff, 0xff, 0xff, 0xff}),
		"bmp":  patched("bmp", 18, slices.Concat(le, le)),
		"tiff": tags,
		"webp": patched("lossless", 21, []byte{0xff, 0xff, 0xff, 0x0f}),
		"heic": patched("heic", ispe+8, slices.Concat(be, be)),
	}
}

func crc(b []byte) uint32 {
	c := ^uint32(0)
	for _, v := range b {
		c ^= uint32(v)
		for range 8 {
			c = c>>1 ^ 0xedb88320&-(c&1)
		}
	}
	return ^c
}

// Pictures that are too large are refused by their header: nothing of their size is allocated.
func TestHugePictures(t *testing.T) {
	files := huge(t)
	for name, content := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parse(t.Context(), content, format.Options{OCR: never{t}, ScratchDir: t.TempDir()})
		runtime.ReadMemStats(&after)
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != budget.TooLarge || !strings.Contains(failed.Message, "pixels") {
			t.Errorf("%s: %v", name, err)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 16 {
			t.Errorf("%s: %d MB for a header", name, used)
		}
	}
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	silent := &ocr.Tesseract{Command: "no-such-tesseract"}
	scratch := t.TempDir()
	for name, content := range pictures(t) {
		for i := range 12 {
			_, err := parse(ctx, content[:len(content)*i/12], format.Options{OCR: silent, ScratchDir: scratch})
			var failed *budget.Error
			if !errors.As(err, &failed) || failed.Message == "" {
				t.Errorf("%s, %d of 12: an error without an outcome: %v", name, i, err)
			}
		}
	}
}

// Of an animation with a hundred thousand frames the first is read.
func TestManyFrames(t *testing.T) {
	t.Parallel()
	m := printed()
	palette := encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, m, &gif.Options{NumColors: 16}) })
	file := bytes.NewBuffer(palette[:len(palette)-1])
	for range 100_000 {
		file.WriteString("\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x4c\x01\x00")
	}
	file.WriteByte(0x3b)
	elements, err := parse(t.Context(), file.Bytes(), format.Options{})
	if err != nil || said(elements) != "The harbour handled more ships. Most of them carried grain." {
		t.Errorf("%v, %q", err, said(elements))
	}
}

// A TIFF file of very many directories ends at the limit of pages.
func TestManyDirectories(t *testing.T) {
	t.Parallel()
	one := encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, image.NewGray(image.Rect(0, 0, 1, 1)), nil) })
	var files [][]byte
	for range 40 {
		files = append(files, one)
	}
	file := chain(files...)
	limits := budget.Default
	limits.Pages = 30
	_, err := Parse(t.Context(), document.NewFile("a.tiff", "", int64(len(file)), bytes.NewReader(file)), format.Options{}, budget.New(limits))
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TooLarge {
		t.Errorf("got %v", err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, content := range pictures(t) {
		if _, err := parse(ctx, content, format.Options{ScratchDir: t.TempDir()}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, content := range pictures(f) {
		if len(content) < 20_000 {
			f.Add(content)
		}
	}
	for _, content := range huge(f) {
		if len(content) < 20_000 {
			f.Add(content)
		}
	}
	silent := &ocr.Tesseract{Command: "no-such-tesseract"}
	limits := budget.Default
	limits.Pixels = 1 << 18
	scratch := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		file := document.NewFile("a", "", int64(len(content)), bytes.NewReader(content))
		_, err := Parse(t.Context(), file, format.Options{OCR: silent, ScratchDir: scratch}, budget.New(limits))
		var failed *budget.Error
		if err != nil && !errors.As(err, &failed) {
			t.Error(fmt.Errorf("an error without an outcome: %w", err))
		}
	})
}
