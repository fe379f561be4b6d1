// Package wire serves the fakes of services that cannot be run here, on a port of the loopback interface, and does what
// such services do on bad days: they ask for fewer requests, and go away.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// Server serves one fake.
type Server struct {
	URL string // http://host:port

	calls atomic.Int64
	busy  atomic.Bool
	away  atomic.Bool
	after atomic.Int64 // calls until the server goes away by itself; 0 is never
}

// Start serves a fake until the test ends.
func Start(t testing.TB, fake http.Handler) *Server {
	t.Helper()
	s := &Server{}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := s.calls.Add(1)
		if left := s.after.Load(); left > 0 && s.after.Add(-1) == 0 {
			s.away.Store(true)
		}
		switch {
		case s.away.Load():
			panic(http.ErrAbortHandler)
		case s.busy.Load() && n%3 != 0: // twice of three times, once with the time to wait
			if n%3 == 1 {
				w.Header().Set("Retry-After", "0.01")
			}
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Calls is how many requests came.
func (s *Server) Calls() int64 { return s.calls.Load() }

// Busy makes the server answer two of three requests with 429, with and without Retry-After.
func (s *Server) Busy(yes bool) { s.busy.Store(yes) }

// Away makes the server break every connection, or take requests again.
func (s *Server) Away(yes bool) { s.away.Store(yes) }

// AwayAfter makes the server break every connection after so many more requests.
func (s *Server) AwayAfter(calls int64) { s.after.Store(calls) }

// JSON answers with a value.
func JSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that went away is its own affair
}

// ErrTooLarge is a request with more bytes than a fake takes.
var ErrTooLarge = errors.New("too large")

// Bytes reads a request's body of at most so many bytes.
func Bytes(r *http.Request, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err == nil && int64(len(text)) > limit {
		_, _ = io.Copy(io.Discard, r.Body)
		err = ErrTooLarge
	}
	return text, err
}

// Body decodes a request's JSON of at most so many bytes; false when it is larger or none, and then it has been answered.
func Body(w http.ResponseWriter, r *http.Request, limit int64, into any) bool {
	text, err := Bytes(r, limit)
	if err != nil {
		JSON(w, http.StatusRequestEntityTooLarge, map[string]any{"status": map[string]string{"error": "payload too large"}})
		return false
	}
	if json.Unmarshal(text, into) != nil {
		JSON(w, http.StatusBadRequest, map[string]any{"status": map[string]string{"error": "format error"}})
		return false
	}
	return true
}

// Call asks a server from outside, as a test looks into it, with JSON both ways; out may be nil. An answer that is no success is an error
// with what it says, beside its status.
func Call(method, url, authorization string, ask, out any) (status int, err error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest(method, url, bytes.NewReader(body)) //nolint:noctx // the client has a limit
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	switch {
	case err != nil:
	case a.StatusCode >= 300:
		err = fmt.Errorf("HTTP %d: %s", a.StatusCode, text)
	case out != nil:
		err = json.Unmarshal(text, out)
	}
	return a.StatusCode, err
}
