package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/store"
)

// RunOption changes one run of a workflow.
type RunOption func(*store.Job)

// ForceRemoval lets a run of a workflow with delete_removed remove more than a fifth of its documents.
func ForceRemoval(j *store.Job) {
	if j.Removal == store.RemovalOn {
		j.Removal = store.RemovalForced
	}
}

// A listing that suddenly lacks more than one document in largestPart is more often a mistake (a wrong folder, a mount that is
// gone, rights that were lost) than the will of somebody.
const largestPart = 5

const (
	removeBatch = 200
	removeTries = ownAttempts
)

// removeGone removes from the destinations what the job's complete listings did not name. It works from rows that go one by
// one when they are done: a run repeated goes on where the last one stood. problem is for the user, why not all is removed.
func (e *Engine) removeGone(ctx context.Context, t store.Task) (problem string, err error) {
	var j store.Job
	var plans []store.Plan
	later := false
	err = e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if j, err = r.Job(ctx, t.Workspace, t.Job); err != nil || j.Removal == store.RemovalOff {
			return err
		}
		if plans, err = r.Plans(ctx, t.Workspace, t.Job); err != nil {
			return err
		}
		later, err = r.LaterJob(ctx, j)
		return err
	})
	if err != nil || j.Removal == store.RemovalOff || j.Status != store.Scheduled && j.Status != store.InProgress || !j.Planned || j.Open > 0 {
		return "", err
	}
	if later { // this is a retry: what the later job brought was not there when this one listed
		return "documents that left the source were not removed, since the workflow has a later job; that job's listing counts", nil
	}
	for _, p := range plans {
		if p.State != store.FileDone {
			continue // an incomplete listing says nothing of what it lacks
		}
		if news, err := e.listsNews(ctx, t, p.Source); err != nil || news {
			if err != nil {
				problem = cmp.Or(problem, "documents that left a source were not removed: "+e.userReason("opening it", err))
			}
			continue
		}
		text, err := e.removeOf(ctx, j, p)
		if err != nil {
			return "", err
		}
		problem = cmp.Or(problem, text)
	}
	return problem, nil
}

// listsNews says that a source keeps its readers' position, so that a listing has what came since the last one: what it lacks
// has not left it.
func (e *Engine) listsNews(ctx context.Context, t store.Task, id string) (bool, error) {
	source, done, err := e.connections.source(ctx, e, t.Workspace, t.Job, id)
	if err != nil {
		return false, err
	}
	defer done()
	_, ok := source.(connector.Committer)
	return ok, nil
}

// removeOf removes what left one source.
func (e *Engine) removeOf(ctx context.Context, j store.Job, p store.Plan) (problem string, err error) {
	var known, gone int
	err = e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		known, gone, err = r.CountGone(ctx, j.Workspace, j.ID, p.Source)
		return err
	})
	if err != nil || gone == 0 {
		return "", err
	}
	// Those that this run has removed before it was interrupted count as before it began.
	if (gone+j.Removed)*largestPart > known+j.Removed && j.Removal != store.RemovalForced {
		return fmt.Sprintf("%d of %d documents are no longer in the source, more than a fifth: none was removed. Look whether the source is as it "+
			"should be; if it is, run the workflow with force_removal=true", gone, known), nil
	}
	for after := ""; ; {
		var batch []store.Known
		err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
			batch, err = r.Gone(ctx, j.Workspace, j.ID, p.Source, after, removeBatch)
			return err
		})
		if err != nil || len(batch) == 0 {
			return problem, err
		}
		text, err := e.removeBatch(ctx, j, batch)
		if err != nil {
			return "", err
		}
		problem = cmp.Or(problem, text)
		after = batch[len(batch)-1].Identifier
	}
}

// removeBatch removes documents, some at a time.
func (e *Engine) removeBatch(ctx context.Context, j store.Job, batch []store.Known) (problem string, err error) {
	var mu sync.Mutex
	var work sync.WaitGroup
	next := make(chan store.Known)
	for range min(e.cfg.Workers, len(batch)) {
		work.Go(func() {
			for k := range next {
				text, failed := e.removeOne(ctx, j, k)
				mu.Lock()
				problem = cmp.Or(problem, text)
				err = errors.Join(err, failed)
				mu.Unlock()
			}
		})
	}
	for _, k := range batch {
		mu.Lock()
		stop := err != nil
		mu.Unlock()
		if stop || ctx.Err() != nil {
			break
		}
		next <- k
	}
	close(next)
	work.Wait()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return problem, err
}

// removeOne removes a document from every destination, and then forgets it.
func (e *Engine) removeOne(ctx context.Context, j store.Job, k store.Known) (problem string, err error) {
	d := documentOfKnown(k)
	for _, id := range j.Destinations {
		if problem, err := e.removeFrom(ctx, j, id, d); err != nil || problem != "" {
			return problem, err
		}
	}
	failpoint.Hit(failpoint.MidRemove)
	return "", e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.Forget(ctx, j.Workspace, j.ID, k) })
}

func (e *Engine) removeFrom(ctx context.Context, j store.Job, id string, d document.Document) (problem string, err error) {
	ctx = e.outages.with(ctx, j.ID, id)
	for try := 1; ; try++ {
		err := e.tryRemove(ctx, j, id, d)
		if err == nil {
			e.outages.worked(ctx)
			return "", nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if isFull(err) || errors.Is(err, store.ErrGone) {
			return "", err
		}
		reason := e.userReason("the removal", err)
		outcome, wait := connector.Classify(err)
		if errors.As(err, new(*permanent)) || isConfig(err) {
			outcome = connector.Permanent
		}
		if outcome == connector.Permanent || enough(try, e.outages.failed(ctx)) || try >= removeTries {
			e.cfg.Log.Warn("a document that left the source stays in a destination", "job", j.ID, "document", d.Identifier, "target", id, "error", err)
			return fmt.Sprintf("a document that left the source was not removed: %s", reason), nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(max(wait, pause(try))):
		}
	}
}

func (e *Engine) tryRemove(ctx context.Context, j store.Job, id string, d document.Document) error {
	destination, done, err := e.connections.destination(ctx, e, j.Workspace, j.ID, id)
	if err != nil {
		return err
	}
	defer done()
	remover, ok := destination.(connector.Remover)
	if !ok {
		return &permanent{"its destination cannot remove documents; switch delete_removed off"}
	}
	return remover.Remove(ctx, d)
}

// documentOfKnown is a document as its source last listed it. Of what older programs brought only the identifier is known.
func documentOfKnown(k store.Known) document.Document {
	var d document.Document
	if json.Unmarshal(k.Document, &d) != nil || d.Identifier == "" {
		d = document.Document{Identifier: k.Identifier, Name: path.Base(k.Identifier)}
	}
	return d
}

// removable refuses a run of a workflow whose destinations cannot remove what it is to remove, or whose sources list only what
// is new.
func (e *Engine) removable(ctx context.Context, workspace, workflowID string) error {
	var w store.Workflow
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		w, err = r.Workflow(ctx, workspace, workflowID)
		return err
	})
	if err != nil {
		return err
	}
	if !w.DeleteRemoved {
		return nil
	}
	for _, id := range w.Sources {
		s, err := e.open(ctx, workspace, store.SideSource, id)
		if err != nil {
			return nil //nolint:nilerr // what is wrong with it is said where the job starts, or by its listing
		}
		_, ok := s.(connector.Committer)
		if err := s.Close(); err != nil {
			return err
		}
		if ok {
			return &Refusal{http.StatusUnprocessableEntity, fmt.Sprintf(
				"source %s lists only what is new, so that nothing ever leaves it; switch the workflow's delete_removed off", id)}
		}
	}
	for _, id := range w.Destinations {
		d, err := e.open(ctx, workspace, store.SideDestination, id)
		if err != nil {
			return nil //nolint:nilerr // what is wrong with it is said where the job starts, or by its writes
		}
		_, ok := d.(connector.Remover)
		if err := d.Close(); err != nil {
			return err
		}
		if !ok {
			return &Refusal{http.StatusUnprocessableEntity, fmt.Sprintf(
				"destination %s cannot remove documents; switch the workflow's delete_removed off, or choose another destination", id)}
		}
	}
	return nil
}
