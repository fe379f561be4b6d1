package main

import (
	"path/filepath"
	"slices"
	"testing"
)

// What is read of the printed documents in testdata does not get worse. The whole set is scored by make test-layout; after a change to
// the generator the files are printed anew by go run ./test/layout -keep.
func TestKept(t *testing.T) {
	t.Parallel()
	var hiRes, fast []result
	for _, c := range classes {
		for i := range c.count {
			d := generate(c, i, keptSeed)
			if _, err := source(d); err != nil { // names the labels of figures
				t.Fatal(err)
			}
			if !slices.Contains(kept, d.Name) {
				continue
			}
			p := printing{d, filepath.Join("testdata", d.Name+".pdf")}
			for strategy, results := range map[string]*[]result{"hi_res": &hiRes, "fast": &fast} {
				given, err := read(t.Context(), p, strategy)
				if err != nil {
					t.Fatalf("%s, %s: %v", d.Name, strategy, err)
				}
				*results = append(*results, result{p, assess(d, given), nil})
			}
		}
	}
	if len(hiRes) != len(kept) {
		t.Fatalf("%d of %d documents", len(hiRes), len(kept))
	}
	check := func(strategy string, results []result, floors map[string]float64) {
		for _, c := range columns() {
			floor, ok := floors[c.name]
			if !ok {
				continue
			}
			got, _ := c.value(results)
			t.Logf("%s %s %.3f", strategy, c.name, got)
			if got < floor {
				t.Errorf("%s: %s %.3f, at least %.3f", strategy, c.name, got, floor)
				for _, r := range results {
					if v, ok := c.value([]result{r}); ok {
						t.Logf("  %s %.3f", r.d.Name, v)
					}
				}
			}
		}
	}
	check("hi_res", hiRes, map[string]float64{
		"order": 0.98, "blocks": 0.88, "kinds": 0.98, "headings": 0.87,
		"ruled": 0.97, "half": 0.97, "zebra": 0.97, "unruled": 0.75, "tables": 0.9, "furniture": 0.99,
	})
	check("fast", fast, map[string]float64{"order": 0.83})
}

func TestMarkdownElements(t *testing.T) {
	t.Parallel()
	d := generate(classes[0], 1, 1)
	s := assess(d, predict(d, markdownElements(d.markdown())))
	if s.order < 0.999 || s.headings < 0.999 || s.blocks < 0.9 { // captions and formulas are paragraphs in Markdown
		t.Errorf("%+v", s)
	}
	for r, h := range s.cells {
		if h.f1() != 1 {
			t.Errorf("%s: %+v", r, h)
		}
	}
	got := markdownElements("# A **b**\n\n| x | y |\n|---|:-:|\n| 1\\|2 | \\*3 |\n\n- one\n- two\n  more\n\ntext [link](https://a.example) end\n")
	var texts []string
	for _, e := range got {
		texts = append(texts, string(e.Type)+" "+e.Text)
	}
	if want := []string{"Title A b", "Table x y 1|2 *3", "ListItem one", "ListItem two more", "NarrativeText text link end"}; !slices.Equal(texts, want) {
		t.Errorf("%q", texts)
	}
}
