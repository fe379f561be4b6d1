package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sluicehq/sluice/internal/store"
)

// Connections of one process: transactions (unless the URL says pool_max_conns), control, and River's while it works.
const (
	defaultConns = 10
	controlConns = 2
	riverConns   = 5
)

// server is the database that a URL names. Its text is fit for users and logs: host, port and database, never the user's
// password.
type server struct {
	config *pgxpool.Config
	own    bool // the URL says how many connections
}

func (s server) String() string {
	c := s.config.ConnConfig
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) + "/" + c.Database
}

// errURL names no part of a URL that could not be read: any part may be the password.
var errURL = errors.New("the database URL cannot be read; write it as postgres://user:password@host:5432/database, " +
	"with special characters of the password as %XX")

// parse reads a URL without connecting.
func parse(url string) (server, error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return server{}, errURL
	}
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return server{}, errURL
	}
	if c.ConnConfig.RuntimeParams["application_name"] == "" {
		c.ConnConfig.RuntimeParams["application_name"] = "sluice"
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	// A server that vanished without a word is noticed within half a minute, also in the middle of a statement.
	dialer := &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         impatient,
	}
	c.ConnConfig.DialFunc = dialer.DialContext
	c.MaxConnLifetimeJitter = 10 * time.Minute
	return server{config: c, own: strings.Contains(url, "pool_max_conns=")}, nil
}

// connect makes a pool of up to n connections, or as many as the URL says where n is the default.
func (s server) connect(ctx context.Context, n int32) (*pgxpool.Pool, error) {
	c := s.config.Copy()
	if n != defaultConns || !s.own {
		c.MaxConns = n
		c.MinConns, c.MinIdleConns = 0, 0
	}
	p, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, s.failure(err)
	}
	return p, nil
}

// SQLSTATEs by what follows from them. PostgreSQL 18, appendix A.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	diskFull             = "53100"
	tooManyConnections   = "53300"
	readOnlyTransaction  = "25006" // the server became a standby
	invalidPassword      = "28P01"
	invalidAuthorization = "28000"
	unknownDatabase      = "3D000"
	insufficientPrivs    = "42501"
)

// failure gives an error of the driver words that say what is wrong, without what a statement carried.
func (s server) failure(err error) error {
	var known *failed
	if err == nil || errors.As(err, &known) || errors.Is(err, store.ErrFull) || errors.Is(err, context.Canceled) {
		return err
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch e.Code {
		case diskFull:
			return fmt.Errorf("%w (PostgreSQL at %s)", store.ErrFull, s)
		case invalidPassword, invalidAuthorization:
			return &failed{fmt.Sprintf("the database at %s does not let user %q in; check user and password in the database URL, and pg_hba.conf",
				s, s.config.ConnConfig.User), err}
		case unknownDatabase:
			return &failed{fmt.Sprintf("there is no database %q at %s; make it with createdb -T template0 -E UTF8 %s",
				s.config.ConnConfig.Database, s, s.config.ConnConfig.Database), err}
		case insufficientPrivs:
			return &failed{fmt.Sprintf("user %q of the database at %s lacks a right (%s); let it own the database or the schema",
				s.config.ConnConfig.User, s, e.Message), err}
		case tooManyConnections:
			return &failed{fmt.Sprintf("the database at %s takes no more connections; raise its max_connections, or lower pool_max_conns in the database URL", s), err}
		}
		if isLost(err) {
			return &failed{fmt.Sprintf("the database at %s stops or starts (%s)", s, e.Code), err}
		}
		return &failed{fmt.Sprintf("the database at %s refused a statement: %s (SQLSTATE %s)", s, e.Message, e.Code), err}
	}
	if isLost(err) {
		reason := "the connection was lost"
		var connecting *pgconn.ConnectError
		if errors.As(err, &connecting) {
			reason = "no connection could be made"
		}
		return &failed{fmt.Sprintf("the database at %s cannot be reached: %s; check that it runs and that the address is right", s, reason), err}
	}
	return err
}

// failed is an error of the driver in our words.
type failed struct {
	text  string
	cause error
}

func (f *failed) Error() string { return f.text }
func (f *failed) Unwrap() error { return f.cause }

// isConflict tells that the transaction lost against another one, and may win when it runs again.
func isConflict(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == serializationFailure || e.Code == deadlockDetected || e.Code == lockNotAvailable
}

// isLost tells that the server or the way to it is gone for now.
func isLost(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		// 08 connection, 57P0x stops and starts, 25P03 our own transaction was idle for too long (a stopped process).
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P0") || e.Code == "25P03" ||
			e.Code == tooManyConnections || e.Code == readOnlyTransaction
	}
	var network net.Error
	var connecting *pgconn.ConnectError
	return errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) || errors.Is(err, errConnClosed)
}

// errConnClosed stands for a connection that the driver found closed and says so only in words.
var errConnClosed = errors.New("the connection is closed")
