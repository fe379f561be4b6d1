package engine_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
)

// queue is a source that keeps its readers' position: documents 0 to n-1, of which those named in broken cannot be fetched.
type queue struct {
	mu      sync.Mutex
	n       int
	broken  map[int]bool
	commit  func(opened int, upTo connector.Cursor) error
	opened  int
	commits []string // opening and cursor of each call that did not fail
}

// queues are those of the tests by the name in their config.
var queues sync.Map

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: "test-queue", NewSource: func(config map[string]any, _ connector.Env) (connector.Source, error) {
		name, _ := config["name"].(string)
		q, _ := queues.Load(name)
		shared := q.(*queue)
		shared.mu.Lock()
		defer shared.mu.Unlock()
		shared.opened++
		return &reader{queue: shared, number: shared.opened}, nil
	}})
}

// reader is one opening of a queue.
type reader struct {
	*queue
	number int
}

var _ connector.Committer = (*reader)(nil)

func (r *reader) Check(context.Context) error { return nil }
func (r *reader) Close() error                { return nil }

func (r *reader) Index(_ context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		first := 0
		if from != "" {
			_, _ = fmt.Sscan(string(from), &first)
		}
		for i := first; i < r.n; i++ {
			id := fmt.Sprint(i)
			if !yield(document.Document{Identifier: id, Name: id + ".txt", Cursor: fmt.Sprint(i + 1)}, nil) {
				return
			}
		}
	}
}

func (r *reader) Fetch(_ context.Context, d document.Document) (document.File, error) {
	var i int
	_, _ = fmt.Sscan(d.Identifier, &i)
	r.mu.Lock()
	broken := r.broken[i]
	r.mu.Unlock()
	if broken {
		return document.File{}, connector.Fail(connector.ErrNotFound, "document %d is gone", i)
	}
	return document.NewFile(d.Name, "", int64(len(memo)), strings.NewReader(memo)), nil
}

func (r *reader) Commit(_ context.Context, upTo connector.Cursor) error {
	r.mu.Lock()
	commit := r.commit
	r.mu.Unlock()
	if err := commit(r.number, upTo); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commits = append(r.commits, fmt.Sprintf("%d:%s", r.number, upTo))
	return nil
}

func (q *queue) committed() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return strings.Join(q.commits, " ")
}

// newQueue makes one, and a workflow that reads it.
func newQueue(b *bench, q *queue) store.Workflow {
	name := uuid.NewString()
	queues.Store(name, q)
	if q.commit == nil {
		q.commit = func(int, connector.Cursor) error { return nil }
	}
	source := b.connector(store.SideSource, "test-queue", map[string]any{"name": name})
	return b.flow(func(w *store.Workflow) { w.Sources = []string{source} })
}

// The position moves when all files have ended, the failed ones too, and before the job has; a retry says it again.
func TestCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	q := &queue{n: 30, broken: map[int]bool{7: true}}
	q.commit = func(int, connector.Cursor) error {
		var jobs []store.Job
		must(t, b.db.View(t.Context(), func(r store.Reader) (err error) {
			jobs, err = r.Jobs(t.Context(), b.workspace, store.JobFilter{})
			return err
		}))
		if j := jobs[0]; j.Open != 0 || j.Done+j.Failed != 30 || j.Status != store.InProgress {
			t.Errorf("committed while the job stands at %+v", j)
		}
		return nil
	}
	j := b.run(newQueue(b, q))
	if j.Status != store.Completed || j.Done != 29 || j.Failed != 1 {
		t.Errorf("%+v", j)
	}
	if got := q.committed(); got != "1:30" {
		t.Errorf("committed %q, want once up to 30", got)
	}
	q.mu.Lock()
	q.broken = nil
	q.mu.Unlock()
	_, err := b.e.Retry(t.Context(), b.workspace, j.ID)
	must(t, err)
	if j = b.end(j.ID); j.Failed != 0 || j.Done != 30 {
		t.Errorf("%+v", j)
	}
	if got := q.committed(); got != "1:30 2:30" {
		t.Errorf("committed %q after a retry", got)
	}
}

// A source that cannot be told now is told later; one that refuses does not hold up the job.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var calls atomic.Int64
	q := &queue{n: 3, commit: func(int, connector.Cursor) error {
		if calls.Add(1) <= 2 {
			return connector.Retry(nil, 0, "not now")
		}
		return nil
	}}
	if j := b.run(newQueue(b, q)); j.Status != store.Completed || q.committed() != "1:3" || calls.Load() != 3 {
		t.Errorf("%+v, committed %q, %d calls", j, q.committed(), calls.Load())
	}
	calls.Store(0)
	q = &queue{n: 3, commit: func(int, connector.Cursor) error {
		calls.Add(1)
		return connector.Fail(connector.ErrForbidden, "never")
	}}
	if j := b.run(newQueue(b, q)); j.Status != store.Completed || q.committed() != "" || calls.Load() != 1 {
		t.Errorf("%+v, committed %q, %d calls", j, q.committed(), calls.Load())
	}
}

// A job that is cancelled moves nothing.
func TestCommitAfterCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	reached := make(chan struct{})
	q := &queue{n: 3, commit: func(int, connector.Cursor) error {
		select {
		case <-reached:
		default:
			close(reached)
		}
		return connector.Retry(nil, 0, "not now")
	}}
	w := newQueue(b, q)
	j, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil)
	must(t, err)
	<-reached
	_, err = b.e.Cancel(t.Context(), b.workspace, j.ID)
	must(t, err)
	q.mu.Lock()
	q.commit = func(int, connector.Cursor) error { return nil }
	q.mu.Unlock()
	if j = b.end(j.ID); j.Status != store.Stopped {
		t.Errorf("%+v", j)
	}
	b.eventually("the queue is empty", func() bool {
		var depth int
		must(t, b.db.View(t.Context(), func(r store.Reader) (err error) { depth, err = r.Depth(t.Context()); return err }))
		return depth == 0
	})
	if got := q.committed(); got != "" {
		t.Errorf("committed %q", got)
	}
}

// Another process than the one that listed ends the job: it knows the cursor from the store.
func TestCommitByAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reached := make(chan struct{})
	var once sync.Once
	q := &queue{n: 3, commit: func(opened int, _ connector.Cursor) error {
		if opened == 1 {
			once.Do(func() { close(reached) })
			return connector.Retry(nil, 0, "not now")
		}
		return nil
	}}
	first := newBench(t, func(s *setup) { s.dir, s.config = dir, engine.Config{Node: "first"} })
	w := newQueue(first, q)
	j, err := first.e.RunWorkflow(t.Context(), first.workspace, w.ID, nil)
	must(t, err)
	<-reached
	first.stop()
	second := newBench(t, func(s *setup) { s.dir, s.config = dir, engine.Config{Node: "second"} })
	if j = second.end(j.ID); j.Status != store.Completed || j.Done != 3 || q.committed() != "2:3" {
		t.Errorf("%+v, committed %q", j, q.committed())
	}
}
