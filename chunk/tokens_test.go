package chunk

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/model/tokens"
)

func ptr[T any](v T) *T { return &v }

// randomText makes a text of words, some of them strange.
func randomText(r *rand.Rand, n int) string {
	stock := []string{"the", "chunk", "limits", "tokenisation", "12,345.67", "naïve", "漢字かな", "https://example.com/a/b?c=d", "end.", "Stop!\n\nNext", "—",
		"internationalization", "(x)", "İstanbul", "a", "\tindent", strings.Repeat("z", 40)}
	var b strings.Builder
	for range n {
		b.WriteString(stock[r.IntN(len(stock))])
		b.WriteByte(' ')
	}
	return b.String()
}

// No chunk has more tokens than allowed, and every word of the elements is in one.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cl100k_base", "o200k_base", "wordpiece"} {
		tok, err := tokens.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			var elements []element.Element
			for range 12 {
				kind := []element.Type{element.NarrativeText, element.Title, element.ListItem, element.CodeSnippet}[r.IntN(4)]
				elements = append(elements, element.Element{Type: kind, Text: randomText(r, r.IntN(60))})
			}
			limit, overlap := 8+r.IntN(60), r.IntN(6)
			for _, s := range []Strategy{Basic, ByTitle, ByPage} {
				chunks, err := Slice(elements, s, Options{MaxTokens: &limit, Tokenizer: name, Overlap: overlap, OverlapAll: r.IntN(2) == 0})
				if err != nil {
					t.Fatal(err)
				}
				var all strings.Builder
				for _, c := range chunks {
					if n := tok.Count(c.Text); n > limit {
						t.Errorf("%s, %s: %d tokens, at most %d: %q", name, s, n, limit, c.Text)
					}
					if !utf8.ValidString(c.Text) {
						t.Errorf("%s: a character is cut: %q", name, c.Text)
					}
					all.WriteString(c.Text)
				}
				if overlap > 0 {
					continue
				}
				var want strings.Builder
				for _, e := range elements {
					want.WriteString(e.Text)
				}
				if bare(all.String()) != bare(want.String()) {
					t.Fatalf("%s, %s, at most %d: the text is not the same", name, s, limit)
				}
			}
		}
	}
}

// bare takes white space out.
func bare(s string) string { return strings.Join(strings.Fields(s), "") }

func TestTokensFill(t *testing.T) {
	t.Parallel()
	tok, err := tokens.ByName("cl100k_base")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("The chunker fills what a model reads at once. ", 200)
	chunks, err := Slice([]element.Element{{Type: element.NarrativeText, Text: text}}, Basic, Options{MaxTokens: ptr(100), Tokenizer: "gpt-4"})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range chunks {
		if n := tok.Count(c.Text); n > 100 || n < 98 && i < len(chunks)-1 {
			t.Errorf("chunk %d has %d tokens", i, n)
		}
		if i > 0 && !c.Metadata.IsContinuation {
			t.Errorf("chunk %d is no continuation", i)
		}
	}
	// The overlap repeats the end of the piece before.
	chunks, err = Slice([]element.Element{{Type: element.NarrativeText, Text: text}}, Basic, Options{MaxTokens: ptr(100), Tokenizer: "gpt-4", Overlap: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(chunks); i++ {
		words := strings.Fields(chunks[i].Text)
		if !strings.HasSuffix(chunks[i-1].Text, strings.Join(words[:8], " ")) {
			t.Errorf("chunk %d does not begin with the end of the one before: %.60q after %q", i, chunks[i].Text, chunks[i-1].Text[len(chunks[i-1].Text)-60:])
		}
	}
}

func TestTokensTable(t *testing.T) {
	t.Parallel()
	var html, text strings.Builder
	html.WriteString("<table><thead><tr><th>Name</th><th>Price</th></tr></thead>")
	for range 50 {
		html.WriteString("<tr><td>A pump of some length</td><td>12.50</td></tr>")
		text.WriteString("A pump of some length 12.50 ")
	}
	html.WriteString("</table>")
	e := element.Element{Type: element.Table, Text: "Name Price " + text.String(), Metadata: element.Metadata{TextAsHTML: html.String()}}
	tok, err := tokens.ByName("wordpiece")
	if err != nil {
		t.Fatal(err)
	}
	chunks, err := Slice([]element.Element{e}, Basic, Options{MaxTokens: ptr(60), Tokenizer: "wordpiece"})
	if err != nil {
		t.Fatal(err)
	}
	if len(chunks) < 5 {
		t.Errorf("%d chunks", len(chunks))
	}
	for _, c := range chunks {
		if n := tok.Count(c.Text); c.Type != element.TableChunk || n > 60 || !strings.HasPrefix(c.Text, "Name Price") {
			t.Errorf("%s of %d tokens: %.40q", c.Type, n, c.Text)
		}
	}
}

func TestTokensRefuse(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Options{
		"mutually exclusive":                         {MaxTokens: ptr(5), MaxCharacters: ptr(5), Tokenizer: "gpt-4"},
		"'tokenizer' is required":                    {MaxTokens: ptr(5)},
		"there is no tokenizer \"x\"":                {MaxTokens: ptr(5), Tokenizer: "x"},
		"'max_tokens' argument must be > 0, got 0":   {MaxTokens: ptr(0), Tokenizer: "gpt-4"},
		"must be less than `max_tokens`, got 5 >= 5": {MaxTokens: ptr(5), Tokenizer: "gpt-4", Overlap: 5},
		"'new_after_n_tokens' needs 'max_tokens'":    {NewAfterNTokens: ptr(5)},
	} {
		if err := o.Validate(Basic); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// The tokenizer alone and chunking by its tokens, over the same elements, in one run.
func BenchmarkTokens(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	var elements []element.Element
	size := 0
	for range 2000 {
		e := element.Element{Type: element.NarrativeText, Text: strings.TrimSpace(strings.Repeat("The chunker fills what a model reads at once. ", 1+r.IntN(20)))}
		size += len(e.Text)
		elements = append(elements, e)
	}
	for _, name := range []string{"cl100k_base", "wordpiece"} {
		tok, err := tokens.ByName(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/tokenizer", func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				for i := range elements {
					tok.Count(elements[i].Text)
				}
			}
		})
		for _, limit := range []int{64, 256, 512} {
			b.Run(fmt.Sprintf("%s/chunks of %d", name, limit), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := Slice(elements, Basic, Options{MaxTokens: &limit, Tokenizer: name, IncludeOrigElements: ptr(false)}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
