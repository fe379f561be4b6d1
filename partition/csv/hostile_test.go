package csv

import (
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestHostile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		text    int // bytes of the table's text
	}{
		"a million columns":   {strings.Repeat("a,", 1_000_000) + "b\n1,2\n", 2*1_000_001 + 3},
		"a million rows":      {strings.Repeat("a\n", 1_000_000), 2*1_000_000 - 1},
		"a quote never ends":  {"a,\"" + strings.Repeat("b,c\n", 500_000), 2 + 4*500_000 - 1},
		"one huge cell":       {"a," + strings.Repeat("b", 16<<20), 2 + 16<<20},
		"quotes":              {strings.Repeat(`""`, 1<<20) + ",b", 2 + 1<<20 - 1},
		"digits in one cell":  {strings.Repeat("1", 1<<20) + "\n2\n", 1<<20 + 2},
		"an exponent per row": {strings.Repeat("1e5\n", 10_000) + "x\n", 4*10_000 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := formattest.Parse(t, Parse, "a.csv", []byte(c.content), format.Options{})
			if err != nil || len(got) != 1 || len(got[0].Text) != c.text {
				n := -1
				if len(got) == 1 {
					n = len(got[0].Text)
				}
				t.Errorf("%d elements, %d bytes, want %d: %v", len(got), n, c.text, err)
			}
		})
	}
	formattest.WantOutcome(t, Parse, "padding", []byte(strings.Repeat("1\n", 100_000)+strings.Repeat(",", 1_000_000)), budget.TooLarge)
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	whole := "Item,\"Count, of all\"\n\"Rope \"\"thin\"\"\",12\nNails,\"3\n4\"\n"
	for i := range 20 {
		got, err := formattest.Parse(t, Parse, "a.csv", []byte(whole[:len(whole)*i/20]), format.Options{})
		if err != nil || len(got) != min(i, 1) {
			t.Errorf("cut at %d twentieths: %d elements, %v", i, len(got), err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	content := []byte(strings.Repeat("North gate,12,3.5,\"open, since March\"\n", 10_000))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formattest.Parse(b, Parse, "a.csv", content, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
