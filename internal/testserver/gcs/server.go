// Package gcs gives tests a server of Google Cloud Storage on a port of the loopback: fake-gcs-server, a maintained server of
// the JSON API, built once at a pinned version, and a gate before it that hands out tokens for the signature of a service
// account and asks for them, which the server itself does not. The gate can go away and come back.
package gcs

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
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

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// Email names the account that the gate knows.
const Email = "tester@sluice-test.iam.gserviceaccount.com"

// patience is how long a server may take to start, on a busy machine.
const patience = time.Minute

// Server is a server and its gate.
type Server struct {
	Endpoint string // of the gate: http://127.0.0.1:port

	key   *rsa.PrivateKey
	token string
	inner string // address of the server itself

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
	s := &Server{token: "token-" + rand.Text()}
	if s.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		tb.Fatal(err)
	}
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
func (s *Server) Key(tb testing.TB) string { tb.Helper(); return KeyFile(tb, s.key, s.Endpoint) }

// WrongKey is that of the account with a private key that is not its own.
func (s *Server) WrongKey(tb testing.TB) string {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return KeyFile(tb, key, s.Endpoint)
}

// KeyAt is Key with the token service at another address.
func (s *Server) KeyAt(tb testing.TB, endpoint string) string {
	tb.Helper()
	return KeyFile(tb, s.key, endpoint)
}

// KeyFile makes the JSON key file of the account with a private key and the address of the token service.
func KeyFile(tb testing.TB, key *rsa.PrivateKey, endpoint string) string {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "sluice-test", "private_key_id": "1", "client_email": Email, "token_uri": endpoint + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
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
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/token":
			if err := s.proved(r); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`)
				return
			}
			_, _ = io.WriteString(w, `{"access_token":"`+s.token+`","expires_in":3599,"token_type":"Bearer"}`)
		case r.Header.Get("Authorization") != "Bearer "+s.token:
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"code":401,"message":"Invalid Credentials","errors":[{"reason":"authError"}]}}`)
		default:
			w.Header().Del("Content-Type")
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

// proved checks the claim of a request for a token (RFC 7523).
func (s *Server) proved(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	parts := strings.Split(r.PostForm.Get("assertion"), ".")
	if len(parts) != 3 || r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return errors.New("no assertion")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		return err
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		Scope    string `json:"scope"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return err
	}
	now := time.Now().Unix()
	if claims.Issuer != Email || claims.Audience != "http://"+s.address+"/token" || claims.Scope == "" || claims.Issued > now+10 ||
		claims.Expires < now || claims.Expires > claims.Issued+3600 {
		return errors.New("wrong claims")
	}
	return nil
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
