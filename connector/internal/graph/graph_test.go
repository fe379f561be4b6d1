package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

func TestRights(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]record.Rights{
		"owner": 3, "sp.full control": 3, "Manage Hierarchy": 3, "manage lists": 3, "write": 2, "member": 2, "approve": 2, "sp.edit": 2, "contribute": 2,
		"read": 1, "view only": 1, "restricted read": 1, "sp.limited access": 0, "": 0,
	} {
		if got := rightsOf(role); got != want {
			t.Errorf("%q gives %d rights, want %d", role, got, want)
		}
	}
}

// TestPermissionsData reads what the service says in both of its ways.
func TestPermissionsData(t *testing.T) {
	t.Parallel()
	const said = `[
		{"roles":["write"],"grantedToV2":{"user":{"id":"b"},"siteUser":{"id":"7"}},"grantedTo":{"user":{"id":"b"}}},
		{"roles":["read","owner"],"grantedTo":{"user":{"id":"a"}}},
		{"roles":["read"],"link":{"scope":"users"},"grantedToIdentitiesV2":[{"user":{"id":"c"}},{"group":{"id":"g"}},{"user":{"email":"guest@x"}},null]},
		{"roles":["read"],"grantedToIdentities":[{"user":{"id":"d"}}]},
		{"roles":["write"],"grantedToV2":{"siteGroup":{"id":"3"}}},
		{"roles":["read"],"link":{"scope":"anonymous"}}]`
	var list []permission
	if err := json.Unmarshal([]byte(said), &list); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(permissionsData(list))
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"read":{"groups":["g"],"users":["a","b","c","d"]}},{"update":{"groups":[],"users":["a","b"]}},{"delete":{"groups":[],"users":["a"]}}]`
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	for authority, want := range map[string]string{
		"https://login.microsoftonline.com": "https://graph.microsoft.com", "https://login.microsoftonline.us": "https://graph.microsoft.us",
		"https://login.partner.microsoftonline.cn": "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn": "https://microsoftgraph.chinacloudapi.cn",
		"https://sts.example.com": "https://graph.microsoft.com",
	} {
		if got := home(authority); got != want {
			t.Errorf("%s: %s, want %s", authority, got, want)
		}
	}
}

// to makes a client of a service that gives every login a token.
func to(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			_, _ = w.Write([]byte(`{"access_token":"t","expires_in":3600}`))
			return
		}
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	c, err := Open(map[string]any{"client_id": "x", "client_cred": "y", "tenant": "z", "authority_url": s.URL}, "Files.Read.All", connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.base, c.rest.Bases = s.URL, []string{s.URL}
	return c
}

// TestRefusals are answers that are no success, in the service's words.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		body    string
		outcome connector.Outcome
		cause   error
		want    string
	}{
		"denied":         {403, `{"error":{"code":"accessDenied"}}`, connector.Permanent, connector.ErrForbidden, "Files.Read.All"},
		"no body":        {403, ``, connector.Permanent, connector.ErrForbidden, "Files.Read.All"},
		"malware":        {403, `{"error":{"code":"accessDenied","innerError":{"code":"malwareDetected"}}}`, connector.Permanent, nil, "malware"},
		"full":           {507, `{"error":{"code":"quotaLimitReached"}}`, connector.Permanent, nil, "full"},
		"gone":           {404, `{"error":{"code":"itemNotFound"}}`, connector.Permanent, connector.ErrNotFound, "not found"},
		"no mailbox":     {404, `{"error":{"code":"MailboxNotEnabledForRESTAPI"}}`, connector.Permanent, connector.ErrNotFound, "no mailbox"},
		"locked":         {423, `{"error":{"code":"resourceLocked"}}`, connector.Transient, ErrTaken, "locked"},
		"conflict":       {409, `{"error":{"code":"nameAlreadyExists"}}`, connector.Transient, ErrTaken, "in use"},
		"path":           {400, `{"error":{"code":"invalidRequest","innererror":{"code":"pathIsTooLong"}}}`, connector.Permanent, nil, "name or path"},
		"token":          {401, `{"error":{"code":"InvalidAuthenticationToken"}}`, connector.Permanent, connector.ErrForbidden, "tenant"},
		"in other words": {400, `{"error":{"code":"x","message":"the secret y"}}`, connector.Permanent, nil, "HTTP 400"},
	} {
		client := to(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		client.rest.Pause, client.rest.Patience = time.Millisecond, 100*time.Millisecond
		err := client.Get(t.Context(), "try it", "/x", &struct{}{})
		outcome, _ := connector.Classify(err)
		if err == nil || outcome != c.outcome || c.cause != nil && !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret y") {
			t.Errorf("%s: %s, %v", name, outcome, err)
		}
	}
}

// TestThrottled waits for a service that asks for time in a 403, too.
func TestThrottled(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	client := to(t, func(w http.ResponseWriter, _ *http.Request) {
		switch calls.Add(1) {
		case 1:
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"error":{"code":"activityLimitReached"}}`))
		case 2:
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			_, _ = w.Write([]byte(`{}`))
		}
	})
	client.rest.Pause = time.Millisecond
	if err := client.Get(t.Context(), "try it", "/x", &struct{}{}); err != nil || calls.Load() != 4 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
	client.rest.Patience = time.Millisecond
	calls.Store(0)
	err := client.Get(t.Context(), "try it", "/x", &struct{}{})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Errorf("a service that asks for more time than is waited here: %v", err)
	}
}

// TestNext does not follow a page to another place, where the token would go along.
func TestNext(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{"elsewhere": "https://example.com/v1.0/x?page=2", "a host that begins alike": "BASE.example.com/v1.0/x", "itself": "BASE/v1.0/x", "no address": "x"} {
		var calls atomic.Int64
		var client *Client
		client = to(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			_ = json.NewEncoder(w).Encode(map[string]any{"value": []int{1}, "@odata.nextLink": strings.Replace(next, "BASE", client.base, 1)})
		})
		if all, err := All[int](t.Context(), client, "list it", "/x"); err == nil || calls.Load() != 1 {
			t.Errorf("%s: %v, %d calls, %v", name, all, calls.Load(), err)
		}
	}
}

// TestForgotten has a service that forgets every position: the listing ends with an error, not never.
func TestForgotten(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	var client *Client
	client = to(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.URL.RawQuery != "" {
			w.WriteHeader(http.StatusGone)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": []string{"a"}, "@odata.nextLink": client.base + "/v1.0/x?page=2"})
	})
	seen := 0
	read := func(ctx context.Context, path string) (Page[string], error) {
		return PageAt[string](ctx, client, "list it", path, nil)
	}
	err := EachPage(t.Context(), Collection("/x"), Position{}, read, func(s string) string { return s }, func(m []string, _ func(string) Position) error {
		seen += len(m)
		return nil
	})
	if err == nil || seen != 1+maxAnew || calls.Load() != 2*(1+maxAnew) {
		t.Errorf("%d seen in %d calls, %v", seen, calls.Load(), err)
	}
}

// TestBatch has a service that leaves calls of a batch without an answer, and one that puts them off for ever.
func TestBatch(t *testing.T) {
	t.Parallel()
	answer := `{"responses":[{"id":"0","status":200,"body":{}}]}`
	client := to(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
	_, err := client.Batch(t.Context(), "try it", []string{"/a", "/b"})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Errorf("%v", err)
	}
	answer = `{"responses":[{"id":"0","status":429,"headers":{"Retry-After":"120"},"body":{}}]}`
	_, err = client.Batch(t.Context(), "try it", []string{"/a"})
	if outcome, wait := connector.Classify(err); err == nil || outcome != connector.Transient || wait != 2*time.Minute {
		t.Errorf("%s, %v", wait, err)
	}
	answer = `<html>`
	if _, err = client.Batch(t.Context(), "try it", []string{"/a"}); err == nil {
		t.Error("taken for an answer")
	}
}

// TestStore sends no token to the host of contents, and takes no address that is not https.
func TestStore(t *testing.T) {
	t.Parallel()
	client := to(t, http.NotFound)
	for _, address := range []string{"", "http://example.com/x", "file:///etc/passwd", "https:///x", "/x"} {
		if _, _, err := client.Store("read it", address); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
	store, path, err := client.Store("read it", "https://example.com/a%20b?tempauth=x%2By")
	if err != nil || path != "/a%20b?tempauth=x%2By" || store.Sign != nil {
		t.Errorf("%q, %v", path, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Do(ctx, rest.Request{What: "read it", Method: http.MethodGet, Path: path}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for given, want := range map[[2]string]string{
		{"/drives/x/root:/a%20b/c%23d", "e"}: "a b/c#d/e", {"/drives/x/root:", "e"}: "e", {"/drive/root:/ü", "e"}: "ü/e", {"/drives/x/root:/100%/x", "e"}: "100%/x/e",
	} {
		item := &Item{Name: given[1]}
		item.Parent.Path = given[0]
		if got, ok := item.Place(); !ok || got != want {
			t.Errorf("%v: %q, %t", given, got, ok)
		}
	}
	if _, ok := (&Item{Name: "x"}).Place(); ok {
		t.Error("a place without a parent")
	}
	if got := PlacePath("b!1,2", "a b/../ü#"); got != "/drives/b!1,2/root:/a%20b/%2E%2E/%C3%BC%23:" {
		t.Errorf("%q", got)
	}
}
