package element

import (
	"strconv"
	"testing"
)

func TestBuffer(t *testing.T) {
	t.Parallel()
	for _, pieces := range [][]int{{}, {0}, {1}, {3, 4093, 1}, {4096}, {4097}, {10_000, 1, 0, 9_000}} {
		var b Buffer
		n := 0
		for _, piece := range pieces {
			var list []Element
			for range piece {
				list = append(list, Element{Text: strconv.Itoa(n)})
				n++
			}
			b.Append(list...)
		}
		got := b.Elements()
		if len(got) != n || n == 0 && got != nil || b.Elements() != nil {
			t.Fatalf("%v: %d elements, want %d", pieces, len(got), n)
		}
		for i, e := range got {
			if e.Text != strconv.Itoa(i) {
				t.Fatalf("%v: %s at %d", pieces, e.Text, i)
			}
		}
	}
}
