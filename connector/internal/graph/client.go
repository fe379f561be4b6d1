// Package graph is what the connectors of SharePoint, OneDrive and Outlook share: the way to Microsoft Graph with its tokens,
// pages, batches and refusals, and the files of a drive as a source.
package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	service = "Microsoft Graph"
	version = "/v1.0"
	// answerLimit is how many bytes an answer may have: a page of 1,000 files has about two million.
	answerLimit = 32 << 20
)

// Client calls Graph for the app of a config. It is safe for concurrent use.
type Client struct {
	env   connector.Env
	who   *account
	rest  *rest.Client
	base  string
	needs string
}

// Text reads a string of a config, without spaces around it.
func Text(config map[string]any, name string) string {
	s, _ := config[name].(string)
	return strings.TrimSpace(s)
}

// Open makes the client of a config. It connects to nothing. needs names the permission of Graph without which the calls of this
// client are refused, for messages.
func Open(config map[string]any, needs string, env connector.Env) (*Client, error) {
	authority := login
	if text := Text(config, "authority_url"); text != "" {
		var err error
		if authority, err = rest.Address("authority_url", text, "https"); err != nil {
			return nil, err
		}
	}
	c := &Client{env: env, base: home(authority), needs: needs}
	var err error
	if c.who, err = openAccount(config, authority, c.base+"/.default", env); err != nil {
		return nil, err
	}
	c.rest = (&rest.Client{Service: service, Bases: []string{c.base}, Sign: c.who.tokens.Sign, Refuse: c.refuse, Retryable: throttled}).Open(env)
	return c, nil
}

// home is where Graph stands for those who log in at an authority: national clouds have one of their own.
func home(authority string) string {
	u, err := url.Parse(authority)
	if err != nil {
		return ""
	}
	switch host := strings.ToLower(u.Hostname()); {
	case host == "login.microsoftonline.us":
		return "https://graph.microsoft.us"
	case strings.HasSuffix(host, ".chinacloudapi.cn") || strings.HasSuffix(host, ".microsoftonline.cn"):
		return "https://microsoftgraph.chinacloudapi.cn"
	}
	return "https://graph.microsoft.com"
}

// Close closes connections that only this client uses.
func (c *Client) Close() error { return errors.Join(c.who.client.Close(), c.rest.Close()) }

// Do makes a call. Its path is below the version: "/users/...".
func (c *Client) Do(ctx context.Context, r rest.Request) (a rest.Answer, err error) {
	r.Path = version + r.Path
	return c.send(ctx, r)
}

// send makes a call whose path has the version.
func (c *Client) send(ctx context.Context, r rest.Request) (a rest.Answer, err error) {
	if r.Limit == 0 {
		r.Limit = answerLimit
	}
	err = c.who.tokens.Again(ctx, tokenRefused, func() error {
		a, err = c.rest.Do(ctx, r)
		return err
	})
	return a, err
}

// Get reads a JSON answer.
func (c *Client) Get(ctx context.Context, what, path string, into any) error {
	a, err := c.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: path})
	if err != nil {
		return err
	}
	return decode(what, a, into)
}

// decode reads the JSON of an answer.
func decode(what string, a rest.Answer, into any) error {
	if json.Unmarshal(a.Body, into) != nil {
		return connector.Fail(nil, "%s: the answer is not that of %s", what, service)
	}
	return nil
}

// Page is one page of a collection. Next is the path of the page after it, as pageAt takes it, "" for none.
type Page[T any] struct {
	Value []T    `json:"value"`
	Next  string `json:"@odata.nextLink"`
}

// Collection is the path of a collection's first page, which is below the version, as pageAt takes it.
func Collection(path string) string { return version + path }

// PageAt reads the page at a path, which is that of a Collection or a Page.Next.
func PageAt[T any](ctx context.Context, c *Client, what, path string, header http.Header) (p Page[T], err error) {
	a, err := c.send(ctx, rest.Request{What: what, Method: http.MethodGet, Path: path, Header: header})
	if err != nil {
		return p, err
	}
	if err := decode(what, a, &p); err != nil {
		return p, err
	}
	if p.Next != "" {
		// The token goes along with the call: a next page at another place is none of ours.
		next, ok := strings.CutPrefix(p.Next, c.base)
		if !ok || !strings.HasPrefix(next, "/") || next == path {
			return p, connector.Fail(nil, "%s: %s says that there is more and not where", what, service)
		}
		p.Next = next
	}
	return p, nil
}

// All reads all pages of a collection, which is not a large one.
func All[T any](ctx context.Context, c *Client, what, path string) (out []T, err error) {
	for at := Collection(path); at != ""; {
		p, err := PageAt[T](ctx, c, what, at, nil)
		if err != nil {
			return nil, err
		}
		out, at = append(out, p.Value...), p.Next
	}
	return out, nil
}

// errToken is the refusal of a token.
var errToken = fmt.Errorf("the token is not accepted: %w", connector.ErrForbidden)

func tokenRefused(err error) bool { return errors.Is(err, errToken) }

// Refusals that the connectors tell apart. They are among the causes of the errors of a Client.
var (
	// ErrTaken is a name that is in use, or a thing that changed at the same time.
	ErrTaken = errors.New("taken")
)

// codes are Graph's words for what is wrong, from the outermost to the innermost. Its texts, which may repeat what was sent, are
// not read.
func codes(body []byte) (out []string) {
	type failure struct {
		Code  string   `json:"code"`
		Inner *failure `json:"innererror"` // innerError too: names are compared without case
	}
	var said struct {
		Error *failure `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil {
		return nil
	}
	for f := said.Error; f != nil && len(out) < 10; f = f.Inner {
		out = append(out, strings.ToLower(f.Code))
	}
	return out
}

// has says whether a refusal holds one of some words.
func has(said []string, words ...string) bool {
	return slices.ContainsFunc(said, func(code string) bool { return slices.Contains(words, code) })
}

// throttled says that an answer asks for fewer requests though its status does not.
func throttled(a rest.Answer) bool {
	return a.Status == http.StatusForbidden && has(codes(a.Body), "activitylimitreached", "throttledrequest", "applicationthrottled")
}

// refuse makes the error of an answer that is not a success.
func (c *Client) refuse(what string, a rest.Answer) error {
	said := codes(a.Body)
	switch {
	case a.Status == http.StatusUnauthorized:
		return connector.Fail(errToken, "%s: %s does not accept the token of the app; check that tenant is the directory of the site or user", what, service)
	case throttled(a):
		a.Status = http.StatusTooManyRequests
	case has(said, "malwaredetected", "virussuspicious"):
		return connector.Fail(nil, "%s: Microsoft has found malware in the file and does not hand it out", what)
	case a.Status == http.StatusInsufficientStorage, has(said, "quotalimitreached"):
		return connector.Fail(nil, "%s: the drive is full", what)
	case a.Status == http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: access refused; the app needs the permission %s of %s, with the consent of an administrator", what, c.needs, service)
	case a.Status == http.StatusNotFound && has(said, "mailboxnotenabledforrestapi", "mailboxnotsupportedforrestapi"):
		return connector.Fail(connector.ErrNotFound, "%s: the user has no mailbox in the cloud", what)
	case a.Status == http.StatusConflict, a.Status == http.StatusPreconditionFailed:
		return connector.Retry(ErrTaken, 0, "%s: the thing is in use or has changed at the same time", what)
	case a.Status == http.StatusLocked:
		return connector.Retry(ErrTaken, 0, "%s: it is locked by somebody who works on it", what)
	case has(said, "invalidpath", "pathistoolong", "pathtoodeep"):
		return connector.Fail(nil, "%s: the service does not take this name or path", what)
	}
	return rest.Refused(what, service, a)
}

// Read reads content that Graph itself hands out, in memory or a temporary file. The caller closes it, or what its File gives.
func (c *Client) Read(ctx context.Context, r rest.Request) (content *spool.Spool, err error) {
	r.Path = version + r.Path
	err = c.who.tokens.Again(ctx, tokenRefused, func() error {
		content, _, err = c.rest.Read(ctx, r, c.env.TempDir, InMemory, rest.SameTag)
		return err
	})
	return content, err
}
