package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/spec"
	"github.com/sluicehq/sluice/workflow"
)

// workflowInfo is WorkflowInformation.
type workflowInfo struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Sources      []string        `json:"sources"`
	Destinations []string        `json:"destinations"`
	Type         workflow.Type   `json:"workflow_type"`
	Nodes        []nodeInfo      `json:"workflow_nodes"`
	Schedule     scheduleInfo    `json:"schedule"`
	Status       workflow.Status `json:"status"`
	CreatedAt    any             `json:"created_at"`
	UpdatedAt    any             `json:"updated_at"`
	ReprocessAll bool            `json:"reprocess_all"`
	// DeleteRemoved is our own: the contract has no such field.
	DeleteRemoved bool `json:"delete_removed"`
}

type nodeInfo struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	Subtype  string         `json:"subtype"`
	Settings map[string]any `json:"settings"`
}

// scheduleInfo is always an object with a list: clients iterate over it.
type scheduleInfo struct {
	Entries []crontabEntry `json:"crontab_entries"`
}

type crontabEntry struct {
	Cron string `json:"cron_expression"`
}

func nodeInfos(nodes []workflow.Node) []nodeInfo {
	out := make([]nodeInfo, 0, len(nodes))
	for _, n := range workflow.Mask(nodes) {
		if n.Settings == nil {
			n.Settings = map[string]any{}
		}
		out = append(out, nodeInfo(n))
	}
	return out
}

func infoOfWorkflow(w store.Workflow) workflowInfo {
	info := workflowInfo{
		ID: w.ID, Name: w.Name, Sources: append([]string{}, w.Sources...), Destinations: append([]string{}, w.Destinations...),
		Type: w.Type, Nodes: nodeInfos(w.Nodes), Schedule: scheduleInfo{Entries: []crontabEntry{}}, Status: w.Status,
		CreatedAt: stamp(w.CreatedAt), UpdatedAt: stamp(w.UpdatedAt), ReprocessAll: w.ReprocessAll,
		DeleteRemoved: w.DeleteRemoved,
	}
	if w.Schedule != "" {
		info.Schedule.Entries = append(info.Schedule.Entries, crontabEntry{w.Schedule})
	}
	return info
}

// workflowFields are those of create and update. What may be null is looked at in the body itself.
var workflowFields = spec.Spec{Fields: []spec.Field{
	{Name: "name", Kind: spec.String, Omit: true},
	{Name: "workflow_type", Kind: spec.String, Omit: true},
	{Name: "source_id", Kind: spec.String, Omit: true},
	{Name: "destination_id", Kind: spec.String, Omit: true},
	{Name: "source_ids", Kind: spec.Strings, Omit: true, Aliases: []string{"sources"}},
	{Name: "destination_ids", Kind: spec.Strings, Omit: true, Aliases: []string{"destinations"}},
	{Name: "workflow_nodes", Kind: spec.Any, Omit: true},
	{Name: "template_id", Kind: spec.String, Omit: true},
	{Name: "schedule", Kind: spec.Any, Omit: true},
	{Name: "reprocess_all", Kind: spec.Bool, Omit: true},
	{Name: "delete_removed", Kind: spec.Bool, Omit: true},
	{Name: "status", Kind: spec.String, Omit: true},
}}

func bodyError(kind, field, message string, input any) *apiError {
	return invalid(fieldError{Type: kind, Loc: []any{"body", field}, Msg: message, Input: input})
}

func (s *server) createWorkflow(w http.ResponseWriter, r *request) error {
	body, err := object(w, r)
	if err != nil {
		return err
	}
	in, err := fields(workflowFields, body)
	if err != nil {
		return err
	}
	var lacking []fieldError
	for _, name := range []string{"name", "workflow_type"} {
		if in[name] == nil {
			lacking = append(lacking, fieldError{Type: "missing", Loc: []any{"body", name}, Msg: "Field required", Input: spec.Spec{Open: true}.Mask(body)})
		}
	}
	if lacking != nil {
		return invalid(lacking...)
	}
	now := time.Now().UTC()
	flow := store.Workflow{Workspace: r.workspace, Workflow: workflow.Workflow{
		ID: uuid.NewString(), Status: workflow.Active, CreatedAt: now, UpdatedAt: now,
	}}
	if err := s.apply(&flow, in, body); err != nil {
		return err
	}
	if flow.Nodes == nil {
		if flow.Nodes = workflow.DefaultNodes(flow.Type); flow.Nodes == nil {
			flow.Nodes = []workflow.Node{}
		}
	}
	if err := s.checkRemovable(r, flow); err != nil {
		return err
	}
	err = s.Store.InTx(r.Context(), func(tx store.Tx) error {
		if err := checkConnectors(r, tx, flow); err != nil {
			return err
		}
		if err := tx.CreateWorkflow(r.Context(), flow); err != nil {
			return err
		}
		return tx.SetSchedule(r.Context(), r.workspace, flow.ID, flow.Schedule, engine.NextRun(flow.Schedule, now))
	})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, infoOfWorkflow(flow))
}

// apply sets what a body gives. Absent leaves as it is; null clears the schedule and the connectors and is nothing
// elsewhere (contract section 2.4).
func (s *server) apply(w *store.Workflow, in, body map[string]any) error {
	if name, ok := in["name"].(string); ok {
		if strings.TrimSpace(name) == "" {
			return bodyError("string_too_short", "name", "String should have at least 1 character", name)
		}
		w.Name = name
	}
	askedTemplate := false
	if text, ok := in["workflow_type"].(string); ok {
		t, known := workflow.ParseType(text)
		if !known {
			return bodyError("enum", "workflow_type", "Input should be 'basic', 'advanced', 'platinum' or 'custom'", text)
		}
		w.Type, askedTemplate = t, strings.EqualFold(strings.TrimSpace(text), "template")
	}
	if text, ok := in["status"].(string); ok {
		status, known := workflow.ParseStatus(text)
		if !known {
			return bodyError("enum", "status", "Input should be 'active' or 'inactive'", text)
		}
		w.Status = status
	}
	if b, ok := in["reprocess_all"].(bool); ok {
		w.ReprocessAll = b
	}
	if b, ok := in["delete_removed"].(bool); ok {
		w.DeleteRemoved = b
	}
	if err := applyNodes(s, w, in, askedTemplate); err != nil {
		return err
	}
	var err error
	if w.Sources, err = connectorIDs(w.Sources, in, body, "source"); err != nil {
		return err
	}
	if w.Destinations, err = connectorIDs(w.Destinations, in, body, "destination"); err != nil {
		return err
	}
	return applySchedule(w, in, body)
}

func applyNodes(s *server, w *store.Workflow, in map[string]any, askedTemplate bool) error {
	list, given := in["workflow_nodes"].([]any)
	if v := in["workflow_nodes"]; v != nil && !given {
		return bodyError("list_type", "workflow_nodes", "Input should be a valid list", v)
	}
	id, _ := in["template_id"].(string)
	if len(list) == 0 && id != "" {
		t, ok := workflow.TemplateByID(id)
		if !ok {
			return errorf(http.StatusNotFound, "Template %s not found", id)
		}
		w.Nodes = t.Nodes
		return nil
	}
	if askedTemplate && len(list) == 0 {
		return bodyError("missing", "template_id", "Field required", nil)
	}
	if !given {
		return nil
	}
	nodes, found := workflow.Decode(list)
	if len(found) > 0 {
		return problems(found, "body", "workflow_nodes")
	}
	sealed, err := s.sealNodes(workflow.KeepSecrets(nodes, w.Nodes))
	if err != nil {
		return err
	}
	w.Nodes = sealed
	// A documentation sample has the destination inside a node.
	if in["destination_id"] == nil && in["destination_ids"] == nil {
		for _, n := range list {
			if o, ok := n.(map[string]any); ok {
				if id, ok := o["destination_id"].(string); ok && id != "" {
					in["destination_id"] = id
				}
			}
		}
	}
	return nil
}

// sealNodes seals the secrets in the settings of nodes, bound to the node.
func (s *server) sealNodes(nodes []workflow.Node) ([]workflow.Node, error) {
	out := slices.Clone(nodes)
	for i, n := range out {
		fields := workflow.SecretFields(n)
		if len(fields.Fields) == 0 {
			continue
		}
		text, err := s.Secrets.Seal("node:"+n.ID, fields, n.Settings)
		if err != nil {
			return nil, err
		}
		settings, err := strictJSON(text)
		if err != nil {
			return nil, err
		}
		out[i].Settings, _ = settings.(map[string]any)
	}
	return out, nil
}

// connectorIDs reads source_id or source_ids (the list wins); null clears.
func connectorIDs(stored []string, in, body map[string]any, side string) ([]string, error) {
	one, many := side+"_id", side+"_ids"
	out := stored
	_, hasOne := body[one]
	if v, ok := in[one].(string); ok && v != "" {
		out = []string{v}
	} else if hasOne {
		out = nil
	}
	if list, ok := in[many].([]any); ok {
		out = nil
		for _, v := range list {
			if id, ok := v.(string); ok {
				out = append(out, id)
			}
		}
		one = many
	}
	seen := map[string]bool{}
	for i, id := range out {
		parsed, err := parseUUID(id, "body", one)
		if err != nil {
			return nil, err
		}
		if seen[parsed] {
			return nil, bodyError("value_error", one, "Value error, a connector is named twice", id)
		}
		seen[parsed] = true
		out[i] = parsed
	}
	return out, nil
}

// applySchedule reads a phrase, or the object that an answer showed.
func applySchedule(w *store.Workflow, in, body map[string]any) error {
	v, given := body["schedule"]
	if !given {
		if w.Schedule != "" && len(w.Sources) == 0 {
			w.Schedule = "" // the source went
		}
		return nil
	}
	switch x := in["schedule"].(type) {
	case nil:
		w.Schedule = ""
		return nil
	case string:
		if strings.TrimSpace(x) == "" {
			w.Schedule = ""
			return nil
		}
		cron, err := workflow.ParseSchedule(x)
		if err != nil {
			return bodyError("enum", "schedule", "Input should be "+spec.Choice(workflow.SchedulePhrases()), x)
		}
		w.Schedule = cron
	case map[string]any:
		entries, _ := x["crontab_entries"].([]any)
		w.Schedule = ""
		if len(entries) > 0 {
			entry, _ := entries[0].(map[string]any)
			cron, _ := entry["cron_expression"].(string)
			if len(entries) > 1 || engine.NextRun(cron, time.Now()).IsZero() {
				return bodyError("value_error", "schedule", "Value error, one crontab entry with a cron expression is expected", v)
			}
			w.Schedule = cron
		}
	default:
		return bodyError("string_type", "schedule", "Input should be a valid string", v)
	}
	if w.Schedule != "" && len(w.Sources) == 0 {
		return bodyError("value_error", "schedule", "Value error, a workflow without a source cannot be scheduled; give it a source_id", v)
	}
	return nil
}

// checkConnectors refuses ids that the workspace does not have.
func checkConnectors(r *request, tx store.Tx, w store.Workflow) error {
	for _, side := range []struct {
		store.Side
		ids  []string
		name string
	}{{store.SideSource, w.Sources, "Source"}, {store.SideDestination, w.Destinations, "Destination"}} {
		for _, id := range side.ids {
			if _, err := tx.Connector(r.Context(), r.workspace, side.Side, id); err != nil {
				return notFound(err, "%s with id %s not found", side.name, id)
			}
		}
	}
	return nil
}

func missingWorkflow(err error, id string) error {
	return notFound(err, "Workflow with id %s not found", id)
}

func (s *server) getWorkflow(w http.ResponseWriter, r *request) error {
	id := r.ids["workflow_id"]
	var flow store.Workflow
	err := s.Store.View(r.Context(), func(v store.Reader) (err error) {
		flow, err = v.Workflow(r.Context(), r.workspace, id)
		return err
	})
	if err != nil {
		return missingWorkflow(err, id)
	}
	return respond(w, http.StatusOK, infoOfWorkflow(flow))
}

func (s *server) updateWorkflow(w http.ResponseWriter, r *request) error {
	id := r.ids["workflow_id"]
	body, err := object(w, r)
	if err != nil {
		return err
	}
	in, err := fields(workflowFields, body)
	if err != nil {
		return err
	}
	var flow store.Workflow
	err = s.Store.View(r.Context(), func(v store.Reader) (err error) {
		flow, err = v.Workflow(r.Context(), r.workspace, id)
		return err
	})
	if err == nil {
		err = s.checkUpdate(r, flow, in, body)
	}
	if err != nil {
		return missingWorkflow(err, id)
	}
	err = s.Store.InTx(r.Context(), func(tx store.Tx) (err error) {
		if flow, err = tx.Workflow(r.Context(), r.workspace, id); err != nil {
			return err
		}
		if flow.OnDemand {
			return errorf(http.StatusConflict, "The temporary workflow of an on-demand job cannot be changed.")
		}
		before := flow.Schedule
		if err := s.apply(&flow, in, body); err != nil {
			return err
		}
		if err := checkConnectors(r, tx, flow); err != nil {
			return err
		}
		flow.UpdatedAt = after(flow.UpdatedAt)
		if err := tx.UpdateWorkflow(r.Context(), flow); err != nil {
			return err
		}
		if flow.Schedule == before {
			return nil
		}
		return tx.SetSchedule(r.Context(), r.workspace, id, flow.Schedule, engine.NextRun(flow.Schedule, flow.UpdatedAt))
	})
	if err != nil {
		return missingWorkflow(err, id)
	}
	return respond(w, http.StatusOK, infoOfWorkflow(flow))
}

func (s *server) deleteWorkflow(w http.ResponseWriter, r *request) error {
	id := r.ids["workflow_id"]
	err := s.Store.InTx(r.Context(), func(tx store.Tx) error {
		flow, err := tx.Workflow(r.Context(), r.workspace, id)
		if err != nil {
			return err
		}
		if flow.OnDemand {
			return errorf(http.StatusConflict, "The temporary workflow of an on-demand job goes with its job; cancel that.")
		}
		return tx.DeleteWorkflow(r.Context(), r.workspace, id, time.Now().UTC())
	})
	if err != nil {
		return missingWorkflow(err, id)
	}
	return respond(w, http.StatusOK, detail("Workflow with id %s successfully deleted.", id))
}

func (s *server) listWorkflows(w http.ResponseWriter, r *request) error {
	q := queryOf(r)
	f := store.WorkflowFilter{
		Source: q.id("source_id"), Destination: q.id("destination_id"), Name: q.text("name"),
		CreatedSince: q.time("created_since"), CreatedBefore: q.time("created_before"),
		Contains: strings.ToLower(q.text("dag_node_configuration_id")), Deleted: q.flag("show_only_soft_deleted"), SortBy: "id",
	}
	q.flag("show_recommender_workflows") // accepted, without effect
	if t := q.text("status"); t != "" {
		status, ok := workflow.ParseStatus(t[strings.LastIndexByte(t, '.')+1:])
		if !ok {
			q.fail("status", "enum", "Input should be 'active' or 'inactive'")
		}
		f.Status = status
	}
	if t := q.text("sort_by"); t != "" {
		f.SortBy = t
		if !slices.Contains([]string{"id", "name", "created_at", "updated_at", "status"}, t) {
			q.fail("sort_by", "enum", "Input should be 'id', 'name', 'created_at', 'updated_at' or 'status'")
		}
	}
	switch t := strings.ToLower(q.text("sort_direction")); t[strings.LastIndexByte(t, '.')+1:] {
	case "", "asc":
	case "desc":
		f.Descending = true
	default:
		q.fail("sort_direction", "enum", "Input should be 'asc' or 'desc'")
	}
	page := q.number("page", 1)
	f.Limit = min(q.number("page_size", 20), 100)
	f.Offset = (page - 1) * f.Limit
	if err := q.err(); err != nil {
		return err
	}
	var all []store.Workflow
	err := s.Store.View(r.Context(), func(v store.Reader) (err error) {
		all, err = v.Workflows(r.Context(), r.workspace, f)
		return err
	})
	if err != nil {
		return err
	}
	out := make([]workflowInfo, 0, len(all))
	for _, flow := range all {
		out = append(out, infoOfWorkflow(flow))
	}
	return respond(w, http.StatusOK, out)
}

func (s *server) runWorkflow(w http.ResponseWriter, r *request) error {
	id := r.ids["workflow_id"]
	// A workflow that does not exist is said before files are taken in.
	if err := s.Store.View(r.Context(), func(v store.Reader) error {
		_, err := v.Workflow(r.Context(), r.workspace, id)
		return err
	}); err != nil {
		return missingWorkflow(err, id)
	}
	uploads := s.Engine.NewUploads(r.workspace, false)
	defer uploads.Discard(r.Context())
	values, err := form(w, r, "input_files", adder(r, uploads))
	if err != nil {
		return err
	}
	options, err := runOptions(r, values)
	if err != nil {
		return err
	}
	j, err := s.Engine.RunWorkflow(r.Context(), r.workspace, id, uploads, options...)
	if err != nil {
		return missingWorkflow(err, id)
	}
	return s.respondJob(w, r, http.StatusAccepted, j)
}

func (s *server) listTemplates(w http.ResponseWriter, _ *request) error {
	type item struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Version     string `json:"version"`
		LastUpdated string `json:"last_updated"`
	}
	out := []item{}
	for _, t := range workflow.Templates() {
		out = append(out, item{t.ID, t.Name, t.Description, t.Version, t.LastUpdated})
	}
	return respond(w, http.StatusOK, out)
}

func (s *server) getTemplate(w http.ResponseWriter, r *request) error {
	id := r.ids["template_id"]
	t, ok := workflow.TemplateByID(id)
	if !ok {
		return errorf(http.StatusNotFound, "Template %s not found", id)
	}
	out := map[string]any{}
	text, err := json.Marshal(t)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return err
	}
	out["nodes"] = nodeInfos(t.Nodes)
	return respond(w, http.StatusOK, out)
}
