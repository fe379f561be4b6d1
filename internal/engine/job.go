package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

// The job types of the contract.
const (
	typeEphemeral  = "ephemeral"
	typeTemplate   = "template"
	typePersistent = "persistent"
	typeScheduled  = "scheduled"
)

// CreateJob implements API.
func (e *Engine) CreateJob(ctx context.Context, workspace, key string, nodes []workflow.Node, template bool, u Uploads) (store.Job, error) {
	if err := runnable(nodes); err != nil {
		return store.Job{}, err
	}
	now := time.Now().UTC()
	batch := e.batch(workspace, u)
	j := store.Job{
		ID: batch.job, Workspace: workspace, WorkflowID: uuid.NewString(), Type: typeEphemeral, OnDemand: true,
		Nodes: nodes, ReprocessAll: true, KeepOutputs: e.cfg.Keep.Uploaded, CreatedAt: now,
	}
	if template {
		j.Type = typeTemplate
	}
	j.WorkflowName = "Job " + j.ID[:8]
	w := store.Workflow{Workspace: workspace, OnDemand: true, Workflow: workflow.Workflow{
		ID: j.WorkflowID, Name: j.WorkflowName, Type: workflow.Custom, Nodes: nodes, Status: workflow.Active,
		ReprocessAll: true, CreatedAt: now, UpdatedAt: now,
	}}
	var created store.Job // not j, which the function reads when it runs again
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
		if every := e.cfg.Limits.LaunchEvery; every > 0 {
			wait, err := tx.Launch(ctx, key, now, every)
			if err != nil {
				return err
			}
			if wait > 0 {
				return &RateError{Wait: wait}
			}
		}
		if err := tx.CreateWorkflow(ctx, w); err != nil {
			return err
		}
		if err := tx.CreateJob(ctx, j, nil); err != nil {
			return err
		}
		if err := addFiles(ctx, tx, j, batch.files); err != nil {
			return err
		}
		var err error
		if e.cfg.Limits.Running > 0 {
			err = tx.StartOnDemand(ctx, workspace, e.cfg.Limits.Running, e.window)
		} else {
			_, err = tx.TopUp(ctx, workspace, j.ID, e.window)
		}
		if err != nil {
			return err
		}
		created, err = tx.Job(ctx, workspace, j.ID)
		return err
	})
	if err == nil {
		batch.used = true
	}
	return created, err
}

// batch returns the uploads of a request, or an empty batch.
func (e *Engine) batch(workspace string, u Uploads) *uploads {
	if given, ok := u.(*uploads); ok && given != nil {
		return given
	}
	return &uploads{engine: e, workspace: workspace, job: uuid.NewString()}
}

func addFiles(ctx context.Context, tx store.Tx, j store.Job, files []store.File) error {
	if len(files) == 0 {
		return nil
	}
	n, err := tx.AddFiles(ctx, j.Workspace, j.ID, files, "", "")
	if err == nil && n != len(files) {
		err = fmt.Errorf("%d of %d uploaded files were stored", n, len(files))
	}
	return err
}

// runnable refuses nodes that this build cannot run, or that there are none of.
func runnable(nodes []workflow.Node) error {
	if len(nodes) == 0 {
		return &Refusal{http.StatusUnprocessableEntity, "the workflow has no nodes; add at least a partition node"}
	}
	if err := pipeline.Unbuilt(nodes); err != nil {
		return &Refusal{http.StatusUnprocessableEntity, err.Error()}
	}
	return nil
}

// RunWorkflow implements API.
func (e *Engine) RunWorkflow(ctx context.Context, workspace, workflowID string, u Uploads, options ...RunOption) (store.Job, error) {
	batch := e.batch(workspace, u)
	if err := e.checkSync(ctx, workspace, workflowID); err != nil {
		return store.Job{}, err
	}
	var j store.Job
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		w, err := tx.Workflow(ctx, workspace, workflowID)
		if err != nil {
			return err
		}
		switch {
		case w.OnDemand:
			return &Refusal{http.StatusConflict, "the temporary workflow of an on-demand job runs once"}
		case w.Status != workflow.Active:
			return &Refusal{http.StatusUnprocessableEntity, "the workflow is inactive; set its status to active and run it again"}
		case len(w.Sources) == 0 && len(batch.files) == 0:
			return &Refusal{http.StatusUnprocessableEntity,
				"the workflow has no source; upload files with the run (form field input_files), or give it a source"}
		case len(w.Sources) > 0 && len(batch.files) > 0:
			return &Refusal{http.StatusUnprocessableEntity,
				"the workflow reads from its sources; run it without files, or use a workflow without a source"}
		}
		if err := e.startable(ctx, tx, w); err != nil {
			return err
		}
		if len(w.Sources) > 0 {
			active, err := tx.ActiveJobs(ctx, workspace, workflowID)
			if err != nil {
				return err
			}
			if active > 0 {
				return &Refusal{http.StatusConflict, "a job of this workflow is running; wait for its end or cancel it"}
			}
		}
		j, err = e.start(ctx, tx, w, typePersistent, batch, options...)
		return err
	})
	if err == nil {
		batch.used = true
	}
	return j, err
}

// startable refuses a workflow that names a node or connector that cannot run.
func (e *Engine) startable(ctx context.Context, tx store.Reader, w store.Workflow) error {
	if err := runnable(w.Nodes); err != nil {
		return err
	}
	for _, side := range []struct {
		store.Side
		ids []string
	}{{store.SideSource, w.Sources}, {store.SideDestination, w.Destinations}} {
		for _, id := range side.ids {
			c, err := tx.Connector(ctx, w.Workspace, side.Side, id)
			if errors.Is(err, store.ErrNotFound) {
				return &Refusal{http.StatusUnprocessableEntity, fmt.Sprintf("the workflow's %s %s does not exist any more", side.Side, id)}
			}
			if err != nil {
				return err
			}
			if k := connector.For(connector.Side(side.Side), c.Type); !k.Built {
				unbuilt := &connector.UnbuiltError{Side: connector.Side(side.Side), Type: k.Type}
				return &Refusal{http.StatusUnprocessableEntity, fmt.Sprintf("%s %q: %s", side.Side, c.Name, unbuilt)}
			}
		}
	}
	return nil
}

// start inserts the job of a stored workflow with its first tasks.
func (e *Engine) start(ctx context.Context, tx store.Tx, w store.Workflow, kind string, batch *uploads, options ...RunOption) (store.Job, error) {
	j := store.Job{
		ID: batch.job, Workspace: w.Workspace, WorkflowID: w.ID, WorkflowName: w.Name, Type: kind, Nodes: w.Nodes,
		Sources: w.Sources, Destinations: w.Destinations, ReprocessAll: w.ReprocessAll, KeepOutputs: e.cfg.Keep.Remote,
		CreatedAt: time.Now().UTC(),
	}
	if len(w.Sources) == 0 {
		j.KeepOutputs = e.cfg.Keep.Uploaded
	}
	var err error
	if j.DeleteRemoved, err = removes(ctx, tx, w); err != nil {
		return j, err
	}
	for _, set := range options {
		set(&j)
	}
	if j.ForceRemove && !j.DeleteRemoved {
		return j, &Refusal{http.StatusUnprocessableEntity,
			"the workflow does not remove documents (delete_removed is false), so that a forced removal has nothing to force"}
	}
	var plans []store.Plan
	for _, source := range w.Sources {
		plans = append(plans, store.Plan{ID: uuid.NewString(), Job: j.ID, Source: source})
	}
	if err := tx.CreateJob(ctx, j, plans); err != nil {
		return j, err
	}
	for _, p := range plans {
		if err := tx.Enqueue(ctx, store.Task{Kind: store.TaskPlan, Workspace: j.Workspace, Job: j.ID, Target: p.ID}); err != nil {
			return j, err
		}
	}
	if len(plans) == 0 {
		if err := addFiles(ctx, tx, j, batch.files); err != nil {
			return j, err
		}
		if _, err := tx.TopUp(ctx, j.Workspace, j.ID, e.window); err != nil {
			return j, err
		}
	}
	return tx.Job(ctx, j.Workspace, j.ID)
}

// Cancel implements API.
func (e *Engine) Cancel(ctx context.Context, workspace, jobID string) (store.Job, error) {
	var j store.Job
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		if j, err = tx.CancelJob(ctx, workspace, jobID, time.Now().UTC()); err != nil {
			return err
		}
		return e.next(ctx, tx, j)
	})
	e.connections.drop(jobID)
	e.outages.drop(jobID)
	return j, conflict(err)
}

// Retry implements API.
func (e *Engine) Retry(ctx context.Context, workspace, jobID string) (store.Job, error) {
	var j store.Job
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		j, err = tx.RetryJob(ctx, workspace, jobID, e.window, time.Now().UTC())
		return err
	})
	return j, conflict(err)
}

// conflict makes the store's refusals those of the API.
func conflict(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return &Refusal{http.StatusConflict, strings.TrimSuffix(err.Error(), ": "+store.ErrConflict.Error())}
	}
	return err
}

// next starts on-demand jobs that wait for others to end.
func (e *Engine) next(ctx context.Context, tx store.Tx, ended store.Job) error {
	if !ended.OnDemand || e.cfg.Limits.Running == 0 {
		return nil
	}
	return tx.StartOnDemand(ctx, ended.Workspace, e.cfg.Limits.Running, e.window)
}

// finish ends a job whose files have all ended.
func (e *Engine) finish(ctx context.Context, t store.Task) error {
	if err := e.commit(ctx, t); err != nil {
		return e.waitForRoom(err)
	}
	e.commits.forget(t.Job)
	var j store.Job
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		if j, err = tx.FinishJob(ctx, t.Workspace, t.Job, time.Now().UTC()); err != nil {
			return err
		}
		return e.next(ctx, tx, j)
	})
	if err != nil {
		return e.waitForRoom(err)
	}
	e.connections.drop(t.Job)
	e.outages.drop(t.Job)
	e.cfg.Log.Info("job ended", "job", j.ID, "status", j.Status, "files", j.Total, "failed", j.Failed,
		"seconds", j.EndedAt.Sub(j.CreatedAt).Seconds())
	return nil
}
