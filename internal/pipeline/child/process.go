package child

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// cause is why the parent ended a child.
type cause string

const (
	tooMuchMemory cause = EndedMemory
	tooLong       cause = EndedTime
	canceled      cause = EndedCanceled
	stopped       cause = EndedStopped
)

// process is the parent's side of one child.
type process struct {
	cmd    *exec.Cmd
	link   *link
	in     *bufio.Reader
	stderr head
	memory memoryGauge
	ready  bool // its first frame was read
	served int
	idle   *time.Timer
	cause  atomic.Pointer[cause] // of its kill
	leave  atomic.Pointer[cause] // of its stop
	exited chan struct{}
	state  error  // of Wait, after exited
	why    string // one of the Ended constants, after exited
}

func newProcess(p *Pool) (*process, error) {
	c := &process{exited: make(chan struct{})}
	c.cmd = exec.Command(p.cfg.Command[0], p.cfg.Command[1:]...) //nolint:noctx // it outlives any one call; the pool ends it
	c.cmd.Args[0] = "sluice"
	c.cmd.Dir = p.cfg.ScratchDir
	c.cmd.Env = environment(p.cfg.ScratchDir)
	c.cmd.Stderr = &c.stderr
	c.cmd.WaitDelay = time.Second // a program that the child ran may hold standard error open
	attributes(c.cmd)
	var err error
	c.link, err = newLink(c.cmd)
	if err != nil {
		return nil, err
	}
	c.in = bufio.NewReaderSize(c.link, 64<<10)
	return c, nil
}

// environment is all that a child gets to know: where programs and their data are, and the time zone. The parent's
// variables may hold secrets.
func environment(scratch string) []string {
	env := []string{"LANG=C.UTF-8", "TMPDIR=" + scratch, "OMP_THREAD_LIMIT=1", "GOMAXPROCS=2", "GOTRACEBACK=single"}
	for _, name := range []string{"PATH", "TZ", "TESSDATA_PREFIX", "SYSTEMROOT"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// wait reaps the child.
func (c *process) wait() {
	c.state = c.cmd.Wait()
	c.memory.close()
	c.why = c.ended() // before anybody who waits for the end discards it
	close(c.exited)
}

// discard ends a child that is of no more use.
func (c *process) discard() {
	c.kill(stopped)
	c.link.Close()
}

func (c *process) dead() bool {
	select {
	case <-c.exited:
		return true
	default:
		return c.cause.Load() != nil
	}
}

// kill ends the child and the programs that it runs. The first cause is kept.
func (c *process) kill(why cause) {
	c.cause.CompareAndSwap(nil, &why)
	select {
	case <-c.exited:
	default:
		killGroup(c.cmd.Process)
	}
}

// Why a child is let go in good order.
const (
	idle     cause = EndedIdle
	recycled cause = EndedRecycled
	crashed  cause = EndedCrashed // its parser panicked, and it said so before it left
)

// stop lets the child end by itself.
func (c *process) stop(why cause) {
	c.leave.CompareAndSwap(nil, &why)
	c.link.Close()
	go func() {
		select {
		case <-c.exited:
		case <-time.After(5 * time.Second):
			c.kill(stopped)
		}
	}()
}

// ended says why the child ended, when it has just done so.
func (c *process) ended() string {
	if why := c.leave.Load(); why != nil {
		return string(*why)
	}
	if why := c.cause.Load(); why != nil {
		return string(*why)
	}
	if _, heap := exhausted(c.stderr.bytes()); heap {
		return EndedMemory
	}
	return EndedCrashed
}

// exhausted reads in the last words of the Go runtime what there was too little of.
func exhausted(text []byte) (stack, heap bool) {
	return bytes.Contains(text, []byte("stack overflow")) || bytes.Contains(text, []byte("goroutine stack exceeds")),
		bytes.Contains(text, []byte("out of memory")) || bytes.Contains(text, []byte("cannot allocate memory"))
}

// resident is the memory that the child holds now, in bytes; 0 when the system does not tell.
func (c *process) resident() int64 { return c.memory.read(c.cmd.Process.Pid) }

// death is how a child died.
type death struct {
	cause cause  // set when the parent ended it
	stack bool   // the Go runtime: stack exhausted
	heap  bool   // the Go runtime: no memory
	kill  bool   // by a signal from elsewhere
	trace string // for logs, without the content of files
}

// autopsy waits for the end of a child that stopped speaking.
func (c *process) autopsy() death {
	grace := time.AfterFunc(2*time.Second, func() { c.kill(stopped) })
	defer grace.Stop()
	<-c.exited
	text := c.stderr.bytes()
	d := death{trace: trace(text)}
	d.stack, d.heap = exhausted(text)
	if why := c.cause.Load(); why != nil {
		d.cause = *why
	}
	var exit *exec.ExitError
	d.kill = errors.As(c.state, &exit) && !exit.Exited()
	return d
}

// trace keeps of a crash's text the runtime's own words and where it was; the value of a panic may quote the file.
func trace(text []byte) string {
	var keep []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "fatal error:"), strings.HasPrefix(line, "runtime:"),
			strings.HasPrefix(line, "panic: runtime error:"), strings.HasPrefix(line, "\t/"),
			strings.HasPrefix(line, "SIG"):
			keep = append(keep, strings.TrimSpace(line))
		}
		if len(keep) == 12 {
			break
		}
	}
	return strings.Join(keep, "\n")
}

// head keeps the first bytes that are written to it and drops the rest.
type head struct {
	mu  sync.Mutex
	buf []byte
}

const headSize = 16 << 10

func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf = append(h.buf, p[:min(len(p), headSize-len(h.buf))]...)
	return len(p), nil
}

func (h *head) bytes() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.buf)
}
