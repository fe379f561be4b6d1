package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

const general = "/general/v0/general"

// canonical brings the forms in which clients write a path to the one of the route table: slashes collapsed, none at the
// end, the prefix /api/v1 taken off however often it stands there, /job for /jobs, a stray > before an id dropped
// (contract sections 1.2 and 1.3). It never leads to a redirect.
func canonical(path string) string {
	var segments []string
	for s := range strings.SplitSeq(path, "/") {
		if s != "" {
			segments = append(segments, s)
		}
	}
	for len(segments) >= 2 && segments[0] == "api" && segments[1] == "v1" {
		segments = segments[2:]
	}
	if len(segments) > 0 && segments[0] == "job" {
		segments[0] = "jobs"
	}
	if len(segments) > 1 && segments[0] == "jobs" {
		for len(segments) > 1 && strings.HasPrefix(segments[1], ">") {
			if segments[1] = strings.TrimLeft(segments[1], ">"); segments[1] == "" {
				segments = slices.Delete(segments, 1, 2)
			}
		}
	}
	// The SDK asks for /general/docs beside the pieces of a PDF that it splits; the page is the same. The page asks for
	// openapi.json beside itself, which is below it when its own path ends in a slash.
	if n := len(segments); n > 1 && (segments[0] == "general" || segments[0] == "docs") {
		switch {
		case segments[n-1] == "openapi.json" && (n == 2 || n == 3 && segments[1] == "docs"), segments[n-1] == "docs" && n == 2 && segments[0] == "general":
			segments = segments[n-1:]
		}
	}
	out := "/" + strings.Join(segments, "/")
	if rest := out; strings.HasSuffix(rest, general) {
		for strings.HasSuffix(rest, general) {
			rest = strings.TrimSuffix(rest, general)
		}
		if rest == "" {
			return general
		}
	}
	return out
}

// match finds the route of a canonical path: 404 when there is none, 405 when only other methods have one.
func (s *server) match(method, path string) (route, map[string]string, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	var allowed []string
	for _, r := range s.routes {
		ids, ok := r.matches(segments)
		if !ok {
			continue
		}
		if r.method == method {
			return r, ids, nil
		}
		allowed = append(allowed, r.method)
	}
	if allowed == nil {
		return route{}, nil, errorf(http.StatusNotFound, "Not Found")
	}
	e := errorf(http.StatusMethodNotAllowed, "Method Not Allowed")
	if path == general {
		e.detail = "Only POST requests are supported."
	}
	e.allow = strings.Join(allowed, ", ")
	return route{}, nil, e
}

// matches compares segment by segment; {name} takes any one.
func (r route) matches(segments []string) (map[string]string, bool) {
	pattern := strings.Split(strings.Trim(r.path, "/"), "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	var ids map[string]string
	for i, p := range pattern {
		if name, ok := strings.CutPrefix(p, "{"); ok {
			if segments[i] == "" {
				return nil, false
			}
			if ids == nil {
				ids = map[string]string{}
			}
			ids[strings.TrimSuffix(name, "}")] = segments[i]
			continue
		}
		if p != segments[i] {
			return nil, false
		}
	}
	return ids, true
}

// parseUUID reads an id in its hyphenated form.
func parseUUID(text, where, name string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", invalid(fieldError{
			Type: "uuid_parsing", Loc: []any{where, name}, Msg: "Input should be a valid UUID", Input: text,
		})
	}
	return id.String(), nil
}
