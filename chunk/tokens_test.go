package chunk

import (
	"math/rand/v2"
	"slices"
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

// With wordpiece, whose tokens add up over texts, chunks are those of a chunker that counts all anew at every step.
func TestTokensPlain(t *testing.T) {
	t.Parallel()
	tok := tokens.Uncased()
	count := func(texts []string) int { return tok.Count(strings.Join(texts, "\n\n")) }
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		limit := 2 + r.IntN(100)
		soft, combine := r.IntN(limit+1), r.IntN(limit+1)
		strategy := []Strategy{Basic, ByTitle, ByPage}[r.IntN(3)]
		var elements []element.Element
		var groups [][]string
		page := 1
		for i := range 30 {
			e := element.Element{Type: []element.Type{element.NarrativeText, element.Title, element.CodeSnippet}[r.IntN(3)], Text: randomText(r, r.IntN(1+r.IntN(60)))}
			turned := i > 0 && r.IntN(4) == 0
			if turned {
				page++
			}
			e.Metadata.PageNumber = ptr(page)
			elements = append(elements, e)

			text := e.Text
			if e.Type != element.CodeSnippet || strings.TrimSpace(text) == "" {
				text = strings.Join(strings.Fields(text), " ")
			}
			var group []string
			if len(groups) > 0 {
				group = groups[len(groups)-1]
			}
			if i == 0 || strategy == ByTitle && e.Type == element.Title || strategy == ByPage && turned ||
				count(group) > soft || count(append(group[:len(group):len(group)], text)) > limit {
				groups = append(groups, nil)
			}
			if text != "" {
				groups[len(groups)-1] = append(groups[len(groups)-1], text)
			}
		}
		if strategy == ByTitle {
			joined := groups[:1]
			for _, next := range groups[1:] {
				last := joined[len(joined)-1]
				if both := append(last[:len(last):len(last)], next...); count(last) < combine && count(both) <= limit {
					joined[len(joined)-1] = both
				} else {
					joined = append(joined, next)
				}
			}
			groups = joined
		}
		var want []string
		for _, group := range groups {
			for text := strings.Join(group, "\n\n"); text != ""; {
				ends := tok.Ends(nil, text)
				if len(ends) <= limit {
					if count(group) > limit {
						text = strings.TrimRight(text, " \n\t")
					}
					want = append(want, text)
					break
				}
				end := ends[limit-1]
				feed, space := strings.LastIndexByte(text[:end], '\n'), strings.LastIndexByte(text[:end], ' ')
				switch {
				case text[end] == '\n':
				case feed > 0:
					end = feed
				case text[end] == ' ':
				case space > 0:
					end = space
				}
				want = append(want, strings.TrimRight(text[:end], " \n\t"))
				text = strings.TrimLeft(text[end:], " \n\t")
			}
		}
		chunks, err := Slice(elements, strategy, Options{MaxTokens: &limit, NewAfterNTokens: &soft, CombineUnderNChars: &combine, Tokenizer: "wordpiece"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range chunks {
			got = append(got, c.Text)
		}
		if !slices.Equal(got, want) {
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("seed %d, %s, at most %d: chunk %d is %q, want %q", seed, strategy, limit, i, got[i], want[i])
				}
			}
			t.Fatalf("seed %d: %d chunks, want %d", seed, len(got), len(want))
		}
	}
}

// The look at eight bytes finds what a look at each character does.
func TestCollapsed(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	stock := []string{"a", " ", "é", "\t", "\x00", "\x1c", "\u00a0", "\u0085", "\x7f", "!"}
	collapsed := 0
	for range 100_000 {
		var b strings.Builder
		few := r.IntN(4) // seldom anything but letters
		for range r.IntN(40) {
			if i := r.IntN(len(stock) + few*100); i < len(stock) {
				b.WriteString(stock[i])
			} else {
				b.WriteString([]string{"b", "c", "d ", "e"}[i%4])
			}
		}
		text := b.String()
		want := text == "" || isCollapsedSlow(text, true)
		if isCollapsed(text) != want {
			t.Fatalf("%q: %v", text, !want)
		}
		if want {
			collapsed++
		}
	}
	if collapsed < 10_000 || collapsed > 90_000 {
		t.Errorf("%d of 100,000 texts are collapsed", collapsed)
	}
}
