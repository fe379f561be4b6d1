package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/internal/store"
)

// patience is how long a test waits for what should come within milliseconds.
const patience = 30 * time.Second

// wait takes a value from c, or fails the test.
func wait[T any](e *env, what string, c <-chan T) (v T) {
	e.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		e.Fatalf("%s did not come", what)
	}
	return v
}

var workers = store.WorkOptions{Node: "n1", Bulk: 3, Demand: 2, Grace: 10 * time.Second}

// A job of many files, one of none and on-demand ones run to their ends.
func testWorkDrains(e *env) {
	finished := make(chan string, 10)
	e.start(workers, passThrough(e, 8, finished))
	want := map[string]bool{}
	large := e.job(jobSpec{files: 150})
	empty := e.job(jobSpec{})
	for _, j := range []store.Job{large, empty} {
		want[j.ID] = true
		e.topUp(j.ID, 8)
	}
	for i := range 3 {
		j := e.job(jobSpec{files: 2, onDemand: true, prefix: string(rune('a' + i))})
		want[j.ID] = true
	}
	e.tx(func(tx store.Tx) error { return tx.StartOnDemand(e.ctx, e.ws, 0, 8) })
	for range len(want) {
		delete(want, wait(e, "the end of a job", finished))
	}
	if len(want) != 0 {
		e.Fatalf("not finished: %v", want)
	}
	got := e.getJob(large.ID)
	if got.Status != store.Completed || got.Done != 150 {
		e.Errorf("the large job: %+v", got)
	}
	e.checkSums(large.ID)
}

// The cancel of a job ends the contexts of its running tasks with the cause ErrCanceled, and no other task's.
func testWorkCancels(e *env) {
	type ended struct {
		job   string
		cause error
	}
	claimed := make(chan string, 10)
	ends := make(chan ended, 10)
	release := make(chan struct{})
	e.start(workers, func(ctx context.Context, t store.Task) error {
		if t.Kind != store.TaskFile {
			return nil
		}
		claimed <- t.Job
		select {
		case <-ctx.Done():
			ends <- ended{t.Job, context.Cause(ctx)}
			return ctx.Err()
		case <-release:
			return nil
		}
	})
	doomed, spared := e.job(jobSpec{files: 5}), e.job(jobSpec{files: 1, prefix: "b"})
	e.topUp(spared.ID, 1)
	e.topUp(doomed.ID, 4)
	for range 3 {
		wait(e, "a claim", claimed)
	}
	e.tx(func(tx store.Tx) error {
		_, err := tx.CancelJob(e.ctx, e.ws, doomed.ID, now())
		return err
	})
	for range 2 {
		end := wait(e, "the end of a context", ends)
		same(e, "job", end.job, doomed.ID)
		e.want("cause", end.cause, store.ErrCanceled)
	}
	close(release)
	select {
	case end := <-ends:
		e.Errorf("another context ended: %+v", end)
	default:
	}
}

// A snoozed task comes back, and not before its time.
func testWorkSnoozes(e *env) {
	const pause = 300 * time.Millisecond
	at := make(chan time.Time, 10)
	var n atomic.Int32
	e.start(workers, func(context.Context, store.Task) error {
		at <- time.Now()
		if n.Add(1) == 1 {
			return &store.SnoozeError{For: pause}
		}
		return nil
	})
	e.tx(func(tx store.Tx) error {
		return tx.Enqueue(e.ctx, store.Task{Kind: store.TaskCheck, Queue: store.QueueDemand, Workspace: e.ws, File: "c"})
	})
	first := wait(e, "the task", at)
	second := wait(e, "the task again", at)
	if d := second.Sub(first); d < pause-10*time.Millisecond { // River keeps milliseconds
		e.Errorf("it came back after %v", d)
	}
}

// A failed task comes back too, and so does one that panicked.
func testWorkRetries(e *env) {
	tasks := make(chan store.Task, 10)
	var n atomic.Int32
	e.start(workers, func(_ context.Context, t store.Task) error {
		tasks <- t
		switch n.Add(1) {
		case 1:
			return errors.New("the network is down")
		case 2:
			panic("on purpose")
		}
		return nil
	})
	want := store.Task{Kind: store.TaskCheck, Queue: store.QueueBulk, Workspace: e.ws, File: "c", Target: "t", Job: ""}
	e.tx(func(tx store.Tx) error { return tx.Enqueue(e.ctx, want) })
	for range 3 {
		same(e, "task", wait(e, "the task", tasks), want)
	}
}

// A stop takes nothing new, waits for what runs, and hands back what does not end within the grace.
func testWorkStops(e *env) {
	j := e.job(jobSpec{files: 4})
	e.topUp(j.ID, 4)
	var mu sync.Mutex
	ended := 0
	running := make(chan struct{}, 10)
	finish := make(chan struct{})
	stop := e.start(store.WorkOptions{Node: "n1", Bulk: 2, Demand: 1, Grace: patience}, func(ctx context.Context, t store.Task) error {
		running <- struct{}{}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-finish:
		}
		mu.Lock()
		defer mu.Unlock()
		ended++
		return nil
	})
	wait(e, "a task", running)
	wait(e, "a task", running)
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	close(finish)
	wait(e, "the stop", stopped)
	left := e.depth()
	if ended < 2 || left+ended != 4 {
		e.Errorf("%d ended, %d left in the queue", ended, left)
	}

	// Now the grace is too short for the two that are left, or were enqueued again.
	e.tx(func(tx store.Tx) error {
		for _, f := range []string{"x", "y"} {
			if err := tx.Enqueue(e.ctx, store.Task{Kind: store.TaskCheck, Workspace: e.ws, File: f}); err != nil {
				return err
			}
		}
		return nil
	})
	waiting := e.depth()
	began := make(chan struct{}, 10)
	stop = e.start(store.WorkOptions{Node: "n1", Bulk: 2, Demand: 1, Grace: time.Millisecond}, func(ctx context.Context, t store.Task) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	wait(e, "a task", began)
	wait(e, "a task", began)
	stop()
	same(e, "handed back", e.depth(), waiting)
}

// On-demand tasks do not wait behind a large job that holds all bulk workers.
func testDemandIsNotStarved(e *env) {
	finished := make(chan string, 4)
	pass := passThrough(e, 8, finished)
	blocked := make(chan struct{})
	busy := make(chan struct{}, 10)
	e.start(workers, func(ctx context.Context, t store.Task) error {
		if t.Queue == store.QueueBulk {
			busy <- struct{}{}
			<-blocked
			return nil
		}
		return pass(ctx, t)
	})
	defer close(blocked)
	large := e.job(jobSpec{files: 20})
	e.topUp(large.ID, 10)
	for range workers.Bulk {
		wait(e, "a bulk task", busy)
	}
	small := e.job(jobSpec{files: 1, onDemand: true, prefix: "s"})
	e.tx(func(tx store.Tx) error { return tx.StartOnDemand(e.ctx, e.ws, 5, 8) })
	same(e, "finished", wait(e, "the end of the on-demand job", finished), small.ID)
}
