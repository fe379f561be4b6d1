// Package mongodb gives tests a server that speaks MongoDB's protocol on a port of the loopback: mongo-java-server, a
// maintained server over memory, from Maven Central, and a gate before it that can go away and come back. The server asks for
// no credentials.
package mongodb

import (
	_ "embed"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/maven"
	"github.com/sluicehq/sluice/internal/testserver/process"
)

const version = "1.47.0"

//go:embed Launcher.java
var launcher []byte

// patience is how long a server may take to start, on a busy machine.
const patience = 2 * time.Minute

// Server is a server and its gate.
type Server struct {
	Address string // of the gate: 127.0.0.1:port

	inner string // address of the server itself

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	work     sync.WaitGroup
}

// Start starts a server that is stopped with the test. With -short the test is skipped.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a server of MongoDB's protocol; run without -short")
	}
	jars, err := maven.Jars("mongo-java-server-"+version, "de.bwaldvogel:mongo-java-server:"+version)
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	source := filepath.Join(dir, "Launcher.java")
	if err := os.WriteFile(source, launcher, 0o600); err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{inner: l.Addr().String(), Address: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	_, port, _ := net.SplitHostPort(s.inner)
	l.Close()
	c := exec.Command("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(jars, "*"), source, port) //nolint:noctx // ended below
	c.Dir = dir
	p, err := process.Start("the server", c, patience)
	if err != nil {
		tb.Fatalf("the server needs a JDK (on Debian: apt-get install default-jdk-headless): %v", err)
	}
	tb.Cleanup(func() {
		s.Close()
		s.work.Wait()
		p.Kill()
	})
	err = p.Ready(50*time.Millisecond, func() error {
		up, err := net.Dial("tcp", s.inner) //nolint:noctx // on the loopback
		if err != nil {
			return err
		}
		return up.Close()
	})
	if err != nil {
		tb.Fatalf("it needs a JDK (on Debian: apt-get install default-jdk-headless): %v", err)
	}
	if err := s.Open(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// URI is the connection string.
func (s *Server) URI() string { return "mongodb://" + s.Address + "/" }

// Inner is the connection string of the server itself, behind the gate.
func (s *Server) Inner() string { return "mongodb://" + s.inner + "/" }

// Open lets connections through, again after Close, on the same port.
func (s *Server) Open() error {
	l, err := net.Listen("tcp", s.Address) //nolint:noctx // closed by Close
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.listener, s.Address = l, l.Addr().String()
	s.mu.Unlock()
	s.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.work.Go(func() { s.pass(c) })
		}
	})
	return nil
}

func (s *Server) pass(c net.Conn) {
	up, err := net.Dial("tcp", s.inner) //nolint:noctx // closed by Close
	if err != nil {
		c.Close()
		return
	}
	s.mu.Lock()
	s.conns[c], s.conns[up] = true, true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(up, c)
		up.Close()
		close(done)
	}()
	_, _ = io.Copy(c, up)
	c.Close()
	<-done
	s.mu.Lock()
	delete(s.conns, c)
	delete(s.conns, up)
	s.mu.Unlock()
}

// Close breaks every connection and takes no other, as a server that is gone.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		s.listener.Close()
	}
	for c := range s.conns {
		c.Close()
	}
}
