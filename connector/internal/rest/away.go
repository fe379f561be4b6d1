package rest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/spool"
)

// maxHops is how often a content may be said to stand elsewhere.
const maxHops = 5

// ReadAway is Read for a content that the service may keep elsewhere: a redirect is followed, to another host without the
// credentials of this one. A redirect from https to http is not.
func (c *Client) ReadAway(ctx context.Context, env connector.Env, r Request, memory int64, same func(first http.Header, next *Request) bool) (
	*spool.Spool, http.Header, error,
) {
	at := c
	defer func() {
		if at != c {
			_ = at.Close() // never fails
		}
	}()
	for range maxHops {
		ask := r
		ask.Method, ask.open = http.MethodGet, true
		ask.OK = []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
		a, err := at.Do(ctx, ask)
		if err != nil {
			return nil, nil, err
		}
		if a.open != nil { // it is here
			a.open.Close()
			return at.Read(ctx, r, env.TempDir, memory, same)
		}
		base := at.Bases[int(at.base.Load())%len(at.Bases)]
		from, err := url.Parse(base + r.Path)
		if err != nil {
			return nil, nil, connector.Fail(nil, "%s: the address of %s is not one", r.What, c.Service)
		}
		to, err := from.Parse(a.Header.Get("Location"))
		if err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != from.Scheme || to.User != nil {
			return nil, nil, connector.Fail(nil, "%s: %s sends us to an address that is none", r.What, c.Service)
		}
		// The query goes as it is, since it may be signed.
		r = Request{What: r.What, Path: to.EscapedPath(), Limit: r.Limit}
		if to.RawQuery != "" {
			r.Path += "?" + to.RawQuery
		}
		next := &Client{Service: c.Service, Bases: []string{to.Scheme + "://" + to.Host}, Refuse: c.Refuse, Retryable: c.Retryable, Patience: c.Patience, Pause: c.Pause}
		if to.Host == from.Host && to.Scheme == from.Scheme {
			next.Sign = at.Sign
		}
		if at != c {
			_ = at.Close() // never fails
		}
		at = next.Open(env)
	}
	return nil, nil, connector.Fail(nil, "%s: %s sends us from one address to the next", r.What, c.Service)
}
