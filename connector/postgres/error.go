package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/spool"
)

// streamError is a failure of the elements, not of the server.
type streamError struct{ err error }

func (e *streamError) Error() string { return e.err.Error() }

// failed makes the error for the user of one that the driver gave: from its SQLSTATE, never from its text. what says what
// was done to what. A connector.Error (the guarded dialer's, or our own) passes as it is.
func (s *server) failed(what string, err error) error {
	var own *connector.Error
	var stream *streamError
	var state *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stream):
		return stream.err
	case errors.As(err, &own):
		return own
	case errors.Is(err, spool.ErrDisk): // of this machine, which may have room later
		return fmt.Errorf("%s: %w", what, err)
	case errors.As(err, &state):
		return s.refused(what, state)
	}
	return s.unreachable(what, err)
}

// refused is the error of an answer of the server.
func (s *server) refused(what string, e *pgconn.PgError) error {
	class := e.Code
	if len(class) == 5 {
		class = class[:2]
	}
	code := e.Code
	if code == "08P01" { // how the pooler PgBouncer says most things; its words are its own in every language
		switch {
		case strings.Contains(e.Message, "authentication failed"), strings.Contains(e.Message, "no such user"):
			code = "28P01"
		case strings.Contains(e.Message, "no such database"):
			code = "3D000"
		}
	}
	switch code {
	case "28P01":
		return connector.Fail(connector.ErrForbidden, "%s: %s refused the password of user %q", what, s.server(), s.username)
	case "3D000":
		return connector.Fail(connector.ErrNotFound, "%s: %s has no database %q", what, s.server(), s.database)
	case "42501":
		return connector.Fail(connector.ErrForbidden, "%s: user %q lacks a right that this needs (SQLSTATE 42501); the owner of the table can GRANT it",
			what, s.username)
	case "42P01", "3F000":
		return connector.Fail(connector.ErrNotFound, "%s: table %q is not there", what, s.table)
	case "25006":
		return connector.Retry(nil, 0, "%s: %s is read-only, as a standby is", what, s.server())
	case "53300":
		return connector.Retry(nil, 0, "%s: %s has no connection left (too many connections)", what, s.server())
	case "53100":
		return connector.Retry(nil, 0, "%s: the disk of %s is full", what, s.server())
	case "57014":
		return connector.Retry(nil, 0, "%s: %s stopped the statement, as its statement_timeout or its operator said", what, s.server())
	case "57P01", "57P02", "57P03", "57P05":
		return connector.Retry(nil, 0, "%s: %s ended the session or is starting", what, s.server())
	case "57P04":
		return connector.Fail(connector.ErrNotFound, "%s: database %q was dropped", what, s.database)
	case "55P03", "55006", "25P03", "25P04":
		return connector.Retry(nil, 0, "%s: the table or the session was blocked too long (SQLSTATE %s)", what, e.Code)
	case "40001", "40P01":
		return connector.Retry(nil, 0, "%s: another transaction was in the way (SQLSTATE %s)", what, e.Code)
	case "54000", "54001", "54011":
		return connector.Fail(nil, "%s: a value is too large for PostgreSQL or for an index of the table (SQLSTATE %s)", what, e.Code)
	}
	switch class {
	case "28":
		return connector.Fail(connector.ErrForbidden, "%s: %s refused user %q (SQLSTATE %s); check the user, and whether pg_hba.conf of the server asks for TLS (sslmode)",
			what, s.server(), s.username, e.Code)
	case "08", "40", "53", "58":
		return connector.Retry(nil, 0, "%s: %s failed (SQLSTATE %s)", what, s.server(), e.Code)
	}
	return connector.Fail(nil, "%s: %s refused it (SQLSTATE %s)", what, s.server(), e.Code)
}

// unreachable is the error of a connection that could not be made, or broke.
func (s *server) unreachable(what string, err error) error {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var large *pgproto3.ExceededMaxBodyLenErr
	switch {
	case errors.As(err, &large):
		return connector.Fail(nil, "%s: the answer is larger than %d MB", what, largestAnswer>>20)
	case errors.As(err, &dns) && dns.IsNotFound:
		return connector.Fail(dns, "%s: there is no host %q", what, s.host)
	case errors.As(err, &certificate), errors.As(err, &unknown), errors.As(err, &hostname):
		return connector.Fail(nil, "%s: the certificate of %s is not trusted; give the certificate of its authority in sslrootcert, or choose another sslmode",
			what, s.server())
	case strings.Contains(err.Error(), "server refused TLS connection") && !strings.Contains(err.Error(), "\n"):
		return connector.Fail(nil, "%s: %s has no TLS, and sslmode %q asks for it", what, s.server(), s.sslmode)
	case errors.Is(err, syscall.ECONNREFUSED):
		return connector.Retry(syscall.ECONNREFUSED, 0, "%s: %s refuses the connection; check host and port, and that it runs", what, s.server())
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return connector.Retry(nil, 0, "%s: there is no way to %s", what, s.server())
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return connector.Retry(nil, 0, "%s: %s does not answer in time", what, s.server())
	case isLost(err):
		return connector.Retry(nil, 0, "%s: the connection to %s broke", what, s.server())
	case errors.As(err, new(*pgconn.ConnectError)):
		return connector.Retry(nil, 0, "%s: no connection to %s", what, s.server())
	}
	return connector.Retry(nil, 0, "%s: the exchange with %s failed", what, s.server())
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// isLost tells a connection that stood and was ended by the other side.
func isLost(err error) bool {
	if errors.As(err, new(*pgconn.ConnectError)) {
		return false
	}
	var state *pgconn.PgError
	if errors.As(err, &state) {
		return state.Code == "57P01" || state.Code == "57P02" || state.Code == "57P05" || state.Code == "25P03" ||
			strings.HasPrefix(state.Code, "08")
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, pgconn.ErrConnClosed)
}

// isDown tells a server that takes no connections now.
func isDown(err error) bool {
	var state *pgconn.PgError
	if errors.As(err, &state) {
		return state.Code == "57P03" || state.Code == "57P01" || state.Code == "53300"
	}
	return errors.As(err, new(*pgconn.ConnectError)) && !isTimeout(err) && !pgconn.Timeout(err)
}

// quoted lists names for a message.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}
