package rows

import (
	"context"
	"errors"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

const planColumns = `id, job, source, cursor, state, attempt, claims, error`

func scanPlan(s scanner) (p store.Plan, err error) {
	err = s.Scan(&p.ID, &p.Job, &p.Source, &p.Cursor, &p.State, &p.Attempt, &p.Claims, &p.Error)
	return p, err
}

// Plans lists the plans of a job.
func (r *Reader) Plans(ctx context.Context, workspace, job string) ([]store.Plan, error) {
	if _, err := r.count(ctx, `SELECT 1 FROM job WHERE id = ? AND workspace = ?`, job, workspace); err != nil {
		return nil, err
	}
	return list(ctx, r.q, scanPlan, `SELECT `+planColumns+` FROM plan WHERE job = ? ORDER BY id`, job)
}

// ClaimPlan takes the listing of a source for this node.
func (t *Tx) ClaimPlan(ctx context.Context, workspace, job, plan, node string) (store.Job, store.Plan, error) {
	now := time.Now()
	if err := t.openJob(ctx, workspace, job); err != nil {
		return store.Job{}, store.Plan{}, err
	}
	p, err := first(ctx, t.q, scanPlan, `UPDATE plan SET state = 'running', attempt = attempt + 1, claims = claims + 1, moved_at = ? `+
		`WHERE id = ? AND job = ? AND state IN ('queued', 'running') RETURNING `+planColumns, micros(now), plan, job)
	if errors.Is(err, store.ErrNotFound) {
		if _, err = t.count(ctx, `SELECT 1 FROM plan WHERE id = ? AND job = ?`, plan, job); err == nil {
			err = store.ErrGone
		}
	}
	if err != nil {
		return store.Job{}, store.Plan{}, err
	}
	if p.Claims > maxClaims {
		t.after = append(t.after, func(ctx context.Context, t *Tx) error {
			n, err := t.q.Exec(ctx, `UPDATE plan SET state = 'failed', error = ?, attempt = attempt + 1, moved_at = ? `+
				`WHERE id = ? AND state IN ('queued', 'running') AND claims >= ?`, reason("source"), micros(time.Now()), plan, maxClaims)
			if err != nil || n == 0 {
				return err
			}
			return t.planned(ctx, workspace, job)
		})
		return store.Job{}, store.Plan{}, store.ErrGone
	}
	j, err := t.begin(ctx, workspace, job, now)
	return j, p, err
}

// EndPlan ends a claimed plan, failed with reason if that is not "".
func (t *Tx) EndPlan(ctx context.Context, workspace, job string, p store.Plan, reason string) error {
	if err := t.openJob(ctx, workspace, job); err != nil {
		return err
	}
	state := store.FileDone
	if reason != "" {
		state = store.FileFailed
	}
	n, err := t.q.Exec(ctx, `UPDATE plan SET state = ?, error = ?, claims = 0, moved_at = ? `+
		`WHERE id = ? AND job = ? AND attempt = ? AND state = 'running'`,
		string(state), reason, micros(time.Now()), p.ID, job, p.Attempt)
	if err := must(n, err, store.ErrGone); err != nil {
		return err
	}
	if state == store.FileDone {
		if err := t.addRemoval(ctx, job, p); err != nil {
			return err
		}
	}
	return t.planned(ctx, workspace, job)
}

// planned notes that a job knows all its files when its last plan has ended.
func (t *Tx) planned(ctx context.Context, workspace, job string) error {
	c, err := t.add(ctx, job, 0, 0, 0, 0, 0) // locks: two plans may end at once
	if err != nil {
		return err
	}
	open, err := t.count(ctx, `SELECT count(*) FROM plan WHERE job = ? AND state IN ('queued', 'running')`, job)
	if err != nil || open > 0 {
		return err
	}
	if _, err := t.q.Exec(ctx, `UPDATE job_count SET planned = 1 WHERE job = ?`, job); err != nil {
		return err
	}
	c.planned = true
	return t.endCheck(ctx, workspace, job, c)
}
