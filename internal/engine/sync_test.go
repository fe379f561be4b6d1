package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
)

// shelf is a source of documents in memory.
type shelf struct {
	mu      sync.Mutex
	docs    map[string]document.Document // by identifier
	failing error                        // the listing breaks off with it after the first document
	fetched func(identifier string)
}

// rack is a destination in memory that counts what is done to it.
type rack struct {
	mu       sync.Mutex
	records  map[string]string // the texts of a document by its record id
	writes   int
	removals int
	failing  error // of Replace
	refusing map[string]error
	entered  chan struct{} // told when a removal begins, which then waits for the end of its context
}

var (
	shelves sync.Map
	racks   sync.Map
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: "test-shelf", NewSource: func(config map[string]any, _ connector.Env) (connector.Source, error) {
		s, _ := shelves.Load(config["name"])
		return s.(*shelf), nil
	}})
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "test-rack", NewDestination: func(config map[string]any, _ connector.Env) (connector.Destination, error) {
		r, _ := racks.Load(config["name"])
		return r.(*rack), nil
	}})
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "test-log", NewDestination: func(map[string]any, connector.Env) (connector.Destination, error) {
		return onlyWrites{&rack{records: map[string]string{}}}, nil
	}})
}

// onlyWrites is a rack that nothing can be removed from.
type onlyWrites struct{ connector.Destination }

func (s *shelf) Check(context.Context) error { return nil }
func (s *shelf) Close() error                { return nil }

func (s *shelf) Index(_ context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []document.Document
	for _, id := range slices.Sorted(maps.Keys(s.docs)) {
		if d := s.docs[id]; id > string(from) {
			d.Identifier, d.Name, d.Path, d.Cursor = id, id, id, id
			all = append(all, d)
		}
	}
	failing := s.failing
	return func(yield func(document.Document, error) bool) {
		for i, d := range all {
			if i == 1 && failing != nil {
				yield(document.Document{}, failing)
				return
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

func (s *shelf) Fetch(_ context.Context, d document.Document) (document.File, error) {
	s.mu.Lock()
	now, ok := s.docs[d.Identifier]
	fetched := s.fetched
	s.mu.Unlock()
	if !ok {
		return document.File{}, connector.Fail(connector.ErrNotFound, "document %s is gone", d.Identifier)
	}
	if fetched != nil {
		fetched(d.Identifier)
	}
	text := []byte("The keeper of " + d.Identifier + " wrote version " + now.Version + " in the evening.")
	return document.NewFile(d.Name, "", int64(len(text)), bytes.NewReader(text)), nil
}

// put sets the versions of documents: id, version, id, version.
func (s *shelf) put(pairs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i+1 < len(pairs); i += 2 {
		s.docs[pairs[i]] = document.Document{Version: pairs[i+1]}
	}
}

func (s *shelf) take(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		delete(s.docs, id)
	}
}

func (r *rack) Check(context.Context) error    { return nil }
func (r *rack) Guarantee() connector.Guarantee { return connector.Replaces }
func (r *rack) Close() error                   { return nil }

func (r *rack) Replace(_ context.Context, d document.Document, elements iter.Seq2[element.Element, error]) error {
	var texts []string
	for e, err := range elements {
		if err != nil {
			return err
		}
		texts = append(texts, e.Text)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	if r.failing != nil {
		return r.failing
	}
	r.records[connector.RecordID(d)] = strings.Join(texts, "\n")
	return nil
}

func (r *rack) Remove(ctx context.Context, d document.Document) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removals++
	if r.entered != nil {
		close(r.entered)
		r.entered = nil
		<-ctx.Done()
		return ctx.Err()
	}
	if err := r.refusing[d.Identifier]; err != nil {
		return err
	}
	delete(r.records, connector.RecordID(d))
	return nil
}

// texts are those that the destination holds, sorted.
func (r *rack) texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Values(r.records))
}

// wrote is how often Replace was called since the last time.
func (r *rack) wrote() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.writes
	r.writes = 0
	return n
}

func (r *rack) set(change func(*rack)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

func newShelf(b *bench, pairs ...string) (*shelf, string) {
	s := &shelf{docs: map[string]document.Document{}}
	s.put(pairs...)
	name := uuid.NewString()
	shelves.Store(name, s)
	return s, b.connector(store.SideSource, "test-shelf", map[string]any{"name": name})
}

func newRack(b *bench) (*rack, string) {
	r := &rack{records: map[string]string{}, refusing: map[string]error{}}
	name := uuid.NewString()
	racks.Store(name, r)
	return r, b.connector(store.SideDestination, "test-rack", map[string]any{"name": name})
}

func textOf(id, version string) string {
	return "The keeper of " + id + " wrote version " + version + " in the evening."
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Two sources list the same identifiers; one of two destinations is down for a run.
func TestTwoSourcesTwoDestinations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, source1 := newShelf(b, "a.txt", "1", "b.txt", "1")
	_, source2 := newShelf(b, "a.txt", "1x", "b.txt", "1x")
	left, destination1 := newRack(b)
	right, destination2 := newRack(b)
	_, folder, _, destination3 := b.folders()
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations = []string{source1, source2}, []string{destination1, destination2, destination3}
	})
	all := []string{textOf("a.txt", "1"), textOf("a.txt", "1x"), textOf("b.txt", "1"), textOf("b.txt", "1x")}
	if j := b.run(w); j.Status != store.Completed || j.Done != 4 {
		t.Fatalf("%+v", j)
	}
	equal(t, "first destination", left.texts(), all)
	equal(t, "second destination", right.texts(), all)
	for _, name := range []string{"a.txt.json", "b.txt.json"} {
		for _, at := range []struct{ path, version string }{{name, "1 "}, {filepath.Join(source2, name), "1x "}} {
			text, err := os.ReadFile(filepath.Join(folder, at.path))
			if err != nil || !strings.Contains(string(text), "version "+at.version) {
				t.Errorf("%s: %s, %v", at.path, text, err)
			}
		}
	}
	equal(t, "writes", []int{left.wrote(), right.wrote()}, []int{4, 4})
	if j := b.run(w); j.Status != store.Completed || j.Total != 0 {
		t.Errorf("nothing changed: %+v", j)
	}
	equal(t, "writes of an unchanged run", []int{left.wrote(), right.wrote()}, []int{0, 0})

	// One document changes while a destination is down.
	one.put("a.txt", "2")
	right.set(func(r *rack) { r.failing = connector.Fail(nil, "the destination is down") })
	j := b.run(w)
	if j.Status != store.Failed || j.Total != 1 || j.Failed != 1 {
		t.Fatalf("%+v", j)
	}
	equal(t, "writes with a destination down", []int{left.wrote(), right.wrote()}, []int{1, 1})
	right.set(func(r *rack) { r.failing = nil })
	j, err := b.e.Retry(b.Context(), b.workspace, j.ID)
	must(t, err)
	if j = b.end(j.ID); j.Status != store.Completed || j.Done != 1 {
		t.Fatalf("%+v", j)
	}
	equal(t, "writes of the retry", []int{left.wrote(), right.wrote()}, []int{0, 1})
	all[0] = textOf("a.txt", "1x")
	all[1] = textOf("a.txt", "2")
	equal(t, "first destination", left.texts(), all)
	equal(t, "second destination", right.texts(), all)
	if j := b.run(w); j.Total != 0 {
		t.Errorf("after the retry: %+v", j)
	}

	// Without a retry the next run does it, and so does one after the document went back to its old version: a destination
	// has the new one by then.
	right.set(func(r *rack) { r.failing = connector.Fail(nil, "the destination is down") })
	one.put("a.txt", "3")
	if j := b.run(w); j.Failed != 1 {
		t.Fatalf("%+v", j)
	}
	right.set(func(r *rack) { r.failing = nil })
	one.put("a.txt", "2")
	if j := b.run(w); j.Done != 1 {
		t.Errorf("a version that came back: %+v", j)
	}
	equal(t, "first destination", left.texts(), all)
	equal(t, "second destination", right.texts(), all)

	// A destination that is new to the workflow gets all documents.
	late, destination4 := newRack(b)
	w.Destinations = append(w.Destinations, destination4)
	must(t, b.db.InTx(b.Context(), func(tx store.Tx) error { return tx.UpdateWorkflow(b.Context(), w) }))
	if j := b.run(w); j.Done != 4 {
		t.Errorf("a new destination: %+v", j)
	}
	equal(t, "new destination", late.texts(), all)
	if j := b.run(w); j.Total != 0 {
		t.Errorf("after that: %+v", j)
	}
}

// What changes between its listing and the end of its job is processed again by the next run.
func TestChangedInTheMiddle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, source := newShelf(b, "a.txt", "1")
	r, destination := newRack(b)
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{destination} })
	s.fetched = func(string) { s.put("a.txt", "2") } // the bytes are still those of version 1
	if j := b.run(w); j.Done != 1 {
		t.Fatalf("%+v", j)
	}
	equal(t, "after the first run", r.texts(), []string{textOf("a.txt", "1")})
	s.fetched = nil
	if j := b.run(w); j.Done != 1 {
		t.Errorf("the next run: %+v", j)
	}
	equal(t, "after the next run", r.texts(), []string{textOf("a.txt", "2")})
	if j := b.run(w); j.Total != 0 {
		t.Errorf("the third run: %+v", j)
	}
}

func TestUnversioned(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, source := newShelf(b)
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	s.docs["dated.txt"] = document.Document{Modified: at, Size: 50}
	s.docs["unsized.txt"] = document.Document{Modified: at}
	s.docs["bare.txt"] = document.Document{}
	r, destination := newRack(b)
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{destination} })
	run := func(what string, want int) {
		t.Helper()
		if j := b.run(w); j.Done != want || j.Status != store.Completed {
			t.Errorf("%s: %+v", what, j)
		}
	}
	run("first", 3)
	run("second: date and size stand for the version", 2)
	s.docs["dated.txt"] = document.Document{Modified: at, Size: 51}
	run("another size", 3)
	s.docs["dated.txt"] = document.Document{Modified: at.Add(time.Second), Size: 51}
	run("another date", 3)
	equal(t, "documents", len(r.texts()), 3)
	w.ReprocessAll = true
	must(t, b.db.InTx(b.Context(), func(tx store.Tx) error { return tx.UpdateWorkflow(b.Context(), w) }))
	run("reprocess_all", 3)
}

// removing makes a workflow that removes, over ten documents.
func removing(b *bench) (*shelf, *rack, store.Workflow) {
	b.Helper()
	s, source := newShelf(b)
	for i := range 10 {
		s.put(fmt.Sprintf("%d.txt", i), "1")
	}
	r, destination := newRack(b)
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.DeleteRemoved = []string{source}, []string{destination}, true
	})
	if j := b.run(w); j.Done != 10 || j.Status != store.Completed {
		b.Fatalf("%+v", j)
	}
	r.wrote()
	return s, r, w
}

func (b *bench) removals(job string) []store.Removal {
	b.Helper()
	var all []store.Removal
	must(b, b.db.View(b.Context(), func(r store.Reader) (err error) {
		all, err = r.Removals(b.Context(), b.workspace, job)
		return err
	}))
	return all
}

func (b *bench) removed(job string) (n int) {
	for _, r := range b.removals(job) {
		n += r.Removed
	}
	return n
}

func TestDeleteRemoved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, r, w := removing(b)

	// Not after a listing that broke off.
	s.take("9.txt")
	s.failing = connector.Fail(nil, "the source broke off")
	if j := b.run(w); j.Status != store.Failed || b.removed(j.ID) != 0 || len(b.removals(j.ID)) != 0 {
		t.Errorf("%+v, %+v", j, b.removals(j.ID))
	}
	equal(t, "documents after a broken listing", len(r.texts()), 10)
	s.failing = nil

	j := b.run(w)
	if j.Status != store.Completed || j.Processing != store.ProcessingSuccess || j.Total != 0 || b.removed(j.ID) != 1 {
		t.Errorf("%+v, %+v", j, b.removals(j.ID))
	}
	if got := r.texts(); len(got) != 9 || slices.Contains(got, textOf("9.txt", "1")) {
		t.Errorf("%v", got)
	}
	j = b.run(w)
	if r.removals != 1 || b.removed(j.ID) != 0 {
		t.Errorf("removed again: %d", r.removals)
	}

	// What comes back is processed, though its version was known.
	s.put("9.txt", "1")
	if j := b.run(w); j.Done != 1 {
		t.Errorf("%+v", j)
	}
	equal(t, "documents after it came back", len(r.texts()), 10)

	// More than a fifth stops, with a reason; a fifth does not.
	s.take("0.txt", "1.txt", "2.txt")
	s.put("3.txt", "2")
	j = b.run(w)
	if j.Status != store.Completed || j.Processing != store.ProcessingWithErrors || j.Done != 1 || b.removed(j.ID) != 0 ||
		!strings.HasPrefix(j.Message, "3 of the 10 documents that the workflow knows have left the source") {
		t.Errorf("%+v", j)
	}
	equal(t, "documents after the stop", len(r.texts()), 10)
	s.put("2.txt", "1")
	if j = b.run(w); b.removed(j.ID) != 2 || len(r.texts()) != 8 {
		t.Errorf("a fifth: %+v, %d left", j, len(r.texts()))
	}
	s.take("2.txt", "3.txt", "4.txt", "5.txt", "6.txt", "7.txt", "8.txt", "9.txt")
	forced, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil, engine.ForceRemove)
	must(t, err)
	if j = b.end(forced.ID); j.Status != store.Completed || b.removed(j.ID) != 8 || len(r.texts()) != 0 {
		t.Errorf("forced: %+v, %d left", j, len(r.texts()))
	}
	if j = b.run(w); j.Status != store.Completed || j.Processing != store.ProcessingSuccess {
		t.Errorf("an empty source that is known to be empty: %+v", j)
	}
}

// A document that stays is tried again by a retry of the job, or by the next run; the others go.
func TestRemovalThatFails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, r, w := removing(b)
	s.take("1.txt", "2.txt")
	r.set(func(r *rack) { r.refusing["1.txt"] = connector.Fail(nil, "the record is locked") })
	j := b.run(w)
	if j.Status != store.Completed || j.Processing != store.ProcessingWithErrors ||
		j.Message != "1 of 2 documents that left the source could not be removed: the record is locked" || b.removed(j.ID) != 1 {
		t.Errorf("%+v", j)
	}
	equal(t, "documents", len(r.texts()), 9)
	r.set(func(r *rack) { delete(r.refusing, "1.txt") })
	j, err := b.e.Retry(b.Context(), b.workspace, j.ID)
	must(t, err)
	if j = b.end(j.ID); j.Processing != store.ProcessingSuccess || b.removed(j.ID) != 2 || len(r.texts()) != 8 {
		t.Errorf("after the retry: %+v, %d left", j, len(r.texts()))
	}

	// The retry of a job that is older than another takes nothing away that the other has found.
	s.take("3.txt")
	r.set(func(r *rack) { r.refusing["3.txt"] = connector.Fail(nil, "the record is locked") })
	old := b.run(w)
	s.put("3.txt", "2")
	if j := b.run(w); j.Done != 1 {
		t.Errorf("%+v", j)
	}
	r.set(func(r *rack) { delete(r.refusing, "3.txt") })
	old, err = b.e.Retry(b.Context(), b.workspace, old.ID)
	must(t, err)
	if old = b.end(old.ID); old.Processing != store.ProcessingSuccess || !slices.Contains(r.texts(), textOf("3.txt", "2")) {
		t.Errorf("%+v, %v", old, r.texts())
	}

	// A destination that does not answer is tried again.
	s.take("4.txt")
	r.set(func(r *rack) { r.refusing["4.txt"] = connector.Retry(nil, 0, "no answer") })
	started, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil)
	must(t, err)
	b.eventually("the removal is tried", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.removals >= 6 })
	r.set(func(r *rack) { delete(r.refusing, "4.txt") })
	if j := b.end(started.ID); j.Processing != store.ProcessingSuccess || b.removed(j.ID) != 1 {
		t.Errorf("after an outage: %+v", j)
	}
}

func TestCancelDuringRemoval(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, r, w := removing(b)
	s.take("1.txt", "2.txt")
	entered := make(chan struct{})
	r.set(func(r *rack) { r.entered = entered })
	j, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil)
	must(t, err)
	<-entered
	j, err = b.e.Cancel(b.Context(), b.workspace, j.ID)
	must(t, err)
	if j.Status != store.Stopped || b.removals(j.ID)[0].State != store.FileStopped {
		t.Errorf("%+v, %+v", j, b.removals(j.ID))
	}
	equal(t, "documents", len(r.texts()), 10)
	if j := b.run(w); b.removed(j.ID) != 2 || len(r.texts()) != 8 {
		t.Errorf("the next run: %+v, %d left", j, len(r.texts()))
	}
}

func TestDeleteRemovedRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, source := newShelf(b, "a.txt", "1")
	_, good := newRack(b)
	written := b.connector(store.SideDestination, "test-log", map[string]any{})
	name := uuid.NewString()
	queues.Store(name, &queue{})
	log := b.connector(store.SideSource, "test-queue", map[string]any{"name": name})
	for _, c := range []struct {
		source, destination, want string
	}{
		{source, written, "documents cannot be removed from it"}, {log, good, "lists what is new"}, {source, good, ""},
		{uuid.NewString(), good, ""}, // said elsewhere
	} {
		err := b.e.CheckRemovable(b.Context(), b.workspace, []string{c.source}, []string{c.destination})
		var refusal *engine.Refusal
		if errors.As(err, &refusal) != (c.want != "") || c.want != "" && (refusal.Status != http.StatusUnprocessableEntity || !strings.Contains(refusal.Message, c.want)) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.DeleteRemoved = []string{source}, []string{written}, true
	})
	var refusal *engine.Refusal
	if _, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil); !errors.As(err, &refusal) {
		t.Errorf("a run: %v", err)
	}
	w = b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{good} })
	if _, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil, engine.ForceRemove); !errors.As(err, &refusal) {
		t.Errorf("a forced run of a workflow that removes nothing: %v", err)
	}
}

// The config of a source says it for the workflows that read it.
func TestDeleteRemovedOfASource(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, _ := newShelf(b, "0.txt", "1", "1.txt", "1", "2.txt", "1", "3.txt", "1", "4.txt", "1")
	name := uuid.NewString()
	shelves.Store(name, s)
	source := b.connector(store.SideSource, "test-shelf", map[string]any{"name": name, "delete_removed": true})
	r, destination := newRack(b)
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{destination} })
	b.run(w)
	s.take("4.txt")
	sum, err := b.e.DryRun(b.Context(), b.workspace, w.ID, func(engine.Change) error { return nil })
	must(t, err)
	equal(t, "dry run", sum, engine.DrySummary{Unchanged: 4, Removed: 1, Known: 5, DeleteRemoved: true})
	if j := b.run(w); b.removed(j.ID) != 1 || len(r.texts()) != 4 {
		t.Errorf("%+v, %v", j, r.texts())
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, r, w := removing(b)
	s.take("0.txt", "1.txt", "2.txt")
	s.put("3.txt", "2", "new.txt", "1")
	dry := func() (engine.DrySummary, []string) {
		t.Helper()
		var told []string
		sum, err := b.e.DryRun(b.Context(), b.workspace, w.ID, func(c engine.Change) error {
			if c.Source != w.Sources[0] || c.Name != c.Identifier || c.Path != c.Identifier {
				t.Errorf("%+v", c)
			}
			told = append(told, c.Change+" "+c.Identifier+" "+c.Version)
			return nil
		})
		must(t, err)
		return sum, told
	}
	sum, told := dry()
	stops := sum.Stops
	sum.Stops = ""
	equal(t, "summary", sum, engine.DrySummary{New: 1, Changed: 1, Unchanged: 6, Removed: 3, Known: 10, DeleteRemoved: true})
	if !strings.HasPrefix(stops, "3 of the 10 documents") {
		t.Errorf("stops: %q", stops)
	}
	equal(t, "documents", told, []string{
		"changed 3.txt 2", "unchanged 4.txt 1", "unchanged 5.txt 1", "unchanged 6.txt 1", "unchanged 7.txt 1", "unchanged 8.txt 1",
		"unchanged 9.txt 1", "new new.txt 1", "removed 0.txt 1", "removed 1.txt 1", "removed 2.txt 1",
	})
	if r.wrote() != 0 || r.removals != 0 || len(r.texts()) != 10 {
		t.Error("the dry run touched the destination")
	}
	var jobs []store.Job
	must(t, b.db.View(b.Context(), func(v store.Reader) (err error) {
		jobs, err = v.Jobs(b.Context(), b.workspace, store.JobFilter{Workflow: w.ID})
		return err
	}))
	equal(t, "jobs", len(jobs), 1)
	if again, _ := dry(); again.New != 1 || again.Known != 10 {
		t.Errorf("the dry run has left something behind: %+v", again)
	}

	// The run does what the dry run said.
	forced, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil, engine.ForceRemove)
	must(t, err)
	if j := b.end(forced.ID); j.Total != 2 || b.removed(j.ID) != 3 {
		t.Errorf("%+v", j)
	}
	sum, _ = dry()
	equal(t, "summary after the run", sum, engine.DrySummary{Unchanged: 8, Known: 8, DeleteRemoved: true})

	s.failing = connector.Fail(nil, "the source broke off")
	var refusal *engine.Refusal
	if _, err := b.e.DryRun(b.Context(), b.workspace, w.ID, func(engine.Change) error { return nil }); !errors.As(err, &refusal) ||
		!strings.Contains(refusal.Message, "the source broke off") {
		t.Errorf("a listing that broke off: %v", err)
	}
	local := b.flow(func(*store.Workflow) {})
	if _, err := b.e.DryRun(b.Context(), b.workspace, local.ID, nil); !errors.As(err, &refusal) || refusal.Status != http.StatusUnprocessableEntity {
		t.Errorf("a workflow without a source: %v", err)
	}
}
