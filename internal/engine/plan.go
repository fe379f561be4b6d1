package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/store"
)

const (
	batchSize  = 500         // documents of one transaction
	batchMost  = 4000        // of one whose last ones gave no files: a commit costs more than a mark
	batchEvery = time.Second // a slow source's files start to run before its listing ends
)

// plan lists a source and stores its documents as file rows, in batches with the position in the listing.
func (e *Engine) plan(ctx context.Context, t store.Task) error {
	var j store.Job
	var p store.Plan
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		j, p, err = tx.ClaimPlan(ctx, t.Workspace, t.Job, t.Target, e.cfg.Node)
		return err
	})
	if err != nil {
		return e.waitForRoom(err)
	}
	ctx = e.outages.with(ctx, t.Job, p.Source)
	ctx, part := observe.Begin(ctx, observe.Work{Kind: observe.Plan, Job: j.ID, Attempt: p.Attempt, Target: p.ID})
	defer part.End()
	fail := func(reason string) error { return e.endPlan(ctx, t, p, reason) }
	source, done, err := e.connections.source(ctx, e, t.Workspace, t.Job, p.Source)
	if err != nil {
		return e.interrupted(ctx, t, p.Attempt, err, fail)
	}
	defer done()

	batch := make([]document.Document, 0, batchSize)
	saved := time.Now()
	size := batchSize
	for d, err := range source.Index(ctx, connector.Cursor(p.Cursor)) {
		if err != nil {
			if len(batch) > 0 { // what was listed is not listed again
				if _, err := e.addBatch(ctx, j, p, batch); err != nil {
					return e.interrupted(ctx, t, p.Attempt, err, fail)
				}
			}
			return e.interrupted(ctx, t, p.Attempt, err, fail)
		}
		e.outages.worked(ctx)
		batch = append(batch, d)
		if len(batch) >= size || time.Since(saved) > batchEvery {
			files, err := e.addBatch(ctx, j, p, batch)
			if err != nil {
				return e.interrupted(ctx, t, p.Attempt, err, fail)
			}
			if size = batchSize; files == 0 {
				size = min(2*len(batch), batchMost)
			}
			batch, saved = batch[:0], time.Now()
			advanced(ctx)
		}
	}
	if ctx.Err() != nil {
		return e.interrupted(ctx, t, p.Attempt, ctx.Err(), nil)
	}
	if len(batch) > 0 {
		if _, err := e.addBatch(ctx, j, p, batch); err != nil {
			return e.interrupted(ctx, t, p.Attempt, err, fail)
		}
	}
	failpoint.Hit(failpoint.EndOfPlan)
	return e.endPlan(ctx, t, p, "")
}

// addBatch stores documents, leaves out those whose version every destination has from an earlier run, notes that the
// listing has seen them, and lets the first ones run. It returns how many are to be processed.
func (e *Engine) addBatch(ctx context.Context, j store.Job, p store.Plan, batch []document.Document) (files int, err error) {
	observe.Listed(ctx, len(batch))
	seen := map[string]bool{}
	documents := make([]document.Document, 0, len(batch))
	identifiers := make([]string, 0, len(batch))
	for _, d := range batch {
		if !seen[d.Identifier] { // a listing that names one twice
			seen[d.Identifier] = true
			documents, identifiers = append(documents, d), append(identifiers, d.Identifier)
		}
	}
	err = e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
		known, err := tx.Known(ctx, j.Workspace, j.WorkflowID, p.Source, identifiers)
		if err != nil {
			return err
		}
		var rows []store.File
		var learned []store.Known
		var unchanged []string
		for _, d := range documents {
			k, isKnown := known[d.Identifier]
			l := listed{d, scopeOf(j, p.Source, k)}
			skip := !j.ReprocessAll && changeOf(j, d, k, isKnown) == ChangeUnchanged
			if skip && len(k.Document) > 0 {
				unchanged = append(unchanged, d.Identifier)
				continue
			}
			text, err := json.Marshal(l)
			if err != nil {
				return &permanent{fmt.Sprintf("the source listed a document that cannot be stored: %q", d.Name)}
			}
			if !skip {
				rows = append(rows, store.File{
					Source: p.Source, Identifier: d.Identifier, Document: text, Name: d.Name, ContentType: d.MIMEType,
					Size: d.Size, Version: versionOf(d),
				})
			}
			if k.Document, err = l.remembered(); err != nil {
				return err
			}
			k.Identifier, k.Held = d.Identifier, union(k.Held, j.Destinations...)
			if !skip {
				// Until all destinations have the new version some may hold it already, and none is known to have the old one.
				k.Version = ""
			}
			learned = append(learned, k)
		}
		if err := tx.Learn(ctx, j, p.Source, learned); err != nil {
			return err
		}
		if j.DeleteRemoved {
			if err := tx.See(ctx, j, p.Source, unchanged); err != nil {
				return err
			}
		}
		if _, err := tx.AddFiles(ctx, j.Workspace, j.ID, rows, p.ID, batch[len(batch)-1].Cursor); err != nil {
			return err
		}
		files = len(rows)
		_, err = tx.TopUp(ctx, j.Workspace, j.ID, e.window)
		return err
	})
	return files, err
}

// endPlan ends the listing, failed with a reason if there is one.
func (e *Engine) endPlan(ctx context.Context, t store.Task, p store.Plan, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.EndPlan(ctx, t.Workspace, t.Job, p, reason) })
	if err != nil && !errors.Is(err, store.ErrGone) {
		return e.interrupted(ctx, t, p.Attempt, err, nil)
	}
	observe.Note(ctx, outcomeOf(reason))
	return nil
}
