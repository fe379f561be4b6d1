package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicehq/sluice/connector"
)

// explain makes an answer about the written values clear: which column of which element, and what to do. The server's own
// text is left out, since it quotes values. Other errors pass.
func (s *shape) explain(what string, err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	if len(e.ColumnName)+len(e.ConstraintName) > 2*maxNameLength {
		return errOdd
	}
	where, c := s.place(e)
	if where != "" {
		what += ": " + where
	}
	format := "type"
	if c != nil {
		format = c.format
	}
	switch e.Code {
	case "22001":
		return connector.Fail(nil, "%s: the value is too long for %s; make the column text, or chunk the document into shorter elements", what, format)
	case "23502":
		return connector.Fail(nil, "%s: column %q is NOT NULL, and an element has no such value; drop the constraint or give the column a default under another name",
			what, e.ColumnName)
	case "23505":
		return connector.Fail(nil, "%s: constraint %q of table %s is violated: a row with the same key is there, and it is not one of this document",
			what, e.ConstraintName, s.table)
	case "23503", "23514", "23P01", "23000", "23001":
		return connector.Fail(nil, "%s: constraint %q of table %s is violated (SQLSTATE %s)", what, e.ConstraintName, s.table, e.Code)
	case "22P05", "22021":
		return connector.Fail(nil, "%s: the encoding of database objects lacks a character of the text (SQLSTATE %s); use a database with the encoding UTF8", what, e.Code)
	case "54000":
		return connector.Fail(nil, "%s: a value is too large for PostgreSQL or for an index of the table (SQLSTATE 54000)", what)
	}
	if strings.HasPrefix(e.Code, "22") {
		return connector.Fail(nil, "%s: the column's type %s does not take the value (SQLSTATE %s)", what, format, e.Code)
	}
	return err
}

var lineOf = regexp.MustCompile(`^COPY .*?, line (\d+)`)

// place finds in the context that COPY gives which element and column an error is about. Only the number and a name that
// we know are taken out of it.
func (s *shape) place(e *pgconn.PgError) (string, *column) {
	where := ""
	if m := lineOf.FindStringSubmatch(e.Where); m != nil {
		where = "element " + m[1]
	}
	for i := range s.targets {
		c := &s.targets[i].column
		if e.ColumnName == c.name || strings.Contains(e.Where, ", column "+c.name+": ") ||
			strings.HasSuffix(e.Where, ", column "+c.name) {
			if where != "" {
				where += ", "
			}
			return where + fmt.Sprintf("column %q", c.name), c
		}
	}
	return where, nil
}

// probed judges the end of a check. A constraint about values was reached after every right was proven, and real elements
// may satisfy what the probe does not; but a column that no element has a value for stops all of them.
func (d *destination) probed(ctx context.Context, s *shape, err error) error {
	if errors.Is(err, errTakeBack) {
		return nil
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) || !strings.HasPrefix(e.Code, "23") {
		if e != nil {
			return s.explain(fmt.Sprintf("write to table %q", d.table), err)
		}
		return err
	}
	if e.Code == "23502" && !known[e.ColumnName] {
		return connector.Fail(nil, "write to table %q: column %q is NOT NULL without a default, and elements have no such value",
			d.table, e.ColumnName)
	}
	if d.env.Log != nil {
		d.env.Log.WarnContext(ctx, "a row for a check violates a constraint of the table; elements may too", "table", s.table.String(),
			"constraint", e.ConstraintName, "column", e.ColumnName)
	}
	return nil
}
