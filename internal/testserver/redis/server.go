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
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
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
	process *os.Process
	ended   chan error
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
	c.SysProcAttr = attributes()
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the server ends with the thread that started it
		err := c.Start()
		started <- err
		if err == nil {
			ended <- c.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("the tests need Redis (on Debian: apt-get install redis-server): %w", err)
	}
	s.process, s.ended = c.Process, ended
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := s.Client.Ping(context.Background()).Err()
		if err == nil {
			return nil
		}
		if time.Since(begin) > patience {
			return fmt.Errorf("redis does not answer: %w", err)
		}
	}
}

// Stop ends the server as its operator would: what it had stored stays.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	p, ended := s.process, s.ended
	s.process = nil
	_ = p.Signal(os.Interrupt) // it may have ended by itself
	select {
	case <-ended: //nolint:errcheck // how it ended does not matter
		return nil
	case <-time.After(patience):
		_ = p.Kill()
		return errors.New("redis had to be killed")
	}
}
