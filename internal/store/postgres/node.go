package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// A process that works is a node: a row with the time of its last beat, by the clock of the database, under an id that is
// used once. A node that was silent for nodeDead is dead for all: its row goes, and with it its tasks, which become available
// again. A node that cannot beat stops its work before that, and one that finds its row gone does so at once; both come back
// as a new node. So a process that was stopped and continued holds no task that another one has got meanwhile, and what it
// still ends changes nothing, as the attempts have moved on.
const (
	beatEvery  = 3 * time.Second
	beatAgain  = time.Second // after a beat that failed
	beatSilent = 10 * time.Second
	nodeDead   = 15 * time.Second

	// missedPoll is how often a node looks for tasks that the queue holds for running here and that are not: their end did
	// not reach the queue, which gives up writing it when the database is gone for some seconds.
	missedPoll = 10 * time.Second

	// cancelPoll is how often a node looks for cancels that no notification told it of.
	cancelPoll = time.Second
)

// errSilent is why a node gave up its work.
var errSilent = errors.New("this process could not reach the database for too long; its tasks are taken over")

// clock is the database's, in microseconds as all times.
const clock = `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint`

const (
	register = `INSERT INTO node (id, beat_at) VALUES ($1, ` + clock + `)`
	leave    = `DELETE FROM node WHERE id = $1`
	// beat says whether the node still lives, and whether it is the one that looks after all others.
	beat = `WITH beat AS (UPDATE node SET beat_at = ` + clock + ` WHERE id = $1 RETURNING id) ` +
		`SELECT EXISTS (SELECT 1 FROM beat), $1 = (SELECT min(id) FROM node WHERE beat_at > ` + clock + ` - $2)`
	bury = `DELETE FROM node WHERE beat_at < ` + clock + ` - $1 RETURNING id`
	// orphans are given back as if they had never been taken. Each node registers before it takes its first task, so a
	// task whose node is not there has lost it.
	orphans = `UPDATE river_job SET ` +
		`state = CASE WHEN metadata ? 'cancel_attempted_at' THEN 'cancelled'::river_job_state ELSE 'available' END, ` +
		`finalized_at = CASE WHEN metadata ? 'cancel_attempted_at' THEN now() END, ` +
		`attempt = greatest(attempt - 1, 0), scheduled_at = now() ` +
		`WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM node WHERE node.id = attempted_by[array_upper(attempted_by, 1)])`
	// runningAt are the tasks that the queue holds for running at a node, and unended gives some of them back.
	runningAt = `SELECT id FROM river_job WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`
	unended   = `UPDATE river_job SET ` +
		`state = CASE WHEN metadata ? 'cancel_attempted_at' THEN 'cancelled'::river_job_state ELSE 'available' END, ` +
		`finalized_at = CASE WHEN metadata ? 'cancel_attempted_at' THEN now() END, ` +
		`attempt = greatest(attempt - 1, 0), scheduled_at = now() ` +
		`WHERE id = ANY($2) AND state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`
	canceledOf = `SELECT id FROM river_job WHERE id = ANY($1) AND metadata ? 'cancel_attempted_at'`
)

// beats sends a beat at once and then at intervals, until ctx ends or the others hold the node for dead. It gives the times
// at which beats were sent that arrived, and closes the channel at the end.
func (s *Store) beats(ctx context.Context, node string, arrived chan<- time.Time) {
	defer close(arrived)
	for {
		sent, pause := time.Now(), beatEvery
		alive, err := s.beat(ctx, node)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Warn("a sign of life failed", "error", s.server.failure(err))
			pause = beatAgain
		case !alive:
			return
		default:
			arrived <- sent
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// beat tells the others that this node lives. false: they hold it for dead.
func (s *Store) beat(ctx context.Context, node string) (alive bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	var leads bool
	if err := s.control.QueryRow(ctx, beat, node, nodeDead.Microseconds()).Scan(&alive, &leads); err != nil {
		return false, err
	}
	s.follows.Store(alive && !leads)
	if !alive || !leads {
		return alive, nil
	}
	return true, s.bury(ctx)
}

// bury removes the nodes that are dead and gives their tasks back.
func (s *Store) bury(ctx context.Context) error {
	return pgx.BeginFunc(ctx, s.control, func(tx pgx.Tx) error {
		r, err := tx.Query(ctx, bury, nodeDead.Microseconds())
		if err != nil {
			return err
		}
		dead, err := pgx.CollectRows(r, pgx.RowTo[string])
		if err != nil {
			return err
		}
		freed, err := tx.Exec(ctx, orphans)
		if err != nil {
			return err
		}
		if n := freed.RowsAffected(); n > 0 || len(dead) > 0 {
			s.log.Warn("a worker died; its tasks are given to others", "nodes", dead, "tasks", n)
		}
		return nil
	})
}

// pollUnended gives tasks of this node back to the queue that ended here without its hearing of it. A task that is really
// about to be ended is not missed twice.
func (s *Store) pollUnended(ctx context.Context, node string) {
	tick := time.NewTicker(missedPoll)
	defer tick.Stop()
	missed := map[int64]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := s.missed(ctx, node)
		if err != nil {
			if ctx.Err() == nil {
				s.log.Debug("cannot look for tasks that have ended", "error", s.server.failure(err))
			}
			continue
		}
		var twice []int64
		for id := range now {
			if missed[id] {
				twice = append(twice, id)
			}
		}
		missed = now
		if len(twice) == 0 {
			continue
		}
		if _, err := s.control.Exec(ctx, unended, node, twice); err != nil {
			s.log.Debug("cannot give tasks back that have ended", "error", s.server.failure(err))
			continue
		}
		s.log.Warn("tasks ended while the database was gone; they are looked at again", "tasks", len(twice))
	}
}

// missed are the tasks that the queue holds for running at a node and that do not.
func (s *Store) missed(ctx context.Context, node string) (map[int64]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	r, err := s.control.Query(ctx, runningAt, node)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(r, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	out := map[int64]bool{}
	for _, id := range ids {
		out[id] = true
	}
	for _, id := range s.running.IDs() {
		delete(out, id)
	}
	return out, nil
}

// pollCanceled ends the contexts of tasks that were cancelled elsewhere, though no notification told of it.
func (s *Store) pollCanceled(ctx context.Context) {
	tick := time.NewTicker(cancelPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.cancelMissed(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("cannot look for cancelled tasks", "error", s.server.failure(err))
		}
	}
}

func (s *Store) cancelMissed(ctx context.Context) error {
	ids := s.running.IDs()
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	r, err := s.control.Query(ctx, canceledOf, ids)
	if err != nil {
		return err
	}
	canceled, err := pgx.CollectRows(r, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for _, id := range canceled {
		s.running.Cancel(id)
	}
	return nil
}
