// Package spool keeps bytes that come as a stream for random access: in memory as long as they are few, in a temporary
// file beyond.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sluicehq/sluice/document"
)

// ErrDisk is a temporary file that cannot be written or read; it wraps the reason.
var ErrDisk = errors.New("temporary file")

// Spool takes a stream and gives it back at any place. It is written by one goroutine, and read after that by any number.
// Close removes it, unless Content or File has handed it over.
type Spool struct {
	dir    string
	memory int64 // bytes that may be held
	buf    bytes.Buffer
	file   *os.File
	size   int64
	given  bool // the content belongs to somebody else
}

// New makes an empty Spool that goes to a file in dir ("" is the system's) when it has more than memory bytes.
func New(dir string, memory int64) *Spool { return &Spool{dir: dir, memory: memory} }

// Size is the number of bytes written.
func (s *Spool) Size() int64 { return s.size }

// Write implements io.Writer. Its error is an ErrDisk.
func (s *Spool) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) > s.memory {
		if err := s.toDisk(); err != nil {
			return 0, err
		}
	}
	var n int
	var err error
	if s.file != nil {
		n, err = s.file.Write(p)
	} else {
		n, err = s.buf.Write(p)
	}
	s.size += int64(n)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return n, err
}

func (s *Spool) toDisk() error {
	f, err := os.CreateTemp(s.dir, "sluice-spool-*")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	if _, err := f.Write(s.buf.Bytes()); err != nil {
		f.Close()
		_ = os.Remove(f.Name())
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	// Where the system allows it the name goes at once, so that a process that is killed leaves nothing.
	_ = os.Remove(f.Name())
	s.file, s.buf = f, bytes.Buffer{}
	return nil
}

// Reset empties the spool. Its error is an ErrDisk.
func (s *Spool) Reset() error {
	s.buf.Reset()
	s.size = 0
	if s.file == nil {
		return nil
	}
	err := s.file.Truncate(0)
	if err == nil {
		_, err = s.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return nil
}

// Reader returns a new reader over the whole content, from its first byte.
func (s *Spool) Reader() *io.SectionReader { return io.NewSectionReader(s.at(), 0, s.size) }

// File hands the content over as a file, whose Close removes it.
func (s *Spool) File(name, mimeType string) document.File {
	return document.NewFile(name, mimeType, s.size, s.Content())
}

// Content hands over what was written. It is an io.Closer when there is a file to remove, and then it is that *os.File, so that
// its descriptor can be handed on.
func (s *Spool) Content() io.ReaderAt {
	s.given = true
	return s.at()
}

func (s *Spool) at() io.ReaderAt {
	if s.file == nil {
		return bytes.NewReader(s.buf.Bytes())
	}
	return removed{s.file}
}

// Close removes the content, unless it was handed over.
func (s *Spool) Close() error {
	if s.given {
		return nil
	}
	s.buf = bytes.Buffer{}
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return removed{f}.Close()
}

// removed is a file that goes when it is closed.
type removed struct{ *os.File }

func (r removed) Close() error {
	err := r.File.Close()
	_ = os.Remove(r.Name()) // it is gone already where the system allows that
	return err
}
