package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/sluicehq/sluice/internal/store"
)

// taskArgs is a store.Task as River keeps it: ids only, in short keys.
type taskArgs struct {
	K store.TaskKind `json:"k"`
	W string         `json:"w,omitempty"`
	J string         `json:"j,omitempty"`
	F string         `json:"f,omitempty"`
	T string         `json:"t,omitempty"`
}

// Kind implements river.JobArgs: one kind for all tasks, told apart by their own.
func (taskArgs) Kind() string { return "task" }

func argsOf(t store.Task) taskArgs {
	return taskArgs{K: t.Kind, W: t.Workspace, J: t.Job, F: t.File, T: t.Target}
}

func (a taskArgs) task(queue string) store.Task {
	return store.Task{Kind: a.K, Queue: store.Queue(queue), Workspace: a.W, Job: a.J, File: a.F, Target: a.T}
}

// taskQueue is rows.Queue in one transaction. It remembers what is to be told after the commit.
type taskQueue struct {
	transaction *transaction
	queues      []string // that got tasks
	canceled    []int64  // tasks whose contexts end
}

type taskMark struct{ queues, canceled int }

func (q *taskQueue) mark() taskMark { return taskMark{len(q.queues), len(q.canceled)} }

func (q *taskQueue) reset(m taskMark) {
	q.queues, q.canceled = q.queues[:m.queues], q.canceled[:m.canceled]
}

// insertTask is River's own insert without what we do not use (unique keys and their markers, notifications): a fifth of its
// cost, on the way of every file.
const insertTask = `INSERT INTO river_job (args, created_at, kind, max_attempts, metadata, priority, queue, scheduled_at, state, tags) ` +
	`VALUES (jsonb(?), ?, 'task', ?, jsonb('{}'), 1, ?, ?, 'available', jsonb('[]')) RETURNING id`

// Insert adds tasks to River's table.
func (q *taskQueue) Insert(ctx context.Context, tasks []store.Task) ([]int64, error) {
	ids := make([]int64, len(tasks))
	now := riverTime(time.Now())
	for i, t := range tasks {
		args, err := json.Marshal(argsOf(t))
		if err != nil {
			return nil, err
		}
		if ids[i], err = q.insert(ctx, string(args), now, maxAttempts, string(t.Queue), now); err != nil {
			return nil, fmt.Errorf("cannot queue a task: %w", err)
		}
		if !slices.Contains(q.queues, string(t.Queue)) {
			q.queues = append(q.queues, string(t.Queue))
		}
	}
	return ids, nil
}

func (q *taskQueue) insert(ctx context.Context, args ...any) (id int64, err error) {
	r, err := q.transaction.Query(ctx, insertTask, args...)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if r.Next() {
		err = r.Scan(&id)
	}
	if err == nil {
		err = r.Err()
	}
	return id, q.transaction.note(err)
}

// Cancel drops the tasks that wait. Those that run, in this process as only one works on the file, get their contexts
// cancelled after the commit.
func (q *taskQueue) Cancel(ctx context.Context, ids []int64) error {
	now := riverTime(time.Now())
	for part := range slices.Chunk(ids, 100) {
		args := []any{now}
		for _, id := range part {
			args = append(args, id)
		}
		if _, err := q.transaction.Exec(ctx, `UPDATE river_job SET state = 'cancelled', finalized_at = ? `+
			`WHERE state IN ('available', 'pending', 'retryable', 'scheduled') AND id IN (`+
			strings.TrimSuffix(strings.Repeat("?,", len(part)), ",")+`)`, args...); err != nil {
			return err
		}
	}
	q.canceled = append(q.canceled, ids...)
	return nil
}

// riverTime is how River's SQLite driver stores times.
func riverTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

// retries is how long a failed task waits: its ends are rows, so a failed task is an infrastructure that failed, and it is
// tried again for as long as River keeps it. The reconciler takes over after that.
type retries struct{}

const maxAttempts = 100

// NextRetry doubles the pause from half a second up to half a minute.
func (retries) NextRetry(j *rivertype.JobRow) time.Time {
	pause := 500 * time.Millisecond << min(max(len(j.Errors), 0), 6)
	return time.Now().Add(min(pause, 30*time.Second))
}

// client makes the River client of a worker.
func (s *Store) client(w *worker) (*river.Client[*sql.Tx], error) {
	config := &river.Config{
		Logger:      slog.New(warnings{s.log.Handler()}),
		MaxAttempts: maxAttempts,
		RetryPolicy: retries{},
		// A task may take long, a full listing of a large source for one. -1 would mean never rescued.
		JobTimeout:                  24 * time.Hour,
		RescueStuckJobsAfter:        25 * time.Hour,
		CompletedJobRetentionPeriod: 5 * time.Minute,
		CancelledJobRetentionPeriod: 5 * time.Minute,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
		// The bell wakes at once; the poll finds what becomes due by itself, snoozed tasks for one.
		FetchCooldown:     5 * time.Millisecond,
		FetchPollInterval: 200 * time.Millisecond,
	}
	config.ID = w.options.Node
	config.Workers = river.NewWorkers()
	if err := river.AddWorkerSafely(config.Workers, w); err != nil {
		return nil, err
	}
	config.Queues = map[string]river.QueueConfig{}
	if w.options.Bulk > 0 {
		config.Queues[string(store.QueueBulk)] = river.QueueConfig{MaxWorkers: w.options.Bulk}
	}
	if w.options.Demand > 0 {
		config.Queues[string(store.QueueDemand)] = river.QueueConfig{MaxWorkers: w.options.Demand}
	}
	config.SoftStopTimeout = max(w.options.Grace, time.Millisecond)
	c, err := river.NewClient(newRiverDriver(s.write, s.wake), config)
	if err != nil {
		return nil, fmt.Errorf("cannot set up the queue: %w", err)
	}
	return c, nil
}

// warnings passes records of level warn and above.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

func (w warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(a)} }
func (w warnings) WithGroup(n string) slog.Handler      { return warnings{w.Handler.WithGroup(n)} }
