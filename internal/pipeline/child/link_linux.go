package child

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sluicehq/sluice/document"
)

// link is the parent's end of the socket to a child.
type link struct {
	*net.UnixConn
	theirs *os.File
}

// newLink makes a socket pair and gives the far end to cmd as its standard input and output. A socket and not two
// pipes, since open descriptors travel over sockets only.
func newLink(cmd *exec.Cmd) (*link, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "parse child"), os.NewFile(uintptr(fds[1]), "parent")
	conn, err := net.FileConn(ours) // a duplicate
	ours.Close()
	if err != nil {
		theirs.Close()
		return nil, fmt.Errorf("use a socket pair: %w", err)
	}
	cmd.Stdin, cmd.Stdout = theirs, theirs
	return &link{conn.(*net.UnixConn), theirs}, nil
}

// started lets go of the far end, which the child holds now.
func (l *link) started() { l.theirs.Close() }

// pass writes b with an open descriptor attached.
func (l *link) pass(b []byte, f *os.File) error {
	n, _, err := l.WriteMsgUnix(b, unix.UnixRights(int(f.Fd())), nil)
	if err == nil && n < len(b) {
		_, err = l.Write(b[n:])
	}
	return err
}

// descriptor opens the file behind f anew for reading only, so that the child gets neither the right to write nor a
// position shared with the parent. It is nil for content that is not exactly one open file.
func descriptor(f document.File) *os.File {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil
	}
	var file *os.File
	_ = raw.Control(func(fd uintptr) {
		file, _ = os.Open("/proc/self/fd/" + strconv.Itoa(int(fd)))
	})
	if file == nil {
		return nil
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() != f.Size {
		file.Close()
		return nil
	}
	return file
}

// descriptors is the child's reading end. It keeps the open files that arrive between the bytes.
type descriptors struct {
	in    io.Reader
	fd    int // of the socket, -1 when in is something else
	files []*os.File
}

func newDescriptors(in io.Reader) *descriptors {
	d := &descriptors{in: in, fd: -1}
	if f, ok := in.(*os.File); ok {
		if kind, err := unix.GetsockoptInt(int(f.Fd()), unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && kind == unix.AF_UNIX {
			d.fd = int(f.Fd())
		}
	}
	return d
}

func (d *descriptors) Read(p []byte) (int, error) {
	if d.fd < 0 {
		return d.in.Read(p)
	}
	oob := make([]byte, unix.CmsgSpace(4))
	for {
		n, m, _, _, err := unix.Recvmsg(d.fd, p, oob, unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		if m > 0 {
			if err := d.keep(oob[:m]); err != nil {
				return 0, err
			}
		}
		return n, nil
	}
}

func (d *descriptors) keep(oob []byte) error {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return err
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return err
		}
		for _, fd := range fds {
			d.files = append(d.files, os.NewFile(uintptr(fd), "file"))
		}
	}
	return nil
}

// take returns the descriptor that came with the request.
func (d *descriptors) take() (*os.File, error) {
	if len(d.files) == 0 {
		return nil, errors.New("no descriptor came with the request")
	}
	f := d.files[0]
	d.files = d.files[1:]
	return f, nil
}
