// Package engine runs jobs: it plans sources, feeds files to the pipeline, writes to destinations, ends jobs, and mends
// what a dead process left behind. All state is in the store; this package holds none that a restart would miss.
package engine

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/blob"
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
	Grace    time.Duration // a stop waits so long for running files
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

// Keep says which node outputs stay after a file ended well: all, last or failed.
type Keep struct{ Uploaded, Remote string }

// Uploads collects the files of a job before the job exists: their bytes are stored durably as they arrive.
type Uploads interface {
	// Add stores one file under its base name. ErrFileTooLarge, ErrTooManyFiles.
	Add(ctx context.Context, name, contentType string, r io.Reader) error
	Len() int
	// Discard removes the bytes again; it does nothing after the job was created.
	Discard(ctx context.Context)
}

// API is what the REST layer calls. *Engine implements it.
type API interface {
	// NewUploads starts a batch; onDemand applies the on-demand limits.
	NewUploads(workspace string, onDemand bool) Uploads
	// CreateJob starts an on-demand job over normalised nodes. template says whether they came from a template.
	// *RateError when the key launches too fast, *Refusal for what can never run.
	CreateJob(ctx context.Context, workspace, key string, nodes []workflow.Node, template bool, u Uploads) (store.Job, error)
	// RunWorkflow starts a job of a stored workflow. *Refusal with Status 409 or 422 when it may not run.
	RunWorkflow(ctx context.Context, workspace, workflowID string, u Uploads) (store.Job, error)
	Cancel(ctx context.Context, workspace, jobID string) (store.Job, error)
	Retry(ctx context.Context, workspace, jobID string) (store.Job, error)
	// CheckConnector records a connection check and starts it.
	CheckConnector(ctx context.Context, workspace string, side store.Side, id string) (store.Check, error)
	// Output opens the elements (a JSON array) that a node gave for a file; nodeID "" is the last node. store.ErrNotFound.
	Output(ctx context.Context, workspace, jobID, wireID, nodeID string) (io.ReadCloser, error)
}

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
