package format

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/budget"
)

func TestPages(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]int{
		"1": {0}, "1-3": {0, 1, 2}, "9, 1-2": {0, 1, 8}, "8-": {7, 8, 9}, "-2": {0, 1}, "2-4,3-5": {1, 2, 3, 4}, "9-200": {8, 9}, " 2 - 3 ": {1, 2},
	} {
		pages, err := ParsePages(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got, err := pages.Of(10); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", s, got, err, want)
		}
	}
	for s, want := range map[string]string{
		"": "names no pages", "-": "names no pages", "1,,2": "names no pages", "a": "names no pages", "1-b": "names no pages", "0": "from 1", "0-3": "from 1", "2-0": "from 1", "5-3": "before it begins", "1-2-3": "names no pages",
		"1.5": "names no pages", "99999999999999999999": "names no pages", strings.Repeat("1,", 1001) + "1": "more than",
	} {
		if _, err := ParsePages(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", s, err, want)
		}
	}
	if all, err := Pages(nil).Of(3); err != nil || len(all) != 3 {
		t.Errorf("all: %v %v", all, err)
	}
	var failed *budget.Error
	if _, err := (Pages{{5, 5}}).Of(3); !errors.As(err, &failed) || !strings.Contains(failed.Message, "has 3") {
		t.Errorf("beyond the end: %v", err)
	}
	if _, err := (Options{MaxPages: 2}).Select(3); !errors.As(err, &failed) || failed.Outcome != budget.TooLarge || !strings.Contains(failed.Message, "pages=3, maximum=2") {
		t.Errorf("too many: %v", err)
	}
	if got, err := (Options{MaxPages: 2, Pages: Pages{{2, 3}}}).Select(3); err != nil || !slices.Equal(got, []int{1, 2}) {
		t.Errorf("a part: %v %v", got, err)
	}
}
