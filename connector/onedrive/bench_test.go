package onedrive

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/graph"
)

// BenchmarkSlow reads 2,000 files, eight at once, of a service that takes 200 ms for every call, from the first call to the last
// byte. It reports how many times the ideal that took: one call a file, eight calls at a time.
func BenchmarkSlow(b *testing.B) {
	const (
		files   = 2000
		atOnce  = 8
		latency = 200 * time.Millisecond
	)
	for name, folder := range map[string]string{"drive": "", "folder": "Reports/2026/"} {
		b.Run(name, func(b *testing.B) {
			s := server.Start(b)
			s.Page = 1000
			p := newPlace(s, folder)
			for i := range files {
				p.drive.Put(fmt.Sprintf("%sdepartment %d/%04d.txt", folder, i%5, i), "some text")
			}
			s.Wait = latency
			ideal := time.Duration(files/atOnce) * latency
			for b.Loop() {
				began := time.Now()
				read(b, p, atOnce, files)
				b.ReportMetric(float64(time.Since(began))/float64(ideal), "x-ideal")
			}
		})
	}
}

// read lists a source and reads its files while the listing goes on.
func read(b *testing.B, p *testPlace, atOnce, files int) {
	b.Helper()
	source := connectortest.OpenSource(b, Type, p.source(), connector.Env{HTTP: p.server.Client()})
	open := make(chan document.Document, files) // the engine keeps its backlog in rows
	var work sync.WaitGroup
	for range atOnce {
		work.Go(func() {
			for d := range open {
				f, err := source.Fetch(b.Context(), d)
				if err != nil {
					b.Error(err)
					return
				}
				f.Close()
			}
		})
	}
	n := 0
	for d, err := range source.Index(b.Context(), "") {
		if err != nil {
			b.Fatal(err)
		}
		open <- d
		n++
	}
	close(open)
	work.Wait()
	if n != files {
		b.Errorf("listed %d", n)
	}
}
