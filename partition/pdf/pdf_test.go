package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ocr"
)

func parse(ctx context.Context, b []byte, o format.Options) ([]element.Element, error) {
	return Parse(ctx, document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), o, budget.New(budget.Default))
}

// lines prints elements as type and text, one a line.
func lines(elements []element.Element) string {
	var out []string
	for _, e := range elements {
		out = append(out, string(e.Type)+": "+e.Text)
	}
	return strings.Join(out, "\n")
}

func want(t *testing.T, w *writer, o format.Options, expected ...string) []element.Element {
	t.Helper()
	elements, err := parse(t.Context(), w.bytes(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(elements); got != strings.Join(expected, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(expected, "\n"))
	}
	return elements
}

const sentence = "The keeper opened the gate in the morning and closed it at night."

func TestParagraphsAndFurniture(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 780, 8, "Northwater Trust")+at(50, 700, 20, "Yearly report")+at(50, 660, 11, "The keeper opened the gate in the")+
		at(50, 646, 11, "morning and closed it at night.")+at(50, 600, 11, "\x95 New planks were put in.")+at(50, 580, 11, "2. The hinges were oiled.")+
		at(50, 540, 11, "office@northwater.example")+at(50, 500, 11, "Aldertown, Vermont 05401")+at(300, 20, 8, "1"), "")
	elements := want(t, w, format.Options{}, "Header: Northwater Trust", "Title: Yearly report", "NarrativeText: "+sentence,
		"ListItem: New planks were put in.", "ListItem: 2. The hinges were oiled.", "EmailAddress: office@northwater.example",
		"Address: Aldertown, Vermont 05401", "Footer: 1")
	c := elements[1].Metadata.Coordinates
	if c == nil || c.System != "PixelSpace" || c.LayoutWidth != 600 || c.LayoutHeight != 800 || c.Points[0][0] != 50 ||
		c.Points[0][1] > c.Points[1][1] || c.Points[0][0] >= c.Points[3][0] || c.Points[0][1] < 75 || c.Points[1][1] > 110 {
		t.Errorf("%+v", c)
	}
}

func TestPagesAndBreaks(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 11, "Page one says a few words here."), "").page("", "").page(at(50, 400, 11, "Page three says a few words here."), "")
	elements := want(t, w, format.Options{Strategy: "fast", IncludePageBreaks: true, StartingPageNumber: 5},
		"NarrativeText: Page one says a few words here.", "PageBreak: ", "PageBreak: ", "NarrativeText: Page three says a few words here.", "PageBreak: ")
	if *elements[0].Metadata.PageNumber != 5 || *elements[3].Metadata.PageNumber != 7 {
		t.Errorf("%d, %d", *elements[0].Metadata.PageNumber, *elements[3].Metadata.PageNumber)
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	var content strings.Builder
	for i, words := range []string{"Left column begins with", "a line and goes on", "and ends down here."} {
		content.WriteString(at(50, 600-14*float64(i), 11, words))
	}
	for i, words := range []string{"Right column begins later", "with other words that", "are read after the left."} {
		content.WriteString(at(320, 600-14*float64(i), 11, words))
	}
	want(t, (&writer{}).page(content.String(), ""), format.Options{},
		"NarrativeText: Left column begins with a line and goes on and ends down here.",
		"NarrativeText: Right column begins later with other words that are read after the left.")
}

func TestRotatedPageAndText(t *testing.T) {
	t.Parallel()
	turned := (&writer{}).page("BT /F1 11 Tf 0 1 -1 0 300 100 Tm ("+sentence+") Tj ET", "/Rotate 90")
	want(t, turned, format.Options{}, "NarrativeText: "+sentence)
	side := (&writer{}).page(at(50, 400, 11, sentence)+"BT /F1 11 Tf 0 1 -1 0 580 200 Tm (Words along the side) Tj ET", "")
	elements, err := parse(t.Context(), side.bytes(), format.Options{})
	if err != nil || len(elements) != 2 || !strings.Contains(lines(elements), "Words along the side") {
		t.Errorf("%v\n%s", err, lines(elements))
	}
}

func TestCropBoxAndOrigin(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(1100, 1400, 11, sentence), "/MediaBox[1000 1000 1600 1800]")
	c := want(t, w, format.Options{}, "NarrativeText: "+sentence)[0].Metadata.Coordinates
	if c.LayoutWidth != 600 || c.LayoutHeight != 800 || c.Points[0][0] != 100 {
		t.Errorf("%+v", c)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 10, "See the list of contacts for more."), "/Annots[100 0 R]")
	w.objects = []string{"<</Type/Annot/Subtype/Link/Rect[88 398.5 156 407.5]/A<</S/URI/URI(https://northwater.example/contacts)>>>>"}
	e := want(t, w, format.Options{}, "NarrativeText: See the list of contacts for more.")[0]
	if len(e.Metadata.Links) != 1 || e.Metadata.Links[0].URL != "https://northwater.example/contacts" ||
		e.Metadata.Links[0].Text != "list of contacts" || e.Metadata.Links[0].StartIndex != 8 {
		t.Errorf("%+v", e.Metadata.Links)
	}
}

func TestFormFields(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 700, 11, "Please write your name below."), "/Annots[100 0 R 102 0 R]")
	w.catalog = "/AcroForm<</Fields[100 0 R 102 0 R]/DA(/F1 11 Tf)/DR<</Font<</F1 3 0 R>>>>>>"
	w.objects = []string{
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ada from Aldertown)/Rect[50 600 300 620]/DA(/F1 11 Tf)>>", "null",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(empty)/V()/Rect[50 500 300 520]/DA(/F1 11 Tf)>>",
	}
	want(t, w, format.Options{}, "NarrativeText: Please write your name below.", "Title: Ada from Aldertown")
}

func TestFakeBold(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 20, "Bold title")+at(50.4, 400, 20, "Bold title"), "")
	elements, err := parse(t.Context(), w.bytes(), format.Options{})
	if err != nil || strings.Count(lines(elements), "Bold title") > 2 || strings.Contains(lines(elements), "BBoolldd") {
		t.Errorf("%v\n%s", err, lines(elements))
	}
}

// picture is a page that shows an image and no text.
func picture() *writer {
	w := (&writer{}).page(at(50, 400, 11, sentence), "").page("q 400 0 0 400 100 100 cm /Im Do Q", "")
	w.objects = []string{"null", "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>\nstream\n\x80\nendstream"}
	return w
}

func TestPictureOfText(t *testing.T) {
	t.Parallel()
	want(t, picture(), format.Options{Strategy: "fast"}, "NarrativeText: "+sentence)
	absent := &ocr.Tesseract{Command: "no-such-tesseract"}
	for _, strategy := range []string{"", "auto", "hi_res"} {
		_, err := parse(t.Context(), picture().bytes(), format.Options{Strategy: strategy, OCR: absent})
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != budget.Unsupported || !strings.Contains(failed.Message, "Page 2") ||
			!strings.Contains(failed.Message, "apt-get install tesseract-ocr") {
			t.Errorf("%s: %v", strategy, err)
		}
	}
	// A file whose pages all have their text needs no Tesseract.
	want(t, (&writer{}).page(at(50, 400, 11, sentence), ""), format.Options{OCR: absent}, "NarrativeText: "+sentence)
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	locked := (&writer{encrypt: true, password: "secret"}).page(at(50, 400, 11, sentence), "")
	open := (&writer{encrypt: true}).page(at(50, 400, 11, sentence), "")
	want(t, open, format.Options{}, "NarrativeText: "+sentence) // encrypted with an empty password: anyone may read
	noXref := (&writer{noXref: true}).page(at(50, 400, 11, sentence), "")
	want(t, noXref, format.Options{}, "NarrativeText: "+sentence)
	for name, c := range map[string]struct {
		content []byte
		outcome budget.Outcome
	}{
		"locked":   {locked.bytes(), budget.Encrypted},
		"header":   {[]byte("%PDF-1.7\n"), budget.Corrupt},
		"no pages": {(&writer{}).bytes(), budget.Corrupt},
		"noise":    {append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("\x00\xff obj <<"), 1000)...), budget.Corrupt},
	} {
		_, err := parse(t.Context(), c.content, format.Options{})
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != c.outcome || failed.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelWithinAFile(t *testing.T) {
	t.Parallel()
	w := &writer{}
	for range 50 {
		w.page(at(50, 400, 11, sentence), "")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	if _, err := parse(ctx, w.bytes(), format.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWarmAndCached(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if Cached(dir) {
		t.Error("an empty folder counts as warm")
	}
	if testing.Short() {
		t.Skip("compiling the engine takes seconds")
	}
	if err := Warm(dir); err != nil {
		t.Fatal(err)
	}
	if !Cached(dir) {
		t.Error("nothing was kept")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(picture().bytes())
	f.Add((&writer{noXref: true}).page(at(50, 400, 11, sentence), "/Rotate 180").bytes())
	f.Add((&writer{encrypt: true}).page(at(50, 400, 11, sentence), "").bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := parse(t.Context(), b, format.Options{Strategy: "fast"})
		var failed *budget.Error
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("an error without an outcome: %v", err)
		}
	})
}

func BenchmarkPages(b *testing.B) {
	const pages = 40
	w := &writer{}
	for range pages {
		var content strings.Builder
		for line := range 45 {
			content.WriteString(at(50, 740-15*float64(line), 11, fmt.Sprintf("Line %d tells what the keeper of the lock has seen on this day.", line)))
		}
		w.page(content.String(), "")
	}
	text := w.bytes()
	for b.Loop() {
		if _, err := parse(b.Context(), text, format.Options{Strategy: "fast"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(pages*b.N)/b.Elapsed().Seconds(), "pages/s")
}
