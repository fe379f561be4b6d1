package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/queue"
)

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
		args, err := queue.Args(t)
		if err != nil {
			return nil, err
		}
		if ids[i], err = q.insert(ctx, args, now, queue.MaxAttempts, string(t.Queue), now); err != nil {
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

// client makes the River client of a worker.
func (s *Store) client(o store.WorkOptions, h store.Handler) (*river.Client[*sql.Tx], error) {
	config, err := queue.Config(o.Node, o, h, s.running, s.log)
	if err != nil {
		return nil, err
	}
	// The bell wakes at once; the poll finds what becomes due by itself, snoozed tasks for one.
	config.FetchPollInterval = 200 * time.Millisecond
	c, err := river.NewClient(newRiverDriver(s.write, s.wake), config)
	if err != nil {
		return nil, fmt.Errorf("cannot set up the queue: %w", err)
	}
	return c, nil
}
