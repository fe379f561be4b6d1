package connector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want Outcome
		wait time.Duration
	}{
		"fail":               {Fail(nil, "no"), Permanent, 0},
		"retry":              {fmt.Errorf("write: %w", Retry(nil, 5*time.Second, "later")), Transient, 5 * time.Second},
		"not found":          {fmt.Errorf("x: %w", ErrNotFound), Permanent, 0},
		"forbidden":          {ErrForbidden, Permanent, 0},
		"cancelled":          {context.Canceled, Permanent, 0},
		"timed out":          {context.DeadlineExceeded, Transient, 0},
		"reset":              {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, Transient, 0},
		"refused":            {fmt.Errorf("x: %w", syscall.ECONNREFUSED), Transient, 0},
		"cut":                {io.ErrUnexpectedEOF, Transient, 0},
		"no such host":       {&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}, Permanent, 0},
		"name server silent": {&net.DNSError{IsTimeout: true}, Transient, 0},
		"unknown":            {errors.New("odd"), Permanent, 0},
	} {
		if got, wait := Classify(c.err); got != c.want || wait != c.wait {
			t.Errorf("%s: %s, %v", name, got, wait)
		}
	}
}

func TestFromStatus(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	header := http.Header{"Retry-After": {"7"}}
	for status, c := range map[int]struct {
		want  Outcome
		wait  time.Duration
		cause error
		text  string
	}{
		400: {Permanent, 0, nil, "list of a: refused (HTTP 400)"},
		401: {Permanent, 0, ErrForbidden, "list of a: access refused (HTTP 401); check the credentials and their rights"},
		403: {Permanent, 0, ErrForbidden, "list of a: access refused (HTTP 403); check the credentials and their rights"},
		404: {Permanent, 0, ErrNotFound, "list of a: not found (HTTP 404)"},
		408: {Transient, 7 * time.Second, nil, "list of a: the service failed (HTTP 408)"},
		429: {Transient, 7 * time.Second, nil, "list of a: too many requests (HTTP 429)"},
		503: {Transient, 7 * time.Second, nil, "list of a: the service failed (HTTP 503)"},
	} {
		err := FromStatus("list of a", status, header, now)
		outcome, wait := Classify(err)
		if outcome != c.want || wait != c.wait || err.Error() != c.text {
			t.Errorf("%d: %s %v %q", status, outcome, wait, err)
		}
		if c.cause != nil && !errors.Is(err, c.cause) {
			t.Errorf("%d is not %v", status, c.cause)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, " 1.5 ": 1500 * time.Millisecond, "-4": 0, "nan": 0, "soon": 0,
		"100000": 300 * time.Second, "1e300": 300 * time.Second, "inf": 300 * time.Second,
		"Mon, 05 Jan 2026 12:00:30 GMT": 30 * time.Second, "Mon, 05 Jan 2026 11:00:00 GMT": 0,
		"Tue, 06 Jan 2026 12:00:00 GMT": 300 * time.Second,
	} {
		header := http.Header{}
		if text != "" {
			header.Set("Retry-After", text)
		}
		if got := RetryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
