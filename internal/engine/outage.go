package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A connector that does not answer is waited for, and so is the work of its job: attempts grow to one a minute. An outage is
// over when any work with the connector succeeds. So that a job whose destination is gone for good ends soon after its first
// files have given up, and not file by file, later work fails at its second try.
const (
	outageLimit = 15 * time.Minute // of no success at all
	// ownAttempts is how often work is tried that fails while the connector works for others: the fault is its own. Together
	// they take about five minutes.
	ownAttempts = 12
	// maxAttempts bounds what connectors do that work now and then.
	maxAttempts = 60
)

// outages knows since when connectors have failed without a success, in this process. The zero value is ready.
type outages struct {
	mu    sync.Mutex
	since map[outageKey]time.Time
}

type outageKey struct{ job, connector string }

type outageOf struct{}

// trial is one attempt at work with a connector.
type trial struct {
	key      outageKey
	advanced atomic.Bool // some of it is done for good
}

// with marks the work of ctx as one with a connector. id "" is work without.
func (o *outages) with(ctx context.Context, job, id string) context.Context {
	return context.WithValue(ctx, outageOf{}, &trial{key: outageKey{job, id}})
}

func keyOf(ctx context.Context) (outageKey, bool) {
	t, ok := ctx.Value(outageOf{}).(*trial)
	if !ok {
		return outageKey{}, false
	}
	return t.key, t.key.connector != ""
}

// advanced says that some of the work of ctx is done for good, a part of a listing for one: what fails after that counts as
// a first attempt.
func advanced(ctx context.Context) {
	if t, ok := ctx.Value(outageOf{}).(*trial); ok {
		t.advanced.Store(true)
	}
}

// tries is the attempt that counts.
func tries(ctx context.Context, attempt int) int {
	if t, ok := ctx.Value(outageOf{}).(*trial); ok && t.advanced.Load() {
		return 1
	}
	return attempt
}

// worked says that the connector of ctx has done what it should.
func (o *outages) worked(ctx context.Context) {
	if k, ok := keyOf(ctx); ok {
		o.mu.Lock()
		delete(o.since, k)
		o.mu.Unlock()
	}
}

// failed says that it has not, and returns for how long it has not worked for anybody; 0 for work without a connector.
func (o *outages) failed(ctx context.Context) time.Duration {
	k, ok := keyOf(ctx)
	if !ok {
		return 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	since, ok := o.since[k]
	if !ok {
		if o.since == nil {
			o.since = map[outageKey]time.Time{}
		}
		since = time.Now()
		o.since[k] = since
	}
	return time.Since(since)
}

// drop forgets a job that has ended.
func (o *outages) drop(job string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for k := range o.since {
		if k.job == job {
			delete(o.since, k)
		}
	}
}

// enough says whether work that failed for a reason that may pass is given up at this attempt, in an outage that has taken
// so long.
func enough(attempt int, outage time.Duration) bool {
	switch {
	case attempt >= maxAttempts:
		return true
	case outage >= outageLimit:
		return attempt >= 2
	}
	return attempt >= ownAttempts && outage < pause(attempt-1)
}
