package manifest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/spec"
	"github.com/sluicehq/sluice/workflow"
)

// Change is what Apply did with one entry of the file.
type Change struct {
	Kind string // source, destination or workflow
	Name string
	ID   string
	Done string // created, updated, or unchanged; an entry whose secrets cannot be compared counts as updated
}

// Apply brings a server to what the file says. Entries are known by their names: those that the server has are updated, the
// others created, and nothing is deleted. It tells each change once it is made and stops at the first refusal, which names
// the entry; what was done before stays, and applying again goes on.
func Apply(ctx context.Context, c *Client, f File, tell func(Change)) error {
	ids := map[string]map[string]string{}
	for _, side := range []struct {
		kind string
		file []Connector
	}{{"source", f.Sources}, {"destination", f.Destinations}} {
		there, err := c.connectors(ctx, side.kind+"s")
		if err != nil {
			return err
		}
		ids[side.kind] = map[string]string{}
		found := map[string][]connectorInfo{}
		for _, info := range there {
			found[info.Name] = append(found[info.Name], info)
			ids[side.kind][info.Name] = info.ID
		}
		for _, entry := range side.file {
			change, err := applyConnector(ctx, c, side.kind, entry, found[entry.Name])
			if err != nil {
				return fmt.Errorf("%s %q: %w", side.kind, entry.Name, err)
			}
			ids[side.kind][entry.Name] = change.ID
			tell(change)
		}
		for name, all := range found {
			if len(all) > 1 {
				ids[side.kind][name] = "" // no name any more
			}
		}
	}
	if len(f.Workflows) == 0 {
		return nil
	}
	there, err := c.workflows(ctx)
	if err != nil {
		return err
	}
	found := map[string][]workflowInfo{}
	for _, info := range there {
		found[info.Name] = append(found[info.Name], info)
	}
	for _, w := range f.Workflows {
		change, err := applyWorkflow(ctx, c, w, found[w.Name], ids)
		if err != nil {
			return fmt.Errorf("workflow %q: %w", w.Name, err)
		}
		tell(change)
	}
	return nil
}

// ambiguous says that a name does not tell which of several entries is meant.
func ambiguous(n int) error {
	return fmt.Errorf("the server has %d of this name; rename or delete all but one", n)
}

func applyConnector(ctx context.Context, c *Client, kind string, entry Connector, there []connectorInfo) (Change, error) {
	change := Change{Kind: kind, Name: entry.Name}
	config := entry.Config
	if config == nil {
		config = map[string]any{}
	}
	var after connectorInfo
	switch len(there) {
	case 0:
		change.Done = "created"
		body := map[string]any{"name": entry.Name, "type": entry.Type, "config": config}
		err := c.call(ctx, http.MethodPost, "/"+kind+"s/", body, &after)
		change.ID = after.ID
		return change, err
	case 1:
	default:
		return change, ambiguous(len(there))
	}
	before := there[0]
	if side := connector.Side(kind); connector.For(side, before.Type).Type != connector.For(side, entry.Type).Type {
		return change, fmt.Errorf("it is of type %s on the server, and a type never changes; give the new one another name", before.Type)
	}
	change.ID, change.Done = before.ID, "updated"
	if err := c.call(ctx, http.MethodPut, "/"+kind+"s/"+before.ID, map[string]any{"config": config}, &after); err != nil {
		return change, err
	}
	if reflect.DeepEqual(before.Config, after.Config) && !hasMask(after.Config) {
		change.Done = "unchanged"
	}
	return change, nil
}

// same is the type or subtype of a node as the API compares it.
func same(kind string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(kind)))
}

// hasMask tells whether a value holds a secret that the server does not show.
func hasMask(v any) bool {
	switch v := v.(type) {
	case string:
		return v == spec.Mask
	case map[string]any:
		for _, member := range v {
			if hasMask(member) {
				return true
			}
		}
	case []any:
		for _, member := range v {
			if hasMask(member) {
				return true
			}
		}
	}
	return false
}

func applyWorkflow(ctx context.Context, c *Client, w Workflow, there []workflowInfo, ids map[string]map[string]string) (Change, error) {
	change := Change{Kind: "workflow", Name: w.Name}
	if len(there) > 1 {
		return change, ambiguous(len(there))
	}
	sources, err := idsOf(w.Sources, "source", ids)
	if err != nil {
		return change, err
	}
	destinations, err := idsOf(w.Destinations, "destination", ids)
	if err != nil {
		return change, err
	}
	body := map[string]any{
		"name": w.Name, "workflow_type": cmp.Or(w.Type, string(workflow.Custom)), "source_ids": sources, "destination_ids": destinations,
		"schedule": scheduleOf(w.Schedule), "status": cmp.Or(w.Status, string(workflow.Active)),
		"reprocess_all": w.ReprocessAll, "delete_removed": w.DeleteRemoved,
	}
	if w.Template != "" {
		body["template_id"] = w.Template
	}
	var after workflowInfo
	if len(there) == 0 {
		if w.Nodes != nil {
			body["workflow_nodes"] = w.Nodes
		}
		change.Done = "created"
		err := c.call(ctx, http.MethodPost, "/workflows/", body, &after)
		change.ID = after.ID
		return change, err
	}
	before := there[0]
	if w.Nodes != nil {
		body["workflow_nodes"] = keepIDs(w.Nodes, before.Nodes)
	}
	change.ID, change.Done = before.ID, "updated"
	if err := c.call(ctx, http.MethodPut, "/workflows/"+before.ID, body, &after); err != nil {
		return change, err
	}
	if reflect.DeepEqual(before, after) && !hasSecret(after.Nodes) {
		change.Done = "unchanged"
	}
	return change, nil
}

func hasSecret(nodes []Node) bool {
	for _, n := range nodes {
		if hasMask(n.Settings) {
			return true
		}
	}
	return false
}

// idsOf finds the ids of connectors: by name, or as they are.
func idsOf(names []string, kind string, ids map[string]map[string]string) ([]string, error) {
	out := []string{}
	for _, name := range names {
		id, ok := ids[kind][name]
		switch {
		case ok && id == "":
			return nil, fmt.Errorf("the server has several %ss named %q; rename or delete all but one", kind, name)
		case ok:
			out = append(out, id)
		case uuid.Validate(name) == nil:
			out = append(out, name)
		default:
			return nil, fmt.Errorf("there is no %s named %q, neither in the file nor on the server", kind, name)
		}
	}
	return out, nil
}

// scheduleOf writes a schedule as the API takes it: a phrase as it is, a cron expression as the object that it shows.
func scheduleOf(schedule string) any {
	if schedule == "" {
		return nil
	}
	if _, err := workflow.ParseSchedule(schedule); err == nil || len(strings.Fields(schedule)) != 5 {
		return schedule
	}
	return map[string]any{"crontab_entries": []map[string]string{{"cron_expression": schedule}}}
}

// keepIDs gives nodes without an id that of the server's node of the same name and kind, so that applying a file twice
// changes nothing.
func keepIDs(nodes, there []Node) []Node {
	used := map[string]bool{}
	for _, n := range nodes {
		used[n.ID] = true
	}
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		for _, old := range there {
			if n.ID == "" && !used[old.ID] && n.Name == old.Name && same(n.Type) == same(old.Type) && same(n.Subtype) == same(old.Subtype) {
				n.ID = old.ID
				used[n.ID] = true
			}
		}
		out[i] = n
	}
	return out
}
