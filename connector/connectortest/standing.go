package connectortest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/element"
)

// standing checks what a place holds: each set is the elements of one document, and there are no other documents. Of
// Upserts and Appends it asks that at least these elements stand there.
func standing(t *testing.T, place DestinationPlace, guarantee connector.Guarantee, sets ...[]element.Element) {
	t.Helper()
	groups := grouped(place.Read(t))
	if guarantee == connector.Replaces {
		var want [][]string
		for _, set := range sets {
			if len(set) > 0 {
				want = append(want, textsOf(set))
			}
		}
		got := slices.Collect(maps.Values(groups))
		slices.SortFunc(got, slices.Compare)
		slices.SortFunc(want, slices.Compare)
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("the place holds %s, want %s", counts(got), counts(want))
		}
		return
	}
	for _, set := range sets {
		want := textsOf(set)
		if len(want) == 0 {
			continue
		}
		found := false
		for _, texts := range groups {
			found = found || holds(texts, want)
		}
		if !found {
			t.Errorf("no document of the place holds the %d elements from %q on", len(want), head(want[0]))
		}
	}
}

// embedded checks that elements stand there with their embeddings, to the precision of small floating point numbers, and
// the others without.
func embedded(t *testing.T, place DestinationPlace, sets ...[]element.Element) {
	t.Helper()
	got := map[string][]float32{}
	for _, r := range place.Read(t) {
		got[r.Text] = r.Embeddings
	}
	for _, e := range slices.Concat(sets...) {
		near := func(a, b float32) bool { return a-b < 0.001 && b-a < 0.001 }
		if !slices.EqualFunc(got[e.Text], e.Embeddings, near) {
			t.Errorf("%q has embeddings %v, want %v", e.Text, got[e.Text], e.Embeddings)
		}
	}
}

// whole checks one look of a reader: beside is there whole, and of one document exactly one of the sets (where it mixes,
// at least one).
func whole(t *testing.T, records []Record, mixes bool, beside []element.Element, sets ...[]element.Element) {
	t.Helper()
	groups := slices.Collect(maps.Values(grouped(records)))
	if beside != nil {
		want := textsOf(beside)
		n := len(groups)
		groups = slices.DeleteFunc(groups, func(texts []string) bool { return slices.Equal(texts, want) })
		if len(groups) != n-1 {
			t.Errorf("a reader misses the document that nobody touches")
			return
		}
	}
	if len(groups) != 1 {
		t.Errorf("a reader sees %d documents that are written, want 1", len(groups))
		return
	}
	for _, set := range sets {
		want := textsOf(set)
		if slices.Equal(groups[0], want) || mixes && holds(groups[0], want) {
			return
		}
	}
	t.Errorf("a reader sees none of the sets whole: %s", counts(groups))
}

// kept checks the state after a write that failed: the old elements stand there whole, alone where that is promised,
// and no file or object is left of the new ones.
func (d Destination) kept(
	t *testing.T, place DestinationPlace, guarantee connector.Guarantee, before []string, old []element.Element,
) {
	t.Helper()
	if d.Mixes {
		guarantee = connector.Upserts
	}
	standing(t, place, guarantee, old)
	if guarantee == connector.Replaces {
		same(t, place, before)
	}
}

// same checks that nothing came to a place or went, where the place can tell.
func same(t *testing.T, place DestinationPlace, before []string) {
	t.Helper()
	if after := listOf(t, place); !slices.Equal(after, before) {
		t.Errorf("the place had %q and has %q", before, after)
	}
}

func listOf(t *testing.T, place DestinationPlace) []string {
	t.Helper()
	l, ok := place.(Lister)
	if !ok {
		return nil
	}
	out := slices.Clone(l.List(t))
	slices.Sort(out)
	return out
}

// grouped sorts the texts of records by document.
func grouped(records []Record) map[string][]string {
	out := map[string][]string{}
	for _, r := range records {
		out[r.Document] = append(out[r.Document], plain(r.Text))
	}
	for _, texts := range out {
		slices.Sort(texts)
	}
	return out
}

func textsOf(elements []element.Element) []string {
	out := make([]string, len(elements))
	for i, e := range elements {
		out[i] = plain(e.Text)
	}
	slices.Sort(out)
	return out
}

// plain leaves out the NUL character, which many stores cannot hold.
func plain(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// holds says whether sorted texts have all of want, as often.
func holds(texts, want []string) bool {
	at := 0
	for _, text := range texts {
		if at < len(want) && text == want[at] {
			at++
		}
	}
	return at == len(want)
}

// counts describes groups of texts for people.
func counts(groups [][]string) string {
	var out []string
	for i, texts := range groups {
		if i == 5 {
			out = append(out, fmt.Sprintf("and %d more", len(groups)-i))
			break
		}
		out = append(out, fmt.Sprintf("%d texts from %q to %q", len(texts), head(texts[0]), head(texts[len(texts)-1])))
	}
	return fmt.Sprintf("%d documents (%s)", len(groups), strings.Join(out, "; "))
}
