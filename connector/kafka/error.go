package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/sluicehq/sluice/connector"
)

// failed makes an error for the user of one that the client gave. what names the call ("list topic orders"). An end of
// ctx speaks for itself.
func (s settings) failed(ctx context.Context, what string, err error) error {
	if cause := ctx.Err(); cause != nil {
		if errors.Is(cause, context.DeadlineExceeded) {
			return connector.Retry(cause, 0, "%s: no answer from %s in time", what, s.servers())
		}
		return context.Cause(ctx)
	}
	var known *connector.Error
	if errors.As(err, &known) {
		return known
	}
	var code *kerr.Error
	if errors.As(err, &code) {
		return s.refused(what, code)
	}
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	var dns *net.DNSError
	switch {
	case errors.As(err, &authority):
		return connector.Fail(err, "%s: the certificate of %s is signed by an authority that is not trusted; give its certificate in %s",
			what, s.servers(), fieldAuthority)
	case errors.As(err, &certificate):
		return connector.Fail(err, "%s: the certificate of %s does not fit its name or has expired", what, s.servers())
	case errors.As(err, &header):
		return connector.Fail(err, "%s: %s does not speak TLS at this port; check port and %s", what, s.servers(), fieldProtocol)
	case errors.As(err, &alert):
		return connector.Fail(err, "%s: %s and this client cannot agree on TLS; check port and %s", what, s.servers(), fieldProtocol)
	case errors.As(err, &dns) && dns.IsNotFound:
		return connector.Fail(err, "%s: a host of the cluster has no address; check bootstrap_servers", what)
	case errors.Is(err, context.DeadlineExceeded):
		return connector.Retry(err, 0, "%s: %s does not answer; check bootstrap_servers, port and %s", what, s.servers(), fieldProtocol)
	}
	return connector.Retry(err, 0, "%s: %s cannot be reached, or breaks the connection off; check bootstrap_servers, port and %s",
		what, s.servers(), fieldProtocol)
}

func (s settings) servers() string { return "Kafka at " + strings.Join(s.seeds, ", ") }

// refused makes an error of a code that a broker answered.
func (s settings) refused(what string, code *kerr.Error) error {
	switch code {
	case kerr.SaslAuthenticationFailed, kerr.IllegalSaslState:
		return connector.Fail(connector.ErrForbidden, "%s: the cluster refuses %s and %s", what, fieldKey, fieldSecret)
	case kerr.UnsupportedSaslMechanism:
		return connector.Fail(nil, "%s: the cluster does not offer the %s %s", what, fieldMechanism, s.mechanism)
	case kerr.TopicAuthorizationFailed:
		return connector.Fail(connector.ErrForbidden, "%s: the account has no right to topic %q", what, s.topic)
	case kerr.GroupAuthorizationFailed:
		return connector.Fail(connector.ErrForbidden, "%s: the account has no right to the consumer group; give it Read", what)
	case kerr.ClusterAuthorizationFailed:
		return connector.Fail(connector.ErrForbidden, "%s: the account may not write idempotently; give it IdempotentWrite on the cluster", what)
	case kerr.TransactionalIDAuthorizationFailed:
		return connector.Fail(connector.ErrForbidden,
			"%s: the account may not use transactional ids that begin with %q; give it Write on them, or set %s to false",
			what, transactionPrefix, fieldTransactions)
	case kerr.UnknownTopicOrPartition, kerr.UnknownTopicID:
		return connector.Fail(connector.ErrNotFound, "%s: topic %q is not there; create it, or check its name", what, s.topic)
	case kerr.InvalidTopicException:
		return connector.Fail(connector.ErrNotFound, "%s: %q is not a name that a topic can have", what, s.topic)
	case kerr.InvalidRecord:
		return connector.Fail(nil, "%s: topic %q refuses the messages: a compacted one takes them with keys only (set %s to %s), and one with a schema not as JSON",
			what, s.topic, fieldMessageKey, keyID)
	case kerr.UnknownMemberID, kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.StaleMemberEpoch, kerr.FencedInstanceID:
		return connector.Fail(nil, "%s: other consumers use the same consumer group; give this source a group_id of its own", what)
	}
	if code.Retriable || code == kerr.UnknownServerError || lostTransaction(code) {
		return connector.Retry(code, 0, "%s: the cluster cannot do it now (%s)", what, code.Message)
	}
	return connector.Fail(code, "%s: the cluster refuses it (%s)", what, code.Message)
}
