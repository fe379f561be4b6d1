package engine

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/store"
)

// maxDry is how many documents of one source a dry run compares with what the workflow knows: it holds eight bytes of each.
const maxDry = 20_000_000

// Change is what a run would do with one document.
type Change struct {
	Change     string // ChangeNew, ChangeChanged, ChangeUnchanged (left alone) or ChangeRemoved
	Source     string // connector id
	Identifier string
	Name, Path string
	Version    string
}

// DrySummary counts the changes. Known are the documents that the workflow knows of its sources. Stops says why the removal
// would stop, "" when it would not, or when the workflow removes nothing.
type DrySummary struct {
	New, Changed, Unchanged, Removed, Known int
	Reprocess                               bool // unchanged ones are processed too
	DeleteRemoved                           bool // removed ones are removed from the destinations
	Stops                                   string
}

// DryRun implements API.
func (e *Engine) DryRun(ctx context.Context, workspace, workflowID string, tell func(Change) error) (DrySummary, error) {
	var w store.Workflow
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if w, err = r.Workflow(ctx, workspace, workflowID); err != nil {
			return err
		}
		if len(w.Sources) == 0 {
			return &Refusal{http.StatusUnprocessableEntity, "the workflow has no source, so that nothing can be listed"}
		}
		if err := e.startable(ctx, r, w); err != nil {
			return err
		}
		w.DeleteRemoved, err = removes(ctx, r, w)
		return err
	})
	if err != nil {
		return DrySummary{}, err
	}
	d := dryRun{e: e, tell: tell, sum: DrySummary{Reprocess: w.ReprocessAll, DeleteRemoved: w.DeleteRemoved}, j: store.Job{
		Workspace: workspace, WorkflowID: w.ID, Sources: w.Sources, Destinations: w.Destinations,
	}}
	for _, source := range w.Sources {
		if err := d.source(ctx, source); err != nil {
			return d.sum, err
		}
	}
	return d.sum, nil
}

type dryRun struct {
	e    *Engine
	j    store.Job // as a run would have it, without a time: every known document is one that it has not seen
	tell func(Change) error
	sum  DrySummary
	seed maphash.Seed
}

// source lists one source and compares.
func (d *dryRun) source(ctx context.Context, id string) error {
	opened, err := d.e.open(ctx, d.j.Workspace, "", store.SideSource, id)
	if err != nil {
		return d.refusal(id, err)
	}
	defer opened.Close()
	source, _ := opened.(connector.Source)
	_, log := opened.(connector.Committer)
	d.seed = maphash.MakeSeed()
	seen := map[uint64]struct{}{}
	batch := make([]document.Document, 0, batchSize)
	for doc, err := range source.Index(ctx, "") {
		if err != nil {
			return d.refusal(id, err)
		}
		batch = append(batch, doc)
		if len(batch) == batchSize {
			if err := d.compare(ctx, id, batch, seen); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := d.compare(ctx, id, batch, seen); err != nil {
		return err
	}
	if log { // what it does not list has not left it
		return nil
	}
	return d.removed(ctx, id, seen)
}

// refusal is the reason for a listing that failed.
func (d *dryRun) refusal(id string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &Refusal{http.StatusUnprocessableEntity, "source " + id + " cannot be listed: " + d.e.checkReason(id, err).Error()}
}

func (d *dryRun) compare(ctx context.Context, source string, batch []document.Document, seen map[uint64]struct{}) error {
	identifiers := make([]string, 0, len(batch))
	for _, doc := range batch {
		identifiers = append(identifiers, doc.Identifier)
	}
	var known map[string]store.Known
	err := d.e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		known, err = r.Known(ctx, d.j.Workspace, d.j.WorkflowID, source, identifiers)
		return err
	})
	if err != nil {
		return err
	}
	for _, doc := range batch {
		h := maphash.String(d.seed, doc.Identifier)
		if _, twice := seen[h]; twice {
			continue
		}
		if seen[h] = struct{}{}; len(seen) > maxDry {
			return &Refusal{http.StatusUnprocessableEntity, "source " + source + " has more documents than a dry run compares (20,000,000)"}
		}
		k, isKnown := known[doc.Identifier]
		c := Change{changeOf(d.j, doc, k, isKnown), source, doc.Identifier, doc.Name, doc.Path, contentOf(doc)}
		switch c.Change {
		case ChangeNew:
			d.sum.New++
		case ChangeChanged:
			d.sum.Changed++
		default:
			d.sum.Unchanged++
		}
		if err := d.tell(c); err != nil {
			return err
		}
	}
	return nil
}

// removed finds the known documents that were not listed.
func (d *dryRun) removed(ctx context.Context, source string, seen map[uint64]struct{}) error {
	known, gone, after := 0, 0, ""
	for {
		var page []store.Known
		err := d.e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
			page, err = r.Unseen(ctx, d.j, source, after, batchSize)
			return err
		})
		if err != nil {
			return err
		}
		for _, k := range page {
			after = k.Identifier
			known++
			if _, ok := seen[maphash.String(d.seed, k.Identifier)]; ok {
				continue
			}
			gone++
			l, err := parseListed(k.Document)
			if err != nil {
				continue
			}
			version, _, _ := strings.Cut(k.Version, permissionsMark)
			if err := d.tell(Change{ChangeRemoved, source, k.Identifier, l.Name, l.Path, version}); err != nil {
				return err
			}
		}
		if len(page) < batchSize {
			break
		}
	}
	d.sum.Known += known
	d.sum.Removed += gone
	if d.sum.DeleteRemoved && d.sum.Stops == "" && tooMany(known, gone) {
		d.sum.Stops = tooManyReason(known, gone)
	}
	return nil
}
