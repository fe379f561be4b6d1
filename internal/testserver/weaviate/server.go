// Package weaviate gives tests a Weaviate on a port of the loopback: the server itself, built once from its Go module at a pinned
// version, and a fake in this process for the quick run (-short) and for bad days.
package weaviate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

const (
	// Key may do everything, ReadKey only read (of a fake).
	Key     = "admin-key-of-weaviate"
	ReadKey = "viewer-key-of-weaviate"
	// Version is that of the server.
	Version = "1.35.2"
	// BinaryEnv names a program to use in place of the one that is built.
	BinaryEnv = "SLUICE_TEST_WEAVIATE"

	pkg      = "github.com/weaviate/weaviate/cmd/weaviate-server"
	patience = 2 * time.Minute
)

// Object is one as it stands there.
type Object struct {
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties"`
	Vector     []float32      `json:"vector"`
}

// Install builds the server, once: some ten minutes on two cores.
func Install() error {
	_, err := process.GoProgram(BinaryEnv, pkg, "v"+Version)
	return err
}

// Server is a real server.
type Server struct {
	program, dir string
	port         int

	mu      sync.Mutex
	process *process.Process
}

// Start starts the server; it is stopped with the test. The test is skipped with -short, and where the server was not built.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Weaviate; run without -short")
	}
	program, err := process.Installed(BinaryEnv, pkg, "v"+Version)
	if err != nil {
		tb.Skipf("needs Weaviate, which is built once: run make test-servers (%v)", err)
	}
	s := &Server{program: program, dir: tb.TempDir()}
	if s.port, err = process.FreePort(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Error(err)
		}
	})
	if err := s.Run(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Address is that of the server.
func (s *Server) Address() string { return "http://127.0.0.1:" + strconv.Itoa(s.port) }

// Run starts the server, again after Stop, on the same port with what it held.
func (s *Server) Run() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("the server runs")
	}
	var inner [5]int // ports of a cluster of one
	for i := range inner {
		port, err := process.FreePort()
		if err != nil {
			return err
		}
		inner[i] = port
	}
	c := exec.Command(s.program, "--host", "127.0.0.1", "--port", strconv.Itoa(s.port), "--scheme", "http") //nolint:noctx // ended by Stop
	c.Dir = s.dir
	c.Env = append(os.Environ(), "PERSISTENCE_DATA_PATH="+s.dir, "DEFAULT_VECTORIZER_MODULE=none", "DISABLE_TELEMETRY=true", "LOG_LEVEL=warning",
		"CLUSTER_HOSTNAME=node1", "CLUSTER_ADVERTISE_ADDR=127.0.0.1", "CLUSTER_BIND_ADDR=127.0.0.1", "RAFT_BOOTSTRAP_EXPECT=1", "GOMAXPROCS=2",
		"AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=false", "AUTHENTICATION_APIKEY_ENABLED=true", "AUTHENTICATION_APIKEY_ALLOWED_KEYS="+Key,
		"AUTHENTICATION_APIKEY_USERS=admin", "PROMETHEUS_MONITORING_ENABLED=false", "GO_PROFILING_DISABLE=true",
		fmt.Sprintf("CLUSTER_GOSSIP_BIND_PORT=%d", inner[0]), fmt.Sprintf("CLUSTER_DATA_BIND_PORT=%d", inner[1]), fmt.Sprintf("GRPC_PORT=%d", inner[2]),
		fmt.Sprintf("RAFT_PORT=%d", inner[3]), fmt.Sprintf("RAFT_INTERNAL_RPC_PORT=%d", inner[4]))
	p, err := process.Start("Weaviate", c, patience)
	if err != nil {
		return err
	}
	err = p.Ready(50*time.Millisecond, func() error {
		status, err := s.call(http.MethodGet, "/v1/.well-known/ready", nil, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("HTTP %d", status)
		}
		return err
	})
	if err == nil {
		s.process = p
	}
	return err
}

// Stop ends the server at once, in the middle of whatever it does. What it had stored stays.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	return p.Stop(os.Kill)
}

// call looks at the server from outside.
func (s *Server) call(method, path string, ask, out any) (int, error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest(method, s.Address()+path, bytes.NewReader(body)) //nolint:noctx // the client has a limit
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+Key)
	client := http.Client{Timeout: time.Minute}
	a, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err == nil && out != nil && a.StatusCode < 300 {
		err = json.Unmarshal(text, out)
	}
	return a.StatusCode, err
}

// Create makes a collection; properties are its definition beside its name.
func (s *Server) Create(tb testing.TB, name string, definition map[string]any) {
	tb.Helper()
	ask := map[string]any{"class": name, "vectorizer": "none"}
	for k, v := range definition {
		ask[k] = v
	}
	if status, err := s.call(http.MethodPost, "/v1/schema", ask, nil); err != nil || status != http.StatusOK {
		tb.Fatalf("make collection %s: HTTP %d, %v", name, status, err)
	}
}

// Classes lists the names of the collections.
func (s *Server) Classes(tb testing.TB) []string {
	tb.Helper()
	var all struct {
		Classes []struct {
			Class string `json:"class"`
		} `json:"classes"`
	}
	if _, err := s.call(http.MethodGet, "/v1/schema", nil, &all); err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, c := range all.Classes {
		out = append(out, c.Class)
	}
	return out
}

// Objects lists what stands in a collection.
func (s *Server) Objects(tb testing.TB, name string) []Object {
	tb.Helper()
	var out []Object
	for after := ""; ; {
		var page struct {
			Objects []Object `json:"objects"`
		}
		status, err := s.call(http.MethodGet, "/v1/objects?class="+name+"&limit=1000&include=vector&after="+after, nil, &page)
		if err != nil || status != http.StatusOK {
			tb.Fatalf("list collection %s: HTTP %d, %v", name, status, err)
		}
		out = append(out, page.Objects...)
		if len(page.Objects) == 0 {
			return out
		}
		after = page.Objects[len(page.Objects)-1].ID
	}
}
