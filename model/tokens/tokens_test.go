package tokens

import (
	"slices"
	"strings"
	"testing"
)

func TestByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       int
	}{ // of OpenAI's cookbook, and of BERT's own tokenizer
		{"cl100k_base", "antidisestablishmentarianism", 6},
		{"o200k_base", "antidisestablishmentarianism", 6},
		{"text-embedding-3-small", "2 + 2 = 4", 7},
		{" GPT-4o ", "2 + 2 = 4", 7},
		{"cl100k_base", "お誕生日おめでとう", 9},
		{"o200k_base", "お誕生日おめでとう", 8},
		{"wordpiece", "Tokenizers count: 12,345 cafés and naïve façades…", 13},
		{"all-MiniLM-L6-v2", "漢字x", 3},
	} {
		tok, err := ByName(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Count(c.text); got != c.want {
			t.Errorf("%s: %q has %d tokens, want %d", c.name, c.text, got, c.want)
		}
		ends := tok.Ends(nil, c.text)
		if len(ends) != c.want || !slices.IsSorted(ends) || ends[len(ends)-1] != len(c.text) {
			t.Errorf("%s: %q: ends %v", c.name, c.text, ends)
		}
	}
	if _, err := ByName("morse"); err == nil || !strings.Contains(err.Error(), "cl100k_base, o200k_base or wordpiece") || Known("morse") {
		t.Errorf("unknown: %v", err)
	}
}

func TestWordPiece(t *testing.T) {
	t.Parallel()
	w := newWordPiece()
	for text, want := range map[string][]int32{
		"":                       nil,
		"Hello, world!":          {7592, 1010, 2088, 999},
		"unaffable":              {14477, 20961, 3468},
		"Crème\u200b brûlée":     {13675, 21382, 7987, 9307, 2063},
		"漢字x":                    {1904, 100, 1060},
		"a\u00a0b\ufffd":         {1037, 1038},
		strings.Repeat("z", 101): {100},
	} {
		if got := w.IDs(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// A word without end takes no time that grows faster than it does, and is counted.
func TestLongWord(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("ab漢", 400_000)
	for _, name := range []string{"cl100k_base", "wordpiece"} {
		tok, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		ends := tok.Ends(nil, text)
		if len(ends) != tok.Count(text) || ends[len(ends)-1] != len(text) {
			t.Errorf("%s: %d tokens, counted as %d", name, len(ends), tok.Count(text))
		}
	}
}

func FuzzEnds(f *testing.F) {
	f.Add("some text\n\nand more")
	f.Add("İ\u0301ß漢\xff\x00 x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"cl100k_base", "wordpiece"} {
			tok, err := ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			ends := tok.Ends(nil, text)
			if len(ends) != tok.Count(text) || !slices.IsSorted(ends) || len(ends) > 0 && ends[len(ends)-1] > len(text) {
				t.Errorf("%s: %q: %v, counted as %d", name, text, ends, tok.Count(text))
			}
			if name == "cl100k_base" && text != "" && ends[len(ends)-1] != len(text) {
				t.Errorf("%q: the end is missing: %v", text, ends)
			}
		}
	})
}

func BenchmarkCount(b *testing.B) {
	text := strings.Repeat("The quick brown fox, aged 7, jumps over the lazy dog near Łódź. ", 1000)
	for _, name := range []string{"cl100k_base", "o200k_base", "wordpiece"} {
		tok, err := ByName(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Count(text)
			}
		})
	}
}
