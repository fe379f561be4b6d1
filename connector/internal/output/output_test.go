package output

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/sluicehq/sluice/element"
)

func stream(err error, elements ...element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(element.Element{}, err)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a := element.Element{Type: element.Title, ID: "1", Text: "Zoë <b> & 世界"}
	var b bytes.Buffer
	if err := Write(ctx, &b, stream(nil, a, a)); err != nil {
		t.Fatal(err)
	}
	one := `  {
    "type": "Title",
    "element_id": "1",
    "text": "Zoë <b> & 世界",
    "metadata": {}
  }`
	if want := "[\n" + one + ",\n" + one + "\n]"; b.String() != want {
		t.Errorf("wrote\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := Write(ctx, &b, stream(nil)); err != nil || b.String() != "[]" {
		t.Errorf("no elements: %q, %v", b.String(), err)
	}
	var failed *StreamError
	broken := errors.New("broken")
	if err := Write(ctx, &b, stream(broken, a)); !errors.As(err, &failed) || !errors.Is(err, broken) {
		t.Errorf("a stream that breaks: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := Write(ended, &b, stream(nil, a)); !errors.As(err, &failed) || !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
	if err := Write(ctx, full{}, stream(nil, a)); !errors.Is(err, errFull) || errors.As(err, &failed) {
		t.Errorf("a writer that is full: %v", err)
	}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }
