package api

import (
	"crypto/rand"
	"net/http"
	"time"
)

// recorder remembers whether an answer has begun, and what the log should say of it.
type recorder struct {
	http.ResponseWriter
	id     string            // of the request
	route  route             // the zero route while none is known
	ids    map[string]string // path parameters
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController the real one.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// about is what every line of the log says of a request.
func (r *recorder) about(q *http.Request) []any {
	out := []any{"request", r.id, "method", q.Method, "path", q.URL.Path}
	if job := r.ids["job_id"]; job != "" {
		out = append(out, "job", job)
	}
	if r.route.id == "download_job_output" {
		out = append(out, "file_id", q.URL.Query().Get("file_id"))
	}
	return out
}

// requestID is the one that the caller or a proxy before us gave, when it is a plain word, or a new one.
func requestID(r *http.Request) string {
	given := r.Header.Get("X-Request-Id")
	if len(given) == 0 || len(given) > 64 {
		return rand.Text()
	}
	for i := range len(given) {
		switch c := given[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return rand.Text()
		}
	}
	return given
}

// answered tells of a request that is over. One that broke off in the middle of its answer has the status that it began
// with.
func (s *server) answered(w *recorder, r *http.Request, took time.Duration) {
	s.Log.Debug("request", append(w.about(r), "status", w.status, "ms", took.Milliseconds())...)
	if s.Watch == nil {
		return
	}
	method, pattern := w.route.method, w.route.path
	if pattern != "" && !w.route.outside {
		pattern = "/api/v1" + pattern
	}
	s.Watch.Request(method, pattern, w.status, took)
}
