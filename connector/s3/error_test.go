package s3

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/guard"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int
		code    string
		header  map[string]string
		outcome connector.Outcome
		cause   error
		want    string
	}{
		{404, "NoSuchBucket", nil, connector.Permanent, connector.ErrNotFound, `bucket "acme" does not exist`},
		{404, "NoSuchKey", nil, connector.Permanent, connector.ErrNotFound, "not any more"},
		{404, "", nil, connector.Permanent, connector.ErrNotFound, "it is not there"},
		{403, "AccessDenied", nil, connector.Permanent, connector.ErrForbidden, "the right s3:GetObject"},
		{403, "", nil, connector.Permanent, connector.ErrForbidden, "access refused"},
		{403, "InvalidAccessKeyId", nil, connector.Permanent, connector.ErrForbidden, "check key"},
		{403, "SignatureDoesNotMatch", nil, connector.Permanent, connector.ErrForbidden, "check secret"},
		{400, "ExpiredToken", nil, connector.Permanent, connector.ErrForbidden, "session token is expired"},
		{403, "InvalidObjectState", nil, connector.Permanent, connector.ErrForbidden, "archived; restore it"},
		{403, "RequestTimeTooSkewed", map[string]string{"Date": "Wed, 04 Mar 2020 05:06:07 GMT"}, connector.Permanent, nil, "set the server's clock"},
		{301, "PermanentRedirect", nil, connector.Permanent, nil, "another region"},
		{503, "SlowDown", map[string]string{"Retry-After": "7"}, connector.Transient, nil, "fewer requests (SlowDown)"},
		{429, "", nil, connector.Transient, nil, "fewer requests"},
		{500, "InternalError", nil, connector.Transient, nil, "the service failed (InternalError)"},
		{507, "", nil, connector.Transient, nil, "no room"},
		{400, "SomethingNew", nil, connector.Permanent, nil, "refused it (SomethingNew)"},
		{400, "<b>key=s3cret</b>", nil, connector.Permanent, nil, "refused it"},
		{302, "", nil, connector.Permanent, nil, "check endpoint_url"},
	} {
		w := &web{answer: func(*http.Request, string) (int, map[string]string, string) {
			if c.code == "" {
				return c.status, c.header, ""
			}
			return c.status, c.header, xmlError(strings.ReplaceAll(c.code, "<", "&lt;"), "the driver's own text with AKIAOWN and s3cret")
		}}
		s := connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/", "key": "AKIAOWN", "secret": "s3cret"}, w.env())
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		_, err := s.Fetch(ctx, document.Document{Name: "a.pdf", URL: "s3://acme/a.pdf"})
		cancel()
		outcome, wait := connector.Classify(err)
		if err == nil || outcome != c.outcome || c.cause != nil && !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.want) ||
			!strings.HasPrefix(err.Error(), "read s3://acme/a.pdf: ") {
			t.Errorf("%d %s: %s %v, want %q", c.status, c.code, outcome, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "driver") {
			t.Errorf("%d %s: the text holds what the service said: %v", c.status, c.code, err)
		}
		if c.header["Retry-After"] != "" && wait != 7*time.Second {
			t.Errorf("%s: wait %s", c.code, wait)
		}
		if outcome == connector.Transient && c.status != 507 && len(w.seen) < 2 { // a full store is left in peace
			t.Errorf("%d %s: tried once only", c.status, c.code)
		}
		if len(w.seen) > 4 {
			t.Errorf("%d %s: %d requests", c.status, c.code, len(w.seen))
		}
	}
}

// What the guarded way out refuses is said in its own words, and not tried again.
func TestRefusedAddress(t *testing.T) {
	t.Parallel()
	asked := 0
	var env connector.Env
	guarded := guard.Networks{}.Client().Transport
	env.HTTP = &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		asked++
		return guarded.RoundTrip(r)
	})}
	for _, endpoint := range []string{"http://169.254.169.254", "http://127.0.0.1:1", "http://[::1]:1", "http://10.1.2.3"} {
		asked = 0
		config := map[string]any{"remote_url": "s3://acme/", "endpoint_url": endpoint, "key": "AKIAOWN", "secret": "own"}
		err := connectortest.OpenSource(t, Type, config, env).Check(context.Background())
		if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "not a public address") || asked != 1 {
			t.Errorf("%s: %d requests, %v", endpoint, asked, err)
		}
	}
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
