package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/sluicehq/sluice/internal/store"
)

// testConcurrent lets many callers work on the same jobs at once, with late claims, failures, retries, files that still
// arrive and a cancel in the middle. At the end everything adds up: nothing of a stopped job is open, and every other job
// has come to its end.
func testConcurrent(e *env) {
	for round := range 6 {
		e.crowd(round)
		if e.Failed() {
			e.Fatalf("round %d", round)
		}
	}
}

func (e *env) crowd(round int) {
	const callers, window, batches, batch = 8, 10, 8, 10
	cancels := round%2 == 1
	j := e.job(jobSpec{files: 40, sources: 1, destinations: round % 3, prefix: fmt.Sprint("crowd", round)})
	plan := get(e, func(r store.Reader) ([]store.Plan, error) { return r.Plans(e.ctx, e.ws, j.ID) })[0]
	e.tx(func(tx store.Tx) (err error) {
		_, plan, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, plan.ID, "n1")
		return err
	})
	ok := func(what string, err error) bool {
		for _, known := range []error{nil, store.ErrGone, store.ErrConflict} {
			if errors.Is(err, known) {
				return err == nil
			}
		}
		e.Errorf("%s: %v", what, err)
		return false
	}
	read := func() (j2 store.Job, files []store.File) {
		err := e.View(e.ctx, func(r store.Reader) (err error) {
			if j2, err = r.Job(e.ctx, e.ws, j.ID); err != nil {
				return err
			}
			files, err = r.Files(e.ctx, e.ws, j.ID, -1, 3*window, store.Queued, store.Running, store.Writing)
			return err
		})
		ok("read", err)
		return j2, files
	}

	var wg sync.WaitGroup
	wg.Go(func() { // the listing
		for i := range batches {
			if !ok("add files", e.try(func(tx store.Tx) error {
				_, err := tx.AddFiles(e.ctx, e.ws, j.ID, files("late", i*batch, batch), plan.ID, fmt.Sprint(i))
				return err
			})) {
				return
			}
			ok("top up", e.try(func(tx store.Tx) error {
				_, err := tx.TopUp(e.ctx, e.ws, j.ID, window)
				return err
			}))
		}
		ok("end plan", e.try(func(tx store.Tx) error { return tx.EndPlan(e.ctx, e.ws, j.ID, plan, "") }))
	})
	if cancels {
		for range 2 {
			wg.Go(func() {
				for {
					if now, _ := read(); now.Done+now.Failed > 20+10*round || e.Failed() {
						break
					}
				}
				ok("cancel", e.try(func(tx store.Tx) error {
					_, err := tx.CancelJob(e.ctx, e.ws, j.ID, now())
					return err
				}))
			})
		}
	}
	for c := range callers {
		rnd := rand.New(rand.NewPCG(uint64(round), uint64(c)))
		node := fmt.Sprint("n", c)
		wg.Go(func() {
			for range 10_000 {
				now, files := read()
				if e.Failed() || now.Status == store.Stopped || now.Status != store.Scheduled && now.Open == 0 && now.Planned {
					return
				}
				if len(files) == 0 {
					ok("top up", e.try(func(tx store.Tx) error {
						_, err := tx.TopUp(e.ctx, e.ws, j.ID, window)
						return err
					}))
					continue
				}
				f := files[rnd.IntN(len(files))]
				if f.State == store.Writing {
					for _, d := range j.Destinations {
						reason := ""
						if rnd.IntN(8) == 0 {
							reason = "refused"
						}
						var g store.File
						var w store.Write
						if ok("claim write", e.try(func(tx store.Tx) (err error) {
							_, g, w, err = tx.ClaimWrite(e.ctx, e.ws, j.ID, f.ID, d, node)
							return err
						})) {
							ok("end write", e.try(func(tx store.Tx) error { return tx.EndWrite(e.ctx, g, w, reason, window) }))
						}
					}
					continue
				}
				var g store.File // not f, which the function reads when it runs again after a conflict
				if !ok("claim", e.try(func(tx store.Tx) (err error) {
					_, g, err = tx.ClaimFile(e.ctx, e.ws, j.ID, f.ID, node)
					return err
				})) || rnd.IntN(20) == 0 { // or died
					continue
				}
				end := store.FileEnd{Done: 1, Pages: 1}
				if rnd.IntN(10) == 0 {
					end = store.FileEnd{Failed: true, Error: "bad"}
				}
				ok("end", e.try(func(tx store.Tx) error {
					return tx.EndFile(e.ctx, g, end, &store.NodeRun{NodeID: j.Nodes[0].ID}, window)
				}))
				if rnd.IntN(40) == 0 {
					ok("top up", e.try(func(tx store.Tx) error {
						_, err := tx.TopUp(e.ctx, e.ws, j.ID, window)
						return err
					}))
				}
			}
			e.Errorf("the job does not end")
		})
	}
	wg.Wait()
	if e.Failed() {
		return
	}
	e.checkSums(j.ID)
	got := e.getJob(j.ID)
	if cancels {
		same(e, "status", got.Status, store.Stopped)
		return
	}
	same(e, "files", got.Total, 40+batches*batch)
	same(e, "open", got.Open, 0)
	if _, err := e.finish(j.ID); err != nil {
		e.Errorf("finish: %v", err)
	}
}
