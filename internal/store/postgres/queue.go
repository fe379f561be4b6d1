package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/queue"
)

// taskQueue is rows.Queue in one transaction. It remembers what is to be told after the commit: a notification inside a
// transaction makes all commits of the server that notify wait for each other's disk.
type taskQueue struct {
	t        *transaction
	queues   []string // that got tasks
	canceled []canceled
}

// canceled is a running task whose context is to end.
type canceled struct {
	id    int64
	queue string
}

// insertTasks is River's own insert without what we do not use (unique keys).
const insertTasks = `INSERT INTO river_job (args, kind, max_attempts, queue) ` +
	`SELECT args::jsonb, '` + queue.Kind + `', ?, queue FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS t (args, queue, n) ORDER BY n RETURNING id`

// Insert adds tasks to River's table.
func (q *taskQueue) Insert(ctx context.Context, tasks []store.Task) ([]int64, error) {
	args, queues := make([]string, len(tasks)), make([]string, len(tasks))
	for i, t := range tasks {
		a, err := queue.Args(t)
		if err != nil {
			return nil, err
		}
		args[i], queues[i] = a, string(t.Queue)
		if !slices.Contains(q.queues, queues[i]) {
			q.queues = append(q.queues, queues[i])
		}
	}
	r, err := q.t.Query(ctx, insertTasks, queue.MaxAttempts, args, queues)
	if err != nil {
		return nil, fmt.Errorf("cannot queue a task: %w", err)
	}
	defer r.Close()
	ids := make([]int64, 0, len(tasks))
	for r.Next() {
		var id int64
		if err := r.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("cannot queue a task: %w", err)
	}
	slices.Sort(ids) // they were given out in the order of the tasks; nobody promises that they return in it
	return ids, nil
}

// cancelTasks drops the tasks that wait and marks those that run, so that River does not run them again.
const cancelTasks = `UPDATE river_job SET ` +
	`state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END, ` +
	`finalized_at = CASE WHEN state = 'running' THEN finalized_at ELSE now() END, ` +
	`metadata = jsonb_set(metadata, '{cancel_attempted_at}', to_jsonb(now()), true) ` +
	`WHERE id = ANY(?) AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled') RETURNING id, queue, state::text`

// Cancel drops the tasks that wait. Those that run, wherever, get their contexts cancelled after the commit.
func (q *taskQueue) Cancel(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	r, err := q.t.Query(ctx, cancelTasks, ids)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		var c canceled
		var state string
		if err := r.Scan(&c.id, &c.queue, &state); err != nil {
			return err
		}
		if state == "running" {
			q.canceled = append(q.canceled, c)
		}
	}
	return r.Close()
}

// tell wakes workers for what a transaction has queued, and ends the contexts of what it cancelled.
func (s *Store) tell(q *taskQueue) {
	for _, c := range q.canceled {
		s.running.Cancel(c.id)
		s.wake.add(queue.ControlTopic, queue.Canceled(c.queue, c.id))
	}
	for _, name := range q.queues {
		s.wake.add(queue.InsertTopic, queue.Inserted(name))
	}
}
