// Package sqlite is the embedded store: rows and River's queue in one SQLite file, sluice.db, in the data folder.
//
// One connection writes: our transactions, which are immediate and are committed in groups, and River's own statements. A
// read-only pool stands beside it. Our commits are durable (synchronous=FULL); River's own (taking and completing tasks)
// are not forced to disk one by one, because a task that runs twice changes nothing. One process at a time works on tasks
// (see Work); any number may open the folder.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	driver "modernc.org/sqlite"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/queue"
	"github.com/sluicehq/sluice/internal/store/rows"
)

// File is the name of the database in the data folder.
const File = "sluice.db"

// readers is the size of the read pool.
const readers = 4

// Options say where the store is.
type Options struct {
	Dir string       // the data folder, made when absent
	Log *slog.Logger // nil: slog.Default
}

// Store implements store.Store.
type Store struct {
	dir   string
	log   *slog.Logger
	write *sql.DB // one connection, shared with River
	read  *sql.DB

	wake    *bell
	running *queue.Running

	requests chan *request
	closing  chan struct{}
	closed   chan struct{}
	close    sync.Once
}

var _ store.Store = (*Store)(nil)

// Open opens or makes the database of a data folder and brings its schema up to date. store.ErrNewerSchema when a newer
// program wrote it.
func Open(ctx context.Context, o Options) (_ store.Store, err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data folder: %w", err)
	}
	// fdatasync is as durable for a file whose size is synced, and spares the journal a write for the timestamps. It is
	// refused where SQLite never uses it.
	_, _ = driver.Fdatasync(true)

	s := &Store{
		dir: dir, log: o.Log, wake: newBell(), running: queue.NewRunning(),
		requests: make(chan *request, maxGroup), closing: make(chan struct{}), closed: make(chan struct{}),
	}
	defer func() {
		if err != nil {
			_ = s.closePools() // the error that stopped the start says more
		}
	}()
	path := filepath.Join(dir, File)
	if s.write, err = open(path, "_txlock=immediate", "_pragma=wal_autocheckpoint(4000)", "_pragma=journal_size_limit(67108864)"); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	s.write.SetMaxIdleConns(1)
	if err := migrate(ctx, s.write, dir); err != nil {
		return nil, err
	}
	if s.read, err = open(path, "_pragma=query_only(1)"); err != nil {
		return nil, err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	go s.commitLoop()
	return s, nil
}

// open makes a pool whose connections keep their statements prepared.
func open(path string, options ...string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-16384)"
	for _, o := range options {
		dsn += "&" + o
	}
	c, err := driver.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("cannot open the database %s: %w", path, err)
	}
	return sql.OpenDB(preparing{c}), nil
}

// Close ends the store. Work must have returned.
func (s *Store) Close() error {
	s.close.Do(func() {
		close(s.closing)
		<-s.closed
	})
	return s.closePools()
}

func (s *Store) closePools() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} { // the writer last: it checkpoints
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// View runs fn on a snapshot.
func (s *Store) View(ctx context.Context, fn func(store.Reader) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return failure(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to commit
	return failure(fn(rows.NewReader(querier{tx})))
}

// querier runs the shared SQL on a transaction.
type querier struct{ tx *sql.Tx }

func (q querier) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := q.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, failure(err)
	}
	return r.RowsAffected()
}

func (q querier) Later(ctx context.Context, query string, args ...any) error {
	_, err := q.Exec(ctx, query, args...)
	return err
}

func (q querier) Query(ctx context.Context, query string, args ...any) (rows.Rows, error) {
	r, err := q.tx.QueryContext(ctx, query, args...) //nolint:sqlclosecheck,rowserrcheck // the caller closes and checks
	if err != nil {
		return nil, failure(err)
	}
	return r, nil
}

// Lock is empty: there is one writer.
func (querier) Lock(rows.Lock) string { return "" }
