package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/rows"
)

const (
	// maxConflicts is how often a transaction runs again that lost against others.
	maxConflicts = 20
	// patience is how long a transaction waits for a server that is gone: a restart, a failover.
	patience = 20 * time.Second
)

// InTx runs fn in a durable transaction of its own. fn runs again when the transaction lost against another one or its
// connection was lost; its panic becomes an error. When ctx ends before fn has begun, nothing was done; from then on the
// outcome is awaited.
func (s *Store) InTx(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.again(ctx, func() (err, cause error) { return s.once(ctx, fn) })
}

// once runs fn and commits, and then what must be done even if fn failed. cause is the failure of the database behind err,
// nil for an error of fn's own.
func (s *Store) once(ctx context.Context, fn func(store.Tx) error) (err, cause error) {
	after, err, cause := s.attempt(ctx, fn)
	if err == nil || cause != nil || len(after) == 0 {
		return err, cause
	}
	e := s.InTx(ctx, func(tx store.Tx) error {
		for _, f := range after {
			if err := f(ctx, tx.(*rows.Tx)); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, e), nil
}

func (s *Store) attempt(ctx context.Context, fn func(store.Tx) error) (after []func(context.Context, *rows.Tx) error, err, cause error) {
	t, err := s.begin(ctx, writing)
	if err != nil {
		return nil, err, err
	}
	defer t.release()
	q := &taskQueue{t: t}
	tx := rows.NewTx(t, q)
	if err = t.whole(guarded(func() error { return fn(tx) })); err != nil {
		return tx.After(), err, t.broken
	}
	for _, f := range tx.After() {
		if err := t.whole(f(ctx, rows.NewTx(t, q))); err != nil {
			return nil, err, t.broken
		}
	}
	err = t.commit()
	if errors.Is(err, errOutcome) {
		err = s.outcome(ctx, t.id, err)
	}
	if err != nil {
		return nil, err, err
	}
	s.tell(q)
	return nil, nil, nil
}

// again runs step until it succeeds or its cause is none that passes.
func (s *Store) again(ctx context.Context, step func() (err, cause error)) error {
	var lost time.Time
	for n := 0; ; n++ {
		err, cause := step()
		if err == nil || cause == nil || errors.Is(err, errUnknown) {
			return err
		}
		var pause time.Duration
		switch {
		case isConflict(cause):
			if n >= maxConflicts {
				return err
			}
			pause = rand.N(time.Duration(n+1) * 10 * time.Millisecond)
		case isLost(cause):
			if lost.IsZero() {
				lost = time.Now()
			}
			if time.Since(lost) > patience {
				return err
			}
			pause = min(50*time.Millisecond<<min(n, 5), time.Second)
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// errUnknown is a commit that nobody can tell the outcome of.
var errUnknown = errors.New("the database was lost while a change was saved, and cannot tell whether it was saved; look at the state before you try again")

// outcome asks what became of a transaction whose commit was not answered: nil when it was committed, a lost connection
// (so that it runs again) when it was not. A server that crashed may give the same id again, so its yes is no proof.
func (s *Store) outcome(ctx context.Context, id identity, lost error) error {
	ctx = context.WithoutCancel(ctx)
	for start := time.Now(); time.Since(start) < patience; {
		var status *string
		var server string
		err := s.control.QueryRow(ctx, `SELECT pg_xact_status($1::text::xid8), pg_postmaster_start_time()::text`, id.xid).Scan(&status, &server)
		var refused *pgconn.PgError
		switch {
		case errors.As(err, &refused) && !isLost(err):
			return lost // the id was never given out on this server: its memory was lost
		case err != nil, status != nil && *status == "in progress":
			time.Sleep(100 * time.Millisecond)
		case status == nil:
			return errUnknown
		case *status != "committed":
			return lost
		case server != id.server:
			return errUnknown
		default:
			return nil
		}
	}
	return errUnknown
}

// guarded makes a panic an error.
func guarded(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return fn()
}
