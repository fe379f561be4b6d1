package azuresearch

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/azuresearch"
)

// place is an index.
type place struct {
	server *server.Server
	name   string
}

// fieldsOf are those of an index as the documentation advises them.
func fieldsOf(dimensions int, keyed bool) []server.Field {
	text := func(name string) server.Field { return server.Field{Name: name, Type: "Edm.String"} }
	source := []server.Field{
		text("url"), text("version"), text("record_locator"), text("permissions_data"), {Name: "date_created", Type: "Edm.DateTimeOffset"},
		{Name: "date_processed", Type: "Edm.DateTimeOffset"},
	}
	return []server.Field{
		{Name: "id", Type: "Edm.String", Key: true, Filterable: keyed, Sortable: keyed},
		{Name: "record_id", Type: "Edm.String", Filterable: true}, text("element_id"), text("type"), text("text"),
		{Name: "embeddings", Type: "Collection(Edm.Single)", Dimensions: dimensions},
		{Name: "metadata", Type: "Edm.ComplexType", Fields: []server.Field{
			text("filename"), text("page_number"), {Name: "category_depth", Type: "Edm.Int32"}, {Name: "languages", Type: "Collection(Edm.String)"},
			{Name: "links", Type: "Collection(Edm.String)"}, {Name: "is_continuation", Type: "Edm.Boolean"},
			{Name: "last_modified", Type: "Edm.DateTimeOffset"}, {Name: "data_source", Type: "Edm.ComplexType", Fields: source},
			{Name: "coordinates", Type: "Edm.ComplexType", Fields: []server.Field{text("points"), {Name: "layout_width", Type: "Edm.Double"}}},
		}},
	}
}

func newPlace(s *server.Server, dimensions int, keyed bool) *place {
	p := &place{server: s, name: "d-" + uuid.NewString()}
	s.Create(p.name, fieldsOf(dimensions, keyed)...)
	return p
}

func (p *place) Config() map[string]any {
	return map[string]any{"endpoint": p.server.URL, "key": server.Key, "index": p.name}
}

func (p *place) Read(*testing.T) []connectortest.Record {
	var out []connectortest.Record
	for _, d := range p.server.Documents(p.name) {
		record, _ := d["record_id"].(string)
		text, _ := d["text"].(string)
		r := connectortest.Record{Document: record, Text: text}
		vector, _ := d["embeddings"].([]any)
		for _, v := range vector {
			f, _ := v.(float64)
			r.Embeddings = append(r.Embeddings, float32(f))
		}
		out = append(out, r)
	}
	return out
}

func TestSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, Vectors: true, Mixes: true, TooLarge: 17 << 20,
		New: func(*testing.T) connectortest.DestinationPlace { return newPlace(s, connectortest.Dimensions, true) },
		WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "key", "wrong-key-of-all")
		},
		At: func(_ *testing.T, config map[string]any, address string) map[string]any {
			return connectortest.With(config, "endpoint", "http://"+address)
		},
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "index", "nobody-made-this")
		},
	})
}

var doc = document.Document{Identifier: "it's doc-1"}

func TestFaults(t *testing.T) {
	t.Parallel()
	connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
		s := server.Start(t)
		return connectortest.On(newPlace(s, 8, true), s, connector.Env{})
	}})
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace { return newPlace(server.Start(t), 8, true) }, nil)
}

// TestIndexes has indexes that cannot be written, and one whose key cannot be sorted by.
func TestIndexes(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s, 8, false)
	d := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "index", "none"), connector.Env{})
	err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 3, 12)))
	if !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), `PUT /indexes/none?api-version=`) || !strings.Contains(err.Error(), `"dimensions": 12`) {
		t.Errorf("%v", err)
	}
	if err := d.Check(t.Context()); !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), "N is the number of dimensions") {
		t.Errorf("%v", err)
	}
	fields := fieldsOf(8, true)
	fields[1].Filterable = false
	s.Create("unfiltered", fields...)
	d = connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "index", "unfiltered"), connector.Env{})
	for _, err := range []error{d.Check(t.Context()), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 3, 8)))} {
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), `"name": "record_id"`) {
			t.Errorf("%v", err)
		}
	}
	if err := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "key", server.QueryKey), connector.Env{}).Check(t.Context()); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("a query key: %v", err)
	}
	d = connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	if err := errors.Join(d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 2300, 8))), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 2, 8)))); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(connectortest.Texts(p.Read(t)), ","); got != "new 0,new 1" {
		t.Errorf("%d elements stay", len(p.Read(t)))
	}
}

// TestShape reads one document as it stands there.
func TestShape(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), 2, true)
	page, depth := 3, 1
	e := element.Element{Type: element.Title, ID: "e1", Text: "a", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
		Filename: "a.pdf", PageNumber: &page, CategoryDepth: &depth, Languages: []string{"eng"}, LastModified: "2026-03-04T05:06:07", PageName: "not in the index",
		Links:       []element.Link{{Text: "l", URL: "u", StartIndex: 3}},
		Coordinates: &element.Coordinates{Points: [][2]float64{{1, 2}}, System: "PixelSpace", LayoutWidth: 612.5},
		DataSource:  &element.DataSource{URL: "s3://b/k", RecordLocator: map[string]any{"protocol": "s3"}, DateCreated: "1772600767.89", DateProcessed: "soon"},
	}}
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, func(yield func(element.Element, error) bool) { yield(e, nil) }); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(p.server.Documents(p.name))
	want := `[{"element_id":"e1","embeddings":[0.5,-1],"id":"` + connector.ElementRecordID(doc, "e1") + `","metadata":{"category_depth":1,` +
		`"coordinates":{"layout_width":612.5,"points":"[[1,2]]"},"data_source":{"date_created":"2026-03-04T05:06:07.89Z","record_locator":"{\"protocol\":\"s3\"}",` +
		`"url":"s3://b/k"},"filename":"a.pdf","languages":["eng"],"last_modified":"2026-03-04T05:06:07Z","links":["{\"start_index\":3,\"text\":\"l\",\"url\":\"u\"}"],` +
		`"page_number":"3"},"record_id":"it's doc-1","text":"a","type":"Title"}]`
	if string(got) != want {
		t.Errorf("stands there as\n%s\nwant\n%s", got, want)
	}
}

// TestElements has a service that puts single elements off, and one that refuses an element.
func TestElements(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s, 8, true)
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	s.PutOff.Store(130)
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 160, 8))); err != nil {
		t.Fatal(err)
	}
	if n := len(p.Read(t)); n != 160 {
		t.Errorf("the index holds %d elements", n)
	}
	fields := fieldsOf(8, true)
	fields[4].Filterable = true
	s.Create("terms", fields...)
	err := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "index", "terms"), connector.Env{}).Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		yield(element.Element{ID: "long", Text: strings.Repeat("secret", 10_000)}, nil)
	})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "32,766") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	config := map[string]any{"endpoint": "https://x.search.windows.net", "key": "k", "index": "docs"}
	for key, value := range map[string]any{"endpoint": "ftp://x", "index": "A/b", "key": "a\nb"} {
		if _, err := connector.OpenDestination(Type, connectortest.With(config, key, value), connector.Env{}); err == nil {
			t.Errorf("%s %q is taken", key, value)
		}
	}
}
