package engine

import (
	"testing"
	"time"
)

func TestEnough(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attempt int
		outage  time.Duration
		want    bool
	}{
		{1, 0, false}, {8, 0, false}, {8, time.Minute, false}, {12, 0, true}, {12, 5 * time.Minute, false}, {13, 30 * time.Second, true},
		{1, time.Hour, false}, {2, outageLimit - time.Second, false}, {2, outageLimit, true}, {59, 2 * time.Minute, false}, {60, 2 * time.Minute, true},
	} {
		if got := enough(c.attempt, c.outage); got != c.want {
			t.Errorf("attempt %d after %v: %v", c.attempt, c.outage, got)
		}
	}
	var total time.Duration
	for n := 1; n < ownAttempts; n++ {
		total += pause(n)
	}
	if total < 4*time.Minute || total > 6*time.Minute {
		t.Errorf("work with a fault of its own is tried for %v", total)
	}
}

func TestOutages(t *testing.T) {
	t.Parallel()
	var o outages
	a, b := o.with(t.Context(), "job", "a"), o.with(t.Context(), "job", "b")
	o.failed(a)
	time.Sleep(20 * time.Millisecond)
	if o.failed(a) < 20*time.Millisecond || o.failed(b) > 10*time.Millisecond {
		t.Error("an outage is not counted from its first failure, or not for its connector alone")
	}
	o.worked(a)
	if o.failed(a) > 10*time.Millisecond {
		t.Error("a success does not end the outage")
	}
	if o.failed(t.Context()) != 0 || o.failed(o.with(t.Context(), "job", "")) != 0 {
		t.Error("work without a connector has an outage")
	}
	if n := tries(a, 9); n != 9 {
		t.Errorf("attempt 9 counts as %d", n)
	}
	if advanced(a); tries(a, 9) != 1 || tries(b, 9) != 9 {
		t.Error("an attempt that advanced is no first one, or another's is")
	}
	o.drop("job")
	if len(o.since) != 0 {
		t.Errorf("left after the job: %v", o.since)
	}
}
