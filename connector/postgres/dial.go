package postgres

import (
	"context"
	"net"
	"sync"
	"time"
)

// dialed knows the connections that a pool has open. The driver also dials to ask the server to stop a statement whose
// context ended, and does not wait for that: without this such a connection could outlive its connector.
type dialed struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	open   map[*openConn]bool
	closed bool
}

type openConn struct {
	net.Conn
	in *dialed
}

// Close implements net.Conn.
func (c *openConn) Close() error {
	c.in.mu.Lock()
	delete(c.in.open, c)
	c.in.mu.Unlock()
	return c.Conn.Close()
}

func (d *dialed) connect(ctx context.Context, network, address string) (net.Conn, error) {
	inner, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &openConn{inner, d}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = inner.Close()
		return nil, net.ErrClosed
	}
	d.open[c] = true
	return c, nil
}

// farewell is how long requests to stop a statement may take after the end.
const farewell = time.Second

// close closes what is open, and what is opened after.
func (d *dialed) close() {
	for end := time.Now().Add(farewell); ; time.Sleep(5 * time.Millisecond) {
		d.mu.Lock()
		if n := len(d.open); n == 0 || time.Now().After(end) {
			break
		}
		d.mu.Unlock()
	}
	defer d.mu.Unlock()
	d.closed = true
	for c := range d.open {
		_ = c.Conn.Close() // nobody waits for it
	}
	clear(d.open)
}
