package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
)

// serve answers with each status in turn, the last one from then on, and counts.
func serve(t *testing.T, header http.Header, statuses ...int) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1)) - 1
		body, _ := io.ReadAll(r.Body)
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(statuses[min(n, len(statuses)-1)])
		_, _ = w.Write(append([]byte("secret answer to "), body...))
	}))
	t.Cleanup(s.Close)
	return s, &calls
}

func client(bases ...string) *Client {
	return (&Client{Service: "the service", Bases: bases, Pause: time.Millisecond, Patience: time.Second}).Open(connector.Env{})
}

func TestDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statuses []int
		once     bool
		ok       []int
		calls    int64
		status   int // of the answer; 0 for an error
		outcome  connector.Outcome
		cause    error
	}{
		"good":                          {statuses: []int{200}, calls: 1, status: 200},
		"busy and then good":            {statuses: []int{429, 429, 503, 200}, calls: 4, status: 200},
		"failed and then good":          {statuses: []int{500, 502, 201}, calls: 3, status: 201},
		"failed, and must not be twice": {statuses: []int{500, 200}, once: true, calls: 1, outcome: connector.Transient},
		"busy, and must not be twice":   {statuses: []int{429, 200}, once: true, calls: 2, status: 200},
		"always failed":                 {statuses: []int{500}, calls: failedTries, outcome: connector.Transient},
		"refused":                       {statuses: []int{403}, calls: 1, outcome: connector.Permanent, cause: connector.ErrForbidden},
		"gone":                          {statuses: []int{404}, calls: 1, outcome: connector.Permanent, cause: connector.ErrNotFound},
		"gone and expected":             {statuses: []int{404}, ok: []int{404}, calls: 1, status: 404},
		"elsewhere":                     {statuses: []int{302}, calls: 1, outcome: connector.Permanent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, calls := serve(t, http.Header{"Location": {"http://127.0.0.1:1/"}}, c.statuses...)
			to := client(s.URL)
			defer to.Close()
			a, err := to.Do(t.Context(), Request{What: "do it", Method: http.MethodPost, Path: "/x", Body: []byte("body"), Once: c.once, OK: c.ok})
			if calls.Load() != c.calls {
				t.Errorf("%d calls, want %d", calls.Load(), c.calls)
			}
			if c.status != 0 {
				if err != nil || a.Status != c.status || string(a.Body) != "secret answer to body" {
					t.Errorf("got %d %q, %v", a.Status, a.Body, err)
				}
				return
			}
			outcome, _ := connector.Classify(err)
			if outcome != c.outcome || c.cause != nil && !errors.Is(err, c.cause) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", outcome, err)
			}
		})
	}
}

// TestRetryAfter has a service that asks for longer than a call waits here: the caller gets the time.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	s, calls := serve(t, http.Header{"Retry-After": {"30"}}, 429)
	to := client(s.URL)
	defer to.Close()
	_, err := to.Do(t.Context(), Request{What: "do it", Method: http.MethodGet, Path: "/"})
	if outcome, wait := connector.Classify(err); outcome != connector.Transient || wait != 30*time.Second || calls.Load() != 1 {
		t.Errorf("%s after %s, %d calls: %v", outcome, wait, calls.Load(), err)
	}
}

func TestOtherBase(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	s, _ := serve(t, nil, 200)
	to := client(dead.URL, s.URL)
	defer to.Close()
	if _, err := to.Do(t.Context(), Request{What: "do it", Method: http.MethodGet, Path: "/"}); err != nil {
		t.Error(err)
	}
	to = client(dead.URL)
	defer to.Close()
	_, err := to.Do(t.Context(), Request{What: "do it", Method: http.MethodGet, Path: "/"})
	if outcome, _ := connector.Classify(err); outcome != connector.Transient || !strings.Contains(err.Error(), "nobody answers") {
		t.Errorf("%s: %v", outcome, err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, nil, 200)
	to := client(s.URL)
	defer to.Close()
	_, err := to.Do(t.Context(), Request{What: "do it", Method: http.MethodGet, Path: "/", Limit: 5})
	if outcome, _ := connector.Classify(err); outcome != connector.Permanent {
		t.Errorf("an answer that is too long: %s %v", outcome, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := to.Do(ctx, Request{Method: http.MethodGet, Path: "/"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://h:9200/": "https://h:9200", "h:9200": "https://h:9200", "http://h/a/b/": "http://h/a/b", "h.example.com": "https://h.example.com",
		"https://user:password@h": "", "https://h?x=1": "", "ftp://h": "", "": "", "https://": "",
	} {
		got, err := Address("hosts", in, "https")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "password@") {
			t.Errorf("%v", err)
		}
	}
}
