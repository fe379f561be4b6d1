package engine_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

// shelf is a destination in memory that counts its writes and may refuse them.
type shelf struct {
	mu     sync.Mutex
	held   map[string]int // writes by document name
	down   atomic.Bool
	remove func(name string) error
}

var shelves sync.Map

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "test-shelf", NewDestination: func(config map[string]any, _ connector.Env) (connector.Destination, error) {
		name, _ := config["name"].(string)
		s, _ := shelves.Load(name)
		return s.(*shelf), nil
	}})
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "test-log", NewDestination: func(map[string]any, connector.Env) (connector.Destination, error) {
		return logOnly{}, nil
	}})
}

func (s *shelf) Check(context.Context) error    { return nil }
func (s *shelf) Close() error                   { return nil }
func (s *shelf) Guarantee() connector.Guarantee { return connector.Replaces }

func (s *shelf) Replace(_ context.Context, d document.Document, elements iter.Seq2[element.Element, error]) error {
	if s.down.Load() {
		return connector.Fail(connector.ErrForbidden, "the shelf is closed")
	}
	for _, err := range elements {
		if err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[d.Identifier]++
	return nil
}

func (s *shelf) Remove(_ context.Context, d document.Document) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remove != nil {
		if err := s.remove(d.Identifier); err != nil {
			return err
		}
	}
	delete(s.held, d.Identifier)
	return nil
}

// has are the documents on the shelf with their numbers of writes.
func (s *shelf) has() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for name, n := range s.held {
		list = append(list, fmt.Sprintf("%s:%d", name, n))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// logOnly is a destination that cannot remove.
type logOnly struct{}

func (logOnly) Check(context.Context) error    { return nil }
func (logOnly) Close() error                   { return nil }
func (logOnly) Guarantee() connector.Guarantee { return connector.Appends }
func (logOnly) Replace(context.Context, document.Document, iter.Seq2[element.Element, error]) error {
	return nil
}

func newShelf(b *bench) (*shelf, string) {
	s := &shelf{held: map[string]int{}}
	name := uuid.NewString()
	shelves.Store(name, s)
	return s, b.connector(store.SideDestination, "test-shelf", map[string]any{"name": name})
}

func put(t testing.TB, dir string, names ...string) {
	t.Helper()
	for _, n := range names {
		must(t, os.WriteFile(filepath.Join(dir, n), []byte(memo+n+uuid.NewString()), 0o644))
	}
}

// Two sources, two destinations, one of them down: what failed is written again by a retry, there alone; and a version
// counts as done only when both have the document.
func TestRetryWritesOnlyWhatFailed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in1, _, one, _ := b.folders("a.txt", "b.txt")
	_, _, two, _ := b.folders("c.txt", "d.txt", "e.txt")
	good, goodID := newShelf(b)
	bad, badID := newShelf(b)
	bad.down.Store(true)
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations = []string{one, two}, []string{goodID, badID}
	})
	j := b.run(w)
	if j.Status != store.Failed || j.Failed != 5 || good.has() != "a.txt:1 b.txt:1 c.txt:1 d.txt:1 e.txt:1" || bad.has() != "" {
		t.Fatalf("%+v, good %q, bad %q", j, good.has(), bad.has())
	}
	bad.down.Store(false)
	_, err := b.e.Retry(t.Context(), b.workspace, j.ID)
	must(t, err)
	if j = b.end(j.ID); j.Status != store.Completed || j.Done != 5 {
		t.Errorf("%+v", j)
	}
	if good.has() != "a.txt:1 b.txt:1 c.txt:1 d.txt:1 e.txt:1" || bad.has() != "a.txt:1 b.txt:1 c.txt:1 d.txt:1 e.txt:1" {
		t.Errorf("after the retry good has %q, bad %q", good.has(), bad.has())
	}
	if j = b.run(w); j.Total != 0 {
		t.Errorf("a run without a change worked on %d files", j.Total)
	}
	// A document that one destination lacks is not done: the next run brings it to both.
	bad.down.Store(true)
	put(t, in1, "a.txt", "f.txt")
	if j = b.run(w); j.Total != 2 || j.Failed != 2 {
		t.Errorf("%+v", j)
	}
	bad.down.Store(false)
	if j = b.run(w); j.Total != 2 || j.Failed != 0 {
		t.Errorf("%+v", j)
	}
	if got := bad.has(); got != "a.txt:2 b.txt:1 c.txt:1 d.txt:1 e.txt:1 f.txt:1" {
		t.Errorf("bad has %q", got)
	}
}

func TestDeleteRemoved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("%d.txt", i))
	}
	in, _, source, _ := b.folders(names...)
	out, outID := newShelf(b)
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.DeleteRemoved = []string{source}, []string{outID}, true
	})
	gone := func(list ...string) {
		for _, n := range list {
			must(t, os.Remove(filepath.Join(in, n)))
		}
	}
	if j := b.run(w); j.Done != 10 || j.Removed != 0 || j.Processing != store.ProcessingSuccess {
		t.Fatalf("%+v", j)
	}
	gone("0.txt", "1.txt")
	put(t, in, "2.txt", "new.txt")
	dry, err := b.e.DryRun(t.Context(), b.workspace, w.ID, 10)
	must(t, err)
	if dry.New != 1 || dry.Changed != 1 || dry.Unchanged != 7 || dry.Removed != 2 || dry.Kept != 0 || !dry.Complete || len(dry.Documents) != 4 {
		t.Errorf("%+v", dry)
	}
	if got := out.has(); got != "0.txt:1 1.txt:1 2.txt:1 3.txt:1 4.txt:1 5.txt:1 6.txt:1 7.txt:1 8.txt:1 9.txt:1" {
		t.Errorf("after the dry run: %q", got)
	}
	if j := b.run(w); j.Done != 2 || j.Removed != 2 || j.Processing != store.ProcessingSuccess {
		t.Errorf("%+v", j)
	}
	if got := out.has(); got != "2.txt:2 3.txt:1 4.txt:1 5.txt:1 6.txt:1 7.txt:1 8.txt:1 9.txt:1 new.txt:1" {
		t.Errorf("after two left: %q", got)
	}
	// One that comes back is brought again.
	put(t, in, "0.txt")
	if j := b.run(w); j.Done != 1 || j.Removed != 0 {
		t.Errorf("%+v", j)
	}
	// More than a fifth needs a word.
	gone("3.txt", "4.txt", "5.txt")
	if dry, err = b.e.DryRun(t.Context(), b.workspace, w.ID, 10); err != nil || dry.Kept != 3 || dry.Removed != 0 {
		t.Errorf("%+v, %v", dry, err)
	}
	j := b.run(w)
	if j.Removed != 0 || j.Processing != store.ProcessingWithErrors || !strings.Contains(j.Message, "3 of 10") || !strings.Contains(j.Message, "force_removal") {
		t.Errorf("%+v", j)
	}
	if got := out.has(); !strings.Contains(got, "3.txt") || !strings.Contains(got, "5.txt") {
		t.Errorf("removed without a word: %q", got)
	}
	j, err = b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil, engine.ForceRemoval)
	must(t, err)
	if j = b.end(j.ID); j.Removed != 3 || j.Processing != store.ProcessingSuccess {
		t.Errorf("%+v", j)
	}
	if got := out.has(); got != "0.txt:1 2.txt:2 6.txt:1 7.txt:1 8.txt:1 9.txt:1 new.txt:1" {
		t.Errorf("after force: %q", got)
	}
	// A refusal keeps the document known: the next run removes it.
	out.mu.Lock()
	out.remove = func(string) error { return connector.Fail(connector.ErrForbidden, "no right to remove") }
	out.mu.Unlock()
	gone("6.txt")
	if j = b.run(w); j.Removed != 0 || j.Processing != store.ProcessingWithErrors || !strings.Contains(j.Message, "no right to remove") {
		t.Errorf("%+v", j)
	}
	out.mu.Lock()
	out.remove = nil
	out.mu.Unlock()
	if j = b.run(w); j.Removed != 1 || strings.Contains(out.has(), "6.txt") {
		t.Errorf("%+v, %q", j, out.has())
	}
	// A listing that fails removes nothing.
	must(t, os.Rename(in, in+"-away"))
	if j = b.run(w); j.Status != store.Failed || j.Removed != 0 || !strings.Contains(out.has(), "7.txt") {
		t.Errorf("%+v, %q", j, out.has())
	}
	must(t, os.Rename(in+"-away", in))
}

// What is off does nothing, and a destination that cannot remove is refused beforehand.
func TestDeleteRemovedOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in, _, source, _ := b.folders("a.txt", "b.txt", "c.txt", "d.txt", "e.txt")
	out, outID := newShelf(b)
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{outID} })
	b.run(w)
	must(t, os.Remove(filepath.Join(in, "a.txt")))
	j, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil, engine.ForceRemoval)
	must(t, err)
	if j = b.end(j.ID); j.Removed != 0 || !strings.Contains(out.has(), "a.txt:1") || j.Processing != store.ProcessingSuccess {
		t.Errorf("%+v, %q", j, out.has())
	}
	logID := b.connector(store.SideDestination, "test-log", nil)
	w = b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.DeleteRemoved = []string{source}, []string{outID, logID}, true
	})
	if _, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil); err == nil || !strings.Contains(err.Error(), "cannot remove") {
		t.Errorf("a destination that cannot remove: %v", err)
	}
}

// A retry of an old job removes nothing that a later one brought.
func TestDeleteRemovedLaterJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in, _, source, _ := b.folders("a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "f.txt")
	out, outID := newShelf(b)
	out.down.Store(true)
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.DeleteRemoved = []string{source}, []string{outID}, true
	})
	first := b.run(w)
	out.down.Store(false)
	put(t, in, "later.txt")
	if j := b.run(w); j.Done != 7 {
		t.Fatalf("%+v", j)
	}
	_, err := b.e.Retry(t.Context(), b.workspace, first.ID)
	must(t, err)
	if j := b.end(first.ID); j.Removed != 0 || !strings.Contains(j.Message, "later job") || !strings.Contains(out.has(), "later.txt:1") {
		t.Errorf("%+v, %q", j, out.has())
	}
}

// A process that is killed while it removes leaves a run that removes the rest, and counts each document once.
func TestKilledInRemoval(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t, func(s *setup) { s.dir = dir })
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("%02d.txt", i))
	}
	in, out, source, destination := b.folders(names...)
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.DeleteRemoved = []string{source}, []string{destination}, true
	})
	if j := b.run(w); j.Done != 40 {
		t.Fatalf("%+v", j)
	}
	b.stop()
	for _, n := range names[:8] {
		must(t, os.Remove(filepath.Join(in, n)))
	}
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	must(t, err)
	blobs, err := blob.Open(t.Context(), filepath.Join(dir, "blobs"))
	must(t, err)
	idle, err := engine.New(engine.Config{
		Store: db, Blobs: blobs, Secrets: b.secrets, Pipeline: pipeline.New(pipeline.Config{Blobs: blobs}),
		Env: connector.Env{Local: []string{b.open}},
	})
	must(t, err)
	j, err := idle.RunWorkflow(t.Context(), b.workspace, w.ID, nil)
	must(t, err)
	must(t, db.Close())
	s := &scene{T: t, dir: dir, out: out, workspace: b.workspace, job: j.ID, files: 0}
	for _, at := range []string{"1", "3"} {
		if !s.work("SLUICE_FAILPOINT=" + failpoint.MidRemove + ":" + at) {
			t.Fatal("the process was not killed")
		}
	}
	if s.work() {
		t.Fatal("killed without a failpoint")
	}
	st := s.state()
	if st.job.Status != store.Completed || st.job.Processing != store.ProcessingSuccess || st.job.Removed != 8 {
		t.Errorf("%+v", st.job)
	}
	left, err := os.ReadDir(out)
	must(t, err)
	if len(left) != 32 || left[0].Name() != "08.txt.json" {
		t.Errorf("%d files are left, the first %s", len(left), left[0].Name())
	}
}
