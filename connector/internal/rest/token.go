package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// early is how long before its end a token is renewed.
const early = 5 * time.Minute

// Tokens keeps the bearer token that a service gives for a while. Of callers that need a new one, one asks for it and the others
// wait. It is safe for concurrent use.
type Tokens struct {
	// Renew asks for a token and says how long it lasts.
	Renew func(ctx context.Context) (token string, life time.Duration, err error)

	once  sync.Once
	turn  chan struct{} // whoever holds its one place may look at what follows
	token string
	until time.Time
}

func (t *Tokens) enter(ctx context.Context) (leave func(), err error) {
	t.once.Do(func() { t.turn = make(chan struct{}, 1) })
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case t.turn <- struct{}{}:
		return func() { <-t.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Sign gives a request a token. It is a Client.Sign.
func (t *Tokens) Sign(ctx context.Context, r *http.Request, _ []byte) error {
	leave, err := t.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	now := time.Now()
	if t.token == "" || now.After(t.until) {
		token, life, err := t.Renew(ctx)
		if err != nil {
			return err
		}
		t.token, t.until = token, now.Add(max(life-early, life/2))
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	return nil
}

// Forget makes the next request ask for a new token.
func (t *Tokens) Forget() {
	if leave, err := t.enter(context.Background()); err == nil {
		t.token = ""
		leave()
	}
}

// ReadToken reads the answer of a token service (RFC 6749 section 5.1). A life is at most the longest; ok is false for an answer that
// is none.
func ReadToken(body []byte, longest time.Duration) (token string, life time.Duration, ok bool) {
	var said struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if json.Unmarshal(body, &said) != nil || said.Token == "" || strings.ContainsAny(said.Token, "\r\n") {
		return "", 0, false
	}
	return said.Token, time.Duration(min(max(said.Seconds, 0), int64(longest/time.Second))) * time.Second, true
}

// Again makes a call, and once more with a new token when refused says of its error that the service did not take the token: it
// may have been revoked before its end.
func (t *Tokens) Again(ctx context.Context, refused func(error) bool, call func() error) error {
	leave, err := t.enter(ctx)
	if err != nil {
		return err
	}
	used := t.token
	leave()
	if err = call(); err == nil || !refused(err) {
		return err
	}
	if leave, stopped := t.enter(ctx); stopped == nil {
		if t.token == used {
			t.token = ""
		}
		leave()
	}
	return call()
}
