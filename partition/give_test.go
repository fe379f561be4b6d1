package partition

import (
	"errors"
	"testing"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
)

// A parser that panics while its elements are taken ends the stream with an error, behind those that it has given. What the caller panics
// with goes on to the caller.
func TestGive(t *testing.T) {
	t.Parallel()
	broken := func(yield func(element.Element) bool) {
		if yield(element.Element{Text: "first"}) {
			panic("no glyphs")
		}
	}
	var texts []string
	var failed *budget.Error
	stream := func(yield func(element.Element, error) bool) { give(broken, yield) }
	for e, err := range stream {
		if err == nil {
			texts = append(texts, e.Text)
		} else if !errors.As(err, &failed) {
			t.Error(err)
		}
	}
	if len(texts) != 1 || failed == nil || failed.Outcome != budget.Crashed {
		t.Errorf("%q, %v", texts, failed)
	}
	defer func() {
		if v := recover(); v != "the caller" {
			t.Errorf("recovered %v", v)
		}
	}()
	give(broken, func(element.Element, error) bool { panic("the caller") })
}
