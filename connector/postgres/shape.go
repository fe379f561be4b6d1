package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/element"
)

// shape is how a destination writes to a table, made from what the server says of it.
type shape struct {
	table   *table
	targets []target // columns to write, in the order of the table
	record  *column  // record_id; nil when the table has none
	id      *column  // id; nil when the table has none

	// byInsert says that COPY cannot be used: on a view, under row-level security, or because rows are replaced by id.
	byInsert bool
	binary   bool // COPY in the binary form, which each of the targets has

	copy   string // COPY of the targets
	insert string // INSERT of the targets, up to VALUES
	remove string // deletes a document's rows: (record_id); "" without that column
	byID   string // deletes rows by id: (ids); "" without that column
}

// guarantee is what the table allows.
func (s *shape) guarantee() connector.Guarantee {
	switch {
	case s.record != nil:
		return connector.Replaces
	case s.id != nil:
		return connector.Upserts
	}
	return connector.Appends
}

// newShape plans the writing, or says what the table or the role lacks.
func newShape(t *table) (*shape, error) {
	what := "write to the table"
	if t.kind == "m" {
		return nil, connector.Fail(nil, "%s: %s is a materialized view, which takes no rows; name a table", what, t)
	}
	s := &shape{table: t, byInsert: t.kind == "v" || t.secured}
	var names []string
	forbidden := false
	for i, c := range t.columns {
		// A view does not show the defaults that are below it.
		if c.generated || !known[c.name] && (c.hasDefault || t.kind == "v") {
			continue
		}
		if !c.canInsert {
			forbidden = true
			continue
		}
		s.targets = append(s.targets, target{c, formOf(c), wireOf(c)})
		names = append(names, quote(c.name))
		switch c.name {
		case "record_id":
			s.record = &t.columns[i]
		case "id":
			s.id = &t.columns[i]
		}
	}
	useful := false
	for _, k := range s.targets {
		useful = useful || known[k.name]
	}
	switch {
	case !useful && forbidden:
		return nil, t.lacks(what, "INSERT")
	case !useful:
		return nil, connector.Fail(nil, "%s: %s has no column that a record has; it needs some of id, record_id, element_id, type, text, embeddings, metadata and the names of metadata",
			what, t)
	}
	list := strings.Join(names, ", ")
	s.insert = "INSERT INTO " + t.sql() + " (" + list + ") VALUES "
	switch {
	case s.record != nil:
		if !t.canDelete || !s.record.canSelect {
			return nil, t.lacks(what, "SELECT, INSERT, DELETE")
		}
		s.remove = "DELETE FROM " + t.sql() + " WHERE " + quote("record_id") + " = $1::text::" + s.record.cast
	case s.id != nil:
		if !t.canDelete || !s.id.canSelect {
			return nil, t.lacks(what, "SELECT, INSERT, DELETE")
		}
		s.byInsert = true
		s.byID = "DELETE FROM " + t.sql() + " WHERE " + quote("id") + " = ANY($1::text[]::" + s.id.cast + "[])"
	}
	s.binary = !s.byInsert && !slices.ContainsFunc(s.targets, func(t target) bool { return t.wire == wireNone })
	s.copy = "COPY " + t.sql() + " (" + list + ") FROM STDIN"
	if s.binary {
		s.copy += " WITH (FORMAT binary)"
	}
	return s, nil
}

// look plans the writing to the table of the config, once. elements are read only when the table is missing, for the
// dimension of their vectors; they may be nil.
func (d *destination) look(ctx context.Context, c *pgx.Conn, dimension func() int) (*shape, error) {
	d.mu.Lock()
	s := d.shape
	d.mu.Unlock()
	if s != nil {
		return s, nil
	}
	t, err := d.describe(ctx, c)
	if errors.Is(err, errNoTable) {
		return nil, d.missing(ctx, c, dimension())
	}
	if err != nil {
		return nil, err
	}
	if s, err = newShape(t); err != nil {
		return nil, err
	}
	if err := d.warn(ctx, c, s); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.shape = s
	d.mu.Unlock()
	return s, nil
}

// forget makes the next look a fresh one.
func (d *destination) forget() {
	d.mu.Lock()
	d.shape = nil
	d.mu.Unlock()
}

// warn says once what the table lacks.
func (d *destination) warn(ctx context.Context, c *pgx.Conn, s *shape) error {
	text, statement := "", ""
	switch {
	case s.record == nil && s.id == nil:
		text = "the table has no column record_id: rows of an earlier write stay, and a document written twice is there twice"
		statement = "ALTER TABLE " + s.table.sql() + " ADD COLUMN record_id text"
	case s.record == nil:
		text = "the table has no column record_id: rows are replaced by id, and those of elements that a document lost stay"
		statement = "ALTER TABLE " + s.table.sql() + " ADD COLUMN record_id text"
	case s.table.kind == "r" || s.table.kind == "p":
		_, indexed, err := keyed(ctx, c, s.table.oid, s.record.number)
		if err != nil {
			return err
		}
		if indexed {
			return nil
		}
		text = "the column record_id has no index: each document that is written reads the whole table"
		statement = "CREATE INDEX ON " + s.table.sql() + " (record_id)"
	default:
		return nil
	}
	d.warned.Do(func() {
		if d.env.Log != nil {
			d.env.Log.WarnContext(ctx, text, "table", s.table.String(), "statement", statement)
		}
	})
	return nil
}

// missing makes the error of a table that is not there, with the statement that makes one. dimension is that of the
// data's vectors: 0 for data without, -1 when no data was seen.
func (d *destination) missing(ctx context.Context, c *pgx.Conn, dimension int) error {
	var installed, available bool
	err := c.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'vector'),
		EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'vector')`).Scan(&installed, &available)
	if err != nil {
		return err
	}
	before, vectors, after := "", "", ""
	switch {
	case dimension == 0:
	case !installed && !available, dimension > maxDimensions:
		vectors = "embeddings real[], "
	case dimension > 0:
		vectors = fmt.Sprintf("embeddings vector(%d), ", dimension)
	default:
		vectors = "embeddings vector(N), "
		after = " N is the number of dimensions of the embedder; without one leave that column out."
	}
	if strings.Contains(vectors, "vector") && !installed {
		before = "CREATE EXTENSION vector; "
	}
	schema, name, _ := splitName(d.table)
	id := pgx.Identifier{name}
	if schema != "" {
		id = pgx.Identifier{schema, name}
	}
	return connector.Fail(connector.ErrNotFound,
		"table %q is not in database %q, or user %q may not see its schema. This makes one: %sCREATE TABLE %s (id uuid PRIMARY KEY, record_id text NOT NULL, element_id text, type text, text text, %sfilename text, filetype text, page_number text, languages text[], url text, metadata jsonb); CREATE INDEX ON %s (record_id);%s",
		d.table, d.database, d.username, before, id.Sanitize(), vectors, id.Sanitize(), after)
}

// probe is an element with which Check proves that rows can be written.
func (s *shape) probe() element.Element {
	page := 1
	e := element.Element{Type: element.NarrativeText, ID: "00000000000000000000000000000000", Text: "probe",
		Metadata: element.Metadata{Filename: "probe.txt", Filetype: "text/plain", Languages: []string{"eng"}, PageNumber: &page}}
	for _, t := range s.targets {
		if t.name == "embeddings" {
			e.Embeddings = make([]float32, max(t.modifier, 1))
			e.Embeddings[0] = 1
			if t.form != formVector {
				e.Embeddings = e.Embeddings[:1]
			}
		}
	}
	return e
}
