package telemetry

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/sluicehq/sluice/internal/blob"
)

// Blobs watches the store of uploads and outputs.
func (t *Telemetry) Blobs(s blob.Store) blob.Store { return &blobs{s, t.metrics} }

type blobs struct {
	store   blob.Store
	metrics *metrics
}

// done books an operation. What is not there, and what the caller broke off, is no failure of the store.
func (b *blobs) done(ctx context.Context, operation string, began time.Time, err error) {
	b.metrics.blobTime.with(operation).Observe(time.Since(began).Seconds())
	if err != nil && ctx.Err() == nil && !errors.Is(err, blob.ErrNotFound) {
		b.metrics.blobFailures.with(operation).Inc()
	}
}

// Put implements blob.Store. A failure of what is read is none of the store.
func (b *blobs) Put(ctx context.Context, key string, r io.Reader) (int64, string, error) {
	began, source := time.Now(), &source{Reader: r}
	size, hash, err := b.store.Put(ctx, key, source)
	if source.failed {
		b.done(ctx, "put", began, nil)
	} else {
		b.done(ctx, "put", began, err)
	}
	return size, hash, err
}

type source struct {
	io.Reader
	failed bool
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.failed = s.failed || err != nil && !errors.Is(err, io.EOF)
	return n, err
}

// Open implements blob.Store.
func (b *blobs) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	began := time.Now()
	r, err := b.store.Open(ctx, key)
	b.done(ctx, "open", began, err)
	return r, err
}

// Get implements blob.Store.
func (b *blobs) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	began := time.Now()
	v, err := b.store.Get(ctx, key, limit)
	b.done(ctx, "get", began, err)
	return v, err
}

// File implements blob.Store.
func (b *blobs) File(ctx context.Context, key string) (blob.File, error) {
	began := time.Now()
	f, err := b.store.File(ctx, key)
	b.done(ctx, "file", began, err)
	return f, err
}

// Delete implements blob.Store.
func (b *blobs) Delete(ctx context.Context, key string) error {
	began := time.Now()
	err := b.store.Delete(ctx, key)
	b.done(ctx, "delete", began, err)
	return err
}

// List implements blob.Store.
func (b *blobs) List(ctx context.Context, prefix string) ([]string, error) {
	began := time.Now()
	names, err := b.store.List(ctx, prefix)
	b.done(ctx, "list", began, err)
	return names, err
}

// DeletePrefix implements blob.Store.
func (b *blobs) DeletePrefix(ctx context.Context, prefix string) error {
	began := time.Now()
	err := b.store.DeletePrefix(ctx, prefix)
	b.done(ctx, "delete_prefix", began, err)
	return err
}

// Ping implements blob.Store.
func (b *blobs) Ping(ctx context.Context) error {
	began := time.Now()
	err := b.store.Ping(ctx)
	b.done(ctx, "ping", began, err)
	return err
}

// Close implements blob.Store.
func (b *blobs) Close() error { return b.store.Close() }
