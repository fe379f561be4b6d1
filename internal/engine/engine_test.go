package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	_ "github.com/sluicehq/sluice/connector/all"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/secret"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/sqlite"
	"github.com/sluicehq/sluice/workflow"
)

const memo = "Yearly report\n\nThe keeper opened the gate in the morning and closed it again at night.\n"

// bench is an engine with all that it needs, over real files.
type bench struct {
	testing.TB
	e         *engine.Engine
	db        store.Store
	blobs     blob.Store
	secrets   *secret.Sealer
	workspace string
	dir       string
	open      string // folder of the local connector
	stop      func()
}

// setup changes what a bench is made of.
type setup struct {
	dir    string
	config engine.Config
	parser child.Parser
	store  func(store.Store) store.Store
	blobs  func(blob.Store) blob.Store
}

func newBench(t testing.TB, change ...func(*setup)) *bench {
	t.Helper()
	s := setup{parser: child.Direct{}, store: func(s store.Store) store.Store { return s }, blobs: func(b blob.Store) blob.Store { return b }}
	for _, c := range change {
		c(&s)
	}
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	b := &bench{TB: t, dir: s.dir, open: filepath.Join(s.dir, "open")}
	must(t, os.MkdirAll(b.open, 0o755))
	ctx, cancel := context.WithCancel(context.Background())
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: s.dir})
	must(t, err)
	b.db = s.store(db)
	blobs, err := blob.Open(ctx, filepath.Join(s.dir, "blobs"))
	must(t, err)
	b.blobs = s.blobs(blobs)
	b.secrets, err = secret.Load(filepath.Join(s.dir, "keyset.json"))
	must(t, err)
	c := s.config
	c.Store, c.Blobs, c.Secrets = b.db, b.blobs, b.secrets
	c.Pipeline = pipeline.New(pipeline.Config{Blobs: b.blobs, Parser: s.parser})
	c.Env.TempDir, c.Env.Local = s.dir, []string{b.open}
	if c.Grace == 0 {
		c.Grace = 2 * time.Second
	}
	b.e, err = engine.New(c)
	must(t, err)
	must(t, b.db.InTx(ctx, func(tx store.Tx) error {
		w, err := tx.WorkspaceByName(ctx, "w")
		if errors.Is(err, store.ErrNotFound) {
			w = store.Workspace{ID: uuid.NewString(), Name: "w", CreatedAt: time.Now().UTC()}
			err = tx.CreateWorkspace(ctx, w)
		}
		b.workspace = w.ID
		return err
	}))
	done := make(chan error, 1)
	go func() { done <- b.e.Run(ctx) }()
	var once sync.Once
	b.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			must(t, b.db.Close())
		})
	}
	t.Cleanup(b.stop)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func nodes(t testing.TB, subtypes ...string) []workflow.Node {
	list := []workflow.Node{{Name: "Partitioner", Type: "partition", Subtype: "unstructured_api", Settings: map[string]any{"strategy": "fast"}}}
	for _, s := range subtypes {
		list = append(list, workflow.Node{Name: "Chunker", Type: "chunk", Subtype: s})
	}
	out, problems := workflow.Normalize(list)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return out
}

// upload starts an on-demand job over files with a name and a text each.
func (b *bench) upload(n []workflow.Node, files ...string) store.Job {
	b.Helper()
	u := b.e.NewUploads(b.workspace, true)
	defer u.Discard(b.Context())
	for i := 0; i+1 < len(files); i += 2 {
		must(b, u.Add(b.Context(), files[i], "", strings.NewReader(files[i+1])))
	}
	j, err := b.e.CreateJob(b.Context(), b.workspace, "key", n, false, u)
	must(b, err)
	return j
}

func (b *bench) job(id string) store.Job {
	b.Helper()
	var j store.Job
	must(b, b.db.View(b.Context(), func(r store.Reader) (err error) {
		j, err = r.Job(b.Context(), b.workspace, id)
		return err
	}))
	return j
}

func (b *bench) files(id string, states ...store.FileState) []store.File {
	b.Helper()
	var f []store.File
	must(b, b.db.View(b.Context(), func(r store.Reader) (err error) {
		f, err = r.Files(b.Context(), b.workspace, id, -1, 0, states...)
		return err
	}))
	return f
}

// end waits for the end of a job.
func (b *bench) end(id string) store.Job {
	b.Helper()
	var j store.Job
	b.eventually("the job ends", func() bool {
		j = b.job(id)
		return j.Status != store.Scheduled && j.Status != store.InProgress
	})
	return j
}

func (b *bench) eventually(what string, fn func() bool) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !fn(); time.Sleep(3 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("never: " + what)
		}
	}
}

// connector stores a source or destination.
func (b *bench) connector(side store.Side, kind string, config map[string]any) string {
	b.Helper()
	c := store.Connector{ID: uuid.NewString(), Workspace: b.workspace, Name: kind, Type: kind, Side: side, CreatedAt: time.Now().UTC()}
	var err error
	c.Config, err = b.secrets.Seal(c.ID, connector.For(connector.Side(side), kind).Spec, config)
	must(b, err)
	must(b, b.db.InTx(b.Context(), func(tx store.Tx) error { return tx.CreateConnector(b.Context(), c) }))
	return c.ID
}

// flow stores a workflow.
func (b *bench) flow(change func(*store.Workflow)) store.Workflow {
	b.Helper()
	now := time.Now().UTC()
	w := store.Workflow{Workspace: b.workspace, Workflow: workflow.Workflow{
		ID: uuid.NewString(), Name: "flow", Type: workflow.Custom, Status: workflow.Active, Nodes: nodes(b), CreatedAt: now, UpdatedAt: now,
	}}
	change(&w)
	must(b, b.db.InTx(b.Context(), func(tx store.Tx) error { return tx.CreateWorkflow(b.Context(), w) }))
	return w
}

// folders makes a source folder with files and a destination folder, and their connectors.
func (b *bench) folders(names ...string) (in, out, source, destination string) {
	b.Helper()
	id := uuid.NewString()[:8]
	in, out = filepath.Join(b.open, "in-"+id), filepath.Join(b.open, "out-"+id)
	must(b, os.MkdirAll(in, 0o755))
	for _, n := range names {
		must(b, os.WriteFile(filepath.Join(in, n), []byte(memo+n), 0o644))
	}
	source = b.connector(store.SideSource, "local", map[string]any{"path": in})
	return in, out, source, b.connector(store.SideDestination, "local", map[string]any{"path": out})
}

func (b *bench) run(w store.Workflow) store.Job {
	b.Helper()
	j, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil)
	must(b, err)
	return b.end(j.ID)
}

// statsAddUp checks that at each node the four counts are the files that reached it.
func (b *bench) statsAddUp(id string) {
	b.Helper()
	must(b, b.db.View(b.Context(), func(r store.Reader) error {
		j, err := r.Job(b.Context(), b.workspace, id)
		must(b, err)
		stats, err := r.Stats(b.Context(), b.workspace, id)
		reached := j.Total
		for i, s := range stats {
			if sum := s.Ready + s.InProgress + s.Success + s.Failure; sum != reached {
				b.Errorf("node %d: %+v, want %d files", i, s, reached)
			}
			reached = s.Success
		}
		return err
	}))
}

func TestUploads(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.upload(nodes(t, "chunk_by_title"), "a/b/memo.txt", memo, "memo.txt", memo, "broken.pdf", "%PDF-1.7 nothing")
	if j.Status != store.Scheduled || j.WorkflowName != "Job "+j.ID[:8] {
		t.Errorf("%+v", j)
	}
	j = b.end(j.ID)
	if j.Status != store.Failed || j.Done != 2 || j.Failed != 1 || j.Total != 3 {
		t.Errorf("%+v", j)
	}
	files := b.files(j.ID)
	for i, f := range files {
		want := []store.FileState{store.FileDone, store.FileDone, store.FileFailed}[i]
		if f.State != want || want == store.FileDone && f.Pages != 1 || f.Name != []string{"memo.txt", "memo.txt", "broken.pdf"}[i] {
			t.Errorf("%+v", f)
		}
	}
	if files[2].Outcome != "corrupt" || !strings.Contains(files[2].Error, "valid PDF") {
		t.Errorf("%+v", files[2])
	}
	b.statsAddUp(j.ID)
	out, err := b.e.Output(t.Context(), b.workspace, j.ID, files[0].WireID, "")
	must(t, err)
	defer out.Close()
	var chunks []map[string]any
	must(t, json.NewDecoder(out).Decode(&chunks))
	if len(chunks) != 1 || chunks[0]["type"] != "CompositeElement" {
		t.Errorf("%v", chunks)
	}
	if _, err := b.e.Output(t.Context(), b.workspace, j.ID, files[2].WireID, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestSourceToDestination(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, out, source, destination := b.folders("a.txt", "b.txt", "ü – 検.md")
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.Nodes = []string{source}, []string{destination}, nodes(t, "chunk_by_title")
	})
	if j := b.run(w); j.Status != store.Completed || j.Done != 3 || j.Type != "persistent" {
		t.Errorf("%+v", j)
	}
	for _, name := range []string{"a.txt.json", "b.txt.json", "ü – 検.md.json"} {
		text, err := os.ReadFile(filepath.Join(out, name))
		must(t, err)
		var elements []map[string]any
		must(t, json.Unmarshal(text, &elements))
		source, _ := elements[0]["metadata"].(map[string]any)["data_source"].(map[string]any)
		if len(elements) != 1 || source["version"] == nil || source["date_modified"] == nil || source["record_locator"] == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	// Outputs of remote files that ended well are not kept.
	if left, _ := filepath.Glob(filepath.Join(b.dir, "blobs", b.workspace, "*", "*", "*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestEmptySource(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, _, source, _ := b.folders()
	if j := b.run(b.flow(func(w *store.Workflow) { w.Sources = []string{source} })); j.Status != store.Completed || j.Total != 0 {
		t.Errorf("%+v", j)
	}
}

func TestManyDocuments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var names []string
	for i := range 1500 { // several batches
		names = append(names, fmt.Sprintf("%04d.txt", i))
	}
	_, out, source, destination := b.folders(names...)
	j := b.run(b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{destination} }))
	written, err := os.ReadDir(out)
	must(t, err)
	if j.Status != store.Completed || j.Done != 1500 || len(written) != 1500 {
		t.Errorf("%+v, %d written", j, len(written))
	}
	b.statsAddUp(j.ID)
}

func TestReprocessAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in, _, source, destination := b.folders("a.txt", "b.txt")
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{destination} })
	for i, want := range []int{2, 0, 1} {
		if i == 2 { // one changes
			must(t, os.WriteFile(filepath.Join(in, "a.txt"), []byte("Changed words stand here now.\n"), 0o644))
		}
		if j := b.run(w); j.Total != want || j.Status != store.Completed {
			t.Errorf("run %d: %d files, want %d", i, j.Total, want)
		}
	}
	w.ReprocessAll = true
	must(t, b.db.InTx(t.Context(), func(tx store.Tx) error { return tx.UpdateWorkflow(t.Context(), w) }))
	if j := b.run(w); j.Total != 2 {
		t.Errorf("%+v", j)
	}
}

// slow is a parser that waits for leave, or for the end of its context.
type slow struct {
	child.Direct
	begun chan string
	leave chan struct{}
}

func newSlow() *slow { return &slow{begun: make(chan string, 100), leave: make(chan struct{})} }

func (s *slow) Parse(ctx context.Context, f document.File, r child.Request) child.Stream {
	s.begun <- f.Name
	select {
	case <-s.leave:
	case <-ctx.Done():
	}
	return s.Direct.Parse(ctx, f, r)
}

func TestVanishedDocument(t *testing.T) {
	t.Parallel()
	p := newSlow()
	b := newBench(t, func(s *setup) { s.parser, s.config.Workers = p, 1 })
	in, _, source, _ := b.folders("a.txt", "b.txt", "c.txt")
	w := b.flow(func(w *store.Workflow) { w.Sources = []string{source} })
	j, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil)
	must(t, err)
	<-p.begun
	b.eventually("all are listed", func() bool { return b.job(j.ID).Planned })
	must(t, os.Remove(filepath.Join(in, "b.txt")))
	close(p.leave)
	j = b.end(j.ID)
	failed := b.files(j.ID, store.FileFailed)
	if j.Done != 2 || len(failed) != 1 || filepath.Base(failed[0].Identifier) != "b.txt" || !strings.Contains(failed[0].Error, "not there") {
		t.Errorf("%+v %+v", j, failed)
	}
}

func TestSourceThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in, _, source, _ := b.folders("a.txt")
	w := b.flow(func(w *store.Workflow) { w.Sources = []string{source} })
	must(t, os.RemoveAll(in))
	j := b.run(w)
	if j.Status != store.Failed || !strings.Contains(j.Message, "not there") {
		t.Errorf("%+v", j)
	}
	must(t, os.MkdirAll(in, 0o755))
	must(t, os.WriteFile(filepath.Join(in, "a.txt"), []byte(memo), 0o644))
	_, err := b.e.Retry(t.Context(), b.workspace, j.ID)
	must(t, err)
	if j = b.end(j.ID); j.Status != store.Completed || j.Done != 1 {
		t.Errorf("%+v", j)
	}
}

// TestRetryWritesOnlyWhereItFailed has two destinations, one of which is down at first.
func TestRetryWritesOnlyWhereItFailed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, out, source, good := b.folders("a.txt", "b.txt")
	blocked := filepath.Join(b.open, "blocked")
	must(t, os.WriteFile(blocked, []byte("a file where a folder should be"), 0o644))
	bad := b.connector(store.SideDestination, "local", map[string]any{"path": blocked})
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{good, bad} })
	j := b.run(w)
	if j.Status != store.Failed || j.Failed != 2 {
		t.Fatalf("%+v", j)
	}
	written := filepath.Join(out, "a.txt.json")
	must(t, os.WriteFile(written, []byte("not written again"), 0o644))
	must(t, os.Remove(blocked))
	_, err := b.e.Retry(t.Context(), b.workspace, j.ID)
	must(t, err)
	if j = b.end(j.ID); j.Status != store.Completed || j.Done != 2 || j.Failed != 0 {
		t.Errorf("%+v", j)
	}
	if text, _ := os.ReadFile(written); string(text) != "not written again" {
		t.Error("the good destination was written again")
	}
	if _, err := os.Stat(filepath.Join(blocked, "b.txt.json")); err != nil {
		t.Error(err)
	}
}

func TestCancelStopsRunningWork(t *testing.T) {
	t.Parallel()
	p := newSlow()
	b := newBench(t, func(s *setup) { s.parser = p })
	j := b.upload(nodes(t), "a.txt", memo, "b.txt", memo)
	<-p.begun
	j, err := b.e.Cancel(t.Context(), b.workspace, j.ID)
	must(t, err)
	if j.Status != store.Stopped {
		t.Errorf("%+v", j)
	}
	close(p.leave)
	done := b.upload(nodes(t), "c.txt", memo) // the workers are free again
	b.end(done.ID)
	for _, f := range b.files(j.ID) {
		if f.State != store.FileStopped {
			t.Errorf("%+v", f)
		}
	}
	if _, err := b.e.Cancel(t.Context(), b.workspace, j.ID); err != nil {
		t.Error(err)
	}
	var refused *engine.Refusal
	if _, err := b.e.Cancel(t.Context(), b.workspace, done.ID); !errors.As(err, &refused) || refused.Status != 409 {
		t.Errorf("got %v", err)
	}
}

// TestFrozenCopy edits and deletes the workflow of a job that runs.
func TestFrozenCopy(t *testing.T) {
	t.Parallel()
	p := newSlow()
	b := newBench(t, func(s *setup) { s.parser = p })
	_, out, source, destination := b.folders("a.txt")
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.Nodes = []string{source}, []string{destination}, nodes(t, "chunk_by_title")
	})
	j, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil)
	must(t, err)
	<-p.begun
	must(t, b.db.InTx(t.Context(), func(tx store.Tx) error {
		changed := w
		changed.Nodes, changed.Destinations = nodes(t), nil
		if err := tx.UpdateWorkflow(t.Context(), changed); err != nil {
			return err
		}
		return tx.DeleteWorkflow(t.Context(), b.workspace, w.ID, time.Now().UTC())
	}))
	close(p.leave)
	if j = b.end(j.ID); j.Status != store.Completed {
		t.Errorf("%+v", j)
	}
	text, err := os.ReadFile(filepath.Join(out, "a.txt.json"))
	if err != nil || !strings.Contains(string(text), "CompositeElement") {
		t.Errorf("%v %s", err, text)
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, _, source, _ := b.folders("a.txt")
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Schedule = []string{source}, "0 * * * *" })
	idle := b.flow(func(w *store.Workflow) {
		w.Sources, w.Schedule, w.Status = []string{source}, "0 * * * *", workflow.Inactive
	})
	past := time.Now().Add(-5 * time.Hour) // five runs were missed
	must(t, b.db.InTx(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.SetSchedule(t.Context(), b.workspace, w.ID, w.Schedule, past),
			tx.SetSchedule(t.Context(), b.workspace, idle.ID, w.Schedule, past))
	}))
	jobs := func(id string) (all []store.Job) {
		must(t, b.db.View(t.Context(), func(r store.Reader) (err error) {
			all, err = r.Jobs(t.Context(), b.workspace, store.JobFilter{Workflow: id})
			return err
		}))
		return all
	}
	b.eventually("the catch-up run", func() bool { return len(jobs(w.ID)) > 0 })
	b.end(jobs(w.ID)[0].ID)
	time.Sleep(1500 * time.Millisecond) // more than a look at the schedules
	if all := jobs(w.ID); len(all) != 1 || all[0].Type != "scheduled" || all[0].Status != store.Completed {
		t.Errorf("%+v", all)
	}
	if all := jobs(idle.ID); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	must(t, b.db.View(t.Context(), func(r store.Reader) error {
		due, err := r.DueSchedules(t.Context(), time.Now().Add(59*time.Minute+59*time.Second))
		if len(due) != 2 && err == nil && time.Now().Minute() != 59 && time.Now().Minute() != 0 {
			t.Errorf("%+v", due)
		}
		return err
	}))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	p := newSlow()
	b := newBench(t, func(s *setup) { s.parser = p })
	_, _, source, _ := b.folders("a.txt")
	for name, c := range map[string]struct {
		change func(*store.Workflow)
		status int
	}{
		"inactive":     {func(w *store.Workflow) { w.Sources, w.Status = []string{source}, workflow.Inactive }, 422},
		"no files":     {func(*store.Workflow) {}, 422},
		"no nodes":     {func(w *store.Workflow) { w.Sources, w.Nodes = []string{source}, nil }, 422},
		"not built":    {func(w *store.Workflow) { w.Sources = []string{b.connector(store.SideSource, "slack", nil)} }, 422},
		"no connector": {func(w *store.Workflow) { w.Sources = []string{uuid.NewString()} }, 422},
	} {
		var refused *engine.Refusal
		if _, err := b.e.RunWorkflow(t.Context(), b.workspace, b.flow(c.change).ID, nil); !errors.As(err, &refused) || refused.Status != c.status {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := b.flow(func(w *store.Workflow) { w.Sources = []string{source} })
	j, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil)
	must(t, err)
	var refused *engine.Refusal
	if _, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil); !errors.As(err, &refused) || refused.Status != 409 {
		t.Errorf("a second run: %v", err)
	}
	close(p.leave)
	b.end(j.ID)
	if _, err := b.e.RunWorkflow(t.Context(), b.workspace, uuid.NewString(), nil); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *setup) { s.config.Retain = time.Millisecond })
	j := b.end(b.upload(nodes(t), "a.txt", memo).ID)
	b.stop()
	again := newBench(t, func(s *setup) { s.dir, s.config.Retain = b.dir, time.Millisecond })
	again.eventually("the outputs go", func() bool { return again.job(j.ID).OutputsDropped })
	again.eventually("the blobs go", func() bool {
		left, _ := filepath.Glob(filepath.Join(b.dir, "blobs", b.workspace, j.ID, "*"))
		return len(left) == 0
	})
}

func TestKeepLast(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *setup) { s.config.Keep.Uploaded = engine.KeepLast })
	j := b.end(b.upload(nodes(t, "chunk_by_title"), "a.txt", memo).ID)
	f := b.files(j.ID)[0]
	out, err := b.e.Output(t.Context(), b.workspace, j.ID, f.WireID, "")
	must(t, err)
	_ = out.Close()
	b.eventually("the first node's output goes", func() bool {
		out, err := b.e.Output(t.Context(), b.workspace, j.ID, f.WireID, j.Nodes[0].ID)
		if err == nil {
			_ = out.Close()
		}
		return errors.Is(err, store.ErrNotFound)
	})
}

func TestUploadsOfADeadRequestGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := b.e.NewUploads(b.workspace, true)
	must(t, u.Add(t.Context(), "a.txt", "", strings.NewReader(memo)))
	b.stop() // without a job and without Discard
	left := func() []string {
		names, _ := filepath.Glob(filepath.Join(b.dir, "blobs", b.workspace, "*"))
		return names
	}
	if len(left()) != 1 {
		t.Fatalf("%v", left())
	}
	again := newBench(t, func(s *setup) { s.dir = b.dir })
	again.eventually("the upload goes", func() bool { return len(left()) == 0 })
}

func TestUploadLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *setup) { s.config.Limits = engine.Limits{Files: 1, FileSize: 10} })
	u := b.e.NewUploads(b.workspace, true)
	defer u.Discard(t.Context())
	if err := u.Add(t.Context(), "a.txt", "", strings.NewReader("12345678901")); !errors.Is(err, engine.ErrFileTooLarge) {
		t.Errorf("got %v", err)
	}
	must(t, u.Add(t.Context(), "a.txt", "", strings.NewReader("1234567890")))
	if err := u.Add(t.Context(), "b.txt", "", strings.NewReader("1")); !errors.Is(err, engine.ErrTooManyFiles) {
		t.Errorf("got %v", err)
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, _, source, destination := b.folders()
	check := func(side store.Side, id string) store.Check {
		c, err := b.e.CheckConnector(t.Context(), b.workspace, side, id)
		must(t, err)
		b.eventually("a verdict", func() bool {
			must(t, b.db.View(t.Context(), func(r store.Reader) (err error) {
				c, err = r.LatestCheck(t.Context(), b.workspace, side, id)
				return err
			}))
			return c.Status != store.CheckScheduled
		})
		return c
	}
	for side, id := range map[store.Side]string{store.SideSource: source, store.SideDestination: destination} {
		if c := check(side, id); c.Status != store.CheckSuccess || c.Reason != "" {
			t.Errorf("%+v", c)
		}
	}
	if c := check(store.SideSource, b.connector(store.SideSource, "slack", nil)); c.Status != store.CheckFailure || !strings.Contains(c.Reason, "not part of this version") {
		t.Errorf("%+v", c)
	}
	if c := check(store.SideSource, b.connector(store.SideSource, "local", map[string]any{"path": "/etc"})); c.Status != store.CheckFailure || !strings.Contains(c.Reason, "--allow-local") {
		t.Errorf("%+v", c)
	}
	if _, err := b.e.CheckConnector(t.Context(), b.workspace, store.SideSource, uuid.NewString()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestStopHandsWorkBack(t *testing.T) {
	t.Parallel()
	p := newSlow()
	b := newBench(t, func(s *setup) { s.parser, s.config.Grace = p, 50*time.Millisecond })
	j := b.upload(nodes(t), "a.txt", memo)
	<-p.begun
	b.stop()
	again := newBench(t, func(s *setup) { s.dir = b.dir })
	if j = again.end(j.ID); j.Status != store.Completed {
		t.Errorf("%+v", j)
	}
	if f := again.files(j.ID)[0]; f.Claims > 1 {
		t.Errorf("a stop counted as a death: %+v", f)
	}
}

func TestBaseName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.txt": "a.txt", "a/b/c.pdf": "c.pdf", `C:\x\y.doc`: "y.doc", "": "file", "..": "file", "/": "file", "a\x00b\n.txt": "ab.txt",
		"../../etc/passwd": "passwd", "ü 検.txt": "ü 検.txt", " .txt ": ".txt",
	} {
		if got := engine.BaseName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	long := engine.BaseName(strings.Repeat("検", 200) + ".pdf")
	if len(long) > 255 || !strings.HasSuffix(long, ".pdf") {
		t.Errorf("%d %q", len(long), long)
	}
}
