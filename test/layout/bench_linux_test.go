package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/cputime"
	"github.com/sluicehq/sluice/partition"
)

// BenchmarkRead reads the documents in testdata, file to elements, as many at a time as there are processors. pages/cpu-s counts the processor
// time of the process and of what it starts, so that other work on the machine changes it little: times the number of processors
// it is what pages/s would be on a machine at rest. hi_res is measured with the recognition of pictures, and without.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name    string
		options partition.Options
	}{
		{"fast", partition.Options{Strategy: "fast"}},
		{"auto", partition.Options{Strategy: "auto"}},
		{"hi_res", partition.Options{Strategy: "hi_res"}},
		{"hi_res-no-ocr", partition.Options{Strategy: "hi_res", OCR: blind{}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			pages := readAll(b, c.options) // starts the engine
			b.ResetTimer()
			before := cputime.All(b)
			for b.Loop() {
				readAll(b, c.options)
			}
			b.ReportMetric(float64(pages*b.N)/b.Elapsed().Seconds(), "pages/s")
			b.ReportMetric(float64(pages*b.N)/(cputime.All(b)-before).Seconds(), "pages/cpu-s")
			b.ReportMetric(float64(pages), "pages")
		})
	}
}

// readAll reads all documents and returns their pages.
func readAll(b *testing.B, o partition.Options) int {
	b.Helper()
	var group sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	counts := make([]int, len(kept))
	for i, name := range kept {
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			var err error
			if counts[i], err = readPages(b.Context(), name, o); err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

func readPages(ctx context.Context, name string, o partition.Options) (pages int, err error) {
	f, err := os.Open(filepath.Join("testdata", name+".pdf"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	for e, err := range partition.Partition(ctx, document.NewFile(name+".pdf", "", info.Size(), f), o) {
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		if n := e.Metadata.PageNumber; n != nil {
			pages = max(pages, *n)
		}
	}
	return pages, nil
}
