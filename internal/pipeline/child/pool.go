package child

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition"
)

// Config is how a Pool works. Zero fields have defaults.
type Config struct {
	Command    []string      // program and arguments of a child; this program with "parse-child"
	Size       int           // children at once; one a core
	Reserve    int           // children beside them for urgent files alone; half as many, at least one; negative is none
	Memory     int64         // resident memory of one child, bytes; 1 GiB
	Recycle    int           // files after which a child is replaced; 2,000
	Timeout    time.Duration // of one file; 30 minutes
	Idle       time.Duration // a child without work stops after it; one minute
	ScratchDir string        // the one folder that children may write; the system's for temporary files
	Log        *slog.Logger
	Watch      Watch // is told of children; may be nil
}

// Watch is told when children start and end. Its methods are quick and safe for concurrent use.
type Watch interface {
	ChildStarted()
	// ChildEnded says why: one of the Ended constants.
	ChildEnded(why string)
}

// Why a child ended. The first four are the pool's own doing in good order; the others cost a file.
const (
	EndedIdle     = "idle"     // nothing to do
	EndedRecycled = "recycled" // after its number of files, or since it stayed large
	EndedStopped  = "stopped"  // the pool is closing, or its caller went away
	EndedCanceled = "canceled" // the job of its file was cancelled
	EndedMemory   = "memory"   // its file needed too much
	EndedTime     = "time"     // its file took too long
	EndedCrashed  = "crashed"  // by itself, or by a signal from elsewhere
)

func (c Config) withDefaults() Config {
	if len(c.Command) == 0 {
		c.Command = []string{self(), "parse-child"}
	}
	c.Size = cmp.Or(max(c.Size, 0), runtime.GOMAXPROCS(0))
	c.Reserve = max(cmp.Or(c.Reserve, max(c.Size/2, 1)), 0)
	c.Memory = cmp.Or(max(c.Memory, 0), 1<<30)
	c.Recycle = cmp.Or(max(c.Recycle, 0), 2000)
	c.Timeout = cmp.Or(max(c.Timeout, 0), 30*time.Minute)
	c.Idle = cmp.Or(max(c.Idle, 0), time.Minute)
	c.ScratchDir = cmp.Or(c.ScratchDir, os.TempDir())
	if abs, err := filepath.Abs(c.ScratchDir); err == nil {
		c.ScratchDir = abs
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Pool is a number of children that parse one file each at a time. Children start when they are needed (one at once,
// so that the first file finds it warm), are replaced after a number of files or when they stay large, and stop when
// they have nothing to do. It is safe for concurrent use.
type Pool struct {
	cfg    Config
	slots  chan struct{} // one for each file being parsed
	urgent chan struct{} // the same for urgent files that find no slot
	starts chan start
	closed chan struct{}

	mu      sync.Mutex
	free    []*process // the last used is at the end and is used next, so that the others can stop
	alive   map[*process]struct{}
	gone    sync.WaitGroup // processes and the launcher
	missing sync.Once      // missing guards are logged once
}

var errPoolClosed = errors.New("the parser is stopping")

// NewPool starts a pool. Close ends it. It fails when the scratch folder cannot be made.
func NewPool(c Config) (*Pool, error) {
	p := &Pool{
		cfg:    c.withDefaults(),
		starts: make(chan start),
		closed: make(chan struct{}),
		alive:  map[*process]struct{}{},
	}
	p.slots, p.urgent = make(chan struct{}, p.cfg.Size), make(chan struct{}, p.cfg.Reserve)
	if err := os.MkdirAll(p.cfg.ScratchDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch folder of the parse children: %w", err)
	}
	p.gone.Go(p.launch)
	p.gone.Go(func() {
		c, err := p.spawn()
		if err != nil {
			if !errors.Is(err, errPoolClosed) {
				p.cfg.Log.Error("a parse child did not start", "error", err)
			}
			return
		}
		p.put(c)
	})
	return p, nil
}

// Parse implements Parser. It waits for a free child.
func (p *Pool) Parse(ctx context.Context, f document.File, r Request) Stream {
	s := &stream{ctx: ctx, pool: p, file: f}
	var urgent chan struct{}
	if r.Urgent {
		urgent = p.urgent
	}
	select {
	case p.slots <- struct{}{}:
		s.slot = p.slots
	case urgent <- struct{}{}:
		s.slot = p.urgent
	case <-ctx.Done():
		s.fail(context.Cause(ctx))
		return s
	case <-p.closed:
		s.fail(errPoolClosed)
		return s
	}
	s.begin(r)
	return s
}

// Partition is partition.Partition in a child.
func (p *Pool) Partition(ctx context.Context, f document.File, o partition.Options) iter.Seq2[element.Element, error] {
	return Elements(ctx, p, f, Request{Options: o})
}

// Close ends all children, also those at work, and waits until they are gone.
func (p *Pool) Close() error {
	p.mu.Lock()
	if !p.isClosed() {
		close(p.closed)
	}
	for _, c := range p.free {
		c.discard()
	}
	p.free = nil
	for c := range p.alive {
		c.kill(stopped) // its stream sees it
	}
	p.mu.Unlock()
	p.gone.Wait()
	return nil
}

// get returns a child that waited for work, or a new one.
func (p *Pool) get() (c *process, waited bool, err error) {
	for {
		p.mu.Lock()
		n := len(p.free)
		if n == 0 {
			p.mu.Unlock()
			c, err := p.spawn()
			return c, false, err
		}
		c := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		c.idle.Stop()
		if !c.dead() {
			return c, true, nil
		}
		c.discard()
	}
}

// put takes a child back that has ended its file, or ends it when it served long enough.
func (p *Pool) put(c *process) {
	if c.served >= p.cfg.Recycle || c.resident() > max(p.cfg.Memory/4, 128<<20) {
		c.stop(recycled)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed() {
		c.discard()
		return
	}
	p.free = append(p.free, c)
	if c.idle == nil {
		c.idle = time.AfterFunc(p.cfg.Idle, func() { p.retire(c) })
	} else {
		c.idle.Reset(p.cfg.Idle)
	}
}

// retire stops a child that had nothing to do, unless it was taken a moment ago.
func (p *Pool) retire(c *process) {
	p.mu.Lock()
	i := slices.Index(p.free, c)
	if i >= 0 {
		p.free = slices.Delete(p.free, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		c.stop(idle)
	}
}

type start struct {
	process *process
	err     chan error
}

// launch starts the children, all from one thread that lives as long as they do: the kernel's signal of a parent's
// death is tied to the thread that started the child.
func (p *Pool) launch() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case s := <-p.starts:
			s.err <- s.process.cmd.Start()
		case <-p.closed:
			return
		}
	}
}

// spawn starts a child and tells it its settings. It does not wait for it.
func (p *Pool) spawn() (*process, error) {
	c, err := newProcess(p)
	if err != nil {
		return nil, err
	}
	s := start{c, make(chan error, 1)}
	select {
	case p.starts <- s:
		err = <-s.err
	case <-p.closed:
		err = errPoolClosed
	}
	c.link.started()
	if err != nil {
		c.link.Close()
		if !errors.Is(err, errPoolClosed) {
			err = fmt.Errorf("start a parse child: %w", err)
		}
		return nil, err
	}
	if err := p.adopt(c); err != nil {
		return nil, err
	}
	if err := writeMessage(c.link, frameSettings, settings{p.cfg.Memory, p.cfg.ScratchDir}); err != nil {
		c.discard()
		return nil, fmt.Errorf("start a parse child: %w", err)
	}
	return c, nil
}

// adopt keeps the books of a child from its start to its end.
func (p *Pool) adopt(c *process) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed() {
		go c.wait()
		c.discard()
		return errPoolClosed
	}
	p.alive[c] = struct{}{}
	if p.cfg.Watch != nil {
		p.cfg.Watch.ChildStarted()
	}
	p.gone.Go(func() {
		c.wait()
		if p.cfg.Watch != nil {
			p.cfg.Watch.ChildEnded(c.why)
		}
		p.mu.Lock()
		delete(p.alive, c)
		p.mu.Unlock()
	})
	return nil
}

func (p *Pool) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

// report logs once what children of this system have to do without.
func (p *Pool) report(g guards) {
	if len(g.Missing) == 0 {
		return
	}
	p.missing.Do(func() {
		p.cfg.Log.Warn("parse children run with fewer guards on this system", "missing", strings.Join(g.Missing, "; "))
	})
}
