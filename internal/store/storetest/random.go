package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/sluicehq/sluice/internal/store"
)

// checkSums verifies what must hold at every moment: the counts of a job add up to its files, the statistics of each node
// to the files that reached it, and no more than the finish task is queued twice.
func (e *env) checkSums(job string) {
	e.Helper()
	var j store.Job
	var all []store.File
	var stats []store.NodeStats
	e.view(func(r store.Reader) (err error) {
		if j, err = r.Job(e.ctx, e.ws, job); err != nil {
			return err
		}
		if all, err = r.Files(e.ctx, e.ws, job, -1, 0); err != nil {
			return err
		}
		stats, err = r.Stats(e.ctx, e.ws, job)
		return err
	})
	states := map[store.FileState]int{}
	reached := make([]int, len(j.Nodes))
	want := make([]store.NodeStats, len(j.Nodes))
	for _, f := range all {
		states[f.State]++
		done := f.Done
		if f.State == store.FileDone {
			done = len(j.Nodes)
		}
		for i := range want {
			if i <= done {
				reached[i]++
			}
			switch {
			case i < done || i == done && f.State == store.Writing:
				want[i].Success++
			case i > done:
			case f.State == store.Running:
				want[i].InProgress++
			case f.State == store.FileFailed:
				want[i].Failure++
			default:
				want[i].Ready++
			}
		}
	}
	open := states[store.Backlog] + states[store.Queued] + states[store.Running] + states[store.Writing]
	if j.Total != len(all) || j.Open != open || j.Done != states[store.FileDone] || j.Failed != states[store.FileFailed] ||
		j.Total != j.Open+j.Done+j.Failed+states[store.FileStopped] {
		e.Fatalf("counts %d total, %d open, %d done, %d failed; files %v", j.Total, j.Open, j.Done, j.Failed, states)
	}
	for i, s := range stats {
		if sum := s.Ready + s.InProgress + s.Success + s.Failure; sum != reached[i] {
			e.Fatalf("node %d: %d files in the statistics, %d reached it: %+v", i, sum, reached[i], s)
		}
		s.Node = want[i].Node
		if fmt.Sprint(s) != fmt.Sprint(want[i]) {
			e.Fatalf("node %d: %+v, want %+v", i, s, want[i])
		}
	}
}

// testRandom plays random histories of jobs and checks after each step that everything adds up. The seed is printed with a
// failure, and fixed.
func testRandom(e *env) {
	for seed := range uint64(6) {
		e.play(seed)
		if e.Failed() {
			e.Fatalf("seed %d", seed)
		}
	}
}

// play is one history of a job of two or three nodes with files in several batches, writes, plans, deaths, cancel and retry.
func (e *env) play(seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	window := 1 + rnd.IntN(5)
	j := e.job(jobSpec{nodes: 1 + rnd.IntN(3), sources: 1, destinations: rnd.IntN(3), prefix: fmt.Sprintf("r%d-", seed)})
	var plan store.Plan
	e.tx(func(tx store.Tx) (err error) {
		plans, err := tx.Plans(e.ctx, e.ws, j.ID)
		if err != nil {
			return err
		}
		_, plan, err = tx.ClaimPlan(e.ctx, e.ws, j.ID, plans[0].ID, "n1")
		return err
	})
	var held []store.File // claims of live and dead workers, current or not
	type heldWrite struct {
		f store.File
		w store.Write
	}
	var writes []heldWrite
	added, canceled, planEnded := 0, false, false
	ok := func(what string, err error) {
		e.Helper()
		if err != nil && !errors.Is(err, store.ErrGone) && !errors.Is(err, store.ErrConflict) {
			e.Fatalf("seed %d: %s: %v", seed, what, err)
		}
	}
	pick := func(states ...store.FileState) (store.File, bool) {
		all := e.files(j.ID, states...)
		if len(all) == 0 {
			return store.File{}, false
		}
		return all[rnd.IntN(len(all))], true
	}
	for step := range 250 {
		switch op := rnd.IntN(100); {
		case op < 10 && added < 40 && !planEnded:
			n := rnd.IntN(8)
			ok("add", e.try(func(tx store.Tx) error {
				_, err := tx.AddFiles(e.ctx, e.ws, j.ID, files(fmt.Sprintf("r%d-", seed), max(0, added-2), n), plan.ID, fmt.Sprint(step))
				return err
			}))
			added += n
		case op < 20:
			ok("top up", e.try(func(tx store.Tx) error {
				_, err := tx.TopUp(e.ctx, e.ws, j.ID, window)
				return err
			}))
		case op < 45:
			if f, found := pick(store.Queued, store.Queued, store.Running); found {
				ok("claim", e.try(func(tx store.Tx) error {
					_, g, err := tx.ClaimFile(e.ctx, e.ws, j.ID, f.ID, "n1")
					if err == nil {
						held = append(held, g)
					}
					return err
				}))
			}
		case op < 55:
			if len(held) > 0 {
				f := held[rnd.IntN(len(held))]
				now := e.file(j.ID, f.ID)
				if now.Done < len(j.Nodes)-1 {
					ok("node", e.try(func(tx store.Tx) error {
						return tx.SaveNodeRun(e.ctx, f, store.NodeRun{NodeID: j.Nodes[now.Done].ID, Index: now.Done})
					}))
				}
			}
		case op < 72:
			if len(held) > 0 {
				i := rnd.IntN(len(held))
				f := held[i]
				end := store.FileEnd{Done: len(j.Nodes)}
				if rnd.IntN(3) == 0 {
					end = store.FileEnd{Failed: true, Done: e.file(j.ID, f.ID).Done, Outcome: "error", Error: "x"}
				}
				ok("end", e.end(f, end, window))
				if rnd.IntN(4) > 0 { // else it ends again later
					held = append(held[:i], held[i+1:]...)
				}
			}
		case op < 82:
			if f, found := pick(store.Writing); found {
				d := j.Destinations[rnd.IntN(len(j.Destinations))]
				ok("claim write", e.try(func(tx store.Tx) error {
					_, g, w, err := tx.ClaimWrite(e.ctx, e.ws, j.ID, f.ID, d, "n1")
					if err == nil {
						writes = append(writes, heldWrite{g, w})
					}
					return err
				}))
			}
		case op < 90:
			if len(writes) > 0 {
				h := writes[rnd.IntN(len(writes))]
				reason := ""
				if rnd.IntN(4) == 0 {
					reason = "refused"
				}
				ok("end write", e.try(func(tx store.Tx) error { return tx.EndWrite(e.ctx, h.f, h.w, reason, window) }))
			}
		case op < 92:
			if f, found := pick(store.Running, store.Queued); found {
				ok("requeue", e.try(func(tx store.Tx) error {
					return tx.Requeue(e.ctx, store.Task{Kind: store.TaskFile, Workspace: e.ws, Job: j.ID, File: f.ID})
				}))
			}
		case op < 94:
			if len(held) > 0 {
				f := held[rnd.IntN(len(held))]
				ok("release", e.try(func(tx store.Tx) error {
					return tx.Release(e.ctx, store.Task{Kind: store.TaskFile, Workspace: e.ws, Job: j.ID, File: f.ID}, f.Attempt)
				}))
			}
		case op < 95 && step > 120:
			ok("end plan", e.try(func(tx store.Tx) error { return tx.EndPlan(e.ctx, e.ws, j.ID, plan, "") }))
			planEnded = true
		case op < 98:
			_, err := e.finish(j.ID)
			ok("finish", err)
		case op < 99:
			ok("retry", e.try(func(tx store.Tx) error {
				_, err := tx.RetryJob(e.ctx, e.ws, j.ID, window, now())
				return err
			}))
		case step > 230 && seed%3 == 0:
			ok("cancel", e.try(func(tx store.Tx) error {
				_, err := tx.CancelJob(e.ctx, e.ws, j.ID, now())
				return err
			}))
			canceled = true
		}
		e.checkSums(j.ID)
		if active := len(e.files(j.ID, store.Queued, store.Running, store.Writing)); active > window {
			e.Fatalf("seed %d, step %d: %d files are active, the window is %d", seed, step, active, window)
		}
	}
	if canceled {
		return
	}

	// Whatever happened, live workers bring the job to its end.
	ok("end plan", e.try(func(tx store.Tx) error { return tx.EndPlan(e.ctx, e.ws, j.ID, plan, "") }))
	for range 1000 {
		if e.getJob(j.ID).Open == 0 {
			break
		}
		e.tx(func(tx store.Tx) error {
			_, err := tx.TopUp(e.ctx, e.ws, j.ID, window)
			return err
		})
		if f, found := pick(store.Queued, store.Running); found {
			ok("claim", e.try(func(tx store.Tx) error {
				_, g, err := tx.ClaimFile(e.ctx, e.ws, j.ID, f.ID, "n2")
				if err != nil {
					return err
				}
				return tx.EndFile(e.ctx, g, store.FileEnd{Done: len(j.Nodes)}, nil, window)
			}))
		}
		if f, found := pick(store.Writing); found {
			for _, d := range j.Destinations {
				ok("write", e.try(func(tx store.Tx) error {
					_, g, w, err := tx.ClaimWrite(e.ctx, e.ws, j.ID, f.ID, d, "n2")
					if err != nil {
						return err
					}
					return tx.EndWrite(e.ctx, g, w, "", window)
				}))
			}
		}
		e.checkSums(j.ID)
	}
	got := e.getJob(j.ID)
	if got.Open != 0 || !got.Planned {
		e.Fatalf("seed %d: the job does not end: %+v", seed, got)
	}
	if got.Status == store.InProgress {
		if _, err := e.finish(j.ID); err != nil {
			e.Fatalf("seed %d: finish: %v", seed, err)
		}
	}
}
