package rows

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

const knownColumns = `identifier, version, document, held, written`

func scanKnown(s scanner) (k store.Known, err error) {
	var held, written string
	if err = s.Scan(&k.Identifier, &k.Version, raw{&k.Document}, &held, &written); err != nil {
		return k, err
	}
	if held != "" {
		if err = json.Unmarshal([]byte(held), &k.Held); err != nil {
			return k, err
		}
	}
	if k.Unknown = written == ""; !k.Unknown {
		err = json.Unmarshal([]byte(written), &k.Written)
	}
	return k, err
}

// Known finds documents by their identifiers.
func (r *Reader) Known(ctx context.Context, workspace, workflow, source string, identifiers []string) (map[string]store.Known, error) {
	out := make(map[string]store.Known, len(identifiers))
	for len(identifiers) > 0 {
		n := chunk(len(identifiers))
		found, err := list(ctx, r.q, scanKnown, `SELECT `+knownColumns+` FROM version WHERE workflow = ? AND source = ? AND workspace = ? `+
			`AND identifier IN (`+marks(n)+`)`, texts([]any{workflow, source, workspace}, identifiers[:n])...)
		if err != nil {
			return nil, err
		}
		for _, k := range found {
			out[k.Identifier] = k
		}
		identifiers = identifiers[n:]
	}
	return out, nil
}

// texts adds texts to the arguments of a statement.
func texts(args []any, values []string) []any {
	for _, v := range values {
		args = append(args, v)
	}
	return args
}

// unseen is the condition of documents that a job would remove: those that it and later jobs have not seen. The marks are
// ordered, so that the retry of an old job takes nothing away that a newer one has found.
func unseen(j store.Job) (string, []any) {
	if j.CreatedAt.IsZero() {
		return ` AND document <> ''`, nil
	}
	return ` AND document <> '' AND seen < ?`, []any{micros(j.CreatedAt)}
}

// Unseen lists documents by identifier.
func (r *Reader) Unseen(ctx context.Context, j store.Job, source, after string, limit int) ([]store.Known, error) {
	condition, more := unseen(j)
	args := append([]any{j.WorkflowID, source, after, j.Workspace}, more...)
	return list(ctx, r.q, scanKnown, `SELECT `+knownColumns+` FROM version WHERE workflow = ? AND source = ? AND identifier > ? `+
		`AND workspace = ?`+condition+` ORDER BY identifier LIMIT ?`, append(args, limit)...)
}

// CountUnseen counts the documents of a source.
func (r *Reader) CountUnseen(ctx context.Context, j store.Job, source string) (known, gone int, err error) {
	const from = `SELECT count(*) FROM version WHERE workflow = ? AND source = ? AND workspace = ?`
	args := []any{j.WorkflowID, source, j.Workspace}
	if known, err = r.count(ctx, from+` AND document <> ''`, args...); err != nil {
		return 0, 0, err
	}
	condition, more := unseen(j)
	gone, err = r.count(ctx, from+condition, append(args, more...)...)
	return known, gone, err
}

var learn = func() map[int]string {
	texts := map[int]string{}
	for _, n := range []int{100, 10, 1} {
		texts[n] = `INSERT INTO version (workflow, source, identifier, workspace, version, document, held, seen) VALUES ` +
			strings.TrimSuffix(strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, ?),`, n), ",") +
			` ON CONFLICT (workflow, source, identifier) DO UPDATE SET version = excluded.version, document = excluded.document, held = excluded.held, ` +
			`seen = CASE WHEN version.seen < excluded.seen THEN excluded.seen ELSE version.seen END WHERE version.workspace = excluded.workspace`
	}
	return texts
}()

// Learn stores what a job has listed.
func (t *Tx) Learn(ctx context.Context, j store.Job, source string, documents []store.Known) error {
	for len(documents) > 0 {
		n := chunk(len(documents))
		args := make([]any, 0, 8*n)
		for _, k := range documents[:n] {
			held, err := encode(k.Held)
			if err != nil {
				return err
			}
			args = append(args, j.WorkflowID, source, k.Identifier, j.Workspace, k.Version, text(k.Document), held, micros(j.CreatedAt))
		}
		if _, err := t.q.Exec(ctx, learn[n], args...); err != nil {
			return err
		}
		documents = documents[n:]
	}
	return nil
}

// See marks documents as seen.
func (t *Tx) See(ctx context.Context, j store.Job, source string, identifiers []string) error {
	mark := micros(j.CreatedAt)
	for len(identifiers) > 0 {
		n := chunk(len(identifiers))
		args := texts([]any{mark, j.WorkflowID, source, j.Workspace, mark}, identifiers[:n])
		if _, err := t.q.Exec(ctx, `UPDATE version SET seen = ? WHERE workflow = ? AND source = ? AND workspace = ? AND seen < ? `+
			`AND identifier IN (`+marks(n)+`)`, args...); err != nil {
			return err
		}
		identifiers = identifiers[n:]
	}
	return nil
}

// finishVersion records the version of a document that every destination of a job has.
func (t *Tx) finishVersion(ctx context.Context, f store.File, g target) error {
	written, err := encode(g.destinations)
	if err != nil {
		return err
	}
	return t.q.Later(ctx, `INSERT INTO version (workflow, source, identifier, workspace, version, written) VALUES (?, ?, ?, ?, ?, ?) `+
		`ON CONFLICT (workflow, source, identifier) DO UPDATE SET version = excluded.version, written = excluded.written `+
		`WHERE version.workspace = excluded.workspace`, g.workflow, f.Source, f.Identifier, f.Workspace, f.Version, written)
}

// Earlier finds the last good file of an earlier job for the same document.
func (r *Reader) Earlier(ctx context.Context, workflow string, f store.File) (store.File, []store.NodeRun, error) {
	var id, job string
	err := r.one(ctx, `SELECT f.id, f.job FROM job j JOIN file f ON f.job = j.id WHERE j.workspace = ? AND j.workflow = ? AND j.on_demand = 0 `+
		`AND j.outputs_dropped = 0 AND f.source = ? AND f.identifier = ? AND f.state = 'done' AND f.id <> ? ORDER BY j.created_at DESC, j.id DESC LIMIT 1`,
		[]any{f.Workspace, workflow, f.Source, f.Identifier, f.ID}, &id, &job)
	if err != nil {
		return store.File{}, nil, err
	}
	was, err := r.File(ctx, f.Workspace, job, id)
	if err != nil {
		return store.File{}, nil, err
	}
	runs, err := r.NodeRuns(ctx, f.Workspace, job, id)
	return was, runs, err
}

const removalColumns = `id, job, source, cursor, state, attempt, claims, removed, failed, error`

func scanRemoval(s scanner) (r store.Removal, err error) {
	err = s.Scan(&r.ID, &r.Job, &r.Source, &r.Cursor, &r.State, &r.Attempt, &r.Claims, &r.Removed, &r.Failed, &r.Error)
	return r, err
}

// Removals lists the removals of a job.
func (r *Reader) Removals(ctx context.Context, workspace, job string) ([]store.Removal, error) {
	if _, err := r.count(ctx, `SELECT 1 FROM job WHERE id = ? AND workspace = ?`, job, workspace); err != nil {
		return nil, err
	}
	return list(ctx, r.q, scanRemoval, `SELECT `+removalColumns+` FROM removal WHERE job = ? ORDER BY id`, job)
}

// addRemoval makes the removal of a source whose listing is complete. It waits for the end of the job's files.
func (t *Tx) addRemoval(ctx context.Context, job string, p store.Plan) error {
	_, err := t.q.Exec(ctx, `INSERT INTO removal (id, job, source, state, moved_at) SELECT ?, ?, ?, 'backlog', ? `+
		`FROM job WHERE id = ? AND delete_removed = 1 ON CONFLICT (id) DO NOTHING`, p.ID, job, p.Source, micros(time.Now()), job)
	return err
}

// startRemovals queues the removals of a job whose files have all ended, and says whether any has not ended. The caller
// holds the counts of the job, which are locked before its removals everywhere.
func (t *Tx) startRemovals(ctx context.Context, workspace, job string, queue store.Queue) (open bool, err error) {
	all, err := list(ctx, t.q, scanRemoval, `SELECT `+removalColumns+` FROM removal WHERE job = ? `+
		`AND state IN ('backlog', 'queued', 'running') ORDER BY id`, job)
	if err != nil {
		return false, err
	}
	var tasks []store.Task
	for _, r := range all {
		if r.State == store.Backlog {
			tasks = append(tasks, store.Task{Kind: store.TaskRemove, Workspace: workspace, Job: job, Target: r.ID})
		}
	}
	if len(tasks) > 0 {
		err = t.enqueue(ctx, queue, tasks)
	}
	return len(all) > 0, err
}

// ClaimRemoval takes a removal for this node.
func (t *Tx) ClaimRemoval(ctx context.Context, workspace, job, removal, _ string) (store.Job, store.Removal, error) {
	fail := func(err error) (store.Job, store.Removal, error) { return store.Job{}, store.Removal{}, err }
	now := time.Now()
	if err := t.openJob(ctx, workspace, job); err != nil {
		return fail(err)
	}
	all, err := list(ctx, t.q, scanRemoval, `UPDATE removal SET state = 'running', attempt = attempt + 1, claims = claims + 1, moved_at = ? `+
		`WHERE id = ? AND job = ? AND state IN ('queued', 'running') RETURNING `+removalColumns, micros(now), removal, job)
	if err != nil {
		return fail(err)
	}
	if len(all) == 0 {
		if _, err := t.count(ctx, `SELECT 1 FROM removal WHERE id = ? AND job = ?`, removal, job); err != nil {
			return fail(err)
		}
		return fail(store.ErrGone)
	}
	if all[0].Claims > maxClaims {
		t.after = append(t.after, func(ctx context.Context, t *Tx) error {
			return t.endRemoval(ctx, workspace, job, reason("removal"),
				`id = ? AND state IN ('queued', 'running') AND claims >= ?`, removal, maxClaims)
		})
		return fail(store.ErrGone)
	}
	j, err := t.begin(ctx, workspace, job, now)
	return j, all[0], err
}

// SaveRemoval stores a step of a claimed removal.
func (t *Tx) SaveRemoval(ctx context.Context, j store.Job, r store.Removal, p store.Progress) error {
	if err := t.openJob(ctx, j.Workspace, j.ID); err != nil {
		return err
	}
	n, err := t.q.Exec(ctx, `UPDATE removal SET cursor = ?, claims = 0, failed = failed + ?, error = CASE WHEN error = '' THEN ? ELSE error END, `+
		`moved_at = ? WHERE id = ? AND job = ? AND attempt = ? AND state = 'running'`,
		p.Cursor, p.Failed, p.Error, micros(time.Now()), r.ID, j.ID, r.Attempt)
	if err := must(n, err, store.ErrGone); err != nil {
		return err
	}
	var removed int64
	for gone := p.Gone; len(gone) > 0; {
		n := chunk(len(gone))
		args := texts([]any{j.WorkflowID, r.Source, j.Workspace, micros(j.CreatedAt)}, gone[:n])
		deleted, err := t.q.Exec(ctx, `DELETE FROM version WHERE workflow = ? AND source = ? AND workspace = ? AND seen < ? `+
			`AND identifier IN (`+marks(n)+`)`, args...)
		if err != nil {
			return err
		}
		removed += deleted
		gone = gone[n:]
	}
	_, err = t.q.Exec(ctx, `UPDATE removal SET removed = removed + ? WHERE id = ?`, removed, r.ID)
	return err
}

// EndRemoval ends a claimed removal, failed with reason if that is not "".
func (t *Tx) EndRemoval(ctx context.Context, workspace, job string, r store.Removal, reason string) error {
	if err := t.openJob(ctx, workspace, job); err != nil {
		return err
	}
	return t.endRemoval(ctx, workspace, job, reason, `id = ? AND attempt = ? AND state = 'running'`, r.ID, r.Attempt)
}

// endRemoval ends the removal that a condition selects and looks whether the job is finished.
func (t *Tx) endRemoval(ctx context.Context, workspace, job, reason, where string, args ...any) error {
	c, err := t.add(ctx, job, 0, 0, 0, 0, 0) // locks
	if err != nil {
		return err
	}
	state := store.FileDone
	if reason != "" {
		state = store.FileFailed
	}
	n, err := t.q.Exec(ctx, `UPDATE removal SET state = ?, error = ?, claims = 0, attempt = attempt + ?, moved_at = ? WHERE job = ? AND `+where,
		append([]any{string(state), reason, 1, micros(time.Now()), job}, args...)...)
	if err := must(n, err, store.ErrGone); err != nil {
		return err
	}
	return t.endCheck(ctx, workspace, job, c)
}

// stopRemovals stops those of a cancelled job and returns their tasks.
func (t *Tx) stopRemovals(ctx context.Context, job string, at time.Time) ([]int64, error) {
	return list(ctx, t.q, scanID, `UPDATE removal SET state = 'stopped', moved_at = ? WHERE job = ? `+
		`AND state IN ('backlog', 'queued', 'running') RETURNING task`, micros(at), job)
}

// retryRemovals brings back those that failed and returns how many.
func (t *Tx) retryRemovals(ctx context.Context, job string, at time.Time) (int64, error) {
	return t.q.Exec(ctx, `UPDATE removal SET state = 'backlog', claims = 0, cursor = '', failed = 0, error = '', moved_at = ? `+
		`WHERE job = ? AND state = 'failed'`, micros(at), job)
}

// withRemovals adds to the verdict over a job's files what became of its removals.
func withRemovals(status store.JobStatus, processing store.Processing, message string, removals []store.Removal) (store.JobStatus, store.Processing, string) {
	for _, r := range removals {
		if r.State != store.FileFailed {
			continue
		}
		if message != "" {
			message += "; "
		}
		message += r.Error
		if processing == store.ProcessingSuccess {
			processing = store.ProcessingWithErrors
		}
	}
	return status, processing, message
}
