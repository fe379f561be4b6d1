package s3

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/bucket"
)

// remote is the bucket of a config. It is safe for concurrent use.
type remote struct {
	place
	store *bucket.Bucket
	idle  func() // closes connections that only this remote uses; may be nil
}

// open makes the way to a config's bucket. It connects to nothing, and reads nothing of the machine unless the config asks
// for ambient credentials and the operator allows them.
func open(config map[string]any, env connector.Env) (*remote, error) {
	address, _ := config["remote_url"].(string)
	endpoint, _ := config["endpoint_url"].(string)
	p, err := parse(address, endpoint)
	if err != nil {
		return nil, err
	}
	r := &remote{place: p}
	client := r.httpClient(env)
	who, region, err := readLogin(config).provider(p, client)
	if err != nil {
		return nil, err
	}
	if region != "" && bucket.RegionOf(p.endpoint) == "" {
		r.region = region
	}
	o := s3.Options{Region: r.region, Credentials: who, HTTPClient: client, UsePathStyle: p.pathStyle}
	if p.endpoint != "" {
		o.BaseEndpoint = &p.endpoint
	}
	r.store = bucket.New(p.bucket, o)
	return r, nil
}

// httpClient makes a client over the one of Env.
func (r *remote) httpClient(env connector.Env) *http.Client {
	if env.HTTP != nil {
		return bucket.HTTPClient(final{env.HTTP.Transport})
	}
	dial := env.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	t := &http.Transport{DialContext: dial, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second}
	r.idle = t.CloseIdleConnections
	return bucket.HTTPClient(final{t})
}

// final keeps the SDK from trying again what the way out has refused for good.
type final struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f final) RoundTrip(r *http.Request) (*http.Response, error) {
	next := f.next
	if next == nil {
		next = http.DefaultTransport
	}
	answer, err := next.RoundTrip(r)
	var refused *connector.Error
	if errors.As(err, &refused) && refused.Outcome == connector.Permanent {
		return nil, &finalError{refused}
	}
	return answer, err
}

type finalError struct{ refused *connector.Error }

func (e *finalError) Error() string { return e.refused.Error() }

// RetryableError is asked by the SDK.
func (e *finalError) RetryableError() bool { return false }

// Unwrap gives the refusal.
func (e *finalError) Unwrap() error { return e.refused }

// Close implements both sides of connector.
func (r *remote) Close() error {
	if r.idle != nil {
		r.idle()
	}
	return nil
}
