package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
)

// TestRead has a service that breaks off after some bytes, once with the same content behind the cut and once with another.
func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes bool // after the first cut
		want    string
	}{"breaks off": {want: strings.Repeat("a", 9000)}, "changes": {changes: true, want: strings.Repeat("b", 9000)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := calls.Add(1)
				content, tag := strings.Repeat("a", 9000), "one"
				if c.changes && n > 1 {
					content, tag = strings.Repeat("b", 9000), "two"
				}
				w.Header().Set("ETag", tag)
				if match := r.Header.Get("If-Match"); match != "" && match != tag {
					w.WriteHeader(http.StatusPreconditionFailed)
					return
				}
				from := 0
				if given := r.Header.Get("Range"); given != "" {
					if _, err := fmt.Sscanf(given, "bytes=%d-", &from); err != nil {
						t.Error(err)
					}
				}
				w.Header().Set("Content-Length", fmt.Sprint(9000-from))
				if from > 0 {
					w.WriteHeader(http.StatusPartialContent)
				}
				end := 9000
				if n < 3 && !(c.changes && n == 2) {
					end = from + 3000
				}
				_, _ = io.WriteString(w, content[from:end]) // less than it said: the connection is cut
			}))
			defer s.Close()
			to := client(s.URL)
			defer to.Close()
			got, head, err := to.Read(t.Context(), Request{What: "read it", Path: "/"}, t.TempDir(), 100, func(h http.Header, next *Request) bool {
				next.Header.Set("If-Match", h.Get("ETag"))
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			text, err := io.ReadAll(got.Reader())
			if err != nil || string(text) != c.want {
				t.Errorf("%d bytes, %v", len(text), err)
			}
			if want := map[bool]string{false: "one", true: "two"}[c.changes]; head.Get("ETag") != want {
				t.Errorf("head %q", head.Get("ETag"))
			}
		})
	}
	s, _ := serve(t, nil, 404)
	to := client(s.URL)
	defer to.Close()
	_, _, err := to.Read(t.Context(), Request{What: "read it", Path: "/"}, t.TempDir(), 100, func(http.Header, *Request) bool { return false })
	if outcome, _ := connector.Classify(err); outcome != connector.Permanent {
		t.Errorf("%v", err)
	}
}

// TestReadAway has a content that stands on another host, which must not see the credentials of the first.
func TestReadAway(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.URL.RawQuery != "s=a%2Fb&e=1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, "content")
	}))
	defer away.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/first": "/second", "/second": away.URL + "/x?s=a%2Fb&e=1", "/round": "/round", "/odd": "ftp://h/x", "/user": "https://u:p@h/x", "/none": ""}
		switch at, ok := to[r.URL.Path]; {
		case r.Header.Get("Authorization") != "mine":
			w.WriteHeader(http.StatusUnauthorized)
		case ok:
			w.Header().Set("Location", at)
			w.WriteHeader(http.StatusFound)
		default:
			_, _ = io.WriteString(w, "here")
		}
	}))
	defer s.Close()
	to := client(s.URL)
	defer to.Close()
	to.Sign = func(_ context.Context, r *http.Request, _ []byte) error {
		r.Header.Set("Authorization", "mine")
		return nil
	}
	for path, want := range map[string]string{"/first": "content", "/here": "here", "/round": "", "/odd": "", "/user": "", "/none": ""} {
		got, _, err := to.ReadAway(t.Context(), connector.Env{TempDir: t.TempDir()}, Request{What: "read it", Path: path}, 100, func(http.Header, *Request) bool { return false })
		if err != nil {
			if outcome, _ := connector.Classify(err); want != "" || outcome != connector.Permanent {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		text, err := io.ReadAll(got.Reader())
		got.Close()
		if err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
}
