package pinecone

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/pinecone"
)

// place is a namespace of an index.
type place struct {
	server      *server.Server
	name, space string
}

func newPlace(s *server.Server, dimension int) *place {
	p := &place{server: s, name: "d-" + uuid.NewString(), space: "space"}
	s.Create(p.name, dimension, false)
	return p
}

func (p *place) Config() map[string]any {
	return map[string]any{"api_key": server.Key, "index_name": p.name, "namespace": p.space}
}

func (p *place) Read(*testing.T) []connectortest.Record {
	var out []connectortest.Record
	for _, r := range p.server.Records(p.name, p.space) {
		document, _ := r.Metadata["record_id"].(string)
		text, _ := r.Metadata["text"].(string)
		out = append(out, connectortest.Record{Document: document, Text: text, Embeddings: r.Values})
	}
	return out
}

func TestSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, Env: connector.Env{HTTP: s.Client()}, Vectors: true, AllEmbedded: true, Mixes: true, TooLarge: 41_000,
		New: func(*testing.T) connectortest.DestinationPlace { return newPlace(s, connectortest.Dimensions) },
		WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "api_key", "pcsk_wrong_key")
		},
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "index_name", "nobody-made-this")
		},
	})
}

func open(t *testing.T, s *server.Server, config map[string]any, work connector.Work) connector.Destination {
	t.Helper()
	return connectortest.OpenDestination(t, Type, config, connector.Env{HTTP: s.Client(), Work: work})
}

var doc = document.Document{Identifier: "doc-1"}

func TestFaults(t *testing.T) {
	t.Parallel()
	connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
		s := server.Start(t)
		return connectortest.On(newPlace(s, 8), s, connector.Env{HTTP: s.Client()})
	}})
}

// marked is a place whose config says where its server is, for a process of its own.
type marked struct{ *place }

func (p marked) Config() map[string]any {
	return connectortest.With(p.place.Config(), "test_server", p.server.URL)
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace { return marked{newPlace(server.Start(t), 8)} },
		func(config map[string]any) connector.Env {
			url, _ := config["test_server"].(string)
			return connector.Env{HTTP: server.Client(url)}
		})
}

// TestMadeOnTheWay has no index: the first embeddings make one, and later writes find it.
func TestMadeOnTheWay(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	config := map[string]any{"api_key": server.Key}
	work := connector.Work{Workflow: "0F3C9A1B-1111-2222-3333-444455556666", Model: "BAAI/bge-small-en-v1.5"}
	if err := open(t, s, config, connector.Work{}).Check(t.Context()); err != nil {
		t.Error(err)
	}
	d := open(t, s, config, work)
	if err := errors.Join(d.Check(t.Context()), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 2, 0))), d.(connector.Remover).Remove(t.Context(), doc)); err != nil {
		t.Error(err)
	}
	if names := s.Indexes(); len(names) != 0 {
		t.Errorf("made without embeddings: %q", names)
	}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 3, 8))); err != nil {
		t.Fatal(err)
	}
	const name = "u0f3c9a1b-bge-small-en-v1-5-8"
	if names := s.Indexes(); !slices.Equal(names, []string{name}) {
		t.Fatalf("made %q", names)
	}
	next := open(t, s, config, work)
	if err := next.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("b", 1, 0))); err != nil {
		t.Fatal(err)
	}
	if left := s.Records(name, ""); len(left) != 0 {
		t.Errorf("a write without embeddings leaves %d records", len(left))
	}
	if err := open(t, s, config, connector.Work{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 1, 8))); err == nil || !strings.Contains(err.Error(), "index_name") {
		t.Errorf("without a workflow: %v", err)
	}
	for _, w := range []connector.Work{{Workflow: "x"}, work, {Workflow: strings.Repeat("9", 40), Model: strings.Repeat("long-model", 9)}} {
		if stem := stemOf(w); len(stem) > 39 || stem != slug(stem) {
			t.Errorf("%q", stem)
		}
	}
}

func TestMissingIndex(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	err := open(t, s, map[string]any{"api_key": server.Key, "index_name": "none"}, connector.Work{}).Check(t.Context())
	if !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), `POST https://api.pinecone.io/indexes {"name": "none", "dimension": N, "metric": "cosine"`) {
		t.Errorf("%v", err)
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), 8)
	d := open(t, p.server, connectortest.With(p.Config(), "api_key", server.ReadKey), connector.Work{})
	if err := d.Check(t.Context()); !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "DataPlaneEditor") {
		t.Errorf("a key that only reads: %v", err)
	}
}

// TestPods has an index that cannot list.
func TestPods(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := &place{server: s, name: "pods", space: ""}
	s.Create(p.name, 8, true)
	d := open(t, s, connectortest.With(p.Config(), "namespace", "default"), connector.Work{})
	beside := document.Document{Identifier: "doc-2"}
	for _, write := range []error{
		d.Check(t.Context()), d.Replace(t.Context(), beside, connectortest.Stream(connectortest.Marked("still", 2, 8))), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 130, 8))),
		d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 2, 8))),
	} {
		if write != nil {
			t.Fatal(write)
		}
	}
	if got := strings.Join(connectortest.Texts(p.Read(t)), ","); got != "new 0,new 1,still 0,still 1" {
		t.Errorf("the index holds %s", got)
	}
	if err := d.(connector.Remover).Remove(t.Context(), doc); err != nil || strings.Join(connectortest.Texts(p.Read(t)), ",") != "still 0,still 1" {
		t.Errorf("%v, the index holds %s", err, strings.Join(connectortest.Texts(p.Read(t)), ","))
	}
}

// TestShape reads one record back, and those whose metadata or identifier do not fit as they are.
func TestShape(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), 2)
	page := 3
	e := element.Element{Type: element.Title, ID: "e1", Text: "a <b>", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
		Filename: "a.pdf", PageNumber: &page, Languages: []string{"eng"}, LinkURLs: []string{"https://x"}, TextAsHTML: "<p>a</p>",
		DataSource: &element.DataSource{URL: "s3://b/k"},
	}}
	wide := e
	wide.ID, wide.Metadata.TextAsHTML = "e2", strings.Repeat("<p>", 20_000)
	bare := element.Element{Type: element.Title, ID: "e3", Text: "no embeddings"}
	all := func(yield func(element.Element, error) bool) {
		_ = yield(e, nil) && yield(wide, nil) && yield(bare, nil)
	}
	long := document.Document{Identifier: "Zoë/" + strings.Repeat("x", 600)}
	d := open(t, p.server, p.Config(), connector.Work{})
	for _, to := range []document.Document{doc, long} {
		if err := d.Replace(t.Context(), to, all); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]string{}
	for _, r := range p.server.Records(p.name, p.space) {
		text, _ := json.Marshal(r.Metadata)
		found[r.ID] = string(text)
	}
	const without = `{"element_id":"%s","filename":"a.pdf","link_urls-0":"https://x","page_number":3,"record_id":"doc-1","text":"a \u003cb\u003e"%s}`
	for id, want := range map[string]string{
		"e1": fmt.Sprintf(without, "e1", `,"text_as_html":"\u003cp\u003ea\u003c/p\u003e"`), "e2": fmt.Sprintf(without, "e2", ""),
	} {
		if got := found["doc-1#"+connector.ElementRecordID(doc, id)]; got != want {
			t.Errorf("stands there as\n%s\nwant\n%s", got, want)
		}
	}
	if len(found) != 4 {
		t.Errorf("%d records", len(found))
	}
	if err := d.(connector.Remover).Remove(t.Context(), long); err != nil || len(p.Read(t)) != 2 {
		t.Errorf("%v, %d records stay", err, len(p.Read(t)))
	}
}

// TestLargeBatches has records of which a thousand do not fit into a request.
func TestLargeBatches(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), 3072)
	d := open(t, p.server, connectortest.With(p.Config(), "batch_size", 5000), connector.Work{})
	if err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range connectortest.Stream(connectortest.Marked("wide", 200, 3072)) {
			e.Text += strings.Repeat(" text", 7000)
			if !yield(e, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if n := len(p.Read(t)); n != 200 {
		t.Errorf("%d records", n)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]any{"index_name": "Upper_Case", "api_key": "a\nb"} {
		if _, err := connector.OpenDestination(Type, connectortest.With(map[string]any{"api_key": "k"}, key, value), connector.Env{}); err == nil {
			t.Errorf("%s %q is taken", key, value)
		}
	}
}
