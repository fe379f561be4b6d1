package program_test

import (
	"cmp"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

var record = flag.String("record", "", "record a data folder, with a job in flight, as testdata/`NAME`; see testdata/README.md")

// recorded is the number of files of the recorded job: the first is done, the second has one of its two nodes, the third
// has not begun.
const recorded = 3

// A data folder that an older program left behind in the middle of a job is brought up to date, and the job goes on where
// it was.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	if *record != "" {
		recordFolder(t, filepath.Join("testdata", *record))
	}
	folders, err := filepath.Glob("testdata/schema*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no recorded folders: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			upgrade(t, restore(t, folder))
		})
		t.Run(filepath.Base(folder)+" with an older queue", func(t *testing.T) {
			t.Parallel()
			dir := restore(t, folder)
			olderQueue(t, dir)
			upgrade(t, dir)
		})
	}
}

func upgrade(t *testing.T, dir string) {
	before := versionsIn(t, filepath.Join(dir, "sluice.db"))
	var id string
	if err := database(t, dir).QueryRowContext(t.Context(), `SELECT id FROM job WHERE status = 'IN_PROGRESS'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	done := runsIn(t, dir)
	if len(done) != 3 {
		t.Fatalf("the recorded job has %d finished nodes, not 3", len(done))
	}

	s := serve(t, dir)
	if s.key != "" {
		t.Error("a folder with a workspace got a first key")
	}
	s.key = strings.TrimSpace(run(t, "key", "create", "--data", dir, "after").want(t, 0).out)
	j := s.complete(t, id)
	if len(j.InputFileIDs) != recorded {
		t.Fatalf("the job has %d files, not %d", len(j.InputFileIDs), recorded)
	}
	for i := range recorded {
		want := fmt.Sprintf("Letter number %d", i)
		if elements := s.download(t, j, i, 0); !has(elements, "Title", want) || len(elements) != 2 {
			t.Errorf("file %d gave the elements %q", i, texts(elements))
		}
		if chunks := s.download(t, j, i, 1); len(chunks) != 1 || !strings.HasPrefix(chunks[0].Text, want) {
			t.Errorf("file %d gave the chunks %q", i, texts(chunks))
		}
	}
	if status, body := s.send(t, http.MethodPost, "/api/v1/jobs/"+id+"/cancel", "", nil); status != http.StatusConflict {
		t.Errorf("the completed job was cancelled: %d: %s", status, body)
	}
	s.complete(t, s.create(t, letters(3)).ID)
	s.stop()

	after := runsIn(t, dir)
	if len(after) != 4*recorded {
		t.Errorf("%d finished nodes of two jobs, want %d", len(after), 4*recorded)
	}
	for r, ended := range done {
		if after[r] != ended {
			t.Errorf("node %s of file %s ran again", r.node, r.file)
		}
	}
	copies, err := filepath.Glob(filepath.Join(dir, "sluice.db.before-*"))
	if err != nil {
		t.Fatal(err)
	}
	switch now := versionsIn(t, filepath.Join(dir, "sluice.db")); {
	case now == before:
		if len(copies) != 0 {
			t.Errorf("a database that needs no migration was copied to %v", copies)
		}
	case now.ours < before.ours || now.queue < before.queue:
		t.Errorf("the schema went from %+v to %+v", before, now)
	case len(copies) != 1:
		t.Errorf("before the migration from %+v to %+v the database was copied to %v", before, now, copies)
	default:
		if kept := versionsIn(t, copies[0]); kept != before {
			t.Errorf("the copy has the schema %+v, not %+v", kept, before)
		}
	}
}

// versions are those of the rows and of the queue.
type versions struct{ ours, queue int }

func versionsIn(tb testing.TB, path string) (v versions) {
	tb.Helper()
	db := open(tb, path)
	defer db.Close()
	for query, to := range map[string]*int{
		`SELECT max(version_id) FROM goose_db_version WHERE is_applied`: &v.ours,
		`SELECT max(version) FROM river_migration`:                      &v.queue,
	} {
		if err := db.QueryRowContext(tb.Context(), query).Scan(to); err != nil {
			tb.Fatal(err)
		}
	}
	return v
}

// olderQueue takes the last migration of the queue back.
func olderQueue(tb testing.TB, dir string) {
	tb.Helper()
	db := database(tb, dir)
	defer db.Close()
	db.SetMaxOpenConns(1)
	m, err := rivermigrate.New(riversqlite.New(db), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	before := versionsIn(tb, filepath.Join(dir, "sluice.db"))
	if _, err := m.Migrate(tb.Context(), rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{MaxSteps: 1}); err != nil {
		tb.Fatal(err)
	}
	if now := versionsIn(tb, filepath.Join(dir, "sluice.db")); now.queue != before.queue-1 {
		tb.Fatalf("the schema of the queue went from %d to %d", before.queue, now.queue)
	}
}

// restore makes the data folder that a recording describes.
func restore(tb testing.TB, folder string) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	script, err := os.ReadFile(filepath.Join(folder, "sluice.sql"))
	if err != nil {
		tb.Fatal(err)
	}
	db := database(tb, dir)
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(tb.Context(), string(script)); err != nil {
		tb.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "blobs"), os.DirFS(filepath.Join(folder, "blobs"))); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// recordFolder kills a server in the middle of a job and writes down what it left.
func recordFolder(t *testing.T, folder string) {
	t.Helper()
	if path := os.Getenv("SLUICE_TEST_RECORD_WITH"); path != "" {
		defer func(now string) { program = now }(program)
		program = path
	}
	dir := t.TempDir()
	// The fourth output is the last one of the second file: it dies with its bytes stored and its row not.
	s := serve(t, dir, flags("--workers", "1"), variable("SLUICE_FAILPOINT", "after-blob-put:4"))
	_ = s.create(t, letters(recorded))
	if status := s.wait(); status != -1 {
		t.Fatalf("the server ended with status %d:\n%s", status, s.log.String())
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(folder, "blobs"), os.DirFS(filepath.Join(dir, "blobs"))); err != nil {
		t.Fatal(err)
	}
	db := database(t, dir)
	defer db.Close()
	if err := os.WriteFile(filepath.Join(folder, "sluice.sql"), []byte(dump(t, db)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dump writes a database as SQL that makes it again.
func dump(tb testing.TB, db *sql.DB) string {
	tb.Helper()
	query := func(text string) (list []string) {
		rows, err := db.QueryContext(tb.Context(), text)
		if err != nil {
			tb.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				tb.Fatal(err)
			}
			list = append(list, s)
		}
		if err := rows.Err(); err != nil {
			tb.Fatal(err)
		}
		return list
	}
	var b strings.Builder
	fmt.Fprintln(&b, "-- A data folder in the middle of a job; see testdata/README.md. Not written by hand.")
	fmt.Fprintln(&b, "PRAGMA foreign_keys = OFF;\nBEGIN;")
	tables := query(`SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL ORDER BY name`)
	for _, name := range tables {
		if !strings.HasPrefix(name, "sqlite_") {
			fmt.Fprintf(&b, "%s;\n", query(`SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '` + name + `'`)[0])
		}
	}
	// The counters of sqlite_sequence last: the rows before them count, too.
	slices.SortStableFunc(tables, func(a, b string) int {
		return cmp.Compare(strings.Count(a, "sqlite_sequence"), strings.Count(b, "sqlite_sequence"))
	})
	for _, name := range tables {
		switch {
		case name == "sqlite_sequence":
			fmt.Fprintln(&b, "DELETE FROM sqlite_sequence;")
		case strings.HasPrefix(name, "sqlite_"):
			continue
		}
		var columns []string
		for _, c := range query(`SELECT name FROM pragma_table_info('` + name + `')`) {
			columns = append(columns, `quote("`+c+`")`)
		}
		for _, row := range query(`SELECT ` + strings.Join(columns, ` || ', ' || `) + ` FROM "` + name + `"`) {
			fmt.Fprintf(&b, "INSERT INTO \"%s\" VALUES (%s);\n", name, row)
		}
	}
	for _, text := range query(`SELECT sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL ORDER BY name`) {
		fmt.Fprintf(&b, "%s;\n", text)
	}
	fmt.Fprintln(&b, "COMMIT;")
	return b.String()
}
