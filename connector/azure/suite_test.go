package azure

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/testserver/azurite"
)

// testPlace is a place of the suites: a path in a container of its own.
type testPlace struct {
	server *azurite.Server
	look   *remote // from outside
	prefix string
}

func newPlace(t testing.TB, s *azurite.Server) *testPlace {
	t.Helper()
	p := &testPlace{server: s, prefix: "some folder/ü+%/"}
	var err error
	name := "test-" + strings.ToLower(rand.Text()[:20])
	p.look, err = open(map[string]any{"remote_url": "az://" + name + "/" + p.prefix, "connection_string": s.ConnectionString()}, false, connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, rest.Request{What: "make the container", Method: http.MethodPut, Path: p.look.path, Query: url.Values{"restype": {"container"}}})
	return p
}

func (p *testPlace) do(t testing.TB, r rest.Request) rest.Answer {
	t.Helper()
	a, err := p.look.client.Do(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (p *testPlace) Config() map[string]any {
	return map[string]any{"remote_url": p.look.url(p.prefix), "connection_string": p.server.ConnectionString(), "recursive": true}
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
				_, err := p.look.client.Do(context.Background(), rest.Request{What: "put " + name, Method: http.MethodPut, Path: p.look.blob(p.prefix + name),
					Body: []byte(contents[name]), Header: http.Header{"X-Ms-Blob-Type": {"BlockBlob"}, "Content-Type": {"application/octet-stream"}}})
				if err != nil {
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
	p.do(t, rest.Request{What: "delete " + name, Method: http.MethodDelete, Path: p.look.blob(p.prefix + name)})
}

// Name undoes what the service does to one name of the suites: it takes backslashes for slashes.
func (p *testPlace) Name(d document.Document) string {
	if d.Path == "back/slash.txt" {
		return `back\slash.txt`
	}
	return d.Path
}

func (p *testPlace) Content(_, content string) string { return content }

// Read looks at one blob after another, which is one consistent look at each document.
func (p *testPlace) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for _, name := range p.List(t) {
		var elements []struct{ Text string }
		if err := json.Unmarshal(p.do(t, rest.Request{What: "get " + name, Method: http.MethodGet, Path: p.look.blob(name)}).Body, &elements); err != nil {
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
	for mark := ""; ; {
		next, _, err := p.look.page(context.Background(), "", mark, true, pageSize, nil, func(e entry) bool {
			out = append(out, e.name)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if next == "" {
			return out
		}
		mark = next
	}
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	return connectortest.With(config, "remote_url", "az://nobody-has-made-this/x/")
}

func suites(s *azurite.Server) (wrongSecret func(*testing.T, map[string]any) map[string]any, at func(*testing.T, map[string]any, string) map[string]any) {
	return func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "connection_string", azurite.ConnectionString(s.Endpoint(), base64.StdEncoding.EncodeToString([]byte("another key, wrong"))))
		}, func(_ *testing.T, config map[string]any, address string) map[string]any {
			return connectortest.With(config, "connection_string", azurite.ConnectionString("http://"+address+"/"+azurite.Account, s.Key))
		}
}

func TestSourceSuite(t *testing.T) {
	t.Parallel()
	s := azurite.Start(t)
	wrongSecret, at := suites(s)
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Folders: true, WrongSecret: wrongSecret, Missing: missing, At: at,
		New: func(t *testing.T) connectortest.SourcePlace { return newPlace(t, s) },
	})
}

func TestDestinationSuite(t *testing.T) {
	t.Parallel()
	s := azurite.Start(t)
	wrongSecret, at := suites(s)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, WrongSecret: wrongSecret, Missing: missing, At: at,
		New: func(t *testing.T) connectortest.DestinationPlace { return newPlace(t, s) },
	})
}
