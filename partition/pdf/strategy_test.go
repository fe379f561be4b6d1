package pdf

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/ocr"
)

const scanned = "The harbour handled more ships.\nMost of them carried grain."

// scan makes image object 101 of a raster, uncompressed.
func scan(w *writer, m *image.Gray) *writer {
	w.objects = []string{"null", fmt.Sprintf("<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Length %d>>\nstream\n%s\nendstream",
		m.Rect.Dx(), m.Rect.Dy(), len(m.Pix), m.Pix)}
	return w
}

// wholePage draws object 101 over the whole page of 600 by 800 points, part over an area of 300 by 100.
const (
	wholePage = "q 600 0 0 800 0 0 cm /Im Do Q "
	part      = "q 300 0 0 100 50 200 cm /Im Do Q "
)

// mixed are three pages: text, a scan, text.
func mixed() *writer {
	w := (&writer{}).page(at(50, 400, 11, sentence), "").page(wholePage, "").page(at(50, 400, 11, sentence), "")
	return scan(w, typeset.Page(scanned, 12, 600, 800, 200))
}

func TestAutoPerPage(t *testing.T) {
	t.Parallel()
	elements, err := parse(t.Context(), mixed().bytes(), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ways, texts := map[int]string{}, map[int]string{}
	for _, e := range elements {
		page := *e.Metadata.PageNumber
		way, _ := e.Metadata.Extra["page_strategy"].(string)
		reason, _ := e.Metadata.Extra["page_strategy_reason"].(string)
		if ways[page] != "" && ways[page] != way || reason == "" {
			t.Errorf("page %d: %s and %s, reason %q", page, ways[page], way, reason)
		}
		ways[page] = way
		texts[page] = strings.TrimSpace(texts[page] + " " + e.Text)
	}
	if ways[1] != "fast" || ways[2] != "ocr" || ways[3] != "fast" {
		t.Errorf("%v", ways)
	}
	if texts[1] != sentence || texts[2] != strings.ReplaceAll(scanned, "\n", " ") || texts[3] != sentence {
		t.Errorf("%v", texts)
	}
	for _, e := range elements {
		want := [2]float64{600, 800}
		if *e.Metadata.PageNumber == 2 {
			want = [2]float64{600 * 350 / 72.0, 800 * 350 / 72.0}
		}
		if c := e.Metadata.Coordinates; c.LayoutWidth-want[0] > 0.01 || want[1]-c.LayoutHeight > 0.01 {
			t.Errorf("page %d: %v x %v", *e.Metadata.PageNumber, c.LayoutWidth, c.LayoutHeight)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	glyphs := func(n int, text string) []layout.Glyph {
		out := make([]layout.Glyph, n)
		for i := range out {
			out[i] = layout.Glyph{Text: text, Box: layout.Box{X0: 10, Y0: 10, X1: 15, Y1: 20}}
			if text == "a" { // a layer of one letter alone means nothing
				out[i].Text = string(rune('a' + i%26))
			}
		}
		return out
	}
	whole := layout.Picture{Box: layout.Box{X1: 600, Y1: 800}, Width: 1}
	small := layout.Picture{Box: layout.Box{X1: 100, Y1: 100}, Width: 1}
	drawing := layout.Picture{Box: layout.Box{X1: 600, Y1: 800}, Drawing: true}
	for name, c := range map[string]struct {
		page layout.Page
		o    format.Options
		want string
	}{
		"text":                    {layout.Page{Glyphs: glyphs(500, "a")}, format.Options{}, "fast"},
		"empty":                   {layout.Page{}, format.Options{}, "fast"},
		"scan":                    {layout.Page{Pictures: []layout.Picture{whole}}, format.Options{}, "ocr"},
		"text drawn as paths":     {layout.Page{Pictures: []layout.Picture{drawing}}, format.Options{}, "ocr"},
		"a stamp on a scan":       {layout.Page{Pictures: []layout.Picture{whole}, Glyphs: glyphs(20, "a")}, format.Options{}, "hi_res"},
		"a scan with text layer":  {layout.Page{Pictures: []layout.Picture{whole}, Glyphs: glyphs(500, "a")}, format.Options{}, "fast"},
		"a picture beside text":   {layout.Page{Pictures: []layout.Picture{small}, Glyphs: glyphs(20, "a")}, format.Options{}, "fast"},
		"unknown characters":      {layout.Page{Glyphs: slices.Concat(glyphs(50, "a"), glyphs(100, ""))}, format.Options{}, "ocr"},
		"private characters":      {layout.Page{Glyphs: glyphs(50, "\ue012")}, format.Options{}, "ocr"},
		"tables are asked for":    {layout.Page{Glyphs: glyphs(500, "a")}, format.Options{InferTables: true}, "hi_res"},
		"cut-outs are asked for":  {layout.Page{Glyphs: glyphs(500, "a")}, format.Options{ImageBlocks: []string{"Image"}}, "hi_res"},
		"fast is fast":            {layout.Page{Pictures: []layout.Picture{whole}}, format.Options{Strategy: "fast", InferTables: true}, "fast"},
		"ocr_only":                {layout.Page{Glyphs: glyphs(500, "a")}, format.Options{Strategy: "ocr_only"}, "ocr"},
		"hi_res, text":            {layout.Page{Glyphs: glyphs(500, "a")}, format.Options{Strategy: "hi_res"}, "hi_res"},
		"hi_res, scan":            {layout.Page{Pictures: []layout.Picture{whole}}, format.Options{Strategy: "hi_res"}, "ocr"},
		"hi_res, unknown letters": {layout.Page{Glyphs: glyphs(50, "")}, format.Options{Strategy: "hi_res"}, "ocr"},
	} {
		c.page.Width, c.page.Height = 600, 800
		if got := judge(&c.page, c.o); got.name != c.want || c.want != "fast" && got.reason == "" {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}

// hi_res reads the pictures of a page with a text layer; what both hold comes once.
func TestPicturesBesideText(t *testing.T) {
	t.Parallel()
	m := typeset.Page(scanned, 12, 300, 100, 200)
	// The first line of the picture is in the text layer too, where it is drawn.
	w := scan((&writer{}).page(part+at(50, 600, 11, sentence)+at(62, 271, 12, "The harbour handled more ships."), ""), m)
	elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "hi_res"})
	if err != nil {
		t.Fatal(err)
	}
	all := lines(elements)
	for text, n := range map[string]int{sentence: 1, "harbour handled more ships": 1, "Most of them carried grain": 1} {
		if strings.Count(all, text) != n {
			t.Errorf("%q stands %d times in\n%s", text, strings.Count(all, text), all)
		}
	}
	for _, e := range elements {
		if e.Metadata.Extra["page_strategy"] != nil {
			t.Errorf("a reason without a choice: %v", e.Metadata.Extra)
		}
	}
}

func TestTurnedScan(t *testing.T) {
	t.Parallel()
	w := scan((&writer{}).page(wholePage, ""), ocr.Turn(typeset.Page(scanned+"\n"+scanned, 14, 800, 600, 150), 1))
	elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "ocr_only"})
	if err != nil || len(elements) == 0 || !strings.HasPrefix(elements[0].Text, "The harbour handled") {
		t.Fatalf("%v\n%s", err, lines(elements))
	}
	m := elements[0].Metadata
	if p := m.Coordinates.Points; m.Extra["page_rotation"] != 270 || m.Coordinates.LayoutWidth > m.Coordinates.LayoutHeight || p[2][1]-p[0][1] < p[2][0]-p[0][0] {
		t.Errorf("%v %+v", m.Extra, m.Coordinates)
	}
}

func TestCutOuts(t *testing.T) {
	t.Parallel()
	elements, err := parse(t.Context(), mixed().bytes(), format.Options{Strategy: "auto", ImageBlocks: []string{"NARRATIVETEXT", "Paragraph"}})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range elements {
		if e.Type != element.NarrativeText {
			continue
		}
		seen++
		raw, err := base64.StdEncoding.DecodeString(e.Metadata.ImageBase64)
		if err != nil || e.Metadata.ImageMimeType != "image/jpeg" {
			t.Fatalf("%s: %v", e.Text, err)
		}
		m, err := jpeg.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		p := e.Metadata.Coordinates.Points
		if w := (p[2][0] - p[0][0]) * cutOutDPI / pixelsPerInch; float64(m.Bounds().Dx()) < w-2 || float64(m.Bounds().Dx()) > w+3 {
			t.Errorf("%s: %v for %v points", e.Text, m.Bounds(), w)
		}
		r, g, b, _ := m.At(1, 1).RGBA()
		if min(r, g, b)>>8 < 200 {
			t.Errorf("%s: the corner is not white", e.Text)
		}
	}
	if seen == 0 {
		t.Errorf("no paragraph in\n%s", lines(elements))
	}
}

// slowly is an engine that fails as a time limit does.
type slowly struct{}

func (slowly) Words(context.Context, *image.Gray, ocr.Request) ([]ocr.Word, error) {
	return nil, budget.Errorf(budget.TimedOut, "OCR took longer than 2m0s")
}

// A page that is not recognised in time is named, and the rest of the file is read. Nothing but such pages is a failure.
func TestFailedPageIsNamed(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"auto", "hi_res"} {
		elements, err := parse(t.Context(), mixed().bytes(), format.Options{Strategy: strategy, OCR: slowly{}, StartingPageNumber: 5, IncludePageBreaks: true})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(elements[0].Metadata.Extra[unreadKey])
		if want := "[map[page_number:6 reason:OCR took longer than 2m0s type:page]]"; got != want {
			t.Errorf("%s: got %s, want %s", strategy, got, want)
		}
		if got, want := lines(elements), "NarrativeText: "+sentence+"\nPageBreak: \nImage: \nPageBreak: \nNarrativeText: "+sentence+"\nPageBreak: "; got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", strategy, got, want)
		}
	}
	_, err := parse(t.Context(), scan((&writer{}).page(wholePage, ""), typeset.Page(scanned, 12, 600, 800, 100)).bytes(), format.Options{OCR: slowly{}})
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TimedOut || !strings.HasPrefix(failed.Message, "Page 1 of the PDF") {
		t.Errorf("got %v", err)
	}
}

// failing is an engine that dies over the first picture that it is given.
type failing struct{ asked *atomic.Int32 }

func (f failing) Words(ctx context.Context, m *image.Gray, r ocr.Request) ([]ocr.Word, error) {
	if f.asked.Add(1) == 1 {
		return nil, &budget.Error{Outcome: budget.Crashed, Message: "Tesseract failed on the picture"}
	}
	return ocr.Default.Words(ctx, m, r)
}

// A picture that is not recognised costs only itself: the text of its page and the other pictures stay.
func TestFailedPicture(t *testing.T) {
	t.Parallel()
	m := typeset.Page(scanned, 12, 300, 100, 200)
	w := scan((&writer{}).page(part+"q 300 0 0 100 50 500 cm /Im Do Q "+at(50, 700, 11, sentence), ""), m)
	elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "hi_res", OCR: failing{new(atomic.Int32)}})
	if err != nil {
		t.Fatal(err)
	}
	all := lines(elements)
	if strings.Count(all, sentence) != 1 || strings.Count(all, "Most of them carried grain") != 1 || strings.Count(all, "Image: ") != 2 {
		t.Errorf("got\n%s", all)
	}
	got := fmt.Sprint(elements[0].Metadata.Extra[unreadKey])
	if want := "[map[page_number:1 reason:Tesseract failed on the picture type:picture]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// leisurely is an engine that takes longer than a third of its time.
type leisurely struct{ asked *atomic.Int32 }

func (l leisurely) Words(context.Context, *image.Gray, ocr.Request) ([]ocr.Word, error) {
	l.asked.Add(1)
	time.Sleep(80 * time.Millisecond)
	return nil, nil
}

// All pictures of a page together have the time of one.
func TestTimeOfPictures(t *testing.T) {
	t.Parallel()
	content := at(50, 750, 11, sentence)
	for i := range 8 {
		content += fmt.Sprintf("q 240 0 0 80 50 %d cm /Im Do Q ", 20+90*i)
	}
	b := scan((&writer{}).page(content, ""), typeset.Page(scanned, 12, 240, 80, 200)).bytes()
	limits := budget.Default
	limits.OCR = 200 * time.Millisecond
	asked := new(atomic.Int32)
	elements, err := Parse(t.Context(), document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{Strategy: "hi_res", OCR: leisurely{asked}}, budget.New(limits))
	if err != nil || !strings.Contains(lines(elements), sentence) {
		t.Fatalf("%v\n%s", err, lines(elements))
	}
	if got := fmt.Sprint(elements[0].Metadata.Extra[unreadKey]); asked.Load() > 3 || !strings.Contains(got, "OCR took longer than 200ms for the pictures of the page") {
		t.Errorf("%d pictures were read; %s", asked.Load(), got)
	}
}

// A program that is missing is no matter of one page: the file says what to install.
func TestNoOCR(t *testing.T) {
	t.Parallel()
	_, err := parse(t.Context(), mixed().bytes(), format.Options{OCR: &ocr.Tesseract{Command: "no-such-program"}})
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.Unsupported || !strings.Contains(failed.Message, "apt-get install tesseract-ocr") {
		t.Errorf("got %v", err)
	}
}

func TestOCRLanguages(t *testing.T) {
	t.Parallel()
	w := scan((&writer{}).page(wholePage, ""), typeset.Page("Über die Straße fährt ein grüner Wagen.", 14, 600, 800, 200))
	elements, err := parse(t.Context(), w.bytes(), format.Options{OCRLanguages: []string{"de"}})
	if err != nil || !strings.Contains(lines(elements), "Über die Straße fährt ein grüner Wagen.") {
		t.Errorf("%v\n%s", err, lines(elements))
	}
}

// An engine that takes its time is stopped when the time of the file is over, and the file says so.
func TestTimeWhileRecognising(t *testing.T) {
	t.Parallel()
	limits := budget.Default
	limits.Time = 1500 * time.Millisecond
	m := typeset.Page("The harbour handled more ships.", 12, 595, 842, 72)
	w := (&writer{}).page("q 595 0 0 842 0 0 cm /Im Do Q ", "/MediaBox[0 0 595 842]")
	b := scan(w, m).bytes()
	_, err := Parse(t.Context(), document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{OCR: endless{}}, budget.New(limits))
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TimedOut || !strings.Contains(failed.Message, "the file took longer") {
		t.Errorf("got %v", err)
	}
}

// endless is an engine that never ends by itself.
type endless struct{}

func (endless) Words(ctx context.Context, _ *image.Gray, _ ocr.Request) ([]ocr.Word, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Only what stands in the area of a list item goes on with it.
func TestJoinItems(t *testing.T) {
	t.Parallel()
	item := piece{kind: element.ListItem, text: "1. Gates", box: layout.Box{X0: 50, Y0: 100, X1: 150, Y1: 120}}
	for name, c := range map[string]struct {
		box    layout.Box
		joined bool
	}{
		"below":          {layout.Box{X0: 60, Y0: 121, X1: 160, Y1: 131}, true},
		"beside, lower":  {layout.Box{X0: 100, Y0: 112, X1: 165, Y1: 122}, true},
		"far below":      {layout.Box{X0: 60, Y0: 127, X1: 160, Y1: 137}, false},
		"wider":          {layout.Box{X0: 60, Y0: 121, X1: 175, Y1: 131}, false},
		"further left":   {layout.Box{X0: 45, Y0: 121, X1: 160, Y1: 131}, false},
		"the line above": {layout.Box{X0: 60, Y0: 98, X1: 160, Y1: 108}, false},
	} {
		got := joinItems([]piece{item, {kind: element.Title, text: "Doors", box: c.box}})
		if joined := len(got) == 1; joined != c.joined || joined && got[0].text != "1. Gates Doors" {
			t.Errorf("%s: joined %v", name, joined)
		}
	}
}
