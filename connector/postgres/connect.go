package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sluicehq/sluice/connector"
)

const (
	connectTimeout = 15 * time.Second
	maxConns       = 8                // a connector and process
	idleTime       = 2 * time.Minute  // a connection that nobody uses is closed
	lifetime       = 30 * time.Minute // so that a failed-over name is followed
	patience       = 10 * time.Minute // a server that does nothing for so long is given up
)

// server is a pool of connections to one server. Connections are made when they are needed.
type server struct {
	settings
	pool     *pgxpool.Pool
	dialed   *dialed
	patience time.Duration
}

// open makes the pool; it does not connect. largest bounds one message of the server, bytes.
func open(s settings, env connector.Env, largest int) (*server, error) {
	ways, err := s.ways()
	if err != nil {
		return nil, err
	}
	config, err := blank()
	if err != nil {
		return nil, err
	}
	c := &config.ConnConfig.Config
	c.Host, c.Port, c.Database, c.User, c.Password = s.host, uint16(s.port), s.database, s.username, s.password
	c.TLSConfig = ways[0]
	c.Fallbacks = nil
	for _, way := range ways[1:] {
		c.Fallbacks = append(c.Fallbacks, &pgconn.FallbackConfig{Host: c.Host, Port: c.Port, TLSConfig: way})
	}
	c.ConnectTimeout = connectTimeout
	c.MaxProtocolMessageBodyLen = largest
	c.RuntimeParams = map[string]string{ // those that connection poolers let pass
		"application_name": "sluice", "client_encoding": "UTF8", "datestyle": "ISO, MDY", "timezone": "UTC",
	}
	// The name goes to the guarded dialer as it is: it alone looks names up.
	c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	d := &dialed{dial: env.Dial, open: map[*openConn]bool{}}
	if d.dial == nil {
		d.dial = (&net.Dialer{}).DialContext
	}
	c.DialFunc = d.connect
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // no prepared statements: poolers lose them
	config.MaxConns, config.MinConns = maxConns, 0
	config.MaxConnIdleTime, config.MaxConnLifetime = idleTime, lifetime
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, connector.Fail(err, "the config of this postgres connector cannot be used")
	}
	return &server{settings: s, pool: pool, dialed: d, patience: patience}, nil
}

// neutral overrides whatever the driver would take from PG* variables and from files in the home folder. What it cannot
// override (PGAPPNAME, PGOPTIONS, PGTZ become run-time parameters) is replaced by open.
const neutral = "host=localhost port=5432 user=none password=none dbname=none passfile='' sslmode=disable sslcert='' " +
	"sslkey='' sslrootcert='' sslpassword='' sslcertmode=allow sslsni=1 sslnegotiation=postgres " +
	"target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer " +
	"require_auth='' connect_timeout=15 krbspn='' krbsrvname=''"

// blank is a config of the driver into which nothing came from the machine.
func blank() (*pgxpool.Config, error) {
	text := neutral
	if os.Getenv("PGSERVICE") != "" { // the driver insists on a service then: give it an empty one
		dir, err := os.MkdirTemp("", "sluice-service-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		name := filepath.Join(dir, "service")
		if err := os.WriteFile(name, []byte("[none]\n"), 0o600); err != nil {
			return nil, err
		}
		text += " service=none servicefile='" + quoteValue(name) + "'"
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, errors.New("the PostgreSQL driver refused its settings; PG* variables of the environment may be the cause")
	}
	return config, nil
}

// quoteValue escapes text for a quoted value of a connection string.
func quoteValue(text string) string {
	var out []byte
	for i := range len(text) {
		if text[i] == '\'' || text[i] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, text[i])
	}
	return string(out)
}

// ways are the forms of a connection to try in order, nil for one without TLS. They are libpq's: disable, allow (plain,
// then TLS), prefer (TLS, then plain), require (TLS with any certificate), verify-ca and verify-full.
func (s settings) ways() ([]*tls.Config, error) {
	unchecked := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // what the mode says
	if net.ParseIP(s.host) == nil {
		unchecked.ServerName = s.host
	}
	switch s.sslmode {
	case "disable":
		return []*tls.Config{nil}, nil
	case "allow":
		return []*tls.Config{nil, unchecked}, nil
	case "prefer":
		return []*tls.Config{unchecked, nil}, nil
	}
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	switch {
	case s.sslmode == "verify-full":
		return []*tls.Config{{MinVersion: tls.VersionTLS12, ServerName: s.host, RootCAs: roots}}, nil
	case s.sslmode == "verify-ca", s.sslmode == "require" && roots != nil: // as libpq: a root makes require stricter
		checked := unchecked.Clone()
		checked.VerifyConnection = func(state tls.ConnectionState) error {
			between := x509.NewCertPool()
			for _, c := range state.PeerCertificates[1:] {
				between.AddCert(c)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
			return err
		}
		return []*tls.Config{checked}, nil
	case s.sslmode == "require":
		return []*tls.Config{unchecked}, nil
	}
	return nil, connector.Fail(nil, "sslmode %q: it is one of disable, allow, prefer, require, verify-ca and verify-full", s.sslmode)
}

// roots are the certificates of sslrootcert; nil are those of the system.
func (s settings) roots() (*x509.CertPool, error) {
	if s.rootCert == "" {
		return nil, nil //nolint:nilnil // as crypto/tls has it
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(s.rootCert)) {
		return nil, connector.Fail(nil, "sslrootcert holds no certificate; it is the text of a PEM file, which begins with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

// conn is a connection in use.
type conn struct {
	*pgx.Conn
	silence *time.Timer
	limit   time.Duration
}

// moved says that the work goes on: the server's patience counts anew.
func (c *conn) moved() { c.silence.Reset(c.limit) }

// on calls do with a connection, under a context that also ends when nothing moves for too long. When the server ended a
// connection of ours (a restart, an operator), do is called again on another, so it must have no effect until it succeeds.
// Errors are as failed makes them.
func (s *server) on(ctx context.Context, what string, do func(context.Context, *conn) error) error {
	pauses := []time.Duration{0, 200 * time.Millisecond, time.Second, 2 * time.Second}
	had := false // a connection that was lost
	for try := 0; ; try++ {
		err := s.once(ctx, what, do)
		if err == nil {
			return nil
		}
		if isLost(err) {
			had = true
			s.pool.Reset() // the others were ended too, as a rule
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if try == len(pauses) || !had || !isLost(err) && !isDown(err) {
			return s.failed(what, err)
		}
		select {
		case <-time.After(pauses[try]):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *server) once(outer context.Context, what string, do func(context.Context, *conn) error) error {
	ctx, stop := context.WithCancelCause(outer)
	defer stop(nil)
	silence := time.AfterFunc(s.patience, func() {
		stop(connector.Retry(nil, 0, "%s: nothing came from %s for %s; a lock of another session may be in the way", what, s.server(), s.patience))
	})
	defer silence.Stop()
	c, err := s.pool.Acquire(ctx)
	if err == nil {
		defer c.Release()
		err = do(ctx, &conn{c.Conn(), silence, s.patience})
	}
	if err != nil && ctx.Err() != nil && outer.Err() == nil {
		return context.Cause(ctx)
	}
	return err
}

// close waits for the calls that still run and ends the connections.
func (s *server) close() {
	s.pool.Close()
	s.dialed.close()
}
