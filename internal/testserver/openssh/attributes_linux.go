package openssh

import "syscall"

// attributes end the server when this process is killed. One with an account of its own sees other files of accounts than the
// system does.
func attributes(own bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if own {
		a.Unshareflags = syscall.CLONE_NEWNS
	}
	return a
}
