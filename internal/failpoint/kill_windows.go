package failpoint

import "os"

// die ends the process at once, with nothing flushed.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill() //nolint:errcheck // select below holds the caller until the end
	}
}
