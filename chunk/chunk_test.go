package chunk_test

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/element"
)

func text(t element.Type, s string, page int) element.Element {
	e := element.Element{Type: t, ID: "id-" + s, Text: s}
	e.Metadata.Languages = []string{"eng"}
	if page > 0 {
		e.Metadata.PageNumber = &page
	}
	return e
}

func texts(t *testing.T, in []element.Element, s chunk.Strategy, set map[string]any) []string {
	t.Helper()
	var o chunk.Options
	for k, v := range set {
		if err := o.Set(k, v); err != nil {
			t.Fatal(err)
		}
	}
	chunks, err := chunk.Slice(in, s, o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range chunks {
		out = append(out, c.Text)
	}
	return out
}

func TestGrouping(t *testing.T) {
	t.Parallel()
	harbour := []element.Element{
		text(element.Title, "Tides", 1),
		text(element.NarrativeText, "The water rises twice a day.", 1),
		text(element.NarrativeText, "Boats leave at the flood.", 2),
		text(element.Title, "Fees", 2),
		text(element.NarrativeText, "A berth costs ten crowns.", 2),
	}
	const all = "Tides\n\nThe water rises twice a day.\n\nBoats leave at the flood.\n\nFees\n\nA berth costs ten crowns."
	tides := "Tides\n\nThe water rises twice a day.\n\nBoats leave at the flood."
	fees := "Fees\n\nA berth costs ten crowns."
	for _, c := range []struct {
		name     string
		strategy chunk.Strategy
		set      map[string]any
		want     []string
	}{
		{"basic fills up", chunk.Basic, nil, []string{all}},
		{"basic obeys the hard limit", chunk.Basic, map[string]any{"max_characters": 62}, []string{tides, fees}},
		{"a chunk over the soft limit takes nothing more", chunk.Basic, map[string]any{"new_after_n_chars": 34},
			[]string{"Tides\n\nThe water rises twice a day.", "Boats leave at the flood.\n\nFees\n\nA berth costs ten crowns."}},
		{"soft limit 0 is one element a chunk", chunk.Basic, map[string]any{"new_after_n_chars": 0},
			[]string{"Tides", "The water rises twice a day.", "Boats leave at the flood.", "Fees", "A berth costs ten crowns."}},
		{"by_title combines small sections", chunk.ByTitle, nil, []string{all}},
		{"by_title without combining", chunk.ByTitle, map[string]any{"combine_text_under_n_chars": 0}, []string{tides, fees}},
		{"by_title at a page", chunk.ByTitle, map[string]any{"combine_text_under_n_chars": 0, "multipage_sections": false},
			[]string{"Tides\n\nThe water rises twice a day.", "Boats leave at the flood.", fees}},
		{"by_page", chunk.ByPage, nil, []string{"Tides\n\nThe water rises twice a day.",
			"Boats leave at the flood.\n\nFees\n\nA berth costs ten crowns."}},
		{"overlap of whole chunks", chunk.Basic, map[string]any{"max_characters": 62, "overlap": 6, "overlap_all": true},
			[]string{tides, "flood.\n\n" + fees}},
		{"no overlap of whole chunks", chunk.Basic, map[string]any{"max_characters": 62, "overlap": 6}, []string{tides, fees}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := texts(t, harbour, c.strategy, c.set); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestLongTextIsCutAtSpaces(t *testing.T) {
	t.Parallel()
	in := []element.Element{text(element.NarrativeText, "one two three four five six seven", 0)}
	got := texts(t, in, chunk.Basic, map[string]any{"max_characters": 14, "overlap": 5})
	want := []string{"one two three", "hree four five", "five six seven"}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got %q, want %q", got, want)
	}
	chunks, err := chunk.Slice(in, chunk.Basic, chunk.Options{MaxCharacters: ptr(14)})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range chunks {
		if c.Metadata.IsContinuation != (i > 0) {
			t.Errorf("chunk %d: is_continuation %t", i, c.Metadata.IsContinuation)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestTableKeepsItsHeader(t *testing.T) {
	t.Parallel()
	var html strings.Builder
	html.WriteString("<table><thead><tr><th>Boat</th><th>Berth</th></tr></thead>")
	for i := range 6 {
		fmt.Fprintf(&html, "<tr><td>Vessel number %d</td><td>%d</td></tr>", i, i)
	}
	html.WriteString("</table>")
	e := text(element.Table, "Boat Berth "+strings.Repeat("Vessel number 0 0 ", 6), 0)
	e.Metadata.TextAsHTML = html.String()
	chunks, err := chunk.Slice([]element.Element{text(element.Title, "Berths", 0), e}, chunk.ByTitle,
		chunk.Options{MaxCharacters: ptr(60)})
	if err != nil {
		t.Fatal(err)
	}
	if len(chunks) < 4 || chunks[0].Text != "Berths" {
		t.Fatalf("%d chunks, the first %q", len(chunks), chunks[0].Text)
	}
	id := chunks[1].Metadata.TableID
	for i, c := range chunks[1:] {
		if c.Type != element.TableChunk || c.Metadata.TableID != id || *c.Metadata.ChunkIndex != i {
			t.Errorf("piece %d: %+v", i, c.Metadata)
		}
		if n := utf8.RuneCountInString(c.Text); n > 60 {
			t.Errorf("piece %d has %d characters", i, n)
		}
		head := "<table><thead><tr><th>Boat</th><th>Berth</th></tr></thead>"
		carried := *c.Metadata.NumCarriedOverHeaders
		if i > 0 && (carried != 1 || !strings.HasPrefix(c.Metadata.TextAsHTML, head) || !strings.HasPrefix(c.Text, "Boat Berth ")) {
			t.Errorf("piece %d has no header: %d %s", i, carried, c.Metadata.TextAsHTML)
		}
		if i == 0 && carried != 0 {
			t.Errorf("the first piece carries %d rows", carried)
		}
	}
}

func TestOrigElements(t *testing.T) {
	t.Parallel()
	in := []element.Element{text(element.Title, "Ströme", 0), text(element.NarrativeText, "Sie fließen nachts.", 0)}
	chunks, err := chunk.Slice(in, chunk.Basic, chunk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packed := element.Pack(chunks[0].Metadata.OrigElements)
	if !strings.HasPrefix(packed, "eJ") {
		t.Errorf("packed as %.10s", packed)
	}
	back, err := element.Unpack(packed)
	if err != nil || len(back) != 2 || back[0].Text != "Ströme" || back[1].ID != in[1].ID {
		t.Errorf("unpacked %+v, %v", back, err)
	}
	chunks, err = chunk.Slice(in, chunk.Basic, chunk.Options{IncludeOrigElements: ptr(false)})
	if err != nil || chunks[0].Metadata.OrigElements != nil {
		t.Errorf("%v, %+v", err, chunks[0].Metadata)
	}
}

func TestOptionErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  map[string]any
		want string
	}{
		{map[string]any{"max_characters": 0}, "'max_characters' argument must be > 0, got 0"},
		{map[string]any{"new_after_n_chars": -1}, "'new_after_n_chars' argument must be >= 0, got -1"},
		{map[string]any{"max_characters": 5, "overlap": "5"}, "'overlap' argument must be less than `max_characters`, got 5 >= 5"},
		{map[string]any{"max_characters": 5, "combine_under_n_chars": 6},
			"'combine_text_under_n_chars' argument must not exceed `max_characters` value, got 6 > 5"},
	} {
		var o chunk.Options
		for k, v := range c.set {
			if err := o.Set(k, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.Validate(chunk.ByTitle); err == nil || err.Error() != c.want {
			t.Errorf("%v: %v", c.set, err)
		}
	}
	if err := new(chunk.Options).Set("max_characters", "many"); err == nil {
		t.Error("a word was taken for a number")
	}
	if _, err := chunk.StrategyOf("by_mood"); err == nil || !strings.Contains(err.Error(), "unrecognized chunking strategy 'by_mood'") {
		t.Error(err)
	}
}

func TestErrorEndsTheStream(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	in := func(yield func(element.Element, error) bool) {
		if yield(text(element.Title, "a", 0), nil) {
			yield(element.Element{}, broken)
		}
	}
	n := 0
	for _, err := range chunk.Elements(t.Context(), in, chunk.Basic, chunk.Options{}) {
		if n++; !errors.Is(err, broken) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d yields", n)
	}
}

// FuzzBasic checks that no word is lost and no chunk is too long.
func FuzzBasic(f *testing.F) {
	f.Add("One. Two three\nfour.", "  second  element ", uint8(7))
	f.Add("ünïcödé wörds 日本語", "", uint8(3))
	f.Fuzz(func(t *testing.T, a, b string, size uint8) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || size == 0 {
			return
		}
		in := []element.Element{text(element.NarrativeText, a, 0), text(element.ListItem, b, 0)}
		chunks, err := chunk.Slice(in, chunk.Basic, chunk.Options{MaxCharacters: ptr(int(size))})
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, c := range chunks {
			if n := utf8.RuneCountInString(c.Text); n > int(size) || n == 0 {
				t.Fatalf("a chunk of %d characters, limit %d: %q", n, size, c.Text)
			}
			got.WriteString(c.Text)
		}
		if squeeze(got.String()) != squeeze(a+b) {
			t.Fatalf("text was lost: %q of %q", got.String(), a+b)
		}
	})
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.TrimSpace(string(r)) == "" || r >= 0x1c && r <= 0x1f {
			return -1
		}
		return r
	}, s)
}

func BenchmarkByTitle(b *testing.B) {
	var in []element.Element
	size := 0
	for i := range 2000 {
		kind, s := element.NarrativeText, strings.Repeat("The harbour master writes the tides into a book. ", 4)
		if i%12 == 0 {
			kind, s = element.Title, fmt.Sprintf("Chapter %d", i)
		}
		in = append(in, text(kind, strings.TrimSpace(s), 1+i/30))
		size += len(s)
	}
	seq := iter.Seq2[element.Element, error](func(yield func(element.Element, error) bool) {
		for _, e := range in {
			if !yield(e, nil) {
				return
			}
		}
	})
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range chunk.Elements(b.Context(), seq, chunk.ByTitle, chunk.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkSplit cuts one long text with overlap: the work must grow with its length alone.
func BenchmarkSplit(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := []element.Element{text(element.NarrativeText, strings.Repeat("Tides rise. ", n/12), 1)}
			b.SetBytes(int64(n))
			for b.Loop() {
				if _, err := chunk.Slice(in, chunk.Basic, chunk.Options{Overlap: 100}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
