package postgres

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/migrations"
)

// migrationLock is held for the time of a migration, by a transaction that does nothing else: a lock of the session would
// be lost behind a pooler. Installations in other schemas of the database do not wait for it.
const migrationLock = `SELECT pg_advisory_xact_lock(1398559043, hashtext(coalesce(current_schema(), '')))`

// migrate brings our schema and River's up to date. A program whose schema is there already does not wait for the lock, so
// that processes can start while a newer one migrates.
func (s *Store) migrate(ctx context.Context) error {
	db := stdlib.OpenDBFromPool(s.pool)
	defer db.Close()
	ours, err := goose.NewProvider(goose.DialectPostgres, db, collated{migrations.FS})
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	river, err := rivermigrate.New(riverpgxv5.New(s.pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("migrations of the queue: %w", err)
	}
	if done, err := s.migrated(ctx, ours, river); err != nil || done {
		return err
	}
	return pgx.BeginFunc(ctx, s.control, func(lock pgx.Tx) error {
		if _, err := lock.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', '0', true)`); err != nil {
			return s.server.failure(err)
		}
		if _, err := lock.Exec(ctx, migrationLock); err != nil {
			return s.server.failure(err)
		}
		if done, err := s.migrated(ctx, ours, river); err != nil || done {
			return err
		}
		if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return fmt.Errorf("cannot migrate the queue: %w", s.server.failure(err))
		}
		if _, err := ours.Up(ctx); err != nil {
			return fmt.Errorf("cannot migrate the database: %w", s.server.failure(err))
		}
		return nil
	})
}

// migrated says whether the schema is this program's. store.ErrNewerSchema when it is newer.
func (s *Store) migrated(ctx context.Context, ours *goose.Provider, river *rivermigrate.Migrator[pgx.Tx]) (bool, error) {
	var current, target, riverCurrent, riverTarget int64
	for _, m := range ours.ListSources() {
		target = max(target, m.Version)
	}
	for _, m := range river.AllVersions() {
		riverTarget = max(riverTarget, int64(m.Version))
	}
	for _, v := range []struct {
		table, text string
		into        *int64
	}{
		{goose.DefaultTablename, `SELECT coalesce(max(version_id), 0) FROM ` + goose.DefaultTablename + ` WHERE is_applied`, &current},
		{"river_migration", `SELECT coalesce(max(version), 0) FROM river_migration`, &riverCurrent},
	} {
		var exists bool
		err := s.pool.QueryRow(ctx, `SELECT to_regclass($1::text) IS NOT NULL`, v.table).Scan(&exists)
		if err == nil && exists {
			err = s.pool.QueryRow(ctx, v.text).Scan(v.into)
		}
		if err != nil {
			return false, s.server.failure(err)
		}
	}
	if current > target || riverCurrent > riverTarget {
		return false, fmt.Errorf("schema %d, queue schema %d; this program knows %d and %d: %w",
			current, riverCurrent, target, riverTarget, store.ErrNewerSchema)
	}
	return current == target && riverCurrent == riverTarget, nil
}

// collated gives every text column the collation C: names sort by their bytes, as on SQLite, and an index outlives the next
// version of the system's collations, whatever the database was made with.
type collated struct{ fs.FS }

var textType = regexp.MustCompile(`\bTEXT\b`)

// Open implements fs.FS.
func (c collated) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return f, err
	}
	sql, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return collatedFile{f, bytes.NewReader(textType.ReplaceAll(sql, []byte(`TEXT COLLATE "C"`)))}, nil
}

type collatedFile struct {
	fs.File
	r io.Reader
}

func (f collatedFile) Read(p []byte) (int, error) { return f.r.Read(p) }
