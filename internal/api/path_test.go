package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/":                        "/",
		"":                         "/",
		"/api/v1/jobs/":            "/jobs",
		"/api/v1//jobs":            "/jobs",
		"/api/v1/api/v1/jobs/":     "/jobs",
		"/jobs":                    "/jobs",
		"/job":                     "/jobs",
		"/api/v1/job/x":            "/jobs/x",
		"/jobs/>x/download":        "/jobs/x/download",
		"/jobs/>/>x":               "/jobs/x",
		"/templates/>x":            "/templates/>x",
		"/api/>v1/jobs":            "/api/>v1/jobs",
		"/docs/openapi.json":       "/openapi.json",
		"/general/v0/general":      general,
		"/api/v1" + general:        general,
		general + general + "/":    general,
		"/general/docs":            "/docs",
		"/general/openapi.json":    "/openapi.json",
		"/api/v2/jobs":             "/api/v2/jobs",
		"/x" + general:             "/x" + general,
		"/api/v1/workflows/a/run/": "/workflows/a/run",
	} {
		if got := canonical(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"/api/v1//jobs/", general + general, "/job/>", "////", "/api/v1/api/v1", "/general/docs/"} {
		f.Add(s)
	}
	s := &server{}
	s.routes = s.table()
	f.Fuzz(func(t *testing.T, path string) {
		once := canonical(path)
		if !strings.HasPrefix(once, "/") || strings.Contains(once, "//") || len(once) > 1 && strings.HasSuffix(once, "/") {
			t.Errorf("%q: %q", path, once)
		}
		if twice := canonical(once); twice != once {
			t.Errorf("%q: %q, then %q", path, once, twice)
		}
		if _, _, err := s.match(http.MethodGet, once); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}

func TestRoutesAreDistinct(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.routes = s.table()
	seen, ids := map[string]bool{}, map[string]bool{}
	for _, r := range s.routes {
		if seen[r.method+r.path] || ids[r.id] {
			t.Errorf("%s %s (%s) stands twice", r.method, r.path, r.id)
		}
		seen[r.method+r.path], ids[r.id] = true, true
		if r.summary == "" || r.tag == "" || r.status == 0 || r.handle == nil {
			t.Errorf("%s %s is not complete", r.method, r.path)
		}
		if got, _, err := s.match(r.method, r.path); err != nil || got.id != r.id {
			t.Errorf("%s %s leads to %s: %v", r.method, r.path, got.id, err)
		}
	}
}
