// Package weaviate gives tests a Weaviate on a port of the loopback: the server itself, built once from its Go module at a pinned
// version, and a fake in this process for the quick run (-short) and for bad days.
package weaviate

import (
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/process"
	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	// Key may do everything, ReadKey only read (of a fake).
	Key     = "admin-key-of-weaviate"
	ReadKey = "viewer-key-of-weaviate"
	// Version is that of the server.
	Version = "1.35.2"
	// BinaryEnv names a program to use in place of the one that is built.
	BinaryEnv = "SLUICE_TEST_WEAVIATE"

	pkg = "github.com/weaviate/weaviate/cmd/weaviate-server"
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

// Server is a real server. It goes away as one that is killed.
type Server struct {
	process.Service
	port int
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
	s := &Server{}
	if s.port, err = process.FreePort(); err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	s.Service = process.Service{Name: "Weaviate", Needs: "run make test-servers", Every: 50 * time.Millisecond, Patience: 2 * time.Minute, Signal: os.Kill,
		Command: func() (*exec.Cmd, error) { return s.command(program, dir) },
		Ping: func() error {
			_, err := s.call(http.MethodGet, "/v1/.well-known/ready", nil, nil)
			return err
		}}
	s.Open(tb)
	return s
}

// Address is that of the server.
func (s *Server) Address() string { return "http://127.0.0.1:" + strconv.Itoa(s.port) }

// command is a cluster of one over a folder.
func (s *Server) command(program, dir string) (*exec.Cmd, error) {
	c := exec.Command(program, "--host", "127.0.0.1", "--port", strconv.Itoa(s.port), "--scheme", "http") //nolint:noctx // ended by Stop
	c.Dir = dir
	c.Env = append(os.Environ(), "PERSISTENCE_DATA_PATH="+dir, "DEFAULT_VECTORIZER_MODULE=none", "DISABLE_TELEMETRY=true", "LOG_LEVEL=warning",
		"CLUSTER_HOSTNAME=node1", "CLUSTER_ADVERTISE_ADDR=127.0.0.1", "CLUSTER_BIND_ADDR=127.0.0.1", "RAFT_BOOTSTRAP_EXPECT=1", "GOMAXPROCS=2",
		"AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=false", "AUTHENTICATION_APIKEY_ENABLED=true", "AUTHENTICATION_APIKEY_ALLOWED_KEYS="+Key,
		"AUTHENTICATION_APIKEY_USERS=admin", "PROMETHEUS_MONITORING_ENABLED=false", "GO_PROFILING_DISABLE=true")
	for _, name := range []string{"CLUSTER_GOSSIP_BIND_PORT", "CLUSTER_DATA_BIND_PORT", "GRPC_PORT", "RAFT_PORT", "RAFT_INTERNAL_RPC_PORT"} {
		port, err := process.FreePort()
		if err != nil {
			return nil, err
		}
		c.Env = append(c.Env, name+"="+strconv.Itoa(port))
	}
	return c, nil
}

func (s *Server) call(method, path string, ask, out any) (int, error) {
	return wire.Call(method, s.Address()+path, "Bearer "+Key, ask, out)
}

// Create makes a collection; properties are its definition beside its name.
func (s *Server) Create(tb testing.TB, name string, definition map[string]any) {
	tb.Helper()
	ask := map[string]any{"class": name, "vectorizer": "none"}
	for k, v := range definition {
		ask[k] = v
	}
	if _, err := s.call(http.MethodPost, "/v1/schema", ask, nil); err != nil {
		tb.Fatalf("make collection %s: %v", name, err)
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
		if _, err := s.call(http.MethodGet, "/v1/objects?class="+name+"&limit=1000&include=vector&after="+after, nil, &page); err != nil {
			tb.Fatalf("list collection %s: %v", name, err)
		}
		out = append(out, page.Objects...)
		if len(page.Objects) == 0 {
			return out
		}
		after = page.Objects[len(page.Objects)-1].ID
	}
}
