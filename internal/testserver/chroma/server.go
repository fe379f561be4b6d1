// Package chroma gives tests a Chroma on a port of the loopback: the server itself, which the Python package chromadb carries, and a
// fake in this process for the quick run (-short) and for bad days.
package chroma

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/process"
	"github.com/sluicehq/sluice/internal/testserver/python"
	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	version  = "1.5.9"
	packages = "chromadb-" + version
)

// Install fetches the server, once. It is a part of the package that needs none of its others.
func Install() error { return python.Install(packages, "--no-deps", "chromadb=="+version) }

// Server is a real server. It goes away as one that is killed.
type Server struct {
	process.Service
	port int
}

// Start starts the server; it is stopped with the test. The test is skipped with -short, and where the server is not installed.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Chroma; run without -short")
	}
	installed, err := python.Installed(packages)
	if err != nil {
		tb.Skipf("needs Chroma: run make test-servers (%v)", err)
	}
	s := &Server{}
	if s.port, err = process.FreePort(); err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	s.Service = process.Service{Name: "Chroma", Needs: "on Debian: apt-get install python3", Every: 50 * time.Millisecond, Patience: time.Minute, Signal: os.Kill,
		Command: func() (*exec.Cmd, error) {
			c := python.Command(installed, "-c", "import sys, chromadb_rust_bindings as server; server.cli(['chroma'] + sys.argv[1:])",
				"run", "--path", dir, "--host", "127.0.0.1", "--port", strconv.Itoa(s.port))
			c.Dir = dir
			return c, nil
		},
		Ping: func() error {
			_, err := s.call(http.MethodGet, "/api/v2/heartbeat", nil, nil)
			return err
		}}
	s.Open(tb)
	return s
}

// Address is host:port of the server.
func (s *Server) Address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

func (s *Server) call(method, path string, ask, out any) (int, error) {
	return wire.Call(method, "http://"+s.Address()+path, "", ask, out)
}

// Records lists what stands in a collection, by id; nil for one that is not there. The server fails a read of embeddings when a record
// goes in its middle: then it reads again.
func (s *Server) Records(tb testing.TB, name string) map[string]Record {
	tb.Helper()
	var c struct {
		ID string `json:"id"`
	}
	status, err := s.call(http.MethodGet, base+"/collections/"+name, nil, &c)
	if status == http.StatusNotFound {
		return nil
	}
	var all struct {
		IDs        []string         `json:"ids"`
		Embeddings [][]float32      `json:"embeddings"`
		Documents  []string         `json:"documents"`
		Metadatas  []map[string]any `json:"metadatas"`
	}
	const tries = 100
	for n := 0; err == nil || status == http.StatusInternalServerError && n < tries; n++ {
		status, err = s.call(http.MethodPost, base+"/collections/"+c.ID+"/get", map[string]any{"include": []string{"embeddings", "documents", "metadatas"}}, &all)
		if err == nil {
			break
		}
	}
	if err != nil {
		tb.Fatal(fmt.Errorf("read collection %s: %w", name, err))
	}
	out := map[string]Record{}
	for i, id := range all.IDs {
		out[id] = Record{Embedding: all.Embeddings[i], Document: all.Documents[i], Metadata: all.Metadatas[i]}
	}
	return out
}
