package queue

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/riverqueue/river"

	"github.com/sluicehq/sluice/internal/store"
)

// worker is River's view of the handler.
type worker struct {
	river.WorkerDefaults[args]
	handle  store.Handler
	running *Running
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, j *river.Job[args]) error {
	ctx, done := w.running.begin(ctx, j.ID)
	defer done()
	err := w.handle(ctx, j.Args.task(j.Queue))
	if err == nil || errors.Is(context.Cause(ctx), store.ErrCanceled) {
		return nil
	}
	var snooze *store.SnoozeError
	if errors.As(err, &snooze) {
		return river.JobSnooze(max(snooze.For, 0))
	}
	return err
}

// Running are the tasks that run in this process, by the id of their task.
type Running struct {
	mu    sync.Mutex
	tasks map[int64]context.CancelCauseFunc
}

// NewRunning is empty.
func NewRunning() *Running { return &Running{tasks: map[int64]context.CancelCauseFunc{}} }

// begin makes the context of a task. A cancel that River heard of from another process ends it with the same cause as one
// of our own.
func (r *Running) begin(outer context.Context, id int64) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(outer))
	stop := context.AfterFunc(outer, func() {
		cause := context.Cause(outer)
		if errors.Is(cause, river.ErrJobCancelledRemotely) {
			cause = store.ErrCanceled
		}
		cancel(cause)
	})
	r.mu.Lock()
	r.tasks[id] = cancel
	r.mu.Unlock()
	return ctx, func() {
		r.mu.Lock()
		delete(r.tasks, id)
		r.mu.Unlock()
		stop()
		cancel(nil)
	}
}

// Cancel ends the context of a task with store.ErrCanceled. One that is between its fetch and its begin finds its row
// stopped when it claims.
func (r *Running) Cancel(id int64) {
	r.mu.Lock()
	cancel := r.tasks[id]
	r.mu.Unlock()
	if cancel != nil {
		cancel(store.ErrCanceled)
	}
}

// CancelAll ends the contexts of all tasks.
func (r *Running) CancelAll(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, cancel := range r.tasks {
		cancel(cause)
	}
}

// IDs lists the tasks.
func (r *Running) IDs() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.tasks))
}

// warnings passes records of level warn and above.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

func (w warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(a)} }
func (w warnings) WithGroup(n string) slog.Handler      { return warnings{w.Handler.WithGroup(n)} }
