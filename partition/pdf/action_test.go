package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/format"
)

// What a file would have a viewer do is listed, and nothing of it is done: no script runs, and a link that starts a program is no link.
func TestActionsAreListed(t *testing.T) {
	t.Parallel()
	link := func(action string) string { return "<</Type/Annot/Subtype/Link/Rect[50 398 380 409]/A" + action + ">>" }
	w := (&writer{}).page(at(50, 400, 11, sentence), "").page(at(50, 400, 11, sentence), "/Annots[102 0 R 103 0 R 104 0 R 105 0 R 106 0 R]")
	w.catalog = "/OpenAction<</S/Launch/F(first.exe)>>/Names<</JavaScript<</Names[(start) 100 0 R]>>>>/AcroForm<</Fields[106 0 R]>>"
	w.objects = []string{
		"<</S/JavaScript/JS(this.pageNum = 2; app.launchURL\\('http://127.0.0.1/'\\))>>", "null",
		link("<</S/Launch/F<</Type/Filespec/F(setup.exe)>>>>"), link("<</S/GoToR/F(other.pdf)/D[0/Fit]>>"),
		link("<</S/JavaScript/JS(app.alert\\(1\\))>>"), link("<</S/URI/URI(https://example.com/a)>>"),
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(amount)/V(12)/Rect[50 600 300 620]/AA<</K<</S/JavaScript/JS(event.value = 7)>>>>>>",
	}
	for _, strategy := range []string{"fast", "hi_res", "auto"} {
		elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: strategy, StartingPageNumber: 5})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(elements[0].Metadata.Extra[actionsKey])
		want := fmt.Sprint([]any{
			map[string]any{"type": "javascript", "target": "start"},
			map[string]any{"type": "launch", "target": "setup.exe", "page_number": 6},
			map[string]any{"type": "remote_file", "target": "other.pdf", "page_number": 6},
			map[string]any{"type": "other", "page_number": 6},
			map[string]any{"type": "javascript", "target": "amount", "page_number": 6},
		})
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", strategy, got, want)
		}
		links, amount := 0, false
		for _, e := range elements[1:] {
			if e.Metadata.Extra[actionsKey] != nil {
				t.Errorf("%s: listed twice", strategy)
			}
			links += len(e.Metadata.Links)
			amount = amount || e.Text == "12"
		}
		if links != 1 || !amount {
			t.Errorf("%s: %d links, value unchanged: %v", strategy, links, amount)
		}
	}
}

// A file with any number of actions lists the first of them, and the targets are cut.
func TestManyActions(t *testing.T) {
	t.Parallel()
	var annotations strings.Builder
	for range 3 * maxActions {
		annotations.WriteString("100 0 R ")
	}
	w := (&writer{}).page(at(50, 400, 11, sentence), "/Annots["+annotations.String()+"]")
	w.objects = []string{"<</Type/Annot/Subtype/Link/Rect[50 390 500 420]/A<</S/Launch/F(" + strings.Repeat("a", 5000) + ")>>>>"}
	elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "fast"})
	if err != nil {
		t.Fatal(err)
	}
	list, _ := elements[0].Metadata.Extra[actionsKey].([]any)
	if len(list) != maxActions {
		t.Fatalf("%d actions", len(list))
	}
	if target, _ := list[0].(map[string]any)["target"].(string); len(target) != maxTarget {
		t.Errorf("a target of %d bytes", len(target))
	}
}
