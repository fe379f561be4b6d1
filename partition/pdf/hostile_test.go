package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// classified fails the test unless err is nil or says how the parsing ended.
func classified(t *testing.T, name string, err error) {
	t.Helper()
	var failed *budget.Error
	if err != nil && (!errors.As(err, &failed) || failed.Message == "") {
		t.Errorf("%s: an error without an outcome: %v", name, err)
	}
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	whole := picture().bytes()
	for i := range 20 {
		_, err := parse(t.Context(), whole[:len(whole)*i/20], format.Options{Strategy: "fast"})
		classified(t, fmt.Sprintf("cut at %d of 20", i), err)
		if i == 0 && err == nil {
			t.Error("an empty file has no failure")
		}
	}
}

func TestPageBudget(t *testing.T) {
	t.Parallel()
	w := &writer{}
	for range 5 {
		w.page(at(50, 400, 11, sentence), "")
	}
	limits := budget.Default
	limits.Pages = 4
	b := w.bytes()
	_, err := Parse(t.Context(), document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{}, budget.New(limits))
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TooLarge {
		t.Errorf("got %v", err)
	}
}

func TestCancelWithinAPage(t *testing.T) {
	t.Parallel()
	var content strings.Builder
	for line := range 3000 {
		content.WriteString(at(50, 20+float64(line)/4, 8, sentence))
	}
	b := (&writer{}).page(content.String(), "").bytes()
	ctx, cancel := context.WithCancel(t.Context())
	budgeted := budget.New(budget.Default)
	d, err := Open(ctx, document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{}, budgeted)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	cancel()
	if _, err := d.Page(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Structures that lead back to themselves end, and what can be read is.
func TestCycles(t *testing.T) {
	t.Parallel()
	form := (&writer{}).page(at(50, 400, 11, sentence)+"/Im Do", "")
	form.objects = []string{"null", "<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</Im 101 0 R>>>>/Length 6>>\nstream\n/Im Do\nendstream"}
	want(t, form, format.Options{}, "NarrativeText: "+sentence)

	tree := bytes.Replace((&writer{}).page(at(50, 400, 11, sentence), "").bytes(), []byte("/Kids[10 0 R ]"), []byte("/Kids[2 0 R  ]"), 1)
	_, err := parse(t.Context(), tree, format.Options{Strategy: "fast"})
	classified(t, "page tree", err)

	fields := (&writer{}).page(at(50, 400, 11, sentence), "/Annots[100 0 R]")
	fields.catalog = "/AcroForm<</Fields[100 0 R]>>"
	fields.objects = []string{"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/Parent 100 0 R/Kids[100 0 R]/Rect[50 600 300 620]>>"}
	_, err = parse(t.Context(), fields.bytes(), format.Options{})
	classified(t, "field tree", err)
}

func TestAbsurdPages(t *testing.T) {
	t.Parallel()
	for _, box := range []string{"[0 0 1e30 1e30]", "[0 0 0 0]", "[600 800 0 0]", "[0 0 -5 -5]", "[0 0 600]", "[/a /b /c /d]"} {
		w := (&writer{}).page(at(50, 400, 11, sentence), "/MediaBox"+box)
		_, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "fast"})
		classified(t, box, err)
	}
	// A count that lies must not make pages, nor an allocation of their number.
	lying := bytes.Replace((&writer{}).page(at(50, 400, 11, sentence), "").bytes(), []byte("/Count 1/"), []byte("/Count 2000000000/"), 1)
	_, err := parse(t.Context(), lying, format.Options{Strategy: "fast"})
	classified(t, "count", err)
}
