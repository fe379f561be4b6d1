package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/queue"
	"github.com/sluicehq/sluice/internal/store/rows"
)

const (
	// pollEvery finds what becomes due by itself, and what no notification told of.
	pollEvery = 500 * time.Millisecond
	// stopSilent is how long a node that gave up waits for its tasks to hear of it.
	stopSilent = 30 * time.Second
)

// Work runs tasks as a node until ctx is done. When the database is gone for longer than a node may be silent, the tasks are
// given up, and Work goes on as a new node once it is back.
func (s *Store) Work(ctx context.Context, o store.WorkOptions, h store.Handler) error {
	if o.Bulk <= 0 && o.Demand <= 0 {
		return errors.New("no workers: set the number of bulk or demand workers above 0")
	}
	ready := o.Ready
	if ready == nil {
		ready = func() {}
	}
	for first := true; ; first = false {
		err := s.life(ctx, o, h, ready)
		s.follows.Store(false)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the stop that was asked for
		case err == nil:
			return errors.New("the queue stopped by itself")
		case errors.Is(err, errSilent):
			s.log.Warn("the work was given up and starts again", "error", err)
		case first || !isLost(err):
			return err
		}
		ready = func() {}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(beatAgain):
		}
	}
}

// life is one node from its registration to its end.
func (s *Store) life(ctx context.Context, o store.WorkOptions, h store.Handler, ready func()) error {
	n := &node{store: s, id: o.Node + "/" + uuid.NewString()[:8]}
	if _, err := s.control.Exec(ctx, register, n.id); err != nil {
		return fmt.Errorf("cannot start the work: %w", s.server.failure(err))
	}
	var err error
	if n.pool, err = s.server.connect(ctx, riverConns); err != nil {
		return err
	}
	// A node that gave up has closed it: nothing that it still ends may reach the queue.
	defer n.pool.Close()
	config, err := queue.Config(n.id, o, h, s.running, s.log)
	if err != nil {
		return err
	}
	config.FetchPollInterval = pollEvery
	client, err := river.NewClient(riverpgxv5.New(n.pool), config)
	if err != nil {
		return fmt.Errorf("cannot set up the queue: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		return fmt.Errorf("cannot start the queue: %w", s.server.failure(err))
	}
	ready()
	return n.live(ctx, client)
}

// node is one life of a process that works.
type node struct {
	store *Store
	id    string
	pool  *pgxpool.Pool // River's own
}

// live beats until the client has stopped. The end of ctx starts the soft stop; after the grace the contexts of the tasks end.
func (n *node) live(ctx context.Context, client *river.Client[pgx.Tx]) error {
	s := n.store
	stopped := client.Stopped()
	background, end := context.WithCancel(context.WithoutCancel(ctx)) // a node beats while it stops
	var polls sync.WaitGroup
	defer polls.Wait()
	defer end()
	polls.Go(func() { s.pollCanceled(background) })
	polls.Go(func() { s.pollUnended(background, n.id) })
	beats := make(chan time.Time, 1)
	go s.beats(background, n.id, beats)
	silence := time.NewTimer(beatSilent)
	defer silence.Stop()
	for {
		select {
		case <-stopped:
			if _, err := s.control.Exec(background, leave, n.id); err != nil {
				s.log.Warn("this node could not sign off; its row stays until it counts as dead", "error", s.server.failure(err))
			}
			return nil
		case sent, ok := <-beats:
			if !ok {
				return n.giveUp(client)
			}
			silence.Reset(time.Until(sent.Add(beatSilent)))
		case <-silence.C:
			return n.giveUp(client)
		}
	}
}

// giveUp ends all work of the node without a word to the queue.
func (n *node) giveUp(client *river.Client[pgx.Tx]) error {
	n.store.running.CancelAll(errSilent)
	go n.pool.Close() // waits for statements that may hang
	ctx, cancel := context.WithTimeout(context.Background(), stopSilent)
	defer cancel()
	if err := client.StopAndCancel(ctx); err != nil {
		n.store.log.Warn("tasks do not end though they were given up", "error", err)
	}
	return errSilent
}

// reader adds to the shared methods what depends on the other processes.
type reader struct {
	*rows.Reader
	store *Store
}

// Lost lists what has lost its task. Of the processes that work, one looks: what two would find, two would queue again.
func (r *reader) Lost(ctx context.Context, before time.Time, limit int) ([]store.Task, error) {
	if r.store.follows.Load() {
		return nil, nil
	}
	return r.Reader.Lost(ctx, before, limit)
}
