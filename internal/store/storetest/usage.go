package storetest

import (
	"sync"

	"github.com/sluicehq/sluice/internal/store"
)

// What nodes ask of models adds up, whoever adds it, and stays when the job has ended.
func testUsage(e *env) {
	j, other := e.job(jobSpec{files: 1, nodes: 2}), e.job(jobSpec{files: 1, nodes: 1})
	usage := func(job string) map[string]store.Usage {
		return get(e, func(r store.Reader) (map[string]store.Usage, error) { return r.Usage(e.ctx, e.ws, job) })
	}
	same(e, "of a job that asked nothing", len(usage(j.ID)), 0)
	one := store.Usage{Calls: 1, Cached: 2, Input: 30, Output: 4, Cost: 0.000000123, Unpriced: 1, Failed: 2}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if err := e.try(func(tx store.Tx) error { return tx.AddUsage(e.ctx, e.ws, j.ID, "a", one) }); err != nil {
					e.Error(err)
				}
			}
		})
	}
	all.Wait()
	e.tx(func(tx store.Tx) error { return tx.AddUsage(e.ctx, e.ws, j.ID, "b", store.Usage{Calls: 3}) })
	got := usage(j.ID)
	same(e, "the sum", got["a"], store.Usage{Calls: 40, Cached: 80, Input: 1200, Output: 160, Cost: 0.00000492, Unpriced: 40, Failed: 80})
	same(e, "another node", got["b"], store.Usage{Calls: 3})
	same(e, "another job", len(usage(other.ID)), 0)
	e.want("a job that is not there", e.try(func(tx store.Tx) error { return tx.AddUsage(e.ctx, e.ws, id(), "a", one) }), store.ErrNotFound)
}
