// Package queue is River as both stores use it: a task as River keeps it, the worker that gives tasks to the handler, and
// the settings of the client. How tasks are inserted, woken for and taken over from the dead is each store's own.
package queue

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/sluicehq/sluice/internal/store"
)

// Kind is River's kind of every task; tasks are told apart by their own kind.
const Kind = "task"

// MaxAttempts is how often River tries a task. Ends are rows, so a failed task is an infrastructure that failed, and it is
// tried for as long as River keeps it. The reconciler takes over after that.
const MaxAttempts = 100

// FetchCooldown is the least time between two fetches of a queue.
const FetchCooldown = 2 * time.Millisecond

// InsertTopic and ControlTopic are where River's producers listen for new tasks and for cancels.
const (
	InsertTopic  = "river_insert"
	ControlTopic = "river_control"
)

// Inserted is the notification that a queue has got tasks.
func Inserted(queue string) string { return fmt.Sprintf(`{"queue": %q}`, queue) }

// Canceled is the notification that a running task is to be cancelled.
func Canceled(queue string, id int64) string {
	return fmt.Sprintf(`{"action": "cancel", "job_id": %d, "queue": %q}`, id, queue)
}

// args is a store.Task as River keeps it: ids only, in short keys.
type args struct {
	K store.TaskKind `json:"k"`
	W string         `json:"w,omitempty"`
	J string         `json:"j,omitempty"`
	F string         `json:"f,omitempty"`
	T string         `json:"t,omitempty"`
}

// Kind implements river.JobArgs.
func (args) Kind() string { return Kind }

func (a args) task(queue string) store.Task {
	return store.Task{Kind: a.K, Queue: store.Queue(queue), Workspace: a.W, Job: a.J, File: a.F, Target: a.T}
}

// Args is the JSON of a task's arguments.
func Args(t store.Task) (string, error) {
	b, err := json.Marshal(args{K: t.Kind, W: t.Workspace, J: t.Job, F: t.File, T: t.Target})
	return string(b), err
}

// retries is how long a failed task waits.
type retries struct{}

// NextRetry doubles the pause from half a second up to half a minute.
func (retries) NextRetry(j *rivertype.JobRow) time.Time {
	pause := 500 * time.Millisecond << min(max(len(j.Errors), 0), 6)
	return time.Now().Add(min(pause, 30*time.Second))
}

// Config are the settings of a client that works: what both databases share. node is the name of the worker on its tasks.
func Config(node string, o store.WorkOptions, h store.Handler, r *Running, log *slog.Logger) (*river.Config, error) {
	c := &river.Config{
		ID:          node,
		Logger:      slog.New(warnings{log.Handler()}),
		MaxAttempts: MaxAttempts,
		RetryPolicy: retries{},
		// A task may take long, a full listing of a large source for one. -1 would mean never rescued.
		JobTimeout:                  24 * time.Hour,
		RescueStuckJobsAfter:        25 * time.Hour,
		CompletedJobRetentionPeriod: 5 * time.Minute,
		CancelledJobRetentionPeriod: 5 * time.Minute,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
		// It bounds how many short tasks a worker of few can do: four in this time, and the time of a fetch.
		FetchCooldown:   FetchCooldown,
		SoftStopTimeout: max(o.Grace, time.Millisecond),
		Queues:          map[string]river.QueueConfig{},
		Workers:         river.NewWorkers(),
	}
	if err := river.AddWorkerSafely(c.Workers, &worker{handle: h, running: r}); err != nil {
		return nil, fmt.Errorf("cannot set up the queue: %w", err)
	}
	if o.Bulk > 0 {
		c.Queues[string(store.QueueBulk)] = river.QueueConfig{MaxWorkers: o.Bulk}
	}
	if o.Demand > 0 {
		c.Queues[string(store.QueueDemand)] = river.QueueConfig{MaxWorkers: o.Demand}
	}
	return c, nil
}
