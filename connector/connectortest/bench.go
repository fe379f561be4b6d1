package connectortest

import (
	"context"
	"fmt"
	"testing"

	"github.com/sluicehq/sluice/connector"
)

// BenchIndex lists a source again and again and reports documents a second.
func BenchIndex(b *testing.B, source connector.Source) {
	n := 0
	for b.Loop() {
		for _, err := range source.Index(context.Background(), "") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "documents/s")
}

// BenchReplace writes new documents of so many elements, each with an embedding of so many dimensions, one document
// after another, and reports elements a second.
func BenchReplace(b *testing.B, destination connector.Destination, elements, dimensions int) {
	n := 0
	for b.Loop() {
		b.StopTimer()
		doc := documentAt(fmt.Sprintf("bench/%d.pdf", n))
		set := elementsOf(doc, "first", elements, true)
		for i := range set {
			set[i].Embeddings = Embedding(byte(i), dimensions)
		}
		b.StartTimer()
		if err := destination.Replace(context.Background(), doc, Stream(set)); err != nil {
			b.Fatal(err)
		}
		n += elements
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "elements/s")
}
