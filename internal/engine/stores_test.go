package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/sluicehq/sluice/connector"
	_ "github.com/sluicehq/sluice/connector/all"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/testserver/azuresearch"
	"github.com/sluicehq/sluice/internal/testserver/azurite"
	"github.com/sluicehq/sluice/internal/testserver/chroma"
	"github.com/sluicehq/sluice/internal/testserver/gcs"
	"github.com/sluicehq/sluice/internal/testserver/graph"
	"github.com/sluicehq/sluice/internal/testserver/milvus"
	"github.com/sluicehq/sluice/internal/testserver/mongodb"
	"github.com/sluicehq/sluice/internal/testserver/opensearch"
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

// goingStore is a destination that goes away.
type goingStore struct {
	kind   string
	client *http.Client // nil is the bench's
	config map[string]any
	away   func(bool)
	read   func() []written
}

// written is one record.
type written struct{ document, text string }

// goingStores are the destinations with records or files of their own; each starts a server of its own.
func goingStores() map[string]func(t *testing.T) goingStore {
	const dim = words.Dimension
	text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
	return map[string]func(t *testing.T) goingStore{
		"qdrant-cloud": func(t *testing.T) goingStore {
			s := qdrant.Start(t)
			s.Create("docs", dim, qdrant.Options{})
			return goingStore{config: map[string]any{"url": s.URL, "api_key": qdrant.Key, "collection_name": "docs"}, away: s.Away, read: func() (out []written) {
				for _, p := range s.Points("docs") {
					out = append(out, written{text(p.Payload, "record_id"), text(p.Payload, "text")})
				}
				return out
			}}
		},
		"pinecone": func(t *testing.T) goingStore {
			s := pinecone.Start(t)
			s.Create("docs", dim, false)
			return goingStore{kind: "test-pinecone", config: map[string]any{"api_key": pinecone.Key, "index_name": "docs", "test_server": s.URL}, away: s.Away, read: func() (out []written) {
				for _, r := range s.Records("docs", "") {
					out = append(out, written{text(r.Metadata, "record_id"), text(r.Metadata, "text")})
				}
				return out
			}}
		},
		"azure_ai_search": func(t *testing.T) goingStore {
			s := azuresearch.Start(t)
			s.Create("docs", azuresearch.Field{Name: "id", Type: "Edm.String", Key: true, Filterable: true, Sortable: true}, azuresearch.Field{Name: "record_id", Type: "Edm.String", Filterable: true},
				azuresearch.Field{Name: "text", Type: "Edm.String"}, azuresearch.Field{Name: "embeddings", Type: "Collection(Edm.Single)", Dimensions: dim})
			return goingStore{config: map[string]any{"endpoint": s.URL, "key": azuresearch.Key, "index": "docs"}, away: s.Away, read: func() (out []written) {
				for _, d := range s.Documents("docs") {
					out = append(out, written{text(d, "record_id"), text(d, "text")})
				}
				return out
			}}
		},
		"weaviate-cloud": func(t *testing.T) goingStore {
			s := weaviate.StartFake(t)
			s.Create(t, "Docs", nil)
			return goingStore{config: map[string]any{"cluster_url": s.URL, "api_key": weaviate.Key, "collection": "Docs"}, away: s.Away, read: func() (out []written) {
				for _, o := range s.Objects(t, "Docs") {
					out = append(out, written{text(o.Properties, "record_id"), text(o.Properties, "text")})
				}
				return out
			}}
		},
		"milvus": func(t *testing.T) goingStore {
			s := milvus.StartFake(t)
			s.Create(t, "docs", true, milvus.Standard(dim)...)
			return goingStore{config: map[string]any{"uri": s.URL, "token": milvus.Token, "collection_name": "docs"}, away: s.Away, read: func() (out []written) {
				for _, r := range s.Rows(t, "docs") {
					out = append(out, written{text(r, "record_id"), text(r, "text")})
				}
				return out
			}}
		},
		"chroma": func(t *testing.T) goingStore {
			s := chroma.StartFake(t)
			host, port, _ := strings.Cut(s.Address(), ":")
			return goingStore{config: map[string]any{"host": host, "port": port, "collection_name": "docs", "headers": map[string]any{"X-Chroma-Token": chroma.Token}}, away: s.Away, read: func() (out []written) {
				for _, r := range s.Records(t, "docs") {
					out = append(out, written{text(r.Metadata, "record_id"), r.Document})
				}
				return out
			}}
		},
		"opensearch": func(t *testing.T) goingStore {
			if testing.Short() {
				t.Skip("needs a real OpenSearch; run without -short")
			}
			s := opensearch.Start(t)
			index := s.Index(t, 1, `{"record_id":{"type":"keyword"},"embeddings":{"type":"float"}}`)
			config := map[string]any{"hosts": []any{s.Endpoint}, "index_name": index, "username": opensearch.User, "password": opensearch.Password}
			return goingStore{config: config, away: turned(t, s.Open, s.Close), read: func() (out []written) {
				var found struct {
					Hits struct {
						Hits []struct {
							Source struct {
								Text   string `json:"text"`
								Record string `json:"record_id"`
							} `json:"_source"`
						} `json:"hits"`
					} `json:"hits"`
				}
				s.Do(t, http.MethodPost, "/"+index+"/_refresh", "")
				must(t, json.Unmarshal(s.Do(t, http.MethodGet, "/"+index+"/_search?size=1000", ""), &found))
				for _, h := range found.Hits.Hits {
					out = append(out, written{h.Source.Record, h.Source.Text})
				}
				return out
			}}
		},
		"mongodb": func(t *testing.T) goingStore {
			s := mongodb.Start(t)
			client, err := mongo.Connect(options.Client().ApplyURI(s.Inner()))
			must(t, err)
			t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
			docs := client.Database("sluice").Collection("docs")
			must(t, docs.Database().CreateCollection(t.Context(), docs.Name()))
			return goingStore{config: map[string]any{"uri": s.URI(), "database": "sluice", "collection": docs.Name()}, away: turned(t, s.Open, s.Close), read: func() (out []written) {
				cursor, err := docs.Find(context.Background(), bson.D{})
				must(t, err)
				var rows []bson.M
				must(t, cursor.All(context.Background(), &rows))
				for _, r := range rows {
					out = append(out, written{text(r, "record_id"), text(r, "text")})
				}
				return out
			}}
		},
		"azure": func(t *testing.T) goingStore {
			s := azurite.Start(t)
			s.Container(t, "docs")
			return filesOf(t, "azure", map[string]any{"remote_url": "az://docs/", "connection_string": s.ConnectionString(), "recursive": true}, nil, turned(t, s.Start, func() { must(t, s.Stop()) }))
		},
		"gcs": func(t *testing.T) goingStore {
			s := gcs.Start(t)
			config := map[string]any{"remote_url": "gs://" + s.Bucket(t), "service_account_key": s.Key(t), "endpoint_url": s.Endpoint, "recursive": true}
			return filesOf(t, "gcs", config, nil, turned(t, s.Open, s.Close))
		},
		"onedrive": func(t *testing.T) goingStore {
			s := graph.Start(t)
			s.Drive("user@contoso.com")
			config := s.Config()
			config["user_pname"], config["remote_url"], config["path"], config["recursive"] = "user@contoso.com", "onedrive://docs/", "docs/", true
			return filesOf(t, "onedrive", config, s.Client(), s.Away)
		},
		"redis": func(t *testing.T) goingStore {
			s := redis.Start(t)
			away := func(yes bool) {
				if yes {
					must(t, s.Stop())
				} else {
					must(t, s.Service.Start())
				}
			}
			return goingStore{config: map[string]any{"host": "127.0.0.1", "port": s.Port, "password": redis.Password, "ssl": false, "key_prefix": "docs:"}, away: away, read: func() (out []written) {
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

// turned makes what opens and closes a server into its going away.
func turned(t *testing.T, open func() error, closing func()) func(bool) {
	return func(away bool) {
		if away {
			closing()
		} else {
			must(t, open())
		}
	}
}

// filesOf is a store of files, one a document, which is read by the connector's other side.
func filesOf(t *testing.T, kind string, config map[string]any, client *http.Client, away func(bool)) goingStore {
	return goingStore{config: config, client: client, away: away, read: func() (out []written) {
		source, err := connector.OpenSource(kind, config, connector.Env{HTTP: client, TempDir: t.TempDir()})
		must(t, err)
		defer source.Close()
		for d, err := range source.Index(context.Background(), "") {
			if err != nil {
				return nil // the folder is not there yet
			}
			f, err := source.Fetch(context.Background(), d)
			must(t, err)
			var texts []string
			for e, err := range element.Decode(f.Reader()) {
				must(t, err)
				texts = append(texts, e.Text)
			}
			must(t, f.Close())
			out = append(out, written{d.Path, strings.Join(texts, "\n")})
		}
		return out
	}}
}

// Each destination goes away in the middle of a job and comes back: the job ends complete, and every document is there once and whole,
// also after it was written again.
func TestDestinationsGoAway(t *testing.T) {
	t.Parallel()
	for kind, start := range goingStores() {
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
			b := newBench(t, func(c *setup) {
				c.config.Workers = 2
				if s.client != nil {
					c.config.Env.HTTP = s.client
				}
			})
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
