package program_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy is a way to a server that can be cut.
type proxy struct {
	tb       testing.TB
	listener net.Listener
	target   string

	mu    sync.Mutex
	limit int64 // bytes that a connection may send before it is dropped; -1 is no limit
	conns map[net.Conn]bool
}

func newProxy(tb testing.TB, target string) *proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{tb: tb, listener: l, target: target, limit: -1, conns: map[net.Conn]bool{}}
	go p.run()
	tb.Cleanup(func() {
		l.Close()
		p.drop()
	})
	return p
}

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// cut drops all connections, and later ones after they have sent so many bytes.
func (p *proxy) cut(after int64) {
	p.mu.Lock()
	p.limit = after
	p.mu.Unlock()
	p.drop()
}

func (p *proxy) heal() {
	p.mu.Lock()
	p.limit = -1
	p.mu.Unlock()
}

func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

func (p *proxy) run() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		limit := p.limit
		p.mu.Unlock()
		if limit == 0 {
			c.Close()
			continue
		}
		go p.carry(c, limit)
	}
}

func (p *proxy) carry(c net.Conn, limit int64) {
	defer c.Close()
	s, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer s.Close()
	p.mu.Lock()
	p.conns[c], p.conns[s] = true, true
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(c, s)
		c.Close()
	}()
	if limit > 0 {
		_, _ = io.CopyN(s, c, limit)
		return
	}
	_, _ = io.Copy(s, c)
}
