package api

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
)

// TestFailures gives every kind of failure its status, and no client a text that is not meant for it.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		retry  string
		words  string
	}{
		"refused":    {&engine.Refusal{Status: 409, Message: "a job runs"}, 409, "", "a job runs"},
		"rate":       {&engine.RateError{Wait: 300 * time.Millisecond}, 429, "1", "Rate limit"},
		"large":      {engine.ErrFileTooLarge, 413, "", "too large"},
		"many":       {engine.ErrTooManyFiles, 422, "", "too many"},
		"full store": {store.ErrFull, 503, "30", "disk is full"},
		"full blobs": {blob.ErrFull, 503, "30", "disk is full"},
		"not found":  {notFound(store.ErrNotFound, "Job not found"), 404, "", "Job not found"},
		"other":      {errors.New("open /secret/path: permission denied"), 500, "", "Internal server error"},
		"panic":      {nil, 500, "", "Internal server error"},
	} {
		s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
		s.routes = []route{{method: "GET", path: "/x", open: true, handle: func(http.ResponseWriter, *request) error {
			if c.err == nil {
				panic("on purpose")
			}
			return c.err
		}}}
		w := httptest.NewRecorder()
		s.serve(w, httptest.NewRequest("GET", "/x", nil))
		var answer struct{ Detail string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != c.status || !strings.Contains(answer.Detail, c.words) ||
			strings.Contains(answer.Detail, "/secret") || w.Header().Get("Retry-After") != c.retry || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
}

func TestDocsLoadNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(string(docsPage), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func newGet(t *testing.T, path string) *http.Request {
	t.Helper()
	return httptest.NewRequest(http.MethodGet, path, nil)
}

// An answer that breaks off must not look whole: the connection is dropped.
func TestPanicInTheMiddle(t *testing.T) {
	t.Parallel()
	s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
	s.routes = []route{{method: "GET", path: "/x", open: true, handle: func(w http.ResponseWriter, _ *request) error {
		_, _ = w.Write([]byte(strings.Repeat("x", 100_000)))
		panic("on purpose")
	}}}
	h := httptest.NewServer(http.HandlerFunc(s.serve))
	defer h.Close()
	answer, err := h.Client().Get(h.URL + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err == nil {
		t.Error("half an answer came as a whole one")
	}
}
