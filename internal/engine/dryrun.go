package engine

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"path"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/store"
)

// What a run would do with a document.
const (
	ActionNew       = "new"       // work on it for the first time
	ActionChanged   = "changed"   // work on it again
	ActionUnchanged = "unchanged" // pass it over
	ActionRemoved   = "removed"   // take it out of the destinations
)

// DryRun is what a run would do, without having done it.
type DryRun struct {
	New, Changed, Unchanged, Removed int
	// Kept are documents that left the source and would stay: delete_removed is off, or they are more than a fifth.
	Kept int
	// Complete is false when the listing took longer than there was time, or named more than could be remembered: the counts
	// are those of its beginning, and nothing is known of what left the source.
	Complete  bool
	Documents []DryDocument // the first ones that are not unchanged
}

// DryDocument is one document of a DryRun.
type DryDocument struct {
	Source, Identifier, Name, Action string
}

const (
	dryTime   = 4 * time.Minute
	dryListed = 2_000_000 // documents, at 16 bytes each
	dryPage   = 500
)

// DryRun implements API.
func (e *Engine) DryRun(ctx context.Context, workspace, workflowID string, limit int) (DryRun, error) {
	var out DryRun
	var w store.Workflow
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		if w, err = tx.Workflow(ctx, workspace, workflowID); err != nil {
			return err
		}
		return e.startable(ctx, tx, w)
	})
	if err != nil {
		return out, err
	}
	if len(w.Sources) == 0 {
		return out, &Refusal{http.StatusUnprocessableEntity, "the workflow has no source, so that a run works on what is uploaded with it"}
	}
	ctx, cancel := context.WithTimeout(ctx, dryTime)
	defer cancel()
	d := &dry{Engine: e, w: w, out: &out, limit: limit, seed: maphash.MakeSeed()}
	out.Complete = true
	for _, source := range w.Sources {
		if err := d.source(ctx, source); err != nil {
			return out, err
		}
	}
	return out, nil
}

// dry is one dry run at work.
type dry struct {
	*Engine
	w      store.Workflow
	out    *DryRun
	limit  int
	seed   maphash.Seed
	listed int
}

func (d *dry) source(ctx context.Context, id string) error {
	o, err := d.open(ctx, d.w.Workspace, store.SideSource, id)
	if err != nil {
		return dryFailure(d.Engine, err)
	}
	defer o.Close()
	seen := map[uint64]bool{}
	batch := make([]document.Document, 0, dryPage)
	for doc, err := range o.(connector.Source).Index(ctx, "") {
		if ctx.Err() != nil || d.listed >= dryListed {
			d.out.Complete = false
			break
		}
		if err != nil {
			return dryFailure(d.Engine, err)
		}
		d.listed++
		seen[maphash.String(d.seed, doc.Identifier)] = true
		if batch = append(batch, doc); len(batch) == dryPage {
			if err := d.compare(ctx, id, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := d.compare(context.WithoutCancel(ctx), id, batch); err != nil || !d.out.Complete {
		return err
	}
	if _, ok := o.(connector.Committer); ok { // it lists only what is new: nothing leaves it
		return nil
	}
	return d.gone(context.WithoutCancel(ctx), id, seen)
}

// compare counts listed documents by what is known of them.
func (d *dry) compare(ctx context.Context, source string, batch []document.Document) error {
	return d.cfg.Store.View(ctx, func(r store.Reader) error {
		for _, doc := range batch {
			finished, err := r.Version(ctx, d.w.Workspace, d.w.ID, source, doc.Identifier)
			if err != nil {
				return err
			}
			version := versionOf(doc)
			switch {
			case finished == "":
				d.add(source, doc, ActionNew, &d.out.New)
			case version == finished && !d.w.ReprocessAll:
				d.out.Unchanged++
			default:
				d.add(source, doc, ActionChanged, &d.out.Changed)
			}
		}
		return nil
	})
}

func (d *dry) add(source string, doc document.Document, action string, count *int) {
	*count++
	if len(d.out.Documents) < d.limit {
		d.out.Documents = append(d.out.Documents, DryDocument{source, doc.Identifier, doc.Name, action})
	}
}

// gone counts what is known and was not listed.
func (d *dry) gone(ctx context.Context, source string, seen map[uint64]bool) error {
	known := 0
	var missing []DryDocument
	count := 0
	for after := ""; ; {
		var page []store.Known
		err := d.cfg.Store.View(ctx, func(r store.Reader) (err error) {
			page, err = r.Known(ctx, d.w.Workspace, d.w.ID, source, after, dryPage)
			return err
		})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, k := range page {
			known++
			if seen[maphash.String(d.seed, k.Identifier)] {
				continue
			}
			count++
			if len(d.out.Documents)+len(missing) < d.limit {
				missing = append(missing, DryDocument{source, k.Identifier, path.Base(documentOfKnown(k).Name), ActionRemoved})
			}
		}
		after = page[len(page)-1].Identifier
	}
	if !d.w.DeleteRemoved || count*largestPart > known {
		d.out.Kept += count
		return nil
	}
	d.out.Removed += count
	d.out.Documents = append(d.out.Documents, missing...)
	return nil
}

// dryFailure is an error of a connector as an answer to a request.
func dryFailure(e *Engine, err error) error {
	return &Refusal{http.StatusUnprocessableEntity, fmt.Sprintf("the source cannot be listed: %s", e.userReason("the listing", err))}
}
