// Package atlassian is what the connectors of Atlassian's products share: the ways to log in to a site in its cloud or of a
// company's own (Data Center), calls that answer with JSON, and what goes wrong with them.
package atlassian

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// Site is one product at one address. It is safe for concurrent use.
type Site struct {
	Product string // "Confluence", "Jira"
	Address string // as the config has it: https://host[:port][/path], without a slash at the end
	Cloud   bool
	Client  *rest.Client
	Env     connector.Env

	who string // reads, for messages
}

// Open makes the way to a config's site. It connects to nothing. secrets are the names of the fields that may hold one, token last.
//
// There are three ways to log in: username with password, username with api_token (in place of the password), and token, which is
// a personal access token of a Data Center site. In the cloud a token beside a username is an API token too.
func Open(product string, config map[string]any, secrets []string, env connector.Env) (*Site, error) {
	text := func(name string) string {
		s, _ := config[name].(string)
		return strings.TrimSpace(s)
	}
	s := &Site{Product: product, Env: env}
	var err error
	if s.Address, err = rest.Address("url", text("url"), "https"); err != nil {
		return nil, err
	}
	u, err := url.Parse(s.Address)
	if err != nil {
		return nil, connector.Fail(nil, "url: not an address; write https://host")
	}
	s.Cloud, _ = config["cloud"].(bool)
	s.Cloud = s.Cloud || strings.HasSuffix(strings.ToLower(u.Hostname()), ".atlassian.net") // which is nothing else
	var given, value string
	for _, name := range secrets {
		switch {
		case text(name) == "":
		case given != "":
			return nil, connector.Fail(nil, "%s and %s are alternatives; give one of them", given, name)
		default:
			given, value = name, text(name)
		}
	}
	user := text("username")
	bearer := given == "token" && !(s.Cloud && user != "")
	switch {
	case given == "":
		return nil, connector.Fail(connector.ErrForbidden, "give username and %s, or the token of a Data Center site alone", strings.Join(secrets[:len(secrets)-1], " or "))
	case bearer && s.Cloud:
		return nil, connector.Fail(connector.ErrForbidden, "a site in the cloud takes an API token together with username, the e-mail address of its user; give username")
	case !bearer && user == "":
		return nil, connector.Fail(connector.ErrForbidden, "%s needs username beside it", given)
	case strings.ContainsFunc(value+user, func(c rune) bool { return c < ' ' || c == 0x7f }) || strings.Contains(user, ":"):
		return nil, connector.Fail(connector.ErrForbidden, "username or %s has characters that none has", given)
	}
	s.who = "the user of " + given
	if user != "" {
		s.who = "user " + user
	}
	s.Client = &rest.Client{Service: product, Bases: []string{s.Address}, Refuse: s.refuse,
		Sign: func(_ context.Context, r *http.Request, _ []byte) error {
			if bearer {
				r.Header.Set("Authorization", "Bearer "+value)
			} else {
				r.SetBasicAuth(user, value)
			}
			r.Header.Set("X-Atlassian-Token", "no-check")
			return nil
		}}
	s.Client.Open(env)
	return s, nil
}

// Close closes connections that only this site uses.
func (s *Site) Close() error { return s.Client.Close() }

// Who names the account that reads, for messages.
func (s *Site) Who() string { return s.who }

// refuse makes the error of an answer that is not a success. Its text, which may repeat what was sent, is not read.
func (s *Site) refuse(what string, a rest.Answer) error {
	forbidden := func(why string) error { return connector.Fail(connector.ErrForbidden, "%s: %s", what, why) }
	switch {
	case strings.Contains(a.Header.Get("X-Authentication-Denied-Reason"), "CAPTCHA") || strings.Contains(a.Header.Get("X-Seraph-LoginReason"), "AUTHENTICATION_DENIED"):
		return forbidden(s.Product + " wants " + s.who + " to log in with a browser once, after too many wrong passwords")
	case a.Status == http.StatusUnauthorized || loggedOut(a):
		why := "; check password or token, and that it has not expired"
		if s.Cloud {
			why = "; a site in the cloud wants the e-mail address of the user and an API token that has not expired"
		}
		return forbidden(s.Product + " does not accept the credentials of " + s.who + why)
	case a.Status == http.StatusForbidden:
		return forbidden("access refused; " + s.who + " needs the right to see it")
	}
	return rest.Refused(what, s.Product, a)
}

// loggedOut says that credentials were sent and not taken, though the answer may be one for everybody.
func loggedOut(a rest.Answer) bool {
	return strings.Contains(a.Header.Get("X-Seraph-LoginReason"), "AUTHENTICATED_FAILED")
}

// Get asks for JSON below the client's base. Statuses of ok are no failure: into is left alone, and the status returned.
func (s *Site) Get(ctx context.Context, what, path string, q url.Values, into any, ok ...int) (status int, err error) {
	a, err := s.Client.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: path, Query: q, Header: http.Header{"Accept": {"application/json"}}, OK: ok})
	switch {
	case err != nil:
		return a.Status, err
	case loggedOut(a):
		return a.Status, s.refuse(what, a)
	case a.Status >= 300:
		return a.Status, nil
	case json.Unmarshal(a.Body, into) != nil:
		return a.Status, connector.Fail(nil, "%s: the answer is not that of %s; check url", what, s.Product)
	}
	return a.Status, nil
}

// Mark is a value of the query of a link to the next page; "" is the end.
func Mark(link, name string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Query().Get(name)
}
