package json

import (
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		" ":                                 nil,
		"{}":                                {"{}"},
		"[]":                                nil,
		"null":                              {"null"},
		`"a"`:                               {`"a"`},
		`{"b": 1, "a": [true, null]}`:       {"{\n  \"a\": [\n    true,\n    null\n  ],\n  \"b\": 1\n}"},
		`[{"a": 1}, {}]`:                    {"{\n  \"a\": 1\n}", "{}"},
		`[1, {"a": 1}]`:                     {"[\n  1,\n  {\n    \"a\": 1\n  }\n]"},
		`[{"type": "Title"}]`:               {"{\n  \"type\": \"Title\"\n}"}, // no element without a text
		`[{"type": "Pump", "text": "x"}]`:   {"{\n  \"text\": \"x\",\n  \"type\": \"Pump\"\n}"},
		`"ü\u0000\ud83d\ude00\n\"\\\ud800"`: {`"\u00fc\u0000\ud83d\ude00\n\"\\\ufffd"`},
		"\xef\xbb\xbf{}":                    {"{}"},
		"\xff\xfe{\x00}\x00":                {"{}"},
	} {
		var lines []string
		for _, w := range want {
			lines = append(lines, "UncategorizedText: "+w)
		}
		formattest.Want(t, Parse, "a.json", []byte(in), format.Options{}, lines...)
	}
	formattest.Want(t, ParseLines, "a.ndjson", []byte("1\r\n\r\n{\"a\":2}"), format.Options{}, "UncategorizedText: 1", "UncategorizedText: {\n  \"a\": 2\n}")
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 100_000)
	for in, want := range map[string]string{
		"1": "1", "-0": "-0", "1.0": "1.0", "1.50": "1.5", "1e2": "100.0", "1e16": "1e+16", "0.00001": "1e-05", "0.0001": "0.0001",
		"123456789012345678901234567890": "123456789012345678901234567890", "1e999": "1e999", "-1E400": "-1E400", long: long,
	} {
		formattest.Want(t, Parse, "a.json", []byte(in), format.Options{}, "UncategorizedText: "+want)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		want    budget.Outcome
	}{
		"cut":               {`{"a": [1, 2`, budget.Corrupt},
		"two values":        {`{"a": 1} {"b": 2}`, budget.Corrupt},
		"no JSON":           {"a: 1", budget.Corrupt},
		"lists":             {strings.Repeat("[", 1_000_000), budget.TooLarge},
		"closed lists":      {strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000), budget.TooLarge},
		"objects":           {strings.Repeat(`{"a":`, 1_000_000), budget.TooLarge},
		"deep for the text": {strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), budget.TooLarge},
		"wrong element":     {`[{"type": "Title", "text": "x", "metadata": {"page_number": "two"}}]`, budget.Corrupt},
	} {
		formattest.WantOutcome(t, Parse, name, []byte(c.content), c.want)
	}
	formattest.WantOutcome(t, ParseLines, "a line that is cut", []byte("{\"a\": 1}\n{\"b\":\n"), budget.Corrupt)
	formattest.WantOutcome(t, ParseLines, "a deep line", []byte("1\n"+strings.Repeat("[", 1_000_000)), budget.TooLarge)
	whole := `[{"type": "Title", "text": "Pumps"}, {"a": [1.5, "x"]}]`
	for i := 1; i < 20; i++ {
		formattest.WantOutcome(t, Parse, "truncated", []byte(whole[:len(whole)*i/20]), budget.Corrupt)
	}
}

// TestWide has many members on few levels; the indent of deep ones must not multiply them without bound.
func TestWide(t *testing.T) {
	t.Parallel()
	got, err := formattest.Parse(t, Parse, "a.json", []byte("["+strings.Repeat("1,", 1_000_000)+"1]"), format.Options{})
	if err != nil || len(got) != 1 || len(got[0].Text) != 5*1_000_000+7 {
		t.Errorf("%d elements, %v", len(got), err)
	}
	deep := strings.Repeat("[", 400) + strings.Repeat("1,", 1_000_000) + "1" + strings.Repeat("]", 400)
	formattest.WantOutcome(t, Parse, "indents", []byte(deep), budget.TooLarge)
}

func FuzzParseLines(f *testing.F) {
	formattest.Fuzz(f, ParseLines, "a.ndjson", format.Options{}, []byte("{\"type\": \"Title\", \"text\": \"x\"}\n{}\n"), []byte("1\n\n2"))
}

func BenchmarkParse(b *testing.B) {
	for name, content := range map[string]string{
		"elements": "[" + strings.Repeat(`{"type": "Title", "text": "Pumps", "metadata": {"page_number": 2}},`, 1000) + `{"type": "Title", "text": "Pumps"}]`,
		"objects":  "[" + strings.Repeat(`{"name": "pump", "flow": 12.5, "gates": ["north", "south"]},`, 1000) + `{}]`,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := formattest.Parse(b, Parse, "a.json", []byte(content), format.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
