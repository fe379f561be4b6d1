package child

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"
)

// book counts what a pool tells of its children.
type book struct {
	mu      sync.Mutex
	started int
	ended   map[string]int
}

func (b *book) ChildStarted() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.started++
}

func (b *book) ChildEnded(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended == nil {
		b.ended = map[string]int{}
	}
	b.ended[why]++
}

func TestEveryEndHasItsReason(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		config Config
		act    func(p *Pool)
	}{
		EndedMemory: {Config{Memory: 192 << 20}, func(p *Pool) {
			_, _, _ = read(t, p, file("exhausts-memory", ""))
		}},
		EndedTime: {Config{Timeout: 200 * time.Millisecond}, func(p *Pool) {
			_, _, _ = read(t, p, file("spins", ""))
		}},
		EndedCrashed: {Config{}, func(p *Pool) {
			_, _, _ = read(t, p, file("exits", ""))
		}},
		EndedCanceled: {Config{}, func(p *Pool) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			s := p.Parse(ctx, file("spins", ""), Request{})
			defer s.Close()
			_, _ = io.ReadAll(s)
		}},
		EndedRecycled: {Config{Recycle: 1}, func(p *Pool) {
			told(t, p, file("pid", ""))
		}},
		EndedIdle: {Config{Idle: time.Millisecond}, func(p *Pool) {
			told(t, p, file("pid", ""))
		}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			var b book
			c.config.Size, c.config.Watch = 1, &b
			p := newTestPool(t, c.config)
			c.act(p)
			deadline := time.Now().Add(20 * time.Second)
			for {
				b.mu.Lock()
				n := b.ended[why]
				b.mu.Unlock()
				if n > 0 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("ends: %v", b.ended)
				}
				time.Sleep(10 * time.Millisecond)
			}
			p.Close()
			total := 0
			for _, n := range b.ended {
				total += n
			}
			if total != b.started {
				t.Errorf("%d children started, %d ended: %v", b.started, total, b.ended)
			}
		})
	}
}
