package vector

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestByPrefix lists keys of a store that gives a few at once.
func TestByPrefix(t *testing.T) {
	t.Parallel()
	const most = 3
	var all []string
	for range 400 {
		all = append(all, uuid.NewString())
	}
	all = append(all, "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000003", "00000000-0000-0000-0000-00000000000f")
	list := func(prefix string) (keys []string, more bool, err error) {
		for _, key := range all {
			if strings.HasPrefix(key, prefix) && len(keys) < most {
				keys = append(keys, key)
			}
		}
		return keys, len(keys) == most, nil
	}
	var got []string
	for key, err := range ByPrefix(list) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, key)
	}
	slices.Sort(all)
	slices.Sort(got)
	if !slices.Equal(got, all) {
		t.Errorf("listed %d of %d keys", len(got), len(all))
	}
	for range ByPrefix(list) {
		break // must not go on
	}
	broken := errors.New("broken")
	for _, err := range ByPrefix(func(string) ([]string, bool, error) { return nil, false, broken }) {
		if !errors.Is(err, broken) {
			t.Error(err)
		}
	}
}
