package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/health"
)

type watched struct{ requests []string }

func (w *watched) Request(method, route string, status int, _ time.Duration) {
	w.requests = append(w.requests, fmt.Sprint(method, " ", route, " ", status))
}

// Every request has an id, one line of the log, and a count by the pattern of its path.
func TestRequestsAreWatched(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var w watched
	s := &server{Config: Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Watch: &w}}
	s.routes = []route{
		{method: "GET", path: "/jobs/{job_id}", open: true, handle: func(w http.ResponseWriter, _ *request) error {
			return respond(w, http.StatusOK, nil)
		}},
		{method: "POST", path: "/jobs/{job_id}", open: true, handle: func(http.ResponseWriter, *request) error {
			return errors.New("the disk is broken")
		}},
		{method: "PUT", path: "/jobs/{job_id}", open: true, handle: func(http.ResponseWriter, *request) error { panic("on purpose") }},
		{method: "GET", path: "/secret", handle: nil},
	}
	const id = "0198c5f0-0000-7000-8000-000000000001"
	for _, c := range []struct {
		method, path, given, id string
		status                  int
		line                    string
	}{
		{"GET", "/api/v1/jobs/" + id, "proxy-7.a_B", "proxy-7.a_B", 200, "request=proxy-7.a_B method=GET path=/api/v1/jobs/" + id + " job=" + id + " status=200"},
		{"GET", "/jobs/" + id, "x\nlevel=ERROR", "", 200, "status=200"},
		{"GET", "/jobs/" + id, strings.Repeat("x", 65), "", 200, "status=200"},
		{"GET", "/nowhere/" + id, "", "", 404, "status=404"},
		{"DELETE", "/jobs/" + id, "", "", 405, "status=405"},
		{"GET", "/secret", "", "", 401, "status=401"},
		{"POST", "/jobs/" + id, "r1", "r1", 500, `level=ERROR msg="a request failed" request=r1 method=POST path=/jobs/` + id + " job=" + id + ` error="the disk is broken"`},
		{"PUT", "/jobs/" + id, "r2", "r2", 500, `level=ERROR msg="a handler failed" request=r2 method=PUT path=/jobs/` + id + " job=" + id + ` panic="on purpose"`},
	} {
		log.Reset()
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("X-Request-Id", c.given)
		a := httptest.NewRecorder()
		s.serve(a, r)
		got := a.Header().Get("X-Request-Id")
		if a.Code != c.status || len(got) < 2 || len(got) > 64 || c.id != "" && got != c.id || c.id == "" && got == c.given {
			t.Errorf("%s %s: status %d, id %q", c.method, c.path, a.Code, got)
		}
		if !strings.Contains(log.String(), c.line) || strings.Count(log.String(), "msg=request ") != 1 ||
			!strings.Contains(log.String(), "request="+got) {
			t.Errorf("%s %s: logged\n%s", c.method, c.path, log.String())
		}
	}
	want := []string{"GET /api/v1/jobs/{job_id} 200", "GET /api/v1/jobs/{job_id} 200", "GET /api/v1/jobs/{job_id} 200", "  404", "  405",
		"GET /api/v1/secret 401", "POST /api/v1/jobs/{job_id} 500", "PUT /api/v1/jobs/{job_id} 500"}
	if !slices.Equal(w.requests, want) {
		t.Errorf("counted %q", w.requests)
	}
}

func TestReadyz(t *testing.T) {
	t.Parallel()
	var fault error
	s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
	s.Ready = health.New(nil, health.Check{Name: "database", Run: func(context.Context) error { return fault }})
	s.routes = []route{{method: "GET", path: "/readyz", open: true, outside: true, handle: s.readyz}}
	ask := func() (int, string) {
		a := httptest.NewRecorder()
		s.serve(a, httptest.NewRequest("GET", "/readyz", nil))
		return a.Code, a.Body.String()
	}
	if status, body := ask(); status != 200 || body != `{"status":"ready","checks":{"database":"ok"}}` {
		t.Errorf("ready: %d %s", status, body)
	}
	s.Ready.Stop()
	if status, body := ask(); status != 503 || body != `{"status":"stopping","checks":{}}` {
		t.Errorf("stopping: %d %s", status, body)
	}
	fault = errors.New("postgres://user:password@db refused")
	s.Ready = health.New(nil, health.Check{Name: "database", Run: func(context.Context) error { return fault }})
	if status, body := ask(); status != 503 || body != `{"status":"not ready","checks":{"database":"failed; the server's log says more"}}` {
		t.Errorf("not ready: %d %s", status, body)
	}
}
