package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/store"
)

const (
	removePage  = 100             // documents that are read at once
	removeEvery = 2 * time.Second // what is removed is saved so often at least
	// removeFailures is how many documents may stay in the destinations before a removal gives up.
	removeFailures = 100
)

// remove takes out of the destinations what a complete listing of one source has not seen any more. It begins when all
// files of the job have ended, so that a renamed document is there under its new name first. A task that runs again goes
// on behind the last documents that were saved; what it removes a second time is not there any more, which is no error.
func (e *Engine) remove(ctx context.Context, t store.Task) error {
	var j store.Job
	var r store.Removal
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		j, r, err = tx.ClaimRemoval(ctx, t.Workspace, t.Job, t.Target, e.cfg.Node)
		return err
	})
	if err != nil {
		return e.waitForRoom(err)
	}
	ctx, part := observe.Begin(ctx, observe.Work{Kind: observe.Remove, Job: j.ID, Attempt: r.Attempt, Target: r.ID})
	defer part.End()
	fail := func(reason string) error { return e.endRemoval(ctx, t, r, reason) }
	var known, gone int
	err = e.cfg.Store.View(ctx, func(v store.Reader) (err error) {
		known, gone, err = v.CountUnseen(ctx, j, r.Source)
		return err
	})
	if err != nil {
		return e.interrupted(ctx, t, r.Attempt, err, nil)
	}
	if !j.ForceRemove && tooMany(known, gone) {
		return fail(tooManyReason(known, gone))
	}
	removers, done, where, err := e.removers(ctx, j)
	defer done()
	if err != nil {
		return e.interrupted(e.outages.with(ctx, j.ID, where), t, r.Attempt, err, fail)
	}
	if log, err := e.listsNews(ctx, j, r.Source); err != nil {
		return e.interrupted(e.outages.with(ctx, j.ID, r.Source), t, r.Attempt, err, fail)
	} else if log {
		return fail("the source lists what is new, not all there is, so that nothing can be known to have left it; set delete_removed to false")
	}
	failed, first := r.Failed, r.Error
	step := store.Progress{Cursor: r.Cursor}
	saved := time.Now()
	save := func() error {
		if step.Cursor == r.Cursor {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.SaveRemoval(ctx, j, r, step) })
		if err == nil {
			r.Cursor, step, saved = step.Cursor, store.Progress{Cursor: step.Cursor}, time.Now()
		}
		return err
	}
	for {
		var page []store.Known
		err := e.cfg.Store.View(ctx, func(v store.Reader) (err error) {
			page, err = v.Unseen(ctx, j, r.Source, step.Cursor, removePage)
			return err
		})
		if err != nil {
			return e.interrupted(ctx, t, r.Attempt, err, nil)
		}
		for _, k := range page {
			if ctx.Err() != nil {
				return e.interrupted(ctx, t, r.Attempt, context.Cause(ctx), nil)
			}
			where, err := e.removeOne(ctx, j, k, removers)
			if err != nil && !lasting(err) || ctx.Err() != nil {
				if err := save(); err != nil {
					return e.interrupted(ctx, t, r.Attempt, err, nil)
				}
				ctx := e.outages.with(ctx, j.ID, where)
				return e.interrupted(ctx, t, r.Attempt, err, fail)
			}
			step.Cursor = k.Identifier
			if err != nil {
				failed++
				step.Failed++
				if first == "" {
					first = e.publicReason("the removal", err)
					if known := new(connector.Error); errors.As(err, &known) {
						first = known.Error()
					}
					step.Error = first
				}
			} else {
				step.Gone = append(step.Gone, k.Identifier)
			}
			failpoint.Hit(failpoint.MidRemove)
			if failed >= removeFailures || time.Since(saved) > removeEvery {
				if err := save(); err != nil {
					return e.interrupted(ctx, t, r.Attempt, err, nil)
				}
			}
			if failed >= removeFailures {
				return fail(fmt.Sprintf("%d documents could not be removed, the rest was not tried: %s", failed, first))
			}
		}
		if err := save(); err != nil {
			return e.interrupted(ctx, t, r.Attempt, err, nil)
		}
		if len(page) < removePage {
			break
		}
	}
	failpoint.Hit(failpoint.EndOfRemoval)
	if failed > 0 {
		return fail(fmt.Sprintf("%d of %d documents that left the source could not be removed: %s", failed, gone, first))
	}
	return fail("")
}

// tooMany says that a removal would take more than a fifth of the known documents: a source that was emptied, moved or
// half listed by mistake looks like that.
func tooMany(known, gone int) bool { return gone*5 > known }

func tooManyReason(known, gone int) string {
	return fmt.Sprintf("%d of the %d documents that the workflow knows have left the source, more than a fifth: none was removed "+
		"from the destinations. If that is right, run the workflow again with force_delete_removed=true", gone, known)
}

// lasting says that an error will be the same next time.
func lasting(err error) bool {
	var p *permanent
	if errors.As(err, &p) {
		return true
	}
	var known *connector.Error
	outcome, _ := connector.Classify(err)
	return errors.As(err, &known) && outcome == connector.Permanent
}

// listsNews says that a source is a log, whose listing names only what has come since the last.
func (e *Engine) listsNews(ctx context.Context, j store.Job, id string) (bool, error) {
	source, done, err := e.connections.source(ctx, e, j.Workspace, j.ID, id)
	if err != nil {
		return false, err
	}
	defer done()
	_, log := source.(connector.Committer)
	return log, nil
}

// removers opens the destinations of a job. done gives them back, also after an error; where is the one that failed.
func (e *Engine) removers(ctx context.Context, j store.Job) (all map[string]connector.Remover, done func(), where string, err error) {
	var release []func()
	done = func() {
		for _, f := range release {
			f()
		}
	}
	all = map[string]connector.Remover{}
	for _, id := range j.Destinations {
		d, back, err := e.connections.destination(ctx, e, j.Workspace, j.ID, id)
		if err != nil {
			return nil, done, id, err
		}
		release = append(release, back)
		remover, ok := d.(connector.Remover)
		if !ok {
			return nil, done, id, &permanent{"a destination of this job cannot remove documents; set delete_removed to false"}
		}
		all[id] = remover
	}
	return all, done, "", nil
}

// removeOne takes one document out of the destinations that may hold it. where is the one that failed.
func (e *Engine) removeOne(ctx context.Context, j store.Job, k store.Known, removers map[string]connector.Remover) (where string, err error) {
	l, err := parseListed(k.Document)
	if err != nil {
		return "", &permanent{err.Error()}
	}
	d := l.delivered()
	for _, id := range j.Destinations {
		if !slices.Contains(k.Held, id) {
			continue
		}
		err := removers[id].Remove(ctx, d)
		if err != nil && !errors.Is(err, connector.ErrNotFound) {
			return id, err
		}
		e.outages.worked(e.outages.with(ctx, j.ID, id))
	}
	return "", nil
}

func (e *Engine) endRemoval(ctx context.Context, t store.Task, r store.Removal, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.EndRemoval(ctx, t.Workspace, t.Job, r, reason) })
	if err != nil && !errors.Is(err, store.ErrGone) {
		return e.interrupted(ctx, t, r.Attempt, err, nil)
	}
	observe.Note(ctx, outcomeOf(reason))
	return nil
}

// removes says whether a run of a workflow removes what left its sources: it says so itself, or one of the sources does,
// whose config is a place for it that clients with a fixed set of workflow fields have.
func removes(ctx context.Context, r store.Reader, w store.Workflow) (bool, error) {
	for _, id := range w.Sources {
		if w.DeleteRemoved {
			break
		}
		c, err := r.Connector(ctx, w.Workspace, store.SideSource, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // the run is refused for that, see startable
		}
		if err != nil {
			return false, err
		}
		var config map[string]any
		if json.Unmarshal(c.Config, &config) == nil && config[connector.DeleteRemoved] == true {
			return true, nil
		}
	}
	return w.DeleteRemoved, nil
}

// checkSync is CheckRemovable for a stored workflow that needs it.
func (e *Engine) checkSync(ctx context.Context, workspace, workflowID string) error {
	var w store.Workflow
	var needed bool
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if w, err = r.Workflow(ctx, workspace, workflowID); err == nil {
			needed, err = removes(ctx, r, w)
		}
		return err
	})
	if err != nil || !needed {
		return err
	}
	return e.CheckRemovable(ctx, workspace, w.Sources, w.Destinations)
}

// CheckRemovable implements API. A connector that cannot be opened is not refused here: its check and the job say why.
func (e *Engine) CheckRemovable(ctx context.Context, workspace string, sources, destinations []string) error {
	for _, side := range []struct {
		store.Side
		ids []string
	}{{store.SideSource, sources}, {store.SideDestination, destinations}} {
		for _, id := range side.ids {
			if err := e.removable(ctx, workspace, side.Side, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) removable(ctx context.Context, workspace string, side store.Side, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c, err := e.open(ctx, workspace, "", side, id)
	if err != nil {
		return nil //nolint:nilerr // that is said elsewhere, see CheckRemovable
	}
	defer c.Close()
	if _, log := c.(connector.Committer); log && side == store.SideSource {
		return &Refusal{http.StatusUnprocessableEntity, fmt.Sprintf("delete_removed cannot be used with source %s: it lists what is new, "+
			"not all there is, so that nothing can be known to have left it", id)}
	}
	if _, ok := c.(connector.Remover); !ok && side == store.SideDestination {
		return &Refusal{http.StatusUnprocessableEntity, fmt.Sprintf("delete_removed cannot be used with destination %s: documents cannot "+
			"be removed from it; set delete_removed to false or use another destination", id)}
	}
	return nil
}
