//go:build unix && !linux

package openssh

import "syscall"

// attributes put the server into a group of processes of its own.
func attributes(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
