//go:build !linux

package child

import (
	"errors"
	"io"
	"os"
	"os/exec"

	"github.com/sluicehq/sluice/document"
)

// link is the parent's end of two pipes to a child.
type link struct {
	io.Reader
	io.Writer
	closers []io.Closer
}

func newLink(cmd *exec.Cmd) (*link, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	return &link{out, in, []io.Closer{in, out}}, nil
}

func (l *link) started() {}

func (l *link) Close() error {
	var errs []error
	for _, c := range l.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func (l *link) pass([]byte, *os.File) error { return errors.ErrUnsupported }

func descriptor(document.File) *os.File { return nil }

// descriptors is the child's reading end; files arrive as bytes only.
type descriptors struct{ in io.Reader }

func newDescriptors(in io.Reader) *descriptors { return &descriptors{in} }

func (d *descriptors) Read(p []byte) (int, error) { return d.in.Read(p) }

func (d *descriptors) take() (*os.File, error) { return nil, errors.ErrUnsupported }
