package rows

import (
	"context"
	"errors"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

const writeColumns = `file, destination, job, state, attempt, claims, error`

func scanWrite(s scanner) (w store.Write, err error) {
	err = s.Scan(&w.File, &w.Destination, &w.Job, &w.State, &w.Attempt, &w.Claims, &w.Error)
	return w, err
}

// Writes lists the writes of a file by destination.
func (r *Reader) Writes(ctx context.Context, workspace, job, file string) ([]store.Write, error) {
	if _, err := r.count(ctx, `SELECT 1 FROM file WHERE id = ? AND job = ? AND workspace = ?`, file, job, workspace); err != nil {
		return nil, err
	}
	return list(ctx, r.q, scanWrite, `SELECT `+writeColumns+` FROM file_write WHERE file = ? ORDER BY destination`, file)
}

// startWrites makes one write and one task for each destination of a file whose nodes are done.
func (t *Tx) startWrites(ctx context.Context, f store.File, g target) error {
	tasks := make([]store.Task, 0, len(g.destinations))
	for _, d := range g.destinations {
		if err := t.q.Later(ctx, `INSERT INTO file_write (file, destination, job, state) VALUES (?, ?, ?, 'queued') `+
			`ON CONFLICT (file, destination) DO UPDATE SET state = 'queued', claims = 0, error = ''`, f.ID, d, f.Job); err != nil {
			return err
		}
		tasks = append(tasks, store.Task{Kind: store.TaskWrite, Workspace: f.Workspace, Job: f.Job, File: f.ID, Target: d})
	}
	return t.enqueue(ctx, g.queue, tasks)
}

// fillWrites brings a retried file back to the writes that failed; none when its nodes must run.
func (t *Tx) fillWrites(ctx context.Context, workspace, job, file string) ([]store.Task, error) {
	failed, err := list(ctx, t.q, scanText,
		`SELECT destination FROM file_write WHERE file = ? AND state = 'failed' ORDER BY destination`, file)
	if err != nil || len(failed) == 0 {
		return nil, err
	}
	if _, err := t.q.Exec(ctx, `UPDATE file SET state = 'writing' WHERE id = ? AND state = 'backlog'`, file); err != nil {
		return nil, err
	}
	if _, err := t.q.Exec(ctx, `UPDATE file_write SET state = 'queued', claims = 0, error = '' WHERE file = ? AND state = 'failed'`,
		file); err != nil {
		return nil, err
	}
	tasks := make([]store.Task, 0, len(failed))
	for _, d := range failed {
		tasks = append(tasks, store.Task{Kind: store.TaskWrite, Workspace: workspace, Job: job, File: file, Target: d})
	}
	return tasks, nil
}

// ClaimWrite takes one write of a file for this node.
func (t *Tx) ClaimWrite(ctx context.Context, workspace, job, file, destination, node string) (store.Job, store.File, store.Write, error) {
	fail := func(err error) (store.Job, store.File, store.Write, error) {
		return store.Job{}, store.File{}, store.Write{}, err
	}
	now := time.Now()
	// The file's row is locked before its write's, so that two writes that end at once see each other.
	f, err := first(ctx, t.q, scanFile, `UPDATE file SET moved_at = ? WHERE id = ? AND job = ? AND workspace = ? AND state = 'writing' `+
		`RETURNING `+fileColumns, micros(now), file, job, workspace)
	if err != nil {
		return fail(t.missing(ctx, err, workspace, job, file))
	}
	w, err := first(ctx, t.q, scanWrite, `UPDATE file_write SET state = 'running', attempt = attempt + 1, claims = claims + 1, `+
		`node = ?, moved_at = ? WHERE file = ? AND destination = ? AND state IN ('queued', 'running') RETURNING `+writeColumns,
		node, micros(now), file, destination)
	if errors.Is(err, store.ErrNotFound) {
		_, err = t.count(ctx, `SELECT 1 FROM file_write WHERE file = ? AND destination = ?`, file, destination)
		if err == nil {
			err = store.ErrGone
		}
	}
	if err != nil {
		return fail(err)
	}
	if w.Claims > maxClaims {
		t.after = append(t.after, func(ctx context.Context, t *Tx) error {
			// The file first, as at every end of a write.
			n, err := t.q.Exec(ctx, `UPDATE file SET moved_at = ? WHERE id = ? AND state = 'writing'`, micros(time.Now()), file)
			if err != nil || n == 0 {
				return err
			}
			n, err = t.q.Exec(ctx, `UPDATE file_write SET state = 'failed', error = ?, attempt = attempt + 1, moved_at = ? `+
				`WHERE file = ? AND destination = ? AND state IN ('queued', 'running') AND claims >= ?`,
				reason("write"), micros(time.Now()), file, destination, maxClaims)
			if err != nil || n == 0 {
				return err
			}
			return t.written(ctx, f, 0)
		})
		return fail(store.ErrGone)
	}
	j, err := t.begin(ctx, workspace, job, now)
	if err != nil {
		return fail(err)
	}
	return j, f, w, nil
}

// EndWrite ends one claimed write; the last one of a file ends the file.
func (t *Tx) EndWrite(ctx context.Context, f store.File, w store.Write, reason string, window int) error {
	now := micros(time.Now())
	n, err := t.q.Exec(ctx, `UPDATE file SET moved_at = ? WHERE id = ? AND job = ? AND workspace = ? AND state = 'writing'`,
		now, f.ID, f.Job, f.Workspace)
	if err != nil {
		return err
	}
	if n == 0 {
		return t.missing(ctx, store.ErrNotFound, f.Workspace, f.Job, f.ID)
	}
	state := store.FileDone
	if reason != "" {
		state = store.FileFailed
	}
	n, err = t.q.Exec(ctx, `UPDATE file_write SET state = ?, error = ?, claims = 0, moved_at = ? `+
		`WHERE file = ? AND destination = ? AND attempt = ? AND state = 'running'`,
		string(state), reason, now, f.ID, w.Destination, w.Attempt)
	if err := must(n, err, store.ErrGone); err != nil {
		return err
	}
	return t.written(ctx, f, window)
}

// written ends a file whose writes have all ended.
func (t *Tx) written(ctx context.Context, f store.File, window int) error {
	writes, err := list(ctx, t.q, scanWrite, `SELECT `+writeColumns+` FROM file_write WHERE file = ? ORDER BY destination`, f.ID)
	if err != nil {
		return err
	}
	state, message := store.FileDone, ""
	for _, w := range writes {
		switch w.State {
		case store.Queued, store.Running:
			return nil
		case store.FileFailed:
			if state == store.FileDone {
				state, message = store.FileFailed, w.Error
			}
		}
	}
	outcome := ""
	if state == store.FileFailed {
		outcome = "error"
	}
	now := micros(time.Now())
	n, err := t.q.Exec(ctx, `UPDATE file SET state = ?, outcome = ?, error = ?, ended_at = ?, moved_at = ? WHERE id = ? AND state = 'writing'`,
		string(state), outcome, message, now, now, f.ID)
	if err := must(n, err, store.ErrGone); err != nil {
		return err
	}
	g, err := t.target(ctx, f)
	if err != nil {
		return err
	}
	if state == store.FileDone {
		if err := t.finished(ctx, f, g); err != nil {
			return err
		}
	}
	return t.ended(ctx, f, g.counts, state == store.FileDone, window)
}
