// Package storetest holds the conformance suite and the benchmarks that every store passes.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

// Opener opens a new, empty store, closed with the test.
type Opener func(tb testing.TB) store.Store

// env is a store with two workspaces; everything a test does in one must not be seen from the other.
type env struct {
	testing.TB
	store.Store
	ctx   context.Context
	ws    string
	other string
}

func setup(tb testing.TB, open Opener) *env {
	tb.Helper()
	e := &env{TB: tb, Store: open(tb), ctx: context.Background(), ws: uuid.NewString(), other: uuid.NewString()}
	e.tx(func(tx store.Tx) error {
		for i, id := range []string{e.ws, e.other} {
			if err := tx.CreateWorkspace(e.ctx, store.Workspace{ID: id, Name: fmt.Sprintf("w%d-%s", i, id), CreatedAt: now()}); err != nil {
				return err
			}
		}
		return nil
	})
	return e
}

// now is the time as rows keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// tx runs fn in a transaction that must succeed.
func (e *env) tx(fn func(store.Tx) error) {
	e.Helper()
	if err := e.InTx(e.ctx, fn); err != nil {
		e.Fatalf("transaction: %v", err)
	}
}

// view runs fn on a snapshot.
func (e *env) view(fn func(store.Reader) error) {
	e.Helper()
	if err := e.View(e.ctx, fn); err != nil {
		e.Fatalf("view: %v", err)
	}
}

// nodes makes a workflow of n nodes.
func nodes(n int) []workflow.Node {
	out := make([]workflow.Node, n)
	for i := range out {
		out[i] = workflow.Node{ID: uuid.NewString(), Name: fmt.Sprintf("node %d", i), Type: workflow.KindPartition,
			Subtype: "fast", Settings: map[string]any{"strategy": "fast"}}
	}
	return out
}

// jobSpec is what a test wants of a job.
type jobSpec struct {
	onDemand     bool
	nodes        int
	files        int
	sources      int
	destinations int
	workflow     string
	prefix       string // of the identifiers
}

// job makes a job with its backlog.
func (e *env) job(s jobSpec) store.Job {
	e.Helper()
	if s.nodes == 0 {
		s.nodes = 1
	}
	j := store.Job{ID: uuid.NewString(), Workspace: e.ws, WorkflowID: s.workflow, WorkflowName: "test", Type: "ephemeral",
		OnDemand: s.onDemand, Nodes: nodes(s.nodes), CreatedAt: now(), KeepOutputs: "all"}
	var plans []store.Plan
	for range s.sources {
		id := uuid.NewString()
		j.Sources = append(j.Sources, id)
		plans = append(plans, store.Plan{ID: uuid.NewString(), Job: j.ID, Source: id})
	}
	for range s.destinations {
		j.Destinations = append(j.Destinations, uuid.NewString())
	}
	e.tx(func(tx store.Tx) error {
		if err := tx.CreateJob(e.ctx, j, plans); err != nil {
			return err
		}
		_, err := tx.AddFiles(e.ctx, e.ws, j.ID, files(s.prefix, 0, s.files), "", "")
		return err
	})
	return e.getJob(j.ID)
}

func (e *env) getJob(id string) (j store.Job) {
	e.Helper()
	e.view(func(r store.Reader) (err error) {
		j, err = r.Job(e.ctx, e.ws, id)
		return err
	})
	return j
}

// files makes n file rows.
func files(prefix string, from, n int) []store.File {
	out := make([]store.File, n)
	for i := range out {
		out[i] = store.File{ID: uuid.NewString(), Identifier: fmt.Sprintf("%sfile-%06d.txt", prefix, from+i), Name: "file.txt",
			ContentType: "text/plain", Size: 1000, Document: []byte(`{"identifier":"x"}`)}
	}
	return out
}
