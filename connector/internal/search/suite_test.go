package search_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/connector/elasticsearch"
	"github.com/sluicehq/sluice/connector/opensearch"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/opensearch"
)

// node is one server for all tests of the package: it takes half a minute to start.
var node struct {
	once   sync.Once
	server *server.Server
}

// keeper holds what ends the server until the tests have run.
type keeper struct {
	testing.TB
	cleanups []func()
}

func (k *keeper) Helper()          {}
func (k *keeper) Cleanup(f func()) { k.cleanups = append(k.cleanups, f) }

var ends = &keeper{}

func start(tb testing.TB) *server.Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a real OpenSearch; run without -short")
	}
	node.once.Do(func() {
		ends.TB = tb
		node.server = server.Start(ends)
	})
	if node.server == nil {
		tb.Fatal("the server did not start")
	}
	return node.server
}

func TestMain(m *testing.M) {
	status := m.Run()
	for _, f := range ends.cleanups {
		f()
	}
	os.Exit(status)
}

// place is an index.
type place struct {
	server   *server.Server
	endpoint string
	kind     string
	name     string
}

// properties of the index of a destination, as the documentation advises them, and what a dynamic mapping makes.
const keyword = `{"record_id":{"type":"keyword"},"embeddings":{"type":"float"}}`

func newPlace(t testing.TB, s *server.Server, kind string, shards int, properties string) *place {
	t.Helper()
	return &place{server: s, endpoint: s.Endpoint, kind: kind, name: s.Index(t, shards, properties)}
}

func (p *place) Config() map[string]any {
	out := map[string]any{"hosts": []any{p.endpoint}, "index_name": p.name}
	if p.kind == elasticsearch.Type {
		out["es_api_key"] = server.APIKey
	} else {
		out["username"], out["password"] = server.User, server.Password
	}
	return out
}

func (p *place) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	var body bytes.Buffer
	for name, content := range contents {
		for _, line := range []any{
			map[string]any{"index": map[string]any{"_id": name}}, map[string]any{"content": content, "none": nil, "ok": true},
		} {
			if err := json.NewEncoder(&body).Encode(line); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := p.server.Do(t, http.MethodPost, "/"+p.name+"/_bulk?refresh=true&filter_path=errors", body.String())
	if !bytes.Contains(out, []byte("false")) {
		t.Fatalf("put: %s", out)
	}
}

func (p *place) Remove(t *testing.T, name string) {
	t.Helper()
	p.server.Do(t, http.MethodDelete, "/"+p.name+"/_doc/"+url.PathEscape(name)+"?refresh=true", "")
}

func (p *place) Name(d document.Document) string {
	name, _ := d.RecordLocator["document_id"].(string)
	return name
}

func (p *place) Content(_, content string) string { return content + "\ntrue" }

func (p *place) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	p.server.Do(t, http.MethodPost, "/"+p.name+"/_refresh", "")
	var found struct {
		Hits struct {
			Hits []struct {
				Source struct {
					Record     string    `json:"record_id"`
					Text       string    `json:"text"`
					Embeddings []float32 `json:"embeddings"`
				} `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	if err := json.Unmarshal(p.server.Do(t, http.MethodPost, "/"+p.name+"/_search?size=50000", ""), &found); err != nil {
		t.Fatal(err)
	}
	out := make([]connectortest.Record, len(found.Hits.Hits))
	for i, h := range found.Hits.Hits {
		out[i] = connectortest.Record{Document: h.Source.Record, Text: h.Source.Text, Embeddings: h.Source.Embeddings}
	}
	return out
}

func wrongSecret(_ *testing.T, config map[string]any) map[string]any {
	if _, ok := config["es_api_key"]; ok {
		return connectortest.With(config, "es_api_key", "d3Jvbmc6a2V5")
	}
	return connectortest.With(config, "password", "wr0ng/s3cr+t")
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	return connectortest.With(config, "index_name", "nobody-made-this")
}

func at(_ *testing.T, config map[string]any, address string) map[string]any {
	return connectortest.With(config, "hosts", []any{"http://" + address})
}

func TestElasticsearchSource(t *testing.T) { t.Parallel(); sourceSuite(t, elasticsearch.Type, 1) }

func TestOpenSearchSource(t *testing.T) { t.Parallel(); sourceSuite(t, opensearch.Type, 3) }

func TestElasticsearchDestination(t *testing.T) {
	t.Parallel()
	destinationSuite(t, elasticsearch.Type, "")
}

func TestOpenSearchDestination(t *testing.T) {
	t.Parallel()
	destinationSuite(t, opensearch.Type, keyword)
}

func sourceSuite(t *testing.T, kind string, shards int) {
	s := start(t)
	connectortest.RunSource(t, connectortest.Source{
		Type: kind, WrongSecret: wrongSecret, Missing: missing, At: at,
		New: func(t *testing.T) connectortest.SourcePlace {
			return newPlace(t, s, kind, shards, `{"content":{"type":"text","index":false}}`)
		},
	})
}

func destinationSuite(t *testing.T, kind, properties string) {
	s := start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: kind, WrongSecret: wrongSecret, Missing: missing, At: at, Vectors: true, Mixes: true,
		New: func(t *testing.T) connectortest.DestinationPlace { return newPlace(t, s, kind, 1, properties) },
	})
}

func contains(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
