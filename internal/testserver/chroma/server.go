// Package chroma gives tests a Chroma on a port of the loopback: the server itself, which the Python package chromadb carries, and a
// fake in this process for the quick run (-short) and for bad days.
package chroma

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/process"
	"github.com/sluicehq/sluice/internal/testserver/python"
)

const (
	version  = "1.5.9"
	packages = "chromadb-" + version
	patience = time.Minute
)

// Install fetches the server, once. It is a part of the package that needs none of its others.
func Install() error { return python.Install(packages, "--no-deps", "chromadb=="+version) }

// Server is a real server.
type Server struct {
	packages, dir string
	port          int

	mu      sync.Mutex
	process *process.Process
}

// Start starts the server; it is stopped with the test. The test is skipped with -short, and where the server is not installed.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Chroma; run without -short")
	}
	dir, err := python.Installed(packages)
	if err != nil {
		tb.Skipf("needs Chroma: run make test-servers (%v)", err)
	}
	s := &Server{packages: dir, dir: tb.TempDir()}
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

// Address is host:port of the server.
func (s *Server) Address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// Run starts the server, again after Stop, on the same port with what it held.
func (s *Server) Run() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("the server runs")
	}
	c := python.Command(s.packages, "-c", "import sys, chromadb_rust_bindings as server; server.cli(['chroma'] + sys.argv[1:])",
		"run", "--path", s.dir, "--host", "127.0.0.1", "--port", strconv.Itoa(s.port))
	c.Dir = s.dir
	p, err := process.Start("Chroma", c, patience)
	if err != nil {
		return err
	}
	err = p.Ready(50*time.Millisecond, func() error {
		_, err := s.call(http.MethodGet, "/api/v2/heartbeat", nil, nil)
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
func (s *Server) call(method, path string, ask, out any) (status int, err error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest(method, "http://"+s.Address()+path, bytes.NewReader(body)) //nolint:noctx // the client has a limit
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: time.Minute}
	a, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	switch {
	case err == nil && a.StatusCode >= 300:
		err = fmt.Errorf("HTTP %d: %s", a.StatusCode, text)
	case err == nil && out != nil:
		err = json.Unmarshal(text, out)
	}
	return a.StatusCode, err
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
