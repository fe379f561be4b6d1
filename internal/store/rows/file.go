package rows

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/store"
)

// maxClaims is how often a file, write or plan may be taken without progress before it fails.
const maxClaims = 3

const fileColumns = `id, workspace, job, seq, source, identifier, wire_id, state, attempt, claims, done, pages, ` +
	`claimed_at, ended_at, node, outcome, error, size, name, content_type, input_blob, version, document`

func scanFile(s scanner) (f store.File, err error) {
	err = s.Scan(&f.ID, &f.Workspace, &f.Job, &f.Seq, &f.Source, &f.Identifier, &f.WireID, &f.State, &f.Attempt, &f.Claims, &f.Done,
		&f.Pages, instant{&f.ClaimedAt}, instant{&f.EndedAt}, &f.Node, &f.Outcome, &f.Error, &f.Size, &f.Name, &f.ContentType,
		&f.InputBlob, &f.Version, raw{&f.Document})
	return f, err
}

// File returns one file of a job.
func (r *Reader) File(ctx context.Context, workspace, job, file string) (store.File, error) {
	f, err := first(ctx, r.q, scanFile, `SELECT `+fileColumns+` FROM file WHERE id = ? AND job = ? AND workspace = ?`, file, job, workspace)
	return r.stopped(ctx, f, err)
}

// FileByWireID finds a file by the id that clients see.
func (r *Reader) FileByWireID(ctx context.Context, workspace, job, wireID string) (store.File, error) {
	f, err := first(ctx, r.q, scanFile, `SELECT `+fileColumns+` FROM file WHERE job = ? AND wire_id = ? AND workspace = ?`, job, wireID, workspace)
	return r.stopped(ctx, f, err)
}

// stopped makes a waiting file of a cancelled job read as stopped, see CancelJob.
func (r *Reader) stopped(ctx context.Context, f store.File, err error) (store.File, error) {
	if err != nil || f.State != store.Backlog {
		return f, err
	}
	var ended time.Time
	err = r.one(ctx, `SELECT ended_at FROM job WHERE id = ? AND status = 'STOPPED'`, []any{f.Job}, instant{&ended})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return f, nil
	case err == nil:
		f.State, f.EndedAt = store.FileStopped, ended
	}
	return f, err
}

// Files lists the files of a job in their order.
func (r *Reader) Files(ctx context.Context, workspace, job string, after int64, limit int, states ...store.FileState) ([]store.File, error) {
	var status store.JobStatus
	var ended time.Time
	if err := r.one(ctx, `SELECT status, ended_at FROM job WHERE id = ? AND workspace = ?`, []any{job, workspace},
		&status, instant{&ended}); err != nil {
		return nil, err
	}
	query := `SELECT ` + fileColumns + ` FROM file WHERE job = ? AND seq > ?`
	args := []any{job, after}
	if len(states) > 0 {
		want := map[store.FileState]bool{}
		for _, s := range states {
			want[s] = true
		}
		if status == store.Stopped { // backlog rows are stopped files
			delete(want, store.Backlog)
			if want[store.FileStopped] {
				want[store.Backlog] = true
			}
		}
		if len(want) == 0 {
			return nil, nil
		}
		query += ` AND state IN (` + marks(len(want)) + `)`
		for s := range want {
			args = append(args, string(s))
		}
	}
	query, args = paged(query+` ORDER BY seq`, args, limit, 0)
	files, err := list(ctx, r.q, scanFile, query, args...)
	if err == nil && status == store.Stopped {
		for i := range files {
			if files[i].State == store.Backlog {
				files[i].State, files[i].EndedAt = store.FileStopped, ended
			}
		}
	}
	return files, err
}

// AddFiles inserts backlog files. It refuses with ErrGone when the job is not open or the plan does not run.
func (t *Tx) AddFiles(ctx context.Context, workspace, job string, files []store.File, plan, cursor string) (int, error) {
	if err := t.openJob(ctx, workspace, job); err != nil {
		return 0, err
	}
	if plan != "" {
		n, err := t.q.Exec(ctx, `UPDATE plan SET cursor = ?, claims = 0, moved_at = ? WHERE id = ? AND job = ? AND state = 'running'`,
			cursor, micros(time.Now()), plan, job)
		if err := must(n, err, store.ErrGone); err != nil {
			return 0, err
		}
	}
	var seq int64
	if err := t.one(ctx, `UPDATE job_count SET next_seq = next_seq + ? WHERE job = ? RETURNING next_seq`, // locks
		[]any{len(files), job}, &seq); err != nil {
		return 0, err
	}
	if err := t.openJob(ctx, workspace, job); err != nil {
		return 0, err
	}
	seq -= int64(len(files))
	var added int64
	for len(files) > 0 {
		n := chunk(len(files))
		inserted, err := t.insertFiles(ctx, workspace, job, files[:n], seq)
		if err != nil {
			return 0, err
		}
		added += inserted
		seq += int64(n)
		files = files[n:]
	}
	_, err := t.add(ctx, job, added, added, 0, 0, 0)
	return int(added), err
}

// chunk keeps the number of different statements small, so that each stays prepared.
func chunk(n int) int {
	for _, size := range []int{100, 10} {
		if n >= size {
			return size
		}
	}
	return 1
}

var insertFile = func() map[int]string {
	texts := map[int]string{}
	for _, n := range []int{100, 10, 1} {
		texts[n] = `INSERT INTO file (id, workspace, job, seq, source, identifier, wire_id, state, moved_at, size, name, ` +
			`content_type, input_blob, version, document) VALUES ` +
			strings.TrimSuffix(strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, 'backlog', ?, ?, ?, ?, ?, ?, ?),`, n), ",") +
			` ON CONFLICT (job, source, identifier) DO NOTHING`
	}
	return texts
}()

func (t *Tx) insertFiles(ctx context.Context, workspace, job string, files []store.File, seq int64) (int64, error) {
	args := make([]any, 0, 14*len(files))
	now := micros(time.Now())
	for i, f := range files {
		if f.ID == "" {
			f.ID = uuid.NewString()
		}
		if f.WireID == "" {
			f.WireID = f.ID
		}
		args = append(args, f.ID, workspace, job, seq+int64(i), f.Source, f.Identifier, f.WireID, now, f.Size, f.Name,
			f.ContentType, f.InputBlob, f.Version, text(f.Document))
	}
	return t.q.Exec(ctx, insertFile[len(files)], args...)
}

// TopUp queues backlog files until window of them are active, and enqueues the finish task of a job without any.
func (t *Tx) TopUp(ctx context.Context, workspace, job string, window int) (int, error) {
	if err := t.openJob(ctx, workspace, job); err != nil {
		return 0, err
	}
	c, err := t.add(ctx, job, 0, 0, 0, 0, 0) // locks
	if err != nil {
		return 0, err
	}
	if err := t.openJob(ctx, workspace, job); err != nil {
		return 0, err
	}
	queued, err := t.fill(ctx, workspace, job, c.queue, min(int64(window)-c.active, c.open-c.active))
	if err != nil {
		return 0, err
	}
	if queued > 0 {
		if c, err = t.add(ctx, job, 0, 0, queued, 0, 0); err != nil {
			return 0, err
		}
	}
	return int(queued), t.endCheck(ctx, workspace, job, c)
}

// fill moves up to n backlog files, in their order, to their tasks. The caller counts them as active.
func (t *Tx) fill(ctx context.Context, workspace, job string, queue store.Queue, n int64) (int64, error) {
	if n <= 0 {
		return 0, nil
	}
	type waiting struct {
		id   string
		done int
	}
	files, err := list(ctx, t.q, func(s scanner) (w waiting, err error) {
		err = s.Scan(&w.id, &w.done)
		return w, err
	}, `SELECT id, done FROM file WHERE job = ? AND state = 'backlog' ORDER BY seq LIMIT ?`+t.q.Lock(Free), job, n)
	if err != nil {
		return 0, err
	}
	tasks := make([]store.Task, 0, len(files))
	for _, f := range files {
		if f.done > 0 { // perhaps only its writes are left
			writes, err := t.fillWrites(ctx, workspace, job, f.id)
			if err != nil {
				return 0, err
			}
			if len(writes) > 0 {
				tasks = append(tasks, writes...)
				continue
			}
		}
		tasks = append(tasks, store.Task{Kind: store.TaskFile, Workspace: workspace, Job: job, File: f.id})
	}
	if len(tasks) == 0 {
		return 0, nil
	}
	return int64(len(files)), t.enqueue(ctx, queue, tasks)
}

// ClaimFile takes a queued file, or one whose worker is presumed dead, for this node.
func (t *Tx) ClaimFile(ctx context.Context, workspace, job, file, node string) (store.Job, store.File, error) {
	now := time.Now()
	f, err := first(ctx, t.q, scanFile, `UPDATE file SET state = 'running', attempt = attempt + 1, claims = claims + 1, node = ?, `+
		`claimed_at = ?, moved_at = ? WHERE id = ? AND job = ? AND workspace = ? AND state IN ('queued', 'running') RETURNING `+fileColumns,
		node, micros(now), micros(now), file, job, workspace)
	if err != nil {
		return store.Job{}, store.File{}, t.missing(ctx, err, workspace, job, file)
	}
	if f.Claims > maxClaims {
		t.after = append(t.after, func(ctx context.Context, t *Tx) error {
			return t.killed(ctx, workspace, job, file)
		})
		return store.Job{}, store.File{}, store.ErrGone
	}
	j, err := t.begin(ctx, workspace, job, now)
	return j, f, err
}

// missing tells a file that does not exist (ErrNotFound) from one that has moved on (ErrGone).
func (t *Tx) missing(ctx context.Context, err error, workspace, job, file string) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := t.count(ctx, `SELECT 1 FROM file WHERE id = ? AND job = ? AND workspace = ?`, file, job, workspace); err != nil {
		return err
	}
	return store.ErrGone
}

// begin returns the open job of a claim and moves a scheduled one to IN_PROGRESS.
func (t *Tx) begin(ctx context.Context, workspace, job string, now time.Time) (store.Job, error) {
	j, err := t.Job(ctx, workspace, job)
	if err != nil {
		return j, err
	}
	if !isOpen(j.Status) {
		return j, store.ErrGone
	}
	if j.Status == store.Scheduled {
		if err := t.q.Later(ctx, `UPDATE job SET status = 'IN_PROGRESS', processing = 'IN_PROGRESS', started_at = ? `+
			`WHERE id = ? AND status = 'SCHEDULED'`, micros(now), job); err != nil {
			return j, err
		}
		j.Status, j.Processing, j.StartedAt = store.InProgress, store.ProcessingInProgress, time.UnixMicro(micros(now)).UTC()
	}
	return j, nil
}

// killed fails a file that was claimed too often without progress.
func (t *Tx) killed(ctx context.Context, workspace, job, file string) error {
	now := micros(time.Now())
	n, err := t.q.Exec(ctx, `UPDATE file SET state = 'failed', outcome = 'error', error = ?, attempt = attempt + 1, `+
		`ended_at = ?, moved_at = ? WHERE id = ? AND state IN ('queued', 'running') AND claims >= ?`,
		reason("file"), now, now, file, maxClaims)
	if err != nil || n == 0 {
		return err
	}
	f := store.File{ID: file, Workspace: workspace, Job: job}
	g, err := t.target(ctx, f)
	if err != nil {
		return err
	}
	return t.ended(ctx, f, g.counts, false, 0)
}

// SaveNodeRun stores the output of one node of a claimed file.
func (t *Tx) SaveNodeRun(ctx context.Context, f store.File, r store.NodeRun) error {
	n, err := t.q.Exec(ctx, `UPDATE file SET done = ?, claims = 0, moved_at = ? `+
		`WHERE id = ? AND workspace = ? AND attempt = ? AND state = 'running'`,
		r.Index+1, micros(time.Now()), f.ID, f.Workspace, f.Attempt)
	if err != nil {
		return err
	}
	if n == 0 {
		return t.missing(ctx, store.ErrNotFound, f.Workspace, f.Job, f.ID)
	}
	return t.putNodeRun(ctx, f, r)
}

// EndFile ends the processing of a claimed file.
func (t *Tx) EndFile(ctx context.Context, f store.File, end store.FileEnd, r *store.NodeRun, window int) error {
	g, err := t.target(ctx, f)
	if err != nil {
		return err
	}
	state := store.FileDone
	switch {
	case end.Failed:
		state = store.FileFailed
	case len(g.destinations) > 0:
		state = store.Writing
	}
	now := micros(time.Now())
	ended := now
	if state == store.Writing {
		ended = 0
	}
	n, err := t.q.Exec(ctx, `UPDATE file SET state = ?, done = ?, claims = 0, pages = ?, outcome = ?, error = ?, ended_at = ?, moved_at = ? `+
		`WHERE id = ? AND workspace = ? AND job = ? AND attempt = ? AND state = 'running'`,
		string(state), end.Done, end.Pages, end.Outcome, end.Error, ended, now, f.ID, f.Workspace, f.Job, f.Attempt)
	if err != nil {
		return err
	}
	if n == 0 {
		return t.missing(ctx, store.ErrNotFound, f.Workspace, f.Job, f.ID)
	}
	if r != nil {
		if err := t.putNodeRun(ctx, f, *r); err != nil {
			return err
		}
	}
	if state == store.Writing {
		return t.startWrites(ctx, f, g)
	}
	if state == store.FileDone {
		if err := t.finished(ctx, f, g); err != nil {
			return err
		}
	}
	return t.ended(ctx, f, g.counts, state == store.FileDone, window)
}

// ended counts the end of one active file, puts the next of the backlog in its place, and checks whether it was the last.
// seen are the counts as they were before, perhaps already changed by others.
func (t *Tx) ended(ctx context.Context, f store.File, seen counts, ok bool, window int) error {
	done, failed := int64(1), int64(0)
	if !ok {
		done, failed = 0, 1
	}
	room := int64(window)
	if window <= 0 {
		room = seen.active
	}
	// In a full window the next file takes the place of this one, which needs no lock on the counts beforehand.
	var next int64
	if seen.active == room && seen.open > seen.active {
		var err error
		if next, err = t.fill(ctx, f.Workspace, f.Job, seen.queue, 1); err != nil {
			return err
		}
	}
	c, err := t.add(ctx, f.Job, 0, -1, next-1, done, failed)
	if err != nil {
		return err
	}
	if c.active < room && c.open > c.active {
		if next, err = t.fill(ctx, f.Workspace, f.Job, c.queue, min(room-c.active, c.open-c.active)); err != nil {
			return err
		}
		if next > 0 {
			if c, err = t.add(ctx, f.Job, 0, 0, next, 0, 0); err != nil {
				return err
			}
		}
	}
	return t.endCheck(ctx, f.Workspace, f.Job, c)
}

// target is what a good file of a job leads to, and the job's counts.
type target struct {
	workflow     string // that remembers the file's version; "" for on-demand jobs
	destinations []string
	counts
}

func (t *Tx) target(ctx context.Context, f store.File) (g target, err error) {
	var onDemand bool
	err = t.one(ctx, `SELECT j.workflow, j.on_demand, j.destinations, c.queue, c.open, c.active`+jobTables+`WHERE j.id = ? AND j.workspace = ?`,
		[]any{f.Job, f.Workspace}, &g.workflow, &onDemand, decoded{&g.destinations}, &g.queue, &g.open, &g.active)
	if onDemand {
		g.workflow = ""
	}
	return g, err
}

// finished stores the version of a done file of a stored workflow, which a later run compares before it fetches.
func (t *Tx) finished(ctx context.Context, f store.File, g target) error {
	if f.Version == "" || f.Source == "" || g.workflow == "" {
		return nil
	}
	return t.finishVersion(ctx, f, g)
}

const nodeRunColumns = `file, node, job, idx, input_hash, output_hash, blob, size, elements, started_at, ended_at`

func scanNodeRun(s scanner) (r store.NodeRun, err error) {
	err = s.Scan(&r.File, &r.NodeID, &r.Job, &r.Index, &r.InputHash, &r.OutputHash, &r.Blob, &r.Size, &r.Elements,
		instant{&r.Started}, instant{&r.Ended})
	return r, err
}

func (t *Tx) putNodeRun(ctx context.Context, f store.File, r store.NodeRun) error {
	return t.q.Later(ctx, `INSERT INTO node_run (`+nodeRunColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) `+
		`ON CONFLICT (file, node) DO UPDATE SET idx = excluded.idx, input_hash = excluded.input_hash, `+
		`output_hash = excluded.output_hash, blob = excluded.blob, size = excluded.size, elements = excluded.elements, `+
		`started_at = excluded.started_at, ended_at = excluded.ended_at`,
		f.ID, r.NodeID, f.Job, r.Index, r.InputHash, r.OutputHash, r.Blob, r.Size, r.Elements, micros(r.Started), micros(r.Ended))
}

// NodeRuns lists the outputs of a file in the order of the nodes.
func (r *Reader) NodeRuns(ctx context.Context, workspace, job, file string) ([]store.NodeRun, error) {
	if _, err := r.count(ctx, `SELECT 1 FROM file WHERE id = ? AND job = ? AND workspace = ?`, file, job, workspace); err != nil {
		return nil, err
	}
	return list(ctx, r.q, scanNodeRun, `SELECT `+nodeRunColumns+` FROM node_run WHERE file = ? ORDER BY idx`, file)
}
