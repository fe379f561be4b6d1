// Package postgres gives tests a PostgreSQL server of their own, with pgvector: a cluster in a temporary folder, a port of the
// loopback, a password. The programs are fetched once, see install.go. Nothing is skipped in silence: without a server a
// test fails with what to do, unless -short is set.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

const (
	role     = "sluice"
	password = "s3cr+t/word" // with what a URL must escape
	patience = 30 * time.Second
)

// Server is a running PostgreSQL.
type Server struct {
	bin      string
	dir      string
	port     int
	settings []string

	mu      sync.Mutex
	process *process.Process

	template struct {
		sync.Once
		err error
	}
	copying   sync.Mutex
	databases atomic.Int64
}

// Durable are the settings of a server whose commits reach the disk. Without them a server is as quick as it can be.
var Durable = []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on"}

// Start makes a cluster and starts it; it is stopped and removed with the test.
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a PostgreSQL server; run without -short")
	}
	s, err := New(settings...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Remove(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// New is Start without a test: the caller removes it.
func New(settings ...string) (_ *Server, err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sluice-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, settings: append([]string{
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=300",
		"max_wal_size=4GB", "unix_socket_directories=", "listen_addresses=127.0.0.1", "log_min_messages=warning",
	}, settings...)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Remove())
		}
	}()
	if err := s.init(); err != nil {
		return nil, err
	}
	for range 3 { // another process may take the port first
		if s.port, err = process.FreePort(); err != nil {
			return nil, err
		}
		if err = s.Run(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// init makes the cluster, owned by a user that may run a server: PostgreSQL refuses root.
func (s *Server) init() error {
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return err
	}
	owned := filepath.Join(s.dir, "run")
	if err := os.Mkdir(owned, 0o700); err != nil {
		return err
	}
	pass := filepath.Join(owned, "password")
	if err := os.WriteFile(pass, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	for _, path := range []string{owned, pass} {
		if err := give(path); err != nil {
			return err
		}
	}
	c := s.command("initdb", "-D", s.data(), "-U", role, "--pwfile", pass, "-A", "scram-sha-256", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "run", "data") }

// command is a program of PostgreSQL under the user that may run it, ending with this process.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...) //nolint:noctx // it ends with the process, see Stop
	c.Dir = s.dir
	c.SysProcAttr = attributes()
	return c
}

// Run starts the server, again after Stop or Crash.
func (s *Server) Run() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("the server runs")
	}
	args := []string{"-D", s.data(), "-p", fmt.Sprint(s.port)}
	for _, v := range s.settings {
		args = append(args, "-c", v)
	}
	c := s.command("postgres", args...)
	p, err := process.Start("the server", c, patience)
	if err != nil {
		return err
	}
	if err := p.Ready(20*time.Millisecond, s.ping); err != nil {
		return err
	}
	s.process = p
	return nil
}

// Stop ends the server as its operator would: sessions are terminated, everything is written.
func (s *Server) Stop() error { return s.signal(syscall.SIGINT) }

// Crash ends the server without a checkpoint: its next start recovers from the log.
func (s *Server) Crash() error { return s.signal(syscall.SIGQUIT) }

func (s *Server) signal(sig os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	return p.Stop(sig)
}

// Remove stops the server and removes its files.
func (s *Server) Remove() error { return errors.Join(s.signal(syscall.SIGQUIT), os.RemoveAll(s.dir)) }

func (s *Server) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.Exec(ctx, "postgres", "SELECT 1")
}

// URL names a database of the server.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Host: net.JoinHostPort("127.0.0.1", fmt.Sprint(s.port)),
		Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Port is where the server listens, and Password what no message may show.
func (s *Server) Port() int        { return s.port }
func (s *Server) Password() string { return password }

// Exec runs statements in a database on a connection of its own.
func (s *Server) Exec(ctx context.Context, database, sql string) error {
	c, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	defer c.Close(ctx) //nolint:errcheck // nothing is left to be done
	_, err = c.Exec(ctx, sql)
	return err
}

// Database makes a database for one test, a copy of one that prepare has filled once a server, and removes it with the test.
func (s *Server) Database(tb testing.TB, prepare func(ctx context.Context, url string) error) string {
	tb.Helper()
	ctx := context.Background()
	s.template.Do(func() {
		if s.template.err = s.Exec(ctx, "postgres", "CREATE DATABASE prepared"); s.template.err == nil {
			s.template.err = prepare(ctx, s.URL("prepared"))
		}
	})
	if s.template.err != nil {
		tb.Fatal(s.template.err)
	}
	return s.create(tb, "prepared")
}

// Empty makes an empty database for one test.
func (s *Server) Empty(tb testing.TB) string {
	tb.Helper()
	return s.create(tb, "template1")
}

func (s *Server) create(tb testing.TB, template string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	s.copying.Lock() // a database that is copied may have no sessions, not even another copy's
	err := s.Exec(context.Background(), "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
	s.copying.Unlock()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Exec(context.Background(), "postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			tb.Log("a database stays until the server is removed: ", err)
		}
	})
	return s.URL(name)
}
