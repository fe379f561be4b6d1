package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/postgres"
	testserver "github.com/sluicehq/sluice/internal/testserver/postgres"
)

// kilobyte is a text of about 1 kB.
var kilobyte = strings.Repeat("The keeper opened the gate in the morning and closed it again at night.\n\n", 14)

// BenchmarkFiles measures a job over texts of 1 kB that are uploaded already: partition fast in child processes, all
// outputs kept, every commit forced to disk.
func BenchmarkFiles(b *testing.B) {
	benchmarkFiles(b, newBench(b, func(s *setup) { s.parser = newPool(b, child.Config{}) }))
}

// BenchmarkFilesPostgres is the same with the rows and the queue in PostgreSQL on this machine, every commit forced to disk.
func BenchmarkFilesPostgres(b *testing.B) {
	server := testserver.Start(b, testserver.Durable...)
	benchmarkFiles(b, newBench(b, func(s *setup) {
		s.parser = newPool(b, child.Config{})
		s.store = func(unused store.Store) store.Store {
			must(b, unused.Close())
			db, err := postgres.Open(b.Context(), postgres.Options{URL: server.Empty(b)})
			must(b, err)
			return db
		}
	}))
}

func benchmarkFiles(b *testing.B, e *bench) {
	const files = 3000
	e.end(e.upload(nodes(b), "warm.txt", kilobyte).ID)
	var total time.Duration
	n := 0
	for b.Loop() {
		u := e.e.NewUploads(e.workspace, false)
		for i := range files {
			must(b, u.Add(b.Context(), fmt.Sprintf("%d.txt", i), "", strings.NewReader(kilobyte)))
		}
		w := e.flow(func(*store.Workflow) {})
		start := time.Now()
		j, err := e.e.RunWorkflow(b.Context(), e.workspace, w.ID, u)
		must(b, err)
		if j = e.end(j.ID); j.Done != files {
			b.Fatalf("%+v", j)
		}
		total += time.Since(start)
		n += files
		u.Discard(b.Context())
	}
	b.ReportMetric(float64(n)/total.Seconds(), "files/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkOnDemand measures an on-demand job of one small text from create to COMPLETED, polled each 10 ms.
func BenchmarkOnDemand(b *testing.B) {
	e := newBench(b, func(s *setup) { s.parser = newPool(b, child.Config{}) })
	median(b, e, 50)
}

// BenchmarkOnDemandBeside is the same while a job over 50,000 files runs.
func BenchmarkOnDemandBeside(b *testing.B) {
	e := newBench(b, func(s *setup) { s.parser = newPool(b, child.Config{}) })
	dir := filepath.Join(e.open, "many")
	must(b, os.MkdirAll(dir, 0o755))
	for i := range 50_000 {
		must(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.txt", i)), []byte(kilobyte), 0o644))
	}
	source := e.connector(store.SideSource, "local", map[string]any{"path": dir})
	w := e.flow(func(w *store.Workflow) { w.Sources = []string{source} })
	j, err := e.e.RunWorkflow(b.Context(), e.workspace, w.ID, nil)
	must(b, err)
	e.eventually("the large job is at work", func() bool { return e.job(j.ID).Done > 500 })
	median(b, e, 30)
	if now := e.job(j.ID); now.Status != store.InProgress {
		b.Fatalf("the large job ended first: %+v", now)
	}
	_, err = e.e.Cancel(b.Context(), e.workspace, j.ID)
	must(b, err)
}

func median(b *testing.B, e *bench, times int) {
	e.end(e.upload(nodes(b), "warm.txt", memo).ID)
	var took []time.Duration
	for b.Loop() {
		for range times {
			start := time.Now()
			j := e.upload(nodes(b), "a.txt", memo)
			for j.Status == store.Scheduled || j.Status == store.InProgress {
				time.Sleep(10 * time.Millisecond)
				j = e.job(j.ID)
			}
			if j.Status != store.Completed {
				b.Fatalf("%+v", j)
			}
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPlan lists a folder of 200,000 files into rows and reports the growth of the heap while it does. No file is
// worked on: the one worker lists.
func BenchmarkPlan(b *testing.B) {
	const files = 200_000
	p := newSlow()
	e := newBench(b, func(s *setup) { s.parser, s.config = p, engine.Config{Workers: 2} })
	dir := filepath.Join(e.open, "many")
	must(b, os.MkdirAll(dir, 0o755))
	for i := range files {
		must(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.txt", i)), nil, 0o644))
	}
	source := e.connector(store.SideSource, "local", map[string]any{"path": dir})
	for b.Loop() {
		w := e.flow(func(w *store.Workflow) { w.Sources = []string{source} })
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		before := m.HeapAlloc
		var peak atomic.Uint64
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak.Store(max(peak.Load(), m.HeapAlloc))
				}
			}
		}()
		start := time.Now()
		j, err := e.e.RunWorkflow(b.Context(), e.workspace, w.ID, nil)
		must(b, err)
		e.eventually("all is listed", func() bool { j = e.job(j.ID); return j.Planned })
		took := time.Since(start)
		close(stop)
		if j.Total != files {
			b.Fatalf("%+v", j)
		}
		b.ReportMetric(files/took.Seconds(), "rows/s")
		b.ReportMetric(float64(max(peak.Load(), before)-before)/(1<<20), "MB-heap-growth")
		b.ReportMetric(0, "ns/op")
		_, err = e.e.Cancel(b.Context(), e.workspace, j.ID)
		must(b, err)
	}
	close(p.leave)
}
