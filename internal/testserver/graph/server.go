// Package graph is a fake of the part of Microsoft Graph that drives, sites and mailboxes need, of its token service and of the
// hosts that hold contents. It enforces what the service's documentation says of tokens, names, sizes, pages, batches and upload
// sessions, and can be told to be busy, to forget positions and to let tokens end.
package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	// Tenant, ClientID and Secret are those of the app that may log in.
	Tenant   = "contoso.onmicrosoft.com"
	ClientID = "8f0d1c5e-0f5b-4b8e-9a55-2f8f6f0c1d11"
	Secret   = "the-secret-of-the-app~1"
	// User owns a drive and a mailbox, and logs in with Password.
	User     = "adele@contoso.com"
	Password = "the-password-of-adele"
	// Site is the address of a site.
	Site = "https://contoso.sharepoint.com/sites/team"

	login  = "login.microsoftonline.com"
	home   = "graph.microsoft.com"
	store  = "contoso-my.sharepoint.com" // holds contents
	prefix = "/v1.0"
)

// Server is a fake.
type Server struct {
	*wire.Server
	// Page is the most members of a page, 200 unless set.
	Page int
	// Wait is how long every call takes.
	Wait time.Duration
	// PutOff is how many calls within batches are answered with 429 before the next one is taken.
	PutOff atomic.Int64
	// NoLinks leaves the links to contents out of answers, as some accounts do.
	NoLinks atomic.Bool

	mu      sync.Mutex
	drives  map[string]*Drive // by id
	owners  map[string]*Drive // by user
	sites   map[string]*site  // by address
	boxes   map[string]*Mailbox
	tokens  map[string]string // to the permission that it lacks, "" for none
	lacks   string            // what tokens of now lack
	serial  int
	uploads map[string]*upload
	links   map[string]*entry // contents that a link opens
	log     []string          // method and path of each call
}

// Start starts a service that lives as long as the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		Page: 200, drives: map[string]*Drive{}, owners: map[string]*Drive{}, sites: map[string]*site{}, boxes: map[string]*Mailbox{},
		tokens: map[string]string{}, uploads: map[string]*upload{}, links: map[string]*entry{},
	}
	s.Server = wire.Start(t, http.HandlerFunc(s.serve))
	return s
}

// Client sends what goes to Microsoft to the fake.
func (s *Server) Client() *http.Client { return ClientOf(s.URL) }

// ClientOf is Client for a fake that stands at an address, which another process has started.
func ClientOf(address string) *http.Client {
	return &http.Client{Transport: way(strings.TrimPrefix(address, "http://"))}
}

type way string

var transport = &http.Transport{MaxIdleConnsPerHost: 64}

// RoundTrip implements http.RoundTripper.
func (w way) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.URL.Scheme == "https" && slices.Contains([]string{login, home, store}, r.URL.Host) {
		r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", string(w)
	}
	return transport.RoundTrip(r)
}

// Config is that of the app.
func (s *Server) Config() map[string]any {
	return map[string]any{"client_id": ClientID, "client_cred": Secret, "tenant": Tenant}
}

// WrongSecret is a config with a secret that the service refuses; it is that of a connector's suite.
func WrongSecret(t *testing.T, config map[string]any) map[string]any {
	t.Helper()
	return with(config, "client_cred", "another-secret~2")
}

// At is a config whose tokens come from host:port; it is that of a connector's suite.
func At(t *testing.T, config map[string]any, address string) map[string]any {
	t.Helper()
	return with(config, "authority_url", "http://"+address)
}

func with(config map[string]any, name, value string) map[string]any {
	out := maps.Clone(config)
	out[name] = value
	return out
}

// Revoke makes every token that was given end now.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Deny makes tokens from now on lack a permission: "Files", "Sites", "Mail", "Write" or "Permissions"; "" gives all of them.
func (s *Server) Deny(permission string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
	s.lacks = permission
}

// Forget makes every position in a listing that was given out until now one that the service does not know.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.drives {
		d.generation++
	}
	for _, b := range s.boxes {
		b.generation++
	}
}

// Log is the method and path of each call to Graph since the last Log.
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.log
	s.log = nil
	return out
}

func failed(w http.ResponseWriter, status int, code string) {
	wire.JSON(w, status, failure(code))
}

func failure(code string) map[string]any {
	return map[string]any{"error": map[string]any{
		"code": code, "message": "a text with " + Secret + " in it that nobody should see",
		"innerError": map[string]string{"date": "2026-03-04T05:06:07", "request-id": "0f5b8f0d", "client-request-id": "0f5b8f0d"},
	}}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.Wait)
	switch {
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		s.token(w, r)
	case r.Host == home:
		s.graph(w, r)
	case r.Host == store:
		s.content(w, r)
	default:
		http.NotFound(w, r)
	}
}

// token gives tokens to the app, for itself or for User.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	refused := func(status int, name string, code int) {
		wire.JSON(w, status, map[string]any{"error": name, "error_codes": []int{code}, "error_description": fmt.Sprintf("AADSTS%d: no %s", code, r.FormValue("client_secret"))})
	}
	form := r.FormValue
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/"+Tenant+"/oauth2/v2.0/token":
		refused(http.StatusBadRequest, "invalid_request", 90002)
	case form("scope") != "https://"+home+"/.default":
		refused(http.StatusBadRequest, "invalid_scope", 70011)
	case form("client_id") != ClientID:
		refused(http.StatusBadRequest, "unauthorized_client", 700016)
	case form("client_secret") != Secret:
		refused(http.StatusUnauthorized, "invalid_client", 7000215)
	case form("grant_type") == "password" && (form("username") != User || form("password") != Password):
		refused(http.StatusBadRequest, "invalid_grant", 50126)
	case form("grant_type") != "password" && form("grant_type") != "client_credentials":
		refused(http.StatusBadRequest, "unsupported_grant_type", 70003)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.serial++
		token := "token-" + strconv.Itoa(s.serial) + "-of-the-app"
		s.tokens[token] = s.lacks
		wire.JSON(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})
	}
}

// call is one request to Graph, alone or in a batch.
type call struct {
	method, path string // below the version, escaped
	query        url.Values
	header       http.Header
	body         []byte
	lacks        string
}

// reply is its answer. A body that is no []byte becomes JSON.
type reply struct {
	status int
	header map[string]string
	body   any
}

func refuse(status int, code string) reply { return reply{status, nil, failure(code)} }

const (
	maxBatch   = 20
	maxSimple  = 250 << 20
	maxAnyBody = 260 << 20
)

func (s *Server) graph(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	if !ok {
		failed(w, http.StatusBadRequest, "invalidRequest")
		return
	}
	s.mu.Lock()
	lacks, known := s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	s.log = append(s.log, r.Method+" "+path)
	s.mu.Unlock()
	if !known {
		failed(w, http.StatusUnauthorized, "InvalidAuthenticationToken")
		return
	}
	body, err := wire.Bytes(r, maxAnyBody)
	if err != nil {
		failed(w, http.StatusRequestEntityTooLarge, "maxFragmentLengthExceeded")
		return
	}
	if r.Method == http.MethodPost && path == "/$batch" {
		s.batch(w, body, lacks)
		return
	}
	if done := s.enter(path); done != nil {
		defer done()
	} else {
		failed(w, http.StatusTooManyRequests, "ApplicationThrottled")
		return
	}
	out := s.answer(call{r.Method, path, r.URL.Query(), r.Header, body, lacks})
	for name, value := range out.header {
		w.Header().Set(name, value)
	}
	switch content := out.body.(type) {
	case nil:
		w.WriteHeader(out.status)
	case []byte:
		w.WriteHeader(out.status)
		_, _ = w.Write(content)
	default:
		wire.JSON(w, out.status, out.body)
	}
}

func (s *Server) batch(w http.ResponseWriter, body []byte, lacks string) {
	var ask struct {
		Requests []struct {
			ID, Method, URL string
		} `json:"requests"`
	}
	if json.Unmarshal(body, &ask) != nil || len(ask.Requests) == 0 || len(ask.Requests) > maxBatch {
		failed(w, http.StatusBadRequest, "BadRequest")
		return
	}
	responses := []any{}
	seen := map[string]bool{}
	for _, one := range ask.Requests {
		if seen[one.ID] || one.ID == "" || !strings.HasPrefix(one.URL, "/") || strings.HasPrefix(one.URL, prefix) {
			failed(w, http.StatusBadRequest, "BadRequest")
			return
		}
		seen[one.ID] = true
		path, query, _ := strings.Cut(one.URL, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			failed(w, http.StatusBadRequest, "BadRequest")
			return
		}
		out := reply{http.StatusTooManyRequests, map[string]string{}, failure("TooManyRequests")}
		if s.PutOff.Add(-1) < 0 {
			out = s.answer(call{one.Method, path, values, http.Header{}, nil, lacks})
		} else if s.PutOff.Load()%2 == 0 {
			out.header["Retry-After"] = "0.01"
		}
		responses = append(responses, map[string]any{"id": one.ID, "status": out.status, "headers": out.header, "body": out.body})
	}
	slices.Reverse(responses) // they come in any order
	wire.JSON(w, http.StatusOK, map[string]any{"responses": responses})
}

// answer carries out one call.
func (s *Server) answer(c call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := strings.Split(strings.TrimPrefix(c.path, "/"), "/")
	for i, name := range names {
		plain, err := url.PathUnescape(name)
		if err != nil {
			return refuse(http.StatusBadRequest, "invalidRequest")
		}
		names[i] = plain
	}
	switch names[0] {
	case "users":
		if len(names) < 2 {
			return refuse(http.StatusBadRequest, "invalidRequest")
		}
		if len(names) > 2 && names[2] == "drive" {
			return s.userDrive(c, names[1])
		}
		return s.mail(c, names[1], names[2:])
	case "sites":
		return s.site(c, names[1:])
	case "drives":
		return s.drive(c, names[1:])
	}
	return refuse(http.StatusBadRequest, "BadRequest")
}

// size is how many members a page has.
func (s *Server) size(c call) int {
	size := s.Page
	for _, prefer := range c.header.Values("Prefer") {
		if text, ok := strings.CutPrefix(prefer, "odata.maxpagesize="); ok {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				size = min(size, n)
			}
		}
	}
	if n, err := strconv.Atoi(c.query.Get("$top")); err == nil && n > 0 {
		size = min(size, n)
	}
	return size
}

func linkTo(path string, query url.Values) string {
	return "https://" + home + prefix + path + "?" + query.Encode()
}
