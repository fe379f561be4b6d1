package pdf

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/format"
)

// What somebody wrote on a page comes behind it, by whom and how. What the page says already, what is not shown and what is no writing does not.
func TestNotes(t *testing.T) {
	t.Parallel()
	note := func(kind, more string) string {
		return "<</Type/Annot/Subtype/" + kind + "/Rect[50 650 90 690]" + more + ">>"
	}
	w := (&writer{}).page(at(50, 400, 11, sentence), "/Annots[100 0 R 102 0 R 103 0 R 104 0 R 105 0 R 106 0 R]").page(at(50, 400, 11, sentence), "")
	w.objects = []string{
		note("Text", "/Contents(Is the number of gates right?)/T(Anna Berg)"), "null",
		note("Highlight", "/Contents("+strings.Fields(sentence)[0]+")"),
		note("FreeText", "/Contents(Approved)"),
		note("Text", "/F 2/Contents(This comment is hidden from all readers of the page.)"),
		note("Link", "/Contents(The address of the harbour is behind this link.)/A<</S/URI/URI(https://example.com/)>>"),
		note("Stamp", "/Contents()"),
	}
	for _, strategy := range []string{"fast", "hi_res"} {
		elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: strategy})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range elements {
			got = append(got, fmt.Sprintf("%d %s: %s %v", *e.Metadata.PageNumber, e.Type, e.Text, e.Metadata.Extra[annotationKey]))
		}
		want := []string{
			"1 NarrativeText: " + sentence + " <nil>",
			"1 NarrativeText: Is the number of gates right? map[author:Anna Berg type:text]",
			"1 UncategorizedText: Approved map[type:free_text]",
			"2 NarrativeText: " + sentence + " <nil>",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s", strategy, strings.Join(got, "\n"))
		}
		if p := elements[1].Metadata.Coordinates; p == nil || math.Abs(p.Points[0][1]/p.LayoutHeight-110.0/800) > 0.001 {
			t.Errorf("%s: %+v", strategy, p)
		}
	}
}

// A link that is higher than its line belongs to the line.
func TestHighLink(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 11, sentence), "/Annots[<</Type/Annot/Subtype/Link/Rect[50 393 90 414]/A<</S/URI/URI(https://example.com/a)>>>>]")
	elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "hi_res"})
	if err != nil {
		t.Fatal(err)
	}
	links := elements[0].Metadata.Links
	if len(links) != 1 || links[0].URL != "https://example.com/a" || links[0].StartIndex != 0 || !strings.HasPrefix(sentence, links[0].Text) || elements[0].Type != element.NarrativeText {
		t.Errorf("%+v", links)
	}
}
