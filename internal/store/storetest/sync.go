package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/store"
)

// syncJob makes a job over one source that removes what left it.
func (e *env) syncJob(workflow, source, destination string, at time.Time, workspace string) (store.Job, store.Plan) {
	e.Helper()
	j := store.Job{ID: uuid.NewString(), Workspace: workspace, WorkflowID: workflow, WorkflowName: "sync", Type: "persistent",
		Nodes: nodes(1), CreatedAt: at, KeepOutputs: "all", Sources: []string{source}, Destinations: []string{destination},
		DeleteRemoved: true, ForceRemove: true}
	p := store.Plan{ID: uuid.NewString(), Job: j.ID, Source: source}
	e.tx(func(tx store.Tx) error { return tx.CreateJob(e.ctx, j, []store.Plan{p}) })
	return j, p
}

func known(identifiers ...string) []store.Known {
	out := make([]store.Known, 0, len(identifiers))
	for _, id := range identifiers {
		out = append(out, store.Known{Identifier: id, Document: json.RawMessage(`{"identifier":"` + id + `"}`), Held: []string{"d"}})
	}
	return out
}

func identifiers(all []store.Known) []string {
	out := make([]string, 0, len(all))
	for _, k := range all {
		out = append(out, k.Identifier)
	}
	return out
}

func testKnown(e *env) {
	flow, source := uuid.NewString(), uuid.NewString()
	start := now()
	first, _ := e.syncJob(flow, source, "d", start, e.ws)
	second, _ := e.syncJob(flow, source, "d", start.Add(time.Second), e.ws)
	var many []string
	for i := range 123 { // chunks of 100, 10 and 1
		many = append(many, fmt.Sprintf("doc-%03d", i))
	}
	e.tx(func(tx store.Tx) error {
		if err := tx.SetVersion(e.ctx, e.ws, flow, source, "old", "7"); err != nil {
			return err
		}
		return tx.Learn(e.ctx, first, source, known(many...))
	})
	got := get(e, func(r store.Reader) (map[string]store.Known, error) {
		return r.Known(e.ctx, e.ws, flow, source, append([]string{"old", "nobody"}, many...))
	})
	if len(got) != 124 {
		e.Fatalf("%d known, want 124", len(got))
	}
	same(e, "a row of an older program", got["old"], store.Known{Identifier: "old", Version: "7", Unknown: true})
	same(e, "a document", got["doc-003"], store.Known{Identifier: "doc-003", Unknown: true, Held: []string{"d"}, Document: json.RawMessage(`{"identifier":"doc-003"}`)})
	for _, strange := range [][3]string{{e.other, flow, source}, {e.ws, "other", source}, {e.ws, flow, "other"}} {
		none := get(e, func(r store.Reader) (map[string]store.Known, error) {
			return r.Known(e.ctx, strange[0], strange[1], strange[2], many)
		})
		same(e, "known elsewhere", len(none), 0)
	}
	count := func(j store.Job) string {
		var n, gone int
		e.view(func(r store.Reader) (err error) {
			n, gone, err = r.CountUnseen(e.ctx, j, source)
			return err
		})
		return fmt.Sprint(n, " ", gone)
	}
	same(e, "unseen by the job that listed", count(first), "123 0")
	same(e, "unseen by a later job", count(second), "123 123")
	e.tx(func(tx store.Tx) error { return tx.See(e.ctx, second, source, many[:111]) })
	same(e, "unseen after a listing", count(second), "123 12")
	e.tx(func(tx store.Tx) error { return tx.See(e.ctx, first, source, many[:50]) })
	same(e, "a late mark of an older job", count(second), "123 12")
	e.tx(func(tx store.Tx) error { return tx.Learn(e.ctx, first, source, known(many[0])) })
	same(e, "a late listing of an older job", count(second), "123 12")
	page := get(e, func(r store.Reader) ([]store.Known, error) { return r.Unseen(e.ctx, second, source, "doc-112", 5) })
	same(e, "a page", identifiers(page), many[113:118])
	all := get(e, func(r store.Reader) ([]store.Known, error) {
		return r.Unseen(e.ctx, store.Job{Workspace: e.ws, WorkflowID: flow}, source, "", 1000)
	})
	same(e, "all", identifiers(all), many)
	foreign := get(e, func(r store.Reader) ([]store.Known, error) {
		return r.Unseen(e.ctx, store.Job{Workspace: e.other, WorkflowID: flow}, source, "", 1000)
	})
	same(e, "of another workspace", len(foreign), 0)

	// The end of a file tells the version and who has it; the next listing of a changed one takes that back.
	e.tx(func(tx store.Tx) error {
		_, err := tx.AddFiles(e.ctx, e.ws, first.ID, []store.File{{Source: source, Identifier: "doc-001", Name: "1", Version: "v1"}}, "", "")
		return err
	})
	f := e.claimNext(first.ID, 4)
	if err := e.try(func(tx store.Tx) error {
		return tx.EndFile(e.ctx, f, store.FileEnd{Done: 1}, &store.NodeRun{Job: f.Job, File: f.ID, NodeID: first.Nodes[0].ID, Blob: "b"}, 4)
	}); err != nil {
		e.Fatal(err)
	}
	version := func() store.Known {
		return get(e, func(r store.Reader) (map[string]store.Known, error) {
			return r.Known(e.ctx, e.ws, flow, source, []string{"doc-001"})
		})["doc-001"]
	}
	same(e, "version before the write", version().Version, "")
	e.endWrites(f, first.Destinations...)
	same(e, "version after the write", version(), store.Known{Identifier: "doc-001", Version: "v1", Held: []string{"d"}, Written: []string{"d"},
		Document: json.RawMessage(`{"identifier":"doc-001"}`)})
	e.tx(func(tx store.Tx) error { return tx.Learn(e.ctx, second, source, known("doc-001")) })
	same(e, "version while it is processed again", version().Version, "")

	// A later job finds what an earlier one made of the document, as long as it is kept.
	earlier := func(workflow string, f store.File) (id string) {
		e.view(func(r store.Reader) error {
			was, runs, err := r.Earlier(e.ctx, workflow, f)
			if err == nil {
				id = fmt.Sprint(was.Identifier, " of job ", was.Job == first.ID, " ", len(runs))
			}
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		})
		return id
	}
	next := store.File{ID: uuid.NewString(), Workspace: e.ws, Source: source, Identifier: "doc-001"}
	same(e, "earlier", earlier(flow, next), "doc-001 of job true 1")
	same(e, "earlier than itself", earlier(flow, f), "")
	same(e, "earlier in another workflow", earlier("other", next), "")
	strange := next
	strange.Workspace = e.other
	same(e, "earlier in another workspace", earlier(flow, strange), "")
	strange = next
	strange.Source = "other"
	same(e, "earlier of another source", earlier(flow, strange), "")
	e.tx(func(tx store.Tx) error {
		if _, err := tx.CancelJob(e.ctx, e.ws, first.ID, now()); err != nil {
			return err
		}
		return tx.DropOutputs(e.ctx, e.ws, first.ID)
	})
	same(e, "earlier, when it is not kept any more", earlier(flow, next), "")
}

// endWrites claims and ends the writes of a file.
func (e *env) endWrites(f store.File, destinations ...string) {
	e.Helper()
	for _, d := range destinations {
		e.tx(func(tx store.Tx) error {
			_, claimed, w, err := tx.ClaimWrite(e.ctx, e.ws, f.Job, f.ID, d, "n1")
			if err != nil {
				return err
			}
			return tx.EndWrite(e.ctx, claimed, w, "", 4)
		})
	}
}

func testRemovals(e *env) {
	flow, source := uuid.NewString(), uuid.NewString()
	start := now()
	old, _ := e.syncJob(flow, source, "d", start, e.ws)
	e.tx(func(tx store.Tx) error { return tx.Learn(e.ctx, old, source, known("a", "b", "c", "d")) })
	listed := func(at time.Duration, seen ...string) (store.Job, store.Plan) {
		j, p := e.syncJob(flow, source, "d", start.Add(at), e.ws)
		e.tx(func(tx store.Tx) (err error) {
			if err := tx.Enqueue(e.ctx, store.Task{Kind: store.TaskPlan, Workspace: e.ws, Job: j.ID, Target: p.ID}); err != nil {
				return err
			}
			if _, p, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1"); err != nil {
				return err
			}
			return tx.See(e.ctx, j, source, seen)
		})
		return j, p
	}
	removals := func(j store.Job) []store.Removal {
		return get(e, func(r store.Reader) ([]store.Removal, error) { return r.Removals(e.ctx, e.ws, j.ID) })
	}
	claim := func(j store.Job, id string) (r store.Removal, err error) {
		err = e.try(func(tx store.Tx) (err error) {
			_, r, err = tx.ClaimRemoval(e.ctx, e.ws, j.ID, id, "n1")
			return err
		})
		return r, err
	}
	left := func() []string {
		all := get(e, func(r store.Reader) (map[string]store.Known, error) {
			return r.Known(e.ctx, e.ws, flow, source, []string{"a", "b", "c", "d"})
		})
		return slices.Sorted(maps.Keys(all))
	}

	// A listing that failed removes nothing.
	j, p := listed(time.Second)
	e.tx(func(tx store.Tx) error { return tx.EndPlan(e.ctx, e.ws, j.ID, p, "no route") })
	same(e, "removals after a failed listing", len(removals(j)), 0)
	if _, err := e.finish(j.ID); err != nil {
		e.Fatal(err)
	}

	j, p = listed(2*time.Second, "a", "b")
	before := e.depth()
	e.tx(func(tx store.Tx) error { return tx.EndPlan(e.ctx, e.ws, j.ID, p, "") })
	same(e, "a task of its own", e.depth(), before+1)
	_, err := e.finish(j.ID)
	e.want("finish before the removal", err, store.ErrGone)
	first, err := claim(j, p.ID)
	if err != nil || first.State != store.Running || first.Attempt != 1 || first.Source != source {
		e.Fatalf("claim: %+v, %v", first, err)
	}
	r, err := claim(j, p.ID)
	if err != nil {
		e.Fatal(err)
	}
	save := func(r store.Removal, p store.Progress) error {
		return e.try(func(tx store.Tx) error { return tx.SaveRemoval(e.ctx, j, r, p) })
	}
	end := func(r store.Removal, reason string) error {
		return e.try(func(tx store.Tx) error { return tx.EndRemoval(e.ctx, e.ws, j.ID, r, reason) })
	}
	e.want("a step of an earlier claim", save(first, store.Progress{Gone: []string{"c"}, Cursor: "c"}), store.ErrGone)
	e.want("an end of an earlier claim", end(first, ""), store.ErrGone)
	same(e, "known", left(), []string{"a", "b", "c", "d"})
	// A document that is seen by this job is not forgotten, whoever says that it is gone.
	if err := save(r, store.Progress{Gone: []string{"a", "c"}, Cursor: "c", Failed: 1, Error: "locked"}); err != nil {
		e.Fatal(err)
	}
	same(e, "known after a step", left(), []string{"a", "b", "d"})
	same(e, "the row", removals(j)[0], store.Removal{ID: p.ID, Job: j.ID, Source: source, Cursor: "c", State: store.Running, Attempt: 2,
		Removed: 1, Failed: 1, Error: "locked"})
	other := store.Task{Kind: store.TaskRemove, Workspace: e.other, Job: j.ID, Target: p.ID}
	e.want("release by another workspace", e.try(func(tx store.Tx) error { return tx.Release(e.ctx, other, r.Attempt) }), store.ErrGone)
	if err := end(r, "1 document stayed: locked"); err != nil {
		e.Fatal(err)
	}
	e.want("a second end", end(r, ""), store.ErrGone)
	got, err := e.finish(j.ID)
	if err != nil || got.Status != store.Completed || got.Processing != store.ProcessingWithErrors || got.Message != "1 document stayed: locked" {
		e.Fatalf("finished: %+v, %v", got, err)
	}

	// A retry tries it from the start, keeps the count, and three deaths end it.
	e.tx(func(tx store.Tx) error {
		_, err := tx.RetryJob(e.ctx, e.ws, j.ID, 4, now())
		return err
	})
	same(e, "again", removals(j)[0], store.Removal{ID: p.ID, Job: j.ID, Source: source, State: store.Queued, Attempt: 3, Removed: 1})
	for range 3 {
		if _, err := claim(j, p.ID); err != nil {
			e.Fatal(err)
		}
	}
	_, err = claim(j, p.ID)
	e.want("after three deaths", err, store.ErrGone)
	if got, err := e.finish(j.ID); err != nil || got.Message != "the worker died three times on this removal" {
		e.Fatalf("finished: %+v, %v", got, err)
	}

	// A cancel stops it, and lost ones are found.
	j, p = listed(3*time.Second, "a")
	e.tx(func(tx store.Tx) error { return tx.EndPlan(e.ctx, e.ws, j.ID, p, "") })
	if r, err = claim(j, p.ID); err != nil {
		e.Fatal(err)
	}
	task := store.Task{Kind: store.TaskRemove, Workspace: e.ws, Job: j.ID, Target: p.ID}
	if err := e.try(func(tx store.Tx) error { return tx.Release(e.ctx, task, r.Attempt) }); err != nil {
		e.Fatal(err)
	}
	same(e, "released", removals(j)[0].State, store.Queued)
	if err := e.try(func(tx store.Tx) error { return tx.Requeue(e.ctx, task) }); err != nil {
		e.Fatal(err)
	}
	if r, err = claim(j, p.ID); err != nil || r.Claims != 1 {
		e.Fatalf("%+v, %v", r, err)
	}
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, j.ID, now())
		return err
	})
	e.want("a step after the cancel", save(r, store.Progress{Gone: []string{"b"}, Cursor: "b"}), store.ErrGone)
	e.want("an end after the cancel", end(r, ""), store.ErrGone)
	same(e, "stopped", removals(j)[0].State, store.FileStopped)
	same(e, "known after the cancel", left(), []string{"a", "b", "d"})
}
