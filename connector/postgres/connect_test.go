package postgres

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	pgserver "github.com/sluicehq/sluice/internal/testserver/postgres"
)

// Nothing of the machine's own PostgreSQL settings reaches a connector. Not parallel: it sets the environment.
func TestEnvironmentStaysOut(t *testing.T) {
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE t (id int PRIMARY KEY, record_id text); INSERT INTO t VALUES (1)")
	home := t.TempDir()
	for name, text := range map[string]string{
		".pgpass":          fmt.Sprintf("127.0.0.1:%d:*:*:%s\n", p.Port(), p.Password()),
		".pg_service.conf": "[evil]\nhost=192.0.2.1\nuser=evil\noptions=-c search_path=evil\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "evil", "PGPASSWORD": "evil", "PGDATABASE": "evil", "PGSERVICE": "evil",
		"PGPASSFILE": filepath.Join(home, ".pgpass"), "PGSERVICEFILE": filepath.Join(home, ".pg_service.conf"), "PGSSLMODE": "verify-full",
		"PGSSLROOTCERT": "/nonexistent", "PGSSLCERT": "/nonexistent", "PGSSLKEY": "/nonexistent", "PGSSLNEGOTIATION": "direct",
		"PGOPTIONS": "-c search_path=evil", "PGAPPNAME": "evil", "PGTZ": "Asia/Tokyo", "PGTARGETSESSIONATTRS": "standby", "PGREQUIREAUTH": "none",
		"PGCHANNELBINDING": "require", "PGCONNECT_TIMEOUT": "nonsense", "PGMINPROTOCOLVERSION": "latest", "PGSSLCERTMODE": "require",
	} {
		t.Setenv(name, value)
	}
	s, err := connector.OpenSource(Type, p.config("t", nil), connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	server := s.(*source).server
	var got [3]string
	err = server.pool.QueryRow(context.Background(), "SELECT current_setting('application_name'), current_setting('timezone'), current_setting('search_path')").Scan(&got[0], &got[1], &got[2])
	if want := [3]string{"sluice", "UTC", `"$user", public`}; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	d, err := connector.OpenDestination(Type, p.config("t", map[string]any{"password": "wrong-one"}), connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Check(context.Background()); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("with a wrong password: %v", err)
	}
}

// The dialer gets the name as it is and its refusal comes out as it is; nothing else looks the name up.
func TestGuardedDialer(t *testing.T) {
	t.Parallel()
	refusal := connector.Fail(connector.ErrForbidden, "address 169.254.169.254 is not allowed")
	var asked []string
	env := connector.Env{Dial: func(_ context.Context, network, address string) (net.Conn, error) {
		asked = append(asked, network+" "+address)
		return nil, refusal
	}}
	for host, want := range map[string]string{"db.internal.invalid": "tcp db.internal.invalid:5432", "[::1]": "tcp [::1]:5432", "fe80::1": "tcp [fe80::1]:5432"} {
		asked = nil
		d, err := connector.OpenDestination(Type, map[string]any{"host": host, "database": "d", "username": "u", "password": "pass-word", "table_name": "t"}, env)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Check(context.Background()); !errors.Is(err, refusal) || err.Error() != refusal.Error() {
			t.Errorf("got %v", err)
		}
		if len(asked) == 0 || asked[0] != want {
			t.Errorf("asked for %q, want %q", asked, want)
		}
	}
	for _, host := range []string{"/var/run/postgresql", "@abstract", "a,b", "postgres://h/d", "h/d", `\\h`} {
		if _, err := connector.OpenSource(Type, map[string]any{"host": host, "database": "d", "username": "u", "password": "p", "table_name": "t"}, env); err == nil {
			t.Errorf("host %q is taken", host)
		}
	}
}

// certificate makes one for localhost that signs itself, and its key, as PEM.
func certificate(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
}

// tlsPlace is a place behind a door that speaks TLS, as the server of the tests has none itself. It returns the door's
// port, its certificate, and what the last connection was: TLS or plain.
func tlsPlace(t *testing.T) (p *place, port int, root string, last *atomic.Value) {
	t.Helper()
	p = newPlace(t, sharedServer(t))
	cert, key := certificate(t)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	last = &atomic.Value{}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { door(c, p.Port(), pair, last) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	return p, l.Addr().(*net.TCPAddr).Port, string(cert), last
}

// door passes one connection on.
func door(c net.Conn, port int, pair tls.Certificate, last *atomic.Value) {
	defer c.Close()
	first := make([]byte, 8)
	if _, err := io.ReadFull(c, first); err != nil {
		return
	}
	secure := binary.BigEndian.Uint32(first[4:]) == 80877103 // SSLRequest
	if secure {
		if _, err := c.Write([]byte("S")); err != nil {
			return
		}
		inner := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}})
		if inner.Handshake() != nil {
			return
		}
		c, first = inner, nil
	}
	last.Store(secure)
	server, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		return
	}
	defer server.Close()
	if _, err := server.Write(first); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, c)
		server.Close()
	}()
	_, _ = io.Copy(c, server)
}

// settle waits until ask says so.
func settle(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ask(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// A role without a connection left is tried again later.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	role := "few_" + p.db.Database
	p.exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD 'few-pw-1' CONNECTION LIMIT 0")
	t.Cleanup(func() { p.exec(t, "DROP ROLE "+role) })
	err := p.source(t, "t", map[string]any{"username": role, "password": "few-pw-1"}, connector.Env{}).Check(context.Background())
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || !strings.Contains(err.Error(), "too many connections") {
		t.Errorf("%s: %v", outcome, err)
	}
}

// own starts a server of the test's own and a place on it.
func own(t *testing.T) *place { return newPlace(t, pgserver.Start(t)) }

func (p *place) terminate(t *testing.T) {
	t.Helper()
	p.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice' AND datname = current_database()")
}

// Every session ended, and the server restarted and crashed, in the middle of a listing: it goes on where it was.
func TestListingSurvives(t *testing.T) {
	t.Parallel()
	p := own(t)
	p.exec(t, "CREATE TABLE t (id int PRIMARY KEY, body text); INSERT INTO t SELECT i, 'body ' || i FROM generate_series(1, 100) i")
	s := p.source(t, "t", map[string]any{"batch_size": int64(10)}, connector.Env{})
	n := 0
	for d, err := range s.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if d.Identifier != fmt.Sprint("t-", n) {
			t.Fatalf("document %d is %q", n, d.Identifier)
		}
		switch n {
		case 15, 25, 85:
			p.terminate(t)
		case 35, 55:
			stop := p.Stop
			if n == 55 {
				stop = p.Crash
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(500*time.Millisecond, func() { _ = p.Run() }) // a failure shows in the listing
		}
		if n%10 == 5 {
			if got := content(t, s, d); got != fmt.Sprintf("id,body\n%d,body %d\n", n, n) {
				t.Errorf("row %d: %q", n, got)
			}
		}
	}
	if n != 100 {
		t.Errorf("%d documents", n)
	}
	// A server that does not come back is said to be gone, as something that may pass.
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	err := s.Check(context.Background())
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || strings.Contains(err.Error(), p.Password()) {
		t.Errorf("%s: %v", outcome, err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

// A write that is cut off says that it may succeed later, leaves what was there, and succeeds later.
func TestWritingSurvives(t *testing.T) {
	t.Parallel()
	p := own(t)
	p.exec(t, "CREATE TABLE t (id uuid PRIMARY KEY, record_id text, text text); CREATE INDEX ON t (record_id)")
	var journal bytes.Buffer
	d := p.destination(t, "t", nil, connector.Env{Log: slog.New(slog.NewTextHandler(&journal, nil))})
	set := func(text string, n int, middle func()) iter.Seq2[element.Element, error] {
		return func(yield func(element.Element, error) bool) {
			for i := range n {
				if i == n/2 {
					middle()
				}
				if !yield(element.Element{ID: fmt.Sprint(i), Text: text}, nil) {
					return
				}
			}
		}
	}
	count := func() string {
		got := p.rows(t, "SELECT string_agg(text || ' ' || n, ', ') FROM (SELECT text, count(*) AS n FROM t GROUP BY text) x")
		return got[0][0]
	}
	replace := func(text string, n int, middle func()) error {
		return d.Replace(context.Background(), document.Document{Identifier: "doc"}, set(text, n, middle))
	}
	if err := replace("old", 10, func() {}); err != nil {
		t.Fatal(err)
	}
	restarted := make(chan error, 1)
	for name, cut := range map[string]func(){
		"terminated": func() { p.terminate(t) },
		"restarted": func() {
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
			go func() { restarted <- p.Run() }()
		},
		"crashed": func() {
			if err := p.Crash(); err != nil {
				t.Error(err)
			}
			go func() { restarted <- p.Run() }()
		},
	} {
		err := replace("new", 20_000, cut)
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || strings.Contains(err.Error(), p.Password()) {
			t.Errorf("%s: %s, %v", name, outcome, err)
		}
		if name != "terminated" {
			if err := <-restarted; err != nil {
				t.Fatal(err)
			}
		}
		if got := count(); got != "old 10" {
			t.Errorf("%s: the table holds %s", name, got)
		}
	}
	// Sessions that were ended while nobody used them are not noticed by the next write.
	p.terminate(t)
	if err := replace("new", 30, func() {}); err != nil {
		t.Error(err)
	}
	if got := count(); got != "new 30" {
		t.Errorf("the table holds %s", got)
	}
	if strings.Contains(journal.String(), p.Password()) {
		t.Error("the log holds the password")
	}
}

// A connection lost while the commit is under way leaves it open whether it happened; the next write makes it so.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE t (id uuid PRIMARY KEY, record_id text, text text); CREATE INDEX ON t (record_id)")
	var cut atomic.Bool
	env := connector.Env{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return &cutting{Conn: c, cut: &cut}, err
	}}
	d := p.destination(t, "t", nil, env)
	mustWrite(t, d, "doc", element.Element{ID: "a", Text: "old"})
	cut.Store(true)
	err := write(t, d, "doc", element.Element{ID: "a", Text: "new"}, element.Element{ID: "b", Text: "new"})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Errorf("%s: %v", outcome, err)
	}
	settle(t, "the commit", func() bool { return len(p.rows(t, "SELECT FROM t WHERE text = 'new'")) == 2 })
	mustWrite(t, d, "doc", element.Element{ID: "a", Text: "new"}, element.Element{ID: "b", Text: "new"})
	if got := p.rows(t, "SELECT text FROM t"); len(got) != 2 {
		t.Errorf("the table holds %q", got)
	}
}

// cutting hangs up right after a commit was sent.
type cutting struct {
	net.Conn
	cut *atomic.Bool
}

func (c *cutting) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if bytes.Contains(b, []byte("commit\x00")) && c.cut.CompareAndSwap(true, false) {
		c.Conn.Close()
	}
	return n, err
}

func TestTLS(t *testing.T) {
	t.Parallel()
	p, port, cert, last := tlsPlace(t)
	p.exec(t, "CREATE TABLE t (id int PRIMARY KEY)")
	other, _ := certificate(t)
	for _, c := range []struct {
		mode, host, root string
		secure           bool
		want             string // of a refusal
	}{
		{"", "127.0.0.1", "", true, ""},
		{"prefer", "127.0.0.1", "", true, ""},
		{"allow", "127.0.0.1", "", false, ""},
		{"disable", "127.0.0.1", "", false, ""},
		{"Require", "127.0.0.1", "", true, ""},
		{"require", "127.0.0.1", string(other), true, "is not trusted"},
		{"verify-ca", "127.0.0.1", cert, true, ""}, // whatever the name
		{"verify-ca", "127.0.0.1", string(other), true, "is not trusted"},
		{"verify-ca", "127.0.0.1", "", true, "is not trusted"},
		{"verify-full", "localhost", cert, true, ""},
		{"verify-full", "127.0.0.1", cert, true, "is not trusted"},
		{"verify-full", "localhost", "", true, "is not trusted"},
	} {
		name := c.mode + " " + c.host
		more := map[string]any{"host": c.host, "port": int64(port)}
		if c.mode != "" {
			more["sslmode"] = c.mode
		}
		if c.root != "" {
			more["sslrootcert"] = c.root
		}
		err := p.source(t, "t", more, connector.Env{}).Check(context.Background())
		if c.want != "" {
			if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %s, %v", name, outcome, err)
			}
			continue
		}
		if err != nil || last.Load() != c.secure {
			t.Errorf("%s: TLS %v, %v", name, last.Load(), err)
		}
	}
	for _, more := range []map[string]any{{"sslmode": "verify-full", "sslrootcert": "/etc/ssl/ca.pem"}, {"sslmode": "sometimes"}} {
		if d, err := connector.OpenDestination(Type, p.config("t", more), connector.Env{}); err == nil {
			d.Close()
			t.Errorf("%v is taken", more)
		}
	}
}
