package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
)

// Main is the child's side: it serves one file after the other until in ends, and returns the exit status. It first
// takes rights away from the whole process, so it is only for a process that a Pool started.
func Main(in io.Reader, out io.Writer) int { return serve(in, out, parse) }

// MainWith is Main with a parser around the program's own, for tests of what a file can do to its process.
func MainWith(in io.Reader, out io.Writer, around func(ParseFunc) ParseFunc) int {
	return serve(in, out, around(parse))
}

func serve(in io.Reader, out io.Writer, p ParseFunc) int {
	s := &server{parse: guarded(p), out: bufio.NewWriterSize(out, pieceSize+2*headerSize)}
	s.fds = newDescriptors(in)
	s.in = bufio.NewReaderSize(s.fds, 64<<10)
	if err := s.start(); err != nil {
		return 1
	}
	work := make(chan received)
	go s.receive(work)
	for w := range work {
		if retire := s.serve(w); retire {
			break
		}
	}
	return 0
}

type server struct {
	parse    ParseFunc
	in       *bufio.Reader
	fds      *descriptors
	out      *bufio.Writer
	settings settings
}

// received is a whole request; err says why its file could not be taken in.
type received struct {
	job
	file document.File
	err  error
}

// start reads the settings and lives by them.
func (s *server) start() error {
	kind, size, err := readHeader(s.in)
	if err != nil {
		return err
	}
	if kind != frameSettings {
		return fmt.Errorf("the first frame is %q", kind)
	}
	if err := readMessage(s.in, size, &s.settings); err != nil {
		return err
	}
	// The collector works harder from three quarters of the hard limit on: a file that needs memory gets to use it, one
	// that only makes garbage does not die of it. Few collections suit many small files.
	debug.SetMemoryLimit(s.settings.Memory / 4 * 3)
	debug.SetGCPercent(200)
	debug.SetMaxStack(int(min(s.settings.Memory/4, maxStack)))
	if err := writeMessage(s.out, frameGuards, guard(s.settings)); err != nil {
		return err
	}
	return s.out.Flush() // from here on a death is the file's fault
}

// maxStack is the hard limit of one goroutine's stack in bytes: deep enough for every nesting that the budget allows,
// and reached in milliseconds by a parser that recurses without end.
const maxStack = 64 << 20

// receive reads requests. When the parent is gone it ends the process at once, also in the middle of a file.
func (s *server) receive(work chan<- received) {
	defer close(work)
	for {
		r, err := s.next()
		if err != nil {
			if _, real := s.fds.in.(*os.File); real {
				os.Exit(0)
			}
			return
		}
		work <- r
	}
}

// next takes in one request with its file.
func (s *server) next() (received, error) {
	var r received
	kind, size, err := readHeader(s.in)
	if err != nil {
		return r, err
	}
	if kind != frameRequest {
		return r, fmt.Errorf("unexpected frame %q", kind)
	}
	if err := readMessage(s.in, size, &r.job); err != nil {
		return r, err
	}
	var content document.Content
	switch {
	case r.Descriptor:
		content, err = s.fds.take()
		if err != nil {
			return r, err
		}
	case r.Size > spoolAbove:
		content, err = spool(s.in, r.Size, s.settings.ScratchDir)
		if err != nil {
			r.err = fmt.Errorf("spool the file: %w", err)
		}
	default:
		b := make([]byte, r.Size)
		if _, err := io.ReadFull(s.in, b); err != nil {
			return r, err
		}
		content = memory(b)
	}
	r.file = document.NewFile(r.Name, r.MIMEType, r.Size, content)
	return r, nil
}

// serve parses one file and sends what it gave.
func (s *server) serve(w received) (retire bool) {
	defer w.file.Close()
	if w.err != nil {
		return s.finish(end{Failure: w.err.Error()})
	}
	if w.Options.ScratchDir == "" {
		w.Options.ScratchDir = s.settings.ScratchDir
	}
	pieces := pieceWriter{out: s.out}
	counts, err := s.parse(context.Background(), w.file, w.Request, &pieces)
	if err != nil {
		return s.finish(ending(err))
	}
	if err := pieces.flush(); err != nil {
		return true
	}
	return s.finish(end{Counts: counts})
}

func (s *server) finish(e end) (retire bool) {
	if err := writeMessage(s.out, frameEnd, e); err != nil {
		return true
	}
	return s.out.Flush() != nil || e.Retire
}

// ending names how a file failed.
func ending(err error) end {
	var failed *budget.Error
	if !errors.As(err, &failed) {
		return end{Failure: err.Error()}
	}
	e := end{Outcome: failed.Outcome, Message: failed.Message}
	if failed.Err != nil {
		e.Cause = failed.Err.Error()
	}
	var p *panicked
	e.Retire = errors.As(err, &p) || failed.Outcome == budget.Crashed
	return e
}

// memory is a file's bytes.
type memory []byte

func (m memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// spool keeps size bytes of r in a file without a name, and reads them all in any case.
func spool(r io.Reader, size int64, dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "sluice-parse-*")
	if err != nil {
		_, _ = io.CopyN(io.Discard, r, size)
		return nil, err
	}
	_ = os.Remove(f.Name())
	n, err := io.CopyN(f, r, size)
	if err != nil {
		_, _ = io.CopyN(io.Discard, r, size-n)
		f.Close()
		return nil, err
	}
	return f, nil
}

// guards is the answer to the settings: what this system does not offer, one line each.
type guards struct{ Missing []string }
