package embed

import (
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/cputime"
	"github.com/sluicehq/sluice/model"
)

// BenchmarkLocal gives 5,000 different chunks of 500 characters their vectors by the embedder inside the program, as two files at
// a time do it. The second figure counts the processors' time, garbage collection among it.
func BenchmarkLocal(b *testing.B) {
	m, err := model.New(model.Config{Provider: model.Local}, model.Vector)
	if err != nil {
		b.Fatal(err)
	}
	stock := strings.Fields(`the of and to in is for that on with as by at from an be this are which or was not it river level bridge harbour
		committee budget approved costs building report pressure pump valve maintenance inspection season storm water mill crown payment invoice
		quarterly revenue contract supplier delivery warehouse temperature measurement laboratory sample protein method result patient treatment
		12 2024 47.5 ISO-9001 Huberlein Kranich ZX-4711 international organisation responsibility unfortunately manufacturing`)
	r := rand.New(rand.NewPCG(1, 2))
	chunks := make([]element.Element, 5000)
	for i := range chunks {
		var text strings.Builder
		for text.Len() < 500 {
			text.WriteString(stock[r.IntN(len(stock))])
			text.WriteString([]string{" ", " ", " ", ", ", ". "}[r.IntN(5)])
		}
		chunks[i] = element.Element{Type: element.CompositeElement, Text: text.String()[:500]}
	}
	embed := func(chunks []element.Element) {
		var in iter.Seq2[element.Element, error] = func(yield func(element.Element, error) bool) {
			for _, e := range chunks {
				if !yield(e, nil) {
					return
				}
			}
		}
		for e, err := range Elements(b.Context(), in, m, 0, nil) {
			if err != nil || len(e.Embeddings) == 0 {
				b.Errorf("%v: %d numbers", err, len(e.Embeddings))
			}
		}
	}
	embed(chunks[:1]) // the table is read at its first use
	before := cputime.Own(b)
	for b.Loop() {
		var files sync.WaitGroup
		half := len(chunks) / 2
		files.Go(func() { embed(chunks[:half]) })
		files.Go(func() { embed(chunks[half:]) })
		files.Wait()
	}
	used := cputime.Own(b) - before
	all := float64(len(chunks) * b.N)
	b.ReportMetric(all/b.Elapsed().Seconds(), "chunks/s")
	b.ReportMetric(all/used.Seconds(), "chunks/cpu-s")
}
