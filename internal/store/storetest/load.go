package storetest

import (
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/migrations"
)

func testLoad(e *env) {
	load := func() map[store.Queue]store.Load {
		return get(e, func(r store.Reader) (map[store.Queue]store.Load, error) { return r.Load(e.ctx) })
	}
	same(e, "at the start", load(), map[store.Queue]store.Load{store.QueueBulk: {}, store.QueueDemand: {}})
	large := e.job(jobSpec{files: 20})
	small := e.job(jobSpec{files: 2, onDemand: true})
	e.topUp(large.ID, 5)
	e.topUp(small.ID, 5)
	same(e, "in the middle", load(), map[store.Queue]store.Load{
		store.QueueBulk:   {Waiting: 5, Jobs: 1, Files: 20},
		store.QueueDemand: {Waiting: 2, Jobs: 1, Files: 2},
	})
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, large.ID, now())
		return err
	})
	same(e, "after a cancel", load(), map[store.Queue]store.Load{
		store.QueueBulk: {}, store.QueueDemand: {Waiting: 2, Jobs: 1, Files: 2},
	})
	same(e, "schema", get(e, func(r store.Reader) (int64, error) { return r.Schema(e.ctx) }), migrations.Latest())
}
