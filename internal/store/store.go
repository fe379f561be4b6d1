// Package store is the one place of state: rows and task queue behind one interface, so that a row and the task that
// works on it commit together. sqlite is the embedded implementation.
//
// Every method takes or carries a workspace id, and a row of another workspace is ErrNotFound. Ids are lower-case UUIDs
// unless said otherwise; times are UTC with microseconds at least on the rows that the contract shows.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/sluicehq/sluice/workflow"
)

var (
	// ErrNotFound is a row that does not exist in this workspace.
	ErrNotFound = errors.New("not found")
	// ErrGone is a guarded change that came too late: the row has moved on (another attempt, a cancel, an end). The
	// caller drops its work without an effect.
	ErrGone = errors.New("the row has moved on")
	// ErrConflict is a change that the row's state forbids.
	ErrConflict = errors.New("conflict")
	// ErrFull is a disk (or database) without room. Nothing was changed.
	ErrFull = errors.New("no space left for the database")
	// ErrNewerSchema is a database written by a newer program.
	ErrNewerSchema = errors.New("the database was written by a newer version of sluice; start that version or restore the backup that stands beside the database")
)

// Store keeps the state of one installation. It is safe for concurrent use.
type Store interface {
	// InTx runs fn in one durable read-write transaction; its error rolls everything back. fn does nothing slow: no
	// network, no blobs. Implementations may commit several callers' functions together (each in its own savepoint), and run fn
	// again when its transaction lost against another: what fn sets outside itself it must not read.
	InTx(ctx context.Context, fn func(Tx) error) error
	// View runs fn on a consistent snapshot, without blocking writers.
	View(ctx context.Context, fn func(Reader) error) error
	// Work takes tasks from the queue and runs them until ctx is done; then it stops taking, lets what runs finish for at
	// most WorkOptions.Grace, cancels the rest (those are handed back) and returns.
	Work(ctx context.Context, o WorkOptions, h Handler) error
	Close() error
}

// Reader has the methods that change nothing.
type Reader interface {
	// Workspace returns one by id; Workspaces lists all by name; WorkspaceByName finds one.
	Workspace(ctx context.Context, id string) (Workspace, error)
	WorkspaceByName(ctx context.Context, name string) (Workspace, error)
	Workspaces(ctx context.Context) ([]Workspace, error)

	// KeyByHash finds a key that is not revoked by the SHA-256 of its text.
	KeyByHash(ctx context.Context, hash string) (Key, error)
	Keys(ctx context.Context, workspace string) ([]Key, error) // workspace "" lists all

	Connector(ctx context.Context, workspace string, side Side, id string) (Connector, error)
	// Connectors lists by creation time. kind "" is all; otherwise the type, compared without case and with - and _ alike.
	Connectors(ctx context.Context, workspace string, side Side, kind string) ([]Connector, error)
	// LatestCheck is the newest connection check of a connector, ErrNotFound when none.
	LatestCheck(ctx context.Context, workspace string, side Side, connector string) (Check, error)

	// Workflow finds one that is not deleted, on-demand ones included.
	Workflow(ctx context.Context, workspace, id string) (Workflow, error)
	Workflows(ctx context.Context, workspace string, f WorkflowFilter) ([]Workflow, error)

	Job(ctx context.Context, workspace, id string) (Job, error)
	// Jobs lists newest first.
	Jobs(ctx context.Context, workspace string, f JobFilter) ([]Job, error)
	// ActiveJobs counts the SCHEDULED and IN_PROGRESS jobs of a workflow.
	ActiveJobs(ctx context.Context, workspace, workflow string) (int, error)
	// Stats counts the files of a job at each node: one row a node, in order. For each row
	// Ready+InProgress+Success+Failure is the number of files that reached the node.
	Stats(ctx context.Context, workspace, job string) ([]NodeStats, error)
	// Usage is what the nodes of a job asked of models, by node id, over all files and attempts; nodes that asked nothing are
	// not in it.
	Usage(ctx context.Context, workspace, job string) (map[string]Usage, error)
	File(ctx context.Context, workspace, job, file string) (File, error)
	// FileByWireID finds a file by the id that clients see (File.WireID).
	FileByWireID(ctx context.Context, workspace, job, wireID string) (File, error)
	// Files yields a job's files in their order, filtered by state when states are given. after is a Seq; limit 0 is all.
	Files(ctx context.Context, workspace, job string, after int64, limit int, states ...FileState) ([]File, error)
	NodeRuns(ctx context.Context, workspace, job, file string) ([]NodeRun, error)
	Writes(ctx context.Context, workspace, job, file string) ([]Write, error)
	Plans(ctx context.Context, workspace, job string) ([]Plan, error)
	// Version is the version of a document that a workflow last finished, "" when none.
	Version(ctx context.Context, workspace, workflow, source, identifier string) (string, error)

	// RunningOnDemand counts the workspace's on-demand jobs that are IN_PROGRESS.
	RunningOnDemand(ctx context.Context, workspace string) (int, error)
	// DueSchedules lists schedules of all workspaces with next_at <= now.
	DueSchedules(ctx context.Context, now time.Time) ([]Schedule, error)
	// ExpiredJobs lists ended jobs of all workspaces, ended before t, whose outputs are still kept.
	ExpiredJobs(ctx context.Context, t time.Time, limit int) ([]Job, error)
	// Lost lists running, queued and writing work of open jobs that no task in the queue stands for any more, and open
	// jobs whose finish or plan task is gone: what the reconciler mends. before keeps it off work that just began.
	Lost(ctx context.Context, before time.Time, limit int) ([]Task, error)
	// Depth counts the tasks waiting in the queue.
	Depth(ctx context.Context) (int, error)
	// Load counts what waits and runs in each queue, of all workspaces and processes.
	Load(ctx context.Context) (map[Queue]Load, error)
	// Schema is the version of the database's schema; migrations.Latest is the one that this program brings.
	Schema(ctx context.Context) (int64, error)
	// Meta reads a value of the installation ("" when absent).
	Meta(ctx context.Context, name string) (string, error)

	SyncReader
}

// Tx has all methods of Reader, and those that change rows.
type Tx interface {
	Reader
	SyncTx

	SetMeta(ctx context.Context, name, value string) error
	CreateWorkspace(ctx context.Context, w Workspace) error
	DeleteWorkspace(ctx context.Context, id string) error // and everything in it; its jobs must have ended (ErrConflict)
	CreateKey(ctx context.Context, k Key) error
	RevokeKey(ctx context.Context, workspace, name string) error

	CreateConnector(ctx context.Context, c Connector) error
	UpdateConnector(ctx context.Context, c Connector) error                            // Config and UpdatedAt
	DeleteConnector(ctx context.Context, workspace string, side Side, id string) error // and takes it out of workflows; a schedule without source goes
	CreateCheck(ctx context.Context, c Check) error
	EndCheck(ctx context.Context, workspace, id string, status CheckStatus, reason string, at time.Time) error

	CreateWorkflow(ctx context.Context, w Workflow) error
	UpdateWorkflow(ctx context.Context, w Workflow) error
	// DeleteWorkflow is soft: it sets DeletedAt and drops the schedule.
	DeleteWorkflow(ctx context.Context, workspace, id string, at time.Time) error
	// SetSchedule stores when the workflow runs next; a zero next removes the row.
	SetSchedule(ctx context.Context, workspace, workflow, cron string, next time.Time) error
	// AdvanceSchedule moves next_at from s.NextAt to next, only if it still is s.NextAt: one winner among nodes (else ErrGone).
	AdvanceSchedule(ctx context.Context, s Schedule, next time.Time) error

	// CreateJob inserts the row with its plans (one a source, none for uploads). It enqueues nothing.
	CreateJob(ctx context.Context, j Job, plans []Plan) error
	// AddFiles inserts backlog rows, skipping those whose (job, source, identifier) exists, and adds the new ones to
	// Total and Open. It returns how many were new. Plan names the plan whose cursor moves with them ("" for uploads).
	AddFiles(ctx context.Context, workspace, job string, files []File, plan string, cursor string) (int, error)
	// TopUp queues backlog files of the job, in their order, until window of them are queued, running or writing, and
	// enqueues their file tasks. It returns how many it queued.
	TopUp(ctx context.Context, workspace, job string, window int) (int, error)
	// ClaimPlan, EndPlan: EndPlan marks the plan (failed with reason if not ""), and when it was the job's last sets
	// Planned and runs the end check: nothing open and all planned enqueues the finish task, once.
	ClaimPlan(ctx context.Context, workspace, job, plan, node string) (Job, Plan, error)
	EndPlan(ctx context.Context, workspace, job string, p Plan, reason string) error
	// ClaimFile raises the file's attempt and counts the claim. The first claim of a job moves it to IN_PROGRESS and sets
	// StartedAt. ErrGone when the file is not queued or running, or the job is not open.
	ClaimFile(ctx context.Context, workspace, job, file, node string) (Job, File, error)
	// SaveNodeRun stores the output of one node of a claimed file and moves File.Done; ErrGone if the attempt is not current.
	SaveNodeRun(ctx context.Context, f File, r NodeRun) error
	// AddUsage counts what a node asked of a model for one file, whatever came of it; ErrNotFound when the job is not there.
	AddUsage(ctx context.Context, workspace, job, node string, u Usage) error
	// EndFile ends the processing of a claimed file, guarded by id, attempt and state. r, when not nil, is its last node
	// run, stored in the same step. A good file of a job with destinations becomes writing and gets its write rows and
	// tasks; otherwise the file ends: Open goes down, the window tops up by one, and Open = 0 with Planned enqueues the
	// finish task.
	EndFile(ctx context.Context, f File, end FileEnd, r *NodeRun, window int) error
	// ClaimWrite and EndWrite are the same for one (file, destination). The file ends with its last write: failed if any
	// failed, done otherwise; a done file of a workflow job stores its Version (see Version).
	ClaimWrite(ctx context.Context, workspace, job, file, destination, node string) (Job, File, Write, error)
	EndWrite(ctx context.Context, f File, w Write, reason string, window int) error
	// Requeue puts a running, queued or writing piece of work back into the queue (its task was lost).
	Requeue(ctx context.Context, t Task) error
	// Release takes back a claim whose work ended without an end, though the worker lives: a stop of the process, a snooze,
	// a transient error. attempt is that of the claimed File, Write or Plan. The claim does not count towards the three, and
	// the row is queued again for the same task, which the handler's error brings back. ErrGone when the claim is not current.
	Release(ctx context.Context, t Task, attempt int) error
	// FinishJob sets the final state from the counts and ends the job, once (ErrGone after). An on-demand job's temporary
	// workflow is removed. all ok: COMPLETED and SUCCESS; at least 90 % ok: COMPLETED and COMPLETED_WITH_ERRORS; below:
	// FAILED and FAILED. A job whose plan failed is FAILED with that reason.
	FinishJob(ctx context.Context, workspace, job string, at time.Time) (Job, error)
	// CancelJob stops an open job: job STOPPED, open files stopped, waiting tasks dropped, running tasks' contexts cancelled
	// with the cause ErrCanceled, wherever they run. ErrConflict when the job ended otherwise; no effect when STOPPED.
	CancelJob(ctx context.Context, workspace, job string, at time.Time) (Job, error)
	// RetryJob opens an ended job again for its failed files: files whose nodes failed go to the backlog, writes that
	// failed are queued again alone. ErrConflict while the job runs or when nothing failed.
	RetryJob(ctx context.Context, workspace, job string, window int, at time.Time) (Job, error)
	// StartOnDemand queues the first files of SCHEDULED on-demand jobs of the workspace, oldest first, as long as fewer
	// than limit of them run (limit 0: all).
	StartOnDemand(ctx context.Context, workspace string, limit, window int) error
	// Launch records an on-demand launch of a key, unless one was made less than gap ago: then it returns how long to wait.
	Launch(ctx context.Context, key string, now time.Time, gap time.Duration) (wait time.Duration, err error)
	// DropOutputs marks the job's outputs as removed.
	DropOutputs(ctx context.Context, workspace, job string) error
	// SetVersion records a finished version; it is written by EndFile and EndWrite, and here for tests and tools.
	SetVersion(ctx context.Context, workspace, workflow, source, identifier, version string) error

	// Enqueue adds a task, which becomes visible when the transaction commits.
	Enqueue(ctx context.Context, t Task) error
}

// ErrCanceled is the cancellation cause of a task whose job was cancelled.
var ErrCanceled = errors.New("the job was cancelled")

// Workspace separates everything that keys see.
type Workspace struct {
	ID, Name  string
	CreatedAt time.Time
}

// Key is an API key. The key itself is never stored.
type Key struct {
	ID, Workspace, Name string
	Role                string // admin, or reader: GET only
	Hash                string // hex SHA-256 of the key
	Hint                string // its first characters, to recognise it
	CreatedAt           time.Time
	RevokedAt           time.Time
}

// Side tells sources from destinations.
type Side string

const (
	SideSource      Side = "source"
	SideDestination Side = "destination"
)

// Connector is a stored source or destination. Secrets in Config are sealed by the caller.
type Connector struct {
	ID, Workspace, Name, Type string
	Side                      Side
	Config                    json.RawMessage
	CreatedAt, UpdatedAt      time.Time
}

// CheckStatus is the state of a connection check, a strict enum on the wire.
type CheckStatus string

const (
	CheckScheduled CheckStatus = "SCHEDULED"
	CheckSuccess   CheckStatus = "SUCCESS"
	CheckFailure   CheckStatus = "FAILURE"
)

// Check is one connection check.
type Check struct {
	ID, Workspace, Connector string
	Side                     Side
	Status                   CheckStatus
	Reason                   string
	CreatedAt, ReportedAt    time.Time
}

// Workflow is a stored workflow.
type Workflow struct {
	workflow.Workflow
	Workspace string
	OnDemand  bool      // the temporary workflow of an on-demand job: readable by id, absent from lists
	DeletedAt time.Time // soft delete
}

// WorkflowFilter selects and orders workflows; zero fields do not filter.
type WorkflowFilter struct {
	Source, Destination         string
	Status                      workflow.Status
	Name                        string // case-insensitive part of the name
	CreatedSince, CreatedBefore time.Time
	Contains                    string // id of a node or connector
	Deleted                     bool   // only deleted ones
	SortBy                      string // id, name, created_at, updated_at, status
	Descending                  bool
	Limit, Offset               int
}

// JobStatus is the state of a job, a strict enum on the wire.
type JobStatus string

const (
	Scheduled  JobStatus = "SCHEDULED"
	InProgress JobStatus = "IN_PROGRESS"
	Completed  JobStatus = "COMPLETED"
	Stopped    JobStatus = "STOPPED"
	Failed     JobStatus = "FAILED"
)

// Processing is the finer state of a job's details, a strict enum on the wire.
type Processing string

const (
	ProcessingScheduled  Processing = "SCHEDULED"
	ProcessingInProgress Processing = "IN_PROGRESS"
	ProcessingSuccess    Processing = "SUCCESS"
	ProcessingWithErrors Processing = "COMPLETED_WITH_ERRORS"
	ProcessingStopped    Processing = "STOPPED"
	ProcessingFailed     Processing = "FAILED"
)

// Job is one run of a workflow. Nodes and connector ids are frozen copies: editing the workflow does not touch them.
type Job struct {
	ID, Workspace             string
	WorkflowID, WorkflowName  string
	Type                      string // job_type on the wire: ephemeral, persistent, scheduled, template
	OnDemand                  bool
	Status                    JobStatus
	Processing                Processing
	Message                   string
	Nodes                     []workflow.Node
	Sources, Destinations     []string
	ReprocessAll              bool
	DeleteRemoved             bool   // what has left a source is removed from the destinations
	ForceRemove               bool   // even when it is more than a fifth of what is known
	KeepOutputs               string // all, last or failed
	Planned                   bool
	Total, Open, Done, Failed int // files: Total = Open + Done + Failed + stopped ones
	CreatedAt                 time.Time
	StartedAt, EndedAt        time.Time
	OutputsDropped            bool
}

// JobFilter selects jobs; zero fields do not filter.
type JobFilter struct {
	Workflow      string
	Status        JobStatus
	Limit, Offset int
}

// NodeStats is one row of a job's details.
type NodeStats struct {
	Node                                workflow.Node
	Ready, InProgress, Success, Failure int
}

// Usage is what was asked of models.
type Usage struct {
	Calls, Cached int     // answered by a provider, and by the cache, which costs nothing
	Input, Output int     // tokens, as the providers count them
	Cost          float64 // US dollars, of the calls whose price is known
	Unpriced      int     // calls to models whose price is not known
	Failed        int     // elements or pages without an answer that can be used
}

// FileState is where a file stands.
type FileState string

const (
	Backlog     FileState = "backlog"
	Queued      FileState = "queued"  // has a task
	Running     FileState = "running" // claimed
	Writing     FileState = "writing" // nodes done, write tasks open
	FileDone    FileState = "done"
	FileFailed  FileState = "failed"
	FileStopped FileState = "stopped"
)

// File is one document of a job.
type File struct {
	ID, Workspace, Job string
	Seq                int64  // order within the job, assigned by AddFiles
	Source             string // connector id, "" for uploads
	Identifier         string // unique within (job, source)
	WireID             string // what clients call file_id: URL-safe, unique in the job
	Document           json.RawMessage
	Name               string
	ContentType        string // declared
	Size               int64
	InputBlob          string // key of the uploaded bytes, "" for remote files
	Version            string
	State              FileState
	Attempt            int    // raised by each claim; guards every end
	Claims             int    // claims since the last progress (a finished node)
	Done               int    // nodes finished
	Node               string // server node that holds the claim
	Outcome            string // partition/budget.Outcome of a failed file, "error" for others
	Error              string // for the user
	Pages              int
	ClaimedAt, EndedAt time.Time
}

// FileEnd is how the processing of a file ended.
type FileEnd struct {
	Failed  bool
	Outcome string
	Error   string
	Pages   int
	Done    int // nodes finished
}

// NodeRun is the output of one node for one file.
type NodeRun struct {
	Job, File, NodeID string
	Index             int    // position of the node
	InputHash         string // of previous output, settings and pipeline version
	OutputHash        string // of the blob
	Blob              string
	Size              int64
	Elements          int
	Started, Ended    time.Time
}

// Write is the writing of one file to one destination.
type Write struct {
	Job, File, Destination string
	State                  FileState // queued, running, done, failed, stopped
	Attempt, Claims        int
	Error                  string
}

// Plan is the listing of one source for one job.
type Plan struct {
	ID, Job, Source string
	Cursor          string
	State           FileState // queued, running, done, failed, stopped
	Attempt         int       // raised by each claim; guards the end
	Claims          int       // claims since the last progress (a batch of files)
	Error           string
}

// Schedule is when a workflow runs next.
type Schedule struct {
	Workspace, Workflow, Cron string
	NextAt                    time.Time
}

// TaskKind names the handler of a task.
type TaskKind string

const (
	TaskPlan   TaskKind = "plan"
	TaskFile   TaskKind = "file"
	TaskWrite  TaskKind = "write"
	TaskRemove TaskKind = "remove"
	TaskFinish TaskKind = "finish"
	TaskCheck  TaskKind = "check"
)

// Queue separates on-demand jobs from large ones; each has workers of its own.
type Queue string

const (
	QueueBulk   Queue = "bulk"
	QueueDemand Queue = "demand"
)

// Load is what stands in one queue.
type Load struct {
	Waiting, Running int // tasks
	Jobs             int // that have not ended
	Files            int // of those jobs, that have not ended: the backlog included, which has no tasks yet
}

// Task is a piece of work: ids only, all else is in the rows.
type Task struct {
	Kind      TaskKind
	Queue     Queue // "" is bulk; for the tasks of a job the store derives it from Job.OnDemand
	Workspace string
	Job       string
	File      string // file tasks and write tasks; the check id of a check task
	Target    string // destination of a write task, plan of a plan task, removal of a remove task
}

// Handler runs one task. nil ends it. SnoozeError runs it again later; any other error too, with a growing pause, since
// ends that the user must see are rows, not task errors.
type Handler func(ctx context.Context, t Task) error

// SnoozeError hands a task back for a time without counting it as a failure.
type SnoozeError struct{ For time.Duration }

func (e *SnoozeError) Error() string { return "run again in " + e.For.String() }

// WorkOptions say how much a process works.
type WorkOptions struct {
	Node         string // id of this process
	Bulk, Demand int    // workers of each queue
	Grace        time.Duration
	Ready        func() // called once, when this process takes tasks and no other may in its place; may be nil
}

// AllFiles iterates over a job's files page by page.
func AllFiles(ctx context.Context, s Store, workspace, job string, states ...FileState) iter.Seq2[File, error] {
	const page = 500
	return func(yield func(File, error) bool) {
		after := int64(-1)
		for {
			var files []File
			err := s.View(ctx, func(r Reader) (err error) {
				files, err = r.Files(ctx, workspace, job, after, page, states...)
				return err
			})
			if err != nil {
				yield(File{}, err)
				return
			}
			for _, f := range files {
				if !yield(f, nil) {
					return
				}
				after = f.Seq
			}
			if len(files) < page {
				return
			}
		}
	}
}
