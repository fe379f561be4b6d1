package words_test

import (
	"math"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/model/words"
)

func TestVector(t *testing.T) {
	t.Parallel()
	near := func(a, b string) float64 { return words.Similarity(words.Vector(a), words.Vector(b)) }
	for _, c := range [][3]string{ // the first is closer to the second than to the third
		{"A cat sat on the mat.", "The kitten sleeps on a rug.", "Stock markets fell sharply on Monday."},
		{"The court rejected the appeal.", "Judges dismissed the lawsuit.", "The recipe needs two cups of flour."},
		{"Quarterly revenue grew by ten percent.", "Sales and profit rose in the last quarter.", "The river flooded the valley in spring."},
		{"Invoice ZX-4711-Q for Huberlein", "Huberlein ZX-4711-Q", "Invoice for Mayerhofer"},
	} {
		if close, far := near(c[0], c[1]), near(c[0], c[2]); close <= far {
			t.Errorf("%q: %.3f to %q, %.3f to %q", c[0], close, c[1], far, c[2])
		}
	}
	if s := near("Same words here", "same WORDS, here!"); math.Abs(s-1) > 1e-6 {
		t.Errorf("case and marks make %.4f", s)
	}
	for _, text := range []string{"", " ... ", "x", "日本語のテキスト", "\xff\xfe", strings.Repeat("long ", 100_000)} {
		v := words.Vector(text)
		if got := words.Similarity(v, v); len(v) != words.Dimension || math.Abs(got-1) > 1e-4 {
			t.Errorf("%.20q: %d numbers of length %.4f", text, len(v), got)
		}
	}
}

func BenchmarkVector(b *testing.B) {
	text := strings.Repeat("The committee approved the budget after a long debate about costs. ", 8)[:500]
	words.Vector(text)
	b.ReportAllocs()
	for b.Loop() {
		words.Vector(text)
	}
}
