package process

import "syscall"

// attributes end a server when the thread that started it ends, so when this process is killed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
