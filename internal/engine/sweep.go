package engine

import (
	"context"
	"errors"
	"time"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
)

// lostAfter keeps the reconciler off work that just began.
const lostAfter = 10 * time.Second

// reconcile gives new tasks to work whose task is gone, and starts on-demand jobs that a dead process left waiting.
func (e *Engine) reconcile(ctx context.Context) error {
	var lost []store.Task
	var workspaces []store.Workspace
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if lost, err = r.Lost(ctx, time.Now().Add(-lostAfter), 1000); err != nil {
			return err
		}
		workspaces, err = r.Workspaces(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range lost {
		err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.Requeue(ctx, t) })
		if err != nil && !errors.Is(err, store.ErrGone) {
			return err
		}
		e.cfg.Log.Warn("lost work was queued again", "kind", t.Kind, "job", t.Job, "file", t.File)
	}
	for _, w := range workspaces {
		err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
			return tx.StartOnDemand(ctx, w.ID, e.cfg.Limits.Running, e.window)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expire removes the uploads and outputs of jobs that ended long ago. The row is marked first, so that a retry that comes
// at the same moment finds either everything or the mark.
func (e *Engine) expire(ctx context.Context) error {
	for {
		var jobs []store.Job
		err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
			jobs, err = r.ExpiredJobs(ctx, time.Now().Add(-e.cfg.Retain), 100)
			return err
		})
		if err != nil || len(jobs) == 0 {
			return err
		}
		for _, j := range jobs {
			err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.DropOutputs(ctx, j.Workspace, j.ID) })
			if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
				continue // it runs again, or its workspace is gone
			}
			if err != nil {
				return err
			}
			if err := e.cfg.Blobs.DeletePrefix(ctx, blob.JobPrefix(j.Workspace, j.ID)); err != nil {
				return err
			}
		}
	}
}

// sweepUploads removes what stands under ids of jobs that do not exist, or whose outputs have been dropped: what a
// process left that died while files arrived or were removed. Files may be arriving at another process: where there are
// others, only what the last sweep found already is removed.
func (e *Engine) sweepUploads(ctx context.Context) error {
	var workspaces []store.Workspace
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		workspaces, err = r.Workspaces(ctx)
		return err
	})
	if err != nil {
		return err
	}
	strays := map[string]bool{}
	for _, w := range workspaces {
		ids, err := e.cfg.Blobs.List(ctx, w.ID+"/")
		if err != nil {
			return err
		}
		for _, id := range ids {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if _, arriving := e.uploading.Load(id); arriving {
				continue
			}
			var j store.Job
			err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
				j, err = r.Job(ctx, w.ID, id)
				return err
			})
			if err == nil && !j.OutputsDropped {
				continue
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if e.cfg.Shared && !e.strays[id] {
				strays[id] = true
				continue
			}
			if err := e.cfg.Blobs.DeletePrefix(ctx, blob.JobPrefix(w.ID, id)); err != nil {
				return err
			}
		}
	}
	e.strays = strays
	return nil
}
