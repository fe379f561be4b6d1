//go:build !windows

package failpoint

import (
	"os"
	"syscall"
)

// die ends the process at once, with nothing flushed.
func die() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }
