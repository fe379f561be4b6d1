package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sluicehq/sluice/internal/store"
)

// Work runs tasks until ctx is done. It holds the exclusive lock of the data folder, so every task that the queue says is
// running when it starts is an orphan of a dead process and is made available at once.
func (s *Store) Work(ctx context.Context, o store.WorkOptions, h store.Handler) error {
	if o.Bulk <= 0 && o.Demand <= 0 {
		return errors.New("no workers: set the number of bulk or demand workers above 0")
	}
	unlock, held, err := lockFile(filepath.Join(s.dir, "worker.lock"), false)
	if held {
		return fmt.Errorf("another sluice server works on the data folder %s; stop it, or give this one a folder of its own with --data", s.dir)
	}
	if err != nil {
		return fmt.Errorf("cannot lock the data folder: %w", err)
	}
	defer unlock()
	if err := s.adopt(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("cannot take over the tasks of the last run: %w", failure(err))
	}
	c, err := s.client(o, h)
	if err != nil {
		return err
	}
	if err := c.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("cannot start the queue: %w", failure(err))
	}
	if o.Ready != nil {
		o.Ready()
	}
	// The end of ctx starts the soft stop; after the grace the contexts of the tasks end.
	<-c.Stopped()
	return nil
}

// adopt makes orphans available. Their attempt does not count.
func (s *Store) adopt(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, `UPDATE river_job SET state = 'available', attempt = max(attempt - 1, 0), attempted_at = NULL `+
		`WHERE state = 'running' AND metadata -> 'cancel_attempted_at' IS NULL`); err != nil {
		return err
	}
	_, err := s.write.ExecContext(ctx, `UPDATE river_job SET state = 'cancelled', finalized_at = datetime('now', 'subsec') `+
		`WHERE state = 'running'`)
	return err
}
