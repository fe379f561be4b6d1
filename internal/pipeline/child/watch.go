package child

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// lookEvery is how often the parent looks at the memory of a child at work. A child can fill some 20 MB in that time.
const lookEvery = 10 * time.Millisecond

// watch ends a child when the context, the time or the memory of its file is over. After end it never does.
type watch struct {
	mu      sync.Mutex
	child   *process
	memory  int64
	over    bool
	timeout *time.Timer
	look    *time.Timer
	unwatch func() bool
}

func newWatch(ctx context.Context, c *process, cfg Config) *watch {
	w := &watch{child: c, memory: cfg.Memory}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unwatch = context.AfterFunc(ctx, func() { w.kill(canceled) })
	w.timeout = time.AfterFunc(cfg.Timeout, func() { w.kill(tooLong) })
	w.look = time.AfterFunc(lookEvery, w.lookAgain)
	return w
}

func (w *watch) kill(why cause) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.child.kill(why)
	}
}

func (w *watch) lookAgain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	if w.child.resident() > w.memory {
		w.child.kill(tooMuchMemory)
		return
	}
	w.look.Reset(lookEvery)
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.unwatch()
	w.timeout.Stop()
	w.look.Stop()
}

// severed says whether err is the sight of a peer that is gone.
func severed(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed)
}
