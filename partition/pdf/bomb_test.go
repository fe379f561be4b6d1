package pdf

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// endsIn parses a file and fails the test unless it ends in one of the outcomes; OK stands for elements.
func endsIn(t *testing.T, name string, file []byte, o format.Options, outcomes ...budget.Outcome) {
	t.Helper()
	elements, err := parse(t.Context(), file, o)
	classified(t, name, err)
	got := budget.OK
	var failed *budget.Error
	if errors.As(err, &failed) {
		got = failed.Outcome
	}
	for _, o := range outcomes {
		if got == o {
			return
		}
	}
	t.Errorf("%s: %s, %d elements: %v", name, got, len(elements), err)
}

// deflated is n times a piece of content, compressed by Flate.
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

// filtered makes the first page's contents a stream behind a filter.
func filtered(filter, content string) []byte {
	w := (&writer{}).page("", "/Contents 100 0 R")
	w.objects = []string{fmt.Sprintf("<</Filter%s/Length %d>>\nstream\n%s\nendstream", filter, len(content), content)}
	return bytes.Replace(w.bytes(), []byte("/Contents 11 0 R"), []byte("/Contents 100 0 R"), 1)
}

// Streams that inflate to more than there is memory for end the file, and nothing else.
func TestBombs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills the memory of PDFium")
	}
	fast := format.Options{Strategy: "fast"}
	endsIn(t, "spaces by Flate", filtered("/FlateDecode", deflated(" ", 1<<30)), fast, budget.TooLarge, budget.OK)
	endsIn(t, "Flate in Flate", filtered("[/FlateDecode/FlateDecode]", deflated(deflated(" ", 1<<28), 400)), fast, budget.TooLarge, budget.OK)
	var squeezed bytes.Buffer
	z := lzw.NewWriter(&squeezed, lzw.MSB, 8)
	for range 300 {
		_, _ = z.Write(bytes.Repeat([]byte{' '}, 1<<20))
	}
	_ = z.Close()
	endsIn(t, "spaces by LZW", filtered("/LZWDecode", squeezed.String()), fast, budget.TooLarge, budget.OK)
	endsIn(t, "objects by Flate", filtered("/FlateDecode", deflated("0 0 1 1 re f\n", 20_000_000)), fast, budget.TooLarge)
}

// A form that draws a form ten times, that draws a form ten times, and so on: ten thousand million paths.
func TestFormsInForms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills the memory of PDFium")
	}
	w := (&writer{}).page(at(50, 400, 11, sentence)+"/Im Do", "")
	w.objects = []string{"null"}
	for level := range 10 {
		content := strings.Repeat("/Im Do ", 10)
		if level == 9 {
			content = "0 0 1 1 re f"
		}
		w.objects = append(w.objects, fmt.Sprintf("<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</Im %d 0 R>>>>/Length %d>>\nstream\n%s\nendstream", 102+level, len(content), content))
	}
	endsIn(t, "forms", w.bytes(), format.Options{Strategy: "fast"}, budget.TooLarge, budget.OK)
}

func TestMillionPaths(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads a million paths")
	}
	endsIn(t, "paths", filtered("/FlateDecode", deflated("0 0 1 1 re f\n", 1_000_000)), format.Options{Strategy: "fast"}, budget.OK, budget.TooLarge)
	one := filtered("/FlateDecode", deflated("1 1 m 9 9 l\n", 500_000))
	endsIn(t, "one path", one, format.Options{Strategy: "fast"}, budget.OK)
}

func TestManyEmptyPages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads a hundred thousand pages")
	}
	const pages = 100_000
	w := (&writer{}).page("", "")
	file := bytes.Replace(w.bytes(), []byte("/Count 1/Kids[10 0 R ]"), []byte(fmt.Sprintf("/Count %d/Kids[%s]", pages, strings.Repeat("10 0 R ", pages))), 1)
	endsIn(t, "pages", file, format.Options{Strategy: "fast"}, budget.OK)
}

// Pictures of more pixels than anyone may have are placed and not unpacked; the page is drawn without them.
func TestHugePictures(t *testing.T) {
	t.Parallel()
	for name, dictionary := range map[string]string{
		"raw":   "/ColorSpace/DeviceRGB/BitsPerComponent 8",
		"Flate": "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode",
		"JBIG2": "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode",
		"CCITT": "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 100000/Rows 100000>>",
		"DCT":   "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode",
		"JPX":   "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/JPXDecode",
	} {
		w := (&writer{}).page(at(50, 400, 11, sentence)+"q 500 0 0 500 50 200 cm /Im Do Q", "")
		data := deflated("\x00", 1<<20)
		if name == "JBIG2" { // a page information segment of 100,000 x 100,000 pixels
			data = "\x00\x00\x00\x00\x30\x00\x01\x00\x00\x00\x13\x00\x01\x86\xA0\x00\x01\x86\xA0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		}
		w.objects = []string{"null", fmt.Sprintf("<</Type/XObject/Subtype/Image/Width 100000/Height 100000%s/Length %d>>\nstream\n%s\nendstream", dictionary, len(data), data)}
		b := w.bytes()
		d, err := Open(t.Context(), document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{}, budget.New(budget.Default))
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.Page(t.Context(), 0)
		if err != nil || len(p.Pictures) != 1 || p.Pictures[0].Width != 100_000 {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = d.Picture(t.Context(), 0, 0)
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != budget.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
		m, _, err := d.Render(t.Context(), 0, 72)
		if err != nil || oneShade(m) {
			t.Errorf("%s: the text is not drawn: %v", name, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Files that are two things at once, or hold what would act in a viewer, give their text and do nothing.
func TestActiveAndDoubleFiles(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 11, sentence), "/AA<</O<</S/JavaScript/JS(while(true){})>>>>")
	w.catalog = "/OpenAction<</S/Launch/F(program.exe)>>/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(while(true){})>>]>>>>/AA<</WC<</S/JavaScript/JS(app.alert(1))>>>>"
	want(t, w, format.Options{}, "NarrativeText: "+sentence)

	plain := (&writer{}).page(at(50, 400, 11, sentence), "").bytes()
	for name, file := range map[string][]byte{
		"a GIF before it": append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), plain...),
		"a ZIP behind it": append(bytes.Clone(plain), "PK\x05\x06"+strings.Repeat("\x00", 18)...),
		"HTML before it":  append([]byte("<html><script>alert(1)</script>"), plain...),
		"two of its kind": append(bytes.Clone(plain), plain...),
		"noise behind it": append(bytes.Clone(plain), bytes.Repeat([]byte{0xAA}, 900)...),
	} {
		elements, err := parse(t.Context(), file, format.Options{Strategy: "fast"})
		if err != nil || !strings.Contains(lines(elements), sentence) {
			t.Errorf("%s: %v\n%s", name, err, lines(elements))
		}
	}
}

// Outlines, names and page labels that lead back to themselves are not walked at all.
func TestCyclesBesidePages(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 11, sentence), "/Annots 100 0 R/Parent 10 0 R")
	w.catalog = "/Outlines 101 0 R/Names 102 0 R/PageLabels 102 0 R/StructTreeRoot 103 0 R/MarkInfo<</Marked true>>"
	w.objects = []string{"[100 0 R 100 0 R]", "<</First 101 0 R/Last 101 0 R/Next 101 0 R/Parent 101 0 R/Title(a)>>", "<</Kids[102 0 R]/Dests 102 0 R>>",
		"<</Type/StructTreeRoot/K 104 0 R/ParentTree 102 0 R/RoleMap<</A/B/B/A>>>>", "<</Type/StructElem/S/A/P 104 0 R/K[104 0 R 0]/Pg 10 0 R>>"}
	want(t, w, format.Options{}, "NarrativeText: "+sentence)
}

// The time that a file may take is looked at within a page.
func TestTimeWithinAPage(t *testing.T) {
	t.Parallel()
	b := (&writer{}).page(strings.Repeat(at(50, 400, 8, sentence), 2000), "").bytes()
	limits := budget.Default
	limits.Time = 1
	_, err := Parse(t.Context(), document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{Strategy: "fast"}, budget.New(limits))
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TimedOut {
		t.Errorf("got %v", err)
	}
}

// A page that PDFium cannot read costs only itself.
func TestBombOnOnePage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills the memory of PDFium")
	}
	w := (&writer{}).page(at(50, 400, 11, sentence), "").page("", "").page(at(50, 400, 11, sentence), "")
	content := deflated("0 0 1 1 re f\n", 20_000_000)
	w.objects = []string{fmt.Sprintf("<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream", len(content), content)}
	file := bytes.Replace(w.bytes(), []byte("/Contents 13 0 R"), []byte("/Contents 100 0 R"), 1)
	for _, strategy := range []string{"fast", "hi_res"} {
		elements, err := parse(t.Context(), file, format.Options{Strategy: strategy})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := lines(elements), "NarrativeText: "+sentence+"\nNarrativeText: "+sentence; got != want {
			t.Errorf("%s: got\n%s", strategy, got)
		}
		if got := fmt.Sprint(elements[0].Metadata.Extra[unreadKey]); !strings.HasPrefix(got, "[map[page_number:2 reason:The PDF needs more than 384 MiB") || strings.Count(got, "page_number") != 1 {
			t.Errorf("%s: got %s", strategy, got)
		}
	}
}
