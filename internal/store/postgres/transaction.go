package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sluicehq/sluice/internal/store/rows"
)

type mode bool

const (
	reading mode = false
	writing mode = true
)

// How a transaction begins: sent with its first statement, so that it costs no way of its own. A process that was stopped in
// the middle must not hold its locks for ever. The id of a writing transaction tells what became of it when the connection
// is lost during its commit.
const (
	beginReading = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	beginWriting = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`
	setReading   = `SELECT '', '', set_config('idle_in_transaction_session_timeout', '60000', true)`
	setWriting   = `SELECT pg_current_xact_id()::text, pg_postmaster_start_time()::text, ` +
		`set_config('idle_in_transaction_session_timeout', '15000', true)`
)

// transaction is one transaction on a connection. It implements rows.Querier.
type transaction struct {
	// ctx is that of all statements. The end of a caller's context is heard between functions, not in the middle: an
	// interrupted statement costs the connection, and its outcome.
	ctx    context.Context
	server server
	conn   *pgxpool.Conn
	mode   mode
	began  bool
	ended  bool
	later  []statement // that wait for the next
	id     identity
	broken error // the first failure, after which the server takes no more statements
}

// identity is a transaction's id, and the start of the server that gave it.
type identity struct{ xid, server string }

func (s *Store) begin(ctx context.Context, m mode) (*transaction, error) {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if s.closed.Load() {
			return nil, errClosed
		}
		return nil, s.server.failure(err)
	}
	return &transaction{ctx: context.WithoutCancel(ctx), server: s.server, conn: c, mode: m}, nil
}

// release gives the connection back, rolling back what was not committed.
func (t *transaction) release() {
	if t.began && !t.ended && !t.conn.Conn().IsClosed() {
		_, _ = t.conn.Exec(t.ctx, "ROLLBACK") // if that fails the pool closes the connection, which does the same
	}
	t.ended = true
	t.conn.Release()
}

// errOutcome is a commit whose answer did not come.
var errOutcome = errors.New("the connection was lost during the commit")

func (t *transaction) commit() error {
	if t.broken != nil {
		return t.broken
	}
	if !t.began && len(t.later) == 0 {
		t.ended = true
		return nil
	}
	r, err := t.send("COMMIT", nil)
	if t.ended = true; err != nil {
		return t.uncertain(err)
	}
	tag, err := r.Exec()
	if e := r.Close(); err == nil {
		err = e
	}
	switch {
	case err != nil:
		return t.uncertain(err)
	case tag.String() != "COMMIT":
		return errors.New("the database rolled a transaction back")
	}
	return nil
}

// uncertain tells a commit that was refused from one whose answer was lost.
func (t *transaction) uncertain(err error) error {
	var refused *pgconn.PgError
	if err = t.note(err); errors.As(err, &refused) && !isLost(err) {
		return err
	}
	return fmt.Errorf("%w: %w", errOutcome, err)
}

// statement is one that waits for the next.
type statement struct {
	query string
	args  []any
}

// Later implements rows.Querier.
func (t *transaction) Later(_ context.Context, query string, args ...any) error {
	if t.broken != nil {
		return t.broken
	}
	t.later = append(t.later, statement{numbered(query), storableAll(args)})
	return nil
}

// Exec implements rows.Querier.
func (t *transaction) Exec(_ context.Context, query string, args ...any) (int64, error) {
	if t.broken != nil {
		return 0, t.broken
	}
	query, args = numbered(query), storableAll(args)
	if t.began && len(t.later) == 0 {
		tag, err := t.conn.Exec(t.ctx, query, args...)
		return tag.RowsAffected(), t.note(err)
	}
	b, err := t.send(query, args)
	if err != nil {
		return 0, t.note(err)
	}
	tag, err := b.Exec()
	if e := b.Close(); err == nil {
		err = e
	}
	return tag.RowsAffected(), t.note(err)
}

// Query implements rows.Querier.
func (t *transaction) Query(_ context.Context, query string, args ...any) (rows.Rows, error) {
	if t.broken != nil {
		return nil, t.broken
	}
	query, args = numbered(query), storableAll(args)
	if t.began && len(t.later) == 0 {
		r, err := t.conn.Query(t.ctx, query, args...)
		if err != nil {
			return nil, t.note(err)
		}
		return &result{rows: r, of: t}, nil
	}
	b, err := t.send(query, args)
	if err != nil {
		return nil, t.note(err)
	}
	r, err := b.Query()
	if err != nil {
		_ = b.Close() // fails with the same error
		return nil, t.note(err)
	}
	return &result{rows: r, of: t, batch: b}, nil
}

// send sends the beginning of the transaction and what waits together with a statement, whose result is the next of the
// batch: a round trip is most of the cost of a statement.
func (t *transaction) send(query string, args []any) (pgx.BatchResults, error) {
	var b pgx.Batch
	begins := !t.began
	if begins {
		begin, set := beginReading, setReading
		if t.mode == writing {
			begin, set = beginWriting, setWriting
		}
		b.Queue(begin)
		b.Queue(set)
	}
	waited := len(t.later)
	for _, s := range t.later {
		b.Queue(s.query, s.args...)
	}
	b.Queue(query, args...)
	t.began, t.later = true, nil
	r := t.conn.SendBatch(t.ctx, &b)
	var err error
	if begins {
		if _, err = r.Exec(); err == nil {
			var setting string
			err = r.QueryRow().Scan(&t.id.xid, &t.id.server, &setting)
		}
	}
	for i := 0; i < waited && err == nil; i++ {
		_, err = r.Exec()
	}
	if err != nil {
		_ = r.Close() // fails with the same error
		return nil, err
	}
	return r, nil
}

// Lock implements rows.Querier.
func (*transaction) Lock(l rows.Lock) string {
	switch l {
	case rows.Keep:
		return " FOR KEY SHARE"
	case rows.Change:
		return " FOR NO KEY UPDATE"
	case rows.Remove:
		return " FOR UPDATE"
	default:
		return " FOR UPDATE SKIP LOCKED"
	}
}

// note remembers a failure after which nothing can follow in this transaction.
func (t *transaction) note(err error) error {
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) && t.conn.Conn().IsClosed() && !isLost(err) {
		err = fmt.Errorf("%w: %w", errConnClosed, err)
	}
	err = t.server.failure(err)
	if t.broken == nil && (errors.As(err, &refused) || isLost(err)) {
		t.broken = err
	}
	return err
}

// whole is the error of a function that used the transaction: one that passed over a failure has failed too.
func (t *transaction) whole(err error) error {
	if t.broken != nil && !errors.Is(err, t.broken) {
		return t.broken
	}
	return err
}

// result is a result set of a transaction.
type result struct {
	rows  pgx.Rows
	of    *transaction
	batch pgx.BatchResults // that it is the last of, or nil
	done  bool
}

func (r *result) Next() bool { return r.rows.Next() }
func (r *result) Err() error { return r.of.note(r.rows.Err()) }

// Close ends the result set and says whether it was whole.
func (r *result) Close() error {
	if r.done {
		return nil
	}
	r.done = true
	r.rows.Close()
	err := r.rows.Err()
	if r.batch != nil {
		if e := r.batch.Close(); err == nil {
			err = e
		}
	}
	return r.of.note(err)
}

// Scan reads a row. The truth values of the shared SQL are integers.
func (r *result) Scan(dest ...any) error {
	for i, d := range dest {
		if b, ok := d.(*bool); ok {
			dest[i] = &truth{b}
		}
	}
	if err := r.rows.Scan(dest...); err != nil {
		return fmt.Errorf("a row cannot be read: %w", err)
	}
	return nil
}

type truth struct{ b *bool }

// ScanInt64 implements pgtype.Int64Scanner.
func (t *truth) ScanInt64(v pgtype.Int8) error {
	*t.b = v.Int64 != 0
	return nil
}
