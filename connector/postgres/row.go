package postgres

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
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
	var text []byte
	err := s.on(ctx, what, func(c *pgx.Conn) error {
		p, err := s.look(ctx, c)
		if err != nil {
			return err
		}
		text, err = s.read(ctx, c, p, id)
		return err
	})
	if err != nil {
		return document.File{}, err
	}
	return s.file(fileName(d.Identifier), text)
}

// read makes the CSV of the rows with an id, of which there is one as a rule.
func (s *source) read(ctx context.Context, c *pgx.Conn, p *reading, id string) ([]byte, error) {
	rows, err := c.Query(ctx, p.row, id)
	if err != nil {
		return nil, s.explain(p, err)
	}
	defer rows.Close()
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	record := make([]string, len(p.columns))
	for i, k := range p.columns {
		record[i] = k.name
	}
	if err := w.Write(record); err != nil {
		return nil, err
	}
	found := false
	for rows.Next() {
		found = true
		for i, v := range rows.RawValues() {
			record[i] = string(v)
		}
		if err := w.Write(record); err != nil {
			return nil, err
		}
	}
	w.Flush()
	if err := rows.Err(); err != nil {
		return nil, s.explain(p, err)
	}
	if !found {
		return nil, connector.Fail(connector.ErrNotFound, "row %q of table %s is not there any more", id, p.table)
	}
	return out.Bytes(), nil
}

// file gives the bytes as a file; many of them stand on disk.
func (s *source) file(name string, text []byte) (document.File, error) {
	const mime = "text/csv"
	if len(text) <= inMemory {
		return document.NewFile(name, mime, int64(len(text)), bytes.NewReader(text)), nil
	}
	f, err := os.CreateTemp(s.env.TempDir, "sluice-row-")
	if err != nil {
		return document.File{}, fmt.Errorf("spool a row: %w", err)
	}
	spooled := &spool{f}
	if _, err := f.Write(text); err != nil {
		return document.File{}, errors.Join(fmt.Errorf("spool a row: %w", err), spooled.Close())
	}
	return document.NewFile(name, mime, int64(len(text)), spooled), nil
}

// spool is a file that goes when it is closed.
type spool struct{ *os.File }

func (s *spool) Close() error { return errors.Join(s.File.Close(), os.Remove(s.Name())) }

// sqlState is the SQLSTATE of an error, "" if the server did not make it.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
