package engine

import (
	"context"
	"errors"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

// NextRun is when a cron expression (UTC) comes due after t; the zero time for "" and for what is no expression.
func NextRun(expression string, t time.Time) time.Time {
	if expression == "" {
		return time.Time{}
	}
	s, err := cron.ParseStandard(expression)
	if err != nil {
		return time.Time{}
	}
	return s.Next(t.UTC())
}

// startSchedules starts the workflows that have come due. A workflow that was due several times while nobody looked runs
// once; one that is inactive, cannot run or still runs is passed over until its next time.
func (e *Engine) startSchedules(ctx context.Context) error {
	now := time.Now().UTC()
	var due []store.Schedule
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		due, err = r.DueSchedules(ctx, now)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range due {
		if err := e.startDue(ctx, s, now); err != nil && !errors.Is(err, store.ErrGone) {
			e.cfg.Log.Error("a scheduled workflow was not started", "workflow", s.Workflow, "error", err)
		}
	}
	return nil
}

// startDue moves the schedule on and inserts the job in one commit, so that one of several nodes does both.
func (e *Engine) startDue(ctx context.Context, s store.Schedule, now time.Time) error {
	var skipped string
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
		skipped = ""
		next := NextRun(s.Cron, now)
		if next.IsZero() {
			return tx.SetSchedule(ctx, s.Workspace, s.Workflow, "", time.Time{})
		}
		if err := tx.AdvanceSchedule(ctx, s, next); err != nil {
			return err
		}
		w, err := tx.Workflow(ctx, s.Workspace, s.Workflow)
		if err != nil {
			return err
		}
		if w.Status != workflow.Active || len(w.Sources) == 0 {
			skipped = "it is inactive or has no source"
			return nil
		}
		var refusal *Refusal
		if err := e.startable(ctx, tx, w); errors.As(err, &refusal) {
			skipped = refusal.Message
			return nil
		} else if err != nil {
			return err
		}
		active, err := tx.ActiveJobs(ctx, s.Workspace, s.Workflow)
		if err != nil {
			return err
		}
		if active > 0 {
			skipped = "its last job still runs"
			return nil
		}
		_, err = e.start(ctx, tx, w, typeScheduled, e.batch(s.Workspace, nil))
		return err
	})
	if err == nil && skipped != "" {
		e.cfg.Log.Warn("a scheduled run was passed over", "workflow", s.Workflow, "reason", skipped)
	}
	return err
}
