package connectortest

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
)

const (
	// soon is how long an end may take that does not wait for anything, on a busy machine.
	soon = 15 * time.Second
	// later is how long a connector may try before it says that nobody answers.
	later = 60 * time.Second
)

// watch is an Env that the suite can look into.
type watch struct {
	connector.Env
	calls atomic.Int64 // connections asked of Dial and requests to HTTP
	open  atomic.Int64 // connections of Dial that are not closed yet
	log   journal
}

// watched completes an Env and wraps it. What it hands out is checked when the test ends: temporary files are gone, and
// the log holds none of the secrets.
func watched(t *testing.T, env connector.Env, secrets []string) *watch {
	t.Helper()
	w := &watch{Env: env}
	dial := env.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 20 * time.Second}).DialContext
	}
	if env.HTTP == nil {
		transport := &http.Transport{DialContext: dial, ForceAttemptHTTP2: true}
		w.HTTP = &http.Client{Transport: transport}
		t.Cleanup(transport.CloseIdleConnections)
	} else {
		client := *env.HTTP
		w.HTTP = &client
	}
	w.HTTP.Transport = &counted{next: w.HTTP.Transport, calls: &w.calls}
	w.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.calls.Add(1)
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w.open.Add(1)
		return &conn{Conn: c, open: &w.open}, nil
	}
	if env.Log == nil {
		w.Log = slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if env.TempDir == "" {
		w.TempDir = t.TempDir()
		t.Cleanup(func() {
			if left, err := os.ReadDir(w.TempDir); err != nil || len(left) > 0 {
				t.Errorf("the connector left %d temporary files (%v)", len(left), err)
			}
		})
	}
	t.Cleanup(func() { clean(t, "the log", w.log.String(), secrets) })
	return w
}

// closed waits until every connection that the connector dialled is closed, after its Close.
func (w *watch) closed(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); w.open.Load() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%d connections are open after Close", w.open.Load())
			return
		}
	}
}

type counted struct {
	next  http.RoundTripper
	calls *atomic.Int64
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	next := c.next
	if next == nil {
		next = http.DefaultTransport
	}
	return next.RoundTrip(r)
}

type conn struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *conn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// journal is a log in memory.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// nobody returns an address of this machine at which nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l := listen(t)
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// mute returns the address of a server that accepts and never says a word.
func mute(t *testing.T) string {
	t.Helper()
	return server(t, func(c net.Conn) {
		t.Cleanup(func() { c.Close() })
	})
}

// rude returns the address of a server that accepts and hangs up.
func rude(t *testing.T) string {
	t.Helper()
	return server(t, func(c net.Conn) { c.Close() })
}

func server(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
		}
	})
	t.Cleanup(func() {
		l.Close()
		done.Wait()
	})
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// clean fails the test when a text holds a secret.
func clean(t *testing.T, what, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s holds a secret: %s", what, strings.ReplaceAll(text, s, "[SECRET]"))
		}
	}
}
