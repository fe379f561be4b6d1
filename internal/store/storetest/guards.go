package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

// Ends that come too late change nothing.
func testLateEnds(e *env) {
	const window = 2
	j := e.job(jobSpec{files: 4, destinations: 1})
	snapshot := func() string {
		return fmt.Sprintf("%+v %+v %+v", e.getJob(j.ID), e.files(j.ID), get(e, func(r store.Reader) ([]store.NodeStats, error) {
			return r.Stats(e.ctx, e.ws, j.ID)
		}))
	}
	late := func(what string, f store.File) {
		e.Helper()
		before, depth := snapshot(), e.depth()
		r := store.NodeRun{NodeID: j.Nodes[0].ID, Blob: "late"}
		e.want(what+": end", e.try(func(tx store.Tx) error { return tx.EndFile(e.ctx, f, store.FileEnd{Done: 1}, &r, window) }), store.ErrGone)
		e.want(what+": failed end", e.end(f, store.FileEnd{Failed: true}, window), store.ErrGone)
		e.want(what+": node run", e.try(func(tx store.Tx) error { return tx.SaveNodeRun(e.ctx, f, r) }), store.ErrGone)
		if after := snapshot(); after != before || e.depth() != depth {
			e.Errorf("%s changed something:\n%s\n%s", what, before, after)
		}
	}
	first := e.claimNext(j.ID, window)
	second := e.claim(j.ID, first.ID)
	same(e, "attempt", second.Attempt, 2)
	late("after a second claim", first)
	if err := e.end(second, store.FileEnd{Done: 1}, window); err != nil {
		e.Fatal(err)
	}
	late("after the end", second)
	e.want("a claim while it is written", e.try(func(tx store.Tx) error {
		_, _, err := tx.ClaimFile(e.ctx, e.ws, j.ID, second.ID, "n1")
		return err
	}), store.ErrGone)
	third := e.claimNext(j.ID, window)
	e.tx(func(tx store.Tx) error {
		return tx.Requeue(e.ctx, store.Task{Kind: store.TaskFile, Workspace: e.ws, Job: j.ID, File: third.ID})
	})
	late("after a requeue", third)
	third = e.claim(j.ID, third.ID)
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, j.ID, now())
		return err
	})
	late("after the cancel", third)
	e.want("a claim after the cancel", e.try(func(tx store.Tx) error {
		_, _, err := tx.ClaimFile(e.ctx, e.ws, j.ID, third.ID, "n1")
		return err
	}), store.ErrGone)
	e.want("a write after the cancel", e.try(func(tx store.Tx) error {
		_, _, _, err := tx.ClaimWrite(e.ctx, e.ws, j.ID, second.ID, j.Destinations[0], "n1")
		return err
	}), store.ErrGone)
	e.want("a top up after the cancel", e.try(func(tx store.Tx) error {
		_, err := tx.TopUp(e.ctx, e.ws, j.ID, window)
		return err
	}), store.ErrGone)
	_, err := e.finish(j.ID)
	e.want("a finish after the cancel", err, store.ErrGone)
}

// A file, write or plan that was claimed three times without an end fails at the fourth, whatever the caller makes of
// ErrGone.
func testThreeDeaths(e *env) {
	for _, swallow := range []bool{false, true} {
		j := e.job(jobSpec{files: 3, destinations: 1, sources: 1, prefix: fmt.Sprint(swallow)})
		die := func(what string, claim func(store.Tx) error) {
			e.Helper()
			for i := range 3 {
				if err := e.try(claim); err != nil {
					e.Fatalf("%s: claim %d: %v", what, i+1, err)
				}
			}
			err := e.try(func(tx store.Tx) error {
				err := claim(tx)
				if swallow && isGone(err) {
					return nil
				}
				return err
			})
			if swallow && err != nil || !swallow && !isGone(err) {
				e.Errorf("%s: claim 4: %v", what, err)
			}
		}
		e.topUp(j.ID, 2)
		f := e.files(j.ID, store.Queued)
		claimFile := func(id string) func(store.Tx) error {
			return func(tx store.Tx) error {
				_, _, err := tx.ClaimFile(e.ctx, e.ws, j.ID, id, "n1")
				return err
			}
		}
		die("file", claimFile(f[0].ID))
		got := e.file(j.ID, f[0].ID)
		if got.State != store.FileFailed || got.Outcome != "error" || got.Error != "the worker died three times on this file" {
			e.Errorf("the file: %+v", got)
		}
		same(e, "failed", e.getJob(j.ID).Failed, 1)
		same(e, "the next one was queued", len(e.files(j.ID, store.Queued)), 2)
		e.want("a fifth claim", e.try(claimFile(f[0].ID)), store.ErrGone)
		same(e, "failed", e.getJob(j.ID).Failed, 1)

		g := e.claim(j.ID, f[1].ID)
		if err := e.end(g, store.FileEnd{Done: 1}, 2); err != nil {
			e.Fatal(err)
		}
		die("write", func(tx store.Tx) error {
			_, _, _, err := tx.ClaimWrite(e.ctx, e.ws, j.ID, g.ID, j.Destinations[0], "n1")
			return err
		})
		if got := e.file(j.ID, g.ID); got.State != store.FileFailed || !strings.Contains(got.Error, "died three times") {
			e.Errorf("the written file: %+v", got)
		}
		p := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
		die("plan", func(tx store.Tx) error {
			_, _, err := tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1")
			return err
		})
		p = get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
		if p.State != store.FileFailed || !strings.Contains(p.Error, "died three times") || !e.getJob(j.ID).Planned {
			e.Errorf("the plan: %+v", p)
		}
	}

	// A finished node is progress.
	j := e.job(jobSpec{files: 1, nodes: 2, prefix: "progress"})
	f := e.claimNext(j.ID, 1)
	for range 5 {
		f = e.claim(j.ID, f.ID)
		e.tx(func(tx store.Tx) error { return tx.SaveNodeRun(e.ctx, f, store.NodeRun{NodeID: j.Nodes[0].ID}) })
	}
	same(e, "after progress", e.file(j.ID, f.ID).State, store.Running)
}

// A claim that was given back does not count.
func testRelease(e *env) {
	j := e.job(jobSpec{files: 1, nodes: 2, destinations: 1, sources: 1})
	f := e.claimNext(j.ID, 1)
	task := store.Task{Kind: store.TaskFile, Workspace: e.ws, Job: j.ID, File: f.ID}
	release := func(t store.Task, attempt int) error {
		return e.try(func(tx store.Tx) error { return tx.Release(e.ctx, t, attempt) })
	}
	for range 5 {
		if err := release(task, f.Attempt); err != nil {
			e.Fatal(err)
		}
		e.want("twice", release(task, f.Attempt), store.ErrGone)
		same(e, "released", e.file(j.ID, f.ID).State, store.Queued)
		f = e.claim(j.ID, f.ID)
		same(e, "claims", f.Claims, 1)
	}
	e.want("an old attempt", release(task, f.Attempt-1), store.ErrGone)
	e.tx(func(tx store.Tx) error { return tx.SaveNodeRun(e.ctx, f, store.NodeRun{NodeID: j.Nodes[0].ID}) })
	if err := release(task, f.Attempt); err != nil {
		e.Errorf("after a node: %v", err)
	}
	f = e.claim(j.ID, f.ID)
	same(e, "claims", f.Claims, 1)
	if err := e.end(f, store.FileEnd{Done: 2}, 1); err != nil {
		e.Fatal(err)
	}
	for range 5 {
		var w store.Write
		e.tx(func(tx store.Tx) (err error) {
			_, _, w, err = tx.ClaimWrite(e.ctx, e.ws, j.ID, f.ID, j.Destinations[0], "n1")
			return err
		})
		if err := release(store.Task{Kind: store.TaskWrite, Workspace: e.ws, Job: j.ID, File: f.ID, Target: w.Destination}, w.Attempt); err != nil {
			e.Fatal(err)
		}
	}
	p := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	for range 5 {
		e.tx(func(tx store.Tx) (err error) {
			_, p, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1")
			return err
		})
		if err := release(store.Task{Kind: store.TaskPlan, Workspace: e.ws, Job: j.ID, Target: p.ID}, p.Attempt); err != nil {
			e.Fatal(err)
		}
	}
}

func testCancel(e *env) {
	w := flow(e.ws, "temporary", nil, nil)
	w.OnDemand = true
	e.tx(func(tx store.Tx) error { return tx.CreateWorkflow(e.ctx, w) })
	j := e.job(jobSpec{files: 10, destinations: 1, sources: 1, workflow: w.ID, onDemand: true})
	f := e.claimNext(j.ID, 4)
	if err := e.end(f, store.FileEnd{Done: 1}, 4); err != nil {
		e.Fatal(err)
	}
	e.claimNext(j.ID, 4)
	cancel := func() (j2 store.Job, err error) {
		err = e.try(func(tx store.Tx) (err error) {
			j2, err = tx.CancelJob(e.ctx, e.ws, j.ID, now())
			return err
		})
		return j2, err
	}
	got, err := cancel()
	if err != nil || got.Status != store.Stopped || got.Processing != store.ProcessingStopped || got.Open != 0 || got.EndedAt.IsZero() {
		e.Fatalf("cancel: %+v, %v", got, err)
	}
	same(e, "waiting tasks", e.depth(), 0)
	same(e, "stopped files", len(e.files(j.ID, store.FileStopped)), 10)
	for _, p := range get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) }) {
		same(e, "plan", p.State, store.FileStopped)
	}
	again, err := cancel()
	if err != nil {
		e.Error(err)
	}
	same(e, "a second cancel", again, got)
	_, err = ask(e, func(r store.Reader) (store.Workflow, error) { return r.Workflow(e.ctx, e.ws, w.ID) })
	e.want("the temporary workflow", err, store.ErrNotFound)

	done := e.job(jobSpec{prefix: "done"})
	if _, err := e.finish(done.ID); err != nil {
		e.Fatal(err)
	}
	j = done
	_, err = cancel()
	e.want("an ended job", err, store.ErrConflict)
}

func testRetry(e *env) {
	j := e.job(jobSpec{files: 6, nodes: 2, sources: 1})
	p := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	e.tx(func(tx store.Tx) (err error) {
		if _, p, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1"); err != nil {
			return err
		}
		return tx.EndPlan(e.ctx, e.ws, j.ID, p, "")
	})
	retry := func() (got store.Job, err error) {
		err = e.try(func(tx store.Tx) (err error) {
			got, err = tx.RetryJob(e.ctx, e.ws, j.ID, 2, now())
			return err
		})
		return got, err
	}
	_, err := retry()
	e.want("while it runs", err, store.ErrConflict)
	for i := range 6 {
		f := e.claimNext(j.ID, 2)
		e.tx(func(tx store.Tx) error { return tx.SaveNodeRun(e.ctx, f, store.NodeRun{NodeID: j.Nodes[0].ID}) })
		end := store.FileEnd{Done: 2}
		if i >= 3 {
			end = store.FileEnd{Failed: true, Done: 1, Outcome: "timed out", Error: "slow"}
		}
		if err := e.end(f, end, 2); err != nil {
			e.Fatal(err)
		}
	}
	if got, err := e.finish(j.ID); err != nil || got.Status != store.Failed {
		e.Fatalf("finish: %+v, %v", got, err)
	}
	got, err := retry()
	if err != nil || got.Status != store.InProgress || got.Open != 3 || got.Failed != 0 || got.Done != 3 || !got.EndedAt.IsZero() || got.Message != "" {
		e.Fatalf("retry: %+v, %v", got, err)
	}
	same(e, "queued at once", len(e.files(j.ID, store.Queued)), 2)
	e.checkSums(j.ID)
	for range 3 {
		f := e.claimNext(j.ID, 2)
		if f.Done != 1 || f.Error != "" || f.Seq < 3 {
			e.Errorf("a retried file: %+v", f)
		}
		if err := e.end(f, store.FileEnd{Done: 2}, 2); err != nil {
			e.Fatal(err)
		}
	}
	if got, err := e.finish(j.ID); err != nil || got.Status != store.Completed || got.Processing != store.ProcessingSuccess {
		e.Errorf("second finish: %+v, %v", got, err)
	}
	_, err = retry()
	e.want("nothing failed", err, store.ErrConflict)

	// A source that could not be listed is listed again.
	j = e.job(jobSpec{sources: 1, prefix: "plan"})
	p = get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	e.tx(func(tx store.Tx) (err error) {
		if _, p, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1"); err != nil {
			return err
		}
		return tx.EndPlan(e.ctx, e.ws, j.ID, p, "no route")
	})
	if _, err := e.finish(j.ID); err != nil {
		e.Fatal(err)
	}
	depth := e.depth()
	got, err = retry()
	if err != nil || got.Planned || got.Status != store.InProgress {
		e.Fatalf("retry of a plan: %+v, %v", got, err)
	}
	same(e, "a plan task", e.depth(), depth+1)
}

// Only the write that failed is made again.
func testRetryWrites(e *env) {
	j := e.job(jobSpec{files: 2, destinations: 2})
	for range 2 {
		f := e.claimNext(j.ID, 1)
		if err := e.end(f, store.FileEnd{Done: 1}, 1); err != nil {
			e.Fatal(err)
		}
		for i, d := range j.Destinations {
			reason := ""
			if i == 1 {
				reason = "refused"
			}
			e.write(j.ID, f.ID, d, reason, 1)
		}
	}
	if got, err := e.finish(j.ID); err != nil || got.Failed != 2 {
		e.Fatalf("finish: %+v, %v", got, err)
	}
	depth := e.depth()
	e.tx(func(tx store.Tx) error {
		_, err := tx.RetryJob(e.ctx, e.ws, j.ID, 1, now())
		return err
	})
	same(e, "one write task within the window", e.depth(), depth+1)
	e.checkSums(j.ID)
	for range 2 {
		writing := e.files(j.ID, store.Writing)
		if len(writing) != 1 {
			e.Fatalf("%d files are being written", len(writing))
		}
		f := writing[0].ID
		e.want("the good write", e.try(func(tx store.Tx) error {
			_, _, _, err := tx.ClaimWrite(e.ctx, e.ws, j.ID, f, j.Destinations[0], "n1")
			return err
		}), store.ErrGone)
		e.write(j.ID, f, j.Destinations[1], "", 1)
		e.checkSums(j.ID)
	}
	if got, err := e.finish(j.ID); err != nil || got.Status != store.Completed || got.Done != 2 {
		e.Errorf("second finish: %+v, %v", got, err)
	}
}

// write claims and ends one write.
func (e *env) write(job, file, destination, reason string, window int) {
	e.Helper()
	e.tx(func(tx store.Tx) error {
		_, f, w, err := tx.ClaimWrite(e.ctx, e.ws, job, file, destination, "n1")
		if err != nil {
			return err
		}
		return tx.EndWrite(e.ctx, f, w, reason, window)
	})
}

// Work whose task the queue has lost is found and brought back.
func testLostAndRequeue(e *env) {
	lost := func(before time.Time) []store.Task {
		return get(e, func(r store.Reader) ([]store.Task, error) { return r.Lost(e.ctx, before, 100) })
	}
	later := func() time.Time { return now().Add(time.Hour) }

	// A task that runs without ending its row: the handler returns nil at once.
	j := e.job(jobSpec{files: 1, prefix: "lost"})
	e.topUp(j.ID, 4)
	same(e, "while the task waits", lost(later()), nil)
	ran := make(chan store.Task, 10)
	stop := e.start(store.WorkOptions{Node: "n1", Bulk: 1, Demand: 1, Grace: time.Second}, func(_ context.Context, t store.Task) error {
		ran <- t
		return nil
	})
	first := <-ran
	same(e, "task", first.Kind, store.TaskFile)
	stop() // completes the task
	want := store.Task{Kind: store.TaskFile, Workspace: e.ws, Job: j.ID, File: first.File}
	same(e, "lost", lost(later()), []store.Task{want})
	same(e, "too young", lost(now().Add(-time.Hour)), nil)
	e.tx(func(tx store.Tx) error { return tx.Requeue(e.ctx, want) })
	same(e, "after the requeue", lost(later()), nil)
	f := e.claim(j.ID, first.File)
	if err := e.end(f, store.FileEnd{Done: 1}, 4); err != nil {
		e.Fatal(err)
	}
	e.want("requeue of an ended file", e.try(func(tx store.Tx) error { return tx.Requeue(e.ctx, want) }), store.ErrGone)
	same(e, "the finish task waits", lost(later()), nil)
	if _, err := e.finish(j.ID); err != nil {
		e.Fatal(err)
	}
	same(e, "an ended job", lost(later()), nil)
	e.want("requeue in an ended job", e.try(func(tx store.Tx) error { return tx.Requeue(e.ctx, want) }), store.ErrGone)

	// Jobs that nobody enqueued anything for: a plan, and a backlog without a window.
	planned := e.job(jobSpec{sources: 1, prefix: "plan"})
	idle := e.job(jobSpec{files: 2, prefix: "idle"})
	e.job(jobSpec{files: 2, prefix: "waits for its turn", onDemand: true})
	p := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, planned.ID) })[0]
	found := lost(later())
	same(e, "lost", found, []store.Task{
		{Kind: store.TaskPlan, Workspace: e.ws, Job: planned.ID, Target: p.ID},
		{Kind: store.TaskFinish, Workspace: e.ws, Job: idle.ID},
	})
	for _, t := range found {
		e.tx(func(tx store.Tx) error { return tx.Requeue(e.ctx, t) })
	}
	same(e, "all mended", lost(later()), nil)
	same(e, "the backlog moves", len(e.files(idle.ID, store.Queued)), 1)
}

// Nothing of one workspace is seen or changed from another.
func testIsolation(e *env) {
	src := connector(e.ws, store.SideSource, "s3")
	w := flow(e.ws, "w", []string{src.ID}, nil)
	check := store.Check{ID: id(), Workspace: e.ws, Connector: src.ID, Side: src.Side, Status: store.CheckScheduled, CreatedAt: now()}
	e.tx(func(tx store.Tx) error {
		if err := tx.CreateConnector(e.ctx, src); err != nil {
			return err
		}
		if err := tx.CreateWorkflow(e.ctx, w); err != nil {
			return err
		}
		return tx.CreateCheck(e.ctx, check)
	})
	j := e.job(jobSpec{files: 4, sources: 1, destinations: 1, workflow: w.ID, onDemand: true})
	f := e.claimNext(j.ID, 2)
	p := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	e.tx(func(tx store.Tx) (err error) {
		_, p, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1")
		return err
	})
	g := e.claim(j.ID, e.files(j.ID, store.Queued)[0].ID)
	if err := e.end(g, store.FileEnd{Done: 1}, 2); err != nil {
		e.Fatal(err)
	}
	var write store.Write
	e.tx(func(tx store.Tx) (err error) {
		_, g, write, err = tx.ClaimWrite(e.ctx, e.ws, j.ID, g.ID, j.Destinations[0], "n1")
		return err
	})
	ctx, other := e.ctx, e.other
	foreign := func(f store.File) store.File { f.Workspace = other; return f }
	foreignFlow, foreignSource := w, src
	foreignFlow.Workspace, foreignSource.Workspace = other, other

	calls := map[string]func(store.Tx) error{
		"Connector":   func(tx store.Tx) error { _, err := tx.Connector(ctx, other, src.Side, src.ID); return err },
		"LatestCheck": func(tx store.Tx) error { _, err := tx.LatestCheck(ctx, other, src.Side, src.ID); return err },
		"Workflow":    func(tx store.Tx) error { _, err := tx.Workflow(ctx, other, w.ID); return err },
		"Job":         func(tx store.Tx) error { _, err := tx.Job(ctx, other, j.ID); return err },
		"Stats":       func(tx store.Tx) error { _, err := tx.Stats(ctx, other, j.ID); return err },
		"Usage":       func(tx store.Tx) error { _, err := tx.Usage(ctx, other, j.ID); return err },
		"AddUsage":    func(tx store.Tx) error { return tx.AddUsage(ctx, other, j.ID, "n", store.Usage{Calls: 1}) },
		"File":        func(tx store.Tx) error { _, err := tx.File(ctx, other, j.ID, f.ID); return err },
		"FileByWireID": func(tx store.Tx) error {
			_, err := tx.FileByWireID(ctx, other, j.ID, f.WireID)
			return err
		},
		"Files":    func(tx store.Tx) error { _, err := tx.Files(ctx, other, j.ID, -1, 0); return err },
		"NodeRuns": func(tx store.Tx) error { _, err := tx.NodeRuns(ctx, other, j.ID, f.ID); return err },
		"Writes":   func(tx store.Tx) error { _, err := tx.Writes(ctx, other, j.ID, f.ID); return err },
		"Plans":    func(tx store.Tx) error { _, err := tx.Plans(ctx, other, j.ID); return err },

		"UpdateConnector": func(tx store.Tx) error { return tx.UpdateConnector(ctx, foreignSource) },
		"DeleteConnector": func(tx store.Tx) error { return tx.DeleteConnector(ctx, other, src.Side, src.ID) },
		"CreateCheck": func(tx store.Tx) error {
			c := check
			c.ID, c.Workspace = id(), other
			return tx.CreateCheck(ctx, c)
		},
		"EndCheck":       func(tx store.Tx) error { return tx.EndCheck(ctx, other, check.ID, store.CheckSuccess, "", now()) },
		"UpdateWorkflow": func(tx store.Tx) error { return tx.UpdateWorkflow(ctx, foreignFlow) },
		"DeleteWorkflow": func(tx store.Tx) error { return tx.DeleteWorkflow(ctx, other, w.ID, now()) },
		"SetSchedule":    func(tx store.Tx) error { return tx.SetSchedule(ctx, other, w.ID, "* * * * *", now()) },
		"AddFiles": func(tx store.Tx) error {
			_, err := tx.AddFiles(ctx, other, j.ID, files("foreign", 0, 1), "", "")
			return err
		},
		"TopUp":     func(tx store.Tx) error { _, err := tx.TopUp(ctx, other, j.ID, 9); return err },
		"ClaimPlan": func(tx store.Tx) error { _, _, err := tx.ClaimPlan(ctx, other, j.ID, p.ID, "n"); return err },
		"EndPlan":   func(tx store.Tx) error { return tx.EndPlan(ctx, other, j.ID, p, "") },
		"ClaimFile": func(tx store.Tx) error { _, _, err := tx.ClaimFile(ctx, other, j.ID, f.ID, "n"); return err },
		"SaveNodeRun": func(tx store.Tx) error {
			return tx.SaveNodeRun(ctx, foreign(f), store.NodeRun{NodeID: j.Nodes[0].ID})
		},
		"EndFile": func(tx store.Tx) error { return tx.EndFile(ctx, foreign(f), store.FileEnd{Done: 1}, nil, 2) },
		"ClaimWrite": func(tx store.Tx) error {
			_, _, _, err := tx.ClaimWrite(ctx, other, j.ID, g.ID, write.Destination, "n")
			return err
		},
		"EndWrite": func(tx store.Tx) error { return tx.EndWrite(ctx, foreign(g), write, "", 2) },
		"Requeue": func(tx store.Tx) error {
			return tx.Requeue(ctx, store.Task{Kind: store.TaskFile, Workspace: other, Job: j.ID, File: f.ID})
		},
		"Enqueue": func(tx store.Tx) error {
			return tx.Enqueue(ctx, store.Task{Kind: store.TaskFile, Workspace: other, Job: j.ID, File: f.ID})
		},
		"FinishJob":   func(tx store.Tx) error { _, err := tx.FinishJob(ctx, other, j.ID, now()); return err },
		"CancelJob":   func(tx store.Tx) error { _, err := tx.CancelJob(ctx, other, j.ID, now()); return err },
		"RetryJob":    func(tx store.Tx) error { _, err := tx.RetryJob(ctx, other, j.ID, 2, now()); return err },
		"DropOutputs": func(tx store.Tx) error { return tx.DropOutputs(ctx, other, j.ID) },
	}
	for name, call := range calls {
		e.want(name, e.try(call), store.ErrNotFound)
	}
	for _, kind := range []struct {
		task    store.Task
		attempt int
	}{
		{store.Task{Kind: store.TaskFile, Workspace: other, Job: j.ID, File: f.ID}, f.Attempt},
		{store.Task{Kind: store.TaskWrite, Workspace: other, Job: j.ID, File: g.ID, Target: write.Destination}, write.Attempt},
		{store.Task{Kind: store.TaskPlan, Workspace: other, Job: j.ID, Target: p.ID}, p.Attempt},
	} {
		e.want("Release", e.try(func(tx store.Tx) error { return tx.Release(ctx, kind.task, kind.attempt) }), store.ErrGone)
	}
	e.want("AdvanceSchedule", e.try(func(tx store.Tx) error {
		return tx.AdvanceSchedule(ctx, store.Schedule{Workspace: other, Workflow: w.ID}, now())
	}), store.ErrGone)

	lists := map[string]func(store.Reader) (int, error){
		"Connectors": func(r store.Reader) (int, error) {
			v, err := r.Connectors(ctx, other, src.Side, "")
			return len(v), err
		},
		"Workflows": func(r store.Reader) (int, error) {
			v, err := r.Workflows(ctx, other, store.WorkflowFilter{})
			return len(v), err
		},
		"Jobs":            func(r store.Reader) (int, error) { v, err := r.Jobs(ctx, other, store.JobFilter{}); return len(v), err },
		"Keys":            func(r store.Reader) (int, error) { v, err := r.Keys(ctx, other); return len(v), err },
		"ActiveJobs":      func(r store.Reader) (int, error) { return r.ActiveJobs(ctx, other, w.ID) },
		"RunningOnDemand": func(r store.Reader) (int, error) { return r.RunningOnDemand(ctx, other) },
	}
	for name, call := range lists {
		same(e, name, get(e, call), 0)
	}
	// The right workspace can still do all of it.
	if err := e.end(f, store.FileEnd{Done: 1}, 2); err != nil {
		e.Error(err)
	}
	e.tx(func(tx store.Tx) error { return tx.EndWrite(ctx, g, write, "", 2) })
	e.tx(func(tx store.Tx) error { return tx.EndPlan(ctx, e.ws, j.ID, p, "") })
}

// Functions that share a commit fail alone, panic alone, and are refused alone when their caller has gone.
func testGroupCommit(e *env) {
	broken := errors.New("broken")
	hold := make(chan struct{})
	held := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // keeps the writer busy while the others queue up
		if err := e.InTx(e.ctx, func(store.Tx) error {
			close(held)
			<-hold
			return nil
		}); err != nil {
			e.Error(err)
		}
	})
	<-held
	const n = 60
	gone, leave := context.WithCancel(e.ctx)
	var saved [n]bool
	var left sync.WaitGroup
	for i := range n {
		ctx := e.ctx
		if i%4 == 3 {
			ctx = gone
			left.Add(1)
		}
		wg.Go(func() {
			err := e.InTx(ctx, func(tx store.Tx) error {
				if err := tx.SetMeta(ctx, fmt.Sprintf("m%d", i), "set"); err != nil {
					return err
				}
				if err := tx.Enqueue(ctx, store.Task{Kind: store.TaskCheck, Workspace: e.ws, File: fmt.Sprint(i)}); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return broken
				case 2:
					panic("on purpose")
				}
				return nil
			})
			saved[i] = err == nil
			switch i % 4 {
			case 0:
				if err != nil {
					e.Error(err)
				}
			case 1:
				e.want("its own error", err, broken)
			case 2:
				if err == nil || !strings.Contains(err.Error(), "on purpose") {
					e.Errorf("a panic: %v", err)
				}
			case 3: // where writers do not wait for each other it may have been done before
				if err != nil {
					e.want("a caller that has gone", err, context.Canceled)
				}
				left.Done()
			}
		})
	}
	leave()
	left.Wait()
	close(hold)
	wg.Wait()
	tasks := 0
	for i := range n {
		want := ""
		if saved[i] {
			want = "set"
			tasks++
		}
		same(e, fmt.Sprintf("m%d", i), get(e, func(r store.Reader) (string, error) { return r.Meta(e.ctx, fmt.Sprintf("m%d", i)) }), want)
	}
	same(e, "tasks", e.depth(), tasks)

	// A transaction sees its own changes, a view those that are committed.
	e.tx(func(tx store.Tx) error {
		if err := tx.SetMeta(e.ctx, "own", "new"); err != nil {
			return err
		}
		own, err := tx.Meta(e.ctx, "own")
		if err != nil || own != "new" {
			e.Errorf("inside: %q, %v", own, err)
		}
		same(e, "outside", get(e, func(r store.Reader) (string, error) { return r.Meta(e.ctx, "own") }), "")
		return nil
	})
	e.view(func(r store.Reader) error { // a snapshot stays
		if _, err := r.Meta(e.ctx, "own"); err != nil {
			return err
		}
		e.tx(func(tx store.Tx) error { return tx.SetMeta(e.ctx, "own", "newer") })
		v, err := r.Meta(e.ctx, "own")
		if v != "new" {
			e.Errorf("the snapshot changed to %q", v)
		}
		return err
	})
}
