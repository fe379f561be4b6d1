package engine_test

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
)

// fullFor is a store of blobs that has no room for a number of writes.
type fullFor struct {
	blob.Store
	left atomic.Int64
}

func (f *fullFor) Put(ctx context.Context, key string, r io.Reader) (int64, string, error) {
	if !strings.HasSuffix(key, "/input") && f.left.Add(-1) >= 0 {
		_, _ = io.Copy(io.Discard, r)
		return 0, "", blob.ErrFull
	}
	return f.Store.Put(ctx, key, r)
}

func TestFullDiskWaitsForRoom(t *testing.T) {
	t.Parallel()
	full := &fullFor{}
	full.left.Store(3)
	b := newBench(t, func(s *setup) {
		s.blobs = func(inner blob.Store) blob.Store { full.Store = inner; return full }
	})
	j := b.end(b.upload(nodes(t), "a.txt", memo, "b.txt", memo).ID)
	if j.Status != store.Completed || j.Done != 2 || full.left.Load() >= 0 {
		t.Errorf("%+v, %d refusals left", j, full.left.Load())
	}
	b.statsAddUp(j.ID)
}

// fullAt is a store of rows that has no room for one step of a job, a number of times, and for handing work back: as long
// as that is refused the step is refused too.
type fullAt struct {
	store.Store
	step            string
	mu              sync.Mutex
	times, releases int
}

func (f *fullAt) InTx(ctx context.Context, fn func(store.Tx) error) error {
	return f.Store.InTx(ctx, func(tx store.Tx) error { return fn(&fullTx{tx, f}) })
}

func (f *fullAt) room(step string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case step == "Release" && f.releases > 0:
		f.releases--
	case step == f.step && f.times > 0:
		f.times--
	case step == f.step && f.releases > 0:
	default:
		return nil
	}
	return store.ErrFull
}

func (f *fullAt) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.times + f.releases
}

type fullTx struct {
	store.Tx
	full *fullAt
}

func (t *fullTx) AddFiles(ctx context.Context, workspace, job string, files []store.File, plan, cursor string) (int, error) {
	if err := t.full.room("AddFiles"); plan != "" && err != nil {
		return 0, err
	}
	return t.Tx.AddFiles(ctx, workspace, job, files, plan, cursor)
}

func (t *fullTx) ClaimPlan(ctx context.Context, workspace, job, plan, node string) (store.Job, store.Plan, error) {
	if err := t.full.room("ClaimPlan"); err != nil {
		return store.Job{}, store.Plan{}, err
	}
	return t.Tx.ClaimPlan(ctx, workspace, job, plan, node)
}

func (t *fullTx) EndPlan(ctx context.Context, workspace, job string, p store.Plan, reason string) error {
	if err := t.full.room("EndPlan"); err != nil {
		return err
	}
	return t.Tx.EndPlan(ctx, workspace, job, p, reason)
}

func (t *fullTx) ClaimFile(ctx context.Context, workspace, job, file, node string) (store.Job, store.File, error) {
	if err := t.full.room("ClaimFile"); err != nil {
		return store.Job{}, store.File{}, err
	}
	return t.Tx.ClaimFile(ctx, workspace, job, file, node)
}

func (t *fullTx) SaveNodeRun(ctx context.Context, f store.File, r store.NodeRun) error {
	if err := t.full.room("SaveNodeRun"); err != nil {
		return err
	}
	return t.Tx.SaveNodeRun(ctx, f, r)
}

func (t *fullTx) EndFile(ctx context.Context, f store.File, end store.FileEnd, r *store.NodeRun, window int) error {
	if err := t.full.room("EndFile"); err != nil {
		return err
	}
	return t.Tx.EndFile(ctx, f, end, r, window)
}

func (t *fullTx) ClaimWrite(ctx context.Context, workspace, job, file, destination, node string) (store.Job, store.File, store.Write, error) {
	if err := t.full.room("ClaimWrite"); err != nil {
		return store.Job{}, store.File{}, store.Write{}, err
	}
	return t.Tx.ClaimWrite(ctx, workspace, job, file, destination, node)
}

func (t *fullTx) EndWrite(ctx context.Context, f store.File, w store.Write, reason string, window int) error {
	if err := t.full.room("EndWrite"); err != nil {
		return err
	}
	return t.Tx.EndWrite(ctx, f, w, reason, window)
}

func (t *fullTx) FinishJob(ctx context.Context, workspace, job string, at time.Time) (store.Job, error) {
	if err := t.full.room("FinishJob"); err != nil {
		return store.Job{}, err
	}
	return t.Tx.FinishJob(ctx, workspace, job, at)
}

func (t *fullTx) Release(ctx context.Context, task store.Task, attempt int) error {
	if err := t.full.room("Release"); err != nil {
		return err
	}
	return t.Tx.Release(ctx, task, attempt)
}

// TestFullDatabaseWaitsForRoom refuses each step of a job once. For each kind of claim the database cannot even take it back
// for a while, as many times as work may be claimed without progress: those are no deaths of a worker.
func TestFullDatabaseWaitsForRoom(t *testing.T) {
	t.Parallel()
	type refusal struct {
		step     string
		releases int
	}
	var all []refusal
	for _, step := range []string{"ClaimPlan", "EndPlan", "ClaimFile", "EndFile", "ClaimWrite", "FinishJob"} {
		all = append(all, refusal{step, 0})
	}
	for _, step := range []string{"AddFiles", "SaveNodeRun", "EndWrite"} { // of a plan, a file and a write
		all = append(all, refusal{step, 3})
	}
	for _, r := range all {
		name := r.step
		if r.releases > 0 {
			name += " and Release"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			full := &fullAt{step: r.step, times: 1, releases: r.releases}
			b := newBench(t, func(s *setup) {
				s.config = engine.Config{Workers: 1}
				s.store = func(inner store.Store) store.Store { full.Store = inner; return full }
			})
			_, out, source, destination := b.folders("a.txt") // it alone meets all refusals
			j := b.run(b.flow(func(w *store.Workflow) {
				w.Sources, w.Destinations, w.Nodes = []string{source}, []string{destination}, nodes(t, "chunk_by_title")
			}))
			if j.Status != store.Completed || j.Processing != store.ProcessingSuccess || j.Done != 1 || j.Total != 1 {
				t.Errorf("%+v", j)
				for _, f := range b.files(j.ID) {
					t.Logf("%s: %s %s", f.Name, f.State, f.Error)
				}
			}
			if left := full.left(); left != 0 {
				t.Errorf("%d refusals were not met", left)
			}
			written, err := os.ReadDir(out)
			must(t, err)
			if len(written) != 1 {
				t.Errorf("%d files written, want 1", len(written))
			}
			b.statsAddUp(j.ID)
		})
	}
}
