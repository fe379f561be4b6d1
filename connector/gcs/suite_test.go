package gcs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/gcs"
)

// testPlace is a place of the suites: a path in a bucket of its own.
type testPlace struct {
	server *server.Server
	name   string
	prefix string
	key    string
}

func newPlace(t testing.TB, s *server.Server) *testPlace {
	t.Helper()
	return &testPlace{server: s, name: s.Bucket(t), prefix: "some folder/ü+%/", key: s.Key(t)}
}

func (p *testPlace) Config() map[string]any {
	return map[string]any{"remote_url": "gs://" + p.name + "/" + p.prefix, "service_account_key": p.key, "endpoint_url": p.server.Endpoint, "recursive": true}
}

func (p *testPlace) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	names := make(chan string)
	var failed error
	var once sync.Once
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for name := range names {
				q := url.Values{"uploadType": {"media"}, "name": {p.prefix + name}}
				if _, err := p.server.Try(http.MethodPost, "/upload/storage/v1/b/"+p.name+"/o?"+q.Encode(), contents[name]); err != nil {
					once.Do(func() { failed = fmt.Errorf("put %q: %w", name, err) })
				}
			}
		})
	}
	for name := range contents {
		names <- name
	}
	close(names)
	work.Wait()
	if failed != nil {
		t.Fatal(failed)
	}
}

func (p *testPlace) Remove(t *testing.T, name string) {
	t.Helper()
	p.server.Do(t, http.MethodDelete, "/storage/v1/b/"+p.name+"/o/"+url.PathEscape(p.prefix+name), "")
}

func (p *testPlace) Name(d document.Document) string { return d.Path }

func (p *testPlace) Content(_, content string) string { return content }

// Read looks at one object after another, which is one consistent look at each document.
func (p *testPlace) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for _, name := range p.List(t) {
		var elements []struct{ Text string }
		raw := p.server.Do(t, http.MethodGet, "/storage/v1/b/"+p.name+"/o/"+url.PathEscape(name)+"?alt=media", "")
		if err := json.Unmarshal(raw, &elements); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range elements {
			out = append(out, connectortest.Record{Document: name, Text: e.Text})
		}
	}
	return out
}

func (p *testPlace) List(t *testing.T) []string {
	t.Helper()
	var out []string
	for token := ""; ; {
		var found page
		raw := p.server.Do(t, http.MethodGet, "/storage/v1/b/"+p.name+"/o?pageToken="+url.QueryEscape(token), "")
		if err := json.Unmarshal(raw, &found); err != nil {
			t.Fatal(err)
		}
		for _, o := range found.Items {
			out = append(out, o.Name)
		}
		if token = found.Next; token == "" {
			return out
		}
	}
}

// with returns a config with values replaced.
func with(config map[string]any, pairs ...any) map[string]any {
	out := maps.Clone(config)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	return with(config, "remote_url", "gs://nobody-has-made-this-bucket/x/")
}

func TestSourceSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Folders: true, Missing: missing,
		WrongSecret: func(t *testing.T, config map[string]any) map[string]any {
			return with(config, "service_account_key", s.WrongKey(t))
		},
		At: func(t *testing.T, config map[string]any, address string) map[string]any {
			return with(config, "endpoint_url", "http://"+address, "service_account_key", s.KeyAt(t, "http://"+address))
		},
		New: func(t *testing.T) connectortest.SourcePlace { return newPlace(t, s) },
	})
}

func TestDestinationSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, Missing: missing,
		WrongSecret: func(t *testing.T, config map[string]any) map[string]any {
			return with(config, "service_account_key", s.WrongKey(t))
		},
		At: func(_ *testing.T, config map[string]any, address string) map[string]any {
			return with(config, "endpoint_url", "http://"+address) // the token service still answers
		},
		New: func(t *testing.T) connectortest.DestinationPlace { return newPlace(t, s) },
	})
}
