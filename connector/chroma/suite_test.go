package chroma

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/chroma"
)

// chroma is a server, real or fake.
type chroma interface {
	Address() string
	Records(tb testing.TB, name string) map[string]server.Record
}

// place is a collection.
type place struct {
	chroma
	name string
}

func newPlace(s chroma) *place { return &place{s, "docs-" + uuid.NewString()} }

func (p *place) Config() map[string]any {
	host, port, _ := strings.Cut(p.Address(), ":")
	n, _ := strconv.ParseInt(port, 10, 64) // it is one
	return map[string]any{"host": host, "port": n, "collection_name": p.name, "headers": `{"x-chroma-token": "` + server.Token + `"}`}
}

func (p *place) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for _, r := range p.Records(t, p.name) {
		document, _ := r.Metadata["record_id"].(string)
		out = append(out, connectortest.Record{Document: document, Text: r.Document, Embeddings: r.Embedding})
	}
	return out
}

func both(t *testing.T, test func(t *testing.T, s chroma)) {
	t.Helper()
	connectortest.OnEach(t, test, map[string]func(testing.TB) chroma{
		"fake": func(tb testing.TB) chroma { return server.StartFake(tb) }, "server": func(tb testing.TB) chroma { return server.Start(tb) },
	})
}

func TestSuite(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s chroma) {
		d := connectortest.Destination{Type: Type, Vectors: true, AllEmbedded: true, Mixes: true, TooLarge: 31 << 20, At: connectortest.AtHostPort,
			New: func(*testing.T) connectortest.DestinationPlace { return newPlace(s) }}
		if _, fake := s.(*server.Fake); fake {
			d.WrongSecret = func(_ *testing.T, config map[string]any) map[string]any {
				return connectortest.With(config, "headers", `{"x-chroma-token": "ck-wrong-one"}`)
			}
			d.Missing = func(_ *testing.T, config map[string]any) map[string]any {
				return connectortest.With(config, "database", "nobody-made-this")
			}
		}
		connectortest.RunDestination(t, d)
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("fake", func(t *testing.T) {
		t.Parallel()
		connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
			s := server.StartFake(t)
			return connectortest.On(newPlace(s), s, connector.Env{})
		}})
	})
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
			s := server.Start(t)
			return connectortest.Stopped(t, newPlace(s), s.Stop, s.Service.Start)
		}})
	})
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace { return newPlace(server.StartFake(t)) }, nil)
}

var doc = document.Document{Identifier: "doc-1"}

// TestMissing has a database that is not there, and a collection that the first embeddings make.
func TestMissing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s chroma) {
		p := newPlace(s)
		d := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "database", "none"), connector.Env{})
		if err := d.Check(t.Context()); !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), `POST /api/v2/tenants/default_tenant/databases {"name"`) {
			t.Errorf("%v", err)
		}
		d = connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
		if err := errors.Join(d.Check(t.Context()), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 2, 0))), d.(connector.Remover).Remove(t.Context(), doc)); err != nil {
			t.Fatal(err)
		}
		if r := p.Records(t, p.name); r != nil {
			t.Errorf("made without embeddings, with %d records", len(r))
		}
		if err := errors.Join(d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 2, 8))), d.Check(t.Context())); err != nil || len(p.Read(t)) != 2 {
			t.Errorf("%v", err)
		}
	})
}

// TestShape reads one record as it stands there, and again after a write whose metadata lack some values.
func TestShape(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s chroma) {
		page := 3
		e := element.Element{Type: element.Title, ID: "e1", Text: "a <b>", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
			Filename: "a.pdf", PageNumber: &page, Languages: []string{"eng", "deu"}, Extra: map[string]any{"#own": true},
			DataSource: &element.DataSource{URL: "s3://b/k", RecordLocator: map[string]any{"protocol": "s3"}},
		}}
		p := newPlace(s)
		d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
		for _, want := range []string{
			`{"element_id":"e1","metadata-#own":true,"metadata-data_source-record_locator-protocol":"s3","metadata-data_source-url":"s3://b/k","metadata-filename":"a.pdf",` +
				`"metadata-languages-0":"eng","metadata-languages-1":"deu","metadata-page_number":3,"record_id":"doc-1","type":"Title"}`,
			`{"element_id":"e1","metadata-filename":"a.pdf","metadata-languages-0":"eng","record_id":"doc-1","type":"Title"}`,
		} {
			if err := d.Replace(t.Context(), doc, connectortest.Stream([]element.Element{e, {ID: "bare", Text: "no embeddings"}})); err != nil {
				t.Fatal(err)
			}
			records := p.Records(t, p.name)
			r := records[connector.ElementRecordID(doc, "e1")]
			got, _ := json.Marshal(r.Metadata)
			if len(records) != 1 || string(got) != want || r.Document != "a <b>" || len(r.Embedding) != 2 {
				t.Errorf("stands there as\n%s\nwant\n%s", got, want)
			}
			e.Metadata = element.Metadata{Filename: "a.pdf", Languages: []string{"eng"}}
		}
	})
}

// TestQuota has a service that takes fewer records a request than the config asks for.
func TestQuota(t *testing.T) {
	t.Parallel()
	p := newPlace(server.StartFake(t))
	d := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "batch_size", 301), connector.Env{})
	err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 400, 8)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "smaller batch_size") {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	config := map[string]any{"collection_name": "docs"}
	for key, value := range map[string]any{"host": "http://x", "collection_name": "a", "headers": "no JSON", "settings": []any{1}} {
		if _, err := connector.OpenDestination(Type, connectortest.With(config, key, value), connector.Env{}); err == nil {
			t.Errorf("%s %q is taken", key, value)
		}
	}
	for _, headers := range []any{map[string]any{"Host": "x"}, map[string]any{"a": 1}, `{"a b": "c"}`, map[string]any{"a": "b\nc"}} {
		if _, err := connector.OpenDestination(Type, connectortest.With(config, "headers", headers), connector.Env{}); err == nil {
			t.Errorf("headers %v are taken", headers)
		}
	}
	for _, c := range []struct {
		settings     any
		header, want string
	}{
		{map[string]any{"chroma_client_auth_provider": "chromadb.auth.basic_authn.BasicAuthClientProvider", "chroma_client_auth_credentials": "u:p"}, "Authorization", "Basic dTpw"},
		{`{"chroma_client_auth_provider": "chromadb.auth.token_authn.TokenAuthClientProvider", "chroma_client_auth_credentials": "t"}`, "Authorization", "Bearer t"},
		{map[string]any{"chroma_client_auth_credentials": "t", "chroma_auth_token_transport_header": "X-Chroma-Token"}, "X-Chroma-Token", "t"},
	} {
		d := connectortest.OpenDestination(t, Type, connectortest.With(config, "settings", c.settings), connector.Env{}).(*destination)
		if got := d.header.Get(c.header); got != c.want || d.Client.Bases[0] != "http://localhost:8000" {
			t.Errorf("%v gives %q at %q", c.settings, got, d.Client.Bases)
		}
	}
}
