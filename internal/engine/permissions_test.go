package engine_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
)

// viewers is a destination that remembers who may see the elements of a document, and the parts that they were made of.
type viewers struct {
	connector.Destination
	mu   sync.Mutex
	seen map[string][]string // by record id
}

var views sync.Map

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "test-viewers", NewDestination: func(config map[string]any, _ connector.Env) (connector.Destination, error) {
		v, _ := views.Load(config["name"])
		return v.(*viewers), nil
	}})
}

func (v *viewers) Replace(_ context.Context, d document.Document, elements iter.Seq2[element.Element, error]) error {
	var seen []string
	for e, err := range elements {
		if err != nil {
			return err
		}
		all, err := e.Metadata.Originals()
		if err != nil {
			return err
		}
		for _, part := range append(all, e) {
			s := part.Metadata.DataSource
			seen = append(seen, fmt.Sprint(s.PermissionsData, s.PermissionsVersion == connector.PermissionsVersion(s.PermissionsData), s.Version, e.Text))
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen[connector.RecordID(d)] = seen
	return nil
}

func (v *viewers) Close() error { return nil }

// may makes permissions as a source lists them.
func may(user string) []map[string]any {
	return []map[string]any{{"read": map[string]any{"users": []any{user}, "groups": []any{}}}}
}

// TestPermissionsChange changes who may see a document: it is written again, without being read or parsed where the outputs of the
// job before are kept.
func TestPermissionsChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keep  engine.Keep
		again int64 // documents that are read for permissions alone
	}{
		"all": {engine.Keep{Remote: engine.KeepAll}, 0}, "last": {engine.Keep{Remote: engine.KeepLast}, 0},
		"failed": {engine.Keep{Remote: engine.KeepFailed}, 1}, "auto": {engine.Keep{Remote: engine.KeepFailed, Access: true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again := c.again
			b := newBench(t, func(s *setup) { s.config.Keep = c.keep })
			s, source := newShelf(b)
			v := &viewers{seen: map[string][]string{}}
			name := uuid.NewString()
			views.Store(name, v)
			destination := b.connector(store.SideDestination, "test-viewers", map[string]any{"name": name})
			w := b.flow(func(w *store.Workflow) {
				w.Nodes = nodes(b, "chunk_by_title")
				w.Nodes[1].Settings["include_orig_elements"] = true
				w.Sources, w.Destinations = []string{source}, []string{destination}
			})
			var fetched atomic.Int64
			s.fetched = func(string) { fetched.Add(1) }
			run := func(what, version, user string, files int, fetches int64) {
				t.Helper()
				s.mu.Lock()
				s.docs["a.txt"] = document.Document{Version: version, Permissions: may(user)}
				s.mu.Unlock()
				fetched.Store(0)
				j := b.run(w)
				if j.Status != store.Completed || j.Total != files || fetched.Load() != fetches {
					t.Errorf("%s: %d files, %d fetched, want %d and %d: %+v", what, j.Total, fetched.Load(), files, fetches, j)
				}
				b.statsAddUp(j.ID)
				text := textOf("a.txt", version)
				one := fmt.Sprint(may(user), true, version, text)
				equal(t, what, v.seen["a.txt"], []string{one, one})
			}
			run("first", "1", "u1", 1, 1)
			run("nothing changed", "1", "u1", 0, 0)
			run("permissions", "1", "u2", 1, again)
			run("permissions again", "1", "u3", 1, again)
			run("nothing changed since", "1", "u3", 0, 0)
			run("both", "2", "u4", 1, 1)
			run("back", "2", "u1", 1, again)
			w.Nodes = nodes(b, "chunk_by_character")
			w.Nodes[1].Settings["include_orig_elements"] = true
			must(t, b.db.InTx(b.Context(), func(tx store.Tx) error { return tx.UpdateWorkflow(b.Context(), w) }))
			run("permissions, and other nodes", "2", "u2", 1, 1)
			w.ReprocessAll = true
			must(t, b.db.InTx(b.Context(), func(tx store.Tx) error { return tx.UpdateWorkflow(b.Context(), w) }))
			run("reprocess_all", "2", "u3", 1, 1)
		})
	}
}
