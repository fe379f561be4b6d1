// Package spool holds bytes on their way between a remote system and the program: small ones in memory, large ones in a
// temporary file. It is internal/spool with errors for users.
package spool

import (
	"errors"
	"syscall"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/spool"
)

// Memory is how many bytes a spool holds in memory before it moves to a file.
const Memory = 1 << 20

// Spool is written once and then read, any number of times. Close removes it, unless File has handed it over.
type Spool struct{ *spool.Spool }

// New makes an empty spool whose file, if it needs one, is made in dir ("" is the system's folder for temporary files).
func New(dir string) *Spool { return &Spool{spool.New(dir, Memory)} }

// Write implements io.Writer.
func (s *Spool) Write(p []byte) (int, error) {
	n, err := s.Spool.Write(p)
	return n, Failed(err)
}

// Reset empties the spool.
func (s *Spool) Reset() error { return Failed(s.Spool.Reset()) }

// Failed makes the error for the user of a temporary file that could not be written: a full disk is transient. Other errors
// stay as they are.
func Failed(err error) error {
	if !errors.Is(err, spool.ErrDisk) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return connector.Retry(err, 0, "no space is left for temporary files on the machine that runs sluice")
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return connector.Fail(err, "a temporary file cannot be written on the machine that runs sluice: %s", errno.Error())
	}
	return connector.Fail(err, "a temporary file cannot be written on the machine that runs sluice")
}
