package azure

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/testserver/azurite"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]place{
		"az://docs": {container: "docs"}, "az://docs/": {container: "docs"}, " azure://docs/a b/ü/": {container: "docs", prefix: "a b/ü/"},
		"abfs://my-docs/x": {container: "my-docs", prefix: "x"}, "az://$root/x": {container: "$root", prefix: "x"},
	} {
		if got, err := parse(in); err != nil || got != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "docs", "s3://docs/x", "az://", "az:///x", "az://UPPER/x", "az://a--b/x", "abfs://docs@account.dfs.core.windows.net/x",
		"az://docs/" + strings.Repeat("x", 800)} {
		if _, err := parse(in); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config   map[string]any
		endpoint string
		wrong    string // in the error
	}{
		"key":           {config: map[string]any{"account_name": "acme", "account_key": "a2V5"}, endpoint: "https://acme.blob.core.windows.net"},
		"signature":     {config: map[string]any{"account_name": "acme", "sas_token": "?sv=1&sig=s3cret-sig"}, endpoint: "https://acme.blob.core.windows.net"},
		"connection":    {config: map[string]any{"connection_string": "AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.usgovcloudapi.net"}, endpoint: "https://acme.blob.core.usgovcloudapi.net"},
		"connection 2":  {config: map[string]any{"connection_string": "BlobEndpoint=https://acme.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=s3cret-sig"}, endpoint: "https://acme.blob.core.windows.net"},
		"nobody":        {config: map[string]any{}, wrong: "account_name"},
		"no secret":     {config: map[string]any{"account_name": "acme"}, wrong: "account_key"},
		"odd account":   {config: map[string]any{"account_name": "acme.evil.example", "account_key": "a2V5"}, wrong: "3 to 24"},
		"odd key":       {config: map[string]any{"account_name": "acme", "account_key": "not base64 s3cret"}, wrong: "base64"},
		"odd signature": {config: map[string]any{"account_name": "acme", "sas_token": "s3cret"}, wrong: "shared access signature"},
		"odd string":    {config: map[string]any{"connection_string": "s3cret"}, wrong: "connection_string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := readLogin(c.config, false)
			if l.endpoint != c.endpoint || (err == nil) != (c.wrong == "") {
				t.Fatalf("%q, %v", l.endpoint, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("%v", err)
			}
		})
	}
	if l, err := readLogin(map[string]any{"account_name": "acme"}, true); err != nil || l.key != nil || l.sas != nil {
		t.Errorf("anonymous: %v", err)
	}
}

// TestSigned has the text that is signed, laid out by the rules of "Authorize with Shared Key".
func TestSigned(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://acme.blob.core.windows.net/docs/a%20b?comp=block&blockid=x%3D%3D", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"text/plain"}, "X-Ms-Version": {version}, "X-Ms-Date": {"now"}, "Range": {"bytes=0-0"}}
	want := "PUT\n\n\n7\n\ntext/plain\n\n\n\n\n\nbytes=0-0\nx-ms-date:now\nx-ms-version:" + version + "\n/acme/docs/a%20b\nblockid:x==\ncomp:block"
	if got := (login{account: "acme"}).text(r, 7); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPages lists more than a page of canned answers and goes on in the middle of a page.
func TestPages(t *testing.T) {
	t.Parallel()
	s := connectortest.OpenSource(t, Type, cannedConfig(t, 3*pageSize), connector.Env{})
	n, cursor := 0, connector.Cursor("")
	var at document.Document
	for d, err := range s.Index(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == pageSize+17 {
			cursor, at = connector.Cursor(d.Cursor), d
		}
	}
	if n != 3*pageSize {
		t.Fatalf("listed %d", n)
	}
	if at.Name != "document-000001-0016 & more.pdf" || at.Version != "0x8DC000000000010" || at.Size != 1016 ||
		!at.Created.Equal(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)) || !at.Modified.Equal(time.Date(2026, 3, 4, 6, 6, 7, 0, time.UTC)) {
		t.Errorf("%+v", at)
	}
	rest := 0
	for d, err := range s.Index(t.Context(), cursor) {
		if err != nil {
			t.Fatal(err)
		}
		if rest++; rest == 1 && d.Name != "document-000001-0017 & more.pdf" {
			t.Errorf("goes on with %q", d.Name)
		}
	}
	if rest != 2*pageSize-17 {
		t.Errorf("the rest has %d", rest)
	}
}

// TestNames has what XML cannot hold, and answers that are none.
func TestNames(t *testing.T) {
	t.Parallel()
	e := blobOf([]byte(`<Name Encoded="true">a%EF%BF%BE&amp;b</Name><Deleted/><Properties><Etag>"x"</Etag><Content-Length>5</Content-Length></Properties>`))
	if e.name != "a\ufffe&b" || e.etag != `"x"` || e.size != 5 {
		t.Errorf("%+v", e)
	}
	for _, page := range []string{"", "<html></html>", "<EnumerationResults", "<EnumerationResults><Blobs><Blob><Name>x</EnumerationResults>"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }))
		source := connectortest.OpenSource(t, Type, map[string]any{"remote_url": "az://acme", "connection_string": azurite.ConnectionString(s.URL, "a2V5")}, connector.Env{})
		n := 0
		var last error
		for _, err := range source.Index(t.Context(), "") {
			if last = err; err == nil {
				n++
			}
		}
		if n != 0 || last == nil && !strings.HasSuffix(page, "</EnumerationResults>") {
			t.Errorf("%q: %d, %v", page, n, last)
		}
		s.Close()
	}
}

// held says how many elements of a mark each blob of a place has.
func held(t *testing.T, p *testPlace) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, r := range p.Read(t) {
		mark, _, _ := strings.Cut(r.Text, " ")
		out[mark]++
	}
	return out
}

// TestGoesAway stops the server while a document of several blocks is written: the old one stays whole, and the write
// repeated leaves the new one.
func TestGoesAway(t *testing.T) {
	t.Parallel()
	s := azurite.Start(t)
	p := newPlace(t, s)
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	doc := document.Document{Identifier: "doc", Path: "a/doc.pdf", Name: "doc.pdf"}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Padded("old", 50, 10))); err != nil {
		t.Fatal(err)
	}
	large := connectortest.Padded("new", 200, 100_000) // three blocks
	err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range connectortest.Stream(large) {
			if !yield(e, nil) {
				return
			}
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Fatalf("%s: %v", outcome, err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if got := held(t, p); got["old"] != 50 || got["new"] != 0 {
		t.Errorf("after the fault the container holds %v", got)
	}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(large)); err != nil {
		t.Fatal(err)
	}
	if got := held(t, p); got["old"] != 0 || got["new"] != 200 {
		t.Errorf("the container holds %v", got)
	}
}

// TestKilledInReplace kills a writer that has sent all blocks and not made them a blob.
func TestKilledInReplace(t *testing.T) {
	doc, fresh := document.Document{Identifier: "doc", Path: "doc.pdf", Name: "doc.pdf"}, connectortest.Padded("new", 100, 100_000)
	connectortest.DieInReplace(t, Type, doc, fresh)
	t.Parallel()
	p := newPlace(t, azurite.Start(t))
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(connectortest.Padded("old", 5, 10))); err != nil {
		t.Fatal(err)
	}
	connectortest.Kill(t, p.Config())
	if got := held(t, p); got["old"] != 5 || len(got) != 1 {
		t.Errorf("after the kill the container holds %v", got)
	}
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := held(t, p); got["new"] != 100 || len(got) != 1 {
		t.Errorf("the container holds %v", got)
	}
}

// TestRefusals has the service's own codes.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		status  int
		outcome connector.Outcome
		cause   error
		text    string
	}{
		"BlobArchived":                    {409, connector.Permanent, connector.ErrForbidden, "rehydrate"},
		"LeaseIdMissing":                  {412, connector.Transient, nil, "lease"},
		"AuthenticationFailed":            {403, connector.Permanent, connector.ErrForbidden, "credentials"},
		"AuthorizationPermissionMismatch": {403, connector.Permanent, connector.ErrForbidden, "signature"},
		"ContainerNotFound":               {404, connector.Permanent, connector.ErrNotFound, "acme"},
		"AccountIsDisabled":               {403, connector.Permanent, connector.ErrForbidden, "disabled"},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Ms-Error-Code", code)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, "raw provider text")
			}))
			defer s.Close()
			d := connectortest.OpenDestination(t, Type, map[string]any{"remote_url": "az://acme", "connection_string": azurite.ConnectionString(s.URL, "a2V5")}, connector.Env{})
			err := d.Replace(t.Context(), document.Document{Identifier: "x", Path: "x"}, connectortest.Stream(nil))
			if outcome, _ := connector.Classify(err); err == nil || outcome != c.outcome || c.cause != nil && !errors.Is(err, c.cause) ||
				!strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "raw") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestThrottled has a service that asks for time, with and without saying how much.
func TestThrottled(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch calls.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.Header().Set("X-Ms-Error-Code", "ServerBusy")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			w.WriteHeader(http.StatusCreated)
		}
	}))
	defer s.Close()
	d := connectortest.OpenDestination(t, Type, map[string]any{"remote_url": "az://acme", "connection_string": azurite.ConnectionString(s.URL, "a2V5")}, connector.Env{})
	if err := d.Replace(t.Context(), document.Document{Identifier: "x", Path: "x"}, connectortest.Stream(nil)); err != nil || calls.Load() != 4 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// TestSignature uses a shared access signature in place of the key; the request carries it, and no error does.
func TestSignature(t *testing.T) {
	t.Parallel()
	var query atomic.Pointer[url.Values]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		query.Store(&q)
		w.WriteHeader(http.StatusForbidden)
	}))
	d := connectortest.OpenDestination(t, Type, map[string]any{"remote_url": "az://acme",
		"connection_string": "BlobEndpoint=" + s.URL + ";SharedAccessSignature=sv=2021&sp=cw&sig=s3cret%2Bsig"}, connector.Env{})
	err := d.Check(t.Context())
	if got := query.Load().Get("sig"); got != "s3cret+sig" || !errors.Is(err, connector.ErrForbidden) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%q, %v", got, err)
	}
	s.Close()
	if err := d.Check(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}
