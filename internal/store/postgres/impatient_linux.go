package postgres

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// impatient bounds how long sent bytes may stay without an answer of the other side's network, which keep-alive does not.
func impatient(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 30_000)
	}); e != nil {
		return e
	}
	if err == unix.ENOPROTOOPT || err == unix.EOPNOTSUPP { //nolint:errorlint // an errno; a unix socket has no such option
		return nil
	}
	return err
}
