package s3

import (
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/sluicehq/sluice/connector"
)

// maxBackoff is the longest pause before a request is tried again.
const maxBackoff = 4 * time.Second

// remote is a bucket and the way to it. It is safe for concurrent use.
type remote struct {
	place
	options s3.Options
	client  atomic.Pointer[s3.Client] // for the region that is known by now
	idle    func()                    // closes connections that only this remote uses; may be nil
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
	if region != "" && regionOf(p.endpoint) == "" && regionName.MatchString(region) {
		r.region = region
	}
	r.options = s3.Options{
		Region: r.region, Credentials: who, HTTPClient: client, Retryer: retryer(), UsePathStyle: p.pathStyle,
		DisableLogOutputChecksumValidationSkipped: true,
		// Stores that are not AWS do not know its newer checksums.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if p.isAWS() {
		r.options.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
		r.options.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	}
	if p.endpoint != "" {
		r.options.BaseEndpoint = &r.endpoint
	}
	r.client.Store(s3.New(r.options))
	return r, nil
}

// httpClient makes a client over the one of Env that does not follow redirects, since they would carry session tokens to
// other hosts, and that gives up when nothing moves instead of after a time that a large object may need.
func (r *remote) httpClient(env connector.Env) *http.Client {
	var base http.Client
	if env.HTTP != nil {
		base = *env.HTTP
	} else {
		dial := env.Dial
		if dial == nil {
			dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
		}
		t := &http.Transport{DialContext: dial, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second}
		base.Transport, r.idle = t, t.CloseIdleConnections
	}
	base.Transport = stall{next: base.Transport, limit: maxSilence}
	base.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base.Timeout, base.Jar = 0, nil
	return &base
}

// Close implements both sides of connector.
func (r *remote) Close() error {
	if r.idle != nil {
		r.idle()
	}
	return nil
}

// do runs one call, and once more when the store says that the bucket stands in another region. Its error is the SDK's, or
// the context's when that has ended.
func (r *remote) do(ctx context.Context, call func(context.Context, *s3.Client) error) error {
	for tries := 0; ; tries++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		client := r.client.Load()
		err := call(ctx, client)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if tries == 2 || !r.follow(client, err) {
			return err
		}
	}
}

// expecting is how stores name the right region in the message of a wrong one.
var expecting = regexp.MustCompile(`expecting ['"]([a-z0-9-]{2,40})['"]`)

// follow moves to the region that an error of client names, and says whether the call is worth another try.
func (r *remote) follow(client *s3.Client, err error) bool {
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) || errors.As(err, new(*roleError)) {
		return false
	}
	region := ""
	switch answer.HTTPStatusCode() {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest:
		if h := answer.HTTPResponse(); h != nil {
			region = h.Header.Get("X-Amz-Bucket-Region")
		}
	}
	var api smithy.APIError
	if region == "" && errors.As(err, &api) {
		if m := expecting.FindStringSubmatch(api.ErrorMessage()); m != nil {
			region = m[1]
		}
	}
	if !regionName.MatchString(region) || region == client.Options().Region {
		return false
	}
	o := r.options.Copy()
	o.Region = region
	if r.endpoint != "" && r.isAWS() { // a host of another region
		switch {
		case strings.Contains(r.endpoint, ".vpce."):
			return false // the way leads through somebody's own network, not around it
		case strings.Contains(r.endpoint, "fips"):
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		o.BaseEndpoint = nil
	}
	r.client.CompareAndSwap(client, s3.New(o)) // else another call was quicker
	return true
}
