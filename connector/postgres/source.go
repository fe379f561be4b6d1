package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/spec"
)

// largestAnswer bounds one message of the server, which is held in memory: a row, bytes.
const largestAnswer = 256 << 20

// source lists the ids of a table in their order and reads rows.
type source struct {
	*server
	env      connector.Env
	idColumn string
	fields   []string // as chosen; nil is all
	suffix   string   // of identifiers, from the fields
	largest  int      // of a document, bytes

	mu   sync.Mutex
	plan *reading
}

// reading is the SQL of a source, made from what the server says of the table.
type reading struct {
	table   *table
	id      column
	columns []column // to read
	unique  bool     // no two rows share an id
	indexed bool     // an index gives the order of ids

	first, next string // lists a page: (limit), (limit, id)
	row         string // reads a document: (id)
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	s, err := read(config)
	if err != nil {
		return nil, err
	}
	out := &source{env: env, fields: spec.Texts(config["fields"]), largest: largestAnswer}
	out.idColumn, _ = config["id_column"].(string)
	if out.idColumn == "" {
		out.idColumn = "id"
	}
	if out.fields != nil {
		sum := sha256.Sum256([]byte(strings.Join(out.fields, ",")))
		out.suffix = "-" + hex.EncodeToString(sum[:4])
	}
	if out.server, err = open(s, env, largestAnswer); err != nil {
		return nil, err
	}
	return out, nil
}

// Check looks the table and its columns up, and reads the first document.
func (s *source) Check(ctx context.Context) error {
	what := fmt.Sprintf("read table %q", s.table)
	return s.on(ctx, what, func(ctx context.Context, c *conn) error {
		p, err := s.look(ctx, c.Conn)
		if err != nil {
			return err
		}
		page, err := s.page(ctx, c.Conn, p, nil, 1)
		if err != nil || len(page) == 0 {
			return err
		}
		err = s.read(ctx, c.Conn, p, page[0].id, io.Discard)
		if errors.Is(err, connector.ErrNotFound) {
			return nil // deleted meanwhile
		}
		return err
	})
}

// Index lists documents in the order of their ids, one batch a query, so that neither the table nor a transaction is
// held: what is inserted behind the position is seen by the next run. The cursor is the last id.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		var after *string
		if from != "" {
			id, ok := strings.CutPrefix(string(from), cursorPrefix)
			if !ok {
				yield(document.Document{}, connector.Fail(nil, "list table %q: this position is not one of a listing of a table", s.table))
				return
			}
			after = &id
		}
		what := fmt.Sprintf("list table %q", s.table)
		for {
			var page []listed
			limit := 0
			err := s.on(ctx, what, func(ctx context.Context, c *conn) (err error) {
				p, err := s.look(ctx, c.Conn)
				if err != nil {
					return err
				}
				limit = p.limit(s.batch)
				page, err = s.page(ctx, c.Conn, p, after, limit)
				return err
			})
			if err != nil {
				yield(document.Document{}, err)
				return
			}
			for _, l := range page {
				if after != nil && l.id == *after { // a type whose text does not give its value back
					yield(document.Document{}, connector.Fail(nil, "%s: the listing does not come past id %q; choose another id_column", what, l.id))
					return
				}
				if ctx.Err() != nil {
					yield(document.Document{}, context.Cause(ctx))
					return
				}
				if !yield(s.document(l), nil) {
					return
				}
			}
			if len(page) < limit {
				return
			}
			after = &page[len(page)-1].id
		}
	}
}

// cursorPrefix keeps the cursor of an empty id from being the start.
const cursorPrefix = "after:"

// limit is how many documents a page has. Without an index each page is a pass over the table: few large ones then.
func (p *reading) limit(batch int) int {
	if p.indexed {
		return batch
	}
	return maxBatch
}

// listed is one entry of a page.
type listed struct{ id, version string }

func (s *source) page(ctx context.Context, c *pgx.Conn, p *reading, after *string, limit int) ([]listed, error) {
	sql, args := p.first, []any{int64(limit)}
	if after != nil {
		sql, args = p.next, append(args, *after)
	}
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, s.explain(p, err)
	}
	defer rows.Close()
	var out []listed
	for rows.Next() {
		if len(out) == limit {
			return nil, errOdd
		}
		raw := rows.RawValues()
		out = append(out, listed{string(raw[0]), string(raw[1])})
	}
	return out, s.explain(p, rows.Err())
}

// document describes a listed row.
func (s *source) document(l listed) document.Document {
	identifier := s.table + "-" + l.id + s.suffix
	name := record.FileName(identifier, ".csv")
	return document.Document{
		Identifier: identifier, Name: name, Path: name, Version: l.version, MIMEType: "text/csv",
		Cursor: cursorPrefix + l.id,
	}
}

// idOf takes the id out of an identifier.
func (s *source) idOf(identifier string) (string, bool) {
	id, ok := strings.CutPrefix(identifier, s.table+"-")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(id, s.suffix)
}

// look describes the table, once: it is looked at again after explain saw that it changed.
func (s *source) look(ctx context.Context, c *pgx.Conn) (*reading, error) {
	s.mu.Lock()
	p := s.plan
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	t, err := s.describe(ctx, c)
	if errors.Is(err, errNoTable) {
		return nil, connector.Fail(connector.ErrNotFound, "table %q is not in database %q, or user %q may not see its schema; write table_name as schema.table if it is not on the search path",
			s.table, s.database, s.username)
	}
	if err != nil {
		return nil, err
	}
	p, err = s.choose(t)
	if err != nil {
		return nil, err
	}
	if p.unique, p.indexed, err = keyed(ctx, c, t.oid, p.id.number); err != nil {
		return nil, err
	}
	if _, err := c.Exec(ctx, "SELECT md5('')"); sqlState(err) != "" && !isLost(err) {
		p.write(sha256Of)
	} else {
		p.write(md5Of)
	}
	if !p.indexed && s.env.Log != nil {
		s.env.Log.WarnContext(ctx, "the id column of this table has no index: each page of the listing reads the whole table",
			"table", t.String(), "column", p.id.name)
	}
	s.mu.Lock()
	s.plan = p
	s.mu.Unlock()
	return p, nil
}

// choose finds the columns of the config in the table.
func (s *source) choose(t *table) (*reading, error) {
	p := &reading{table: t}
	var ok bool
	if p.id, ok = t.column(s.idColumn); !ok {
		return nil, connector.Fail(connector.ErrNotFound, "table %s has no column %q for the id; id_column is one of: %s",
			t, s.idColumn, quoted(t.names()))
	}
	var missing, hidden []string
	for _, f := range s.fields {
		k, ok := t.column(f)
		switch {
		case !ok:
			missing = append(missing, f)
		case !slices.ContainsFunc(p.columns, func(have column) bool { return have.number == k.number }):
			p.columns = append(p.columns, k)
		}
	}
	if missing != nil {
		return nil, connector.Fail(connector.ErrNotFound, "table %s has no column %s; fields are some of: %s", t, quoted(missing), quoted(t.names()))
	}
	if s.fields == nil {
		p.columns = t.columns
	} else if !slices.ContainsFunc(p.columns, func(have column) bool { return have.number == p.id.number }) {
		p.columns = append(p.columns, p.id)
	}
	for _, k := range p.columns {
		if !k.canSelect {
			hidden = append(hidden, k.name)
		}
	}
	if len(hidden) == len(t.columns) || hidden != nil && s.fields == nil && !t.canSelect {
		return nil, t.lacks("read the table", "SELECT")
	}
	if hidden != nil {
		return nil, t.lacks("read the table", "SELECT ("+quoted(hidden)+")")
	}
	return p, nil
}

const findIndexes = `
SELECT coalesce(bool_or(indisunique AND indnkeyatts = 1 AND indisvalid), false), coalesce(bool_or(indisvalid), false)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE indrelid = $1::oid AND indkey[0] = $2::int2 AND indpred IS NULL AND m.amname = 'btree'`

// keyed says whether a column is unique, and whether an index gives its order.
func keyed(ctx context.Context, c *pgx.Conn, table uint32, number int16) (unique, indexed bool, err error) {
	err = c.QueryRow(ctx, findIndexes, table, number).Scan(&unique, &indexed)
	return unique, indexed, err
}

// md5Of hashes text on the server. It is no matter of security.
func md5Of(text string) string { return "md5(" + text + ")" }

// sha256Of is for servers that follow FIPS 140, which have no MD5. It takes twice the time.
func sha256Of(text string) string { return "encode(sha256(convert_to(" + text + ", 'UTF8')), 'hex')" }

// write makes the SQL. Values come as the server's own text: it is the same in every session of ours (UTC, ISO dates).
func (p *reading) write(digest func(string) string) {
	var row []string
	texts := make([]string, len(p.columns))
	for i, k := range p.columns {
		row = append(row, "t."+quote(k.name))
		texts[i] = "t." + quote(k.name) + "::text"
	}
	id := "t." + quote(p.id.name)
	from := " FROM " + p.table.sql() + " t WHERE "
	hash := digest("ROW(" + strings.Join(row, ", ") + ")::text")
	group := ""
	if !p.unique {
		hash = digest("string_agg(" + hash + ", '' ORDER BY " + hash + ")")
		group = " GROUP BY " + id
	}
	list := "SELECT " + id + "::text, " + hash + from
	tail := group + " ORDER BY " + id + " LIMIT $1::int8"
	given := func(n int) string { return fmt.Sprintf("$%d::text::%s", n, p.id.cast) }
	p.first = list + id + " IS NOT NULL" + tail
	p.next = list + id + " > " + given(2) + tail
	p.row = "SELECT " + strings.Join(texts, ", ") + from + id + " = " + given(1)
	if !p.unique { // the same file for the same rows
		p.row += " ORDER BY ROW(" + strings.Join(row, ", ") + ")::text"
	}
}

// explain makes what is wrong with the table itself clear, and forgets what was known of it, since it may have changed.
func (s *source) explain(p *reading, err error) error {
	state := sqlState(err)
	if !strings.HasPrefix(state, "42") && !strings.HasPrefix(state, "0A") {
		return err
	}
	s.mu.Lock()
	s.plan = nil
	s.mu.Unlock()
	switch state {
	case "42883":
		return connector.Fail(nil, "column %q of table %s has the type %s, which has no order; choose another id_column",
			p.id.name, p.table, p.id.format)
	case "42703", "42P01", "42804", "0A000":
		return connector.Retry(nil, 0, "read table %s: it was changed meanwhile", p.table)
	}
	return err
}

// Close implements connector.Source.
func (s *source) Close() error {
	s.close()
	return nil
}
