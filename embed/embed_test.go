package embed_test

import (
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/embed"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/model/modeltest"
)

func stream(n int, fail error) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for i := range n {
			e := element.Element{Type: element.CompositeElement, Text: fmt.Sprint("chunk ", i)}
			if i%10 == 3 {
				e = element.Element{Type: element.PageBreak}
			}
			if !yield(e, nil) {
				return
			}
		}
		if fail != nil {
			yield(element.Element{}, fail)
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	c, err := model.New(s.Config(), model.Vector)
	if err != nil {
		t.Fatal(err)
	}
	var report embed.Report
	n := 0
	for e, err := range embed.Elements(t.Context(), stream(1200, nil), c, 9, &report) {
		if err != nil {
			t.Fatal(err)
		}
		switch want := modeltest.Vector(e.Text, 1536); {
		case e.Text == "":
			if e.Embeddings != nil {
				t.Error("an element without text has a vector")
			}
		case e.Text != fmt.Sprint("chunk ", n) || len(e.Embeddings) != 1536 || e.Embeddings[7] != want[7]:
			t.Fatalf("element %d: %q with a vector of %d", n, e.Text, len(e.Embeddings))
		}
		n++
	}
	if n != 1200 || report.Usage.Input != 3*1080 || report.Long != 180 { // "chunk 1000" and above are longer than nine characters
		t.Errorf("%d elements, %+v", n, report)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	c, err := model.New(s.Config(), model.Vector)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	var last error
	for _, err := range embed.Elements(t.Context(), stream(5, broken), c, 0, nil) {
		last = err
	}
	if !errors.Is(last, broken) {
		t.Errorf("got %v", last)
	}
	s.Fail(modeltest.Fault{Status: 400})
	for _, err := range embed.Elements(t.Context(), stream(5, nil), c, 0, nil) {
		last = err
	}
	var e *model.Error
	if !errors.As(last, &e) || e.Kind != model.BadRequest {
		t.Errorf("got %v", last)
	}
}
