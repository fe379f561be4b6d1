// Package migrations holds the database schema as goose files, in the SQL that SQLite and Postgres share: text ids,
// integer microseconds since 1970 (0 is no time), integer truth values, JSON as text. Files only add: a released file is
// never changed, and what it made is never dropped, so that the database of an older program stays readable.
package migrations

import (
	"embed"
	"strconv"
	"strings"
)

// FS holds the files in its root.
//
//go:embed *.sql
var FS embed.FS

// Latest is the version that the schema has after all migrations: the number at the head of the last file's name.
func Latest() int64 {
	files, _ := FS.ReadDir(".") // of an embedded folder, in the order of the names
	if len(files) == 0 {
		return 0
	}
	number, _, _ := strings.Cut(files[len(files)-1].Name(), "_")
	version, _ := strconv.ParseInt(number, 10, 64)
	return version
}
