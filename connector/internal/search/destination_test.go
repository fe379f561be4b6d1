package search_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/connector/elasticsearch"
	"github.com/sluicehq/sluice/connector/opensearch"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

func elements(mark string, n, dimensions int) []element.Element {
	out := make([]element.Element, n)
	for i := range out {
		out[i] = element.Element{Type: element.NarrativeText, ID: fmt.Sprintf("%s-%d", mark, i), Text: fmt.Sprintf("%s, text %d", mark, i)}
		if dimensions > 0 {
			out[i].Embeddings = connectortest.Embedding(byte(i), dimensions)
		}
	}
	return out
}

func stream(elements []element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func texts(records []connectortest.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, r.Text)
	}
	slices.Sort(out)
	return out
}

func textsOf(elements []element.Element) []string {
	var out []string
	for _, e := range elements {
		out = append(out, e.Text)
	}
	slices.Sort(out)
	return out
}

// TestOtherDimension has an index whose mapping or content knows vectors of 8 dimensions, and a model with 12.
func TestOtherDimension(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newPlace(t, s, opensearch.Type, 1, "")
	d := openDestination(t, opensearch.Type, p.Config())
	old := document.Document{Identifier: "old"}
	if err := d.Replace(t.Context(), old, stream(elements("old", 3, 8))); err != nil {
		t.Fatal(err)
	}
	next := openDestination(t, opensearch.Type, p.Config())
	p.server.Do(t, http.MethodPost, "/"+p.name+"/_refresh", "")
	err := next.Replace(t.Context(), document.Document{Identifier: "new"}, stream(elements("new", 3, 12)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !contains(err.Error(), "8 dimensions", "have 12") {
		t.Errorf("%v", err)
	}
	if got := texts(p.Read(t)); !slices.Equal(got, textsOf(elements("old", 3, 8))) {
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
		d := openDestination(t, kind, (&place{endpoint: fake.URL, kind: kind, name: "docs"}).Config())
		err := d.Replace(t.Context(), document.Document{Identifier: "new"}, stream(elements("new", 3, 12)))
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
		d := openDestination(t, kind, p.Config())
		err := d.Replace(t.Context(), document.Document{Identifier: "new"}, stream(elements("new", 3, 12)))
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
	d := openDestination(t, elasticsearch.Type, p.Config())
	page := 3
	e := element.Element{Type: element.Title, ID: "e1", Text: "a \"title\" {of} [one], \\", Embeddings: []float32{0.5, -1}, Metadata: element.Metadata{
		Filename: "a\\\"b.pdf", PageNumber: &page, Languages: []string{"eng"}, DataSource: &element.DataSource{
			URL: "s3://b/k", Version: "1", RecordLocator: map[string]any{"protocol": "s3", "nested": map[string]any{"a": map[string]any{}}},
			PermissionsData: []map[string]any{{"read": map[string]any{"users": []any{"u"}}}},
		},
	}}
	if err := d.Replace(t.Context(), document.Document{Identifier: "doc-1"}, stream([]element.Element{e, e})); err != nil {
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
	config := with(p.Config(), "hosts", []any{gate.URL()})
	d := openDestination(t, opensearch.Type, config)
	doc := document.Document{Identifier: "doc"}
	if err := d.Replace(t.Context(), doc, stream(elements("old", 1500, 0))); err != nil {
		t.Fatal(err)
	}
	fresh := elements("new", 5000, 0)
	seen := 0
	err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range stream(fresh) {
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
	if err := d.Replace(t.Context(), doc, stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := texts(p.Read(t)); !slices.Equal(got, textsOf(fresh)) {
		t.Errorf("the index holds %d records, want %d", len(got), len(fresh))
	}
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	const place = "SLUICE_TEST_SEARCH_CONFIG"
	doc, fresh := document.Document{Identifier: "doc"}, elements("new", 50, 8)
	if text := os.Getenv(place); text != "" {
		var config map[string]any
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("not killed: %v", openDestination(t, elasticsearch.Type, config).Replace(context.Background(), doc, stream(fresh)))
	}
	t.Parallel()
	p := newPlace(t, start(t), elasticsearch.Type, 1, "")
	d := openDestination(t, elasticsearch.Type, p.Config())
	old := elements("old", 80, 8)
	if err := d.Replace(t.Context(), doc, stream(old)); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p.Config())
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledInReplace$") //nolint:noctx // it kills itself
	child.Env = append(os.Environ(), "SLUICE_FAILPOINT=mid-replace", place+"="+string(text))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	if got, want := texts(p.Read(t)), slices.Sorted(slices.Values(append(textsOf(old), textsOf(fresh)...))); !slices.Equal(got, want) {
		t.Errorf("after the kill the index holds %d records, want the old and the new ones", len(got))
	}
	if err := openDestination(t, elasticsearch.Type, p.Config()).Replace(t.Context(), doc, stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := texts(p.Read(t)); !slices.Equal(got, textsOf(fresh)) {
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
	d := openDestination(t, elasticsearch.Type, with(p.Config(), "hosts", []any{busy.URL}))
	set := elements("new", 40, 8)
	if err := d.Replace(t.Context(), document.Document{Identifier: "doc"}, stream(set)); err != nil {
		t.Fatal(err)
	}
	if got := texts(p.Read(t)); !slices.Equal(got, textsOf(set)) {
		t.Errorf("the index holds %q", got)
	}
}

// TestBadValue has a mapping that refuses an element: permanent, and the value is not shown.
func TestBadValue(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newPlace(t, s, elasticsearch.Type, 1, `{"record_id":{"type":"keyword"},"text":{"type":"long"}}`)
	err := openDestination(t, elasticsearch.Type, p.Config()).Replace(t.Context(), document.Document{Identifier: "doc"}, stream(elements("words", 3, 0)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !contains(err.Error(), "mapper_parsing_exception") ||
		contains(err.Error(), "words") {
		t.Errorf("%v", err)
	}
}
