package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

const workspaceColumns = `id, name, created_at`

func scanWorkspace(s scanner) (w store.Workspace, err error) {
	err = s.Scan(&w.ID, &w.Name, instant{&w.CreatedAt})
	return w, err
}

// Workspace returns a workspace by id.
func (r *Reader) Workspace(ctx context.Context, id string) (store.Workspace, error) {
	return first(ctx, r.q, scanWorkspace, `SELECT `+workspaceColumns+` FROM workspace WHERE id = ?`, id)
}

// WorkspaceByName returns a workspace by its name.
func (r *Reader) WorkspaceByName(ctx context.Context, name string) (store.Workspace, error) {
	return first(ctx, r.q, scanWorkspace, `SELECT `+workspaceColumns+` FROM workspace WHERE name = ?`, name)
}

// Workspaces lists all by name.
func (r *Reader) Workspaces(ctx context.Context) ([]store.Workspace, error) {
	return list(ctx, r.q, scanWorkspace, `SELECT `+workspaceColumns+` FROM workspace ORDER BY name`)
}

// CreateWorkspace inserts a workspace; ErrConflict when the name is taken.
func (t *Tx) CreateWorkspace(ctx context.Context, w store.Workspace) error {
	n, err := t.q.Exec(ctx, `INSERT INTO workspace (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		w.ID, w.Name, micros(w.CreatedAt))
	return must(n, err, fmt.Errorf("a workspace named %q exists: %w", w.Name, store.ErrConflict))
}

// DeleteWorkspace removes a workspace with everything in it.
func (t *Tx) DeleteWorkspace(ctx context.Context, id string) error {
	if _, err := first(ctx, t.q, scanText, `SELECT id FROM workspace WHERE id = ?`+t.q.Lock(Remove), id); err != nil {
		return err
	}
	open, err := t.count(ctx, `SELECT count(*) FROM job WHERE workspace = ? AND status IN ('SCHEDULED', 'IN_PROGRESS')`, id)
	if err != nil {
		return err
	}
	if open > 0 {
		return fmt.Errorf("%d jobs of the workspace have not ended; cancel them first: %w", open, store.ErrConflict)
	}
	for _, table := range []string{"node_run", "file_write", "file", "plan", "removal", "job_count", "model_usage"} {
		query := `DELETE FROM ` + table + ` WHERE job IN (SELECT id FROM job WHERE workspace = ?)`
		if table == "node_run" || table == "file_write" {
			query = `DELETE FROM ` + table + ` WHERE file IN (SELECT id FROM file WHERE job IN ` +
				`(SELECT id FROM job WHERE workspace = ?))`
		}
		if _, err := t.q.Exec(ctx, query, id); err != nil {
			return err
		}
	}
	if _, err := t.q.Exec(ctx,
		`DELETE FROM launch WHERE key_id IN (SELECT id FROM api_key WHERE workspace = ?)`, id); err != nil {
		return err
	}
	if _, err := t.q.Exec(ctx,
		`DELETE FROM workflow_ref WHERE workflow IN (SELECT id FROM workflow WHERE workspace = ?)`, id); err != nil {
		return err
	}
	for _, table := range []string{"job", "workflow", "schedule", "version", "connection_check", "connector", "api_key"} {
		if _, err := t.q.Exec(ctx, `DELETE FROM `+table+` WHERE workspace = ?`, id); err != nil {
			return err
		}
	}
	_, err = t.q.Exec(ctx, `DELETE FROM workspace WHERE id = ?`, id)
	return err
}

// keepWorkspace finds a workspace that something is added to, and keeps it from being deleted meanwhile.
func (t *Tx) keepWorkspace(ctx context.Context, id string) error {
	_, err := first(ctx, t.q, scanText, `SELECT id FROM workspace WHERE id = ?`+t.q.Lock(Keep), id)
	return err
}

const keyColumns = `id, workspace, name, role, hash, hint, created_at, revoked_at`

func scanKey(s scanner) (k store.Key, err error) {
	err = s.Scan(&k.ID, &k.Workspace, &k.Name, &k.Role, &k.Hash, &k.Hint, instant{&k.CreatedAt}, instant{&k.RevokedAt})
	return k, err
}

// KeyByHash finds a key in force.
func (r *Reader) KeyByHash(ctx context.Context, hash string) (store.Key, error) {
	return first(ctx, r.q, scanKey, `SELECT `+keyColumns+` FROM api_key WHERE hash = ? AND revoked_at = 0`, hash)
}

// Keys lists the keys of a workspace, or all, revoked ones included.
func (r *Reader) Keys(ctx context.Context, workspace string) ([]store.Key, error) {
	if workspace == "" {
		return list(ctx, r.q, scanKey, `SELECT `+keyColumns+` FROM api_key ORDER BY created_at, id`)
	}
	return list(ctx, r.q, scanKey,
		`SELECT `+keyColumns+` FROM api_key WHERE workspace = ? ORDER BY created_at, id`, workspace)
}

// CreateKey stores a key's hash; ErrConflict when a key of this name is in force, ErrNotFound without the workspace.
func (t *Tx) CreateKey(ctx context.Context, k store.Key) error {
	if err := t.keepWorkspace(ctx, k.Workspace); err != nil {
		return err
	}
	n, err := t.q.Exec(ctx, `INSERT INTO api_key (`+keyColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING`,
		k.ID, k.Workspace, k.Name, k.Role, k.Hash, k.Hint, micros(k.CreatedAt))
	return must(n, err, fmt.Errorf("a key named %q exists: %w", k.Name, store.ErrConflict))
}

// RevokeKey ends a key.
func (t *Tx) RevokeKey(ctx context.Context, workspace, name string) error {
	n, err := t.q.Exec(ctx, `UPDATE api_key SET revoked_at = ? WHERE workspace = ? AND name = ? AND revoked_at = 0`,
		micros(time.Now()), workspace, name)
	return must(n, err, store.ErrNotFound)
}

// Meta reads a value of the installation.
func (r *Reader) Meta(ctx context.Context, name string) (string, error) {
	var v string
	err := r.one(ctx, `SELECT value FROM meta WHERE name = ?`, []any{name}, &v)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return v, err
}

// SetMeta stores a value of the installation.
func (t *Tx) SetMeta(ctx context.Context, name, value string) error {
	_, err := t.q.Exec(ctx,
		`INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// Launch records an on-demand launch of a key, or says how long the key must wait.
func (t *Tx) Launch(ctx context.Context, key string, now time.Time, gap time.Duration) (time.Duration, error) {
	n, err := t.q.Exec(ctx,
		`INSERT INTO launch (key_id, at) VALUES (?, ?) ON CONFLICT (key_id) DO UPDATE SET at = excluded.at `+
			`WHERE launch.at <= ?`, key, micros(now), micros(now.Add(-gap)))
	if err != nil || n > 0 {
		return 0, err
	}
	var last time.Time
	if err := t.one(ctx, `SELECT at FROM launch WHERE key_id = ?`, []any{key}, instant{&last}); err != nil {
		return 0, err
	}
	// A clock that was set back must not lock a key out for longer than the gap.
	wait := min(last.Add(gap).Sub(now), gap)
	return max(wait, time.Microsecond), nil
}
