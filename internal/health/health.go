// Package health says whether a process can do its work now: what a load balancer or an orchestrator asks before it sends
// requests, and what an operator reads first.
package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Check is one thing that must work.
type Check struct {
	Name string // one word
	// Run returns nil when it works. Its error is logged; only the text of a *Reason is shown, since anybody may ask.
	Run func(ctx context.Context) error
}

// Reason is why something does not work, in words that may be shown to anybody: no address, no name, no secret.
type Reason struct{ Text string }

func (r *Reason) Error() string { return r.Text }

const (
	fresh   = 3 * time.Second // a verdict is used again for so long: a question costs no more than that
	timeout = 5 * time.Second // of all checks together
)

// Readiness answers whether the process is ready. It is safe for concurrent use.
type Readiness struct {
	log    *slog.Logger
	checks []Check

	mu       sync.Mutex // held while the checks run: one at a time
	at       time.Time
	report   Report
	stopping bool
	said     map[string]string // what the log knows, by check
}

// Report is a verdict with that of each check: "ok", or what is wrong.
type Report struct {
	Ready  bool              `json:"-"`
	Status string            `json:"status"` // ready, not ready or stopping
	Checks map[string]string `json:"checks"`
}

// New makes a Readiness over checks.
func New(log *slog.Logger, checks ...Check) *Readiness {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Readiness{log: log, checks: checks, said: map[string]string{}}
}

// Stop makes every further answer "stopping": no new work should come here.
func (r *Readiness) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
}

// Report runs the checks, or repeats what they said a moment ago.
func (r *Readiness) Report(ctx context.Context) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return Report{Status: "stopping", Checks: map[string]string{}}
	}
	if !r.at.IsZero() && time.Since(r.at) < fresh {
		return r.report
	}
	// The verdict outlives the one who asked.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	errs := make([]error, len(r.checks))
	var all sync.WaitGroup
	for i, c := range r.checks {
		all.Go(func() { errs[i] = guarded(ctx, c) })
	}
	all.Wait()
	report := Report{Ready: true, Status: "ready", Checks: map[string]string{}}
	for i, c := range r.checks {
		text := "ok"
		if errs[i] != nil {
			report.Ready, report.Status = false, "not ready"
			text = "failed; the server's log says more"
			var reason *Reason
			switch {
			case errors.As(errs[i], &reason):
				text = reason.Text
			case errors.Is(errs[i], context.DeadlineExceeded):
				text = fmt.Sprintf("no answer within %s", timeout)
			}
		}
		report.Checks[c.Name] = text
		r.tell(c.Name, text, errs[i])
	}
	r.at, r.report = time.Now(), report
	return report
}

// tell logs what has changed: a probe comes every few seconds.
func (r *Readiness) tell(check, text string, err error) {
	before, known := r.said[check]
	r.said[check] = text
	switch {
	case err != nil && before != text:
		r.log.Error("not ready", "check", check, "error", err)
	case err == nil && known && before != text:
		r.log.Info("ready again", "check", check)
	}
}

// guarded runs a check that may hang or panic.
func guarded(ctx context.Context, c Check) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				done <- fmt.Errorf("the check failed: %v", v)
			}
		}()
		done <- c.Run(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done(): // it does not hear; it ends by itself some time
		return ctx.Err()
	}
}
