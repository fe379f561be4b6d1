package api

import (
	"net/http"

	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/spec"
)

// checkRemovable refuses a workflow whose removed documents cannot be removed.
func (s *server) checkRemovable(r *request, flow store.Workflow) error {
	if !flow.DeleteRemoved {
		return nil
	}
	return s.Engine.CheckRemovable(r.Context(), r.workspace, flow.Sources, flow.Destinations)
}

// checkUpdate is checkRemovable for what an update makes of a workflow. It opens connectors, which a transaction has no
// time for; the run looks again.
func (s *server) checkUpdate(r *request, flow store.Workflow, in, body map[string]any) error {
	if flow.OnDemand {
		return nil // refused elsewhere
	}
	if err := s.apply(&flow, in, body); err != nil {
		return err
	}
	return s.checkRemovable(r, flow)
}

var runFields = spec.Spec{Lenient: true, Fields: []spec.Field{{Name: "force_delete_removed", Kind: spec.Bool, Omit: true}}}

// runOptions reads what a run is asked beyond its files, as query parameter or form field.
func runOptions(r *request, values map[string][]string) ([]engine.RunOption, error) {
	q := queryOf(r)
	force := q.flag("force_delete_removed")
	if err := q.err(); err != nil {
		return nil, err
	}
	if text, ok := first(values, "force_delete_removed"); ok && text != "" {
		in, err := fields(runFields, map[string]any{"force_delete_removed": text})
		if err != nil {
			return nil, err
		}
		force = in["force_delete_removed"] == true
	}
	if force {
		return []engine.RunOption{engine.ForceRemove}, nil
	}
	return nil, nil
}

const (
	dryDocuments    = 1000   // shown by a dry run that does not say how many
	maxDryDocuments = 10_000 // shown at most
	dryRuns         = 2      // at once
)

// dryRun answers once the sources are listed to their end: the counts are of all documents, however many are shown.
func (s *server) dryRun(w http.ResponseWriter, r *request) error {
	q := queryOf(r)
	limit := min(q.number("limit", dryDocuments), maxDryDocuments)
	unchanged := q.flag("unchanged")
	if err := q.err(); err != nil {
		return err
	}
	select {
	case s.dry <- struct{}{}:
		defer func() { <-s.dry }()
	default:
		w.Header().Set("Retry-After", "10")
		return errorf(http.StatusTooManyRequests, "%d dry runs are being made already; try again when one has ended", dryRuns)
	}
	type document struct {
		Change     string `json:"change"`
		Source     string `json:"source_id"`
		Identifier string `json:"identifier"`
		Name       string `json:"name"`
		Path       string `json:"path"`
		Version    string `json:"version"`
	}
	out := struct {
		New           int        `json:"new"`
		Changed       int        `json:"changed"`
		Unchanged     int        `json:"unchanged"`
		Removed       int        `json:"removed"`
		Known         int        `json:"known"`
		ReprocessAll  bool       `json:"reprocess_all"`
		DeleteRemoved bool       `json:"delete_removed"`
		Stops         any        `json:"stops"`
		Documents     []document `json:"documents"`
		Truncated     bool       `json:"truncated"`
	}{Documents: []document{}}
	id := r.ids["workflow_id"]
	sum, err := s.Engine.DryRun(r.Context(), r.workspace, id, func(c engine.Change) error {
		switch {
		case c.Change == engine.ChangeUnchanged && !unchanged:
		case len(out.Documents) == limit:
			out.Truncated = true
		default:
			out.Documents = append(out.Documents, document(c))
		}
		return nil
	})
	if err != nil {
		return missingWorkflow(err, id)
	}
	out.New, out.Changed, out.Unchanged, out.Removed, out.Known = sum.New, sum.Changed, sum.Unchanged, sum.Removed, sum.Known
	out.ReprocessAll, out.DeleteRemoved = sum.Reprocess, sum.DeleteRemoved
	if sum.Stops != "" {
		out.Stops = sum.Stops
	}
	return respond(w, http.StatusOK, out)
}
