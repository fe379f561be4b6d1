// Package bucket is the way to a bucket of S3 or of a store that speaks its protocol: it finds the bucket's region, tries
// again what may pass, ends what stands still, reads objects whole without ever mixing two versions, and writes objects
// whose length is not known beforehand.
package bucket

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// HomeRegion is where a bucket is looked for first when nothing else is known.
const HomeRegion = "us-east-1"

// Bucket is a bucket and the way to it. It is safe for concurrent use.
type Bucket struct {
	Name    string
	options s3.Options
	client  atomic.Pointer[s3.Client] // for the region that is known by now
}

// New makes the way to a bucket. It connects to nothing. Retries and checksums of the options are set here.
func New(name string, o s3.Options) *Bucket {
	b := &Bucket{Name: name, options: o.Copy()}
	b.options.Retryer = Retryer()
	b.options.DisableLogOutputChecksumValidationSkipped = true
	// Stores that are not AWS do not know its newer checksums.
	b.options.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	b.options.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	if IsAWS(aws.ToString(o.BaseEndpoint)) {
		b.options.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
		b.options.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	}
	b.client.Store(s3.New(b.options))
	return b
}

// Retryer tries a request again a few times, within seconds; longer pauses are for whoever runs the work.
func Retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 4
		o.MaxBackoff = 4 * time.Second
	})
}

// IsAWS says that an endpoint (scheme://host, or "" for the usual one) is AWS's own service.
func IsAWS(endpoint string) bool {
	_, host, _ := strings.Cut(endpoint, "://")
	host, _, _ = strings.Cut(host, ":")
	return host == "" || strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}

var (
	regionName  = regexp.MustCompile(`^[a-z0-9-]{2,40}$`)
	regionLabel = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)
)

// RegionOf finds the region in a host name of the form s3.REGION.provider or s3-fips.REGION.provider, as AWS and most other
// stores have it; "" when there is none.
func RegionOf(endpoint string) string {
	_, host, _ := strings.Cut(endpoint, "://")
	labels := strings.Split(host, ".")
	for i, l := range labels {
		if (l == "s3" || strings.HasPrefix(l, "s3-")) && i+2 < len(labels) {
			next := labels[i+1]
			if next == "dualstack" && i+3 < len(labels) {
				next = labels[i+2]
			}
			if regionLabel.MatchString(next) {
				return next
			}
		}
	}
	return ""
}

// Do runs one call, and once more when the store says that the bucket stands in another region: call makes its input anew
// each time. The error is the SDK's, or the context's when that has ended.
func (b *Bucket) Do(ctx context.Context, call func(context.Context, *s3.Client) error) error {
	for tries := 0; ; tries++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		client := b.client.Load()
		err := call(ctx, client)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if tries == 2 || !b.follow(client, err) {
			return err
		}
	}
}

// expecting is how stores name the right region in the message of a wrong one.
var expecting = regexp.MustCompile(`expecting ['"]([a-z0-9-]{2,40})['"]`)

// follow moves to the region that an error of client names, and says whether the call is worth another try.
func (b *Bucket) follow(client *s3.Client, err error) bool {
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) || ofAnotherService(err) {
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
	o := b.options.Copy()
	o.Region = region
	if endpoint := aws.ToString(o.BaseEndpoint); endpoint != "" && IsAWS(endpoint) { // a host of another region
		switch {
		case strings.Contains(endpoint, ".vpce."):
			return false // the way leads through somebody's own network, not around it
		case strings.Contains(endpoint, "fips"):
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		o.BaseEndpoint = nil
	}
	b.client.CompareAndSwap(client, s3.New(o)) // else another call was quicker
	return true
}

// ofAnotherService says that a call failed since the service that gives credentials did.
func ofAnotherService(err error) bool {
	var outer, inner *smithy.OperationError
	return errors.As(err, &outer) && errors.As(outer.Err, &inner)
}

// Code is the service's word for an error, such as NoSuchKey; "" for an error that no service gave, and for a word that does
// not look like one, for the service may be anybody.
func Code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	code := api.ErrorCode()
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool {
		return r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return ""
	}
	return code
}

// Full says that an error is that of a store without room.
func Full(err error) bool {
	switch Code(err) {
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "NoSpaceLeftOnDevice":
		return true
	}
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusInsufficientStorage
}

// Version is an ETag without its quotes.
func Version(etag *string) string {
	return strings.Trim(strings.TrimPrefix(aws.ToString(etag), "W/"), `"`)
}
