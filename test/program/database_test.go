package program_test

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// database opens the database of a data folder that no server uses.
func database(tb testing.TB, dir string) *sql.DB {
	tb.Helper()
	return open(tb, filepath.Join(dir, "sluice.db"))
}

func open(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// nodeRun is one finished node of one file.
type nodeRun struct{ file, node string }

// runsIn reads the finished nodes of a data folder, and when each ended: one that ran again has a new end.
func runsIn(tb testing.TB, dir string) map[nodeRun]int64 {
	tb.Helper()
	rows, err := database(tb, dir).QueryContext(tb.Context(), `SELECT file, node, ended_at FROM node_run`)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	found := map[nodeRun]int64{}
	for rows.Next() {
		var r nodeRun
		var ended int64
		if err := rows.Scan(&r.file, &r.node, &ended); err != nil {
			tb.Fatal(err)
		}
		found[r] = ended
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return found
}
