package postgres

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

// destination writes rows of elements.
type destination struct {
	*server
	env connector.Env

	mu     sync.Mutex
	shape  *shape
	warned sync.Once
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

// largestReply bounds a message of the server that a destination reads, bytes: errors, rows of the catalogue.
const largestReply = 16 << 20

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	s, err := read(config)
	if err != nil {
		return nil, err
	}
	d := &destination{env: env}
	if d.server, err = open(s, env, largestReply); err != nil {
		return nil, err
	}
	return d, nil
}

// Guarantee implements connector.Destination: Replaces for a table with the column record_id. Without it rows are replaced
// by id (Upserts); without that too they are added (Appends). It looks at the table if nobody has; when that is not
// possible it says Replaces, which a table as documented gives.
func (d *destination) Guarantee() connector.Guarantee {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	guarantee := connector.Replaces
	_ = d.on(ctx, "look at the table", func(ctx context.Context, c *conn) error { // Check and Replace say what is wrong
		s, err := d.look(ctx, c.Conn, func() int { return -1 })
		if err == nil {
			guarantee = s.guarantee()
		}
		return err
	})
	return guarantee
}

// Check writes and deletes a row in a transaction that it takes back.
func (d *destination) Check(ctx context.Context) error {
	d.forget()
	what := fmt.Sprintf("write to table %q", d.table)
	return d.on(ctx, what, func(ctx context.Context, c *conn) error {
		s, err := d.look(ctx, c.Conn, func() int { return -1 })
		if err != nil {
			return err
		}
		err = d.write(ctx, c.Conn, s, "sluice-check-"+rand.Text(), one(s.probe()), func() error {
			_, err := c.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
			if err == nil {
				err = errTakeBack
			}
			return err
		})
		return d.probed(ctx, s, err)
	})
}

// errTakeBack ends a transaction that wrote what it should, without a commit.
var errTakeBack = fmt.Errorf("taken back")

func one(e element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) { yield(e, nil) }
}

// Replace writes a document in one transaction: readers see its old rows or its new ones. Two writers of the same
// document wait for each other. Nothing is written when one element cannot be.
func (d *destination) Replace(
	ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error],
) error {
	what := fmt.Sprintf("write document %q", doc.Identifier)
	fresh, reading := false, false
	return d.on(ctx, what, func(ctx context.Context, c *conn) error {
		d.mu.Lock()
		fresh = d.shape == nil
		d.mu.Unlock()
		s, err := d.look(ctx, c.Conn, func() int { return dimension(elements) })
		if err != nil {
			return err
		}
		err = d.write(ctx, c.Conn, s, doc.Identifier, func(yield func(element.Element, error) bool) {
			reading = true
			elements(func(e element.Element, err error) bool {
				c.moved()
				return yield(e, err)
			})
		}, func() error {
			failpoint.Hit(failpoint.MidReplace)
			c.moved()
			return nil
		})
		if err == nil || ctx.Err() != nil {
			return err
		}
		state := sqlState(err)
		if strings.HasPrefix(state, "42") || strings.HasPrefix(state, "2") {
			d.forget() // the owner may change the table now
		}
		if !fresh && strings.HasPrefix(state, "42") && state != "42501" {
			return connector.Retry(nil, 0, "%s: table %q was changed meanwhile", what, d.table)
		}
		if reading {
			return d.failed(what, s.explain(what, err)) // the elements are read once: no second try here
		}
		return err
	})
}

// dimension reads elements up to the first with a vector and returns its length, or 0.
func dimension(elements iter.Seq2[element.Element, error]) int {
	for e, err := range elements {
		if err != nil {
			return 0
		}
		if e.Embeddings != nil {
			return len(e.Embeddings)
		}
	}
	return 0
}

// Remove deletes a document's rows.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	what := fmt.Sprintf("remove document %q", doc.Identifier)
	return d.on(ctx, what, func(ctx context.Context, c *conn) error {
		s, err := d.look(ctx, c.Conn, func() int { return -1 })
		if err != nil {
			return err
		}
		if s.record == nil {
			return connector.Fail(nil, "%s: table %s has no column record_id, so that the rows of a document cannot be found", what, s.table)
		}
		return s.transact(ctx, c.Conn, doc.Identifier, func() error { return nil })
	})
}

// write replaces a document's rows. before runs when they are written and not yet committed; its error takes them back.
func (d *destination) write(ctx context.Context, c *pgx.Conn, s *shape, identifier string,
	elements iter.Seq2[element.Element, error], before func() error,
) error {
	return s.transact(ctx, c, identifier, func() error {
		r := newRecords(s, identifier)
		var err error
		if s.byInsert {
			err = s.insertRows(ctx, c, r, d.batch, elements)
		} else {
			err = s.copyRows(ctx, c, r, elements)
		}
		if err != nil {
			return err
		}
		return before()
	})
}

// transact runs work in a transaction that holds the document's lock and has deleted its rows.
func (s *shape) transact(ctx context.Context, c *pgx.Conn, identifier string, work func() error) error {
	// Each statement has to see what the writer before us left, whatever the role's own default is.
	tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = tx.Rollback(ctx) // without effect after the commit; a connection that fails here is dropped
	}()
	var b pgx.Batch
	b.Queue("SELECT pg_advisory_xact_lock($1::int8)", s.lock(identifier))
	if s.remove != "" {
		b.Queue(s.remove, string(clean([]byte(identifier))))
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		if strings.HasPrefix(sqlState(err), "22") {
			return connector.Fail(nil, "column %q of table %s is %s, which does not take the value of document %q; make it text",
				s.record.name, s.table, s.record.format, identifier)
		}
		return err
	}
	if err := work(); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// lock is the key of a document's advisory lock.
func (s *shape) lock(identifier string) int64 {
	sum := sha256.Sum256([]byte("sluice\x00" + s.table.schema + "\x00" + s.table.name + "\x00" + identifier))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// Close implements connector.Destination.
func (d *destination) Close() error {
	d.close()
	return nil
}
