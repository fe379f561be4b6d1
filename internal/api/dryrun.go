package api

import "net/http"

// dryRun answers with what a run of a workflow would do.
func (s *server) dryRun(w http.ResponseWriter, r *request) error {
	q := queryOf(r)
	limit := q.number("limit", 1000)
	if err := q.err(); err != nil {
		return err
	}
	type item struct {
		SourceID   string `json:"source_id"`
		Identifier string `json:"identifier"`
		Name       string `json:"name"`
		Action     string `json:"action"`
	}
	d, err := s.Engine.DryRun(r.Context(), r.workspace, r.ids["workflow_id"], min(limit, 10_000))
	if err != nil {
		return missingWorkflow(err, r.ids["workflow_id"])
	}
	out := struct {
		New       int    `json:"new"`
		Changed   int    `json:"changed"`
		Unchanged int    `json:"unchanged"`
		Removed   int    `json:"removed"`
		Kept      int    `json:"kept"`
		Complete  bool   `json:"complete"`
		Documents []item `json:"documents"`
	}{d.New, d.Changed, d.Unchanged, d.Removed, d.Kept, d.Complete, []item{}}
	for _, one := range d.Documents {
		out.Documents = append(out.Documents, item{one.Source, one.Identifier, one.Name, one.Action})
	}
	return respond(w, http.StatusOK, out)
}
