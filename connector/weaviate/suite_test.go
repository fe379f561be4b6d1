package weaviate

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
	server "github.com/sluicehq/sluice/internal/testserver/weaviate"
)

// weaviate is a server, real or fake.
type weaviate interface {
	Address() string
	Create(tb testing.TB, name string, definition map[string]any)
	Classes(tb testing.TB) []string
	Objects(tb testing.TB, name string) []server.Object
}

// place is a collection.
type place struct {
	weaviate
	name string
}

func newPlace(t *testing.T, s weaviate, definition map[string]any) *place {
	t.Helper()
	p := &place{s, "D" + strings.ReplaceAll(uuid.NewString(), "-", "_")}
	if definition == nil {
		definition = map[string]any{"properties": []any{map[string]any{"name": "record_id", "dataType": []string{"text"}, "tokenization": "field"}}}
	}
	s.Create(t, p.name, definition)
	return p
}

func (p *place) Config() map[string]any {
	return map[string]any{"cluster_url": p.Address(), "api_key": server.Key, "collection": p.name}
}

func (p *place) Read(t *testing.T) []connectortest.Record { return read(p.Objects(t, p.name)) }

func read(objects []server.Object) []connectortest.Record {
	var out []connectortest.Record
	for _, o := range objects {
		document, _ := o.Properties["record_id"].(string)
		text, _ := o.Properties["text"].(string)
		r := connectortest.Record{Document: document, Text: text}
		if len(o.Vector) > 0 {
			r.Embeddings = o.Vector
		}
		out = append(out, r)
	}
	return out
}

// both runs a test against a fake and, where it was built, the server itself.
func both(t *testing.T, test func(t *testing.T, s weaviate)) {
	t.Helper()
	connectortest.OnEach(t, test, map[string]func(testing.TB) weaviate{
		"fake": func(tb testing.TB) weaviate { return server.StartFake(tb) }, "server": func(tb testing.TB) weaviate { return server.Start(tb) },
	})
}

func TestSuite(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s weaviate) {
		connectortest.RunDestination(t, connectortest.Destination{
			Type: Type, Vectors: true, Mixes: true,
			New: func(t *testing.T) connectortest.DestinationPlace { return newPlace(t, s, nil) },
			WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
				return connectortest.With(config, "api_key", "wrong-key-of-all")
			},
			At: func(_ *testing.T, config map[string]any, address string) map[string]any {
				return connectortest.With(config, "cluster_url", "http://"+address)
			},
			Missing: func(_ *testing.T, config map[string]any) map[string]any {
				return connectortest.With(config, "collection", "Nobody_made_this")
			},
		})
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("fake", func(t *testing.T) {
		t.Parallel()
		connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
			s := server.StartFake(t)
			return connectortest.On(newPlace(t, s, nil), s, connector.Env{})
		}})
	})
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
			s := server.Start(t)
			return connectortest.Stopped(t, newPlace(t, s, nil), s.Stop, s.Service.Start)
		}})
	})
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace { return newPlace(t, server.StartFake(t), nil) }, nil)
}

var doc = document.Document{Identifier: "doc-1"}

// TestMadeOnTheWay has no collection: the first embeddings make one, and later writes find it.
func TestMadeOnTheWay(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s weaviate) {
		config := map[string]any{"host_url": s.Address(), "api_key": server.Key}
		work := connector.Work{Workflow: "0F3C9A1B-1111-2222-3333-444455556666", Model: "BAAI/bge-small-en-v1.5"}
		open := func(w connector.Work) connector.Destination {
			return connectortest.OpenDestination(t, "weaviate", config, connector.Env{Work: w})
		}
		d := open(work)
		if err := errors.Join(open(connector.Work{}).Check(t.Context()), d.Check(t.Context()), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 2, 0))),
			d.(connector.Remover).Remove(t.Context(), doc)); err != nil {
			t.Error(err)
		}
		if names := s.Classes(t); len(names) != 0 {
			t.Errorf("made without embeddings: %q", names)
		}
		if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 3, 8))); err != nil {
			t.Fatal(err)
		}
		const name = "U0f3c9a1b_bge_small_en_v1_5_8"
		if names := s.Classes(t); !slices.Equal(names, []string{name}) {
			t.Fatalf("made %q", names)
		}
		if err := open(work).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("b", 1, 0))); err != nil {
			t.Fatal(err)
		}
		if got := connectortest.Texts(read(s.Objects(t, name))); !slices.Equal(got, []string{"b 0"}) {
			t.Errorf("a write without embeddings leaves %q", got)
		}
		if err := open(connector.Work{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 1, 8))); err == nil || !strings.Contains(err.Error(), "set collection") {
			t.Errorf("without a workflow: %v", err)
		}
	})
}

func TestMissingCollection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s weaviate) {
		d := connectortest.OpenDestination(t, Type, map[string]any{"cluster_url": s.Address(), "api_key": server.Key, "class_name": "none"}, connector.Env{})
		if err := d.Check(t.Context()); !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), `POST /v1/schema {"class":"None","vectorizer":"none"`) {
			t.Errorf("%v", err)
		}
	})
}

func TestRights(t *testing.T) {
	t.Parallel()
	p := newPlace(t, server.StartFake(t), map[string]any{"properties": []any{
		map[string]any{"name": "record_id", "dataType": []string{"text"}}, map[string]any{"name": "element_id", "dataType": []string{"text"}},
	}})
	d := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "api_key", server.ReadKey), connector.Env{})
	if err := d.Check(t.Context()); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("a key that only reads: %v", err)
	}
}

// TestCollections has collections that other programs have made.
func TestCollections(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s weaviate) {
		// As the server makes properties by itself: record_id is split into words.
		words := newPlace(t, s, map[string]any{"properties": []any{map[string]any{"name": "record_id", "dataType": []string{"text"}}}})
		d := connectortest.OpenDestination(t, Type, words.Config(), connector.Env{})
		beside := document.Document{Identifier: "DOC 1"} // the same words
		for _, err := range []error{d.Replace(t.Context(), beside, connectortest.Stream(connectortest.Marked("still", 2, 8))), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 5, 8))),
			d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 2, 8)))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(connectortest.Texts(words.Read(t)), ","); got != "new 0,new 1,still 0,still 1" {
			t.Errorf("the collection holds %s", got)
		}
		bare := newPlace(t, s, map[string]any{})
		if err := connectortest.OpenDestination(t, Type, bare.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 2, 8))); err != nil || len(bare.Read(t)) != 2 {
			t.Errorf("one without properties: %v", err)
		}
		tenants := newPlace(t, s, map[string]any{"multiTenancyConfig": map[string]any{"enabled": true}})
		if err := connectortest.OpenDestination(t, Type, tenants.Config(), connector.Env{}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "tenants") {
			t.Errorf("one with tenants: %v", err)
		}
	})
}

// TestManyHits has more objects of a document than a query gives.
func TestManyHits(t *testing.T) {
	t.Parallel()
	s := server.StartFake(t)
	s.Most = 200
	p := newPlace(t, s, nil)
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	for _, set := range [][]element.Element{connectortest.Marked("old", 1500, 0), connectortest.Marked("new", 700, 0)} {
		d.(*destination).Limits.Deletes = s.Most
		if err := d.Replace(t.Context(), doc, connectortest.Stream(set)); err != nil {
			t.Fatal(err)
		}
		if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(set)) {
			t.Errorf("the collection holds %d objects", len(got))
		}
	}
}

// TestLost has objects that the server holds and does not find: they are written anew by the next write.
func TestLost(t *testing.T) {
	t.Parallel()
	s := server.StartFake(t)
	p := newPlace(t, s, nil)
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	set := connectortest.Marked("a", 30, 8)
	if err := d.Replace(t.Context(), doc, connectortest.Stream(set)); err != nil {
		t.Fatal(err)
	}
	s.Lose(p.name, 7)
	err := d.Replace(t.Context(), doc, connectortest.Stream(set))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || !strings.Contains(err.Error(), "lists 23 of the 30 records") {
		t.Fatalf("%v", err)
	}
	fresh := connectortest.Marked("b", 5, 8)
	if err := errors.Join(d.Replace(t.Context(), doc, connectortest.Stream(set)), d.Replace(t.Context(), doc, connectortest.Stream(fresh))); err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(fresh)) {
		t.Errorf("the collection holds %q", got)
	}
}

// TestNoVectorsFirst has objects without vectors before those with some of another length.
func TestNoVectorsFirst(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s weaviate) {
		p := newPlace(t, s, nil)
		d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
		if err := errors.Join(d.Replace(t.Context(), document.Document{Identifier: "bare"}, connectortest.Stream(connectortest.Marked("bare", 30, 0))), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 3, 8)))); err != nil {
			t.Fatal(err)
		}
		err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 3, 12)))
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "8 dimensions") {
			t.Errorf("%v", err)
		}
	})
}

// TestShape reads one object as it stands there.
func TestShape(t *testing.T) {
	t.Parallel()
	page, depth := 3, 1
	e := element.Element{Type: element.Title, ID: "2fa7b0a6-9f1f-4d11-8b0b-0f6c3d3f9c11", Text: "a <b>", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
		Filename: "a.pdf", PageNumber: &page, CategoryDepth: &depth, Languages: []string{"eng", "deu"}, LastModified: "2026-03-04T05:06:07", ParentID: "9d5ed678fe57bcca610140957afab571",
		Links:       []element.Link{{Text: "l", URL: "u", StartIndex: 3}},
		Coordinates: &element.Coordinates{Points: [][2]float64{{1, 2}}, System: "PixelSpace", LayoutWidth: 612.5, LayoutHeight: 792},
		DataSource:  &element.DataSource{URL: "s3://b/k", Version: "7", RecordLocator: map[string]any{"protocol": "s3"}, DateCreated: "1772600767.89"},
		Extra:       map[string]any{"own-key": []any{1, "a"}},
	}}
	both(t, func(t *testing.T, s weaviate) {
		for flat, want := range map[bool]string{
			false: `{"element_id":"2fa7b0a6-9f1f-4d11-8b0b-0f6c3d3f9c11","metadata":{"category_depth":1,"coordinates":{"layout_height":792,"layout_width":612.5,"points":"[[1,2]]","system":"PixelSpace"},` +
				`"data_source":{"date_created":"2026-03-04T05:06:07.890000Z","record_locator":"{\"protocol\":\"s3\"}","url":"s3://b/k","version":"7"},"filename":"a.pdf",` +
				`"languages":["eng","deu"],"last_modified":"2026-03-04T05:06:07.000000Z","links":"[{\"start_index\":3,\"text\":\"l\",\"url\":\"u\"}]","own_key":"[1,\"a\"]",` +
				`"page_number":"3","parent_id":"9d5ed678fe57bcca610140957afab571"},"record_id":"doc-1","text":"a <b>","type":"Title"}`,
			true: `{"category_depth":1,"coordinates_layout_height":792,"coordinates_layout_width":612.5,"coordinates_points":"[[1,2]]","coordinates_system":"PixelSpace","data_source_date_created":"2026-03-04T05:06:07.890000Z",` +
				`"data_source_record_locator":"{\"protocol\":\"s3\"}","data_source_url":"s3://b/k","data_source_version":"7","element_id":"2fa7b0a6-9f1f-4d11-8b0b-0f6c3d3f9c11","filename":"a.pdf",` +
				`"languages":["eng","deu"],"last_modified":"2026-03-04T05:06:07.000000Z","links":"[{\"start_index\":3,\"text\":\"l\",\"url\":\"u\"}]","own_key":"[1,\"a\"]","page_number":"3",` +
				`"parent_id":"9d5ed678fe57bcca610140957afab571","record_id":"doc-1","text":"a <b>","type":"Title"}`,
		} {
			p := newPlace(t, s, nil)
			d := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "flatten_metadata", flat), connector.Env{})
			if err := d.Replace(t.Context(), doc, connectortest.Stream([]element.Element{e})); err != nil {
				t.Fatal(err)
			}
			objects := p.Objects(t, p.name)
			if len(objects) != 1 || objects[0].ID != connector.ElementRecordID(doc, e.ID) || !slices.Equal(objects[0].Vector, []float32{0.5, -1}) {
				t.Fatalf("%+v", objects)
			}
			got, _ := json.Marshal(objects[0].Properties)
			if same(string(got)) != same(want) {
				t.Errorf("stands there as\n%s\nwant\n%s", got, want)
			}
		}
	})
}

// same leaves out what a server writes in a form of its own: fractions of seconds and escapes of HTML.
func same(text string) string {
	return strings.NewReplacer(`.890000Z`, ".89Z", `.000000Z`, "Z", `\u003c`, "<", `\u003e`, ">").Replace(text)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	config := map[string]any{"cluster_url": "https://x.weaviate.cloud", "api_key": "k"}
	for key, value := range map[string]any{"cluster_url": "ftp://x", "collection": "a b", "api_key": "a\nb"} {
		if _, err := connector.OpenDestination(Type, connectortest.With(config, key, value), connector.Env{}); err == nil {
			t.Errorf("%s %q is taken", key, value)
		}
	}
	for name, want := range map[string]string{"docs": "Docs", "my-docs": "My_docs", "9": "C9", "_x": "C_x"} {
		if got := className(name); got != want {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}
