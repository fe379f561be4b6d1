// Package redis gives tests a Redis of their own on a port of the loopback: the one of the distribution, with a password. It
// can go away and come back on the same port with what it held.
package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// Password is that of the server's default user.
const Password = "s3cret-of-redis"

// patience is how long a server may take to start or to stop.
const patience = time.Minute

// Server is a server.
type Server struct {
	Port   int
	Client *redis.Client // looks at it from outside

	dir     string
	mu      sync.Mutex
	process *process.Process
}

// Start starts a server that is stopped with the test. With -short the test is skipped.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Redis; run without -short")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Port: l.Addr().(*net.TCPAddr).Port, dir: tb.TempDir()}
	l.Close()
	s.Client = redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.Port), Password: Password})
	tb.Cleanup(func() {
		_ = s.Client.Close()
		if err := s.Stop(); err != nil {
			tb.Error(err)
		}
	})
	if err := s.Start(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Start starts the server, again after Stop, on the same port.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("the server runs")
	}
	c := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(s.Port), "--requirepass", Password, "--dir", s.dir, //nolint:noctx // ended by Stop
		"--appendonly", "yes", "--save", "", "--daemonize", "no")
	p, err := process.Start("redis", c, patience)
	if err != nil {
		return fmt.Errorf("the tests need Redis (on Debian: apt-get install redis-server): %w", err)
	}
	if err := p.Ready(20*time.Millisecond, func() error { return s.Client.Ping(context.Background()).Err() }); err != nil {
		return err
	}
	s.process = p
	return nil
}

// Stop ends the server as its operator would: what it had stored stays.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	return p.Stop(os.Interrupt)
}
