package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

// Benchmark measures what the service stands on: files a second through claim and end with a handler that does nothing
// else, backlog rows a second, and the time from a commit to the work on it.
func Benchmark(b *testing.B, open Opener) {
	b.Run("Files", func(b *testing.B) { benchFiles(b, open) })
	b.Run("AddFiles", func(b *testing.B) { benchAddFiles(b, open) })
	b.Run("Latency", func(b *testing.B) { benchLatency(b, open) })
}

// passThrough is a handler that claims and ends, and tells when a job has finished.
func passThrough(e *env, window int, finished chan<- string) store.Handler {
	return func(ctx context.Context, t store.Task) error {
		switch t.Kind {
		case store.TaskFile:
			var f store.File
			var j store.Job
			err := e.InTx(ctx, func(tx store.Tx) (err error) {
				j, f, err = tx.ClaimFile(ctx, t.Workspace, t.Job, t.File, "n1")
				return err
			})
			if err == nil {
				err = e.InTx(ctx, func(tx store.Tx) error {
					r := store.NodeRun{NodeID: j.Nodes[0].ID, InputHash: "a", OutputHash: "b", Blob: "c", Started: time.Now(), Ended: time.Now()}
					return tx.EndFile(ctx, f, store.FileEnd{Done: len(j.Nodes), Pages: 1}, &r, window)
				})
			}
			if errors.Is(err, store.ErrGone) {
				return nil
			}
			return err
		case store.TaskFinish:
			err := e.InTx(ctx, func(tx store.Tx) error {
				_, err := tx.FinishJob(ctx, t.Workspace, t.Job, time.Now())
				return err
			})
			if errors.Is(err, store.ErrGone) {
				return nil
			}
			if err == nil {
				finished <- t.Job
			}
			return err
		}
		return nil
	}
}

// start runs Work until the benchmark or test ends.
func (e *env) start(o store.WorkOptions, h store.Handler) (stop func()) {
	ctx, cancel := context.WithCancel(e.ctx)
	done := make(chan error, 1)
	go func() { done <- e.Work(ctx, o, h) }()
	var once atomic.Bool
	stop = func() {
		if !once.CompareAndSwap(false, true) {
			return
		}
		cancel()
		if err := <-done; err != nil {
			e.Errorf("Work: %v", err)
		}
	}
	e.Cleanup(stop)
	return stop
}

func benchFiles(b *testing.B, open Opener) {
	const workers, window = 4, 16
	e := setup(b, open)
	finished := make(chan string, 1)
	j := e.job(jobSpec{files: b.N})
	e.start(store.WorkOptions{Node: "n1", Bulk: workers, Demand: workers, Grace: time.Second}, passThrough(e, window, finished))
	b.ResetTimer()
	e.tx(func(tx store.Tx) error {
		_, err := tx.TopUp(e.ctx, e.ws, j.ID, window)
		return err
	})
	<-finished
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

func benchAddFiles(b *testing.B, open Opener) {
	e := setup(b, open)
	j := e.job(jobSpec{})
	const batch = 500
	b.ResetTimer()
	for i := range b.N {
		rows := files("", i*batch, batch)
		e.tx(func(tx store.Tx) error {
			_, err := tx.AddFiles(e.ctx, e.ws, j.ID, rows, "", "")
			return err
		})
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "rows/s")
}

// benchLatency is one on-demand job of one file at a time: two hops from the commit that creates it to its end.
func benchLatency(b *testing.B, open Opener) {
	e := setup(b, open)
	finished := make(chan string, 1)
	e.start(store.WorkOptions{Node: "n1", Bulk: 2, Demand: 2, Grace: time.Second}, passThrough(e, 8, finished))
	warm := e.job(jobSpec{onDemand: true, files: 1})
	run := func(j store.Job) {
		e.tx(func(tx store.Tx) error {
			return tx.StartOnDemand(e.ctx, e.ws, 0, 8)
		})
		<-finished
	}
	run(warm)
	b.ResetTimer()
	for range b.N {
		run(e.job(jobSpec{onDemand: true, files: 1}))
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/job")
}
