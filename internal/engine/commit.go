package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/store"
)

// commitTimeout bounds one try to commit to one source.
const commitTimeout = time.Minute

// commitTries counts the tries of jobs whose sources could not be told their position. A restart counts anew.
type commitTries struct{ jobs sync.Map }

func (c *commitTries) next(job string) int {
	n, _ := c.jobs.Load(job)
	tries, _ := n.(int)
	c.jobs.Store(job, tries+1)
	return tries + 1
}

func (c *commitTries) forget(job string) { c.jobs.Delete(job) }

// commit tells the sources that keep their readers' position that all documents up to the plans' cursors have ended. That
// holds for failed files too: each keeps its reason, and a retry of the job runs it again; else one message that never
// parses would hold up all that come after it. A job that was cancelled commits nothing. When a source cannot be told
// even after many tries, the job ends all the same, and the next run lists the same documents again.
func (e *Engine) commit(ctx context.Context, t store.Task) error {
	var j store.Job
	var plans []store.Plan
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if j, err = r.Job(ctx, t.Workspace, t.Job); err != nil {
			return err
		}
		plans, err = r.Plans(ctx, t.Workspace, t.Job)
		return err
	})
	if err != nil {
		return err
	}
	if j.Status != store.Scheduled && j.Status != store.InProgress || !j.Planned || j.Open > 0 {
		return nil // FinishJob will not end it either
	}
	for _, p := range plans {
		if p.Cursor == "" {
			continue
		}
		err := e.commitTo(ctx, t, p)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if isFull(err) {
			return err
		}
		outcome, wait := connector.Classify(err)
		if errors.As(err, new(*permanent)) {
			outcome = connector.Permanent
		}
		tries := e.commits.next(t.Job)
		if outcome == connector.Transient && tries < ownAttempts {
			e.cfg.Log.Warn("a source could not be told its position; it is tried again", "job", t.Job, "source", p.Source, "attempt", tries, "error", err)
			return &store.SnoozeError{For: max(wait, pause(tries))}
		}
		e.cfg.Log.Error("a source could not be told its position: its next run lists the documents of this job again",
			"job", t.Job, "source", p.Source, "error", err)
	}
	return nil
}

// commitTo tells one source, if it is of the kind that is told.
func (e *Engine) commitTo(ctx context.Context, t store.Task, p store.Plan) error {
	source, done, err := e.connections.source(ctx, e, t.Workspace, t.Job, p.Source)
	if err != nil {
		return err
	}
	defer done()
	c, ok := source.(connector.Committer)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	return c.Commit(ctx, connector.Cursor(p.Cursor))
}
