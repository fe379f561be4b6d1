// Package rest makes the calls of connectors whose services speak HTTP: tries again by class of failure and as Retry-After
// asks, bounds what an answer may hold and how long a silence may last, follows no redirect, and turns what goes wrong into
// errors for the user. It knows nothing of a service: paths, bodies and codes are the connector's.
package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/bucket"
)

// Client calls one service. It is safe for concurrent use.
type Client struct {
	// Service names the other side in messages, such as "Elasticsearch".
	Service string
	// Bases are scheme://host[:port][/path] without a slash at the end. A base that cannot be reached gives way to the next.
	Bases []string
	// Sign adds the credentials to a request, each time it is sent. It may be nil.
	Sign func(ctx context.Context, r *http.Request, body []byte) error
	// Refuse makes the error of an answer that is not a success; nil is connector.FromStatus. It does not see answers that
	// are tried again, but the last of them.
	Refuse func(what string, a Answer) error
	// Retryable says that an answer with a status that usually is final may be tried again; it may be nil.
	Retryable func(a Answer) bool
	// Failed says that an answer is a failure although its status is a success, as services do that put codes of their own into
	// the body: it goes to Retryable and Refuse. It may be nil.
	Failed func(a Answer) bool
	// Patience is how long answers that ask for fewer requests, or that the service is not there for now, are waited out
	// here before they become the caller's error; 0 is 45 seconds. The caller's error is transient, so that work waits longer.
	Patience time.Duration
	// Pause is the first pause between tries, which doubles; 0 is 250 ms.
	Pause time.Duration

	http *http.Client
	idle func()
	base atomic.Uint32 // of Bases, that answered last
}

// Open gives the client its way out: that of env.
func (c *Client) Open(env connector.Env) *Client {
	if env.HTTP != nil {
		c.http = bucket.HTTPClient(env.HTTP.Transport)
		return c
	}
	dial := env.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	t := &http.Transport{DialContext: dial, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 20 * time.Second}
	c.idle = t.CloseIdleConnections
	c.http = bucket.HTTPClient(t)
	return c
}

// Close closes connections that only this client uses.
func (c *Client) Close() error {
	if c.idle != nil {
		c.idle()
	}
	return nil
}

// Request is one call.
type Request struct {
	What   string // was done to what, for messages: "list index docs"
	Method string
	Path   string // below the base, escaped, with a slash at its beginning
	Query  url.Values
	Header http.Header
	Body   []byte
	Limit  int64 // bytes that the answer may have; 0 is 64 MiB
	// Once says that the call must not be repeated when it is unknown whether the service has done it.
	Once bool
	// OK lists statuses beside 200 to 299 that are no failure, such as 404 of a thing that may be gone.
	OK []int

	open bool // the body of a success is left to be read
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte

	open io.ReadCloser // of Request.open, in place of Body
	size int64         // of open; -1 when the service does not say
}

const (
	answerLimit     = 64 << 20
	defaultPatience = 45 * time.Second
	firstPause      = 250 * time.Millisecond
	longestPause    = 10 * time.Second
	unreachedTries  = 4 // of a call that got no answer
	failedTries     = 5 // of a call that got a 5xx
)

// Do makes a call. Its error is the context's, a connector.Error, or what Refuse gives.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	patience := c.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	pause := c.Pause
	if pause == 0 {
		pause = firstPause
	}
	var waited time.Duration
	unreached, failed := 0, 0
	for {
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
		at := c.base.Load()
		a, err := c.once(ctx, r, c.Bases[int(at)%len(c.Bases)])
		var again bool
		wait := jitter(pause)
		switch {
		case ctx.Err() != nil:
			return Answer{}, context.Cause(ctx)
		case err != nil:
			var known *connector.Error
			if errors.As(err, &known) {
				return Answer{}, known
			}
			unreached++
			again = Passing(err) && !r.Once && unreached < max(unreachedTries, len(c.Bases))
			c.base.CompareAndSwap(at, at+1)
			err = Unreachable(r.What, c.Service+" at "+host(c.Bases[int(at)%len(c.Bases)]), err)
		case (a.Status >= 200 && a.Status < 300 || slices.Contains(r.OK, a.Status)) && (c.Failed == nil || !c.Failed(a)):
			return a, nil
		default:
			again, wait = c.again(a, wait, &failed, r.Once)
			err = c.refuse(r.What, a)
		}
		if !again || waited+wait > patience {
			return a, err
		}
		waited += wait
		if err := Pause(ctx, wait); err != nil {
			return Answer{}, err
		}
		pause = min(2*pause, longestPause)
	}
}

// Pause waits. Its error is the context's.
func Pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// again says whether an answer may be another one later, and how long to wait.
func (c *Client) again(a Answer, wait time.Duration, failed *int, once bool) (bool, time.Duration) {
	asked := connector.RetryAfter(a.Header, time.Now())
	switch {
	case a.Status == http.StatusTooManyRequests:
		return true, max(wait, asked)
	case a.Status == http.StatusServiceUnavailable:
		*failed++
		return asked > 0 || *failed < failedTries, max(wait, asked)
	case a.Status == http.StatusRequestTimeout, a.Status >= 500:
		*failed++
		return !once && *failed < failedTries, max(wait, asked)
	}
	return c.Retryable != nil && c.Retryable(a), max(wait, asked)
}

func (c *Client) refuse(what string, a Answer) error {
	if c.Refuse != nil {
		return c.Refuse(what, a)
	}
	return Refused(what, c.Service, a)
}

// Refused is connector.FromStatus, with words for answers that send the caller elsewhere.
func Refused(what, service string, a Answer) error {
	if a.Status >= 300 && a.Status < 400 {
		return connector.Fail(nil, "%s: %s sends us elsewhere (HTTP %d); check the address", what, service, a.Status)
	}
	return connector.FromStatus(what, a.Status, a.Header, time.Now())
}

func (c *Client) once(ctx context.Context, r Request, base string) (Answer, error) {
	address := base + r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	q, err := http.NewRequestWithContext(ctx, r.Method, address, body)
	if err != nil {
		return Answer{}, connector.Fail(nil, "%s: the address of %s is not one", r.What, c.Service)
	}
	for k, v := range r.Header {
		q.Header[k] = v
	}
	q.Header.Set("User-Agent", "sluice")
	if c.Sign != nil {
		if err := c.Sign(ctx, q, r.Body); err != nil {
			return Answer{}, err
		}
	}
	answer, err := c.http.Do(q)
	if err != nil {
		return Answer{}, err
	}
	out := Answer{Status: answer.StatusCode, Header: answer.Header}
	if r.open && answer.StatusCode >= 200 && answer.StatusCode < 300 {
		out.open, out.size = answer.Body, answer.ContentLength
		return out, nil
	}
	defer answer.Body.Close()
	limit := r.Limit
	if limit == 0 {
		limit = answerLimit
	}
	var whole bytes.Buffer
	if answer.ContentLength > 0 && answer.ContentLength <= limit {
		whole.Grow(int(answer.ContentLength) + bytes.MinRead)
	}
	if _, err := whole.ReadFrom(io.LimitReader(answer.Body, limit+1)); err != nil {
		return Answer{}, err
	}
	if int64(whole.Len()) > limit {
		return Answer{}, connector.Fail(nil, "%s: the answer of %s has more than %d MB", r.What, c.Service, limit>>20)
	}
	out.Body = whole.Bytes()
	return out, nil
}

// jitter spreads the tries of many callers.
func jitter(d time.Duration) time.Duration {
	return d/2 + time.Duration(rand.Int64N(int64(d/2)+1)) //nolint:gosec // no matter of security
}

func host(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return "its address"
	}
	return u.Host
}

// Address reads a base from a config: scheme://host[:port][/path], with a scheme of its own or the one given. field names
// the field of the config in errors. Credentials, queries and fragments are refused.
func Address(field, text, scheme string) (string, error) {
	wrong := func(why string) (string, error) {
		return "", connector.Fail(nil, "%s: %s; write https://host or https://host:port", field, why)
	}
	if !strings.Contains(text, "://") {
		text = scheme + "://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return wrong("not an address")
	}
	switch {
	case u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return wrong("not an address")
	case u.User != nil:
		return wrong("credentials do not belong into it")
	case u.RawQuery != "" || u.Fragment != "":
		return wrong("it has no query")
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"), nil
}
