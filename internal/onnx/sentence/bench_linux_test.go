package sentence_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/internal/cputime"
	"github.com/sluicehq/sluice/internal/models"
	"github.com/sluicehq/sluice/internal/models/modelstest"
	"github.com/sluicehq/sluice/internal/onnx"
	"github.com/sluicehq/sluice/internal/onnx/sentence"
)

// The network alone over prepared batches, and embedding by the process as a node does it: the same texts in one run. The second
// figure counts the processors' time, the start of the process among it.
func BenchmarkMiniLM(b *testing.B) {
	m := modelstest.MiniLM(b)
	files, err := m.Files()
	if err != nil {
		b.Fatal(err)
	}
	r, err := onnx.Open(files.Library)
	if err != nil {
		b.Fatal(err)
	}
	e, err := sentence.New(r, files.Network, "output_0")
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	var texts []string
	for i := range 192 {
		texts = append(texts, strings.Repeat(fmt.Sprintf("Sentence %d says what a chunk of a document says. ", i), 2+i%9))
	}
	b.Run("network", func(b *testing.B) {
		batches := sentence.Batches(texts)
		start := cputime.All(b)
		for b.Loop() {
			var next atomic.Int64
			var group sync.WaitGroup
			for range runtime.GOMAXPROCS(0) {
				group.Go(func() {
					for i := next.Add(1) - 1; int(i) < len(batches); i = next.Add(1) - 1 {
						if _, _, err := e.Run(batches[len(batches)-1-int(i)]); err != nil {
							b.Error(err)
						}
					}
				})
			}
			group.Wait()
		}
		b.ReportMetric(float64(len(texts)*b.N)/(cputime.All(b)-start).Seconds(), "texts/cpu-s")
		b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "texts/s")
	})
	b.Run("process", func(b *testing.B) {
		p, err := models.Open(m)
		if err != nil {
			b.Fatal(err)
		}
		start := cputime.All(b)
		for b.Loop() {
			for at := 0; at < len(texts); at += 96 { // as a client cuts them
				if _, err := p.Embed(b.Context(), texts[at:at+96]); err != nil {
					b.Fatal(err)
				}
			}
		}
		p.Close() // its time counts from its end on
		b.ReportMetric(float64(len(texts)*b.N)/(cputime.All(b)-start).Seconds(), "texts/cpu-s")
		b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "texts/s")
	})
}
