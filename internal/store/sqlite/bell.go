package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/sluicehq/sluice/internal/store/queue"
)

// riverDriver is River's SQLite driver with a listener of our own. River's polls a table of notifications each 50 ms on
// the writing connection; as enqueuer and worker are one process, a commit can wake the worker directly, and no
// notifications are written.
type riverDriver struct {
	*riversqlite.Driver
	bell *bell
}

var _ riverdriver.Driver[*sql.Tx] = (*riverDriver)(nil)

func newRiverDriver(db *sql.DB, b *bell) *riverDriver { return &riverDriver{riversqlite.New(db), b} }

// GetListener implements riverdriver.Driver.
func (d *riverDriver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{bell: d.bell}
}

// SupportsListenNotify implements riverdriver.Driver: River writes no notifications, the commit does.
func (d *riverDriver) SupportsListenNotify() bool { return false }

// bell tells the listener which queues got tasks. It remembers a queue until a listener has taken it.
type bell struct {
	mu     sync.Mutex
	rung   map[string]bool
	signal chan struct{}
}

func newBell() *bell { return &bell{rung: map[string]bool{}, signal: make(chan struct{}, 1)} }

func (b *bell) ring(name string) {
	b.mu.Lock()
	b.rung[name] = true
	b.mu.Unlock()
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

func (b *bell) take() (name string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for q := range b.rung {
		delete(b.rung, q)
		return q, true
	}
	return "", false
}

// listener implements riverdriver.Listener over the bell.
type listener struct {
	bell      *bell
	mu        sync.Mutex
	connected bool
	inserts   bool
}

func (l *listener) Connect(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connected {
		return errors.New("the listener is connected")
	}
	l.connected = true
	return nil
}

func (l *listener) Close(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected, l.inserts = false, false
	return nil
}

func (l *listener) Listen(_ context.Context, topic string) error   { return l.set(topic, true) }
func (l *listener) Unlisten(_ context.Context, topic string) error { return l.set(topic, false) }

func (l *listener) set(topic string, on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if topic == queue.InsertTopic {
		l.inserts = on
	}
	return nil
}

func (l *listener) Ping(context.Context) error { return nil }
func (l *listener) Schema() string             { return "" }
func (l *listener) SetAfterConnectExec(string) {}

// WaitForNotification waits until a queue got tasks. Nothing else is ever notified: there is one client, so nobody
// contends for leadership, and contexts are cancelled directly.
func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		l.mu.Lock()
		on := l.inserts
		l.mu.Unlock()
		if on {
			if name, ok := l.bell.take(); ok {
				return &riverdriver.Notification{Topic: queue.InsertTopic, Payload: queue.Inserted(name)}, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.bell.signal:
		}
	}
}
