package mongodb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/sluicehq/sluice/connector"
)

// Codes of the server's errors, from its list of error codes.
const (
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
	codeNamespaceNotFound    = 26
	codeMaxTimeExpired       = 50
	codeValidation           = 121
	codeTooManyRequests      = 16500 // of services with the server's protocol
	codeAtlas                = 8000  // what Atlas answers to a wrong login, for one
	codeTooLarge             = 10334
	codeOutOfDisk            = 14031
)

// failed makes the error for the user of one that the driver gave. Its text, which may hold the address, is not shown. An
// error of ctx stays as it is.
func (r *remote) failed(ctx context.Context, what string, err error) error {
	var known *connector.Error
	var stream *streamError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &stream):
		return stream.err
	case errors.As(err, &known):
		return known
	}
	var answered mongo.ServerError
	if errors.As(err, &answered) {
		return r.answered(what, answered)
	}
	if isLogin(err) {
		return connector.Fail(connector.ErrForbidden, "%s: MongoDB at %s does not accept the credentials; check user and password in uri, and authSource", what, r.where)
	}
	var network net.Error
	var dns *net.DNSError
	switch {
	case isOfAddress(err, &dns) && dns.IsNotFound:
		return connector.Retry(err, 0, "%s: the host of %s is not known; check uri", what, r.where)
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return connector.Fail(nil, "%s: the certificate of %s is not trusted by this server", what, r.where)
	case errors.Is(err, syscall.ECONNREFUSED):
		return connector.Retry(err, 0, "%s: nobody answers at %s (connection refused)", what, r.where)
	case errors.As(err, &network) && network.Timeout(), mongo.IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return connector.Retry(err, 0, "%s: MongoDB at %s did not answer in time", what, r.where)
	case mongo.IsNetworkError(err), errors.As(err, new(topology.ServerSelectionError)):
		return connector.Retry(err, 0, "%s: the connection to %s broke, or no server of it can be reached", what, r.where)
	case strings.Contains(err.Error(), "document is too large"), strings.Contains(err.Error(), "an inserted document is too large"):
		return connector.Fail(nil, "%s: it is larger than the 16 MB that MongoDB takes in a document", what)
	}
	return connector.Retry(err, 0, "%s: MongoDB at %s failed", what, r.where)
}

func isOfAddress(err error, dns **net.DNSError) bool {
	var known topology.ServerSelectionError
	if errors.As(err, &known) {
		for _, s := range known.Desc.Servers {
			if errors.As(s.LastError, dns) {
				return true
			}
		}
	}
	return errors.As(err, dns)
}

// isLogin says that a connection failed at its login.
func isLogin(err error) bool {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := e.Error(); strings.HasPrefix(text, "auth error") || strings.Contains(text, "unable to authenticate") {
			return true
		}
	}
	return false
}

// answered makes an error of a server's refusal.
func (r *remote) answered(what string, err mongo.ServerError) error {
	has := err.HasErrorCode
	switch {
	case has(codeAuthenticationFailed), has(codeAtlas):
		return connector.Fail(connector.ErrForbidden, "%s: MongoDB at %s does not accept the credentials; check user and password in uri, and authSource", what, r.where)
	case has(codeUnauthorized):
		return connector.Fail(connector.ErrForbidden, "%s: access refused; the user needs the role read on database %q to read, readWrite to write", what, r.database)
	case has(codeNamespaceNotFound):
		return r.missing(what)
	case has(codeTooLarge), err.HasErrorMessage("too large"):
		return connector.Fail(nil, "%s: it is larger than the 16 MB that MongoDB takes in a document", what)
	case has(codeValidation):
		return connector.Fail(nil, "%s: the collection's validation refuses it (code 121)", what)
	case has(codeTooManyRequests):
		return connector.Retry(nil, 5*time.Second, "%s: the service asks for fewer requests", what)
	case has(codeOutOfDisk):
		return connector.Retry(nil, time.Minute, "%s: the server has no room left", what)
	case has(codeMaxTimeExpired):
		return connector.Retry(nil, 0, "%s: the server did not end in time", what)
	case err.HasErrorLabel("RetryableWriteError"), err.HasErrorLabel("TransientTransactionError"), err.HasErrorLabel("NetworkError"), stepping(has):
		return connector.Retry(nil, 0, "%s: the server is stopping, or no longer the primary", what)
	}
	codes := err.ErrorCodes()
	if len(codes) == 0 {
		return connector.Fail(nil, "%s: the server refused it", what)
	}
	return connector.Fail(nil, "%s: the server refused it (code %d)", what, codes[0])
}

// stepping says that a server cannot answer now and another one, or itself, will soon.
func stepping(has func(int) bool) bool {
	for _, code := range []int{6, 7, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436} {
		if has(code) {
			return true
		}
	}
	return false
}
