// Package engine runs jobs: it plans sources, feeds files to the pipeline, writes to destinations, ends jobs, and mends
// what a dead process left behind. All state is in the store; this package holds none that a restart would miss.
package engine

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

// Config is what an Engine works with.
type Config struct {
	Store    store.Store
	Blobs    blob.Store
	Pipeline *pipeline.Runner
	Env      connector.Env
	Secrets  Secrets
	Log      *slog.Logger
	Node     string // id of this process
	Workers  int    // file workers of large jobs; on-demand jobs have as many of their own
	Limits   Limits
	Retain   time.Duration // outputs of ended jobs are kept so long; 0 is 14 days
	Keep     Keep
	Grace    time.Duration    // a stop waits so long for running files
	Ready    func()           // called once, when Run takes work; may be nil
	Observer observe.Observer // is told of the work; may be nil
	Shared   bool             // other processes use the store and the blobs too
}

// Secrets opens the sealed fields of a connector's config.
type Secrets interface {
	Open(connectorID string, config []byte) (map[string]any, error)
}

// Limits are those of the hosted platform when all are set; zero is no limit.
type Limits struct {
	Files       int           // files of one on-demand job
	FileSize    int64         // bytes of one file
	Running     int           // on-demand jobs at once, a workspace
	LaunchEvery time.Duration // between two on-demand launches of one key
}

// PlatformLimits are the limits that --limits platform sets.
var PlatformLimits = Limits{Files: 10, FileSize: 10 << 20, Running: 5, LaunchEvery: time.Second}

// What stays of a file's node outputs after it ended well.
const (
	KeepAll    = "all"
	KeepLast   = "last"
	KeepFailed = "failed" // nothing: only those of failed files
)

// Keep says which node outputs stay after a file ended well: all, last or failed.
type Keep struct {
	Uploaded, Remote string
	// Access keeps the last output, also where Remote is failed, of documents that some may read and others not: when that alone
	// changes, it is written again in place of the document being processed, see Engine.earlier.
	Access bool
}

// Uploads collects the files of a job before the job exists: their bytes are stored durably as they arrive.
type Uploads interface {
	// Add stores one file under its base name. ErrFileTooLarge, ErrTooManyFiles.
	Add(ctx context.Context, name, contentType string, r io.Reader) error
	Len() int
	// Discard removes the bytes again; it does nothing after the job was created.
	Discard(ctx context.Context)
}

// Engine runs jobs. It is safe for concurrent use.
type Engine struct {
	cfg         Config
	window      int // files of one job that are in the queue or at work
	connections connections
	outages     outages
	commits     commitTries
	kinds       sync.Map        // types (string) of the connectors that were opened, by id
	uploading   sync.Map        // ids of jobs (string) whose files are arriving
	strays      map[string]bool // what the last sweep of uploads found without a job
	full        once            // the log says once that the disk is full
}

var _ API = (*Engine)(nil)

// defaultRetain is how long outputs stay when Config.Retain says nothing.
const defaultRetain = 14 * 24 * time.Hour

// New makes an Engine. It does nothing before Run.
func New(c Config) (*Engine, error) {
	switch {
	case c.Store == nil || c.Blobs == nil || c.Pipeline == nil:
		return nil, errors.New("the engine needs a store, blobs and a pipeline")
	case c.Secrets == nil:
		return nil, errors.New("the engine needs the secrets of connectors")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Node = cmp.Or(c.Node, uuid.NewString())
	if c.Workers <= 0 {
		c.Workers = 4 * runtime.GOMAXPROCS(0) // they wait for disks and networks more than they compute; parsing has its own limit
	}
	c.Retain = cmp.Or(c.Retain, defaultRetain)
	c.Grace = cmp.Or(c.Grace, 20*time.Second)
	c.Keep.Uploaded = cmp.Or(c.Keep.Uploaded, KeepAll)
	c.Keep.Remote = cmp.Or(c.Keep.Remote, KeepFailed)
	return &Engine{cfg: c, window: 4 * c.Workers}, nil
}

// Run works until ctx ends: it takes tasks, starts schedules, and mends and cleans up at intervals. It returns nil after
// a stop, and otherwise why it cannot work.
func (e *Engine) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var loops sync.WaitGroup
	for _, l := range []struct {
		every time.Duration
		step  func(context.Context) error
		what  string
	}{
		{time.Second, e.startSchedules, "start what is scheduled"},
		{5 * time.Second, e.reconcile, "look for lost work"},
		{10 * time.Minute, e.expire, "remove old outputs"},
		{time.Hour, e.sweepUploads, "remove uploads that never became a job"},
		{time.Minute, e.connections.sweep, "close connections"},
	} {
		loops.Go(func() { e.loop(ctx, l.every, l.step, l.what) })
	}
	err := e.cfg.Store.Work(ctx, store.WorkOptions{
		Node: e.cfg.Node, Bulk: e.cfg.Workers, Demand: e.cfg.Workers, Grace: e.cfg.Grace, Ready: e.cfg.Ready,
	}, e.handle)
	cancel()
	loops.Wait()
	e.connections.close()
	return err
}

// loop runs step at once and then at intervals. What fails is tried again at the next.
func (e *Engine) loop(ctx context.Context, every time.Duration, step func(context.Context) error, what string) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := step(ctx); err != nil && ctx.Err() == nil {
			e.cfg.Log.Error("could not "+what, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// handle runs one task.
func (e *Engine) handle(ctx context.Context, t store.Task) error {
	var err error
	ctx, end := observe.Task(ctx, e.cfg.Observer, string(t.Kind), string(t.Queue))
	defer end()
	switch t.Kind {
	case store.TaskPlan:
		err = e.plan(ctx, t)
	case store.TaskFile:
		err = e.file(ctx, t)
	case store.TaskWrite:
		err = e.write(ctx, t)
	case store.TaskRemove:
		err = e.remove(ctx, t)
	case store.TaskFinish:
		err = e.finish(ctx, t)
	case store.TaskCheck:
		err = e.check(ctx, t)
	default:
		e.cfg.Log.Error("a task of an unknown kind was dropped", "kind", t.Kind)
		return nil
	}
	if errors.Is(err, store.ErrGone) || errors.Is(err, store.ErrNotFound) {
		return nil // the row has moved on, or its workspace is gone
	}
	return err
}

// API is what the REST layer calls. *Engine implements it.
type API interface {
	// NewUploads starts a batch; onDemand applies the on-demand limits.
	NewUploads(workspace string, onDemand bool) Uploads
	// CreateJob starts an on-demand job over normalised nodes. template says whether they came from a template.
	// *RateError when the key launches too fast, *Refusal for what can never run.
	CreateJob(ctx context.Context, workspace, key string, nodes []workflow.Node, template bool, u Uploads) (store.Job, error)
	// RunWorkflow starts a job of a stored workflow. *Refusal with Status 409 or 422 when it may not run.
	RunWorkflow(ctx context.Context, workspace, workflowID string, u Uploads, options ...RunOption) (store.Job, error)
	// CheckRemovable refuses (*Refusal, 422) connectors that a workflow with DeleteRemoved cannot have.
	CheckRemovable(ctx context.Context, workspace string, sources, destinations []string) error
	// DryRun tells what a run of a stored workflow would do with each document, and changes nothing.
	DryRun(ctx context.Context, workspace, workflowID string, tell func(Change) error) (DrySummary, error)
	Cancel(ctx context.Context, workspace, jobID string) (store.Job, error)
	Retry(ctx context.Context, workspace, jobID string) (store.Job, error)
	// CheckConnector records a connection check and starts it.
	CheckConnector(ctx context.Context, workspace string, side store.Side, id string) (store.Check, error)
	// Output opens the elements (a JSON array) that a node gave for a file; nodeID "" is the last node. store.ErrNotFound.
	Output(ctx context.Context, workspace, jobID, wireID, nodeID string) (io.ReadCloser, error)
}

// RunOption changes one run of a workflow.
type RunOption func(*store.Job)

// ForceRemove lets a run remove more than a fifth of the documents that the workflow knows.
func ForceRemove(j *store.Job) { j.ForceRemove = true }

// Refusal is a request that the state or the nature of a thing forbids: Status is the HTTP status, Message is for the user.
type Refusal struct {
	Status  int
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// RateError asks the caller to wait.
type RateError struct{ Wait time.Duration }

func (e *RateError) Error() string {
	return "too many job launches; wait " + e.Wait.Round(time.Millisecond).String() + " and try again"
}
