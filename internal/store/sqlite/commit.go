package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/rows"
)

// Transactions of concurrent callers share a commit, because a commit waits for the disk: while one group is being
// written, the next gathers. Each caller's function stands in a savepoint, so that its error takes back only its own work.
const (
	maxGroup  = 128                   // functions of one commit
	groupTime = 20 * time.Millisecond // a group that has run this long takes no more
)

var errClosed = errors.New("the store is closed")

// request is one caller's function.
type request struct {
	ctx   context.Context
	fn    func(store.Tx) error
	taken atomic.Bool // by the commit loop, or by the caller that gave up waiting
	done  chan error  // buffered
}

// InTx runs fn in a durable transaction, together with others that wait. fn runs on a goroutine of the store; its panic
// becomes an error. When ctx ends while fn waits for its turn, nothing was done; from then on the outcome is awaited.
func (s *Store) InTx(ctx context.Context, fn func(store.Tx) error) error {
	r := &request{ctx: ctx, fn: fn, done: make(chan error, 1)}
	select {
	case s.requests <- r:
	case <-s.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-r.done
	case <-s.closed:
		if r.taken.CompareAndSwap(false, true) {
			return errClosed
		}
		return <-r.done
	}
}

func (s *Store) commitLoop() {
	defer close(s.closed)
	for {
		select {
		case r := <-s.requests:
			s.commitGroup(r)
		case <-s.closing:
			return
		}
	}
}

// outcome is a function that ran and waits for the commit.
type outcome struct {
	r     *request
	err   error
	tasks *taskQueue
}

// commitGroup runs the first function and those that have gathered, commits, and answers them.
func (s *Store) commitGroup(first *request) {
	var group []outcome
	answer := func(err error) {
		for _, o := range group {
			if o.err == nil {
				o.err = err
			}
			o.r.done <- o.err
		}
	}
	ctx := context.Background() // a caller that goes away must not end the others' transaction
	c, err := s.write.Conn(ctx)
	if err != nil {
		group = s.gather(first, nil)
		answer(failure(err))
		return
	}
	defer c.Close()
	// River's statements on this connection are not forced to disk, ours are: forcing a commit forces all before it.
	if err := synchronous(ctx, c, "FULL"); err != nil {
		group = s.gather(first, nil)
		answer(failure(err))
		return
	}
	defer func() { _ = synchronous(ctx, c, "NORMAL") }()
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		group = s.gather(first, nil)
		answer(failure(err))
		return
	}
	g := &transaction{store: s, tx: tx}
	group = s.gather(first, g)
	if g.lost != nil {
		_ = tx.Rollback()
		for i := range group {
			group[i].err = failure(g.lost)
		}
		answer(nil)
		return
	}
	if err := tx.Commit(); err != nil {
		_ = tx.Rollback() // after a failed commit there may be nothing left to roll back
		answer(failure(fmt.Errorf("commit: %w", err)))
		return
	}
	for _, o := range group {
		for _, q := range o.tasks.queues {
			s.wake.ring(q)
		}
		for _, id := range o.tasks.canceled {
			s.running.Cancel(id)
		}
	}
	answer(nil)
}

// gather runs first and what has queued up behind it in the transaction. Without one it only takes them.
func (s *Store) gather(first *request, g *transaction) []outcome {
	var group []outcome
	until := time.Now().Add(groupTime)
	take := func(r *request) {
		if !r.taken.CompareAndSwap(false, true) {
			return // its caller has gone
		}
		switch {
		case r.ctx.Err() != nil:
			r.done <- r.ctx.Err()
		case g == nil:
			group = append(group, outcome{r: r, tasks: &taskQueue{}})
		default:
			tasks := &taskQueue{transaction: g}
			group = append(group, outcome{r: r, err: g.run(r, tasks), tasks: tasks})
		}
	}
	take(first)
	for len(group) < maxGroup && time.Now().Before(until) && (g == nil || g.lost == nil) {
		select {
		case r := <-s.requests:
			take(r)
		default:
			return group
		}
	}
	return group
}

// transaction is one group's transaction.
type transaction struct {
	store *Store
	tx    *sql.Tx
	// lost is the failure after which SQLite has rolled back everything, or nobody can tell. A statement after that would
	// commit by itself, so none may follow.
	lost error
}

// run runs one function in a savepoint, and then what must be done even if it failed.
func (g *transaction) run(r *request, tasks *taskQueue) error {
	t := rows.NewTx(g, tasks)
	err := g.savepoint(tasks, func() error { return r.fn(t) })
	for _, after := range t.After() {
		if g.lost != nil {
			break
		}
		if e := g.savepoint(tasks, func() error { return after(r.ctx, rows.NewTx(g, tasks)) }); e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}

// savepoint runs fn and takes its work back when it fails.
func (g *transaction) savepoint(tasks *taskQueue, fn func() error) error {
	ctx := context.Background()
	if _, err := g.Exec(ctx, "SAVEPOINT one"); err != nil {
		g.lost = err
		return err
	}
	mark := tasks.mark()
	err := guarded(fn)
	if g.lost != nil {
		return g.lost
	}
	if err == nil {
		if _, err := g.Exec(ctx, "RELEASE one"); err != nil {
			g.lost = err
		}
		return g.lost
	}
	tasks.reset(mark)
	for _, undo := range []string{"ROLLBACK TO one", "RELEASE one"} {
		if _, e := g.Exec(ctx, undo); e != nil {
			g.lost = errors.Join(err, e)
			return g.lost
		}
	}
	return err
}

// Exec implements rows.Querier. The end of a caller's context is not heard inside a transaction: an interrupted statement
// would roll back the others' work.
func (g *transaction) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if g.lost != nil {
		return 0, g.lost
	}
	n, err := querier{g.tx}.Exec(context.WithoutCancel(ctx), query, args...)
	return n, g.note(err)
}

// Later implements rows.Querier.
func (g *transaction) Later(ctx context.Context, query string, args ...any) error {
	_, err := g.Exec(ctx, query, args...)
	return err
}

// Query implements rows.Querier.
func (g *transaction) Query(ctx context.Context, query string, args ...any) (rows.Rows, error) {
	if g.lost != nil {
		return nil, g.lost
	}
	r, err := querier{g.tx}.Query(context.WithoutCancel(ctx), query, args...)
	return r, g.note(err)
}

// Lock implements rows.Querier.
func (g *transaction) Lock(l rows.Lock) string { return querier{}.Lock(l) }

// note remembers a failure of the disk, which ends the transaction.
func (g *transaction) note(err error) error {
	if err != nil && errors.Is(failure(err), store.ErrFull) {
		g.lost = failure(err)
		return g.lost
	}
	return err
}

// guarded makes a panic an error, so that one caller's mistake does not end the others' transaction.
func guarded(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return fn()
}

// synchronous sets how commits of a connection are written: FULL waits for the disk.
func synchronous(ctx context.Context, c *sql.Conn, mode string) error {
	_, err := c.ExecContext(ctx, "PRAGMA synchronous = "+mode)
	return err
}
