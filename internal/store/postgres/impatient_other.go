//go:build !linux

package postgres

import "syscall"

// impatient does nothing where the option does not exist: keep-alive and the system's own limits hold.
func impatient(_, _ string, _ syscall.RawConn) error { return nil }
