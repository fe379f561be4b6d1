package gcs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/gcs"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]place{
		"gs://docs": {bucket: "docs"}, "gcs://docs.example.com/a b/ü/": {bucket: "docs.example.com", prefix: "a b/ü/"}, " gs://my_docs/x": {bucket: "my_docs", prefix: "x"},
	} {
		if got, err := parse(in); err != nil || got != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "docs", "s3://docs/x", "gs://", "gs:///x", "gs://UPPER/x", "gs://a", "gs://user:pass@docs/x", "gs://docs/" + strings.Repeat("x", 800)} {
		if _, err := parse(in); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"none": "", "a path": "/etc/s3cret.json", "the machine's": "google_default", "another kind": `{"type":"authorized_user","refresh_token":"s3cret"}`,
		"no key": `{"type":"service_account","client_email":"x"}`, "no RSA key": `{"client_email":"x","private_key":"-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----"}`,
	} {
		_, err := connector.OpenDestination(Type, map[string]any{"remote_url": "gs://docs", "service_account_key": key}, connector.Env{})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := connector.OpenDestination(Type, map[string]any{"remote_url": "gs://docs", "service_account_key": anonymous}, connector.Env{}); err == nil {
		t.Error("nobody may write")
	}
	connectortest.OpenSource(t, Type, map[string]any{"remote_url": "gs://docs", "service_account_key": anonymous}, connector.Env{})
}

// held says how many elements of a mark all objects of a place have.
func held(t *testing.T, p *testPlace) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, r := range p.Read(t) {
		mark, _, _ := strings.Cut(r.Text, " ")
		out[mark]++
	}
	return out
}

// TestGoesAway breaks the connection while a document of several parts is written: the old one stays whole, and the write
// repeated leaves the new one.
func TestGoesAway(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	doc := document.Document{Identifier: "doc", Path: "a/doc.pdf", Name: "doc.pdf"}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Padded("old", 50, 10))); err != nil {
		t.Fatal(err)
	}
	large := connectortest.Padded("new", 200, 100_000) // three parts
	err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range connectortest.Stream(large) {
			if !yield(e, nil) {
				return
			}
		}
		s.Close()
	})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Fatalf("%s: %v", outcome, err)
	}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	if got := held(t, p); got["old"] != 50 || got["new"] != 0 {
		t.Errorf("after the fault the bucket holds %v", got)
	}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(large)); err != nil {
		t.Fatal(err)
	}
	if got := held(t, p); got["old"] != 0 || got["new"] != 200 {
		t.Errorf("the bucket holds %v", got)
	}
}

// TestKilledInReplace kills a writer that has sent all parts but the last.
func TestKilledInReplace(t *testing.T) {
	doc, fresh := document.Document{Identifier: "doc", Path: "doc.pdf", Name: "doc.pdf"}, connectortest.Padded("new", 100, 100_000)
	connectortest.DieInReplace(t, Type, doc, fresh)
	t.Parallel()
	p := newPlace(t, server.Start(t))
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Padded("old", 5, 10))); err != nil {
		t.Fatal(err)
	}
	connectortest.Kill(t, p.Config())
	if got := held(t, p); got["old"] != 5 || len(got) != 1 {
		t.Errorf("after the kill the bucket holds %v", got)
	}
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := held(t, p); got["new"] != 100 || len(got) != 1 {
		t.Errorf("the bucket holds %v", got)
	}
}

// TestParts has a service that keeps less of a part than it was sent, as it may.
func TestParts(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	var kept []byte
	var slow *httptest.Server
	slow = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodPost {
			w.Header().Set("Location", slow.URL+"/upload/session?"+url.Values{"upload_id": {"a b"}}.Encode())
			return
		}
		var from, to, size int
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size); err != nil || from != len(kept) || r.URL.Query().Get("upload_id") != "a b" {
			t.Errorf("%q with %d kept, %s", r.Header.Get("Content-Range"), len(kept), r.URL)
		}
		take := len(body)
		if to+1 < size {
			take = len(body) / 2
		}
		if kept = append(kept, body[:take]...); len(kept) < size {
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(kept)-1))
			w.WriteHeader(http.StatusPermanentRedirect)
		}
	}))
	defer slow.Close()
	d := connectortest.OpenDestination(t, Type, map[string]any{"remote_url": "gs://docs", "service_account_key": s.Key(t), "endpoint_url": slow.URL}, connector.Env{})
	if err := d.Replace(t.Context(), document.Document{Identifier: "x", Path: "x"}, connectortest.Stream(connectortest.Padded("new", 200, 100_000))); err != nil {
		t.Fatal(err)
	}
	var got []struct{ Text string }
	if err := json.Unmarshal(kept, &got); err != nil || len(got) != 200 {
		t.Errorf("%d elements, %v", len(got), err)
	}
}

// TestThrottled has a service that asks for time, with and without saying how much, and in Google's words.
func TestThrottled(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	var calls atomic.Int64
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch calls.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"error":{"errors":[{"reason":"rateLimitExceeded"}]}}`)
		case 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 4:
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer busy.Close()
	d := connectortest.OpenDestination(t, Type, map[string]any{"remote_url": "gs://docs", "service_account_key": s.Key(t), "endpoint_url": busy.URL}, connector.Env{})
	if err := d.Replace(t.Context(), document.Document{Identifier: "x", Path: "x"}, connectortest.Stream(nil)); err != nil || calls.Load() != 5 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// TestSingleObject names one object in place of a folder, and reads it again after it has changed.
func TestSingleObject(t *testing.T) {
	t.Parallel()
	p := newPlace(t, server.Start(t))
	p.Put(t, map[string]string{"a.txt": "first", "a.txt.bak": "another"})
	source := connectortest.OpenSource(t, Type, with(p.Config(), "remote_url", "gs://"+p.name+"/"+p.prefix+"a.txt"), connector.Env{})
	var listed []document.Document
	for d, err := range source.Index(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, d)
	}
	if len(listed) != 1 || listed[0].Path != "a.txt" {
		t.Fatalf("listed %v", listed)
	}
	id, _ := listed[0].RecordLocator["file_id"].(string)
	if !strings.HasPrefix(id, p.name+"/"+p.prefix+"a.txt/") || listed[0].RecordLocator["protocol"] != "gs" {
		t.Errorf("%v", listed[0].RecordLocator)
	}
	p.Put(t, map[string]string{"a.txt": "the second"})
	f, err := source.Fetch(t.Context(), listed[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := f.Bytes(100)
	if err != nil || string(text) != "the second" || f.Found.Version == "" || f.Found.Version == listed[0].Version || f.Found.RecordLocator["file_id"] == id {
		t.Errorf("%q, %v, %+v", text, err, f.Found)
	}
}
