package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sluicehq/sluice/internal/store"
)

var errLost = errors.New("the transaction lost against another")

// losing is a store whose transactions are lost once, at the moment when they read a job back, and then run again.
type losing struct {
	store.Store
}

type losingTx struct {
	store.Tx
	lost *bool
}

func (l losing) InTx(ctx context.Context, fn func(store.Tx) error) error {
	var lost bool
	err := l.Store.InTx(ctx, func(tx store.Tx) error { return fn(losingTx{tx, &lost}) })
	if errors.Is(err, errLost) {
		err = l.Store.InTx(ctx, fn)
	}
	return err
}

func (t losingTx) Job(ctx context.Context, workspace, job string) (store.Job, error) {
	if !*t.lost {
		*t.lost = true
		return store.Job{}, errLost
	}
	return t.Tx.Job(ctx, workspace, job)
}

func TestJobIsCreatedWholeWhenItsTransactionRunsAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *setup) { s.store = func(s store.Store) store.Store { return losing{s} } })
	j := b.upload(nodes(t), "a.txt", memo, "b.txt", memo)
	if j = b.end(j.ID); j.Status != store.Completed || j.Total != 2 {
		t.Errorf("job %+v, want two files and COMPLETED", j)
	}
}
