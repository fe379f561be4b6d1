package pdf

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/format"
)

// What a file would have a viewer do is listed, and nothing of it is done: no script runs, and a link that starts a program is no link.
func TestActionsAreListed(t *testing.T) {
	t.Parallel()
	link := func(action string) string { return "<</Type/Annot/Subtype/Link/Rect[50 398 380 409]/A" + action + ">>" }
	script := "<</S/JavaScript/JS(while \\(true\\) {})>>"
	w := (&writer{}).page(at(50, 400, 11, sentence), "/AA<</O<</S/Launch/F(page.exe)>>/C"+script+">>").
		page(at(50, 400, 11, sentence), "/AA<</O<</S/URI/URI(https://example.com/shown)>>>>/Annots[102 0 R 103 0 R 104 0 R 105 0 R 106 0 R 107 0 R 108 0 R 109 0 R 110 0 R]")
	w.catalog = "/OpenAction<</S/Launch/F(first.exe)>>/AA<</WC" + script + ">>/Names<</JavaScript<</Names[(start) 100 0 R]>>>>/AcroForm<</Fields[106 0 R 107 0 R 108 0 R]>>/Outlines 111 0 R"
	w.objects = []string{
		"<</S/JavaScript/JS(this.pageNum = 2; app.launchURL\\('http://127.0.0.1/'\\))>>", "null",
		link("<</S/Launch/F<</Type/Filespec/F(setup.exe)>>>>"), link("<</S/GoToR/F(other.pdf)/D[0/Fit]>>"),
		link("<</S/JavaScript/JS(app.alert\\(1\\))>>"), link("<</S/URI/URI(https://example.com/a)>>"),
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(amount)/V(12)/Rect[50 600 300 620]/AA<</K<</S/JavaScript/JS(event.value = 7)>>>>>>",
		"<</Type/Annot/Subtype/Widget/FT/Btn/Ff 65536/T(send)/Rect[50 640 300 660]/A<</S/SubmitForm/F(http://127.0.0.1/)>>>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(unseen)/F 2/Rect[0 0 1 1]/AA<</Fo" + script + ">>>>",
		"<</Type/Annot/Subtype/Screen/Rect[50 100 100 150]/A" + script + ">>", "<</Type/Annot/Subtype/Square/Rect[50 100 100 150]/AA<</E" + script + ">>>>",
		"<</First 112 0 R/Last 114 0 R>>", "<</Title(Start)/Parent 111 0 R/Next 114 0 R/First 113 0 R/A<</S/Launch/F(outline.exe)>>>>",
		"<</Title(Inner)/Parent 112 0 R/Next 112 0 R/First 112 0 R/A" + script + ">>", "<</Title(Place)/Parent 111 0 R/Next 114 0 R/A<</S/GoTo/D[10 0 R/Fit]>>>>",
	}
	for _, strategy := range []string{"fast", "hi_res", "auto"} {
		elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: strategy, StartingPageNumber: 5})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		list, _ := elements[0].Metadata.Extra[actionsKey].([]any)
		for _, a := range list {
			got = append(got, fmt.Sprint(a))
		}
		want := []string{
			"map[from:document target:first.exe type:launch]",
			"map[from:document type:javascript]",
			"map[from:document target:start type:javascript]",
			"map[from:outline target:outline.exe type:launch]",
			"map[from:outline target:Inner type:other]",
			"map[from:page page_number:5 target:page.exe type:launch]",
			"map[from:page page_number:5 type:other]",
			"map[from:link page_number:6 target:setup.exe type:launch]",
			"map[from:link page_number:6 target:other.pdf type:remote_file]",
			"map[from:link page_number:6 type:other]",
			"map[from:field page_number:6 target:amount type:javascript]",
			"map[from:field page_number:6 target:send type:other]",
			"map[from:field page_number:6 target:unseen type:other]",
			"map[from:annotation page_number:6 type:other]",
			"map[from:annotation page_number:6 type:other]",
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", strategy, strings.Join(got, "\n"), strings.Join(want, "\n"))
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
