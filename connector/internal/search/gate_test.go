package search_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// gate passes connections on to a server, and can go away and come back on the same port.
type gate struct {
	to, address string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	work     sync.WaitGroup
}

func newGate(t *testing.T, endpoint string) *gate {
	t.Helper()
	g := &gate{to: strings.TrimPrefix(endpoint, "http://"), address: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	g.Open(t)
	t.Cleanup(func() { g.Close(); g.work.Wait() })
	return g
}

func (g *gate) URL() string { return "http://" + g.address }

func (g *gate) Open(t *testing.T) {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	g.listener, g.address = l, l.Addr().String()
	g.mu.Unlock()
	g.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			g.work.Go(func() { g.pass(c) })
		}
	})
}

func (g *gate) pass(c net.Conn) {
	up, err := net.Dial("tcp", g.to) //nolint:noctx // closed by Close
	if err != nil {
		c.Close()
		return
	}
	g.mu.Lock()
	g.conns[c], g.conns[up] = true, true
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(up, c)
		up.Close()
		close(done)
	}()
	_, _ = io.Copy(c, up)
	c.Close()
	<-done
	g.mu.Lock()
	delete(g.conns, c)
	delete(g.conns, up)
	g.mu.Unlock()
}

// Close breaks every connection and takes no other.
func (g *gate) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listener.Close()
	for c := range g.conns {
		c.Close()
	}
}
