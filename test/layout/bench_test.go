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
	"github.com/sluicehq/sluice/partition"
)

// BenchmarkRead reads the documents in testdata, file to elements, as many at a time as there are processors.
func BenchmarkRead(b *testing.B) {
	for _, strategy := range []string{"fast", "auto", "hi_res"} {
		b.Run(strategy, func(b *testing.B) {
			read := func(name string) (pages int, err error) {
				f, err := os.Open(filepath.Join("testdata", name+".pdf"))
				if err != nil {
					return 0, err
				}
				defer f.Close()
				info, err := f.Stat()
				if err != nil {
					return 0, err
				}
				for e, err := range partition.Partition(context.Background(), document.NewFile(name+".pdf", "", info.Size(), f), partition.Options{Strategy: strategy}) {
					if err != nil {
						return 0, fmt.Errorf("%s: %w", name, err)
					}
					if n := e.Metadata.PageNumber; n != nil {
						pages = max(pages, *n)
					}
				}
				return pages, nil
			}
			all := func() int {
				var group sync.WaitGroup
				room := make(chan struct{}, runtime.GOMAXPROCS(0))
				counts := make([]int, len(kept))
				for i, name := range kept {
					room <- struct{}{}
					group.Go(func() {
						defer func() { <-room }()
						var err error
						if counts[i], err = read(name); err != nil {
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
			pages := all() // starts the engine
			b.ResetTimer()
			for b.Loop() {
				all()
			}
			b.ReportMetric(float64(pages*b.N)/b.Elapsed().Seconds(), "pages/s")
			b.ReportMetric(float64(pages), "pages")
		})
	}
}
