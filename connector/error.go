package connector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	// ErrNotFound is a document (or folder, table, index) that is not there, or no longer.
	ErrNotFound = errors.New("not found")
	// ErrForbidden is a refusal by the other side: wrong credentials, or credentials without the right.
	ErrForbidden = errors.New("access refused")
)

// Outcome is what a failure means for the work that met it.
type Outcome string

const (
	Permanent Outcome = "permanent" // the same call will fail again: tell the user
	Transient Outcome = "transient" // the same call may succeed later: try again
)

// Error is a failure that carries its outcome. Its text is for the user: what was done to what, and what to do. It must
// hold no secret and no raw driver text, which may hold hosts and credentials.
type Error struct {
	Outcome    Outcome
	RetryAfter time.Duration // the other side asked to wait so long; 0 when it did not say
	Msg        string
	Err        error // cause, for errors.Is; not part of the text
}

func (e *Error) Error() string { return e.Msg }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fail makes a permanent error with a cause (ErrNotFound, ErrForbidden, or nil).
func Fail(cause error, format string, args ...any) error {
	return &Error{Outcome: Permanent, Msg: fmt.Sprintf(format, args...), Err: cause}
}

// Retry makes a transient error with a cause. wait is what the other side asked for, 0 when it did not.
func Retry(cause error, wait time.Duration, format string, args ...any) error {
	return &Error{Outcome: Transient, RetryAfter: wait, Msg: fmt.Sprintf(format, args...), Err: cause}
}

// Explain returns the text of a permanent Error among the causes of err, "" when there is none.
func Explain(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Outcome == Permanent {
		return e.Msg
	}
	return ""
}

// Classify says what an error means and how long the other side asked to wait. An Error speaks for itself, as do
// ErrNotFound, ErrForbidden, a missing connector and a wrong config. A connection that broke, was refused or timed out
// is transient, a cancelled context is not, and whatever else is not known is permanent.
func Classify(err error) (Outcome, time.Duration) {
	var e *Error
	if errors.As(err, &e) {
		return e.Outcome, e.RetryAfter
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) {
		return Permanent, 0
	}
	var network net.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return Permanent, 0
		}
		return Transient, 0
	case errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EPIPE):
		return Transient, 0
	}
	return Permanent, 0
}

// FromStatus makes the error of an HTTP answer that is not a success. what names the call ("list of bucket acme"); the
// body is left out, since it may echo credentials. now is the time from which a Retry-After date counts.
func FromStatus(what string, status int, header http.Header, now time.Time) error {
	wait := RetryAfter(header, now)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Fail(ErrForbidden, "%s: access refused (HTTP %d); check the credentials and their rights", what, status)
	case status == http.StatusNotFound || status == http.StatusGone:
		return Fail(ErrNotFound, "%s: not found (HTTP %d)", what, status)
	case status == http.StatusTooManyRequests:
		return Retry(nil, wait, "%s: too many requests (HTTP 429)", what)
	case status == http.StatusRequestTimeout || status >= 500:
		return Retry(nil, wait, "%s: the service failed (HTTP %d)", what, status)
	}
	return Fail(nil, "%s: refused (HTTP %d)", what, status)
}

// longestWait caps what a Retry-After may ask for.
const longestWait = 300 * time.Second

// RetryAfter reads a Retry-After header: seconds, or an HTTP date. It is between 0 (absent, wrong or past) and 300
// seconds.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	var wait time.Duration
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		wait = longestWait
		if seconds < longestWait.Seconds() {
			wait = time.Duration(seconds * float64(time.Second))
		}
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}
