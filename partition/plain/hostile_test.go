package plain

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestEncodings(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"North gate\r\n\r\nSouth gate\r\rEast gate\u2029\u2029West gate": "Title: North gate\nTitle: South gate\nTitle: East gate\nTitle: West gate",
		"Gr\xfc\xdfe aus K\xf6ln\n":                                      "Title: Grüße aus Köln",
		"\xff\xfeN\x00o\x00r\x00t\x00h\x00":                              "Title: North",
	} {
		formattest.Want(t, Parse, "a.txt", []byte(content), format.Options{}, want)
	}
	formattest.Want(t, Parse, "a.txt", []byte("Gr\xfc\xdfe"), format.Options{Encoding: "iso-8859-5"}, "Title: Grќпe")
}

// TestHostile has texts whose shape invites work in the square of their length.
func TestHostile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		min     int // elements
	}{
		"one line":           {strings.Repeat("word ", 2<<20), 1},
		"one word":           {strings.Repeat("x", 8<<20), 1},
		"lines":              {strings.Repeat("x\n", 200_000), 1},
		"blank lines":        {strings.Repeat("\n", 4<<20) + "North gate", 1},
		"bullets":            {strings.Repeat("• ", 500_000), 0},
		"bulleted lines":     {strings.Repeat("- x y\n", 50_000), 1},
		"a bulleted block":   {strings.Repeat("- x\n", 50_000) + "\n\n\n" + strings.Repeat("\n", 50_000), 1},
		"dots":               {strings.Repeat(".", 1<<20), 0},
		"quotes":             {strings.Repeat(`"`, 1<<20), 0},
		"numbers":            {strings.Repeat("1.", 1<<19), 0},
		"at signs":           {strings.Repeat("a@", 1<<19), 1},
		"commas and states":  {strings.Repeat("Doylestown, PA ", 1<<16), 1},
		"combining marks":    {"a" + strings.Repeat("\u0301", 1<<19), 1},
		"broken UTF-8":       {strings.Repeat("\xff\xc0 ", 1<<18), 1},
		"sentences":          {strings.Repeat("Is it? Yes! No. ", 1<<15), 1},
		"brackets":           {strings.Repeat("([{", 1<<18), 0},
		"hyphens":            {strings.Repeat("-", 1<<20), 0},
		"line separators":    {strings.Repeat("\u2028", 1<<19) + "North", 1},
		"white space inside": {"a" + strings.Repeat(" ", 4<<20) + "b", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			elements, err := formattest.Parse(t, Parse, "a.txt", []byte(c.content), format.Options{})
			if err != nil || len(elements) < c.min {
				t.Errorf("%d elements, %v", len(elements), err)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("The pump was replaced because it leaked.\n", 5_000)
	f := document.NewFile("a.txt", "", int64(len(content)), strings.NewReader(content))
	if _, err := Parse(t.Context(), f, format.Options{}, budget.New(budget.Limits{Time: 1})); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Parse(ctx, f, format.Options{}, budget.New(budget.Default)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func BenchmarkParse(b *testing.B) {
	for name, content := range map[string]string{
		"4kB":    strings.Repeat("The pump at the north gate was replaced because it leaked.\n\n- a wrench\n- two gaskets\n\n", 45),
		"source": strings.Repeat("\tif err := run(ctx); err != nil {\n\t\treturn err\n\t}\n", 1000),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := formattest.Parse(b, Parse, "a.txt", []byte(content), format.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
