package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/model"
)

// interrupted decides what becomes of claimed work that ended without an end: dropped when its row has moved on, handed
// back when the process stops or the disk is full, tried again with growing pauses when the reason may pass, and failed by
// fail with a reason for the user when it does not, or not soon enough. fail may be nil: then it is tried again.
func (e *Engine) interrupted(ctx context.Context, t store.Task, attempt int, err error, fail func(reason string) error) error {
	switch {
	case errors.Is(err, store.ErrGone), errors.Is(err, store.ErrNotFound) && !errors.Is(err, connector.ErrNotFound):
		return nil
	case errors.Is(context.Cause(ctx), store.ErrCanceled):
		return nil // the cancel has moved the row
	}
	if ctx.Err() != nil {
		_ = e.release(ctx, t, attempt) // with a full disk the start finds the work
		return ctx.Err()
	}
	if isFull(err) {
		return e.releaseWithRoom(ctx, t, attempt, err)
	}
	outcome, wait := connector.Classify(err)
	var known *connector.Error
	var p *permanent
	switch {
	case errors.As(err, &p):
		outcome = connector.Permanent
	case errors.As(err, &known), isConfig(err):
	default:
		outcome = connector.Transient // a fault of the machine, the disk or the network
	}
	if fail != nil && (outcome == connector.Permanent || enough(tries(ctx, attempt), e.outages.failed(ctx))) {
		reason := e.publicReason("the work on this file", err)
		var asked *model.Error // which holds neither a key nor a provider's own words
		if known != nil {
			reason = known.Error()
		} else if isConfig(err) || errors.As(err, &asked) {
			reason = err.Error()
		}
		e.cfg.Log.Warn("work failed", "kind", t.Kind, "job", t.Job, "file", t.File, "target", t.Target, "attempt", attempt, "error", err)
		return fail(reason)
	}
	e.cfg.Log.Warn("work is tried again", "kind", t.Kind, "job", t.Job, "file", t.File, "target", t.Target, "attempt", attempt, "error", err)
	if err := e.release(ctx, t, attempt); err != nil {
		return e.releaseWithRoom(ctx, t, attempt, err)
	}
	return &store.SnoozeError{For: max(wait, pause(tries(ctx, attempt)))}
}

// pause grows from half a second to a minute.
func pause(attempt int) time.Duration {
	return min(500*time.Millisecond<<min(max(attempt-1, 0), 10), time.Minute)
}

// isConfig tells errors that the connector registry writes for the user.
func isConfig(err error) bool {
	return errors.As(err, new(*connector.ConfigError)) || errors.As(err, new(*connector.UnbuiltError))
}

// release hands a claim back. If that fails too, the reconciler finds the work. Its error is that of a full disk only.
func (e *Engine) release(ctx context.Context, t store.Task, attempt int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error { return tx.Release(ctx, t, attempt) })
	if isFull(err) {
		return err
	}
	if err != nil && !errors.Is(err, store.ErrGone) {
		e.cfg.Log.Warn("a claim could not be handed back", "kind", t.Kind, "job", t.Job, "file", t.File, "error", err)
	}
	return nil
}

// releaseWithRoom hands back a claim that met a full disk. The database may stand on the same disk: the claim is kept until
// there is room to take it back, since one that is left counts as the death of a worker.
func (e *Engine) releaseWithRoom(ctx context.Context, t store.Task, attempt int, err error) error {
	snooze := e.waitForRoom(err)
	for e.release(ctx, t, attempt) != nil {
		select {
		case <-ctx.Done():
			return e.interrupted(ctx, t, attempt, err, nil)
		case <-time.After(roomPause):
		}
	}
	return snooze
}

func isFull(err error) bool { return errors.Is(err, store.ErrFull) || errors.Is(err, blob.ErrFull) }

// roomPause is how long work waits before it looks whether a full disk has room again.
const roomPause = 3 * time.Second

// waitForRoom hands a task back while the disk is full; other errors stay as they are.
func (e *Engine) waitForRoom(err error) error {
	if !isFull(err) {
		return err
	}
	if e.full.first(time.Minute) {
		e.cfg.Log.Error("the disk is full: jobs wait until there is room", "error", err)
	}
	return &store.SnoozeError{For: roomPause}
}

// once is true at its first call and again after a time.
type once struct{ last atomic.Int64 }

func (o *once) first(every time.Duration) bool {
	now, last := time.Now().UnixNano(), o.last.Load()
	return (last == 0 || now-last > int64(every)) && o.last.CompareAndSwap(last, now)
}
