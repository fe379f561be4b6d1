// Package azurite gives tests a server of Azure Blob Storage on a port of the loopback: Azurite, which the service's makers
// maintain for that, installed once at a pinned version. It checks signatures as the service does. A server can go away and
// come back on the same port with what it held.
package azurite

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

const version = "3.35.0"

// Account is the name of the server's one account.
const Account = "sluicetest"

// patience is how long a server may take to start or to stop.
const patience = 2 * time.Minute

// Server is a server with one account. Stop ends it as its operator would; Start brings it back on the same port.
type Server struct {
	process.Service
	Key string // of Account, base64

	program string
	dir     string
	port    string
}

// Start starts a server that is stopped and removed with the test. With -short the test is skipped.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Azurite; run without -short")
	}
	program, err := install()
	if err != nil {
		tb.Fatal(err)
	}
	secret := make([]byte, 64)
	_, _ = rand.Read(secret) // never fails
	s := &Server{program: program, Key: base64.StdEncoding.EncodeToString(secret)}
	if s.dir, err = os.MkdirTemp("", "sluice-azurite-"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(s.dir); err != nil {
			tb.Error(err)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		tb.Fatal(err)
	}
	_, s.port, _ = net.SplitHostPort(l.Addr().String())
	l.Close()
	s.Service = process.Service{Name: "Azurite", Needs: "Node.js: apt-get install nodejs npm", Command: s.command, Ping: s.ping, Every: 50 * time.Millisecond,
		Patience: patience, Signal: os.Interrupt}
	s.Open(tb)
	return s
}

// Endpoint is the address of the account: http://127.0.0.1:port/account.
func (s *Server) Endpoint() string { return "http://127.0.0.1:" + s.port + "/" + Account }

// ConnectionString is what a config of the account has.
func (s *Server) ConnectionString() string { return ConnectionString(s.Endpoint(), s.Key) }

// ConnectionString is one of the account at an address, with a key.
func ConnectionString(endpoint, key string) string {
	return "DefaultEndpointsProtocol=http;AccountName=" + Account + ";AccountKey=" + key + ";BlobEndpoint=" + endpoint + ";"
}

// Container makes a container.
func (s *Server) Container(tb testing.TB, name string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPut, s.Endpoint()+"/"+name+"?restype=container", http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := base64.StdEncoding.DecodeString(s.Key)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
	r.Header.Set("x-ms-version", "2021-12-02")
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "PUT%sx-ms-date:%s\nx-ms-version:2021-12-02\n/%s/%s/%s\nrestype:container", strings.Repeat("\n", 12), r.Header.Get("x-ms-date"), Account, Account, name)
	r.Header.Set("Authorization", "SharedKey "+Account+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		tb.Fatalf("make the container %s: %s", name, answer.Status)
	}
}

func (s *Server) command() (*exec.Cmd, error) {
	c := exec.Command("node", s.program, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", s.dir, //nolint:noctx // ended by Stop
		"--blobHost", "127.0.0.1", "--blobPort", s.port)
	c.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+Account+":"+s.Key)
	c.Dir = s.dir
	return c, nil
}

func (s *Server) ping() error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://127.0.0.1:" + s.port + "/") //nolint:noctx // the client has a limit
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// install finds Azurite's program in the repository's folder for tools, and installs it there if it is not.
var install = sync.OnceValues(func() (string, error) {
	root, err := process.Repository()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".cache", "azurite-"+version)
	program := filepath.Join(dir, "node_modules", "azurite", "dist", "src", "blob", "main.js")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "azurite-install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("the tests fetch Azurite with npm, which is not installed; on Debian: apt-get install nodejs npm")
	}
	c := exec.Command(npm, "install", "--prefix", work, "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", "azurite@"+version) //nolint:noctx // it has limits of its own
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot fetch azurite %s with npm: %w\n%s", version, err, out)
	}
	if err := os.Rename(work, dir); err != nil {
		if _, again := os.Stat(program); again == nil {
			return program, nil // another test was quicker
		}
		return "", err
	}
	return program, nil
})
