package engine

import (
	"bufio"
	"context"
	"errors"
	"time"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/store"
)

// write brings the last node's output of one file to one destination.
func (e *Engine) write(ctx context.Context, t store.Task) error {
	var j store.Job
	var f store.File
	var w store.Write
	var runs []store.NodeRun
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		if j, f, w, err = tx.ClaimWrite(ctx, t.Workspace, t.Job, t.File, t.Target, e.cfg.Node); err != nil {
			return err
		}
		runs, err = tx.NodeRuns(ctx, t.Workspace, t.Job, t.File)
		return err
	})
	if err != nil {
		return e.waitForRoom(err)
	}
	ctx = e.outages.with(ctx, t.Job, w.Destination)
	ctx, part := observe.Begin(ctx, observe.Work{Kind: observe.Write, Job: f.Job, File: f.ID, Attempt: f.Attempt, Target: w.Destination})
	defer part.End()
	fail := func(reason string) error { return e.endWrite(ctx, t, j, f, w, reason) }
	if err := e.replace(ctx, j, f, w, runs); err != nil {
		return e.interrupted(ctx, t, w.Attempt, err, fail)
	}
	e.outages.worked(ctx)
	failpoint.Hit(failpoint.AfterWrite)
	return e.endWrite(ctx, t, j, f, w, "")
}

// replace streams the elements from their blob to the destination.
func (e *Engine) replace(ctx context.Context, j store.Job, f store.File, w store.Write, runs []store.NodeRun) error {
	d, err := deliveredOf(f)
	if err != nil {
		return &permanent{err.Error()}
	}
	destination, done, err := e.connections.destination(ctx, e, f.Workspace, f.Job, w.Destination)
	if err != nil {
		return err
	}
	defer done()
	if len(runs) != len(j.Nodes) {
		return &permanent{"the output of the last node is not there any more; run the file again"}
	}
	stored, err := e.cfg.Blobs.Open(ctx, runs[len(runs)-1].Blob)
	if errors.Is(err, blob.ErrNotFound) {
		return &permanent{"the output of the last node is not there any more; run the file again"}
	}
	if err != nil {
		return err
	}
	defer stored.Close()
	return destination.Replace(ctx, d, element.Decode(bufio.NewReaderSize(stored, 64<<10)))
}

func (e *Engine) endWrite(ctx context.Context, t store.Task, j store.Job, f store.File, w store.Write, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var after store.File
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		if err = tx.EndWrite(ctx, f, w, reason, e.window); err != nil {
			return err
		}
		after, err = tx.File(ctx, f.Workspace, f.Job, f.ID)
		return err
	})
	if err != nil {
		return e.interrupted(ctx, t, w.Attempt, err, nil)
	}
	observe.Note(ctx, outcomeOf(reason))
	if after.State == store.FileDone {
		e.dropOutputs(ctx, j, f)
	}
	return nil
}
