package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/postgres"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

// database are the flags that say where the state is.
type database struct {
	Data        string `type:"path" env:"SLUICE_DATA" default:"sluice-data" placeholder:"DIR" help:"Folder of the database, uploads and outputs. Made when absent."`
	DatabaseURL string `env:"SLUICE_DATABASE_URL" placeholder:"URL" help:"PostgreSQL server, postgres://user:password@host/database, which several processes can share; SQLite in --data without it."`
}

// create opens the database, making it and its folder if they are new. The log gets what the queue meets on its own, a full
// disk for one.
func (d database) create(ctx context.Context, log *slog.Logger) (store.Store, error) {
	if d.DatabaseURL != "" {
		return postgres.Open(ctx, postgres.Options{URL: d.DatabaseURL, Log: log})
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data folder %s: %w; choose another with --data", d.Data, bare(err))
	}
	return sqlite.Open(ctx, sqlite.Options{Dir: d.Data, Log: log})
}

// open opens a database that exists: a mistyped folder is no new installation.
func (d database) open(ctx context.Context) (store.Store, error) {
	if _, err := os.Stat(filepath.Join(d.Data, sqlite.File)); d.DatabaseURL == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database in %s; name the data folder of your server with --data, or make one with sluice serve", d.Data)
	}
	return d.create(ctx, slog.New(slog.DiscardHandler))
}

// bare takes the operation and the path out of an error whose message names the path in its own words.
func bare(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}

// blobs opens the store of uploads and outputs.
func (d database) blobs(ctx context.Context, url string) (blob.Store, error) {
	if url == "" {
		dir := filepath.Join(d.Data, "blobs")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		url = "file://" + filepath.ToSlash(dir)
	}
	return blob.Open(ctx, url)
}
