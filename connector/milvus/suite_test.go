package milvus

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
	server "github.com/sluicehq/sluice/internal/testserver/milvus"
)

// milvus is a server, real or fake.
type milvus interface {
	Address() string
	Create(tb testing.TB, name string, dynamic bool, fields ...server.Field)
	Rows(tb testing.TB, name string) []map[string]any
}

// place is a collection.
type place struct {
	milvus
	name string
}

func newPlace(t *testing.T, s milvus, dynamic bool, fields ...server.Field) *place {
	t.Helper()
	p := &place{s, "d_" + strings.ReplaceAll(uuid.NewString(), "-", "_")}
	s.Create(t, p.name, dynamic, fields...)
	return p
}

func (p *place) Config() map[string]any {
	return map[string]any{"uri": p.Address(), "token": server.Token, "collection_name": p.name}
}

func (p *place) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for _, row := range p.Rows(t, p.name) {
		document, _ := row["record_id"].(string)
		text, _ := row["text"].(string)
		r := connectortest.Record{Document: document, Text: text}
		list, _ := row["embeddings"].([]any)
		for _, v := range list {
			f, _ := v.(float64)
			r.Embeddings = append(r.Embeddings, float32(f))
		}
		out = append(out, r)
	}
	return out
}

func both(t *testing.T, test func(t *testing.T, s milvus)) {
	t.Helper()
	connectortest.OnEach(t, test, map[string]func(testing.TB) milvus{
		"fake": func(tb testing.TB) milvus { return server.StartFake(tb) }, "lite": func(tb testing.TB) milvus { return server.StartLite(tb) },
	})
}

func TestSuite(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s milvus) {
		connectortest.RunDestination(t, connectortest.Destination{
			Type: Type, Vectors: true, AllEmbedded: true, Mixes: true, TooLarge: 66_000,
			New: func(t *testing.T) connectortest.DestinationPlace {
				return newPlace(t, s, true, server.Standard(connectortest.Dimensions)...)
			},
			WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
				return connectortest.With(config, "token", "root:wr0ng-one")
			},
			At: func(_ *testing.T, config map[string]any, address string) map[string]any {
				return connectortest.With(config, "uri", "http://"+address)
			},
			Missing: func(_ *testing.T, config map[string]any) map[string]any {
				return connectortest.With(config, "collection_name", "nobody_made_this")
			},
		})
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, _ milvus) {
		lite := strings.HasSuffix(t.Name(), "/lite")
		connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
			if lite {
				s := server.StartLite(t)
				return connectortest.On(newPlace(t, s, true, server.Standard(8)...), s, connector.Env{})
			}
			s := server.StartFake(t)
			return connectortest.On(newPlace(t, s, true, server.Standard(8)...), s, connector.Env{})
		}})
	})
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace {
		return newPlace(t, server.StartFake(t), true, server.Standard(8)...)
	}, nil)
}

var doc = document.Document{Identifier: "it's \"doc\" 1"}

// TestCodes has answers that are failures under the status of a success.
func TestCodes(t *testing.T) {
	t.Parallel()
	s := server.StartFake(t)
	p := newPlace(t, s, true, server.Standard(8)...)
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	s.Limit(3)
	if err := errors.Join(d.Check(t.Context()), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 3, 8)))); err != nil || len(p.Read(t)) != 3 {
		t.Errorf("a rate limit: %v", err)
	}
	s.Release(p.name)
	for _, err := range []error{d.Check(t.Context()), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("a", 3, 8)))} {
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "POST /v2/vectordb/collections/load") {
			t.Errorf("one that is not loaded: %v", err)
		}
	}
	if err := connectortest.OpenDestination(t, Type, connectortest.With(p.Config(), "db_name", "none"), connector.Env{}).Check(t.Context()); !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), "db_name") {
		t.Errorf("a database that is not there: %v", err)
	}
}

func TestMissingCollection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s milvus) {
		d := connectortest.OpenDestination(t, Type, map[string]any{"uri": s.Address(), "token": server.Token, "collection_name": "none"}, connector.Env{})
		if err := d.Check(t.Context()); !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), `POST /v2/vectordb/collections/create {"collectionName": "none"`) {
			t.Errorf("%v", err)
		}
	})
}

// TestSchemas has collections of other shapes: what does not fit a field is left out, and what must stand there is empty.
func TestSchemas(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s milvus) {
		page := 3
		e := element.Element{Type: element.Title, ID: "e2", Text: "a", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
			Filename: strings.Repeat("long", 20), PageNumber: &page, Languages: []string{"eng"}, LastModified: "2026-03-04T05:06:07", ParentID: "e1",
		}}
		for name, c := range map[string]struct {
			dynamic bool
			config  map[string]any
			fields  []server.Field
			want    string
		}{
			"as the reference": {false, nil, []server.Field{
				{Name: "element_id", Kind: "VarChar", Primary: true, Length: 200}, {Name: "embeddings", Kind: "FloatVector", Dim: 2}, {Name: "record_id", Kind: "VarChar", Length: 200},
				{Name: "text", Kind: "VarChar", Length: 65535}, {Name: "type", Kind: "VarChar", Length: 50}, {Name: "parent_id", Kind: "VarChar", Length: 200}, {Name: "filename", Kind: "VarChar", Length: 10},
				{Name: "page_number", Kind: "Int64"}, {Name: "last_modified", Kind: "Double"}, {Name: "languages", Kind: "VarChar", Length: 200}, {Name: "is_continuation", Kind: "Bool"}, {Name: "url", Kind: "VarChar", Length: 9},
			}, `{"element_id":"` + connector.ElementRecordID(doc, "e2") + `","embeddings":[0.5,-1],"filename":"","is_continuation":false,"languages":"[\"eng\"]","last_modified":1772600767,"page_number":3,` +
				`"parent_id":"` + connector.ElementRecordID(doc, "e1") + `","record_id":"it's \"doc\" 1","text":"a","type":"Title","url":""}`},
			"dynamic": {true, nil, server.Standard(2), `{"element_id":"e2","embeddings":[0.5,-1],"filename":"` + strings.Repeat("long", 20) + `","id":"` + connector.ElementRecordID(doc, "e2") +
				`","is_continuation":false,"languages":["eng"],"last_modified":1772600767,"page_number":3,"parent_id":"e1","record_id":"it's \"doc\" 1","text":"a","type":"Title"}`},
			"some fields": {true, map[string]any{"fields_to_include": []any{"type"}}, server.Standard(2), `{"embeddings":[0.5,-1],"id":"` + connector.ElementRecordID(doc, "e2") +
				`","record_id":"it's \"doc\" 1","text":"a","type":"Title"}`},
			"nested": {true, map[string]any{"flatten_metadata": false, "fields_to_include": []any{"metadata"}}, server.Standard(2), `{"embeddings":[0.5,-1],"id":"` + connector.ElementRecordID(doc, "e2") +
				`","metadata":{"filename":"` + strings.Repeat("long", 20) + `","is_continuation":false,"languages":["eng"],"last_modified":1772600767,"page_number":3,"parent_id":"e1"},"record_id":"it's \"doc\" 1","text":"a"}`},
		} {
			p := newPlace(t, s, c.dynamic, c.fields...)
			config := p.Config()
			for k, v := range c.config {
				config[k] = v
			}
			if err := connectortest.OpenDestination(t, Type, config, connector.Env{}).Replace(t.Context(), doc, connectortest.Stream([]element.Element{e, {ID: "bare", Text: "no embeddings"}})); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			rows := p.Rows(t, p.name)
			got, _ := json.Marshal(rows[0])
			if len(rows) != 1 || string(got) != c.want {
				t.Errorf("%s: stands there as\n%s\nwant\n%s", name, got, c.want)
			}
		}
	})
}

// TestKeysOfTheServer has primary keys that are none of ours: old rows go before new ones come.
func TestKeysOfTheServer(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s milvus) {
		for _, key := range []server.Field{{Name: "pk", Kind: "Int64", Primary: true, Auto: true}, {Name: "pk", Kind: "Int64", Primary: true}} {
			p := newPlace(t, s, true, append([]server.Field{key}, server.Standard(8)[1:]...)...)
			d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
			beside := document.Document{Identifier: "doc-2"}
			for _, err := range []error{d.Check(t.Context()), d.Replace(t.Context(), beside, connectortest.Stream(connectortest.Marked("still", 2, 8))),
				d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 130, 8))), d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 2, 8)))} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Join(connectortest.Texts(p.Read(t)), ","); got != "new 0,new 1,still 0,still 1" {
				t.Errorf("the collection holds %s", got)
			}
			if err := d.Replace(t.Context(), doc, connectortest.Stream(nil)); err != nil || len(p.Read(t)) != 2 {
				t.Errorf("written with nothing: %v", err)
			}
			if err := d.(connector.Remover).Remove(t.Context(), beside); err != nil || len(p.Read(t)) != 0 {
				t.Errorf("removed: %v", err)
			}
		}
	})
}

// TestLargeValues has dynamic values that do not fit a row together.
func TestLargeValues(t *testing.T) {
	t.Parallel()
	p := newPlace(t, server.StartFake(t), true, server.Standard(2)...)
	e := element.Element{ID: "e", Text: "a", Embeddings: []float32{1, 0}, Metadata: element.Metadata{TextAsHTML: strings.Repeat("<p>", 30_000), Filename: "a.pdf"}}
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	if err := d.Replace(t.Context(), doc, connectortest.Stream([]element.Element{e})); err != nil {
		t.Fatal(err)
	}
	if row := p.Rows(t, p.name)[0]; row["text_as_html"] != nil || row["filename"] != "a.pdf" {
		t.Errorf("%v", row)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	config := map[string]any{"uri": "https://x.zillizcloud.com", "collection_name": "docs", "user": "root", "password": "p"}
	for key, value := range map[string]any{"uri": "./milvus.db", "collection_name": "a-b", "token": "a\nb", "record_id_key": "a b"} {
		if _, err := connector.OpenDestination(Type, connectortest.With(config, key, value), connector.Env{}); err == nil {
			t.Errorf("%s %q is taken", key, value)
		}
	}
	for code, want := range map[int]connector.Outcome{8: connector.Transient, 1807: connector.Transient, 9: connector.Transient, 1800: connector.Permanent, 1804: connector.Permanent, 65535: connector.Permanent} {
		s := server.StartFake(t)
		s.Code(code, 1000)
		d := connectortest.OpenDestination(t, Type, connectortest.With(connectortest.With(config, "uri", s.Address()), "token", server.Token), connector.Env{}).(*destination)
		d.Client.Patience, d.Client.Pause = 1, 1
		err := d.Check(t.Context())
		if outcome, _ := connector.Classify(err); err == nil || outcome != want || strings.Contains(err.Error(), "raw text") {
			t.Errorf("code %d: %s, %v", code, outcome, err)
		}
	}
	if !slices.Equal([]bool{field{Kind: "VarChar"}.long("x"), field{}.long([]any{1})}, []bool{false, false}) {
		t.Error("a field without a limit has one")
	}
}
