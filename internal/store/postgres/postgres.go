// Package postgres is the store for several processes: rows and River's queue in one PostgreSQL database.
//
// Each function of InTx is one transaction at read committed. The shared SQL locks by its updates, first the file, then the
// counts of its job, and checks again what it read before it had the lock; a transaction that was chosen to end a deadlock,
// or whose connection was lost, runs again. A View is one repeatable-read snapshot.
//
// A process that works registers as a node and beats (see node.go). Nothing depends on the session of a connection but
// LISTEN, which only saves time: a pooler that shares connections between transactions may stand before the database.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/queue"
	"github.com/sluicehq/sluice/internal/store/rows"
)

// Options say where the store is.
type Options struct {
	// URL is postgres://user:password@host:port/database with the parameters of libpq, pgx and its pool: sslmode,
	// search_path, pool_max_conns, and default_query_exec_mode=exec for a pooler that knows no prepared statements.
	URL string
	Log *slog.Logger // nil: slog.Default
}

// Store implements store.Store.
type Store struct {
	log    *slog.Logger
	server server

	pool    *pgxpool.Pool // transactions and views
	control *pgxpool.Pool // what may not wait behind them: beats, notifications, the outcome of a lost commit

	running *queue.Running
	wake    *notifier
	// follows is true while this process works and another one looks for lost work, see Lost.
	follows atomic.Bool

	close  sync.Once
	closed atomic.Bool
}

var _ store.Store = (*Store)(nil)

// Open connects to the database and brings its schema up to date, one process at a time. store.ErrNewerSchema when a newer
// program wrote it.
func Open(ctx context.Context, o Options) (_ store.Store, err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	server, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{log: o.Log, server: server, running: queue.NewRunning()}
	defer func() {
		if err != nil {
			s.closePools()
		}
	}()
	if s.pool, err = server.connect(ctx, defaultConns); err != nil {
		return nil, err
	}
	if s.control, err = server.connect(ctx, controlConns); err != nil {
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	s.wake = newNotifier(s.control)
	return s, nil
}

// oldest is the first PostgreSQL that tells the outcome of a transaction by its full id.
const oldest = 130000

// check refuses what would fail later, and worse.
func (s *Store) check(ctx context.Context) error {
	var version int
	var encoding string
	err := s.control.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding')`).
		Scan(&version, &encoding)
	switch {
	case err != nil:
		return s.server.failure(err)
	case version < oldest:
		return fmt.Errorf("PostgreSQL %d at %s is too old; PostgreSQL 13 or newer is needed", version/10000, s.server)
	case encoding != "UTF8":
		return fmt.Errorf("the database at %s has the encoding %s; make one with CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'",
			s.server, encoding)
	}
	return nil
}

var errClosed = errors.New("the store is closed")

// Close ends the store. Work must have returned.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.closed.Store(true)
		s.wake.stop()
		s.closePools()
	})
	return nil
}

func (s *Store) closePools() {
	for _, p := range []*pgxpool.Pool{s.pool, s.control} {
		if p != nil {
			p.Close()
		}
	}
}

// View runs fn on a snapshot. Like the function of InTx, fn runs again when the connection was lost.
func (s *Store) View(ctx context.Context, fn func(store.Reader) error) error {
	return s.again(ctx, func() (err, cause error) {
		t, err := s.begin(ctx, reading)
		if err != nil {
			return err, err
		}
		defer t.release()
		err = t.whole(fn(&reader{Reader: rows.NewReader(t), store: s}))
		return err, t.broken
	})
}
