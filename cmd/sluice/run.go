package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector/local"
	"github.com/sluicehq/sluice/internal/guard"
	"github.com/sluicehq/sluice/internal/manifest"
	"github.com/sluicehq/sluice/internal/store"
)

type runCmd struct {
	File      string        `arg:"" help:"The file, as sluice apply reads it; - reads standard input."`
	Paths     []string      `arg:"" optional:"" name:"path" help:"Files or folders to read in place of the workflow's sources."`
	Workflow  string        `placeholder:"NAME" help:"Which workflow of the file; not needed when it holds one."`
	Out       string        `short:"o" placeholder:"DIR" help:"Folder that gets the elements of each document as JSON, besides the workflow's destinations."`
	Data      string        `type:"path" placeholder:"DIR" help:"Folder that remembers what was done: the next run reads only what is new or changed, and goes on where a run broke off. Without it every run reads everything."`
	Workers   int           `default:"0" help:"Files at once; 0 is four a core."`
	ParseMB   int           `default:"2048" help:"Memory that parsing one file may use, in megabytes."`
	ParseTime time.Duration `default:"30m" help:"Time that parsing one file may take."`
	Verbose   bool          `short:"v" help:"Show the log."`
}

// Help is shown under the flags.
func (runCmd) Help() string {
	return `Examples:
  sluice run reports.yaml
  sluice run reports.yaml --out elements/ papers/ letter.docx
  sluice run reports.yaml --data .reports      only what changed since the last run

The file is one of sluice apply; sluice apply --help shows how it looks. A file that fails is named with its reason, the rest
go on, and the exit status is 1. A schedule in the file has no effect here.`
}

// Run runs the workflow in this process: a server that nobody else can call does the work.
func (c *runCmd) Run(ctx context.Context, s streams) error {
	f, err := readManifest(c.File, s.in)
	if err != nil {
		return err
	}
	w, err := f.Workflow(c.Workflow)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if f, w, err = c.aim(f, w); err != nil {
		return err
	}
	if c.Data == "" {
		if c.Data, err = os.MkdirTemp("", "sluice-run-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.Data)
	}
	log := slog.New(slog.DiscardHandler)
	if c.Verbose {
		log = (&serveCmd{LogFormat: "text"}).logger(s.err)
	}
	serving := &serveCmd{
		database: database{Data: c.Data}, Role: "all", Limits: "none", Workers: c.Workers, AllowLocal: []string{string(filepath.Separator)}, Keep: "failed",
		ParseMB: c.ParseMB, ParseTime: c.ParseTime, Grace: 20 * time.Second, Retain: 14 * 24 * time.Hour,
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pipe := newPipeListener()
	done := make(chan error, 1)
	err = serving.host(ctx, host{
		log: log, networks: guard.Networks{All: true}, machine: machineCode(),
		listen: func() (net.Listener, error) { return pipe, nil },
		welcome: func(db store.Store, _ net.Listener) error {
			key, workspace, err := runKey(ctx, db)
			if err != nil {
				return err
			}
			client := &manifest.Client{URL: "http://sluice", Key: key, HTTP: &http.Client{Transport: &http.Transport{DialContext: pipe.dial}}}
			go func() {
				done <- c.work(ctx, s, db, workspace, client, f, w)
				stop()
			}()
			return nil
		},
	})
	select {
	case ended := <-done:
		return ended
	default:
		return err
	}
}

// machineCode is the folder where every run finds the PDF engine compiled; "" where the user has none.
func machineCode() string {
	base, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(base, "sluice")
}

// aim points the workflow at the paths and the folder of the command line.
func (c *runCmd) aim(f manifest.File, w manifest.Workflow) (manifest.File, manifest.Workflow, error) {
	w.Schedule, w.Status = "", ""
	if len(c.Paths) > 0 {
		w.Sources, f.Sources, w.DeleteRemoved = nil, nil, false
		source, err := pathSource(c.Paths)
		if err != nil {
			return f, w, err
		}
		f.Sources, w.Sources = []manifest.Connector{source}, []string{source.Name}
	}
	if len(w.Sources) == 0 {
		return f, w, fmt.Errorf("workflow %q has no source; name files or folders behind the file", w.Name)
	}
	if c.Out != "" {
		abs, err := filepath.Abs(c.Out)
		if err != nil {
			return f, w, err
		}
		name := "--out " + abs
		f.Destinations = append(f.Destinations, manifest.Connector{Name: name, Type: local.Type, Config: map[string]any{"path": abs}})
		w.Destinations = append(w.Destinations, name)
	}
	if len(w.Destinations) == 0 {
		return f, w, fmt.Errorf("workflow %q has no destination; name a folder with --out DIR", w.Name)
	}
	return f.Only(w), w, nil
}

// pathSource makes a source of paths: the folder above all of them, read where they are.
func pathSource(paths []string) (manifest.Connector, error) {
	config := map[string]any{"recursive": true, "hidden": false}
	source := manifest.Connector{Name: "files of the command line", Type: local.Type, Config: config}
	type place struct {
		path, folder string // folder is the path itself or that of the file
	}
	var all []place
	above := ""
	for i, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return source, fmt.Errorf("%s: no such file or folder; check the path", path)
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return source, err
		}
		in := place{abs, abs}
		if !info.IsDir() {
			in.folder = filepath.Dir(abs)
		}
		all = append(all, in)
		if i == 0 {
			above = in.folder
		}
		for !within(above, in.folder) {
			parent := filepath.Dir(above)
			if parent == above {
				return source, fmt.Errorf("%s and %s have no folder in common; run each on its own", paths[0], path)
			}
			above = parent
		}
	}
	globs := make([]string, len(all))
	for i, in := range all {
		below, err := filepath.Rel(above, in.path)
		if err != nil {
			return source, err
		}
		globs[i] = "./" + literally.Replace(filepath.ToSlash(below))
		if in.path == in.folder {
			globs[i] += "/**"
		}
	}
	config["path"], config["glob"] = above, globs
	return source, nil
}

// within tells whether a folder is another one or below it.
func within(above, folder string) bool {
	rel, err := filepath.Rel(above, folder)
	return err == nil && filepath.IsLocal(rel)
}

// literally makes a pattern of a name.
var literally = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)

// runKey makes a key of this run in the workspace "default", which it makes when the data folder is new. It is revoked by its
// name at the next run.
func runKey(ctx context.Context, db store.Store) (key, workspace string, err error) {
	if _, err := firstKey(ctx, db); err != nil {
		return "", "", err
	}
	const name = "sluice run"
	err = db.InTx(ctx, func(tx store.Tx) error {
		w, err := findWorkspace(ctx, tx, "default")
		if err != nil {
			return err
		}
		workspace = w.ID
		if err := tx.RevokeKey(ctx, workspace, name); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		key, err = createKey(ctx, tx, workspace, name, "admin")
		return err
	})
	return key, workspace, err
}

// work applies the file, runs the workflow and follows its job to the end.
func (c *runCmd) work(ctx context.Context, s streams, db store.Store, workspace string, client *manifest.Client, f manifest.File, w manifest.Workflow) error {
	start := time.Now()
	var id string
	err := manifest.Apply(ctx, client, f, func(change manifest.Change) {
		if change.Kind == "workflow" {
			id = change.ID
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	job, err := openJob(ctx, db, workspace, id)
	if err != nil {
		return err
	}
	if job == "" {
		if job, err = client.Run(ctx, id); err != nil {
			return fmt.Errorf("workflow %q: %w", w.Name, err)
		}
	} else {
		fmt.Fprintln(s.err, "going on with the run that broke off")
	}
	j, err := follow(ctx, s.err, db, workspace, job)
	if err != nil {
		return err
	}
	return report(ctx, s.err, db, j, time.Since(start))
}

// openJob finds a job of the workflow that a run before this one did not end, "" when there is none.
func openJob(ctx context.Context, db store.Store, workspace, workflow string) (id string, err error) {
	err = db.View(ctx, func(r store.Reader) error {
		for _, status := range []store.JobStatus{store.InProgress, store.Scheduled} {
			jobs, err := r.Jobs(ctx, workspace, store.JobFilter{Workflow: workflow, Status: status, Limit: 1})
			if err != nil {
				return err
			}
			if len(jobs) > 0 {
				id = jobs[0].ID
				return nil
			}
		}
		return nil
	})
	return id, err
}

// follow shows the progress of a job on a terminal until it ends.
func follow(ctx context.Context, out io.Writer, db store.Store, workspace, id string) (j store.Job, err error) {
	bar := newProgress(out, 0)
	defer bar.end()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := db.View(ctx, func(r store.Reader) (err error) {
			j, err = r.Job(ctx, workspace, id)
			return err
		}); err != nil {
			return j, err
		}
		bar.at(j.Done+j.Failed, j.Total)
		if !j.EndedAt.IsZero() {
			return j, nil
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-tick.C:
		}
	}
}

// report names the files that failed, with their reasons, and counts.
func report(ctx context.Context, out io.Writer, db store.Store, j store.Job, took time.Duration) error {
	const page = 1000
	after := int64(-1)
	for {
		var files []store.File
		err := db.View(ctx, func(r store.Reader) (err error) {
			files, err = r.Files(ctx, j.Workspace, j.ID, after, page, store.FileFailed)
			return err
		})
		if err != nil {
			return err
		}
		for _, f := range files {
			fmt.Fprintf(out, "%s: %s\n", f.Identifier, f.Error)
			after = f.Seq
		}
		if len(files) < page {
			break
		}
	}
	fmt.Fprintf(out, "%d files: %d done, %d failed, in %s\n", j.Total, j.Done, j.Failed, took.Round(time.Millisecond))
	switch {
	case j.Failed > 0:
		return exit(1)
	case j.Status != store.Completed:
		if j.Message == "" {
			return fmt.Errorf("the job ended as %s", j.Status)
		}
		return errors.New(j.Message)
	}
	return nil
}

// pipeListener gives a server connections of its own process.
type pipeListener struct {
	conns  chan net.Conn
	closed context.Context
	close  context.CancelFunc
}

func newPipeListener() *pipeListener {
	ctx, cancel := context.WithCancel(context.Background())
	return &pipeListener{conns: make(chan net.Conn), closed: ctx, close: cancel}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.close()
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "this process" }
