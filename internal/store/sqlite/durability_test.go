package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

// childFolder tells the test binary to be the worker that a test kills.
const childFolder = "SLUICE_TEST_WORKER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := workerChild(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// workerChild claims the file of each task, says so, and hangs.
func workerChild(dir string) error {
	s, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		return err
	}
	return s.Work(context.Background(), store.WorkOptions{Node: "child", Bulk: 1, Demand: 1}, func(ctx context.Context, t store.Task) error {
		err := s.InTx(ctx, func(tx store.Tx) error {
			_, _, err := tx.ClaimFile(ctx, t.Workspace, t.Job, t.File, "child")
			return err
		})
		fmt.Println("claimed", t.File, err)
		select {}
	})
}

func openDir(tb testing.TB, dir string) *Store {
	tb.Helper()
	s, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	return s.(*Store)
}

// seed makes a job of n queued files.
func seed(tb testing.TB, s *Store, n int) (workspace, job string) {
	tb.Helper()
	ctx := context.Background()
	workspace, job = uuid.NewString(), uuid.NewString()
	err := s.InTx(ctx, func(tx store.Tx) error {
		if err := tx.CreateWorkspace(ctx, store.Workspace{ID: workspace, Name: workspace, CreatedAt: time.Now()}); err != nil {
			return err
		}
		if err := tx.CreateJob(ctx, store.Job{ID: job, Workspace: workspace, Nodes: []workflow.Node{{ID: "n"}}, CreatedAt: time.Now()}, nil); err != nil {
			return err
		}
		if _, err := tx.AddFiles(ctx, workspace, job, fileRows(0, n), "", ""); err != nil {
			return err
		}
		_, err := tx.TopUp(ctx, workspace, job, n)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return workspace, job
}

func fileRows(from, n int) []store.File {
	files := make([]store.File, n)
	for i := range files {
		files[i] = store.File{ID: uuid.NewString(), Identifier: fmt.Sprint(from + i)}
	}
	return files
}

// A task whose process was killed runs again as soon as another process works on the folder.
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	s := openDir(t, dir)
	workspace, job := seed(t, s, 1)

	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "claimed ") || !strings.HasSuffix(line, " <nil>\n") {
		t.Fatalf("the child said %q, %v", line, err)
	}
	options := store.WorkOptions{Node: "parent", Bulk: 1, Demand: 1, Grace: time.Second}
	if err := s.Work(ctx, options, nil); err == nil || !strings.Contains(err.Error(), "another sluice server works on the data folder") {
		t.Errorf("a second worker: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed

	claimed := make(chan store.File, 1)
	work, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- s.Work(work, options, func(ctx context.Context, task store.Task) error {
			return s.InTx(ctx, func(tx store.Tx) error {
				_, f, err := tx.ClaimFile(ctx, task.Workspace, task.Job, task.File, "parent")
				claimed <- f
				return err
			})
		})
	}()
	select {
	case f := <-claimed:
		if f.Workspace != workspace || f.Job != job || f.Attempt != 2 || f.Claims != 2 {
			t.Errorf("the claim after the kill: %+v", f)
		}
	case <-time.After(30 * time.Second):
		t.Error("the orphan was not taken")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Other processes use the store while a worker runs.
func TestOpenBesideWorker(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(context.Background())
	dir := t.TempDir()
	s := openDir(t, dir)
	done := make(chan error, 1)
	go func() {
		done <- s.Work(ctx, store.WorkOptions{Node: "n", Bulk: 1, Demand: 1}, func(context.Context, store.Task) error { return nil })
	}()
	other := openDir(t, dir)
	workspace, _ := seed(t, other, 0)
	err := s.View(ctx, func(r store.Reader) error {
		_, err := r.Workspace(ctx, workspace)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.InTx(context.Background(), func(store.Tx) error { return nil }); err == nil {
		t.Error("a transaction after Close was run")
	}
}

// Two processes that open a new folder at once both get the schema.
func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Open(context.Background(), Options{Dir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A full database refuses everything of a transaction, keeps what it has, and works on when there is room again.
func TestFull(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := openDir(t, t.TempDir())
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	workspace, job := seed(t, s, 3)
	limit := func(pages int) {
		t.Helper()
		if _, err := s.write.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	total := func() (n int) {
		t.Helper()
		err := s.View(ctx, func(r store.Reader) error {
			j, err := r.Job(ctx, workspace, job)
			n = j.Total
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var pages int
	if err := s.write.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit(pages + 2)
	ignored := false
	err := s.InTx(ctx, func(tx store.Tx) error {
		if err := tx.SetMeta(ctx, "half", "written"); err != nil {
			return err
		}
		_, err := tx.AddFiles(ctx, workspace, job, fileRows(10, 2000), "", "")
		// A function that goes on after the failure must not write into the open.
		ignored = tx.SetMeta(ctx, "late", "written") == nil
		return err
	})
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("AddFiles on a full database: %v", err)
	}
	if ignored {
		t.Error("a statement after the failure was taken")
	}
	if n := total(); n != 3 {
		t.Errorf("%d files after the failure", n)
	}
	for _, name := range []string{"half", "late"} {
		err := s.View(ctx, func(r store.Reader) error {
			v, err := r.Meta(ctx, name)
			if v != "" {
				t.Errorf("%s is %q", name, v)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	limit(1 << 30)
	err = s.InTx(ctx, func(tx store.Tx) error {
		_, err := tx.AddFiles(ctx, workspace, job, fileRows(10, 2000), "", "")
		return err
	})
	if err != nil {
		t.Errorf("with room again: %v", err)
	}
	if n := total(); n != 2003 {
		t.Errorf("%d files with room again", n)
	}
}

// raw opens the database without the store.
func rawDB(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := open(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, statement := range []string{
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`,
		`INSERT INTO river_migration (line, version) VALUES ('main', 9999)`,
	} {
		dir := t.TempDir()
		if err := openDir(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
		db := rawDB(t, dir)
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, Options{Dir: dir}); !errors.Is(err, store.ErrNewerSchema) {
			t.Errorf("%s: %v", statement, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*before*")); len(left) != 0 {
			t.Errorf("a refused database was copied: %v", left)
		}
	}
}

// A database of an older schema is copied before it is migrated, a new one is not.
func TestCopyBeforeMigration(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	s := openDir(t, dir)
	workspace, _ := seed(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*before*")); len(left) != 0 {
		t.Errorf("a new database was copied: %v", left)
	}
	// An index that the queue's last migration makes is taken away with the record of that migration.
	db := rawDB(t, dir)
	if _, err := db.ExecContext(ctx, `DELETE FROM river_migration WHERE version = (SELECT max(version) FROM river_migration)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s = openDir(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	copies, err := filepath.Glob(filepath.Join(dir, File+".before-*"))
	if err != nil || len(copies) != 1 {
		t.Fatalf("copies: %v, %v", copies, err)
	}
	old := t.TempDir()
	if err := os.Rename(copies[0], filepath.Join(old, File)); err != nil {
		t.Fatal(err)
	}
	s = openDir(t, old)
	defer s.Close()
	err = s.View(ctx, func(r store.Reader) error {
		_, err := r.Workspace(ctx, workspace)
		return err
	})
	if err != nil {
		t.Errorf("the copy does not have the row: %v", err)
	}
}
