package qdrant

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/qdrant"
)

// place is a collection.
type place struct {
	server *server.Server
	name   string
}

func newPlace(s *server.Server, size int, o server.Options) *place {
	p := &place{server: s, name: "docs-" + uuid.NewString()}
	s.Create(p.name, size, o)
	return p
}

func (p *place) Config() map[string]any {
	return map[string]any{"url": p.server.URL, "api_key": server.Key, "collection_name": p.name}
}

func (p *place) Read(*testing.T) []connectortest.Record {
	var out []connectortest.Record
	for _, point := range p.server.Points(p.name) {
		document, _ := point.Payload["record_id"].(string)
		text, _ := point.Payload["text"].(string)
		out = append(out, connectortest.Record{Document: document, Text: text, Embeddings: point.Vector})
	}
	return out
}

func TestSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, Vectors: true, Mixes: true, TooLarge: 33 << 20,
		New: func(*testing.T) connectortest.DestinationPlace {
			return newPlace(s, connectortest.Dimensions, server.Options{Strict: true})
		},
		WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "api_key", "wrong-key-of-all")
		},
		At: func(_ *testing.T, config map[string]any, address string) map[string]any {
			return connectortest.With(config, "url", "http://"+address)
		},
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "collection_name", "nobody-made-this")
		},
	})
}

var doc = document.Document{Identifier: "doc-1"}

func TestFaults(t *testing.T) {
	t.Parallel()
	connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
		s := server.Start(t)
		return connectortest.On(newPlace(s, 8, server.Options{Strict: true}), s, connector.Env{})
	}})
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace {
		return newPlace(server.Start(t), 8, server.Options{})
	}, nil)
}

func TestMissingCollection(t *testing.T) {
	t.Parallel()
	config := connectortest.With(newPlace(server.Start(t), 8, server.Options{}).Config(), "collection_name", "none")
	d := connectortest.OpenDestination(t, "qdrant", config, connector.Env{})
	err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 3, 12)))
	if !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), `PUT /collections/none {"vectors": {"size": 12, "distance": "Cosine"}}`) {
		t.Errorf("%v", err)
	}
	if err := d.Check(t.Context()); !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), "N is the number of dimensions") {
		t.Errorf("%v", err)
	}
}

// TestRights has keys that may do less.
func TestRights(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), 8, server.Options{})
	if err := connectortest.OpenDestination(t, "qdrant", connectortest.With(p.Config(), "api_key", server.ReadKey), connector.Env{}).Check(t.Context()); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("a key that only reads: %v", err)
	}
	d := connectortest.OpenDestination(t, "qdrant", connectortest.With(p.Config(), "api_key", server.WriteKey), connector.Env{})
	if err := errors.Join(d.Check(t.Context()), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 2, 8)))); err != nil || p.server.Indexed(p.name) {
		t.Errorf("a key that does not manage: %v", err)
	}
	if err := connectortest.OpenDestination(t, "qdrant", p.Config(), connector.Env{}).Check(t.Context()); err != nil || !p.server.Indexed(p.name) {
		t.Errorf("no index was made: %v", err)
	}
	strict := newPlace(p.server, 8, server.Options{Strict: true})
	err := connectortest.OpenDestination(t, "qdrant", connectortest.With(strict.Config(), "api_key", server.WriteKey), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 2, 8)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "payload index (PUT") {
		t.Errorf("a strict collection without an index: %v", err)
	}
}

func TestNamedVector(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s, 8, server.Options{Vector: "dense"})
	if err := connectortest.OpenDestination(t, "qdrant", p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 2, 8))); err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Read(t) {
		if len(r.Embeddings) != 8 {
			t.Errorf("%q has %v", r.Text, r.Embeddings)
		}
	}
	several := newPlace(s, 8, server.Options{Vector: "dense", Others: 1})
	if err := connectortest.OpenDestination(t, "qdrant", several.Config(), connector.Env{}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "2 vectors a point") {
		t.Errorf("%v", err)
	}
}

// TestShape reads one point as it stands there.
func TestShape(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), 2, server.Options{})
	page := 3
	e := element.Element{Type: element.Title, ID: "e1", Text: "a <b>", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
		Filename: "a.pdf", PageNumber: &page, Languages: []string{"eng", "deu"},
		DataSource: &element.DataSource{URL: "s3://b/k", RecordLocator: map[string]any{"protocol": "s3"}},
	}}
	twice := func(yield func(element.Element, error) bool) {
		for range 2 {
			if !yield(e, nil) {
				return
			}
		}
	}
	if err := connectortest.OpenDestination(t, "qdrant", p.Config(), connector.Env{}).Replace(t.Context(), doc, twice); err != nil {
		t.Fatal(err)
	}
	points := p.server.Points(p.name)
	if len(points) != 2 {
		t.Fatalf("an element id that occurs twice gives %d points", len(points))
	}
	for _, point := range points {
		if point.ID != connector.ElementRecordID(doc, "e1") {
			continue
		}
		var rest map[string]any
		serialized, _ := point.Payload["element_serialized"].(string)
		if err := json.Unmarshal([]byte(serialized), &rest); err != nil || rest["type"] != "Title" || rest["text"] != nil {
			t.Errorf("element_serialized is %s (%v)", serialized, err)
		}
		delete(point.Payload, "element_serialized")
		got, _ := json.Marshal(point.Payload)
		want := `{"element_id":"e1","metadata-data_source-record_locator-protocol":"s3","metadata-data_source-url":"s3://b/k",` +
			`"metadata-filename":"a.pdf","metadata-languages-0":"eng","metadata-languages-1":"deu","metadata-page_number":3,` +
			`"record_id":"doc-1","text":"a \u003cb\u003e","type":"Title"}`
		if string(got) != want || !slices.Equal(point.Vector, []float32{0.5, -1}) {
			t.Errorf("stands there as\n%s %v\nwant\n%s", got, point.Vector, want)
		}
		return
	}
	t.Error("no point has the id of the element")
}

// TestStrictBatches has a collection that takes fewer points a request.
func TestStrictBatches(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), 8, server.Options{MaxBatch: 50})
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 160, 8))); err != nil {
		t.Error(err)
	}
	config := connectortest.With(p.Config(), "batch_size", 51)
	if err := connectortest.OpenDestination(t, Type, config, connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 60, 8))); err == nil || !strings.Contains(err.Error(), "a smaller batch_size") {
		t.Errorf("a batch above the limit: %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	config := map[string]any{"url": "https://xyz.cloud.qdrant.io", "api_key": "k", "collection_name": "docs"}
	if d := connectortest.OpenDestination(t, "qdrant", config, connector.Env{}).(*destination); d.Client.Bases[0] != "https://xyz.cloud.qdrant.io:6333" {
		t.Errorf("%q", d.Client.Bases)
	}
	for key, value := range map[string]any{"url": "ftp://x", "collection_name": "a/b", "api_key": "a\nb"} {
		if _, err := connector.OpenDestination(Type, connectortest.With(config, key, value), connector.Env{}); err == nil {
			t.Errorf("%s %q is taken", key, value)
		}
	}
}
