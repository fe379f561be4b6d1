package health

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/migrations"
)

// Database answers whether the database can be read.
func Database(s store.Store) Check {
	return Check{"database", func(ctx context.Context) error {
		err := s.View(ctx, func(r store.Reader) error {
			_, err := r.Meta(ctx, "ready")
			return err
		})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%w: %w", &Reason{"the database cannot be read; the server's log says more"}, err)
		}
		return err
	}}
}

// Schema answers whether the database has what this program needs. One that a newer program has migrated has: migrations
// only add, so that the old and the new program work side by side while nodes are replaced one after the other.
func Schema(s store.Store) Check {
	return Check{"schema", func(ctx context.Context) error {
		var have int64
		err := s.View(ctx, func(r store.Reader) (err error) {
			have, err = r.Schema(ctx)
			return err
		})
		if want := migrations.Latest(); err == nil && have < want {
			return &Reason{fmt.Sprintf("the database has schema %d and this program needs %d; restart it, and it will migrate", have, want)}
		}
		return err
	}}
}

// Blobs answers whether uploads and outputs can be written.
func Blobs(s blob.Store) Check {
	return Check{"blobs", func(ctx context.Context) error {
		if err := s.Ping(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return fmt.Errorf("%w: %w", &Reason{"uploads and outputs cannot be written; the server's log says more"}, err)
		}
		return nil
	}}
}

// Work answers whether this process takes tasks.
func Work(working *atomic.Bool) Check {
	return Check{"work", func(context.Context) error {
		if !working.Load() {
			return &Reason{"this process does not take tasks"}
		}
		return nil
	}}
}
