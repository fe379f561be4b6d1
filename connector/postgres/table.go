package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/connector"
)

// table is what the server says of a table, view or foreign table.
type table struct {
	oid          uint32
	schema, name string
	kind         string // of pg_class: r, p, v, m, f
	role         string // that we are
	secured      bool   // row-level security applies to us
	canSelect    bool
	canDelete    bool
	columns      []column
}

// column is one column, in the order of the table.
type column struct {
	number     int16
	name       string
	format     string // type as SQL writes it: character varying(20), vector(384)
	cast       string // the same without length
	base       string // name of the type behind domains: varchar, vector, _text
	category   string // of pg_type: A array, D time, N number, S text, U other
	element    string // name of an array's element type
	elementOID uint32
	modifier   int32 // length or dimension by the type's own rule; -1 is any
	notNull    bool
	hasDefault bool // a default, an identity
	generated  bool
	canInsert  bool
	canSelect  bool
}

// sql is the quoted name of the table.
func (t *table) sql() string { return pgx.Identifier{t.schema, t.name}.Sanitize() }

// String names the table in messages.
func (t *table) String() string { return t.schema + "." + t.name }

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// column finds a column by its name, or by one that differs in case only if there is exactly one.
func (t *table) column(name string) (column, bool) {
	var near []column
	for _, c := range t.columns {
		if c.name == name {
			return c, true
		}
		if strings.EqualFold(c.name, name) {
			near = append(near, c)
		}
	}
	if len(near) == 1 {
		return near[0], true
	}
	return column{}, false
}

func (t *table) names() []string {
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.name
	}
	return out
}

// splitName reads table or schema.table, each part plain or in double quotes.
func splitName(text string) (schema, name string, ok bool) {
	var parts []string
	for rest := text; ; {
		var part string
		if after, quoted := strings.CutPrefix(rest, `"`); quoted {
			var b strings.Builder
			end := -1
			for i := 0; i < len(after); i++ {
				if after[i] != '"' {
					b.WriteByte(after[i])
					continue
				}
				if i+1 < len(after) && after[i+1] == '"' {
					b.WriteByte('"')
					i++
					continue
				}
				end = i
				break
			}
			if end < 0 {
				return "", "", false
			}
			part, rest = b.String(), after[end+1:]
			if rest != "" && rest[0] != '.' {
				return "", "", false
			}
		} else {
			part = rest
			if i := strings.IndexByte(rest, '.'); i >= 0 {
				part = rest[:i]
			}
			rest = rest[len(part):]
		}
		if part == "" {
			return "", "", false
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		rest = rest[1:]
	}
	switch len(parts) {
	case 1:
		return "", parts[0], true
	case 2:
		return parts[0], parts[1], true
	}
	return "", "", false
}

// The name is looked for as it is written, then as one name that holds a dot, then in lower case, which is what an
// unquoted CREATE TABLE makes of it.
const findTable = `
SELECT c.oid, n.nspname, c.relname, c.relkind::text, current_user::text,
       row_security_active(c.oid),
       has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'DELETE')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT CASE
       WHEN c.relname = $2::text AND (n.nspname = $1::text OR $1::text = '' AND pg_table_is_visible(c.oid)) THEN 1
       WHEN c.relname = $3::text AND pg_table_is_visible(c.oid) THEN 2
       WHEN c.relname = lower($2::text) AND (n.nspname = lower($1::text) OR $1::text = '' AND pg_table_is_visible(c.oid)) THEN 3
       END AS way) w
WHERE c.relname IN ($2::text, $3::text, lower($2::text)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND w.way IS NOT NULL
ORDER BY w.way LIMIT 1`

const findColumns = `
SELECT a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1),
       b.typname, b.typcategory::text, coalesce(e.typname, ''), b.typelem,
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
       a.attnotnull OR t.typnotnull, a.atthasdef AND a.attgenerated = '' OR a.attidentity <> '', a.attgenerated <> '',
       has_column_privilege(a.attrelid, a.attnum, 'INSERT'), has_column_privilege(a.attrelid, a.attnum, 'SELECT')
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`

// errNoTable says that the table of the config is not there.
var errNoTable = fmt.Errorf("no such table: %w", connector.ErrNotFound)

// describe looks the table of the config up. errNoTable when it is not there.
func (s *server) describe(ctx context.Context, c *pgx.Conn) (*table, error) {
	schema, name, ok := splitName(s.table)
	if !ok {
		return nil, connector.Fail(nil, `table_name %q: write table or schema.table; a part that holds a dot stands in double quotes`, s.table)
	}
	t := &table{}
	rows, err := c.Query(ctx, findTable, schema, name, s.table)
	if err != nil {
		return nil, err
	}
	found := rows.Next()
	if found {
		err = rows.Scan(&t.oid, &t.schema, &t.name, &t.kind, &t.role, &t.secured, &t.canSelect, &t.canDelete)
	}
	rows.Close()
	if rows.Err() != nil {
		err = rows.Err()
	}
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errNoTable
	}
	if len(t.schema)+len(t.name)+len(t.role) > 3*maxNameLength {
		return nil, errOdd
	}
	rows, err = c.Query(ctx, findColumns, t.oid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k column
		if err := rows.Scan(&k.number, &k.name, &k.format, &k.cast, &k.base, &k.category, &k.element, &k.elementOID, &k.modifier,
			&k.notNull, &k.hasDefault, &k.generated, &k.canInsert, &k.canSelect); err != nil {
			return nil, err
		}
		if len(k.name)+len(k.format)+len(k.cast) > 3*maxNameLength || len(t.columns) == maxColumns {
			return nil, errOdd
		}
		t.columns = append(t.columns, k)
	}
	return t, rows.Err()
}

// Names have 63 bytes and tables 1,600 columns, unless the server was built otherwise.
const (
	maxNameLength = 256
	maxColumns    = 5000
)

// errOdd is an answer that PostgreSQL does not give.
var errOdd = connector.Fail(nil, "the server does not answer as PostgreSQL does; check host and port")

// lacks makes the error of rights that the role does not have, with the statement that gives them.
func (t *table) lacks(what, rights string) error {
	return connector.Fail(connector.ErrForbidden, "%s: role %q lacks %s on table %s; its owner can run: GRANT %s ON %s TO %s",
		what, t.role, rights, t, rights, t.sql(), quote(t.role))
}
