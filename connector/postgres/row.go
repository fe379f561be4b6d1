package postgres

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

// inMemory is the largest document that is not spooled to disk, bytes.
const inMemory = 8 << 20

// Fetch reads a row: a CSV file with a header and the row's values, NULL being empty.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	what := fmt.Sprintf("read row %q", d.Identifier)
	id, ok := s.idOf(d.Identifier)
	if !ok {
		return document.File{}, connector.Fail(connector.ErrNotFound, "%s: it is not a row of table %q with these fields", what, s.table)
	}
	out := spool.New(s.env.TempDir, inMemory)
	err := s.on(ctx, what, func(ctx context.Context, c *conn) error {
		p, err := s.look(ctx, c.Conn)
		if err != nil {
			return err
		}
		if err := out.Reset(); err != nil { // of an earlier try
			return err
		}
		return s.read(ctx, c.Conn, p, id, out)
	})
	if err != nil {
		_ = out.Close() // the error that matters is the first
		return document.File{}, err
	}
	return out.File(record.FileName(d.Identifier, ".csv"), "text/csv"), nil
}

// read writes the CSV of the rows with an id, of which there is one as a rule.
func (s *source) read(ctx context.Context, c *pgx.Conn, p *reading, id string, to io.Writer) error {
	rows, err := c.Query(ctx, p.row, id)
	if err != nil {
		return s.explain(p, err)
	}
	defer rows.Close()
	w := csv.NewWriter(to)
	record := make([]string, len(p.columns))
	for i, k := range p.columns {
		record[i] = k.name
	}
	if err := w.Write(record); err != nil {
		return err
	}
	found, size := false, 0
	for rows.Next() {
		found = true
		for i, v := range rows.RawValues() {
			record[i] = string(v)
			size += len(v)
		}
		if err := w.Write(record); err != nil {
			return err
		}
		if size > s.largest {
			return connector.Fail(nil, "the rows with id %q of table %s have more than %d MB; choose fewer fields", id, p.table, s.largest>>20)
		}
	}
	w.Flush()
	if err := rows.Err(); err != nil {
		return s.explain(p, err)
	}
	if !found {
		return connector.Fail(connector.ErrNotFound, "row %q of table %s is not there any more", id, p.table)
	}
	return w.Error()
}

// sqlState is the SQLSTATE of an error, "" if the server did not make it.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
