package rows

import (
	"context"

	"github.com/sluicehq/sluice/internal/store"
)

const knownColumns = `v.source, v.identifier, v.version, v.document`

func scanKnown(s scanner) (k store.Known, err error) {
	err = s.Scan(&k.Source, &k.Identifier, &k.Version, raw{&k.Document})
	return k, err
}

// Known lists what a workflow has brought of a source, in the order of identifiers.
func (r *Reader) Known(ctx context.Context, workspace, workflow, source, after string, limit int) ([]store.Known, error) {
	query, args := paged(`SELECT `+knownColumns+` FROM version v WHERE v.workflow = ? AND v.source = ? AND v.workspace = ? `+
		`AND v.identifier > ? ORDER BY v.identifier`, []any{workflow, source, workspace, after}, limit, 0)
	return list(ctx, r.q, scanKnown, query, args...)
}

// gone are the rows of a source that a job has neither listed nor worked on.
const gone = ` FROM version v WHERE v.workflow = ? AND v.source = ? AND v.workspace = ? AND v.listed_by <> ? ` +
	`AND NOT EXISTS (SELECT 1 FROM file f WHERE f.job = ? AND f.source = v.source AND f.identifier = v.identifier)`

// CountGone counts what a workflow has brought of a source, and what of that the job's listing did not name.
func (r *Reader) CountGone(ctx context.Context, workspace, job, source string) (known, missing int, err error) {
	j, err := r.Job(ctx, workspace, job)
	if err != nil {
		return 0, 0, err
	}
	known, err = r.count(ctx, `SELECT count(*) FROM version v WHERE v.workflow = ? AND v.source = ? AND v.workspace = ?`, j.WorkflowID, source, workspace)
	if err != nil {
		return 0, 0, err
	}
	missing, err = r.count(ctx, `SELECT count(*)`+gone, j.WorkflowID, source, workspace, job, job)
	return known, missing, err
}

// Gone lists what the job's listing of a source did not name, in the order of identifiers.
func (r *Reader) Gone(ctx context.Context, workspace, job, source, after string, limit int) ([]store.Known, error) {
	j, err := r.Job(ctx, workspace, job)
	if err != nil {
		return nil, err
	}
	query, args := paged(`SELECT `+knownColumns+gone+` AND v.identifier > ? ORDER BY v.identifier`,
		[]any{j.WorkflowID, source, workspace, job, job, after}, limit, 0)
	return list(ctx, r.q, scanKnown, query, args...)
}

// LaterJob says whether a workflow has a job that was made after this one.
func (r *Reader) LaterJob(ctx context.Context, j store.Job) (bool, error) {
	n, err := r.count(ctx, `SELECT count(*) FROM job WHERE workspace = ? AND workflow = ? AND created_at > ? AND id <> ?`,
		j.Workspace, j.WorkflowID, micros(j.CreatedAt), j.ID)
	return n > 0, err
}

// MarkListed notes that a job has listed a document that it does not work on.
func (t *Tx) MarkListed(ctx context.Context, workspace, job, workflow, source, identifier string) error {
	return t.q.Later(ctx, `UPDATE version SET listed_by = ? WHERE workflow = ? AND source = ? AND identifier = ? AND workspace = ?`,
		job, workflow, source, identifier, workspace)
}

// SetKnown records what a workflow has brought of a document.
func (t *Tx) SetKnown(ctx context.Context, workspace, workflow string, k store.Known) error {
	return t.q.Later(ctx, `INSERT INTO version (workflow, source, identifier, workspace, version, document) VALUES (?, ?, ?, ?, ?, ?) `+
		`ON CONFLICT (workflow, source, identifier) DO UPDATE SET version = excluded.version, document = excluded.document `+
		`WHERE version.workspace = excluded.workspace`, workflow, k.Source, k.Identifier, workspace, k.Version, string(k.Document))
}

// hold records that destinations may hold a document from now on, though no run has finished it.
func (t *Tx) hold(ctx context.Context, f store.File, workflow string) error {
	if f.Source == "" || workflow == "" {
		return nil
	}
	return t.q.Later(ctx, `INSERT INTO version (workflow, source, identifier, workspace, version, document) VALUES (?, ?, ?, ?, '', ?) `+
		`ON CONFLICT (workflow, source, identifier) DO NOTHING`, workflow, f.Source, f.Identifier, f.Workspace, string(f.Document))
}

// Forget drops what a workflow knows of a document that was removed, and counts it for the job. ErrGone when the job has ended.
func (t *Tx) Forget(ctx context.Context, workspace, job string, k store.Known) error {
	var workflow string
	if err := t.one(ctx, `UPDATE job SET removed = removed + 1 WHERE id = ? AND workspace = ? AND status IN ('SCHEDULED', 'IN_PROGRESS') `+
		`RETURNING workflow`, []any{job, workspace}, &workflow); err != nil {
		return t.missingJob(ctx, err, workspace, job)
	}
	n, err := t.q.Exec(ctx, `DELETE FROM version WHERE workflow = ? AND source = ? AND identifier = ? AND workspace = ?`,
		workflow, k.Source, k.Identifier, workspace)
	if err == nil && n == 0 { // another process has done it
		_, err = t.q.Exec(ctx, `UPDATE job SET removed = removed - 1 WHERE id = ?`, job)
	}
	return err
}

// missingJob tells a job that has ended from one that does not exist.
func (r *Reader) missingJob(ctx context.Context, err error, workspace, job string) error {
	if err == nil {
		return nil
	}
	if e := r.openJob(ctx, workspace, job); e != nil {
		return e
	}
	return err
}
