package postgres

import (
	"context"
	"fmt"
	"maps"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/connector"
	pgserver "github.com/sluicehq/sluice/internal/testserver/postgres"
)

// shared is the server of all tests but those that stop it.
var shared struct {
	sync.Mutex
	*pgserver.Server
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.Server != nil {
		if err := shared.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func sharedServer(tb testing.TB) *pgserver.Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a PostgreSQL server; run without -short")
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.Server == nil {
		s, err := pgserver.New()
		if err != nil {
			tb.Fatal(err)
		}
		shared.Server = s
	}
	return shared.Server
}

// place is a database of one test.
type place struct {
	*pgserver.Server
	db *pgx.ConnConfig
}

// newPlace makes a database with pgvector.
func newPlace(tb testing.TB, s *pgserver.Server) *place {
	tb.Helper()
	config, err := pgx.ParseConfig(s.Empty(tb))
	if err != nil {
		tb.Fatal(err)
	}
	p := &place{Server: s, db: config}
	p.exec(tb, "CREATE EXTENSION vector")
	return p
}

// open makes a connection that is not the connector's.
func (p *place) open(tb testing.TB) *pgx.Conn {
	tb.Helper()
	c, err := pgx.ConnectConfig(context.Background(), p.db)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (p *place) exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	c := p.open(tb)
	defer c.Close(context.Background())
	if _, err := c.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// rows reads a query as text.
func (p *place) rows(tb testing.TB, sql string, args ...any) [][]string {
	tb.Helper()
	c := p.open(tb)
	defer c.Close(context.Background())
	rows, err := c.Query(context.Background(), sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		var row []string
		for _, v := range rows.RawValues() {
			if v == nil {
				row = append(row, "NULL")
			} else {
				row = append(row, string(v))
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return out
}

// config of a connector to a table of the place; more overrides.
func (p *place) config(table string, more map[string]any) map[string]any {
	out := map[string]any{"host": p.db.Host, "port": int64(p.db.Port), "database": p.db.Database, "username": p.db.User,
		"password": p.db.Password, "table_name": table}
	maps.Copy(out, more)
	return out
}

func (p *place) destination(tb testing.TB, table string, more map[string]any, env connector.Env) connector.Destination {
	tb.Helper()
	d, err := connector.OpenDestination(Type, p.config(table, more), env)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { d.Close() })
	return d
}

func (p *place) source(tb testing.TB, table string, more map[string]any, env connector.Env) connector.Source {
	tb.Helper()
	s, err := connector.OpenSource(Type, p.config(table, more), env)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

var number atomic.Int64

// unique is a name of its own.
func unique(prefix string) string { return fmt.Sprintf("%s%d", prefix, number.Add(1)) }
