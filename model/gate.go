package model

import (
	"context"
	"sync"
	"time"
)

// gate is the pace of one key: how many calls run at once, and until when none may begin.
type gate struct {
	slots chan struct{}
	mu    sync.Mutex
	until time.Time
}

type gateKey struct {
	provider, base, key string
	parallel            int
}

// gates are shared by the whole process: a key's limits are the provider's, whoever asks. They are few and small.
var gates sync.Map // gateKey -> *gate

func gateOf(provider, base, key string, parallel int) *gate {
	g, _ := gates.LoadOrStore(gateKey{provider, base, key, parallel}, &gate{slots: make(chan struct{}, parallel)})
	return g.(*gate)
}

// enter waits for a free place and for the end of a pause.
func (g *gate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		g.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) leave() { <-g.slots }

// hold lets no call begin for a while.
func (g *gate) hold(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := time.Now().Add(d); t.After(g.until) {
		g.until = t
	}
}
