package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

// claimNext tops a job up and claims its first queued file.
func (e *env) claimNext(job string, window int) store.File {
	e.Helper()
	e.topUp(job, window)
	queued := e.files(job, store.Queued)
	if len(queued) == 0 {
		e.Fatal("no file is queued")
	}
	return e.claim(job, queued[0].ID)
}

func (e *env) topUp(job string, window int) (n int) {
	e.Helper()
	e.tx(func(tx store.Tx) (err error) {
		n, err = tx.TopUp(e.ctx, e.ws, job, window)
		return err
	})
	return n
}

func (e *env) claim(job, file string) (f store.File) {
	e.Helper()
	e.tx(func(tx store.Tx) (err error) {
		_, f, err = tx.ClaimFile(e.ctx, e.ws, job, file, "n1")
		return err
	})
	return f
}

func (e *env) end(f store.File, end store.FileEnd, window int) error {
	return e.try(func(tx store.Tx) error { return tx.EndFile(e.ctx, f, end, nil, window) })
}

func (e *env) files(job string, states ...store.FileState) []store.File {
	e.Helper()
	return get(e, func(r store.Reader) ([]store.File, error) { return r.Files(e.ctx, e.ws, job, -1, 0, states...) })
}

func (e *env) file(job, file string) store.File {
	e.Helper()
	return get(e, func(r store.Reader) (store.File, error) { return r.File(e.ctx, e.ws, job, file) })
}

func (e *env) depth() int {
	e.Helper()
	return get(e, func(r store.Reader) (int, error) { return r.Depth(e.ctx) })
}

func (e *env) finish(job string) (j store.Job, err error) {
	err = e.try(func(tx store.Tx) (err error) {
		j, err = tx.FinishJob(e.ctx, e.ws, job, now())
		return err
	})
	return j, err
}

func testJobRoundTrip(e *env) {
	j := store.Job{ID: id(), Workspace: e.ws, WorkflowID: id(), WorkflowName: "w", Type: "scheduled", Status: store.Scheduled,
		Processing: store.ProcessingScheduled, Nodes: nodes(2), Sources: []string{"s1"}, Destinations: []string{"d1", "d2"},
		ReprocessAll: true, KeepOutputs: "last", CreatedAt: now()}
	e.tx(func(tx store.Tx) error {
		return tx.CreateJob(e.ctx, j, []store.Plan{{ID: "p1-" + j.ID, Job: j.ID, Source: "s1"}})
	})
	same(e, "job", e.getJob(j.ID), j)
	same(e, "plans", get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) }),
		[]store.Plan{{ID: "p1-" + j.ID, Job: j.ID, Source: "s1", State: store.Queued}})
	e.want("no workspace", e.try(func(tx store.Tx) error {
		return tx.CreateJob(e.ctx, store.Job{ID: id(), Workspace: id()}, nil)
	}), store.ErrNotFound)
	same(e, "nothing is enqueued", e.depth(), 0)

	up := e.job(jobSpec{onDemand: true})
	if !up.Planned {
		e.Error("a job without sources is not planned")
	}
	same(e, "active", get(e, func(r store.Reader) (int, error) { return r.ActiveJobs(e.ctx, e.ws, j.WorkflowID) }), 1)
	same(e, "active elsewhere", get(e, func(r store.Reader) (int, error) { return r.ActiveJobs(e.ctx, e.other, j.WorkflowID) }), 0)
}

func testJobLists(e *env) {
	base := now()
	var ids []string
	for i := range 5 {
		j := store.Job{ID: id(), Workspace: e.ws, WorkflowID: fmt.Sprintf("w%d", i%2), CreatedAt: base.Add(time.Duration(i) * time.Microsecond)}
		e.tx(func(tx store.Tx) error { return tx.CreateJob(e.ctx, j, nil) })
		ids = append(ids, j.ID)
	}
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, ids[2], now())
		return err
	})
	tests := []struct {
		name   string
		filter store.JobFilter
		want   []int
	}{
		{"newest first", store.JobFilter{}, []int{4, 3, 2, 1, 0}},
		{"workflow", store.JobFilter{Workflow: "w1"}, []int{3, 1}},
		{"status", store.JobFilter{Status: store.Stopped}, []int{2}},
		{"both", store.JobFilter{Workflow: "w0", Status: store.Scheduled}, []int{4, 0}},
		{"page", store.JobFilter{Limit: 2, Offset: 1}, []int{3, 2}},
	}
	for _, tt := range tests {
		var got, want []string
		for _, j := range get(e, func(r store.Reader) ([]store.Job, error) { return r.Jobs(e.ctx, e.ws, tt.filter) }) {
			got = append(got, j.ID)
		}
		for _, i := range tt.want {
			want = append(want, ids[i])
		}
		same(e, tt.name, got, want)
	}
}

func testAddFiles(e *env) {
	j := e.job(jobSpec{sources: 1})
	plan := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	add := func(f []store.File, cursor string) (n int, err error) {
		err = e.try(func(tx store.Tx) (err error) {
			n, err = tx.AddFiles(e.ctx, e.ws, j.ID, f, plan.ID, cursor)
			return err
		})
		return n, err
	}
	_, err := add(files("", 0, 1), "c0")
	e.want("before the plan is claimed", err, store.ErrGone)
	same(e, "nothing was added", e.getJob(j.ID).Total, 0)
	e.tx(func(tx store.Tx) (err error) {
		_, plan, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, plan.ID, "n1")
		return err
	})
	if n, err := add(files("", 0, 237), "c1"); n != 237 || err != nil {
		e.Fatalf("AddFiles = %d, %v", n, err)
	}
	if n, err := add(files("", 200, 100), "c2"); n != 63 || err != nil { // 37 were there
		e.Fatalf("AddFiles over old ones = %d, %v", n, err)
	}
	if n, err := add(nil, "c3"); n != 0 || err != nil {
		e.Fatalf("AddFiles of none = %d, %v", n, err)
	}
	got := e.getJob(j.ID)
	same(e, "total", got.Total, 300)
	same(e, "open", got.Open, 300)
	p := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	same(e, "cursor", p.Cursor, "c3")
	same(e, "claims after progress", p.Claims, 0)
	for i, f := range e.files(j.ID) {
		if want := fmt.Sprintf("file-%06d.txt", i); f.Identifier != want || f.State != store.Backlog {
			e.Fatalf("file %d is %s, %s", i, f.Identifier, f.State)
		}
	}

	one := files("same", 0, 2)
	one[0].Identifier, one[0].Source, one[1].Identifier, one[1].Source = "x", "s1", "x", "s2"
	if n, err := add(one, "c4"); n != 2 || err != nil {
		e.Errorf("the same identifier in two sources: %d, %v", n, err)
	}
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, j.ID, now())
		return err
	})
	_, err = add(files("late", 0, 1), "c5")
	e.want("after the end", err, store.ErrGone)
}

func testFileLists(e *env) {
	j := e.job(jobSpec{})
	f := files("", 0, 12)
	f[3].WireID, f[3].Name, f[3].ContentType, f[3].InputBlob, f[3].Version = "wire-3", "ü.pdf", "application/pdf", "blob", "v1"
	f[3].Document, f[3].Size = []byte(`{"a":[1,2]}`), 1<<40
	e.tx(func(tx store.Tx) error {
		_, err := tx.AddFiles(e.ctx, e.ws, j.ID, f, "", "")
		return err
	})
	want := f[3]
	want.Workspace, want.Job, want.Seq, want.State = e.ws, j.ID, 3, store.Backlog
	same(e, "file", e.file(j.ID, want.ID), want)
	same(e, "by wire id", get(e, func(r store.Reader) (store.File, error) { return r.FileByWireID(e.ctx, e.ws, j.ID, "wire-3") }), want)
	_, err := ask(e, func(r store.Reader) (store.File, error) { return r.FileByWireID(e.ctx, e.ws, j.ID, want.ID) })
	e.want("a row id is no wire id", err, store.ErrNotFound)
	page := get(e, func(r store.Reader) ([]store.File, error) { return r.Files(e.ctx, e.ws, j.ID, 3, 2) })
	if len(page) != 2 || page[0].Seq != 4 || page[1].Seq != 5 {
		e.Errorf("page: %+v", page)
	}
	n := 0
	for g, err := range store.AllFiles(e.ctx, e.Store, e.ws, j.ID) {
		if err != nil || g.Seq != int64(n) {
			e.Fatalf("AllFiles at %d: %d, %v", n, g.Seq, err)
		}
		n++
	}
	same(e, "all", n, 12)
	e.claimNext(j.ID, 2)
	for states, want := range map[store.FileState]int{store.Queued: 1, store.Running: 1, store.Backlog: 10, store.FileStopped: 0} {
		same(e, string(states), len(e.files(j.ID, states)), want)
	}
	same(e, "two states", len(e.files(j.ID, store.Queued, store.Backlog)), 11)
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, j.ID, now())
		return err
	})
	same(e, "stopped", len(e.files(j.ID, store.FileStopped)), 12)
	same(e, "backlog of a stopped job", len(e.files(j.ID, store.Backlog)), 0)
	if g := e.file(j.ID, want.ID); g.State != store.FileStopped || g.EndedAt.IsZero() {
		e.Errorf("a waiting file of a stopped job: %s, %v", g.State, g.EndedAt)
	}
}

func testFileLife(e *env) {
	j := e.job(jobSpec{files: 1, nodes: 2})
	stats := func() string {
		s := ""
		for _, n := range get(e, func(r store.Reader) ([]store.NodeStats, error) { return r.Stats(e.ctx, e.ws, j.ID) }) {
			s += fmt.Sprintf("%d/%d/%d/%d ", n.Ready, n.InProgress, n.Success, n.Failure)
		}
		return s
	}
	same(e, "in the backlog", stats(), "1/0/0/0 0/0/0/0 ")
	same(e, "queued", e.topUp(j.ID, 4), 1)
	same(e, "tasks", e.depth(), 1)
	same(e, "queued", stats(), "1/0/0/0 0/0/0/0 ")
	before := now()
	var got store.Job
	var f store.File
	fileID := e.files(j.ID)[0].ID
	e.tx(func(tx store.Tx) (err error) {
		got, f, err = tx.ClaimFile(e.ctx, e.ws, j.ID, fileID, "n1")
		return err
	})
	if got.Status != store.InProgress || got.Processing != store.ProcessingInProgress || got.StartedAt.Before(before) || len(got.Nodes) != 2 {
		e.Errorf("the claim's job: %+v", got)
	}
	same(e, "stored start", e.getJob(j.ID).StartedAt, got.StartedAt)
	if f.State != store.Running || f.Attempt != 1 || f.Claims != 1 || f.Node != "n1" || f.ClaimedAt.Before(before) {
		e.Errorf("the claimed file: %+v", f)
	}
	same(e, "running", stats(), "0/1/0/0 0/0/0/0 ")

	started := now()
	run := store.NodeRun{Job: j.ID, File: f.ID, NodeID: got.Nodes[0].ID, Index: 0, InputHash: "in", OutputHash: "out", Blob: "b", Size: 7,
		Elements: 3, Started: started, Ended: started.Add(time.Second)}
	e.tx(func(tx store.Tx) error { return tx.SaveNodeRun(e.ctx, f, run) })
	same(e, "between the nodes", stats(), "0/0/1/0 0/1/0/0 ")
	g := e.file(j.ID, f.ID)
	if g.Done != 1 || g.Claims != 0 {
		e.Errorf("after a node: done %d, claims %d", g.Done, g.Claims)
	}
	last := run
	last.NodeID, last.Index = got.Nodes[1].ID, 1
	e.tx(func(tx store.Tx) error { return tx.EndFile(e.ctx, f, store.FileEnd{Done: 2, Pages: 9}, &last, 4) })
	same(e, "done", stats(), "0/0/1/0 0/0/1/0 ")
	same(e, "node runs", get(e, func(r store.Reader) ([]store.NodeRun, error) { return r.NodeRuns(e.ctx, e.ws, j.ID, f.ID) }),
		[]store.NodeRun{run, last})
	g = e.file(j.ID, f.ID)
	if g.State != store.FileDone || g.Pages != 9 || g.EndedAt.IsZero() || g.Done != 2 {
		e.Errorf("the ended file: %+v", g)
	}
	same(e, "file and finish tasks", e.depth(), 2)
	j, err := e.finish(j.ID)
	if err != nil || j.Status != store.Completed || j.Processing != store.ProcessingSuccess || j.Done != 1 || j.EndedAt.IsZero() {
		e.Errorf("finished: %+v, %v", j, err)
	}
	same(e, "stored", e.getJob(j.ID), j)
	_, err = e.finish(j.ID)
	e.want("finish twice", err, store.ErrGone)
}

// The number of queued, running and writing files never passes the window, and files come in their order.
func testWindow(e *env) {
	const window = 3
	j := e.job(jobSpec{files: 20})
	active := func() int { return len(e.files(j.ID, store.Queued, store.Running, store.Writing)) }
	same(e, "first", e.topUp(j.ID, window), window)
	same(e, "again", e.topUp(j.ID, window), 0)
	for i := range 20 {
		if n := active(); n > window || n < min(window, 20-i) {
			e.Fatalf("%d active after %d ends", n, i)
		}
		f := e.claimNext(j.ID, window)
		same(e, "order", f.Seq, int64(i))
		if err := e.end(f, store.FileEnd{Done: 1, Failed: i%2 == 0, Outcome: "error"}, window); err != nil {
			e.Fatal(err)
		}
	}
	same(e, "in the end", active(), 0)
	big := e.job(jobSpec{files: 10, prefix: "big"})
	same(e, "a larger window", e.topUp(big.ID, 8), 8)
	f := e.claimNext(big.ID, 8)
	if err := e.end(f, store.FileEnd{Done: 1}, 2); err != nil {
		e.Fatal(err)
	}
	same(e, "a smaller window is reached by ends", len(e.files(big.ID, store.Queued)), 7)
}

func testPlans(e *env) {
	j := e.job(jobSpec{sources: 2})
	plans := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })
	claim := func(p store.Plan) (got store.Plan, err error) {
		err = e.try(func(tx store.Tx) (err error) {
			_, got, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1")
			return err
		})
		return got, err
	}
	end := func(p store.Plan, reason string) error {
		return e.try(func(tx store.Tx) error { return tx.EndPlan(e.ctx, e.ws, j.ID, p, reason) })
	}
	for _, p := range plans {
		e.tx(func(tx store.Tx) error {
			return tx.Enqueue(e.ctx, store.Task{Kind: store.TaskPlan, Workspace: e.ws, Job: j.ID, Target: p.ID})
		})
	}
	first, err := claim(plans[0])
	if err != nil || first.State != store.Running || first.Attempt != 1 {
		e.Fatalf("claim: %+v, %v", first, err)
	}
	same(e, "job", e.getJob(j.ID).Status, store.InProgress)
	second, err := claim(plans[0])
	if err != nil {
		e.Fatal(err)
	}
	e.want("an end after another claim", end(first, ""), store.ErrGone)
	if err := end(second, ""); err != nil {
		e.Fatal(err)
	}
	e.want("twice", end(second, ""), store.ErrGone)
	same(e, "planned after one of two", e.getJob(j.ID).Planned, false)
	other, err := claim(plans[1])
	if err != nil {
		e.Fatal(err)
	}
	if err := end(other, "the bucket is gone"); err != nil {
		e.Fatal(err)
	}
	same(e, "planned", e.getJob(j.ID).Planned, true)
	got, err := e.finish(j.ID)
	if err != nil || got.Status != store.Failed || got.Processing != store.ProcessingFailed || got.Message != "the bucket is gone" {
		e.Errorf("finished: %+v, %v", got, err)
	}
	_, err = claim(plans[1])
	e.want("a claim after the end", err, store.ErrGone)
	_, err = claim(store.Plan{ID: id()})
	e.want("an unknown plan of an ended job", err, store.ErrGone)
}

func testEmptyPlan(e *env) {
	j := e.job(jobSpec{sources: 1})
	p := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	e.tx(func(tx store.Tx) (err error) {
		if _, p, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, p.ID, "n1"); err != nil {
			return err
		}
		return tx.EndPlan(e.ctx, e.ws, j.ID, p, "")
	})
	same(e, "finish tasks", e.depth(), 1)
	e.topUp(j.ID, 4)
	same(e, "finish tasks after a top up", e.depth(), 1)
	got, err := e.finish(j.ID)
	if err != nil || got.Status != store.Completed {
		e.Errorf("finished: %+v, %v", got, err)
	}
	empty := e.job(jobSpec{})
	e.topUp(empty.ID, 4)
	same(e, "finish task of a job without files", e.depth(), 2)
}

func testWrites(e *env) {
	j := e.job(jobSpec{files: 1, destinations: 2, workflow: "w"})
	f := e.claimNext(j.ID, 4)
	if err := e.end(f, store.FileEnd{Done: 1, Pages: 4}, 4); err != nil {
		e.Fatal(err)
	}
	same(e, "state", e.file(j.ID, f.ID).State, store.Writing)
	same(e, "a file and two write tasks", e.depth(), 3)
	same(e, "open", e.getJob(j.ID).Open, 1)
	claim := func(d string) (w store.Write, g store.File, err error) {
		err = e.try(func(tx store.Tx) (err error) {
			_, g, w, err = tx.ClaimWrite(e.ctx, e.ws, j.ID, f.ID, d, "n1")
			return err
		})
		return w, g, err
	}
	end := func(w store.Write, g store.File, reason string) error {
		return e.try(func(tx store.Tx) error { return tx.EndWrite(e.ctx, g, w, reason, 4) })
	}
	first, g, err := claim(j.Destinations[0])
	if err != nil || first.State != store.Running || first.Attempt != 1 || g.ID != f.ID || g.Pages != 4 {
		e.Fatalf("claim: %+v, %+v, %v", first, g, err)
	}
	second, g, err := claim(j.Destinations[0])
	if err != nil {
		e.Fatal(err)
	}
	e.want("an end after another claim", end(first, g, ""), store.ErrGone)
	if err := end(second, g, ""); err != nil {
		e.Fatal(err)
	}
	e.want("twice", end(second, g, ""), store.ErrGone)
	_, _, err = claim(j.Destinations[0])
	e.want("a claim after the end", err, store.ErrGone)
	_, _, err = claim(id())
	e.want("an unknown destination", err, store.ErrNotFound)
	same(e, "after one of two", e.file(j.ID, f.ID).State, store.Writing)
	last, g, err := claim(j.Destinations[1])
	if err != nil {
		e.Fatal(err)
	}
	if err := end(last, g, "no such table"); err != nil {
		e.Fatal(err)
	}
	got := e.file(j.ID, f.ID)
	if got.State != store.FileFailed || got.Error != "no such table" || got.EndedAt.IsZero() {
		e.Errorf("after both: %+v", got)
	}
	writes := get(e, func(r store.Reader) ([]store.Write, error) { return r.Writes(e.ctx, e.ws, j.ID, f.ID) })
	states := map[string]store.FileState{}
	for _, w := range writes {
		states[w.Destination] = w.State
	}
	same(e, "writes", states, map[string]store.FileState{j.Destinations[0]: store.FileDone, j.Destinations[1]: store.FileFailed})
	s := get(e, func(r store.Reader) ([]store.NodeStats, error) { return r.Stats(e.ctx, e.ws, j.ID) })[0]
	if s.Success != 1 || s.Failure != 0 {
		e.Errorf("a write's failure is no node's: %+v", s)
	}
	done, err := e.finish(j.ID)
	if err != nil || done.Status != store.Failed || done.Failed != 1 {
		e.Errorf("finished: %+v, %v", done, err)
	}
}

func testVerdicts(e *env) {
	tests := []struct {
		files, failed int
		status        store.JobStatus
		processing    store.Processing
		message       string
	}{
		{10, 0, store.Completed, store.ProcessingSuccess, ""},
		{10, 1, store.Completed, store.ProcessingWithErrors, "1 of 10 files failed"},
		{10, 2, store.Failed, store.ProcessingFailed, "2 of 10 files failed"},
		{2, 1, store.Failed, store.ProcessingFailed, "1 of 2 files failed"},
		{19, 2, store.Failed, store.ProcessingFailed, "2 of 19 files failed"}, // 89.5 %
		{1, 1, store.Failed, store.ProcessingFailed, "1 of 1 files failed"},
	}
	for _, tt := range tests {
		w := flow(e.ws, "temporary", nil, nil)
		w.OnDemand = true
		e.tx(func(tx store.Tx) error { return tx.CreateWorkflow(e.ctx, w) })
		j := e.job(jobSpec{files: tt.files, onDemand: true, workflow: w.ID})
		for i := range tt.files {
			f := e.claimNext(j.ID, 4)
			if err := e.end(f, store.FileEnd{Done: 1, Failed: i < tt.failed, Outcome: "corrupt", Error: "bad"}, 4); err != nil {
				e.Fatal(err)
			}
		}
		got, err := e.finish(j.ID)
		if err != nil || got.Status != tt.status || got.Processing != tt.processing || got.Message != tt.message {
			e.Errorf("%d of %d failed: %s, %s, %q, %v", tt.failed, tt.files, got.Status, got.Processing, got.Message, err)
		}
		_, err = ask(e, func(r store.Reader) (store.Workflow, error) { return r.Workflow(e.ctx, e.ws, w.ID) })
		e.want("the temporary workflow", err, store.ErrNotFound)
	}
}

func testOnDemandLimit(e *env) {
	var jobs []string
	for i := range 4 {
		j := e.job(jobSpec{onDemand: true, files: 2, prefix: fmt.Sprint(i)})
		jobs = append(jobs, j.ID)
	}
	start := func(limit int) {
		e.tx(func(tx store.Tx) error { return tx.StartOnDemand(e.ctx, e.ws, limit, 4) })
	}
	started := func() (n []int) {
		for i, j := range jobs {
			if len(e.files(j, store.Queued, store.Running)) > 0 {
				n = append(n, i)
			}
		}
		return n
	}
	running := func() int {
		return get(e, func(r store.Reader) (int, error) { return r.RunningOnDemand(e.ctx, e.ws) })
	}
	start(2)
	start(2) // no more, though no worker has taken a file
	same(e, "the oldest two", started(), []int{0, 1})
	same(e, "running before a claim", running(), 0)
	for range 2 {
		f := e.claimNext(jobs[0], 4)
		same(e, "running", running(), 1)
		if err := e.end(f, store.FileEnd{Done: 1}, 4); err != nil {
			e.Fatal(err)
		}
	}
	if _, err := e.finish(jobs[0]); err != nil {
		e.Fatal(err)
	}
	start(2)
	same(e, "the next", started(), []int{1, 2})
	e.tx(func(tx store.Tx) error { return tx.StartOnDemand(e.ctx, e.other, 0, 4) })
	same(e, "from another workspace", started(), []int{1, 2})
	start(0)
	same(e, "without a limit", started(), []int{1, 2, 3})
}

func testExpired(e *env) {
	old, young := e.job(jobSpec{files: 1, prefix: "a"}), e.job(jobSpec{files: 1, prefix: "b"})
	drop := func(ws, job string) error {
		return e.try(func(tx store.Tx) error { return tx.DropOutputs(e.ctx, ws, job) })
	}
	e.want("of an open job", drop(e.ws, old.ID), store.ErrConflict)
	e.tx(func(tx store.Tx) error {
		if _, err := tx.CancelJob(e.ctx, e.ws, old.ID, now().Add(-48*time.Hour)); err != nil {
			return err
		}
		_, err := tx.CancelJob(e.ctx, e.ws, young.ID, now())
		return err
	})
	expired := func() (ids []string) {
		for _, j := range get(e, func(r store.Reader) ([]store.Job, error) { return r.ExpiredJobs(e.ctx, now().Add(-24*time.Hour), 10) }) {
			ids = append(ids, j.ID)
		}
		return ids
	}
	same(e, "expired", expired(), []string{old.ID})
	if err := drop(e.ws, old.ID); err != nil {
		e.Fatal(err)
	}
	same(e, "dropped", e.getJob(old.ID).OutputsDropped, true)
	same(e, "expired after the drop", expired(), nil)
}

func isGone(err error) bool { return errors.Is(err, store.ErrGone) }
