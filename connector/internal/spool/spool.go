// Package spool holds bytes on their way between a remote system and the program: small ones in memory, large ones in a
// temporary file.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
)

// Memory is how many bytes a spool holds in memory before it moves to a file.
const Memory = 1 << 20

// Spool is written once and then read, any number of times. It is not safe for concurrent writes. Close removes it,
// unless File has handed it over.
type Spool struct {
	dir    string
	memory bytes.Buffer
	file   *os.File // nil while it fits in memory
	named  bool     // the file still has its name
	size   int64
}

// New makes an empty spool whose file, if it needs one, is made in dir ("" is the system's folder for temporary files).
func New(dir string) *Spool { return &Spool{dir: dir} }

// Write implements io.Writer. Its errors are for users: a full disk is transient.
func (s *Spool) Write(p []byte) (int, error) {
	if s.file == nil && s.memory.Len()+len(p) > Memory {
		if err := s.toFile(); err != nil {
			return 0, failed(err)
		}
	}
	if s.file == nil {
		n, _ := s.memory.Write(p) // never fails
		s.size += int64(n)
		return n, nil
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	if err != nil {
		return n, failed(err)
	}
	return n, nil
}

func (s *Spool) toFile() error {
	f, err := os.CreateTemp(s.dir, "spool-*")
	if err != nil {
		return err
	}
	s.file = f
	s.named = os.Remove(f.Name()) != nil // without a name it goes with the process, where the system allows that
	_, err = s.memory.WriteTo(f)
	return err
}

func failed(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return connector.Retry(err, 0, "no space is left for temporary files on the machine that runs sluice")
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return connector.Fail(err, "a temporary file cannot be written on the machine that runs sluice: %s", errno.Error())
	}
	return connector.Fail(err, "a temporary file cannot be written on the machine that runs sluice")
}

// Size is the number of bytes.
func (s *Spool) Size() int64 { return s.size }

// Reset empties the spool.
func (s *Spool) Reset() error {
	s.memory.Reset()
	s.size = 0
	if s.file == nil {
		return nil
	}
	if err := s.file.Truncate(0); err != nil {
		return failed(err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return failed(err)
	}
	return nil
}

// Reader returns a new reader over the whole content, from its first byte.
func (s *Spool) Reader() *io.SectionReader {
	if s.file != nil {
		return io.NewSectionReader(s.file, 0, s.size)
	}
	return io.NewSectionReader(bytes.NewReader(s.memory.Bytes()), 0, s.size)
}

// File hands the content over as a file, whose Close removes it. The spool is not used afterwards.
func (s *Spool) File(name, mimeType string) document.File {
	if s.file == nil {
		return document.NewFile(name, mimeType, s.size, bytes.NewReader(s.memory.Bytes()))
	}
	return document.NewFile(name, mimeType, s.size, &owned{s.file, s.named})
}

// Close removes the content.
func (s *Spool) Close() error {
	s.memory = bytes.Buffer{}
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return (&owned{f, s.named}).Close()
}

// owned is a temporary file that goes with its reader.
type owned struct {
	*os.File
	named bool
}

// Close closes the file and removes it.
func (o *owned) Close() error {
	err := o.File.Close()
	if o.named {
		err = errors.Join(err, os.Remove(o.Name()))
	}
	if err != nil {
		return fmt.Errorf("close a temporary file: %w", err)
	}
	return nil
}
