package sentence_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/internal/models"
	"github.com/sluicehq/sluice/internal/models/modelstest"
	"github.com/sluicehq/sluice/internal/onnx"
	"github.com/sluicehq/sluice/internal/onnx/sentence"
)

// A batch holds each text once, padded with zeros that do not count, and is bounded.
func TestBatches(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 200 {
		texts = append(texts, strings.Repeat("word ", i*2))
	}
	rows := 0
	for _, b := range sentence.Batches(texts) {
		rows += b.Rows
		if len(b.IDs) != b.Rows*b.Columns || len(b.Mask) != len(b.IDs) || b.Columns > 256 || b.Rows > 32 || b.Rows > 1 && len(b.IDs) > 4096 {
			t.Errorf("a batch of %d x %d", b.Rows, b.Columns)
		}
		for row := range b.Rows {
			ids, mask := b.IDs[row*b.Columns:(row+1)*b.Columns], b.Mask[row*b.Columns:(row+1)*b.Columns]
			n := 0
			for i, m := range mask {
				n += int(m)
				if m == 0 && ids[i] != 0 {
					t.Errorf("a token that does not count")
				}
			}
			if n < 2 || ids[0] != 101 || ids[n-1] != 102 {
				t.Errorf("a row of %d tokens: %v", n, ids)
			}
		}
	}
	if rows != len(texts) {
		t.Errorf("%d rows", rows)
	}
}

// The network alone over prepared batches, and embedding by the process as a node does it: the same texts in one run.
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
		b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "texts/s")
	})
	b.Run("process", func(b *testing.B) {
		p, err := models.Open(m)
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		for b.Loop() {
			for at := 0; at < len(texts); at += 96 { // as a client cuts them
				if _, err := p.Embed(b.Context(), texts[at:at+96]); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "texts/s")
	})
}
