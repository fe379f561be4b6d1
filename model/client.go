package model

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Client asks one model of one provider. It is safe for concurrent use.
type Client struct {
	Provider string
	Model    Model
	Replaced string // the name that was asked for, when that model lives no more and Model took its place

	config   Config
	base     string
	gate     *gate
	chatter  chatter
	embedder embedder
	// sign puts the key on a request whose body is given.
	sign func(ctx context.Context, r *http.Request, body []byte) error
}

const (
	maxAnswer       = 64 << 20 // bytes
	defaultTimeout  = 2 * time.Minute
	defaultPatience = 2 * time.Minute
	defaultParallel = 20
	longestWait     = time.Minute // that a Retry-After is believed
)

// New makes a client for a task, which decides the default model. It asks nobody: a wrong key is found by the first call. The
// error is an *Error of kind NoKey, NotOffered or BadRequest.
func New(c Config, task Task) (*Client, error) {
	p, ok := providers[c.Provider]
	if !ok {
		return nil, &Error{Kind: NotOffered, Provider: c.Provider,
			Message: fmt.Sprintf("there is no provider %q; it is one of %s", c.Provider, strings.Join(Providers(), ", "))}
	}
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	c.Timeout, c.Patience = cmp.Or(c.Timeout, defaultTimeout), cmp.Or(c.Patience, defaultPatience)
	c.Parallel = cmp.Or(c.Parallel, defaultParallel)
	client := &Client{Provider: c.Provider, config: c}
	name := cmp.Or(strings.TrimSpace(c.Model), p.models[task])
	if name == "" {
		return nil, client.errorf(NotOffered, "provider %s has no model for this kind of node here", c.Provider)
	}
	client.Model, client.Replaced = lookUp(c.Provider, name)
	client.config.Key = cmp.Or(strings.TrimSpace(c.Key), first(c.Getenv, p.keys))
	if client.config.Key == "" && c.Provider == "vertexai" {
		client.config.Key = accountOf(c.Getenv)
	}
	client.base = strings.TrimRight(cmp.Or(strings.TrimSpace(c.BaseURL), first(c.Getenv, p.bases), p.base), "/")
	if client.base != "" {
		u, err := url.Parse(client.base)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
			return nil, client.errorf(BadRequest, "the base URL of provider %s is no address such as https://host/v1, without a user or a password", c.Provider)
		}
	}
	if client.config.Key == "" && p.needsKey(client) {
		return nil, client.errorf(NoKey, "provider %s needs a key: set %s in the environment", c.Provider, strings.Join(p.keys, " or "))
	}
	if err := p.open(client); err != nil {
		return nil, err
	}
	client.gate = gateOf(c.Provider, client.base, client.config.Key, c.Parallel)
	return client, nil
}

// Parallel is how many calls of the client's key run at once.
func (c *Client) Parallel() int { return c.config.Parallel }

func first(getenv func(string) string, names []string) string {
	for _, n := range names {
		if v := strings.TrimSpace(getenv(n)); v != "" {
			return v
		}
	}
	return ""
}

// post sends JSON and decodes the answer, as often as it takes.
func (c *Client) post(ctx context.Context, address string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return c.errorf(BadRequest, "the question cannot be written as JSON")
	}
	start := time.Now()
	for try := 0; ; try++ {
		err := c.once(ctx, address, body, out)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var t *tryAgain
		if !errors.As(err, &t) {
			return err
		}
		pause := t.after
		if pause == 0 {
			pause = time.Duration(float64(min(500*time.Millisecond<<min(try, 6), 20*time.Second)) * (0.5 + rand.Float64()))
		}
		if time.Since(start)+pause > c.config.Patience {
			return t.err
		}
		if t.err.Kind == Throttled {
			c.gate.hold(pause)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// tryAgain is a failure that may pass.
type tryAgain struct {
	err   *Error
	after time.Duration // that the provider asks for; 0 when it does not
}

func (t *tryAgain) Error() string { return t.err.Error() }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// once sends one request. Its turn at the gate ends with the answer.
func (c *Client) once(ctx context.Context, address string, body []byte, out any) error {
	if err := c.gate.enter(ctx); err != nil {
		return err
	}
	defer c.gate.leave()
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return c.errorf(BadRequest, "the address of provider %s is not valid", c.Provider)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if err := c.sign(ctx, r, body); err != nil {
		return err
	}
	answer, err := c.config.HTTP.Do(r)
	if err != nil {
		return c.lost(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return c.lost(err)
	case len(text) > maxAnswer:
		return c.errorf(BadAnswer, "the answer of provider %s is larger than %d MB", c.Provider, maxAnswer>>20)
	case answer.StatusCode/100 != 2:
		return c.refusal(answer, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &tryAgain{err: c.errorf(BadAnswer, "provider %s at %s did not answer with the JSON of its protocol; check the base URL", c.Provider, r.URL.Host)}
	}
	return nil
}

// lost is a request without an answer. The text of the failure may hold an address with a key in it and is not shown.
func (c *Client) lost(err error) error {
	reason := "cannot be reached; check the base URL and the network"
	if errors.Is(err, context.DeadlineExceeded) {
		reason = fmt.Sprintf("did not answer within %s", c.config.Timeout)
	}
	if c.config.Explain != nil {
		if text := c.config.Explain(err); text != "" {
			return c.errorf(BadRequest, "provider %s: %s", c.Provider, text)
		}
	}
	return &tryAgain{err: c.errorf(Unavailable, "provider %s %s", c.Provider, reason)}
}

// refusal turns an answer with a status other than 2xx into what it means.
func (c *Client) refusal(answer *http.Response, text []byte) error {
	e := c.errorf(BadRequest, "provider %s refused the request for model %s", c.Provider, c.Model.Name)
	e.Status, e.Code = answer.StatusCode, codeOf(text)
	if e.Code == "" {
		if t, _, _ := strings.Cut(answer.Header.Get("X-Amzn-ErrorType"), ":"); identifier.MatchString(t) {
			e.Code = t
		}
	}
	again := func(k Kind, message string) error {
		e.Kind, e.Message = k, message
		return &tryAgain{err: e, after: retryAfter(answer.Header, time.Now())}
	}
	switch s := answer.StatusCode; {
	case e.Code == "insufficient_quota" || s == http.StatusPaymentRequired:
		e.Kind, e.Message = Exhausted, fmt.Sprintf("the account at provider %s has no credit left", c.Provider)
	case s == http.StatusTooManyRequests || e.Code == "ThrottlingException":
		return again(Throttled, fmt.Sprintf("provider %s is asked too much", c.Provider))
	case s == http.StatusRequestTimeout || s == http.StatusConflict || s == http.StatusTooEarly || s >= 500:
		return again(Unavailable, fmt.Sprintf("provider %s fails", c.Provider))
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		e.Kind, e.Message = BadKey, fmt.Sprintf("provider %s does not accept the key for model %s; check the key and its rights", c.Provider, c.Model.Name)
	case s == http.StatusNotFound || e.Code == "model_not_found" || e.Code == "DeploymentNotFound":
		e.Kind, e.Message = NoModel, fmt.Sprintf("provider %s does not know the model %s (or the base URL is wrong)", c.Provider, c.Model.Name)
	case s == http.StatusRequestEntityTooLarge || e.Code == "context_length_exceeded" || e.Code == "request_too_large":
		e.Kind, e.Message = TooLarge, fmt.Sprintf("the text or image is too large for model %s of provider %s", c.Model.Name, c.Provider)
	}
	return e
}

// retryAfter reads how long to wait: retry-after-ms, or Retry-After in seconds or as a date. Longer than a minute is a minute.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return min(time.Duration(ms*float64(time.Millisecond)), longestWait)
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 && !math.IsInf(s, 0) {
		return min(time.Duration(min(s, 3600)*float64(time.Second)), longestWait)
	}
	if t, err := http.ParseTime(v); err == nil && t.After(now) {
		return min(t.Sub(now), longestWait)
	}
	return 0
}

// embedAll asks in batches, several at once, and puts the answers in order.
func (c *Client) embedAll(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	vectors := make([][]float32, len(texts))
	var missing []int
	var total Usage
	for i, t := range texts {
		if vectors[i] = c.cachedVector(ctx, t); vectors[i] == nil {
			missing = append(missing, i)
		} else {
			total.Cached++
		}
	}
	batches := c.Model.batches(missing, texts)
	usages := make([]Usage, len(batches))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(c.config.Parallel)
	for b, batch := range batches {
		g.Go(func() error {
			asked := make([]string, len(batch))
			for k, i := range batch {
				asked[k] = texts[i]
			}
			got, usage, err := c.embedder.embed(ctx, asked)
			if err != nil {
				return err
			}
			if c.Provider != Local {
				usages[b] = c.priced(usage)
			}
			if err := c.check(got, len(asked)); err != nil {
				return err
			}
			for k, i := range batch {
				vectors[i] = got[k]
				c.keepVector(ctx, texts[i], got[k])
			}
			return nil
		})
	}
	err := g.Wait()
	for _, u := range usages {
		total = total.Add(u)
	}
	if err != nil {
		return nil, total, err
	}
	for _, v := range vectors {
		if len(v) != len(vectors[0]) {
			return nil, total, c.errorf(BadAnswer, "provider %s gave vectors of %d and %d numbers for one model", c.Provider, len(vectors[0]), len(v))
		}
	}
	return vectors, total, nil
}

// check refuses an answer with a number of vectors, or a length, that cannot be.
func (c *Client) check(vectors [][]float32, want int) error {
	if len(vectors) != want {
		return c.errorf(BadAnswer, "provider %s gave %d vectors for %d texts", c.Provider, len(vectors), want)
	}
	for _, v := range vectors {
		if len(v) == 0 || c.Model.Dimension > 0 && len(v) != c.Model.Dimension {
			return c.errorf(BadAnswer, "provider %s gave a vector of %d numbers; model %s has %d", c.Provider, len(v), c.Model.Name, c.Model.Dimension)
		}
		for _, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return c.errorf(BadAnswer, "provider %s gave a vector that holds no number", c.Provider)
			}
		}
	}
	return nil
}

// cacheKey stands for everything that an answer depends on; "" when nothing is kept.
func (c *Client) cacheKey(task string, question any) string {
	if c.config.Cache == nil || c.Provider == Local {
		return ""
	}
	text, err := json.Marshal([]any{"1", c.config.Scope, task, c.Provider, c.base, c.Model.Name, question})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (c *Client) cached(ctx context.Context, key string, out any) bool {
	if key == "" {
		return false
	}
	text, ok := c.config.Cache.Get(ctx, key)
	return ok && json.Unmarshal(text, out) == nil
}

func (c *Client) keep(ctx context.Context, key string, answer any) {
	if key == "" {
		return
	}
	if text, err := json.Marshal(answer); err == nil {
		c.config.Cache.Put(ctx, key, text)
	}
}

// cachedVector is the vector of a text that is kept, as four bytes a number; nil when none is.
func (c *Client) cachedVector(ctx context.Context, text string) []float32 {
	key := c.cacheKey("embed", text)
	if key == "" {
		return nil
	}
	b, ok := c.config.Cache.Get(ctx, key)
	if !ok || len(b) == 0 || len(b)%4 != 0 {
		return nil
	}
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	if c.check([][]float32{v}, 1) != nil {
		return nil
	}
	return v
}

func (c *Client) keepVector(ctx context.Context, text string, v []float32) {
	key := c.cacheKey("embed", text)
	if key == "" {
		return
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	c.config.Cache.Put(ctx, key, b)
}
