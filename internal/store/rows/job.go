package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

const jobColumns = `j.id, j.workspace, j.workflow, j.workflow_name, j.type, j.on_demand, j.status, j.processing, j.message, ` +
	`j.reprocess_all, j.delete_removed, j.force_remove, j.keep_outputs, j.outputs_dropped, j.created_at, j.started_at, j.ended_at, ` +
	`j.sources, j.destinations, j.nodes, c.planned, c.total, c.open, c.done, c.failed`

const jobTables = ` FROM job j JOIN job_count c ON c.job = j.id `

func scanJob(s scanner) (j store.Job, err error) {
	err = s.Scan(&j.ID, &j.Workspace, &j.WorkflowID, &j.WorkflowName, &j.Type, &j.OnDemand, &j.Status, &j.Processing, &j.Message,
		&j.ReprocessAll, &j.DeleteRemoved, &j.ForceRemove, &j.KeepOutputs, &j.OutputsDropped, instant{&j.CreatedAt}, instant{&j.StartedAt}, instant{&j.EndedAt},
		decoded{&j.Sources}, decoded{&j.Destinations}, decoded{&j.Nodes}, &j.Planned, &j.Total, &j.Open, &j.Done, &j.Failed)
	return j, err
}

// isOpen says whether a job can still change.
func isOpen(s store.JobStatus) bool { return s == store.Scheduled || s == store.InProgress }

// Job returns one job with its counts.
func (r *Reader) Job(ctx context.Context, workspace, id string) (store.Job, error) {
	return first(ctx, r.q, scanJob, `SELECT `+jobColumns+jobTables+`WHERE j.id = ? AND j.workspace = ?`, id, workspace)
}

// Jobs lists newest first.
func (r *Reader) Jobs(ctx context.Context, workspace string, f store.JobFilter) ([]store.Job, error) {
	query := `SELECT ` + jobColumns + jobTables + `WHERE j.workspace = ?`
	args := []any{workspace}
	if f.Workflow != "" {
		query += ` AND j.workflow = ?`
		args = append(args, f.Workflow)
	}
	if f.Status != "" {
		query += ` AND j.status = ?`
		args = append(args, string(f.Status))
	}
	query, args = paged(query+` ORDER BY j.created_at DESC, j.id DESC`, args, f.Limit, f.Offset)
	return list(ctx, r.q, scanJob, query, args...)
}

// ActiveJobs counts the open jobs of a workflow.
func (r *Reader) ActiveJobs(ctx context.Context, workspace, workflow string) (int, error) {
	return r.count(ctx, `SELECT count(*) FROM job WHERE workspace = ? AND workflow = ? AND status IN ('SCHEDULED', 'IN_PROGRESS')`,
		workspace, workflow)
}

// RunningOnDemand counts the on-demand jobs that are IN_PROGRESS.
func (r *Reader) RunningOnDemand(ctx context.Context, workspace string) (int, error) {
	return r.count(ctx, `SELECT count(*) FROM job WHERE workspace = ? AND on_demand = 1 AND status = 'IN_PROGRESS'`+
		` AND status IN ('SCHEDULED', 'IN_PROGRESS')`, workspace)
}

// ExpiredJobs lists ended jobs of all workspaces whose outputs may go, longest ended first.
func (r *Reader) ExpiredJobs(ctx context.Context, before time.Time, limit int) ([]store.Job, error) {
	query, args := paged(`SELECT `+jobColumns+jobTables+
		`WHERE j.ended_at > 0 AND j.outputs_dropped = 0 AND j.ended_at < ? ORDER BY j.ended_at`, []any{micros(before)}, limit, 0)
	return list(ctx, r.q, scanJob, query, args...)
}

// DropOutputs marks the outputs of an ended job as removed.
func (t *Tx) DropOutputs(ctx context.Context, workspace, job string) error {
	n, err := t.q.Exec(ctx, `UPDATE job SET outputs_dropped = 1 WHERE id = ? AND workspace = ? AND ended_at > 0`, job, workspace)
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.Job(ctx, workspace, job); err != nil {
		return err
	}
	return fmt.Errorf("the job has not ended: %w", store.ErrConflict)
}

// CreateJob inserts the job with its plans and its counts. A job without plans is planned at once.
func (t *Tx) CreateJob(ctx context.Context, j store.Job, plans []store.Plan) error {
	if err := t.keepWorkspace(ctx, j.Workspace); err != nil {
		return err
	}
	sources, err := encode(j.Sources)
	if err != nil {
		return err
	}
	destinations, err := encode(j.Destinations)
	if err != nil {
		return err
	}
	nodes, err := encode(j.Nodes)
	if err != nil {
		return err
	}
	if j.Status == "" {
		j.Status, j.Processing = store.Scheduled, store.ProcessingScheduled
	}
	if _, err := t.q.Exec(ctx, `INSERT INTO job (id, workspace, workflow, workflow_name, type, on_demand, status, processing, `+
		`message, reprocess_all, delete_removed, force_remove, keep_outputs, created_at, started_at, ended_at, sources, destinations, nodes) `+
		`VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		j.ID, j.Workspace, j.WorkflowID, j.WorkflowName, j.Type, truth(j.OnDemand), string(j.Status), string(j.Processing),
		j.Message, truth(j.ReprocessAll), truth(j.DeleteRemoved), truth(j.ForceRemove), j.KeepOutputs, micros(j.CreatedAt), micros(j.StartedAt), micros(j.EndedAt),
		sources, destinations, nodes); err != nil {
		return err
	}
	queue := store.QueueBulk
	if j.OnDemand {
		queue = store.QueueDemand
	}
	if _, err := t.q.Exec(ctx, `INSERT INTO job_count (job, queue, planned) VALUES (?, ?, ?)`,
		j.ID, string(queue), truth(len(plans) == 0)); err != nil {
		return err
	}
	for _, p := range plans {
		if _, err := t.q.Exec(ctx, `INSERT INTO plan (id, job, source, cursor, state, moved_at) VALUES (?, ?, ?, ?, 'queued', ?)`,
			p.ID, j.ID, p.Source, p.Cursor, micros(time.Now())); err != nil {
			return err
		}
	}
	return nil
}

// counts is the part of a job that every file changes.
type counts struct {
	queue                                     store.Queue
	planned                                   bool
	total, open, active, done, failed, finish int64
}

const countColumns = `queue, planned, total, open, active, done, failed, finish_task`

func scanCounts(s scanner) (c counts, err error) {
	err = s.Scan(&c.queue, &c.planned, &c.total, &c.open, &c.active, &c.done, &c.failed, &c.finish)
	return c, err
}

// add moves the counts of a job and returns them. Even without a change it locks the row until the transaction ends. ErrGone
// when the job was cancelled meanwhile, which has set its open files to none.
func (t *Tx) add(ctx context.Context, job string, total, open, active, done, failed int64) (counts, error) {
	c, err := first(ctx, t.q, scanCounts, `UPDATE job_count SET total = total + ?, open = open + ?, active = active + ?, `+
		`done = done + ?, failed = failed + ? WHERE job = ? AND open + ? >= 0 RETURNING `+countColumns,
		total, open, active, done, failed, job, open)
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrGone
	}
	return c, err
}

// endCheck enqueues, once, what comes after the files of a job that has nothing open and is planned: the removal of what
// left its sources, then the finish task.
func (t *Tx) endCheck(ctx context.Context, workspace, job string, c counts) error {
	if c.open > 0 || !c.planned || c.finish != 0 {
		return nil
	}
	if open, err := t.startRemovals(ctx, workspace, job, c.queue); err != nil || open {
		return err
	}
	return t.enqueue(ctx, c.queue, []store.Task{{Kind: store.TaskFinish, Workspace: workspace, Job: job}})
}

// openJob returns the status of an open job of this workspace: ErrNotFound, or ErrGone when it has ended.
func (r *Reader) openJob(ctx context.Context, workspace, job string) error {
	var status store.JobStatus
	if err := r.one(ctx, `SELECT status FROM job WHERE id = ? AND workspace = ?`, []any{job, workspace}, &status); err != nil {
		return err
	}
	if !isOpen(status) {
		return store.ErrGone
	}
	return nil
}

// FinishJob ends a job whose files have all ended.
func (t *Tx) FinishJob(ctx context.Context, workspace, job string, at time.Time) (store.Job, error) {
	if err := t.openJob(ctx, workspace, job); err != nil {
		return store.Job{}, err
	}
	if _, err := t.add(ctx, job, 0, 0, 0, 0, 0); err != nil { // locks
		return store.Job{}, err
	}
	j, err := t.Job(ctx, workspace, job)
	if err != nil {
		return store.Job{}, err
	}
	if !j.Planned || j.Open > 0 {
		return store.Job{}, store.ErrGone
	}
	plans, err := t.Plans(ctx, workspace, job)
	if err != nil {
		return store.Job{}, err
	}
	removals, err := t.Removals(ctx, workspace, job)
	if err != nil {
		return store.Job{}, err
	}
	for _, r := range removals {
		if r.State == store.Backlog || r.State == store.Queued || r.State == store.Running {
			return store.Job{}, store.ErrGone
		}
	}
	j.EndedAt = at
	status, processing, message := verdict(j, plans)
	j.Status, j.Processing, j.Message = withRemovals(status, processing, message, removals)
	n, err := t.q.Exec(ctx, `UPDATE job SET status = ?, processing = ?, message = ?, ended_at = ? `+
		`WHERE id = ? AND status IN ('SCHEDULED', 'IN_PROGRESS')`,
		string(j.Status), string(j.Processing), j.Message, micros(at), job)
	if err := must(n, err, store.ErrGone); err != nil {
		return store.Job{}, err
	}
	if _, err := t.q.Exec(ctx, `UPDATE job_count SET finish_task = 0 WHERE job = ?`, job); err != nil {
		return store.Job{}, err
	}
	return j, t.dropTemporary(ctx, j, at)
}

// verdict is the final state of a job by its counts: the 90 % of completed with errors is the platform's own threshold.
func verdict(j store.Job, plans []store.Plan) (store.JobStatus, store.Processing, string) {
	for _, p := range plans {
		if p.State == store.FileFailed {
			return store.Failed, store.ProcessingFailed, p.Error
		}
	}
	message := fmt.Sprintf("%d of %d files failed", j.Failed, j.Total)
	switch {
	case j.Failed == 0:
		return store.Completed, store.ProcessingSuccess, ""
	case j.Done*10 >= j.Total*9:
		return store.Completed, store.ProcessingWithErrors, message
	}
	return store.Failed, store.ProcessingFailed, message
}

// dropTemporary removes the workflow that was made for an on-demand job.
func (t *Tx) dropTemporary(ctx context.Context, j store.Job, at time.Time) error {
	if !j.OnDemand || j.WorkflowID == "" {
		return nil
	}
	_, err := t.q.Exec(ctx, `UPDATE workflow SET deleted_at = ? WHERE id = ? AND workspace = ? AND on_demand = 1 AND deleted_at = 0`,
		micros(at), j.WorkflowID, j.Workspace)
	return err
}

// CancelJob stops an open job. Its waiting files are not touched: a backlog file of a stopped job reads as stopped, so
// that the cancel of a large job is as quick as that of a small one.
func (t *Tx) CancelJob(ctx context.Context, workspace, job string, at time.Time) (store.Job, error) {
	j, err := t.Job(ctx, workspace, job)
	switch {
	case err != nil:
		return j, err
	case j.Status == store.Stopped:
		return j, nil
	case !isOpen(j.Status):
		return j, fmt.Errorf("the job has ended with status %s: %w", j.Status, store.ErrConflict)
	}
	tasks, err := t.stopFiles(ctx, job, at)
	if err != nil {
		return j, err
	}
	plans, err := list(ctx, t.q, scanID,
		`UPDATE plan SET state = 'stopped', moved_at = ? WHERE job = ? AND state IN ('queued', 'running') RETURNING task`, micros(at), job)
	if err != nil {
		return j, err
	}
	c, err := t.add(ctx, job, 0, 0, 0, 0, 0) // locks: from here on no file of the job can be queued or end
	if err != nil {
		return j, err
	}
	late, err := t.stopFiles(ctx, job, at) // that were queued since the first time
	if err != nil {
		return j, err
	}
	removals, err := t.stopRemovals(ctx, job, at)
	if err != nil {
		return j, err
	}
	late = append(late, removals...)
	if _, err := t.q.Exec(ctx, `UPDATE job_count SET open = 0, active = 0, planned = 1, finish_task = 0 WHERE job = ?`, job); err != nil {
		return j, err
	}
	n, err := t.q.Exec(ctx, `UPDATE job SET status = 'STOPPED', processing = 'STOPPED', message = ?, ended_at = ? `+
		`WHERE id = ? AND status IN ('SCHEDULED', 'IN_PROGRESS')`, "the job was cancelled", micros(at), job)
	if err := must(n, err, fmt.Errorf("the job has ended: %w", store.ErrConflict)); err != nil {
		return j, err
	}
	if err := t.dropTemporary(ctx, j, at); err != nil {
		return j, err
	}
	tasks = append(append(append(tasks, late...), plans...), c.finish)
	if err := t.queue.Cancel(ctx, known(tasks)); err != nil {
		return j, err
	}
	return t.Job(ctx, workspace, job)
}

// stopFiles stops the files of a job that are queued, running or being written, and returns the tasks of their work.
func (t *Tx) stopFiles(ctx context.Context, job string, at time.Time) ([]int64, error) {
	tasks, err := list(ctx, t.q, scanID, `UPDATE file SET state = 'stopped', ended_at = ?, moved_at = ? `+
		`WHERE job = ? AND state IN ('queued', 'running', 'writing') AND state <> 'done' AND (state <> 'backlog' OR done > 0) RETURNING task`,
		micros(at), micros(at), job)
	if err != nil || len(tasks) == 0 {
		return nil, err
	}
	writes, err := list(ctx, t.q, scanID, `UPDATE file_write SET state = 'stopped', moved_at = ? WHERE state IN ('queued', 'running') `+
		`AND file IN (SELECT id FROM file WHERE job = ? AND state = 'stopped' AND state <> 'done' AND (state <> 'backlog' OR done > 0)) `+
		`RETURNING task`, micros(at), job)
	return append(tasks, writes...), err
}

func scanID(s scanner) (id int64, err error) {
	err = s.Scan(&id)
	return id, err
}

// known drops the zero ids of rows that have no task.
func known(ids []int64) []int64 {
	out := ids[:0]
	for _, id := range ids {
		if id != 0 {
			out = append(out, id)
		}
	}
	return out
}

// RetryJob opens an ended job again for what failed in it: sources that could not be listed, files, writes. A failed file
// goes to the backlog and keeps the nodes that it has finished; TopUp brings it back to its nodes or only to its writes.
func (t *Tx) RetryJob(ctx context.Context, workspace, job string, window int, at time.Time) (store.Job, error) {
	j, err := t.Job(ctx, workspace, job)
	if err != nil {
		return j, err
	}
	switch {
	case isOpen(j.Status):
		return j, fmt.Errorf("the job is still running: %w", store.ErrConflict)
	case j.Status == store.Stopped:
		return j, fmt.Errorf("the job was cancelled; start the workflow again: %w", store.ErrConflict)
	case j.OutputsDropped && len(j.Sources) == 0:
		return j, fmt.Errorf("the uploaded files of the job have been removed: %w", store.ErrConflict)
	}
	plans, err := list(ctx, t.q, scanText, `UPDATE plan SET state = 'queued', claims = 0, error = '', moved_at = ? `+
		`WHERE job = ? AND state = 'failed' RETURNING id`, micros(at), job)
	if err != nil {
		return j, err
	}
	n, err := t.q.Exec(ctx, `UPDATE file SET state = 'backlog', claims = 0, outcome = '', error = '', ended_at = 0, moved_at = ? `+
		`WHERE job = ? AND state = 'failed' AND state <> 'done' AND (state <> 'backlog' OR done > 0)`, micros(at), job)
	if err != nil {
		return j, err
	}
	if _, err := t.add(ctx, job, 0, n, 0, 0, -n); err != nil { // locks
		return j, err
	}
	removals, err := t.retryRemovals(ctx, job, at)
	if err != nil {
		return j, err
	}
	if n == 0 && len(plans) == 0 && removals == 0 {
		return j, fmt.Errorf("nothing failed in the job: %w", store.ErrConflict)
	}
	if _, err := t.q.Exec(ctx, `UPDATE job_count SET planned = ?, finish_task = 0 WHERE job = ?`, truth(len(plans) == 0), job); err != nil {
		return j, err
	}
	again, err := t.q.Exec(ctx, `UPDATE job SET status = 'IN_PROGRESS', processing = 'IN_PROGRESS', message = '', ended_at = 0 `+
		`WHERE id = ? AND ended_at = ? AND outputs_dropped = ?`, job, micros(j.EndedAt), truth(j.OutputsDropped))
	if err := must(again, err, fmt.Errorf("the job has changed meanwhile: %w", store.ErrConflict)); err != nil {
		return j, err
	}
	for _, p := range plans {
		if err := t.Enqueue(ctx, store.Task{Kind: store.TaskPlan, Workspace: workspace, Job: job, Target: p}); err != nil {
			return j, err
		}
	}
	if _, err := t.TopUp(ctx, workspace, job, window); err != nil {
		return j, err
	}
	return t.Job(ctx, workspace, job)
}

// StartOnDemand queues the first files of waiting on-demand jobs while fewer than limit run. A job whose files are queued
// counts as running even before a worker has taken the first.
func (t *Tx) StartOnDemand(ctx context.Context, workspace string, limit, window int) error {
	const open = ` FROM job j JOIN job_count c ON c.job = j.id WHERE j.workspace = ? AND j.on_demand = 1 ` +
		`AND j.status IN ('SCHEDULED', 'IN_PROGRESS') `
	free := 1 << 30
	if limit > 0 {
		// One at a time counts and starts, or two would start what one may.
		if _, err := list(ctx, t.q, scanText, `SELECT id FROM workspace WHERE id = ?`+t.q.Lock(Change), workspace); err != nil {
			return err
		}
		running, err := t.count(ctx, `SELECT count(*)`+open+`AND (j.status = 'IN_PROGRESS' OR c.active > 0)`, workspace)
		if err != nil {
			return err
		}
		if free = limit - running; free <= 0 {
			return nil
		}
	}
	waiting, err := list(ctx, t.q, scanText, `SELECT j.id`+open+
		`AND j.status = 'SCHEDULED' AND c.active = 0 AND c.finish_task = 0 ORDER BY j.created_at, j.id LIMIT ?`, workspace, free)
	if err != nil {
		return err
	}
	for _, job := range waiting {
		if _, err := t.TopUp(ctx, workspace, job, window); err != nil {
			return err
		}
	}
	return nil
}
