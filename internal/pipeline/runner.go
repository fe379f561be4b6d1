package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/workflow"
)

// Config is what a Runner works with.
type Config struct {
	Blobs  blob.Store
	Parser child.Parser  // nil parses in this process
	Limits budget.Limits // of one file; zero is budget.Default
	Log    *slog.Logger
	HTTP   *http.Client // to hosts of models that a node names; nil reaches all
	// Explain gives the text for a failure of HTTP that will not pass, "" for others; see model.Config. It may be nil.
	Explain func(error) string
	Answers model.Cache  // keeps what models answered, apart for each workspace; nil asks every time
	Prices  model.Prices // over the list prices of the program; may be nil
	// Patience is how long a call to a model is repeated while its provider cannot answer; 0 is two minutes. The file is then
	// tried again later.
	Patience time.Duration
}

// Runner runs files through nodes. Between files it keeps the clients of models alone, and is safe for concurrent use.
type Runner struct {
	cfg     Config
	clients clients
}

// New makes a Runner.
func New(c Config) *Runner {
	if c.Parser == nil {
		c.Parser = child.Direct{}
	}
	if c.Limits == (budget.Limits{}) {
		c.Limits = budget.Default
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Runner{cfg: c}
}

// Run takes one file through its nodes. save stores the output of every node but the last as soon as its blob is
// durable; the last one is returned in Result, so that the caller can store it together with the end of the file.
//
// The error is a *NodeError when the file or a node's settings are at fault: the file has failed. It is the context's
// cause when that ended, and save's error as it is. Anything else (the blob store, the machine, Input.Open) may pass:
// the caller tries again, and Run resumes after the nodes that were saved.
func (r *Runner) Run(ctx context.Context, in Input, save func(context.Context, Output) error) (Result, error) {
	if len(in.Nodes) == 0 {
		return Result{}, errors.New("the workflow has no nodes")
	}
	run := &run{Runner: r, in: in}
	defer run.close()
	done, err := run.resume(ctx)
	if err != nil {
		return Result{}, err
	}
	result := Result{Last: run.last, Pages: run.pages}
	if done == 0 && in.Earlier != nil {
		again, ok, err := run.rewriteEarlier(ctx, save)
		if ok || err != nil {
			return again, err
		}
	}
	for i := done; i < len(in.Nodes); i++ {
		out, err := run.node(ctx, i)
		if err != nil {
			return Result{}, err
		}
		if i < len(in.Nodes)-1 {
			if err := save(ctx, out); err != nil {
				return Result{}, err
			}
		}
		run.last = out
		result = Result{Last: out, Fresh: true, Pages: run.pages}
	}
	return result, nil
}

// run is one file on its way.
type run struct {
	*Runner
	in      Input
	content string         // version of the content, or its hash
	file    *document.File // once opened
	last    Output         // of the node before; the zero Output before the first
	pages   int
}

func (r *run) close() {
	if r.file != nil {
		r.file.Close()
	}
}

// open opens the file at its first use.
func (r *run) open(ctx context.Context) (document.File, error) {
	if r.file == nil {
		ctx, part := observe.Begin(ctx, observe.Work{Kind: observe.Fetch, Job: r.in.Job, File: r.in.File})
		defer part.End()
		f, err := r.in.Open(ctx)
		if err != nil {
			return document.File{}, fmt.Errorf("open %s: %w", r.in.Name, err)
		}
		observe.Note(ctx, observe.OK)
		r.file = &f
	}
	return *r.file, nil
}

// resume finds the last node whose stored output still is what the node would give, and whose blob holds it. It returns
// the number of nodes that need not run.
func (r *run) resume(ctx context.Context) (int, error) {
	r.content = r.in.Version
	if r.content == "" { // nothing but the bytes tells whether they changed
		f, err := r.open(ctx)
		if err != nil {
			return 0, err
		}
		h := sha256.New()
		if _, err := io.Copy(h, withContext(ctx, f.Reader())); err != nil {
			return 0, fmt.Errorf("read %s: %w", r.in.Name, err)
		}
		r.content = "sha256:" + hex.EncodeToString(h.Sum(nil))
	}
	prior := make(map[int]Output, len(r.in.Prior))
	for _, out := range r.in.Prior {
		prior[out.Index] = out
	}
	// A node's input hash holds the output hash of the node before, so a match says that everything up to here is as it
	// was; only the blob of the last match is read again.
	var matches []Output
	for i, n := range r.in.Nodes {
		out, ok := prior[i]
		if !ok || out.InputHash == "" || out.NodeID != n.ID || out.InputHash != r.inputHash(i, r.last) {
			break
		}
		matches = append(matches, out)
		r.last = out
	}
	for i := len(matches); i > 0; i-- {
		good, err := r.verify(ctx, matches[i-1])
		if err != nil {
			return 0, err
		}
		if good {
			r.last, r.pages = matches[i-1], matches[0].Pages
			return i, nil
		}
		r.cfg.Log.WarnContext(ctx, "a stored output is missing or damaged and will be made again",
			"job", r.in.Job, "file", r.in.File, "node", matches[i-1].NodeID)
	}
	r.last = Output{}
	return 0, nil
}

// verify reads a blob and says whether it holds what was stored.
func (r *run) verify(ctx context.Context, out Output) (bool, error) {
	stored, err := r.cfg.Blobs.Open(ctx, out.Blob)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read a stored output: %w", err)
	}
	defer stored.Close()
	h := sha256.New()
	n, err := io.Copy(h, withContext(ctx, stored))
	if err != nil {
		return false, fmt.Errorf("read a stored output: %w", err)
	}
	return n == out.Size && hex.EncodeToString(h.Sum(nil)) == out.OutputHash, nil
}

// node runs one node and stores its output.
func (r *run) node(ctx context.Context, i int) (Output, error) {
	n := r.in.Nodes[i]
	ctx, part := observe.Begin(ctx, observe.Work{
		Kind: observe.Node, Job: r.in.Job, File: r.in.File, Target: n.ID, Type: n.Type, Subtype: n.Subtype,
	})
	defer part.End()
	out := Output{Index: i, NodeID: n.ID, InputHash: r.inputHash(i, r.last)}
	var err error
	switch {
	case unbuilt(n) != "":
		err = &budget.Error{Outcome: failedNode, Message: unbuilt(n)}
	case i == 0 && n.Type == workflow.KindPartition:
		err = r.partition(ctx, n, &out)
	case i > 0 && n.Type == workflow.KindChunk:
		err = r.chunk(ctx, n, &out)
	case i > 0 && n.Type == workflow.KindEmbed:
		err = r.embed(ctx, n, &out)
	case i > 0 && n.Type == workflow.KindPrompter:
		err = r.enrich(ctx, n, &out)
	case i > 0 && n.Type == workflow.KindExtract:
		err = r.extract(ctx, n, &out)
	default:
		err = &budget.Error{Outcome: failedNode, Message: fmt.Sprintf("node %q cannot run as number %d", n.Name, i+1)}
	}
	if err == nil {
		observe.Note(ctx, observe.OK)
		return out, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return Output{}, cause
	}
	var failed *budget.Error
	if errors.As(err, &failed) {
		observe.Note(ctx, string(failed.Outcome))
		return Output{}, &NodeError{Index: i, Node: n, Outcome: string(failed.Outcome), Err: failed}
	}
	return Output{}, err
}

// failedNode is the outcome of a node that cannot work, whatever the file.
const failedNode budget.Outcome = "error"

// blob is the key of a node's output.
func (r *run) blob(node string) string { return blob.Output(r.in.Workspace, r.in.Job, r.in.File, node) }

// put stores the JSON of a node's elements. An error of elements comes back as it is.
func (r *run) put(ctx context.Context, out *Output, elements io.Reader) error {
	source := &sticky{r: elements}
	out.Blob = r.blob(out.NodeID)
	var err error
	out.Size, out.OutputHash, err = r.cfg.Blobs.Put(ctx, out.Blob, source)
	switch {
	case source.err != nil:
		return source.err
	case err != nil:
		return fmt.Errorf("store the output of node %q: %w", r.in.Nodes[out.Index].Name, err)
	}
	failpoint.Hit(failpoint.AfterBlobPut)
	return nil
}

// sticky remembers the error of a reader, since a blob store wraps it in words of its own.
type sticky struct {
	r   io.Reader
	err error
}

func (s *sticky) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // the failure of a file may wrap io.EOF; only the bare one is the end
		s.err = err
	}
	return n, err
}

// withContext ends a long copy with the context.
func withContext(ctx context.Context, r io.Reader) io.Reader { return &contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
