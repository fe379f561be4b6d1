// Package program_test drives the built program as a user does: it starts servers, sends them requests, runs command
// lines, stops and kills them. What one package does is tested beside it; here stands what only the whole shows.
package program_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the built binary.
var program string

// version is what the build puts into it.
const version = "v0.0.0-test"

// dialing tells the test binary to be a program that opens a connection to this address, and nothing else.
const dialing = "SLUICE_TEST_DIAL"

func TestMain(m *testing.M) {
	if address := os.Getenv(dialing); address != "" {
		os.Exit(dial(address))
	}
	os.Exit(build(m))
}

// dial opens a UDP connection, which sends nothing, and holds it for as long as standard input is open.
func dial(address string) int {
	c, err := (&net.Dialer{}).DialContext(context.Background(), "udp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer c.Close()
	fmt.Println("connected")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sluice-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "sluice")
	c := exec.CommandContext(context.Background(), "go", "build", "-ldflags", "-X main.version="+version,
		"-o", program, "github.com/sluicehq/sluice/cmd/sluice")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// samples is the folder of the project's sample documents.
func samples(tb testing.TB) string {
	tb.Helper()
	dir, err := filepath.Abs("../../samples")
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// command prepares a run of the program. The environment of whoever runs the tests says nothing to it.
func command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, args...)
	c.Env = environment()
	c.WaitDelay = 5 * time.Second
	return c
}

func environment(add ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SLUICE_") && !strings.HasPrefix(v, "OTEL_") {
			env = append(env, v)
		}
	}
	return append(env, add...)
}

// result is how a command line ended.
type result struct {
	status   int
	out, err string
}

// run runs a command line in an empty folder.
func run(tb testing.TB, args ...string) result {
	tb.Helper()
	return runWith(tb, "", args...)
}

// runWith runs a command line with a standard input.
func runWith(tb testing.TB, in string, args ...string) result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := command(ctx, args...)
	c.Dir = tb.TempDir()
	c.Stdin = strings.NewReader(in)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatalf("sluice %s: %v", strings.Join(args, " "), err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// want fails the test unless the run ended with the status.
func (r result) want(tb testing.TB, status int) result {
	tb.Helper()
	if r.status != status {
		tb.Fatalf("exit status %d, want %d\nstdout: %s\nstderr: %s", r.status, status, r.out, r.err)
	}
	return r
}

// text collects what a process prints.
type text struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *text) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *text) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// server is a running `sluice serve` on loopback.
type server struct {
	tb       testing.TB
	dir      string // its data folder
	url      string
	key      string // the first key, where the start printed one
	out, log text
	cmd      *exec.Cmd
	exited   chan struct{} // closed when it has ended
}

// setup changes how a server starts.
type setup func(*exec.Cmd)

// flags adds flags to the command line.
func flags(args ...string) setup {
	return func(c *exec.Cmd) { c.Args = append(c.Args, args...) }
}

// variable sets an environment variable.
func variable(name, value string) setup {
	return func(c *exec.Cmd) { c.Env = append(c.Env, name+"="+value) }
}

// launch starts a server on a folder without waiting for it.
func launch(tb testing.TB, dir string, setups ...setup) *server {
	tb.Helper()
	s := &server{tb: tb, dir: dir, exited: make(chan struct{})}
	s.cmd = command(context.Background(), "serve", "--addr", "127.0.0.1:0", "--data", dir)
	for _, change := range setups {
		change(s.cmd)
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.log
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // the state says it
		close(s.exited)
	}()
	tb.Cleanup(s.kill)
	return s
}

// serve starts a server and waits until it says where it listens.
func serve(tb testing.TB, dir string, setups ...setup) *server {
	tb.Helper()
	s := launch(tb, dir, setups...)
	eventually(tb, "the server listens", func() bool {
		if s.ended() {
			tb.Fatalf("the server ended at its start with status %d:\n%s%s", s.cmd.ProcessState.ExitCode(), s.out.String(), s.log.String())
		}
		s.url = after(s.out.String(), "listening on ")
		return s.url != ""
	})
	s.key = after(s.out.String(), "first key: ")
	return s
}

// after returns the rest of the line behind a prefix; "" when the whole line is not there yet.
func after(printed, prefix string) string {
	for line := range strings.Lines(printed) {
		if rest, ok := strings.CutPrefix(line, prefix); ok && strings.HasSuffix(rest, "\n") {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func (s *server) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// signal sends a signal and returns the exit status, -1 for a process that the signal ended.
func (s *server) signal(sig syscall.Signal) int {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
	return s.wait()
}

// wait returns the exit status.
func (s *server) wait() int {
	s.tb.Helper()
	select {
	case <-s.exited:
	case <-time.After(time.Minute):
		s.tb.Fatalf("the server does not end; its log:\n%s", s.log.String())
	}
	return s.cmd.ProcessState.ExitCode()
}

// stop ends the server as systemd does and fails unless it ended well.
func (s *server) stop() {
	s.tb.Helper()
	if status := s.signal(syscall.SIGTERM); status != 0 {
		s.tb.Fatalf("the stopped server ended with status %d; its log:\n%s", status, s.log.String())
	}
}

// kill ends the server if it still runs.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// eventually waits until fn is true.
func eventually(tb testing.TB, what string, fn func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(time.Minute); !fn(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatal("never: " + what)
		}
	}
}
