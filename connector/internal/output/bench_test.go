package output

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/element"
)

// BenchmarkWrite writes elements of 300 characters with 384 dimensions.
func BenchmarkWrite(b *testing.B) {
	e := element.Element{Type: element.NarrativeText, ID: "1", Text: strings.Repeat("text ", 60), Embeddings: make([]float32, 384)}
	for i := range e.Embeddings {
		e.Embeddings[i] = 1 / float32(i+3)
	}
	n := 0
	for b.Loop() {
		if err := Write(context.Background(), io.Discard, stream(nil, e, e, e, e, e, e, e, e, e, e)); err != nil {
			b.Fatal(err)
		}
		n += 10
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "elements/s")
}
