package rest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"syscall"

	"github.com/sluicehq/sluice/connector"
)

// Passing says whether a request without an answer may get one when it is sent again.
func Passing(err error) bool {
	return !errors.As(err, new(*tls.CertificateVerificationError)) && !errors.As(err, new(x509.UnknownAuthorityError)) &&
		!errors.As(err, new(tls.RecordHeaderError))
}

// Unreachable makes the error of a request without an answer. where names the other side, without credentials; the text of
// err is left out, since it may hold an address with some.
func Unreachable(what, where string, err error) error {
	var known *connector.Error
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &dns) && dns.IsNotFound:
		return connector.Retry(err, 0, "%s: the host of %s is not known; check the address", what, where)
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return connector.Fail(nil, "%s: the certificate of %s is not trusted by this server", what, where)
	case errors.As(err, new(tls.RecordHeaderError)):
		return connector.Fail(nil, "%s: %s does not speak TLS; check http or https in the address", what, where)
	case errors.Is(err, syscall.ECONNREFUSED):
		return connector.Retry(err, 0, "%s: nobody answers at %s (connection refused)", what, where)
	case errors.As(err, &network) && network.Timeout():
		return connector.Retry(err, 0, "%s: %s did not answer in time", what, where)
	}
	return connector.Retry(err, 0, "%s: the connection to %s broke", what, where)
}
