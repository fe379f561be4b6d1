package rows

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

const connectorColumns = `id, workspace, side, name, type, config, created_at, updated_at`

func scanConnector(s scanner) (c store.Connector, err error) {
	err = s.Scan(&c.ID, &c.Workspace, &c.Side, &c.Name, &c.Type, raw{&c.Config}, instant{&c.CreatedAt}, instant{&c.UpdatedAt})
	return c, err
}

// foldType makes types comparable without case and with - and _ alike.
func foldType(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// Connector returns one connector.
func (r *Reader) Connector(ctx context.Context, workspace string, side store.Side, id string) (store.Connector, error) {
	return first(ctx, r.q, scanConnector,
		`SELECT `+connectorColumns+` FROM connector WHERE id = ? AND workspace = ? AND side = ?`, id, workspace, string(side))
}

// Connectors lists by creation time, all or of one type.
func (r *Reader) Connectors(ctx context.Context, workspace string, side store.Side, kind string) ([]store.Connector, error) {
	query := `SELECT ` + connectorColumns + ` FROM connector WHERE workspace = ? AND side = ?`
	args := []any{workspace, string(side)}
	if kind != "" {
		query += ` AND type_fold = ?`
		args = append(args, foldType(kind))
	}
	return list(ctx, r.q, scanConnector, query+` ORDER BY created_at, id`, args...)
}

// CreateConnector inserts a connector.
func (t *Tx) CreateConnector(ctx context.Context, c store.Connector) error {
	_, err := t.q.Exec(ctx, `INSERT INTO connector (id, workspace, side, name, type, type_fold, config, created_at, updated_at) `+
		`VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Workspace, string(c.Side), c.Name, c.Type, foldType(c.Type), text(c.Config), micros(c.CreatedAt), micros(c.UpdatedAt))
	return err
}

// UpdateConnector stores Name, Config and UpdatedAt.
func (t *Tx) UpdateConnector(ctx context.Context, c store.Connector) error {
	n, err := t.q.Exec(ctx,
		`UPDATE connector SET name = ?, config = ?, updated_at = ? WHERE id = ? AND workspace = ? AND side = ?`,
		c.Name, text(c.Config), micros(c.UpdatedAt), c.ID, c.Workspace, string(c.Side))
	return must(n, err, store.ErrNotFound)
}

// DeleteConnector removes a connector, its checks, and its mention in workflows. A workflow that has lost its last source
// is scheduled no more.
func (t *Tx) DeleteConnector(ctx context.Context, workspace string, side store.Side, id string) error {
	n, err := t.q.Exec(ctx, `DELETE FROM connector WHERE id = ? AND workspace = ? AND side = ?`, id, workspace, string(side))
	if err := must(n, err, store.ErrNotFound); err != nil {
		return err
	}
	if _, err := t.q.Exec(ctx,
		`DELETE FROM connection_check WHERE connector = ? AND workspace = ? AND side = ?`, id, workspace, string(side)); err != nil {
		return err
	}
	used, err := list(ctx, t.q, scanWorkflow, `SELECT `+workflowColumns+` FROM workflow WHERE workspace = ? AND deleted_at = 0 `+
		`AND id IN (SELECT workflow FROM workflow_ref WHERE ref = ? AND kind = ?) ORDER BY id`+t.q.Lock(Change), workspace, id, string(side))
	if err != nil {
		return err
	}
	for _, w := range used {
		drop := func(s string) bool { return s == id }
		if side == store.SideSource {
			w.Sources = slices.DeleteFunc(w.Sources, drop)
			if len(w.Sources) == 0 {
				w.Schedule = ""
				if err := t.SetSchedule(ctx, workspace, w.ID, "", time.Time{}); err != nil {
					return err
				}
			}
		} else {
			w.Destinations = slices.DeleteFunc(w.Destinations, drop)
		}
		if err := t.UpdateWorkflow(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// text stores raw JSON.
func text(j json.RawMessage) string { return string(j) }

const checkColumns = `id, workspace, connector, side, status, reason, created_at, reported_at`

func scanCheck(s scanner) (c store.Check, err error) {
	err = s.Scan(&c.ID, &c.Workspace, &c.Connector, &c.Side, &c.Status, &c.Reason, instant{&c.CreatedAt}, instant{&c.ReportedAt})
	return c, err
}

// LatestCheck returns the newest check of a connector.
func (r *Reader) LatestCheck(ctx context.Context, workspace string, side store.Side, connector string) (store.Check, error) {
	return first(ctx, r.q, scanCheck, `SELECT `+checkColumns+` FROM connection_check `+
		`WHERE connector = ? AND workspace = ? AND side = ? ORDER BY created_at DESC, id DESC LIMIT 1`,
		connector, workspace, string(side))
}

// CreateCheck inserts a check and forgets the older ones of the connector that have ended.
func (t *Tx) CreateCheck(ctx context.Context, c store.Check) error {
	if _, err := t.Connector(ctx, c.Workspace, c.Side, c.Connector); err != nil {
		return err
	}
	if _, err := t.q.Exec(ctx, `DELETE FROM connection_check WHERE connector = ? AND status <> 'SCHEDULED' AND created_at < ?`,
		c.Connector, micros(c.CreatedAt)); err != nil {
		return err
	}
	_, err := t.q.Exec(ctx, `INSERT INTO connection_check (`+checkColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Workspace, c.Connector, string(c.Side), string(c.Status), c.Reason, micros(c.CreatedAt), micros(c.ReportedAt))
	return err
}

// EndCheck stores the result of a check, once: ErrGone when it has one.
func (t *Tx) EndCheck(ctx context.Context, workspace, id string, status store.CheckStatus, reason string, at time.Time) error {
	n, err := t.q.Exec(ctx, `UPDATE connection_check SET status = ?, reason = ?, reported_at = ? `+
		`WHERE id = ? AND workspace = ? AND status = 'SCHEDULED'`, string(status), reason, micros(at), id, workspace)
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.count(ctx, `SELECT 1 FROM connection_check WHERE id = ? AND workspace = ?`, id, workspace); err != nil {
		return err
	}
	return store.ErrGone
}
