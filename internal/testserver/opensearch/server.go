// Package opensearch gives tests a real OpenSearch on a port of the loopback: one node, put together from the artifacts that
// its makers publish on Maven Central, and a gate before it that asks for an API key as Elasticsearch does, or for a user
// and a password as OpenSearch does, which the node itself does not. The gate can go away and come back.
package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/maven"
	"github.com/sluicehq/sluice/internal/testserver/process"
)

// Version is that of the server.
const Version = "2.19.6"

// The credentials that the gate takes.
const (
	APIKey   = "VGVzdEtleUlkOnRlc3Qta2V5LXNlY3JldA=="
	User     = "tester"
	Password = "open+search/secret"
)

// patience is how long a server may take to start, on a busy machine.
const patience = 3 * time.Minute

// Server is a node and its gate.
type Server struct {
	Endpoint string // of the gate: http://127.0.0.1:port

	node    string // address of the node itself
	dir     string
	process *process.Process

	mu      sync.Mutex
	gate    *httptest.Server
	address string
}

// Start starts a server that is stopped and removed with the test. With -short the test is skipped.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a real OpenSearch; run without -short")
	}
	s := &Server{}
	tb.Cleanup(func() {
		if err := s.remove(); err != nil {
			tb.Error(err)
		}
	})
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
	if err := s.Open(); err != nil {
		tb.Fatal(err)
	}
	return s
}

const descriptor = `description=HTTP and transport over Netty
version=` + Version + `
name=transport-netty4
classname=org.opensearch.transport.Netty4Plugin
java.version=11
opensearch.version=` + Version + `
extended.plugins=
has.native.controller=false
custom.foldername=
`

const policy = "grant {\n  permission java.security.AllPermission;\n};\n"

const logging = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`

const settings = `cluster.name: sluice-test
node.name: node
discovery.type: single-node
http.host: 127.0.0.1
http.port: %d
transport.host: 127.0.0.1
transport.port: %d
cluster.routing.allocation.disk.threshold_enabled: false
cluster.max_shards_per_node: 100000
search.max_open_scroll_context: 5000
`

// start lays the node's folders out and waits until it answers.
func (s *Server) start() error {
	jars, err := maven.Jars("opensearch-"+Version, "org.opensearch:opensearch:"+Version, "org.opensearch:opensearch-plugin-classloader:"+Version,
		"org.apache.logging.log4j:log4j-core:2.25.4")
	if err != nil {
		return err
	}
	netty, err := maven.Jars("opensearch-netty4-"+Version, "org.opensearch.plugin:transport-netty4-client:"+Version)
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "sluice-opensearch-"); err != nil {
		return err
	}
	var ports [2]int
	for i := range ports {
		if ports[i], err = process.FreePort(); err != nil {
			return err
		}
	}
	module := filepath.Join(s.dir, "modules", "transport-netty4")
	for name, text := range map[string]string{
		"config/opensearch.yml": fmt.Sprintf(settings, ports[0], ports[1]), "config/log4j2.properties": logging,
		"modules/transport-netty4/plugin-descriptor.properties": descriptor, "modules/transport-netty4/plugin-security.policy": policy,
		"tmp/.keep": "", "data/.keep": "", "logs/.keep": "", "plugins/.keep": "", "lib/.keep": "",
	} {
		path := filepath.Join(s.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if filepath.Base(path) == ".keep" {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(netty, "*.jar"))
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(module, filepath.Base(file)), content, 0o644)
		}
		if err != nil {
			return err
		}
	}
	uid, gid, err := owner()
	if err != nil {
		return err
	}
	err = filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err != nil {
		return err
	}
	c := exec.Command("java", "-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", //nolint:noctx // ended by remove
		"-Djava.security.manager=allow", "-Djava.io.tmpdir="+filepath.Join(s.dir, "tmp"), "-Dopensearch.path.home="+s.dir,
		"-Dopensearch.path.conf="+filepath.Join(s.dir, "config"), "-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true",
		"-cp", filepath.Join(jars, "*"), "org.opensearch.bootstrap.OpenSearch")
	c.Dir = s.dir
	c.SysProcAttr = attributes()
	p, err := process.Start("OpenSearch", c, patience)
	if err != nil {
		return fmt.Errorf("OpenSearch needs Java (on Debian: apt-get install default-jre-headless): %w", err)
	}
	s.process = p
	s.node = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	return p.Ready(100*time.Millisecond, func() error {
		_, err := s.try(http.MethodGet, "/", "")
		return err
	})
}

func (s *Server) remove() error {
	s.Close()
	if s.process != nil {
		s.process.Kill()
	}
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// Open lets requests through, again after Close, on the same port.
func (s *Server) Open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	to, err := url.Parse(s.node)
	if err != nil {
		return err
	}
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	s.address = l.Addr().String()
	s.Endpoint = "http://" + s.address
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Del("Authorization")
	}}
	s.gate = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, basic := r.BasicAuth()
		if r.Header.Get("Authorization") != "ApiKey "+APIKey && !(basic && user == User && password == Password) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"type":"security_exception","reason":"unable to authenticate with the credentials given"},"status":401}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.gate.Listener.Close()
	s.gate.Listener = l
	s.gate.Config.ErrorLog = nil
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

// Do sends a request to the node itself and returns the answer's body.
func (s *Server) Do(tb testing.TB, method, path, body string) []byte {
	tb.Helper()
	out, err := s.try(method, path, body)
	if err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func (s *Server) try(method, path, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, s.node+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	out, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("HTTP %d: %s", answer.StatusCode, out)
	}
	return out, err
}

var count atomic.Int64

// Index makes an index for one test and returns its name. properties is the JSON object of its mapping's properties, "" for
// a mapping that grows.
func (s *Server) Index(tb testing.TB, shards int, properties string) string {
	tb.Helper()
	name := fmt.Sprintf("test-%d", count.Add(1))
	if properties == "" {
		properties = "{}"
	}
	if !json.Valid([]byte(properties)) {
		tb.Fatal(errors.New("the properties are not JSON"))
	}
	s.Do(tb, http.MethodPut, "/"+name, fmt.Sprintf(
		`{"settings":{"number_of_shards":%d,"number_of_replicas":0,"max_result_window":100000,"refresh_interval":"-1","mapping.total_fields.limit":5000},"mappings":{"properties":%s}}`,
		shards, properties))
	tb.Cleanup(func() { _, _ = s.try(http.MethodDelete, "/"+name, "") })
	return name
}
