// Package rows holds the SQL and every row method of the store, written once for SQLite and Postgres: a driver gives a
// Querier and a Queue, and gets the methods of store.Reader and store.Tx.
//
// The text keeps to what both databases understand: text ids, integer microseconds, JSON as text, ? placeholders,
// RETURNING and ON CONFLICT. Writers may run at once, at read committed: rows are locked in one order by the updates
// themselves (plan or file, then the counts of the job, then the job), and what was read before the lock is checked again
// after it. Backlog files are locked last, passing over those that others hold.
package rows

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

// Querier runs statements in one transaction or snapshot. Placeholders are written as ?.
type Querier interface {
	// Exec returns how many rows changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Later is Exec for a statement whose count nobody needs: it may wait, and travel with the next one or the commit.
	Later(ctx context.Context, query string, args ...any) error
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	// Lock is what a SELECT adds at its end to lock its rows, "" where writers are one at a time.
	Lock(Lock) string
}

// Lock is how a SELECT locks its rows.
type Lock int

const (
	Keep   Lock = iota // they stay: nobody deletes them meanwhile
	Change             // one at a time may change them, or what hangs on them
	Remove             // nobody else holds them in any way
	Free               // for change, passing over those that others hold
)

// Rows is a result set. *sql.Rows is one.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

var _ Rows = (*sql.Rows)(nil)

// Queue is the task queue inside the same transaction.
type Queue interface {
	// Insert adds tasks and returns their ids in the order given. An id is above 0 and is never used again.
	Insert(ctx context.Context, tasks []store.Task) ([]int64, error)
	// Cancel drops waiting tasks and, after the commit, cancels the contexts of running ones with store.ErrCanceled.
	Cancel(ctx context.Context, ids []int64) error
}

// Reader has the methods of store.Reader.
type Reader struct{ q Querier }

// NewReader reads through q.
func NewReader(q Querier) *Reader { return &Reader{q: q} }

// Tx has the methods of store.Tx. It is one function's view of a transaction.
type Tx struct {
	Reader
	queue Queue
	after []func(context.Context, *Tx) error
}

var (
	_ store.Reader = (*Reader)(nil)
	_ store.Tx     = (*Tx)(nil)
)

// NewTx changes rows through q and tasks through queue.
func NewTx(q Querier, queue Queue) *Tx { return &Tx{Reader: Reader{q: q}, queue: queue} }

// After returns what must be done in the same commit even if the function that used the Tx failed: ClaimFile refuses a
// file that killed its worker three times with ErrGone, and the file fails all the same.
func (t *Tx) After() []func(context.Context, *Tx) error { return t.after }

// one scans the only row of a query; ErrNotFound without a row.
func (r *Reader) one(ctx context.Context, query string, args []any, dest ...any) error {
	rows, err := r.q.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return store.ErrNotFound
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	return rows.Close()
}

// count is one for a single number.
func (r *Reader) count(ctx context.Context, query string, args ...any) (int, error) {
	var n int
	err := r.one(ctx, query, args, &n)
	return n, err
}

// list scans every row of a query.
func list[T any](ctx context.Context, q Querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// first is list for at most one row; ErrNotFound without one.
func first[T any](ctx context.Context, q Querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	all, err := list(ctx, q, scan, query, args...)
	if err == nil && len(all) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return all[0], nil
}

type scanner interface{ Scan(dest ...any) error }

// must turns "no row changed" into missing.
func must(n int64, err error, missing error) error {
	if err == nil && n == 0 {
		return missing
	}
	return err
}

// micros stores a time; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant reads a stored time.
type instant struct{ t *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T, not as an integer", v)
	}
	*i.t = time.Time{}
	if n != 0 {
		*i.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// decoded reads a JSON column.
type decoded struct{ into any }

// Scan implements sql.Scanner.
func (d decoded) Scan(v any) error {
	switch v := v.(type) {
	case string:
		return json.Unmarshal([]byte(v), d.into)
	case []byte:
		return json.Unmarshal(v, d.into)
	}
	return fmt.Errorf("JSON is stored as %T, not as text", v)
}

// raw reads a JSON column without decoding it.
type raw struct{ into *json.RawMessage }

// Scan implements sql.Scanner.
func (r raw) Scan(v any) error {
	switch v := v.(type) {
	case string:
		*r.into = nil
		if v != "" {
			*r.into = json.RawMessage(v)
		}
		return nil
	case []byte:
		*r.into = append(json.RawMessage(nil), v...)
		return nil
	}
	return fmt.Errorf("JSON is stored as %T, not as text", v)
}

// encode writes a JSON column. nil slices become [].
func encode[T any](v []T) (string, error) {
	if len(v) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// truth stores a bool, which the two databases store differently.
func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// marks is a list of n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// like escapes text for LIKE ... ESCAPE '\'.
func like(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
