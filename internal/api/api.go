// Package api is the REST contract of the workflow operations (and the partition endpoint) over the engine: routes,
// authentication, decoding, errors in the form that FastAPI gives them, and the OpenAPI document that describes it all.
// One route table (route.go) feeds the router and the document.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/health"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/secret"
	"github.com/sluicehq/sluice/internal/store"
)

// Limits of the HTTP server that serves the handler.
const (
	ReadHeaderTimeout = 10 * time.Second
	IdleTimeout       = 2 * time.Minute
	MaxHeaderBytes    = 64 << 10
)

// Config is what the handler works with.
type Config struct {
	Store   store.Store
	Engine  engine.API
	Secrets *secret.Sealer
	Parser  child.Parser     // of the partition endpoint
	Vision  *pipeline.Runner // of the partition endpoint with strategy vlm; nil makes one without a cache of answers
	Limits  engine.Limits    // for messages; the engine enforces them
	Origins []string         // that browsers may call from; "*" is all; none turns CORS off
	Log     *slog.Logger
	Version string
	Ready   *health.Readiness // what /readyz asks; nil asks the database alone
	Watch   Watch             // is told of every request; may be nil
}

// Watch is told of answered requests. route is the pattern of the path, "" when no route has it.
type Watch interface {
	Request(method, route string, status int, took time.Duration)
}

type server struct {
	Config
	routes  []route
	openapi []byte
	dry     chan struct{} // dry runs that are being made
}

// New makes the handler of all routes.
func New(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Ready == nil {
		c.Ready = health.New(c.Log, health.Database(c.Store))
	}
	if c.Vision == nil {
		c.Vision = pipeline.New(pipeline.Config{Parser: c.Parser, Log: c.Log})
	}
	s := &server{Config: c, dry: make(chan struct{}, dryRuns)}
	s.routes = s.table()
	s.openapi = s.describe()
	return http.HandlerFunc(s.serve)
}

// request is one call that was routed and, unless the route is open to all, authenticated.
type request struct {
	*http.Request
	ids       map[string]string // path parameters
	workspace string
	key       string // id of the API key
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	answer := &recorder{ResponseWriter: w, id: requestID(r)}
	answer.Header().Set("X-Request-Id", answer.id)
	defer func() { s.answered(answer, r, time.Since(start)) }()
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			s.Log.Error("a handler failed", append(answer.about(r), "panic", v, "stack", string(debug.Stack()))...)
			if answer.status != 0 { // half an answer is worse than none
				panic(http.ErrAbortHandler)
			}
			writeError(answer, errorf(http.StatusInternalServerError, "Internal server error; the server's log says more"))
		}
	}()
	if s.cors(answer, r) {
		return
	}
	err := s.dispatch(answer, r)
	if err == nil {
		return
	}
	e := s.explain(answer, r, err)
	if answer.status != 0 { // half an answer is worse than none
		panic(http.ErrAbortHandler)
	}
	drain(answer, r)
	writeError(answer, e)
}

// dispatch finds the route, asks for the key, and runs the handler.
func (s *server) dispatch(w *recorder, r *http.Request) error {
	route, ids, err := s.match(r.Method, canonical(r.URL.Path))
	if err != nil {
		return err
	}
	w.route, w.ids = route, ids
	call := &request{Request: r, ids: ids}
	if !route.open {
		if err := s.authenticate(call); err != nil {
			return err
		}
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return invalid(fieldError{Type: "value_error", Loc: []any{"query"},
			Msg: "Value error, the query string cannot be read: separate parameters with & and percent-encode their values", Input: r.URL.RawQuery})
	}
	for _, p := range route.parameters() {
		if p.in != "path" || p.format != "uuid" {
			continue
		}
		id, err := parseUUID(ids[p.name], "path", p.name)
		if err != nil {
			return err
		}
		ids[p.name] = id
	}
	return route.handle(w, call)
}

// explain makes any error the one that the client sees, and logs what it must not see.
func (s *server) explain(w *recorder, r *http.Request, err error) *apiError {
	var known *apiError
	var refused *engine.Refusal
	var rate *engine.RateError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused):
		return errorf(refused.Status, "%s", refused.Message)
	case errors.As(err, &rate):
		e := errorf(http.StatusTooManyRequests, "Rate limit exceeded: %s", rate)
		e.retryAfter = rate.Wait
		return e
	case errors.Is(err, engine.ErrFileTooLarge):
		return errorf(http.StatusRequestEntityTooLarge, "%s", err)
	case errors.Is(err, engine.ErrTooManyFiles):
		return errorf(http.StatusUnprocessableEntity, "%s", err)
	case errors.As(err, &tooLarge):
		return errorf(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", tooLarge.Limit)
	case isFull(err):
		e := errorf(http.StatusServiceUnavailable, "the server's disk is full; try again when there is room")
		e.retryAfter = 30 * time.Second
		return e
	case r.Context().Err() != nil || errors.Is(err, context.Canceled):
		return errorf(http.StatusBadRequest, "the request was broken off")
	}
	s.Log.Error("a request failed", append(w.about(r), "error", err)...)
	return errorf(http.StatusInternalServerError, "Internal server error; the server's log says more")
}
