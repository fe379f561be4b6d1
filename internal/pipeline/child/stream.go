package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
)

// stream is one file in a child. It holds a slot of the pool and the child until the last frame.
type stream struct {
	ctx    context.Context
	pool   *Pool
	file   document.File
	slot   chan struct{} // holds one of ours
	child  *process
	left   int // unread bytes of the current elements frame
	counts Counts
	err    error // what every further Read gives
	watch  *watch
}

// begin finds a child and hands it the file.
func (s *stream) begin(r Request) {
	limit := &r.Options.Limits
	if *limit == (budget.Limits{}) {
		*limit = budget.Default
	}
	// The child gives up a little earlier by itself and stays alive.
	if soft := s.pool.cfg.Timeout / 20 * 19; limit.Time == 0 || limit.Time > soft {
		limit.Time = soft
	}
	for {
		c, waited, err := s.pool.get()
		if err != nil {
			s.fail(err)
			return
		}
		s.child, s.watch = c, newWatch(s.ctx, c, s.pool.cfg)
		err = s.send(c, r)
		switch {
		case err == nil:
			return
		case waited && c.cause.Load() == nil && errors.As(err, new(*writeError)):
			s.release() // it died while it waited for work
			c.discard()
		default:
			s.fail(s.explain(err))
			return
		}
	}
}

// release stops watching; the child is the caller's.
func (s *stream) release() *process {
	c := s.child
	if c != nil {
		s.child = nil
		s.watch.end()
	}
	return c
}

// writeError is a request that did not reach the child; readError a file that could not be read.
type (
	writeError struct{ error }
	readError  struct{ error }
)

func (e *readError) Unwrap() error { return e.error }

// send writes the request and the file.
func (s *stream) send(c *process, r Request) error {
	j := job{Request: r, Name: s.file.Name, MIMEType: s.file.MIMEType, Size: s.file.Size}
	if s.file.Size > passAbove {
		if f := descriptor(s.file); f != nil {
			defer f.Close()
			j.Descriptor = true
			head, err := requestFrame(j)
			if err != nil {
				return err
			}
			if err := c.link.pass(head, f); err != nil {
				return &writeError{err}
			}
			return nil
		}
	}
	b, err := requestFrame(j)
	if err != nil {
		return err
	}
	if s.file.Size > passAbove {
		if _, err := c.link.Write(b); err != nil {
			return &writeError{err}
		}
		return copyFile(c.link, s.file)
	}
	at := len(b)
	b = append(b, make([]byte, s.file.Size)...)
	if _, err := io.ReadFull(s.file.Reader(), b[at:]); err != nil {
		return &readError{fmt.Errorf("read %s: %w", s.file.Name, err)}
	}
	if _, err := c.link.Write(b); err != nil {
		return &writeError{err}
	}
	return nil
}

func requestFrame(j job) ([]byte, error) {
	var b bytes.Buffer
	if err := writeMessage(&b, frameRequest, j); err != nil {
		return nil, fmt.Errorf("pack the request: %w", err)
	}
	return b.Bytes(), nil
}

// copyFile keeps apart what cannot be read and what cannot be written.
func copyFile(w io.Writer, f document.File) error {
	in := f.Reader()
	buf := make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return &writeError{err}
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			if at, _ := in.Seek(0, io.SeekCurrent); at != f.Size {
				return &readError{fmt.Errorf("read %s: it ends after %d of %d bytes", f.Name, at, f.Size)}
			}
			return nil
		case err != nil:
			return &readError{fmt.Errorf("read %s: %w", f.Name, err)}
		}
	}
}

// Read implements Stream.
func (s *stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	for s.left == 0 {
		if err := s.next(); err != nil {
			s.fail(err)
			return 0, err
		}
	}
	n, err := s.child.in.Read(p[:min(len(p), s.left)])
	s.left -= n
	if err != nil {
		s.fail(s.explain(err))
		return n, s.err
	}
	return n, nil
}

// next reads frames up to the next one with elements. io.EOF is the good end.
func (s *stream) next() error {
	c := s.child
	kind, size, err := readHeader(c.in)
	if err != nil {
		return s.explain(err)
	}
	switch kind {
	case frameElements:
		s.left = size
		return nil
	case frameGuards:
		var g guards
		if err := readMessage(c.in, size, &g); err != nil {
			return s.explain(err)
		}
		c.ready = true
		s.pool.report(g)
		return nil
	case frameEnd:
		var e end
		if err := readMessage(c.in, size, &e); err != nil {
			return s.explain(err)
		}
		return s.finish(e)
	default:
		return s.explain(fmt.Errorf("unexpected frame %q", kind))
	}
}

// finish gives the child back: it has answered in full.
func (s *stream) finish(e end) error {
	c := s.release()
	c.served++
	if e.Retire {
		c.stop(crashed)
	} else {
		s.pool.put(c)
	}
	s.counts = e.Counts
	switch {
	case e.Failure != "":
		return errors.New("parse child: " + e.Failure)
	case e.Outcome != "":
		var cause error
		if e.Cause != "" {
			cause = errors.New(e.Cause)
		}
		return &budget.Error{Outcome: e.Outcome, Message: e.Message, Err: cause}
	default:
		return io.EOF
	}
}

// explain says what the end of a child that broke off means for its file. err is what the parent saw of it.
func (s *stream) explain(err error) error {
	c := s.child
	gone := errors.As(err, new(*writeError)) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || severed(err)
	if errors.As(err, new(*readError)) || !gone {
		c.kill(stopped)
		if *c.cause.Load() == canceled {
			return context.Cause(s.ctx)
		}
		return err
	}
	d := c.autopsy()
	name, log := s.file.Name, s.pool.cfg.Log
	failed := func(o budget.Outcome, format string, args ...any) error {
		e := budget.Errorf(o, format, args...)
		log.WarnContext(s.ctx, "a parse child was lost", "name", name, "outcome", o, "reason", e.Message, "trace", d.trace)
		return e
	}
	switch {
	case d.cause == canceled:
		return context.Cause(s.ctx)
	case d.cause == stopped:
		return errPoolClosed
	case d.cause == tooMuchMemory, d.heap:
		return failed(budget.TooLarge, "%s needed more than %d MB of memory to parse", name, s.pool.cfg.Memory>>20)
	case d.cause == tooLong:
		return failed(budget.TimedOut, "%s took longer than %s to parse", name, s.pool.cfg.Timeout)
	case d.stack:
		return failed(budget.Crashed, "%s exhausted the stack while it was parsed; it nests too deeply", name)
	case !c.ready:
		return fmt.Errorf("a parse child did not start: %w", errors.Join(err, c.state))
	case d.kill:
		return failed(budget.Crashed, "the system ended the parser while it read %s, most likely for lack of memory", name)
	default:
		return failed(budget.Crashed, "the parser stopped while it read %s; the file may be damaged", name)
	}
}

// fail makes err what every further Read gives, and lets go of everything. A child that did not answer in full is lost.
func (s *stream) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	if c := s.release(); c != nil {
		c.discard()
	}
	if s.slot != nil {
		<-s.slot
		s.slot = nil
	}
}

// Counts implements Stream.
func (s *stream) Counts() Counts { return s.counts }

// Close implements Stream.
func (s *stream) Close() error {
	s.fail(errClosed)
	return nil
}
