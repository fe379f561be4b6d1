package chunk_test

import (
	"reflect"
	"regexp"
	"testing"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/element"
)

func title(depth int, text string) element.Element {
	return element.Element{Type: element.Title, Text: text, Metadata: element.Metadata{CategoryDepth: &depth, Filename: "a.docx"}}
}

func prose(s string) element.Element {
	return element.Element{Type: element.NarrativeText, Text: s, Metadata: element.Metadata{Filename: "a.docx"}}
}

func TestContextual(t *testing.T) {
	t.Parallel()
	list := []element.Element{
		prose("Before any heading."), title(0, "Annual\nreport"), prose("Opening."), title(1, "Results"), prose("Good."),
		title(2, "Europe"), prose("Better."), title(1, "Outlook"), prose("Fair."),
	}
	none := 0
	chunks, err := chunk.Slice(list, chunk.ByTitle, chunk.Options{Contextual: true, CombineUnderNChars: &none})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	shape := regexp.MustCompile(`^Prefix: .*; ?Original: `)
	for _, c := range chunks {
		got = append(got, c.Text)
		if !shape.MatchString(c.Text) {
			t.Errorf("%q has another shape", c.Text)
		}
	}
	want := []string{
		"Prefix: a.docx; Original: Before any heading.",
		"Prefix: a.docx; Original: Annual report\n\nOpening.",
		"Prefix: Annual report; Original: Results\n\nGood.",
		"Prefix: Annual report > Results; Original: Europe\n\nBetter.",
		"Prefix: Annual report; Original: Outlook\n\nFair.",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if h := chunks[3].Metadata.Extra["headings"]; !reflect.DeepEqual(h, []any{"Annual report", "Results"}) {
		t.Errorf("headings %v", h)
	}
	var o chunk.Options
	if err := o.Set("contextual_chunking_strategy", "v2"); err == nil {
		t.Error("v2 is taken")
	}
}

func TestBySimilarity(t *testing.T) {
	t.Parallel()
	list := []element.Element{
		prose("The river flooded the valley after the heavy rain."), prose("Water stood in the streets of the town for days."),
		prose("The court rejected the appeal of the company."), prose("Judges said the lawsuit came too late."),
	}
	chunks := func(threshold float64) []string {
		got, err := chunk.Slice(list, chunk.BySimilarity, chunk.Options{SimilarityThreshold: threshold, Overlap: 20, OverlapAll: true})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range got {
			out = append(out, c.Text)
		}
		return out
	}
	want := []string{list[0].Text + "\n\n" + list[1].Text, list[2].Text + "\n\n" + list[3].Text}
	if got := chunks(0.25); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if few, many := len(chunks(0.01)), len(chunks(0.99)); many != 4 || few > many {
		t.Errorf("%d chunks at 0.99, %d at 0.01", many, few)
	}
	for _, bad := range []float64{1, -0.5, 2} {
		if _, err := chunk.Slice(list, chunk.BySimilarity, chunk.Options{SimilarityThreshold: bad}); err == nil {
			t.Errorf("threshold %g is taken", bad)
		}
	}
}

func TestEntitiesOfAChunk(t *testing.T) {
	t.Parallel()
	item := func(s string) any { return map[string]any{"entity": s, "type": "PERSON"} }
	with := func(items ...any) element.Element {
		e := prose("x")
		e.Metadata.Extra = map[string]any{"entities": map[string]any{"items": items, "relationships": []any{}}}
		return e
	}
	chunks, err := chunk.Slice([]element.Element{with(item("Ada"), item("Bob")), prose("y"), with(item("Bob"), item("Cem"))}, chunk.Basic, chunk.Options{})
	if err != nil || len(chunks) != 1 {
		t.Fatal(chunks, err)
	}
	want := map[string]any{"items": []any{item("Ada"), item("Bob"), item("Cem")}, "relationships": []any{}}
	if got := chunks[0].Metadata.Extra["entities"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
