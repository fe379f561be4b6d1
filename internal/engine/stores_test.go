package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	_ "github.com/sluicehq/sluice/connector/all"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/testserver/azuresearch"
	"github.com/sluicehq/sluice/internal/testserver/chroma"
	"github.com/sluicehq/sluice/internal/testserver/milvus"
	"github.com/sluicehq/sluice/internal/testserver/pinecone"
	"github.com/sluicehq/sluice/internal/testserver/qdrant"
	"github.com/sluicehq/sluice/internal/testserver/redis"
	"github.com/sluicehq/sluice/internal/testserver/weaviate"
	"github.com/sluicehq/sluice/model/words"
	"github.com/sluicehq/sluice/workflow"
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "test-pinecone",
		NewDestination: func(config map[string]any, env connector.Env) (connector.Destination, error) {
			url, _ := config["test_server"].(string)
			env.HTTP = pinecone.Client(url)
			return connector.OpenDestination("pinecone", config, env)
		}})
}

// vectorStore is a destination that goes away.
type vectorStore struct {
	kind   string
	config map[string]any
	away   func(bool)
	read   func() []written
}

// written is one record.
type written struct{ document, text string }

// vectorStores are those of the vector stores; each starts a server of its own.
func vectorStores() map[string]func(t *testing.T) vectorStore {
	const dim = words.Dimension
	text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
	return map[string]func(t *testing.T) vectorStore{
		"qdrant-cloud": func(t *testing.T) vectorStore {
			s := qdrant.Start(t)
			s.Create("docs", dim, qdrant.Options{})
			return vectorStore{config: map[string]any{"url": s.URL, "api_key": qdrant.Key, "collection_name": "docs"}, away: s.Away, read: func() (out []written) {
				for _, p := range s.Points("docs") {
					out = append(out, written{text(p.Payload, "record_id"), text(p.Payload, "text")})
				}
				return out
			}}
		},
		"pinecone": func(t *testing.T) vectorStore {
			s := pinecone.Start(t)
			s.Create("docs", dim, false)
			return vectorStore{kind: "test-pinecone", config: map[string]any{"api_key": pinecone.Key, "index_name": "docs", "test_server": s.URL}, away: s.Away, read: func() (out []written) {
				for _, r := range s.Records("docs", "") {
					out = append(out, written{text(r.Metadata, "record_id"), text(r.Metadata, "text")})
				}
				return out
			}}
		},
		"azure_ai_search": func(t *testing.T) vectorStore {
			s := azuresearch.Start(t)
			s.Create("docs", azuresearch.Field{Name: "id", Type: "Edm.String", Key: true, Filterable: true, Sortable: true}, azuresearch.Field{Name: "record_id", Type: "Edm.String", Filterable: true},
				azuresearch.Field{Name: "text", Type: "Edm.String"}, azuresearch.Field{Name: "embeddings", Type: "Collection(Edm.Single)", Dimensions: dim})
			return vectorStore{config: map[string]any{"endpoint": s.URL, "key": azuresearch.Key, "index": "docs"}, away: s.Away, read: func() (out []written) {
				for _, d := range s.Documents("docs") {
					out = append(out, written{text(d, "record_id"), text(d, "text")})
				}
				return out
			}}
		},
		"weaviate-cloud": func(t *testing.T) vectorStore {
			s := weaviate.StartFake(t)
			s.Create(t, "Docs", nil)
			return vectorStore{config: map[string]any{"cluster_url": s.URL, "api_key": weaviate.Key, "collection": "Docs"}, away: s.Away, read: func() (out []written) {
				for _, o := range s.Objects(t, "Docs") {
					out = append(out, written{text(o.Properties, "record_id"), text(o.Properties, "text")})
				}
				return out
			}}
		},
		"milvus": func(t *testing.T) vectorStore {
			s := milvus.StartFake(t)
			s.Create(t, "docs", true, milvus.Standard(dim)...)
			return vectorStore{config: map[string]any{"uri": s.URL, "token": milvus.Token, "collection_name": "docs"}, away: s.Away, read: func() (out []written) {
				for _, r := range s.Rows(t, "docs") {
					out = append(out, written{text(r, "record_id"), text(r, "text")})
				}
				return out
			}}
		},
		"chroma": func(t *testing.T) vectorStore {
			s := chroma.StartFake(t)
			host, port, _ := strings.Cut(s.Address(), ":")
			return vectorStore{config: map[string]any{"host": host, "port": port, "collection_name": "docs", "headers": map[string]any{"X-Chroma-Token": chroma.Token}}, away: s.Away, read: func() (out []written) {
				for _, r := range s.Records(t, "docs") {
					out = append(out, written{text(r.Metadata, "record_id"), r.Document})
				}
				return out
			}}
		},
		"redis": func(t *testing.T) vectorStore {
			s := redis.Start(t)
			away := func(yes bool) {
				if yes {
					must(t, s.Stop())
				} else {
					must(t, s.Service.Start())
				}
			}
			return vectorStore{config: map[string]any{"host": "127.0.0.1", "port": s.Port, "password": redis.Password, "ssl": false, "key_prefix": "docs:"}, away: away, read: func() (out []written) {
				keys, err := s.Client.Keys(context.Background(), "docs:*-*-*-*-*").Result()
				must(t, err)
				for _, key := range keys {
					if !strings.HasPrefix(key, "docs:record:") {
						value, err := s.Client.Get(context.Background(), key).Bytes()
						must(t, err)
						var e struct {
							Text   string `json:"text"`
							Record string `json:"record_id"`
						}
						must(t, json.Unmarshal(value, &e))
						out = append(out, written{e.Record, e.Text})
					}
				}
				return out
			}}
		},
	}
}

// Each vector store goes away in the middle of a job and comes back: the job ends complete, and every document is there once and whole,
// also after it was written again.
func TestVectorStoresGoAway(t *testing.T) {
	t.Parallel()
	for kind, start := range vectorStores() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			if s.kind == "" {
				s.kind = kind
			}
			const n = 60
			var names []string
			for i := range n {
				names = append(names, fmt.Sprintf("%03d.txt", i))
			}
			b := newBench(t, func(c *setup) { c.config.Workers = 2 })
			_, _, source, _ := b.folders(names...)
			w := b.flow(func(w *store.Workflow) {
				w.Sources, w.Destinations = []string{source}, []string{b.connector(store.SideDestination, s.kind, s.config)}
				list, problems := workflow.Normalize(append(nodes(t, "chunk_by_title"), workflow.Node{Name: "Embedder", Type: "embed", Subtype: "local"}))
				if len(problems) > 0 {
					t.Fatal(problems)
				}
				w.Nodes, w.ReprocessAll = list, true
			})
			j, err := b.e.RunWorkflow(b.Context(), b.workspace, w.ID, nil)
			must(t, err)
			b.eventually("something is written", func() bool { return len(s.read()) > 5 })
			s.away(true)
			if b.job(j.ID).Done == n {
				t.Fatal("the job ended before the server went away")
			}
			time.Sleep(2 * time.Second)
			s.away(false)
			if j = b.end(j.ID); j.Status != store.Completed || j.Done != n || j.Failed != 0 {
				t.Errorf("%+v", j)
			}
			for range 2 {
				documents := map[string]string{}
				for _, r := range s.read() {
					if documents[r.document] != "" {
						t.Errorf("document %q stands there twice", r.document)
					}
					documents[r.document] = r.text
				}
				var ends []string
				for _, text := range documents {
					ends = append(ends, text[max(0, len(text)-len("000.txt")):])
				}
				slices.Sort(ends)
				if !slices.Equal(ends, names) {
					t.Errorf("%d documents stand there: %q", len(ends), ends)
				}
				b.run(w)
			}
		})
	}
}
