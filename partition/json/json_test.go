package json

import (
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestElements(t *testing.T) {
	const list = `[{"type": "Headline", "text": "Levels", "element_id": "a", "metadata": {"page_number": 3}}, {"type": "CheckBox", "checked": true, "text": ""}]`
	got := formattest.Want(t, Parse, "a.json", []byte(list), format.Options{}, "Title: Levels", "CheckBox: ")
	if m := got[0].Metadata; m.PageNumber == nil || *m.PageNumber != 3 || got[0].ID != "a" {
		t.Errorf("%+v", got[0])
	}
	formattest.Want(t, ParseLines, "a.ndjson", []byte("{\"type\": \"List-item\", \"text\": \"one\"}\n\n{\"type\": \"Footnote\", \"text\": \"two\"}\n"), format.Options{}, "ListItem: one", "Footer: two")
}

func TestValues(t *testing.T) {
	for in, want := range map[string]string{
		`{"b": 1, "a": [true, null, "x\ny"]}`:                 "UncategorizedText: {\n  \"a\": [\n    true,\n    null,\n    \"x\\ny\"\n  ],\n  \"b\": 1\n}",
		`[{"a": 1}, {"a": 2}]`:                                "UncategorizedText: {\n  \"a\": 1\n}\nUncategorizedText: {\n  \"a\": 2\n}",
		`[1, 2]`:                                              "UncategorizedText: [\n  1,\n  2\n]",
		`[{"type": "NoSuchType", "text": ""}]`:                "UncategorizedText: {\n  \"text\": \"\",\n  \"type\": \"NoSuchType\"\n}",
		`{"é😀": [], "x": {}}`:                                 "UncategorizedText: {\n  \"x\": {},\n  \"\\u00e9\\ud83d\\ude00\": []\n}",
		`[1.0, 1e3, 1.50, 1e-7, 123456789012345678901, 2e20]`: "UncategorizedText: [\n  1.0,\n  1000.0,\n  1.5,\n  1e-07,\n  123456789012345678901,\n  2e+20\n]",
		"": "", " \n": "",
	} {
		elements, err := formattest.Parse(t, Parse, "a.json", []byte(in), format.Options{})
		if got := formattest.Lines(elements); err != nil || got != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", in, err, got, want)
		}
	}
}

func TestBad(t *testing.T) {
	for _, s := range []string{`{"a": `, `{"a": 1} x`, `nope`, `{"a" 1}`} {
		formattest.WantOutcome(t, Parse, s, []byte(s), budget.Corrupt)
	}
	formattest.WantOutcome(t, ParseLines, "a line of none", []byte("{\"a\": 1}\nnope\n"), budget.Corrupt)
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.json", format.Options{}, []byte(`[{"type": "Title", "text": "x", "metadata": {"links": []}}]`), []byte(`{"a": [1.5, "\u0000"]}`))
}
