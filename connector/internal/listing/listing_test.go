package listing

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/sluicehq/sluice/document"
)

func TestStream(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	ended := 0
	walk := func(visit func(document.Document) error) error {
		defer func() { ended++ }()
		for _, id := range []string{"a", "b", "c"} {
			if err := visit(document.Document{Identifier: id}); err != nil {
				return err
			}
		}
		return failed
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, c := range map[string]struct {
		stop   string
		cancel bool
		want   string
		err    error
	}{"whole": {want: "abc", err: failed}, "a reader that has enough": {stop: "b", want: "ab"}, "cancelled": {stop: "", cancel: true, want: "", err: context.Canceled}} {
		in := t.Context()
		if c.cancel {
			cancel()
			in = ctx
		}
		got := ""
		var last error
		for d, err := range Stream(in, walk) {
			if last = err; err != nil {
				continue
			}
			if got += d.Identifier; d.Identifier == c.stop {
				break
			}
		}
		if got != c.want || !errors.Is(last, c.err) {
			t.Errorf("%s: %q, %v", name, got, last)
		}
	}
	if ended != 3 {
		t.Errorf("%d walks ended", ended)
	}
}

func TestSorter(t *testing.T) {
	t.Parallel()
	type entry struct{ at, id int }
	var got []int
	s := Sorter[entry]{Coarse: func(a, b entry) int { return cmp.Compare(a.at, b.at) }, Fine: func(a, b entry) int { return cmp.Compare(a.id, b.id) },
		Visit: func(e entry) error { got = append(got, e.id); return nil }}
	for _, e := range []entry{{1, 2}, {1, 1}, {2, 9}, {2, 3}, {2, 5}, {3, 4}} {
		if err := s.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if held, ok := s.Held(); !ok || held.at != 3 || !slices.Equal(got, []int{1, 2, 3, 5, 9}) {
		t.Errorf("%v, held %v", got, held)
	}
	if err := s.Add(entry{2, 8}); !errors.Is(err, ErrOrder) {
		t.Errorf("an entry too late: %v", err)
	}
	s.Drop()
	if err := errors.Join(s.Add(entry{3, 7}), s.Add(entry{3, 6}), s.Flush()); err != nil || !slices.Equal(got, []int{1, 2, 3, 5, 9, 6, 7}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, ok := s.Held(); ok {
		t.Error("something is held after the end")
	}
}
