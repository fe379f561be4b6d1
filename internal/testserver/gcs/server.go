// Package gcs gives tests a server of Google Cloud Storage on a port of the loopback: fake-gcs-server, a maintained server of
// the JSON API, built once at a pinned version, and a gate before it that hands out tokens for the signature of a service
// account and asks for them, which the server itself does not. The gate can go away and come back.
package gcs

import (
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/google"
	"github.com/sluicehq/sluice/internal/testserver/process"
)

// patience is how long a server may take to start, on a busy machine.
const patience = time.Minute

// Server is a server and its gate.
type Server struct {
	Endpoint string // of the gate: http://127.0.0.1:port

	account *google.Account // that the gate knows
	inner   string          // address of the server itself

	mu      sync.Mutex
	gate    *httptest.Server
	address string
}

// Start starts a server that is stopped and removed with the test. With -short the test is skipped.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs fake-gcs-server; run without -short")
	}
	program, err := binary()
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{account: google.NewAccount(tb)}
	port, err := process.FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	s.inner = fmt.Sprintf("http://127.0.0.1:%d", port)
	c := exec.Command(program, "-scheme", "http", "-host", "127.0.0.1", "-port", fmt.Sprint(port), "-backend", "memory", "-log-level", "error") //nolint:noctx // ended below
	c.Dir = tb.TempDir()
	p, err := process.Start("fake-gcs-server", c, patience)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		s.Close()
		p.Kill()
	})
	client := http.Client{Timeout: 5 * time.Second}
	err = p.Ready(20*time.Millisecond, func() error {
		answer, err := client.Get(s.inner + "/storage/v1/b") //nolint:noctx // the client has a limit
		if err != nil {
			return err
		}
		return answer.Body.Close()
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Open(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Key is the JSON key file of the account.
func (s *Server) Key(tb testing.TB) string { tb.Helper(); return s.account.Key(tb, s.Endpoint) }

// WrongKey is that of the account with a private key that is not its own.
func (s *Server) WrongKey(tb testing.TB) string {
	tb.Helper()
	return s.account.WrongKey(tb, s.Endpoint)
}

// KeyAt is Key with the token service at another address.
func (s *Server) KeyAt(tb testing.TB, endpoint string) string {
	tb.Helper()
	return s.account.Key(tb, endpoint)
}

// Open lets requests through, again after Close, on the same port.
func (s *Server) Open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	to, err := url.Parse(s.inner)
	if err != nil {
		return err
	}
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address) //nolint:noctx // closed by Close
	if err != nil {
		return err
	}
	s.address = l.Addr().String()
	s.Endpoint = "http://" + s.address
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	s.gate = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == google.TokenPath:
			s.account.ServeHTTP(w, r)
		case !s.account.Knows(r):
			_, _ = io.Copy(io.Discard, r.Body)
			google.Fail(w, http.StatusUnauthorized, "authError", "Invalid Credentials")
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	s.gate.Listener.Close()
	s.gate.Listener = l
	s.gate.Start()
	return nil
}

// Close breaks every connection and takes no other, as a server that is gone.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate == nil {
		return
	}
	s.gate.Listener.Close()
	s.gate.CloseClientConnections()
	s.gate.Close()
	s.gate = nil
}

// Bucket makes an empty bucket and returns its name.
func (s *Server) Bucket(tb testing.TB) string {
	tb.Helper()
	name := "test-" + strings.ToLower(rand.Text()[:20])
	s.Do(tb, http.MethodPost, "/storage/v1/b?project=sluice-test", `{"name":"`+name+`"}`)
	return name
}

// Do sends a request to the server itself and returns the answer's body.
func (s *Server) Do(tb testing.TB, method, path, body string) []byte {
	tb.Helper()
	out, err := s.Try(method, path, body)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// Try is Do for goroutines other than the test's.
func (s *Server) Try(method, path, body string) ([]byte, error) {
	r, err := http.NewRequest(method, s.inner+path, strings.NewReader(body)) //nolint:noctx // on the loopback
	if err != nil {
		return nil, err
	}
	if body != "" && body[0] == '{' {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	out, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: HTTP %d: %s", method, path, answer.StatusCode, out)
	}
	return out, err
}
