package search_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/connector/elasticsearch"
	"github.com/sluicehq/sluice/connector/opensearch"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// TestOtherDimension has an index whose mapping or content knows vectors of 8 dimensions, and a model with 12.
func TestOtherDimension(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newPlace(t, s, opensearch.Type, 1, "")
	d := connectortest.OpenDestination(t, opensearch.Type, p.Config(), connector.Env{})
	old := document.Document{Identifier: "old"}
	if err := d.Replace(t.Context(), old, connectortest.Stream(connectortest.Marked("old", 3, 8))); err != nil {
		t.Fatal(err)
	}
	next := connectortest.OpenDestination(t, opensearch.Type, p.Config(), connector.Env{})
	p.server.Do(t, http.MethodPost, "/"+p.name+"/_refresh", "")
	err := next.Replace(t.Context(), document.Document{Identifier: "new"}, connectortest.Stream(connectortest.Marked("new", 3, 12)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !contains(err.Error(), "8 dimensions", "have 12") {
		t.Errorf("%v", err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(connectortest.Marked("old", 3, 8))) {
		t.Errorf("the index holds %q", got)
	}
}

// TestMappedDimension has what the two products say of a vector field, which the server of the tests does not have.
func TestMappedDimension(t *testing.T) {
	t.Parallel()
	for kind, field := range map[string]string{
		elasticsearch.Type: `{"type":"dense_vector","dims":8}`, opensearch.Type: `{"type":"knn_vector","dimension":8}`,
	} {
		var writes atomic.Int64
		fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				writes.Add(1)
			}
			fmt.Fprintf(w, `{"docs-1":{"mappings":{"properties":{"record_id":{"type":"keyword"},"embeddings":%s}},"settings":{"index":{"number_of_shards":"1"}}}}`, field)
		}))
		t.Cleanup(fake.Close)
		d := connectortest.OpenDestination(t, kind, (&place{endpoint: fake.URL, kind: kind, name: "docs"}).Config(), connector.Env{})
		err := d.Replace(t.Context(), document.Document{Identifier: "new"}, connectortest.Stream(connectortest.Marked("new", 3, 12)))
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !contains(err.Error(), "8 dimensions", "have 12") ||
			writes.Load() != 0 {
			t.Errorf("%s: %v, %d writes", kind, err, writes.Load())
		}
	}
}

func TestMissingIndex(t *testing.T) {
	t.Parallel()
	s := start(t)
	for kind, want := range map[string]string{elasticsearch.Type: `"dense_vector", "dims": 12`, opensearch.Type: `"knn_vector", "dimension": 12`} {
		p := &place{server: s, endpoint: s.Endpoint, kind: kind, name: "never-made"}
		d := connectortest.OpenDestination(t, kind, p.Config(), connector.Env{})
		err := d.Replace(t.Context(), document.Document{Identifier: "new"}, connectortest.Stream(connectortest.Marked("new", 3, 12)))
		if !errors.Is(err, connector.ErrNotFound) || !contains(err.Error(), "PUT /never-made {", want) {
			t.Errorf("%s: %v", kind, err)
		}
		err = d.Check(t.Context())
		if !errors.Is(err, connector.ErrNotFound) || !contains(err.Error(), "PUT /never-made {", "N is the number of dimensions") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestShape reads one record back as it stands there.
func TestShape(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newPlace(t, s, elasticsearch.Type, 1, "")
	d := connectortest.OpenDestination(t, elasticsearch.Type, p.Config(), connector.Env{})
	page := 3
	e := element.Element{Type: element.Title, ID: "e1", Text: "a \"title\" {of} [one], \\", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
		Filename: "a\\\"b.pdf", PageNumber: &page, Languages: []string{"eng"}, DataSource: &element.DataSource{
			URL: "s3://b/k", Version: "1", RecordLocator: map[string]any{"protocol": "s3", "nested": map[string]any{"a": map[string]any{}}},
			PermissionsData: []map[string]any{{"read": map[string]any{"users": []any{"u"}}}},
		},
	}}
	if err := d.Replace(t.Context(), document.Document{Identifier: "doc-1"}, connectortest.Stream([]element.Element{e, e})); err != nil {
		t.Fatal(err)
	}
	s.Do(t, http.MethodPost, "/"+p.name+"/_refresh", "")
	id := connector.ElementRecordID(document.Document{Identifier: "doc-1"}, "e1")
	var found struct {
		Source json.RawMessage `json:"_source"`
	}
	if err := json.Unmarshal(s.Do(t, http.MethodGet, "/"+p.name+"/_doc/"+id, ""), &found); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"Title","element_id":"e1","text":"a \"title\" {of} [one], \\","metadata":{"filename":"a\\\"b.pdf","languages":["eng"],"page_number":3,` +
		`"data_source-url":"s3://b/k","data_source-version":"1","data_source-record_locator-protocol":"s3",` +
		`"data_source-permissions_data":[{"read":{"users":["u"]}}]},"embeddings":[0.5,-1],"record_id":"doc-1"}`
	var got, expected map[string]any
	if err := errors.Join(json.Unmarshal(found.Source, &got), json.Unmarshal([]byte(want), &expected)); err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(got), fmt.Sprint(expected); a != b {
		t.Errorf("stands there as\n%s\nwant\n%s", a, b)
	}
	if n := len(p.Read(t)); n != 2 {
		t.Errorf("an element id that occurs twice gives %d records", n)
	}
}

// TestGoesAway breaks the connection while a document is written; the same write repeated leaves it once and whole.
func TestGoesAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	gate := newGate(t, s.Endpoint)
	p := newPlace(t, s, opensearch.Type, 1, keyword)
	config := connectortest.With(p.Config(), "hosts", []any{gate.URL()})
	d := connectortest.OpenDestination(t, opensearch.Type, config, connector.Env{})
	doc := document.Document{Identifier: "doc"}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 1500, 0))); err != nil {
		t.Fatal(err)
	}
	fresh := connectortest.Marked("new", 5000, 0)
	seen := 0
	err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range connectortest.Stream(fresh) {
			if seen++; seen == 2500 {
				gate.Close()
			}
			if !yield(e, nil) {
				return
			}
		}
	})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Fatalf("%s: %v", outcome, err)
	}
	gate.Open(t)
	if err := d.Replace(t.Context(), doc, connectortest.Stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(fresh)) {
		t.Errorf("the index holds %d records, want %d", len(got), len(fresh))
	}
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	doc, fresh := document.Document{Identifier: "doc"}, connectortest.Marked("new", 50, 8)
	connectortest.DieInReplace(t, elasticsearch.Type, doc, fresh)
	t.Parallel()
	p := newPlace(t, start(t), elasticsearch.Type, 1, "")
	d := connectortest.OpenDestination(t, elasticsearch.Type, p.Config(), connector.Env{})
	old := connectortest.Marked("old", 80, 8)
	if err := d.Replace(t.Context(), doc, connectortest.Stream(old)); err != nil {
		t.Fatal(err)
	}
	connectortest.Kill(t, p.Config())
	if got, want := connectortest.Texts(p.Read(t)), slices.Sorted(slices.Values(append(connectortest.TextsOf(old), connectortest.TextsOf(fresh)...))); !slices.Equal(got, want) {
		t.Errorf("after the kill the index holds %d records, want the old and the new ones", len(got))
	}
	if err := connectortest.OpenDestination(t, elasticsearch.Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(fresh)) {
		t.Errorf("the index holds %d records, want %d", len(got), len(fresh))
	}
}

// TestThrottled has a server that puts off whole requests, with and without Retry-After, and single operations.
func TestThrottled(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newPlace(t, s, elasticsearch.Type, 1, keyword)
	direct, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	var calls, bulks atomic.Int64
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1)
		if n%3 != 0 {
			_, _ = io.Copy(io.Discard, r.Body)
			if n%3 == 1 {
				w.Header().Set("Retry-After", "0.01")
			}
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if strings.HasSuffix(r.URL.Path, "/_bulk") && bulks.Add(1) == 1 { // the first operation alone
			lines := strings.SplitAfterN(string(body), "\n", 3)
			answer := s.Do(t, http.MethodPost, r.URL.Path, lines[0]+lines[1])
			_ = answer
			ops := (strings.Count(string(body), "\n")) / 2
			items := `{"index":{"status":201}}` + strings.Repeat(`,{"index":{"status":429,"error":{"type":"es_rejected_execution_exception"}}}`, ops-1)
			_, _ = io.WriteString(w, `{"errors":true,"items":[`+items+`]}`)
			return
		}
		q, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+direct.URL.Host+r.URL.RequestURI(), strings.NewReader(string(body)))
		if err != nil {
			t.Error(err)
			return
		}
		q.Header = r.Header
		q.Header.Del("Accept-Encoding")
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Error(err)
			return
		}
		defer a.Body.Close()
		w.WriteHeader(a.StatusCode)
		_, _ = io.Copy(w, a.Body)
	}))
	t.Cleanup(busy.Close)
	d := connectortest.OpenDestination(t, elasticsearch.Type, connectortest.With(p.Config(), "hosts", []any{busy.URL}), connector.Env{})
	set := connectortest.Marked("new", 40, 8)
	if err := d.Replace(t.Context(), document.Document{Identifier: "doc"}, connectortest.Stream(set)); err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(set)) {
		t.Errorf("the index holds %q", got)
	}
}

// TestBadValue has a mapping that refuses an element: permanent, and the value is not shown.
func TestBadValue(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newPlace(t, s, elasticsearch.Type, 1, `{"record_id":{"type":"keyword"},"text":{"type":"long"}}`)
	err := connectortest.OpenDestination(t, elasticsearch.Type, p.Config(), connector.Env{}).Replace(t.Context(), document.Document{Identifier: "doc"}, connectortest.Stream(connectortest.Marked("words", 3, 0)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !contains(err.Error(), "mapper_parsing_exception") ||
		contains(err.Error(), "words") {
		t.Errorf("%v", err)
	}
}
