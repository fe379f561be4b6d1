package storetest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

func testWorkspaces(e *env) {
	w := store.Workspace{ID: id(), Name: "third", CreatedAt: now()}
	e.tx(func(tx store.Tx) error { return tx.CreateWorkspace(e.ctx, w) })
	e.want("a second of the same name", e.try(func(tx store.Tx) error {
		return tx.CreateWorkspace(e.ctx, store.Workspace{ID: id(), Name: "third"})
	}), store.ErrConflict)
	same(e, "by id", get(e, func(r store.Reader) (store.Workspace, error) { return r.Workspace(e.ctx, w.ID) }), w)
	same(e, "by name", get(e, func(r store.Reader) (store.Workspace, error) { return r.WorkspaceByName(e.ctx, "third") }), w)
	all := get(e, func(r store.Reader) ([]store.Workspace, error) { return r.Workspaces(e.ctx) })
	if len(all) != 3 || all[0].Name != "third" {
		e.Errorf("all: %+v", all)
	}
	_, err := ask(e, func(r store.Reader) (store.Workspace, error) { return r.Workspace(e.ctx, id()) })
	e.want("unknown id", err, store.ErrNotFound)
	_, err = ask(e, func(r store.Reader) (store.Workspace, error) { return r.WorkspaceByName(e.ctx, "none") })
	e.want("unknown name", err, store.ErrNotFound)
}

func testDeleteWorkspace(e *env) {
	e.tx(func(tx store.Tx) error {
		if err := tx.CreateConnector(e.ctx, connector(e.ws, store.SideSource, "s3")); err != nil {
			return err
		}
		return tx.CreateKey(e.ctx, store.Key{ID: id(), Workspace: e.ws, Name: "k", Hash: id(), CreatedAt: now()})
	})
	j := e.job(jobSpec{files: 3, destinations: 1})
	del := func() error {
		return e.try(func(tx store.Tx) error { return tx.DeleteWorkspace(e.ctx, e.ws) })
	}
	e.want("with an open job", del(), store.ErrConflict)
	f := e.claimNext(j.ID, 4)
	e.tx(func(tx store.Tx) error { return tx.EndFile(e.ctx, f, store.FileEnd{Done: 1}, nil, 4) })
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, j.ID, now())
		return err
	})
	if err := del(); err != nil {
		e.Fatal(err)
	}
	e.want("a second time", del(), store.ErrNotFound)
	_, err := ask(e, func(r store.Reader) (store.Job, error) { return r.Job(e.ctx, e.ws, j.ID) })
	e.want("its job", err, store.ErrNotFound)
	same(e, "its keys", len(get(e, func(r store.Reader) ([]store.Key, error) { return r.Keys(e.ctx, e.ws) })), 0)
	if _, err := ask(e, func(r store.Reader) (store.Workspace, error) { return r.Workspace(e.ctx, e.other) }); err != nil {
		e.Errorf("the other workspace: %v", err)
	}
}

func testKeys(e *env) {
	k := store.Key{ID: id(), Workspace: e.ws, Name: "ci", Role: "admin", Hash: "hash-1", Hint: "slk_12", CreatedAt: now()}
	e.tx(func(tx store.Tx) error { return tx.CreateKey(e.ctx, k) })
	same(e, "by hash", get(e, func(r store.Reader) (store.Key, error) { return r.KeyByHash(e.ctx, "hash-1") }), k)
	again := store.Key{ID: id(), Workspace: e.ws, Name: "ci", Hash: "hash-2", CreatedAt: now()}
	e.want("the same name", e.try(func(tx store.Tx) error { return tx.CreateKey(e.ctx, again) }), store.ErrConflict)
	e.want("no workspace", e.try(func(tx store.Tx) error {
		return tx.CreateKey(e.ctx, store.Key{ID: id(), Workspace: id(), Name: "x", Hash: "h"})
	}), store.ErrNotFound)
	e.want("revoke from another workspace", e.try(func(tx store.Tx) error { return tx.RevokeKey(e.ctx, e.other, "ci") }), store.ErrNotFound)
	e.tx(func(tx store.Tx) error { return tx.RevokeKey(e.ctx, e.ws, "ci") })
	e.want("revoke again", e.try(func(tx store.Tx) error { return tx.RevokeKey(e.ctx, e.ws, "ci") }), store.ErrNotFound)
	_, err := ask(e, func(r store.Reader) (store.Key, error) { return r.KeyByHash(e.ctx, "hash-1") })
	e.want("revoked", err, store.ErrNotFound)
	e.tx(func(tx store.Tx) error { return tx.CreateKey(e.ctx, again) })
	if all := get(e, func(r store.Reader) ([]store.Key, error) { return r.Keys(e.ctx, e.ws) }); len(all) != 2 ||
		all[0].RevokedAt.IsZero() || !all[1].RevokedAt.IsZero() {
		e.Errorf("keys: %+v", all)
	}
	same(e, "keys of the other", len(get(e, func(r store.Reader) ([]store.Key, error) { return r.Keys(e.ctx, e.other) })), 0)
	same(e, "all keys", len(get(e, func(r store.Reader) ([]store.Key, error) { return r.Keys(e.ctx, "") })), 2)
}

func testMeta(e *env) {
	read := func() string { return get(e, func(r store.Reader) (string, error) { return r.Meta(e.ctx, "keyset") }) }
	same(e, "absent", read(), "")
	for _, v := range []string{"one", "two"} {
		e.tx(func(tx store.Tx) error { return tx.SetMeta(e.ctx, "keyset", v) })
		same(e, "stored", read(), v)
	}
}

func testLaunch(e *env) {
	at, gap := now(), time.Second
	launch := func(key string, at time.Time) (wait time.Duration) {
		e.tx(func(tx store.Tx) (err error) {
			wait, err = tx.Launch(e.ctx, key, at, gap)
			return err
		})
		return wait
	}
	steps := []struct {
		key   string
		after time.Duration
		want  time.Duration
	}{
		{"a", 0, 0},
		{"a", 300 * time.Millisecond, 700 * time.Millisecond},
		{"b", 300 * time.Millisecond, 0},
		{"a", 999 * time.Millisecond, time.Millisecond},
		{"a", time.Second, 0}, // a refused launch did not move the clock
		{"a", 1500 * time.Millisecond, 500 * time.Millisecond},
		{"a", -time.Hour, gap}, // a clock set back locks nobody out
	}
	for i, s := range steps {
		same(e, fmt.Sprintf("step %d", i), launch(s.key, at.Add(s.after)), s.want)
	}
}

func connector(ws string, side store.Side, kind string) store.Connector {
	t := now()
	return store.Connector{ID: id(), Workspace: ws, Side: side, Name: "c", Type: kind,
		Config: json.RawMessage(`{"b": 1, "a": "x"}`), CreatedAt: t, UpdatedAt: t}
}

func testConnectors(e *env) {
	all := []store.Connector{connector(e.ws, store.SideSource, "google_drive"), connector(e.ws, store.SideSource, "s3"),
		connector(e.ws, store.SideDestination, "s3"), connector(e.other, store.SideSource, "s3")}
	for i := range all {
		all[i].CreatedAt = all[i].CreatedAt.Add(time.Duration(i) * time.Millisecond)
		e.tx(func(tx store.Tx) error { return tx.CreateConnector(e.ctx, all[i]) })
	}
	find := func(side store.Side, kind string) []store.Connector {
		return get(e, func(r store.Reader) ([]store.Connector, error) { return r.Connectors(e.ctx, e.ws, side, kind) })
	}
	same(e, "sources", find(store.SideSource, ""), all[:2])
	same(e, "destinations", find(store.SideDestination, ""), all[2:3])
	for _, kind := range []string{"google_drive", "Google-Drive", "GOOGLE_drive"} {
		same(e, kind, find(store.SideSource, kind), all[:1])
	}
	same(e, "unknown type", len(find(store.SideSource, "none")), 0)

	c := all[1]
	c.Config, c.UpdatedAt = json.RawMessage(`{"a":2}`), now()
	e.tx(func(tx store.Tx) error { return tx.UpdateConnector(e.ctx, c) })
	same(e, "updated", get(e, func(r store.Reader) (store.Connector, error) {
		return r.Connector(e.ctx, e.ws, store.SideSource, c.ID)
	}), c)
	_, err := ask(e, func(r store.Reader) (store.Connector, error) {
		return r.Connector(e.ctx, e.ws, store.SideDestination, c.ID)
	})
	e.want("on the other side", err, store.ErrNotFound)
}

func testDeleteConnector(e *env) {
	src, src2, dst := connector(e.ws, store.SideSource, "s3"), connector(e.ws, store.SideSource, "s3"), connector(e.ws, store.SideDestination, "s3")
	one := flow(e.ws, "one", []string{src.ID}, []string{dst.ID})
	both := flow(e.ws, "both", []string{src.ID, src2.ID}, nil)
	one.Schedule, both.Schedule = "0 * * * *", "0 * * * *"
	due := now().Add(-time.Minute)
	e.tx(func(tx store.Tx) error {
		for _, c := range []store.Connector{src, src2, dst} {
			if err := tx.CreateConnector(e.ctx, c); err != nil {
				return err
			}
		}
		for _, w := range []store.Workflow{one, both} {
			if err := tx.CreateWorkflow(e.ctx, w); err != nil {
				return err
			}
			if err := tx.SetSchedule(e.ctx, e.ws, w.ID, w.Schedule, due); err != nil {
				return err
			}
		}
		return tx.CreateCheck(e.ctx, store.Check{ID: id(), Workspace: e.ws, Connector: src.ID, Side: src.Side, Status: store.CheckScheduled, CreatedAt: now()})
	})
	del := func(c store.Connector) error {
		return e.try(func(tx store.Tx) error { return tx.DeleteConnector(e.ctx, e.ws, c.Side, c.ID) })
	}
	if err := del(src); err != nil {
		e.Fatal(err)
	}
	e.want("again", del(src), store.ErrNotFound)
	if err := del(dst); err != nil {
		e.Fatal(err)
	}
	got := get(e, func(r store.Reader) (store.Workflow, error) { return r.Workflow(e.ctx, e.ws, one.ID) })
	if len(got.Sources) != 0 || len(got.Destinations) != 0 || got.Schedule != "" {
		e.Errorf("the workflow that lost its source: %+v", got)
	}
	got = get(e, func(r store.Reader) (store.Workflow, error) { return r.Workflow(e.ctx, e.ws, both.ID) })
	same(e, "sources left", got.Sources, []string{src2.ID})
	schedules := get(e, func(r store.Reader) ([]store.Schedule, error) { return r.DueSchedules(e.ctx, now()) })
	if len(schedules) != 1 || schedules[0].Workflow != both.ID {
		e.Errorf("schedules: %+v", schedules)
	}
	_, err := ask(e, func(r store.Reader) (store.Check, error) { return r.LatestCheck(e.ctx, e.ws, src.Side, src.ID) })
	e.want("its check", err, store.ErrNotFound)
}

func testChecks(e *env) {
	c := connector(e.ws, store.SideDestination, "s3")
	check := store.Check{ID: id(), Workspace: e.ws, Connector: c.ID, Side: c.Side, Status: store.CheckScheduled, CreatedAt: now()}
	e.want("without the connector", e.try(func(tx store.Tx) error { return tx.CreateCheck(e.ctx, check) }), store.ErrNotFound)
	e.tx(func(tx store.Tx) error { return tx.CreateConnector(e.ctx, c) })
	e.tx(func(tx store.Tx) error { return tx.CreateCheck(e.ctx, check) })
	latest := func() store.Check {
		return get(e, func(r store.Reader) (store.Check, error) { return r.LatestCheck(e.ctx, e.ws, c.Side, c.ID) })
	}
	same(e, "scheduled", latest(), check)
	end := func(ws, id string, s store.CheckStatus) error {
		return e.try(func(tx store.Tx) error {
			return tx.EndCheck(e.ctx, ws, id, s, "no route", check.CreatedAt.Add(time.Second))
		})
	}
	e.want("from another workspace", end(e.other, check.ID, store.CheckSuccess), store.ErrNotFound)
	if err := end(e.ws, check.ID, store.CheckFailure); err != nil {
		e.Fatal(err)
	}
	e.want("twice", end(e.ws, check.ID, store.CheckSuccess), store.ErrGone)
	check.Status, check.Reason, check.ReportedAt = store.CheckFailure, "no route", check.CreatedAt.Add(time.Second)
	same(e, "ended", latest(), check)
	second := store.Check{ID: id(), Workspace: e.ws, Connector: c.ID, Side: c.Side, Status: store.CheckScheduled, CreatedAt: check.CreatedAt.Add(time.Minute)}
	e.tx(func(tx store.Tx) error { return tx.CreateCheck(e.ctx, second) })
	same(e, "newest", latest(), second)
}

func flow(ws, name string, sources, destinations []string) store.Workflow {
	t := now()
	return store.Workflow{Workflow: workflow.Workflow{ID: id(), Name: name, Sources: sources, Destinations: destinations,
		Type: workflow.Custom, Nodes: nodes(2), Status: workflow.Active, CreatedAt: t, UpdatedAt: t}, Workspace: ws}
}

func testWorkflows(e *env) {
	w := flow(e.ws, "Täglich", []string{"s1", "s2"}, []string{"d1"})
	w.Schedule, w.ReprocessAll = "0 0 * * *", true
	e.tx(func(tx store.Tx) error { return tx.CreateWorkflow(e.ctx, w) })
	read := func() (store.Workflow, error) {
		return ask(e, func(r store.Reader) (store.Workflow, error) { return r.Workflow(e.ctx, w.Workspace, w.ID) })
	}
	got, err := read()
	if err != nil {
		e.Fatal(err)
	}
	same(e, "created", got, w)
	w.Name, w.Sources, w.Destinations, w.Nodes, w.Status = "new", nil, []string{"d2"}, nodes(1), workflow.Inactive
	w.UpdatedAt = now()
	e.tx(func(tx store.Tx) error { return tx.UpdateWorkflow(e.ctx, w) })
	got, _ = read()
	got.Sources = nil // an empty list may come back as such
	same(e, "updated", got, w)
	e.tx(func(tx store.Tx) error { return tx.DeleteWorkflow(e.ctx, e.ws, w.ID, now()) })
	_, err = read()
	e.want("deleted", err, store.ErrNotFound)
	e.want("delete again", e.try(func(tx store.Tx) error { return tx.DeleteWorkflow(e.ctx, e.ws, w.ID, now()) }), store.ErrNotFound)
	e.want("update deleted", e.try(func(tx store.Tx) error { return tx.UpdateWorkflow(e.ctx, w) }), store.ErrNotFound)
	deleted := get(e, func(r store.Reader) ([]store.Workflow, error) {
		return r.Workflows(e.ctx, e.ws, store.WorkflowFilter{Deleted: true})
	})
	if len(deleted) != 1 || deleted[0].ID != w.ID || deleted[0].DeletedAt.IsZero() {
		e.Errorf("deleted ones: %+v", deleted)
	}
}

func testWorkflowLists(e *env) {
	base := now()
	all := []store.Workflow{
		flow(e.ws, "Beta 100%", []string{"s1"}, []string{"d1"}),
		flow(e.ws, "alpha", []string{"s1", "s2"}, nil),
		flow(e.ws, "Gamma_x", nil, []string{"d1"}),
		flow(e.ws, "temporary", []string{"s1"}, nil),
		flow(e.other, "foreign", []string{"s1"}, []string{"d1"}),
	}
	all[1].Status = workflow.Inactive
	all[3].OnDemand = true
	for i := range all {
		all[i].CreatedAt = base.Add(time.Duration(i) * time.Second)
		e.tx(func(tx store.Tx) error { return tx.CreateWorkflow(e.ctx, all[i]) })
	}
	tests := []struct {
		name   string
		filter store.WorkflowFilter
		want   []int
	}{
		{"all by creation", store.WorkflowFilter{}, []int{0, 1, 2}},
		{"source", store.WorkflowFilter{Source: "s1"}, []int{0, 1}},
		{"a source is no destination", store.WorkflowFilter{Destination: "s1"}, nil},
		{"destination", store.WorkflowFilter{Destination: "d1"}, []int{0, 2}},
		{"status", store.WorkflowFilter{Status: workflow.Inactive}, []int{1}},
		{"name without case", store.WorkflowFilter{Name: "ALPH"}, []int{1}},
		{"name with %", store.WorkflowFilter{Name: "0%"}, []int{0}},
		{"name with _", store.WorkflowFilter{Name: "a_x"}, []int{2}},
		{"_ is no joker", store.WorkflowFilter{Name: "b_t"}, nil},
		{"since", store.WorkflowFilter{CreatedSince: base.Add(time.Second)}, []int{1, 2}},
		{"before", store.WorkflowFilter{CreatedBefore: base.Add(time.Second)}, []int{0}},
		{"contains a node", store.WorkflowFilter{Contains: all[2].Nodes[1].ID}, []int{2}},
		{"contains a connector", store.WorkflowFilter{Contains: "s2"}, []int{1}},
		{"by name", store.WorkflowFilter{SortBy: "name"}, []int{1, 0, 2}},
		{"by name descending", store.WorkflowFilter{SortBy: "name", Descending: true}, []int{2, 0, 1}},
		{"by status", store.WorkflowFilter{SortBy: "status", Descending: true, Limit: 1}, []int{1}},
		{"page", store.WorkflowFilter{Limit: 1, Offset: 1}, []int{1}},
		{"offset alone", store.WorkflowFilter{Offset: 1}, []int{1, 2}},
	}
	for _, tt := range tests {
		got := get(e, func(r store.Reader) ([]store.Workflow, error) { return r.Workflows(e.ctx, e.ws, tt.filter) })
		var names, want []string
		for _, w := range got {
			names = append(names, w.Name)
		}
		for _, i := range tt.want {
			want = append(want, all[i].Name)
		}
		same(e, tt.name, names, want)
	}
	if _, err := ask(e, func(r store.Reader) (store.Workflow, error) { return r.Workflow(e.ctx, e.ws, all[3].ID) }); err != nil {
		e.Errorf("a temporary workflow by id: %v", err)
	}
}

func testSchedules(e *env) {
	w := flow(e.ws, "w", []string{"s"}, nil)
	base := now()
	e.tx(func(tx store.Tx) error { return tx.CreateWorkflow(e.ctx, w) })
	set := func(ws string, next time.Time) error {
		return e.try(func(tx store.Tx) error { return tx.SetSchedule(e.ctx, ws, w.ID, "* * * * *", next) })
	}
	e.want("from another workspace", set(e.other, base), store.ErrNotFound)
	if err := set(e.ws, base); err != nil {
		e.Fatal(err)
	}
	due := func(at time.Time) []store.Schedule {
		return get(e, func(r store.Reader) ([]store.Schedule, error) { return r.DueSchedules(e.ctx, at) })
	}
	same(e, "before its time", len(due(base.Add(-time.Microsecond))), 0)
	s := due(base)
	same(e, "at its time", s, []store.Schedule{{Workspace: e.ws, Workflow: w.ID, Cron: "* * * * *", NextAt: base}})

	const nodes = 8
	results := make(chan error, nodes)
	for range nodes {
		go func() {
			results <- e.InTx(e.ctx, func(tx store.Tx) error { return tx.AdvanceSchedule(e.ctx, s[0], base.Add(time.Minute)) })
		}()
	}
	won := 0
	for range nodes {
		if err := <-results; err == nil {
			won++
		} else {
			e.want("a loser", err, store.ErrGone)
		}
	}
	same(e, "winners", won, 1)
	same(e, "due after the move", len(due(base)), 0)
	e.tx(func(tx store.Tx) error { return tx.DeleteWorkflow(e.ctx, e.ws, w.ID, now()) })
	same(e, "due after the workflow's end", len(due(base.Add(time.Hour))), 0)
}

func testVersions(e *env) {
	read := func(ws, wf, src, ident string) string {
		return get(e, func(r store.Reader) (string, error) { return r.Version(e.ctx, ws, wf, src, ident) })
	}
	e.tx(func(tx store.Tx) error {
		if err := tx.SetVersion(e.ctx, e.ws, "w", "s", "a.txt", "1"); err != nil {
			return err
		}
		return tx.SetVersion(e.ctx, e.ws, "w", "s", "a.txt", "2")
	})
	same(e, "stored", read(e.ws, "w", "s", "a.txt"), "2")
	same(e, "other workspace", read(e.other, "w", "s", "a.txt"), "")
	same(e, "other source", read(e.ws, "w", "t", "a.txt"), "")

	j := e.job(jobSpec{workflow: "w"})
	ends := []struct {
		ident  string
		failed bool
		want   string
	}{{"good", false, "v7"}, {"bad", true, ""}}
	for _, end := range ends {
		e.tx(func(tx store.Tx) error {
			f := files("", 0, 1)
			f[0].Source, f[0].Identifier, f[0].Version = "s", end.ident, "v7"
			_, err := tx.AddFiles(e.ctx, e.ws, j.ID, f, "", "")
			return err
		})
		f := e.claimNext(j.ID, 4)
		e.tx(func(tx store.Tx) error {
			return tx.EndFile(e.ctx, f, store.FileEnd{Failed: end.failed, Done: 1, Outcome: "error"}, nil, 4)
		})
		same(e, end.ident, read(e.ws, "w", "s", end.ident), end.want)
	}
}
