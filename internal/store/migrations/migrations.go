// Package migrations holds the database schema as goose files, in the SQL that SQLite and Postgres share: text ids,
// integer microseconds since 1970 (0 is no time), integer truth values, JSON as text. Files only add: a released file is
// never changed, and what it made is never dropped, so that the database of an older program stays readable.
package migrations

import "embed"

// FS holds the files in its root.
//
//go:embed *.sql
var FS embed.FS
