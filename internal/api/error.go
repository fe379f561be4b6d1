package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/spec"
)

// apiError is an answer that is no success. detail is a text or a list of fieldError: never an object, which the SDK
// cannot read.
type apiError struct {
	status     int
	detail     any
	allow      string
	retryAfter time.Duration
}

func (e *apiError) Error() string { return fmt.Sprint(e.status, " ", e.detail) }

// fieldError is one entry of a validation error, in the words of pydantic v2.
type fieldError struct {
	Type  string `json:"type"`
	Loc   []any  `json:"loc"`
	Msg   string `json:"msg"`
	Input any    `json:"input"`
}

func errorf(status int, format string, args ...any) *apiError {
	return &apiError{status: status, detail: fmt.Sprintf(format, args...)}
}

// invalid is a 422 over fields.
func invalid(fields ...fieldError) *apiError {
	return &apiError{status: http.StatusUnprocessableEntity, detail: fields}
}

// problems makes a 422 of what a spec found, below a location.
func problems(found []spec.Problem, loc ...any) *apiError {
	fields := make([]fieldError, len(found))
	for i, p := range found {
		fields[i] = fieldError{Type: p.Type, Loc: append(append([]any{}, loc...), p.Path...), Msg: p.Msg, Input: p.Input}
	}
	return invalid(fields...)
}

// notFound turns ErrNotFound into a 404 with a text; other errors stay.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrNotFound) {
		return errorf(http.StatusNotFound, format, args...)
	}
	return err
}

func isFull(err error) bool { return errors.Is(err, store.ErrFull) || errors.Is(err, blob.ErrFull) }

func writeError(w http.ResponseWriter, e *apiError) {
	h := w.Header()
	if e.allow != "" {
		h.Set("Allow", e.allow)
	}
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.retryAfter.Seconds()))))
	}
	_ = respond(w, e.status, map[string]any{"detail": e.detail})
}

// respond writes a value as JSON.
func respond(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b)
	return nil
}

const (
	drainBytes = 256 << 20
	drainTime  = 30 * time.Second
)

// drain reads what is left of a refused body, within limits: a client that is still sending when the connection closes
// takes the refusal for a broken connection and tries again.
func drain(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.ContentLength == 0 {
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
}
