package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/migrations"
)

// migrate brings our schema and River's up to date, one process at a time. A database that exists is copied first, to
// sluice.db.before-VERSION: there is no way back from a migration but that file.
func migrate(ctx context.Context, db *sql.DB, dir string) error {
	unlock, _, err := lockFile(filepath.Join(dir, "migrate.lock"), true)
	if err != nil {
		return fmt.Errorf("cannot lock the database for its migration: %w", err)
	}
	defer unlock()

	ours, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	queue, err := rivermigrate.New(riversqlite.New(db), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("migrations of the queue: %w", err)
	}
	current, target, err := versions(ctx, db, ours)
	if err != nil {
		return err
	}
	queueCurrent, queueTarget, err := queueVersions(ctx, db, queue)
	if err != nil {
		return err
	}
	if current > target || queueCurrent > queueTarget {
		return fmt.Errorf("schema %d, queue schema %d; this program knows %d and %d: %w",
			current, queueCurrent, target, queueTarget, store.ErrNewerSchema)
	}
	if current == target && queueCurrent == queueTarget {
		return nil
	}
	if current > 0 {
		version := fmt.Sprint(target)
		if current == target {
			version = fmt.Sprintf("queue-%d", queueTarget)
		}
		if err := backup(ctx, db, filepath.Join(dir, File+".before-"+version)); err != nil {
			return err
		}
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("cannot migrate the queue: %w", failure(err))
	}
	if _, err := ours.Up(ctx); err != nil {
		return fmt.Errorf("cannot migrate the database: %w", failure(err))
	}
	return nil
}

// versions returns the schema of the database, 0 for an empty one, and ours.
func versions(ctx context.Context, db *sql.DB, p *goose.Provider) (current, target int64, err error) {
	for _, s := range p.ListSources() {
		target = max(target, s.Version)
	}
	if ok, err := hasTable(ctx, db, goose.DefaultTablename); err != nil || !ok {
		return 0, target, err
	}
	current, err = p.GetDBVersion(ctx)
	return current, target, failure(err)
}

func queueVersions(ctx context.Context, db *sql.DB, m *rivermigrate.Migrator[*sql.Tx]) (current, target int, err error) {
	for _, v := range m.AllVersions() {
		target = max(target, v.Version)
	}
	if ok, err := hasTable(ctx, db, "river_migration"); err != nil || !ok {
		return 0, target, err
	}
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM river_migration`).Scan(&current)
	return current, target, failure(err)
}

func hasTable(ctx context.Context, db *sql.DB, name string) (bool, error) {
	var n int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?`, name).Scan(&n)
	return n > 0, failure(err)
}

// backup writes a consistent copy of the database, which appears whole or not at all.
func backup(ctx context.Context, db *sql.DB, path string) error {
	fail := func(err error) error {
		return fmt.Errorf("cannot copy the database to %s before its migration (free some room and start again): %w", path, failure(err))
	}
	half := path + ".tmp"
	if err := os.Remove(half); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fail(err)
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO '`+strings.ReplaceAll(half, `'`, `''`)+`'`); err != nil {
		_ = os.Remove(half)
		return fail(err)
	}
	f, err := os.OpenFile(half, os.O_RDWR, 0)
	if err != nil {
		return fail(err)
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(half, path)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}
