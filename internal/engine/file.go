package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/workflow"
)

// file takes one file through the nodes of its job.
func (e *Engine) file(ctx context.Context, t store.Task) error {
	var j store.Job
	var f store.File
	var runs []store.NodeRun
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) (err error) {
		if j, f, err = tx.ClaimFile(ctx, t.Workspace, t.Job, t.File, e.cfg.Node); err != nil || f.Done == 0 {
			return err
		}
		runs, err = tx.NodeRuns(ctx, t.Workspace, t.Job, t.File)
		return err
	})
	if err != nil {
		return e.waitForRoom(err)
	}
	ctx = e.outages.with(ctx, t.Job, f.Source)
	ctx, part := observe.Begin(ctx, observe.Work{Kind: observe.File, Job: f.Job, File: f.ID, Attempt: f.Attempt})
	defer part.End()
	input, err := e.input(j, f, runs)
	if err == nil {
		input.Earlier, err = e.earlier(ctx, j, f)
		if err != nil {
			return e.interrupted(ctx, t, f.Attempt, err, nil)
		}
	}
	if err != nil {
		return e.failFile(ctx, f, store.FileEnd{Failed: true, Outcome: outcomeError, Error: err.Error(), Done: f.Done})
	}
	started := time.Now()
	done := f.Done
	result, err := e.cfg.Pipeline.Run(ctx, input, func(ctx context.Context, out pipeline.Output) error {
		r := nodeRun(f, out, started)
		started = time.Now()
		done = out.Index + 1
		return e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.SaveNodeRun(ctx, f, r) })
	})
	var failed *pipeline.NodeError
	switch {
	case err == nil:
	case errors.As(err, &failed):
		e.cfg.Log.Info("file failed", "job", j.ID, "file", f.ID, "file_id", f.WireID, "node", failed.Node.Name, "outcome", failed.Outcome)
		return e.failFile(ctx, f, store.FileEnd{Failed: true, Outcome: failed.Outcome, Error: failed.Error(), Done: failed.Index})
	default:
		return e.interrupted(ctx, t, f.Attempt, err, func(reason string) error {
			return e.failFile(ctx, f, store.FileEnd{Failed: true, Outcome: outcomeError, Error: reason, Done: done})
		})
	}
	end := store.FileEnd{Pages: result.Pages, Done: len(j.Nodes)}
	var last *store.NodeRun
	if result.Fresh {
		r := nodeRun(f, result.Last, started)
		last = &r
	}
	if err := e.endFile(ctx, f, end, last); err != nil {
		return e.interrupted(ctx, t, f.Attempt, err, nil)
	}
	failpoint.Hit(failpoint.AfterFileCommit)
	if len(j.Destinations) == 0 {
		e.dropOutputs(ctx, j, f)
	}
	return nil
}

// outcomeError is the outcome of a file that failed for another reason than its content.
const outcomeError = "error"

func nodeRun(f store.File, out pipeline.Output, started time.Time) store.NodeRun {
	return store.NodeRun{
		Job: f.Job, File: f.ID, NodeID: out.NodeID, Index: out.Index, InputHash: out.InputHash, OutputHash: out.OutputHash,
		Blob: out.Blob, Size: out.Size, Elements: out.Elements, Started: started.UTC(), Ended: time.Now().UTC(),
	}
}

// endFile ends a file, also when the process is stopping: the work is done.
func (e *Engine) endFile(ctx context.Context, f store.File, end store.FileEnd, last *store.NodeRun) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
		if err := tx.EndFile(ctx, f, end, last, e.window); err != nil {
			return err
		}
		failpoint.Hit(failpoint.BeforeRowCommit)
		return nil
	})
	if err == nil {
		observe.Note(ctx, cmp.Or(end.Outcome, observe.OK))
	}
	return err
}

func (e *Engine) failFile(ctx context.Context, f store.File, end store.FileEnd) error {
	if err := e.endFile(ctx, f, end, nil); err != nil {
		return e.interrupted(ctx, store.Task{Kind: store.TaskFile, Workspace: f.Workspace, Job: f.Job, File: f.ID}, f.Attempt, err, nil)
	}
	return nil
}

// outputs are node runs as the pipeline knows them.
func outputs(runs []store.NodeRun) (out []pipeline.Output) {
	for _, r := range runs {
		out = append(out, pipeline.Output{
			Index: r.Index, NodeID: r.NodeID, InputHash: r.InputHash, OutputHash: r.OutputHash, Blob: r.Blob, Size: r.Size,
			Elements: r.Elements,
		})
	}
	return out
}

// earlier finds what a document gave in an earlier job of its workflow when nothing has changed since but who may see it: then
// the elements of then serve, if they are kept. A job that reprocesses everything does not look.
func (e *Engine) earlier(ctx context.Context, j store.Job, f store.File) (*pipeline.Earlier, error) {
	if j.ReprocessAll || j.OnDemand || f.InputBlob != "" {
		return nil, nil
	}
	now, err := documentOf(f)
	if err != nil || len(now.Permissions) == 0 || now.Version == "" {
		return nil, nil //nolint:nilerr // the run says it
	}
	var was store.File
	var runs []store.NodeRun
	err = e.cfg.Store.View(ctx, func(v store.Reader) (err error) {
		was, runs, err = v.Earlier(ctx, j.WorkflowID, f)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	then, err := documentOf(was)
	if err != nil {
		return nil, nil //nolint:nilerr // an older program's
	}
	source := dataSource(then, time.Now())
	then.Permissions, now.Permissions = nil, nil
	if !reflect.DeepEqual(then, now) {
		return nil, nil
	}
	return &pipeline.Earlier{DataSource: source, Outputs: outputs(runs), Pages: was.Pages}, nil
}

// input says what the pipeline gets of a claimed file.
func (e *Engine) input(j store.Job, f store.File, runs []store.NodeRun) (pipeline.Input, error) {
	in := pipeline.Input{
		Workspace: f.Workspace, Job: f.Job, File: f.ID, Nodes: j.Nodes, Keep: j.KeepOutputs, Version: f.Version,
		Urgent: j.OnDemand, Secrets: e.openSettings, Used: e.used(f),
	}
	in.Prior = outputs(runs)
	if f.InputBlob != "" {
		in.Name, in.DataSource = f.WireID, &element.DataSource{}
		in.Open = func(ctx context.Context) (document.File, error) { return e.openUpload(ctx, f) }
		return in, nil
	}
	d, err := documentOf(f)
	if err != nil {
		return in, err
	}
	in.Version = d.Version // a date and a size are no proof that the bytes are the same
	in.Name, in.DataSource = d.Name, dataSource(d, time.Now())
	in.Open = func(ctx context.Context) (document.File, error) {
		source, done, err := e.connections.source(ctx, e, f.Workspace, f.Job, f.Source)
		if err != nil {
			return document.File{}, err
		}
		defer done()
		file, err := source.Fetch(ctx, d)
		if err == nil {
			e.outages.worked(ctx)
			complete(in.DataSource, file.Found)
			in.DataSource.FilesizeBytes = cmp.Or(file.Size, in.DataSource.FilesizeBytes)
		}
		return file, err
	}
	return in, nil
}

// used books what the nodes of a file ask of models, also of a file whose work is being stopped: it was paid for. What cannot be
// booked is in the log alone.
func (e *Engine) used(f store.File) func(context.Context, workflow.Node, model.Usage) {
	return func(ctx context.Context, n workflow.Node, u model.Usage) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
			return tx.AddUsage(ctx, f.Workspace, f.Job, n.ID, store.Usage{
				Calls: u.Calls, Cached: u.Cached, Input: u.Input, Output: u.Output, Cost: u.Cost, Unpriced: u.Unpriced, Failed: u.Failed,
			})
		})
		if err != nil {
			e.cfg.Log.WarnContext(ctx, "what a model was asked is missing in the sums of its job", "job", f.Job, "file", f.ID, "node", n.ID, "error", err)
		}
	}
}

// openSettings opens the secrets in the settings of a node, which are bound to it.
func (e *Engine) openSettings(n workflow.Node) (map[string]any, error) {
	text, err := json.Marshal(n.Settings)
	if err != nil {
		return nil, err
	}
	settings, err := e.cfg.Secrets.Open("node:"+n.ID, text)
	if err != nil {
		return nil, &permanent{err.Error()}
	}
	return settings, nil
}

// openUpload opens the stored bytes of an uploaded file.
func (e *Engine) openUpload(ctx context.Context, f store.File) (document.File, error) {
	content, err := e.cfg.Blobs.File(ctx, f.InputBlob)
	if errors.Is(err, blob.ErrNotFound) {
		return document.File{}, &permanent{"the uploaded bytes are not there any more; upload the file again"}
	}
	if err != nil {
		return document.File{}, err
	}
	return document.NewFile(f.WireID, f.ContentType, f.Size, content), nil
}

// permanent is a failure that a new try does not mend. Its text is for the user.
type permanent struct{ message string }

func (p *permanent) Error() string { return p.message }

// dropOutputs removes what need not stay of a file that has ended well. What it cannot remove goes with the job.
func (e *Engine) dropOutputs(ctx context.Context, j store.Job, f store.File) {
	if j.KeepOutputs != KeepLast && j.KeepOutputs != KeepFailed {
		return
	}
	ctx = context.WithoutCancel(ctx)
	nodes := j.Nodes
	if j.KeepOutputs == KeepLast || e.cfg.Keep.Access && restricted(f) {
		nodes = nodes[:len(nodes)-1]
	}
	for _, n := range nodes {
		if err := e.cfg.Blobs.Delete(ctx, blob.Output(f.Workspace, f.Job, f.ID, n.ID)); err != nil {
			e.cfg.Log.Warn("an output stays until its job is removed", "job", j.ID, "file", f.ID, "error", err)
			return
		}
	}
}

// restricted says whether the source has listed who may read a document, by its own users and groups.
func restricted(f store.File) bool {
	d, err := documentOf(f)
	return err == nil && slices.ContainsFunc(d.Permissions, func(p map[string]any) bool { return p["read"] != nil })
}

// Only the message of an error of these kinds may be shown; others are logged.
func (e *Engine) publicReason(what string, err error) string {
	var p *permanent
	if errors.As(err, &p) {
		return p.message
	}
	return fmt.Sprintf("%s failed for a reason of the server; its log says more", what)
}
