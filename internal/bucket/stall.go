package bucket

import (
	"context"
	"io"
	"net/http"
	"time"
)

// maxSilence is how long a request may stand still: nothing sent, nothing received though somebody waits for it.
const maxSilence = 2 * time.Minute

// HTTPClient makes a client over a transport (nil is http.DefaultTransport) that does not follow redirects, since they would
// carry session tokens to other hosts, and that gives up when nothing moves instead of after a time that a large object may
// need.
func HTTPClient(next http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     stall{next: next, limit: maxSilence},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// stall ends requests that stand still, however long they may last otherwise.
type stall struct {
	next  http.RoundTripper // nil is http.DefaultTransport
	limit time.Duration
}

// stalledError is a timeout, as net.Error has them.
type stalledError struct{}

func (stalledError) Error() string   { return "the connection stood still" }
func (stalledError) Timeout() bool   { return true }
func (stalledError) Temporary() bool { return true }

// RoundTrip implements http.RoundTripper.
func (s stall) RoundTrip(r *http.Request) (*http.Response, error) {
	next := s.next
	if next == nil {
		next = http.DefaultTransport
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	w := &watch{limit: s.limit, ctx: ctx, cancel: cancel}
	w.timer = time.AfterFunc(s.limit, func() { cancel(stalledError{}) })
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &sent{r.Body, w}
	}
	answer, err := next.RoundTrip(r)
	if err != nil {
		err = w.cause(err)
		w.end()
		return nil, err
	}
	w.timer.Stop()
	answer.Body = &received{answer.Body, w}
	return answer, nil
}

// watch is one request.
type watch struct {
	limit  time.Duration
	timer  *time.Timer
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (w *watch) end() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause puts the silence in place of the cancellation that it led to.
func (w *watch) cause(err error) error {
	if silence, ok := context.Cause(w.ctx).(stalledError); ok { //nolint:errorlint // our own, as it was given
		return silence
	}
	return err
}

// sent is the body of a request: each piece that the connection takes is movement.
type sent struct {
	io.ReadCloser
	watch *watch
}

func (b *sent) Read(p []byte) (int, error) {
	b.watch.timer.Reset(b.watch.limit)
	return b.ReadCloser.Read(p)
}

// received is the body of an answer. Its reader may take its time between two reads; only a read that waits counts.
type received struct {
	io.ReadCloser
	watch *watch
}

func (b *received) Read(p []byte) (int, error) {
	b.watch.timer.Reset(b.watch.limit)
	n, err := b.ReadCloser.Read(p)
	b.watch.timer.Stop()
	if err != nil && err != io.EOF { //nolint:errorlint // the bare end
		err = b.watch.cause(err)
	}
	return n, err
}

func (b *received) Close() error {
	err := b.ReadCloser.Close()
	b.watch.end()
	return err
}
