package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
)

// counted lists documents 1 to n-1 of version 1.
type counted struct{ n int }

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: "test-counted", NewSource: func(config map[string]any, _ connector.Env) (connector.Source, error) {
		n, _ := config["n"].(int64)
		return &counted{int(n)}, nil
	}})
}

func countedID(i int) string { return fmt.Sprintf("bucket/folder/document-%08d.pdf", i) }

func (c *counted) Check(context.Context) error { return nil }
func (c *counted) Close() error                { return nil }

func (c *counted) Index(_ context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		for i := 1; i < c.n; i++ {
			id := countedID(i)
			if id > string(from) && !yield(document.Document{Identifier: id, Name: id, Path: id, Version: "1", Cursor: id}, nil) {
				return
			}
		}
	}
}

func (c *counted) Fetch(context.Context, document.Document) (document.File, error) {
	return document.NewFile("x.txt", "", int64(len(memo)), strings.NewReader(memo)), nil
}

// BenchmarkUnchanged measures a run over documents that the workflow knows, of which one has left the source: the
// listing, the marks and the search for what is gone. BenchmarkDryRun is the same without the marks.
func BenchmarkUnchanged(b *testing.B) {
	e, w := knowing(b)
	for b.Loop() {
		j, err := e.e.RunWorkflow(b.Context(), e.workspace, w.ID, nil)
		must(b, err)
		for j.Status == store.Scheduled || j.Status == store.InProgress {
			time.Sleep(5 * time.Millisecond)
			j = e.job(j.ID)
		}
		if j.Total != 0 || j.Processing != store.ProcessingSuccess {
			b.Fatalf("%+v", j)
		}
	}
	b.ReportMetric(float64(knownDocuments)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkDryRun(b *testing.B) {
	e, w := knowing(b)
	for b.Loop() {
		sum, err := e.e.DryRun(b.Context(), e.workspace, w.ID, func(engine.Change) error { return nil })
		must(b, err)
		if sum.Unchanged != knownDocuments-1 || sum.Removed != 1 {
			b.Fatalf("%+v", sum)
		}
	}
	b.ReportMetric(float64(knownDocuments)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

const knownDocuments = 200_000

// knowing makes a workflow that knows documents.
func knowing(b *testing.B) (*bench, store.Workflow) {
	e := newBench(b)
	source := e.connector(store.SideSource, "test-counted", map[string]any{"n": knownDocuments})
	_, destination := newRack(e)
	w := e.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.DeleteRemoved = []string{source}, []string{destination}, true
	})
	j := store.Job{ID: uuid.NewString(), Workspace: e.workspace, WorkflowID: w.ID, CreatedAt: w.CreatedAt}
	for at := 0; at < knownDocuments; at += 10_000 {
		must(b, e.db.InTx(b.Context(), func(tx store.Tx) error {
			var all []store.Known
			for i := at; i < at+10_000; i++ {
				text, err := json.Marshal(document.Document{Identifier: countedID(i), Name: countedID(i), Path: countedID(i)})
				must(b, err)
				all = append(all, store.Known{Identifier: countedID(i), Version: "1", Document: text, Held: w.Destinations})
			}
			return tx.Learn(b.Context(), j, source, all)
		}))
	}
	return e, w
}
