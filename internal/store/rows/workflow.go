package rows

import (
	"context"
	"strings"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

const workflowColumns = `id, workspace, name, type, status, schedule, reprocess_all, delete_removed, on_demand, ` +
	`created_at, updated_at, deleted_at, sources, destinations, nodes`

func scanWorkflow(s scanner) (w store.Workflow, err error) {
	err = s.Scan(&w.ID, &w.Workspace, &w.Name, &w.Type, &w.Status, &w.Schedule, &w.ReprocessAll, &w.DeleteRemoved, &w.OnDemand,
		instant{&w.CreatedAt}, instant{&w.UpdatedAt}, instant{&w.DeletedAt},
		decoded{&w.Sources}, decoded{&w.Destinations}, decoded{&w.Nodes})
	return w, err
}

// Workflow returns a workflow that is not deleted.
func (r *Reader) Workflow(ctx context.Context, workspace, id string) (store.Workflow, error) {
	return first(ctx, r.q, scanWorkflow,
		`SELECT `+workflowColumns+` FROM workflow WHERE id = ? AND workspace = ? AND deleted_at = 0`, id, workspace)
}

// Workflows lists stored workflows; temporary ones of on-demand jobs are absent.
func (r *Reader) Workflows(ctx context.Context, workspace string, f store.WorkflowFilter) ([]store.Workflow, error) {
	query := `SELECT ` + workflowColumns + ` FROM workflow WHERE workspace = ? AND on_demand = 0`
	args := []any{workspace}
	where := func(cond string, a ...any) {
		query += ` AND ` + cond
		args = append(args, a...)
	}
	if f.Deleted {
		where(`deleted_at > 0`)
	} else {
		where(`deleted_at = 0`)
	}
	if f.Source != "" {
		where(`id IN (SELECT workflow FROM workflow_ref WHERE ref = ? AND kind = 'source')`, f.Source)
	}
	if f.Destination != "" {
		where(`id IN (SELECT workflow FROM workflow_ref WHERE ref = ? AND kind = 'destination')`, f.Destination)
	}
	if f.Contains != "" {
		where(`id IN (SELECT workflow FROM workflow_ref WHERE ref = ?)`, f.Contains)
	}
	if f.Status != "" {
		where(`status = ?`, string(f.Status))
	}
	if f.Name != "" {
		where(`name_fold LIKE ? ESCAPE '\'`, "%"+like(strings.ToLower(f.Name))+"%")
	}
	if !f.CreatedSince.IsZero() {
		where(`created_at >= ?`, micros(f.CreatedSince))
	}
	if !f.CreatedBefore.IsZero() {
		where(`created_at < ?`, micros(f.CreatedBefore))
	}
	order, direction := "created_at", ""
	switch f.SortBy {
	case "id", "updated_at", "status":
		order = f.SortBy
	case "name":
		order = "name_fold"
	}
	if f.Descending {
		direction = " DESC"
	}
	query += ` ORDER BY ` + order + direction + `, id` + direction
	query, args = paged(query, args, f.Limit, f.Offset)
	return list(ctx, r.q, scanWorkflow, query, args...)
}

// paged adds LIMIT and OFFSET; limit 0 is all.
func paged(query string, args []any, limit, offset int) (string, []any) {
	if limit <= 0 && offset <= 0 {
		return query, args
	}
	if limit <= 0 {
		limit = 1 << 30
	}
	return query + ` LIMIT ? OFFSET ?`, append(args, limit, max(offset, 0))
}

// CreateWorkflow inserts a workflow.
func (t *Tx) CreateWorkflow(ctx context.Context, w store.Workflow) error {
	sources, destinations, nodes, err := lists(w)
	if err != nil {
		return err
	}
	if _, err := t.q.Exec(ctx, `INSERT INTO workflow (id, workspace, name, name_fold, type, status, schedule, reprocess_all, `+
		`delete_removed, on_demand, created_at, updated_at, deleted_at, sources, destinations, nodes) `+
		`VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.ID, w.Workspace, w.Name, strings.ToLower(w.Name), string(w.Type), string(w.Status), w.Schedule, truth(w.ReprocessAll),
		truth(w.DeleteRemoved), truth(w.OnDemand), micros(w.CreatedAt), micros(w.UpdatedAt), micros(w.DeletedAt), sources, destinations, nodes); err != nil {
		return err
	}
	return t.refer(ctx, w)
}

// UpdateWorkflow stores everything but the creation time and the deletion of a workflow that is not deleted.
func (t *Tx) UpdateWorkflow(ctx context.Context, w store.Workflow) error {
	sources, destinations, nodes, err := lists(w)
	if err != nil {
		return err
	}
	n, err := t.q.Exec(ctx, `UPDATE workflow SET name = ?, name_fold = ?, type = ?, status = ?, schedule = ?, reprocess_all = ?, delete_removed = ?, `+
		`updated_at = ?, sources = ?, destinations = ?, nodes = ? WHERE id = ? AND workspace = ? AND deleted_at = 0`,
		w.Name, strings.ToLower(w.Name), string(w.Type), string(w.Status), w.Schedule, truth(w.ReprocessAll),
		truth(w.DeleteRemoved), micros(w.UpdatedAt), sources, destinations, nodes, w.ID, w.Workspace)
	if err := must(n, err, store.ErrNotFound); err != nil {
		return err
	}
	return t.refer(ctx, w)
}

func lists(w store.Workflow) (sources, destinations, nodes string, err error) {
	if sources, err = encode(w.Sources); err != nil {
		return
	}
	if destinations, err = encode(w.Destinations); err != nil {
		return
	}
	nodes, err = encode(w.Nodes)
	return
}

// refer stores what the workflow names. The temporary workflows of on-demand jobs are not searched for.
func (t *Tx) refer(ctx context.Context, w store.Workflow) error {
	if w.OnDemand {
		return nil
	}
	if _, err := t.q.Exec(ctx, `DELETE FROM workflow_ref WHERE workflow = ?`, w.ID); err != nil {
		return err
	}
	add := func(kind, ref string) error {
		_, err := t.q.Exec(ctx,
			`INSERT INTO workflow_ref (workflow, kind, ref) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, w.ID, kind, ref)
		return err
	}
	for _, id := range w.Sources {
		if err := add("source", id); err != nil {
			return err
		}
	}
	for _, id := range w.Destinations {
		if err := add("destination", id); err != nil {
			return err
		}
	}
	for _, n := range w.Nodes {
		if err := add("node", n.ID); err != nil {
			return err
		}
	}
	return nil
}

// DeleteWorkflow marks a workflow as deleted and drops its schedule.
func (t *Tx) DeleteWorkflow(ctx context.Context, workspace, id string, at time.Time) error {
	n, err := t.q.Exec(ctx, `UPDATE workflow SET deleted_at = ? WHERE id = ? AND workspace = ? AND deleted_at = 0`,
		micros(at), id, workspace)
	if err := must(n, err, store.ErrNotFound); err != nil {
		return err
	}
	_, err = t.q.Exec(ctx, `DELETE FROM schedule WHERE workflow = ?`, id)
	return err
}

// SetSchedule stores when a workflow runs next; a zero next removes the schedule.
func (t *Tx) SetSchedule(ctx context.Context, workspace, workflow, cron string, next time.Time) error {
	if _, err := t.count(ctx,
		`SELECT 1 FROM workflow WHERE id = ? AND workspace = ? AND deleted_at = 0`+t.q.Lock(Change), workflow, workspace); err != nil {
		return err
	}
	if next.IsZero() {
		_, err := t.q.Exec(ctx, `DELETE FROM schedule WHERE workflow = ?`, workflow)
		return err
	}
	_, err := t.q.Exec(ctx, `INSERT INTO schedule (workflow, workspace, cron, next_at) VALUES (?, ?, ?, ?) `+
		`ON CONFLICT (workflow) DO UPDATE SET cron = excluded.cron, next_at = excluded.next_at`,
		workflow, workspace, cron, micros(next))
	return err
}

// DueSchedules lists the schedules of all workspaces that are due, oldest first.
func (r *Reader) DueSchedules(ctx context.Context, now time.Time) ([]store.Schedule, error) {
	return list(ctx, r.q, func(s scanner) (d store.Schedule, err error) {
		err = s.Scan(&d.Workspace, &d.Workflow, &d.Cron, instant{&d.NextAt})
		return d, err
	}, `SELECT workspace, workflow, cron, next_at FROM schedule WHERE next_at <= ? ORDER BY next_at, workflow`, micros(now))
}

// AdvanceSchedule moves a schedule on for the one caller that still sees its old time.
func (t *Tx) AdvanceSchedule(ctx context.Context, s store.Schedule, next time.Time) error {
	n, err := t.q.Exec(ctx, `UPDATE schedule SET next_at = ? WHERE workflow = ? AND workspace = ? AND next_at = ?`,
		micros(next), s.Workflow, s.Workspace, micros(s.NextAt))
	return must(n, err, store.ErrGone)
}

// Version returns the version of a document that a workflow last finished.
func (r *Reader) Version(ctx context.Context, workspace, workflow, source, identifier string) (string, error) {
	all, err := list(ctx, r.q, scanText,
		`SELECT version FROM version WHERE workflow = ? AND source = ? AND identifier = ? AND workspace = ?`,
		workflow, source, identifier, workspace)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

func scanText(s scanner) (v string, err error) {
	err = s.Scan(&v)
	return v, err
}

// SetVersion records a finished version.
func (t *Tx) SetVersion(ctx context.Context, workspace, workflow, source, identifier, version string) error {
	return t.q.Later(ctx, `INSERT INTO version (workflow, source, identifier, workspace, version) VALUES (?, ?, ?, ?, ?) `+
		`ON CONFLICT (workflow, source, identifier) DO UPDATE SET version = excluded.version WHERE version.workspace = excluded.workspace`,
		workflow, source, identifier, workspace, version)
}
