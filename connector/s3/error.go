package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/bucket"
	"github.com/sluicehq/sluice/internal/spool"
)

// failed makes the error for the user of one that the SDK gave. what says what was done to what, such as `read s3://b/k`;
// right is the permission that it needs. An error of ctx stays as it is.
func (r *remote) failed(ctx context.Context, what, right string, err error) error {
	var known *connector.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return known
	case errors.Is(err, spool.ErrDisk) && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)):
		return connector.Retry(err, time.Minute, "%s: no space is left for temporary files on the machine that runs sluice", what)
	case errors.Is(err, spool.ErrDisk):
		return connector.Fail(err, "%s: no temporary file can be written on the machine that runs sluice", what)
	}
	var role *roleError
	if errors.As(err, &role) {
		what, right = "assume role "+role.arn, "sts:AssumeRole"
		err = role.err
	}
	status, wait := 0, time.Duration(0)
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		status = answer.HTTPStatusCode()
		if h := answer.HTTPResponse(); h != nil {
			wait = connector.RetryAfter(h.Header, time.Now())
		}
	}
	if bucket.Full(err) {
		return connector.Retry(nil, wait, "%s: the store has no room left", what)
	}
	code := bucket.Code(err)
	if status == 0 && code == "" {
		return r.unreachable(what, err)
	}
	return r.answered(what, right, code, status, wait, role != nil)
}

// answered makes an error of a service's refusal.
func (r *remote) answered(what, right, code string, status int, wait time.Duration, role bool) error {
	forbidden := func(why string) error { return connector.Fail(connector.ErrForbidden, "%s: %s", what, why) }
	switch code {
	case "NoSuchBucket":
		return connector.Fail(connector.ErrNotFound, "%s: bucket %q does not exist; check remote_url and endpoint_url", what, r.bucket)
	case "NoSuchKey", "NoSuchVersion":
		return connector.Fail(connector.ErrNotFound, "%s: it is not there, or not any more", what)
	case "InvalidBucketName":
		return connector.Fail(nil, "%s: %q is not the name of a bucket; check remote_url", what, r.bucket)
	case "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException":
		return forbidden("the service does not know the access key id; check key, and endpoint_url")
	case "SignatureDoesNotMatch":
		return forbidden("the secret does not belong to the key; check secret")
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken":
		return forbidden("the session token is expired or wrong; give new key, secret and token")
	case "AccountProblem", "AllAccessDisabled", "NotSignedUp", "AccountSuspended":
		return forbidden("the account is suspended; ask its owner")
	case "InvalidObjectState":
		return forbidden("the object is archived; restore it in S3 first")
	case "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture":
		return connector.Fail(nil, "%s: the clock of this server and that of the service differ too much; set the server's clock", what)
	case "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException", "AuthorizationHeaderMalformed":
		return connector.Fail(nil, "%s: bucket %q stands in another region, and the service does not say in which; "+
			"give endpoint_url of its region, such as https://s3.eu-west-1.amazonaws.com", what, r.bucket)
	case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "TooManyRequestsException",
		"BandwidthLimitExceeded", "RequestThrottled", "ServiceUnavailable":
		return connector.Retry(nil, wait, "%s: the service asks for fewer requests (%s)", what, code)
	case "EntityTooLarge":
		return connector.Fail(nil, "%s: the object is larger than the service takes", what)
	case "KeyTooLongError":
		return connector.Fail(nil, "%s: the name is longer than the service takes", what)
	}
	said := sayStatus(code, status)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden || code == "AccessDenied":
		if role {
			return forbidden("access refused" + said + "; the role must trust the account of these credentials, and external_id must be its own")
		}
		return forbidden("access refused" + said + "; check the credentials, and that they have the right " + right)
	case status == http.StatusNotFound || status == http.StatusGone:
		return connector.Fail(connector.ErrNotFound, "%s: it is not there%s", what, said)
	case status == http.StatusTooManyRequests:
		return connector.Retry(nil, wait, "%s: the service asks for fewer requests%s", what, said)
	case status == http.StatusRequestTimeout, status >= 500, status < 300: // a bad answer that calls itself good
		return connector.Retry(nil, wait, "%s: the service failed%s", what, said)
	case status < 400:
		return connector.Fail(nil, "%s: the service sends us elsewhere%s; check endpoint_url", what, said)
	}
	return connector.Fail(nil, "%s: the service refused it%s", what, said)
}

// sayStatus is what the service said, in brackets.
func sayStatus(code string, status int) string {
	if code == "" || strings.HasPrefix(code, "Unknown") {
		return " (HTTP " + http.StatusText(status) + ")"
	}
	return " (" + code + ")"
}

// unreachable makes an error of a request without an answer.
func (r *remote) unreachable(what string, err error) error {
	where := r.endpoint
	if where == "" {
		where = "AWS"
	}
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return connector.Retry(err, 0, "%s: the host of %s is not known; check endpoint_url", what, where)
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return connector.Fail(nil, "%s: the certificate of %s is not trusted by this server", what, where)
	case errors.As(err, new(tls.RecordHeaderError)):
		return connector.Fail(nil, "%s: %s does not speak TLS; check http or https in endpoint_url", what, where)
	case errors.Is(err, syscall.ECONNREFUSED):
		return connector.Retry(err, 0, "%s: nobody answers at %s (connection refused)", what, where)
	case errors.As(err, &network) && network.Timeout():
		return connector.Retry(err, 0, "%s: %s did not answer in time", what, where)
	case errors.As(err, new(*smithy.DeserializationError)):
		return connector.Retry(err, 0, "%s: %s gave an answer that is not S3's; check endpoint_url", what, where)
	}
	return connector.Retry(err, 0, "%s: the connection to %s broke", what, where)
}
