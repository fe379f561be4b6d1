package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

// reason is the error of what was claimed too often without progress.
func reason(what string) string { return fmt.Sprintf("the worker died three times on this %s", what) }

// Enqueue adds a task and notes its id on the row that it stands for.
func (t *Tx) Enqueue(ctx context.Context, task store.Task) error {
	queue := task.Queue
	if task.Job != "" {
		if err := t.one(ctx, `SELECT c.queue FROM job j JOIN job_count c ON c.job = j.id WHERE j.id = ? AND j.workspace = ?`,
			[]any{task.Job, task.Workspace}, &queue); err != nil {
			return err
		}
	}
	return t.enqueue(ctx, queue, []store.Task{task})
}

// enqueue adds tasks to a queue. Their rows are moved to queued where they are not: the id of the task on the row is what
// Lost and CancelJob find it by.
func (t *Tx) enqueue(ctx context.Context, queue store.Queue, tasks []store.Task) error {
	if queue == "" {
		queue = store.QueueBulk
	}
	for i := range tasks {
		tasks[i].Queue = queue
	}
	ids, err := t.queue.Insert(ctx, tasks)
	if err != nil {
		return err
	}
	now := micros(time.Now())
	for i, task := range tasks {
		var err error
		switch task.Kind {
		case store.TaskFile:
			err = t.q.Later(ctx, `UPDATE file SET state = 'queued', task = ?, moved_at = ? WHERE id = ?`, ids[i], now, task.File)
		case store.TaskWrite:
			err = t.q.Later(ctx, `UPDATE file_write SET state = 'queued', task = ?, moved_at = ? WHERE file = ? AND destination = ?`,
				ids[i], now, task.File, task.Target)
		case store.TaskPlan:
			err = t.q.Later(ctx, `UPDATE plan SET state = 'queued', task = ?, moved_at = ? WHERE id = ? AND job = ?`,
				ids[i], now, task.Target, task.Job)
		case store.TaskRemove:
			err = t.q.Later(ctx, `UPDATE removal SET state = 'queued', task = ?, moved_at = ? WHERE id = ? AND job = ?`,
				ids[i], now, task.Target, task.Job)
		case store.TaskFinish:
			err = t.q.Later(ctx, `UPDATE job_count SET finish_task = ? WHERE job = ?`, ids[i], task.Job)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Requeue gives a new task to work whose task was lost. ErrGone when the work has moved on.
func (t *Tx) Requeue(ctx context.Context, task store.Task) error {
	if task.Kind == store.TaskCheck {
		return t.Enqueue(ctx, task)
	}
	if err := t.openJob(ctx, task.Workspace, task.Job); err != nil {
		return err
	}
	var query string
	args := []any{}
	switch task.Kind {
	case store.TaskFile:
		query = `UPDATE file SET state = 'queued' WHERE id = ? AND job = ? AND state IN ('queued', 'running')`
		args = append(args, task.File, task.Job)
	case store.TaskWrite:
		query = `UPDATE file_write SET state = 'queued' WHERE file = ? AND destination = ? AND state IN ('queued', 'running') ` +
			`AND EXISTS (SELECT 1 FROM file WHERE id = file_write.file AND job = ? AND state = 'writing')`
		args = append(args, task.File, task.Target, task.Job)
	case store.TaskPlan:
		query = `UPDATE plan SET state = 'queued' WHERE id = ? AND job = ? AND state IN ('queued', 'running')`
		args = append(args, task.Target, task.Job)
	case store.TaskRemove:
		query = `UPDATE removal SET state = 'queued' WHERE id = ? AND job = ? AND state IN ('queued', 'running')`
		args = append(args, task.Target, task.Job)
	case store.TaskFinish:
		if _, err := t.q.Exec(ctx, `UPDATE job_count SET finish_task = 0 WHERE job = ?`, task.Job); err != nil {
			return err
		}
		// A job that has waiting files and no active one starts again with one; its end brings the others.
		_, err := t.TopUp(ctx, task.Workspace, task.Job, 1)
		return err
	default:
		return fmt.Errorf("a task of kind %q cannot be queued again", task.Kind)
	}
	n, err := t.q.Exec(ctx, query, args...)
	if err := must(n, err, store.ErrGone); err != nil {
		return err
	}
	return t.Enqueue(ctx, task)
}

// Release takes a claim back that ended without an end and without the worker's death.
func (t *Tx) Release(ctx context.Context, task store.Task, attempt int) error {
	var n int64
	var err error
	switch task.Kind {
	case store.TaskFile:
		n, err = t.q.Exec(ctx, `UPDATE file SET state = 'queued', claims = claims - 1 `+
			`WHERE id = ? AND workspace = ? AND attempt = ? AND state = 'running' AND claims > 0`, task.File, task.Workspace, attempt)
		if err == nil && n == 0 { // progress has set the claims to 0
			n, err = t.q.Exec(ctx, `UPDATE file SET state = 'queued' WHERE id = ? AND workspace = ? AND attempt = ? AND state = 'running'`,
				task.File, task.Workspace, attempt)
		}
	case store.TaskWrite:
		n, err = t.q.Exec(ctx, `UPDATE file_write SET state = 'queued', claims = claims - 1 WHERE file = ? AND destination = ? `+
			`AND attempt = ? AND state = 'running' AND EXISTS (SELECT 1 FROM file WHERE id = file_write.file AND workspace = ?)`,
			task.File, task.Target, attempt, task.Workspace)
	case store.TaskPlan:
		n, err = t.q.Exec(ctx, `UPDATE plan SET state = 'queued', claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END `+
			`WHERE id = ? AND attempt = ? AND state = 'running' AND EXISTS (SELECT 1 FROM job WHERE id = plan.job AND workspace = ?)`,
			task.Target, attempt, task.Workspace)
	case store.TaskRemove:
		n, err = t.q.Exec(ctx, `UPDATE removal SET state = 'queued', claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END `+
			`WHERE id = ? AND attempt = ? AND state = 'running' AND EXISTS (SELECT 1 FROM job WHERE id = removal.job AND workspace = ?)`,
			task.Target, attempt, task.Workspace)
	default:
		return nil // other tasks claim nothing
	}
	return must(n, err, store.ErrGone)
}

// alive are the states of a task that will still run, in River's words.
const alive = `('available', 'pending', 'retryable', 'running', 'scheduled')`

// Lost lists work of open jobs that no task stands for.
func (r *Reader) Lost(ctx context.Context, before time.Time, limit int) ([]store.Task, error) {
	const open = `j.status IN ('SCHEDULED', 'IN_PROGRESS')`
	const gone = ` AND NOT EXISTS (SELECT 1 FROM river_job t WHERE t.id = %s AND t.state IN ` + alive + `)`
	queries := []struct {
		kind store.TaskKind
		text string
	}{
		{store.TaskFile, `SELECT j.workspace, j.id, f.id, '' FROM job j JOIN file f ON f.job = j.id WHERE ` + open +
			` AND f.state IN ('queued', 'running') AND f.state <> 'done' AND (f.state <> 'backlog' OR f.done > 0)` +
			` AND f.moved_at < ?` + fmt.Sprintf(gone, "f.task")},
		{store.TaskWrite, `SELECT j.workspace, j.id, f.id, w.destination FROM job j JOIN file f ON f.job = j.id ` +
			`JOIN file_write w ON w.file = f.id WHERE ` + open +
			` AND f.state = 'writing' AND f.state <> 'done' AND (f.state <> 'backlog' OR f.done > 0)` +
			` AND w.state IN ('queued', 'running') AND w.moved_at < ?` + fmt.Sprintf(gone, "w.task")},
		{store.TaskPlan, `SELECT j.workspace, j.id, '', p.id FROM job j JOIN plan p ON p.job = j.id WHERE ` + open +
			` AND p.state IN ('queued', 'running') AND p.moved_at < ?` + fmt.Sprintf(gone, "p.task")},
		{store.TaskRemove, `SELECT j.workspace, j.id, '', r.id FROM job j JOIN removal r ON r.job = j.id WHERE ` + open +
			` AND r.state IN ('queued', 'running') AND r.moved_at < ?` + fmt.Sprintf(gone, "r.task")},
		// Nothing active and nothing to plan: the finish task is missing, or nobody has topped the job up. On-demand jobs
		// that wait for their turn have an untouched backlog.
		{store.TaskFinish, `SELECT j.workspace, j.id, '', '' FROM job j JOIN job_count c ON c.job = j.id WHERE ` + open +
			` AND c.planned = 1 AND c.active = 0 AND (c.open = 0 OR j.on_demand = 0 OR j.status = 'IN_PROGRESS') AND j.created_at < ?` +
			` AND NOT EXISTS (SELECT 1 FROM removal r WHERE r.job = j.id AND r.state IN ('queued', 'running'))` +
			fmt.Sprintf(gone, "c.finish_task")},
	}
	var lost []store.Task
	for _, q := range queries {
		left := 1 << 30
		if limit > 0 {
			if left = limit - len(lost); left <= 0 {
				break
			}
		}
		found, err := list(ctx, r.q, func(s scanner) (store.Task, error) {
			t := store.Task{Kind: q.kind}
			err := s.Scan(&t.Workspace, &t.Job, &t.File, &t.Target)
			return t, err
		}, q.text+` LIMIT ?`, micros(before), left)
		if err != nil {
			return nil, err
		}
		lost = append(lost, found...)
	}
	return lost, nil
}

// Depth counts the tasks that wait.
func (r *Reader) Depth(ctx context.Context) (int, error) {
	return r.count(ctx, `SELECT count(*) FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'scheduled')`)
}

// Load counts what stands in each queue.
func (r *Reader) Load(ctx context.Context) (map[store.Queue]store.Load, error) {
	all := map[store.Queue]store.Load{store.QueueBulk: {}, store.QueueDemand: {}}
	type row struct {
		queue         store.Queue
		first, second int
	}
	scan := func(s scanner) (v row, err error) {
		err = s.Scan(&v.queue, &v.first, &v.second)
		return v, err
	}
	tasks, err := list(ctx, r.q, scan, `SELECT queue, CASE WHEN state = 'running' THEN 1 ELSE 0 END, count(*) FROM river_job `+
		`WHERE state IN `+alive+` GROUP BY 1, 2`)
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		l := all[t.queue]
		if t.first == 1 {
			l.Running = t.second
		} else {
			l.Waiting = t.second
		}
		all[t.queue] = l
	}
	jobs, err := list(ctx, r.q, scan, `SELECT c.queue, count(*), CAST(sum(c.open) AS BIGINT) FROM job j JOIN job_count c ON c.job = j.id `+
		`WHERE j.status IN ('SCHEDULED', 'IN_PROGRESS') GROUP BY 1`)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		l := all[j.queue]
		l.Jobs, l.Files = j.first, j.second
		all[j.queue] = l
	}
	return all, nil
}

// Schema is what the migrations wrote down.
func (r *Reader) Schema(ctx context.Context) (int64, error) {
	var version int64
	err := r.one(ctx, `SELECT max(version_id) FROM goose_db_version`, nil, &version)
	return version, err
}
