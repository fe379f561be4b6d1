package s3

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

// A large object stands in a temporary file, whose descriptor can be handed on, and which goes with the File.
func TestFetchSpools(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	name, dir := s.Bucket(t), t.TempDir()
	raw := make([]byte, 4<<20) // 8 MiB of text
	_, _ = rand.Read(raw)
	want := hex.EncodeToString(raw)
	s.Put(t, name, "large.txt", want, nil)
	source := connectortest.OpenSource(t, Type, map[string]any{
		"remote_url": "s3://" + name, "endpoint_url": s.Endpoint, "key": s.Key, "secret": s.Secret,
	}, connector.Env{TempDir: dir})
	for d, err := range source.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		f, err := source.Fetch(context.Background(), d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.SyscallConn(); err != nil {
			t.Errorf("a large object has no descriptor: %v", err)
		}
		if f.Size != int64(len(want)) || content(t, f) != want {
			t.Errorf("read %d bytes, want %d", f.Size, len(want))
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	gone := connectortest.OpenSource(t, Type, map[string]any{
		"remote_url": "s3://" + name, "endpoint_url": s.Endpoint, "key": s.Key, "secret": s.Secret,
	}, connector.Env{TempDir: dir + "/gone"})
	for d := range gone.Index(context.Background(), "") {
		_, err := gone.Fetch(context.Background(), d)
		if outcome, _ := connector.Classify(err); outcome != connector.Permanent || !strings.Contains(err.Error(), "no temporary file can be written") {
			t.Errorf("without a folder for temporary files: %v", err)
		}
	}
}

// shaky serves one object and breaks off every answer after so many bytes.
type shaky struct {
	mu       sync.Mutex
	content  string
	etag     string
	after    int    // bytes of an answer; 0 is all
	onBreak  func() // called, locked, after an answer broke off
	ranges   []string
	stubborn bool // ignores ranges and conditions
}

func (s *shaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges = append(s.ranges, r.Header.Get("Range")+" "+r.Header.Get("If-Match"))
	if match := r.Header.Get("If-Match"); match != "" && match != s.etag && !s.stubborn {
		w.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprint(w, xmlError("PreconditionFailed", "changed"))
		return
	}
	at := 0
	if given, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !s.stubborn {
		at, _ = strconv.Atoi(strings.TrimSuffix(given, "-"))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(s.content)-1, len(s.content)))
	}
	w.Header().Set("ETag", s.etag)
	w.Header().Set("Last-Modified", "Wed, 04 Mar 2026 05:06:07 GMT")
	w.Header().Set("Content-Type", "application/pdf")
	rest := s.content[at:]
	w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
	if at > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	if s.after > 0 && len(rest) > s.after {
		fmt.Fprint(w, rest[:s.after])
		w.(http.Flusher).Flush()
		if s.onBreak != nil {
			s.onBreak()
		}
		panic(http.ErrAbortHandler)
	}
	fmt.Fprint(w, rest)
}

func (s *shaky) fetch(t *testing.T) (document.File, error) {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	source := connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/", "endpoint_url": h.URL, "anonymous": true}, connector.Env{TempDir: t.TempDir()})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return source.Fetch(ctx, document.Document{Name: "a.pdf", URL: "s3://acme/a.pdf", Version: "one"})
}

func TestFetchGoesOn(t *testing.T) {
	t.Parallel()
	s := &shaky{content: strings.Repeat("0123456789", 10_000), etag: `"one"`, after: 30_000}
	f, err := s.fetch(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, f); got != s.content || f.MIMEType != "application/pdf" || f.Found.Version != "" {
		t.Errorf("read %d bytes of type %q, found %+v", len(got), f.MIMEType, f.Found)
	}
	if len(s.ranges) < 3 || s.ranges[0] != " " || !strings.HasSuffix(s.ranges[1], `- "one"`) {
		t.Errorf("asked for %q", s.ranges)
	}
}

// The object is replaced in the middle: what comes is the new one, whole.
func TestFetchNeverMixes(t *testing.T) {
	t.Parallel()
	for name, stubborn := range map[string]bool{"condition": false, "server without conditions": true} {
		s := &shaky{content: strings.Repeat("old", 30_000), etag: `"one"`, after: 40_000, stubborn: stubborn}
		s.onBreak = func() { s.content, s.etag, s.after = strings.Repeat("new", 25_000), `"two"`, 0 }
		f, err := s.fetch(t)
		if err != nil {
			t.Fatal(err)
		}
		if got := content(t, f); got != s.content || f.Found.Version != "two" || f.Found.Modified.IsZero() {
			t.Errorf("%s: read %d bytes from %q, found %+v", name, len(got), got[:10], f.Found)
		}
	}
	n := 0
	s := &shaky{content: strings.Repeat("old", 30_000), etag: `"one"`, after: 40_000}
	s.onBreak = func() { n++; s.etag = fmt.Sprintf(`"%d"`, n) }
	_, err := s.fetch(t)
	if outcome, wait := connector.Classify(err); outcome != connector.Transient || wait == 0 || !strings.Contains(err.Error(), "changes while it is read") {
		t.Errorf("an object that changes all the time: %v", err)
	}
	// A connection that never brings anything ends.
	s = &shaky{content: "x", etag: `"one"`}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Header().Set("ETag", `"one"`)
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer h.Close()
	source := connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/", "endpoint_url": h.URL, "anonymous": true}, connector.Env{})
	_, err = source.Fetch(context.Background(), document.Document{Name: "a", URL: "s3://acme/a", Version: "one"})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Errorf("a connection that breaks every time: %v", err)
	}
}

func TestFetchOfAnotherBucket(t *testing.T) {
	t.Parallel()
	source := connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/", "anonymous": true}, (&web{}).env())
	for _, url := range []string{"s3://other/key", "s3://acme", "s3://acme/", "", "file:///etc/passwd"} {
		if _, err := source.Fetch(context.Background(), document.Document{URL: url}); !errors.Is(err, connector.ErrNotFound) {
			t.Errorf("%q: %v", url, err)
		}
	}
}
