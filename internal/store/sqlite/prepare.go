package sqlite

import (
	"context"
	"database/sql/driver"
	"strings"
)

// maxPrepared bounds the statements that a connection keeps. The shared SQL has about a hundred texts; River's lists of
// ids add some that differ by length.
const maxPrepared = 300

// preparing makes connections that keep their statements prepared, for our SQL and for River's alike: parsing and planning
// costs more than running most of them.
type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := c.(sqliteConn)
	if !ok {
		return c, nil
	}
	return &conn{sqliteConn: full, idle: map[string]sqliteStmt{}}, nil
}

// sqliteConn is what a connection of the driver can do and must still be able to do behind conn.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// conn is one connection; database/sql lets one goroutine at a time use it.
type conn struct {
	sqliteConn
	idle map[string]sqliteStmt // statements that nobody is running
}

// Unwrap gives the driver's own connection.
func (c *conn) Unwrap() driver.Conn { return c.sqliteConn }

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	defer c.give(query, s)
	return s.ExecContext(ctx, args)
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	r, err := s.QueryContext(ctx, args)
	if err != nil {
		c.give(query, s)
		return nil, err
	}
	rows, ok := r.(columnRows)
	if !ok {
		_ = r.Close()
		c.give(query, s)
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	return &preparedRows{columnRows: rows, c: c, query: query, s: s}, nil
}

// Close finalizes the statements before the connection.
func (c *conn) Close() error {
	for _, s := range c.idle {
		_ = s.Close()
	}
	clear(c.idle)
	return c.sqliteConn.Close()
}

// take returns a prepared statement for the exclusive use of the caller, nil for a text that is not kept.
func (c *conn) take(ctx context.Context, query string) (sqliteStmt, error) {
	if s := c.idle[query]; s != nil {
		delete(c.idle, query)
		return s, nil
	}
	if !keeps(query) {
		return nil, nil
	}
	p, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := p.(sqliteStmt)
	if !ok {
		_ = p.Close()
		return nil, nil
	}
	return s, nil
}

// give puts a statement back; a second one of the same text (two result sets were open at once) is closed.
func (c *conn) give(query string, s sqliteStmt) {
	if c.idle[query] != nil {
		_ = s.Close()
		return
	}
	if len(c.idle) >= maxPrepared {
		for q, old := range c.idle { // any
			_ = old.Close()
			delete(c.idle, q)
			break
		}
	}
	c.idle[query] = s
}

// keeps says whether a text reads or changes rows. Schema changes and pragmas are run as they come; the driver does not keep
// a text of several statements prepared, so keeping it gains nothing and harms nothing.
func keeps(query string) bool {
	q := strings.TrimSpace(query)
	for strings.HasPrefix(q, "--") {
		_, q, _ = strings.Cut(q, "\n")
		q = strings.TrimSpace(q)
	}
	if len(q) < 6 {
		return false
	}
	switch strings.ToUpper(q[:6]) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "SAVEPO", "RELEAS":
		return true
	}
	return strings.HasPrefix(strings.ToUpper(q), "WITH ")
}

// columnRows are the driver's result sets.
type columnRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
}

type preparedRows struct {
	columnRows
	c     *conn
	query string
	s     sqliteStmt
}

func (r *preparedRows) Close() error {
	err := r.columnRows.Close()
	if r.s != nil {
		r.c.give(r.query, r.s)
		r.s = nil
	}
	return err
}
