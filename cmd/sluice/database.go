package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

// database are the flags that say where the state is.
type database struct {
	Data        string `type:"path" env:"SLUICE_DATA" default:"sluice-data" placeholder:"DIR" help:"Folder of the database, uploads and outputs. Made when absent."`
	DatabaseURL string `env:"SLUICE_DATABASE_URL" placeholder:"URL" help:"Database server. Not part of this version: leave it out for SQLite in --data."`
}

// open opens the database, making the folder if it is new.
func (d database) open(ctx context.Context) (store.Store, error) {
	if d.DatabaseURL != "" {
		return nil, errors.New("--database-url is not part of this version; leave it out to use SQLite in --data")
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, sqlite.Options{Dir: d.Data, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
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
