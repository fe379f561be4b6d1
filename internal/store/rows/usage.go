package rows

import (
	"context"
	"math"

	"github.com/sluicehq/sluice/internal/store"
)

// nano is the unit in which costs are kept, so that sums are exact.
const nano = 1e9

// AddUsage implements store.Tx.
func (t *Tx) AddUsage(ctx context.Context, workspace, job, node string, u store.Usage) error {
	if _, err := t.count(ctx, `SELECT 1 FROM job WHERE id = ? AND workspace = ?`, job, workspace); err != nil {
		return err
	}
	return t.q.Later(ctx, `INSERT INTO model_usage (job, node, calls, cached, input_tokens, output_tokens, cost, unpriced, failed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) `+
		`ON CONFLICT (job, node) DO UPDATE SET calls = model_usage.calls + excluded.calls, cached = model_usage.cached + excluded.cached, `+
		`input_tokens = model_usage.input_tokens + excluded.input_tokens, output_tokens = model_usage.output_tokens + excluded.output_tokens, `+
		`cost = model_usage.cost + excluded.cost, unpriced = model_usage.unpriced + excluded.unpriced, failed = model_usage.failed + excluded.failed`,
		job, node, u.Calls, u.Cached, u.Input, u.Output, int64(math.Round(u.Cost*nano)), u.Unpriced, u.Failed)
}

// Usage implements store.Reader.
func (r *Reader) Usage(ctx context.Context, workspace, job string) (map[string]store.Usage, error) {
	if _, err := r.count(ctx, `SELECT 1 FROM job WHERE id = ? AND workspace = ?`, job, workspace); err != nil {
		return nil, err
	}
	type row struct {
		node string
		store.Usage
	}
	rows, err := list(ctx, r.q, func(s scanner) (u row, err error) {
		var cost int64
		err = s.Scan(&u.node, &u.Calls, &u.Cached, &u.Input, &u.Output, &cost, &u.Unpriced, &u.Failed)
		u.Cost = float64(cost) / nano
		return u, err
	}, `SELECT node, calls, cached, input_tokens, output_tokens, cost, unpriced, failed FROM model_usage WHERE job = ?`, job)
	if err != nil {
		return nil, err
	}
	out := make(map[string]store.Usage, len(rows))
	for _, u := range rows {
		out[u.node] = u.Usage
	}
	return out, nil
}
