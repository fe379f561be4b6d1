package postgres

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/element"
)

// copyBlock is what the driver reads at once, bytes.
const copyBlock = 65_531

// errStopped ends a COPY whose elements ended with an error; the server's log shows its text.
var errStopped = errors.New("the elements ended early")

// head and tail of a binary COPY.
const (
	copyHead = "PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000"
	copyTail = "\377\377"
)

// copyRows sends rows with COPY: in the binary form where every column has one that we know, else in the text form, which
// every type reads.
func (s *shape) copyRows(ctx context.Context, c *pgx.Conn, r *records, elements iter.Seq2[element.Element, error]) error {
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := c.PgConn().CopyFrom(ctx, out, s.copy)
		_ = out.CloseWithError(errStopped) // the writer stops
		ended <- err
	}()
	w := bufio.NewWriterSize(in, copyBlock)
	if s.binary {
		_, _ = w.WriteString(copyHead) // into the buffer
	}
	var row []byte
	var failed error // of the elements
	for e, err := range elements {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			failed = &streamError{err}
			break
		}
		if failed = r.next(e); failed != nil {
			break
		}
		row = r.appendRow(row[:0])
		if _, err := w.Write(row); err != nil {
			break // the COPY ended; it says why
		}
	}
	if failed == nil {
		if s.binary {
			_, _ = w.WriteString(copyTail) // an error stays with w, as below
		}
		_ = w.Flush() // as above
		_ = in.Close()
	} else {
		_ = in.CloseWithError(errStopped)
	}
	if err := <-ended; failed == nil {
		return err
	}
	return failed
}

const (
	maxParameters = 65_535   // of a statement
	maxStatement  = 16 << 20 // bytes of its values
)

// insertRows sends rows with INSERT statements of at most batch rows. Where rows are replaced by id, those of the batch go
// before.
func (s *shape) insertRows(
	ctx context.Context, c *pgx.Conn, r *records, batch int, elements iter.Seq2[element.Element, error],
) error {
	batch = max(1, min(batch, maxParameters/len(s.targets)))
	var values [][]byte
	var ids []string
	size := 0
	flush := func() error {
		if len(values) == 0 {
			return nil
		}
		if s.byID != "" {
			if _, err := c.Exec(ctx, s.byID, ids); err != nil {
				return err
			}
		}
		_, err := c.PgConn().ExecParams(ctx, s.insertSQL(len(values)/len(s.targets)), values, nil, nil, nil).Close()
		values, ids, size = values[:0], ids[:0], 0
		return err
	}
	for e, err := range elements {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return &streamError{err}
		}
		if err := r.next(e); err != nil {
			return err
		}
		r.each(func(i int, v []byte) {
			if v != nil {
				v = append(make([]byte, 0, len(v)), v...)
			}
			values = append(values, v)
			size += len(v)
			if s.byID != "" && s.targets[i].name == "id" {
				ids = append(ids, string(v))
			}
		})
		if len(values) == batch*len(s.targets) || size > maxStatement {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// insertSQL is an INSERT of a number of rows. Its parameters take the types of the columns.
func (s *shape) insertSQL(rows int) string {
	b := []byte(s.insert)
	n := 0
	for row := range rows {
		if row > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '(')
		for i := range s.targets {
			if i > 0 {
				b = append(b, ", "...)
			}
			n++
			b = strconv.AppendInt(append(b, '$'), int64(n), 10)
		}
		b = append(b, ')')
	}
	return string(b)
}
