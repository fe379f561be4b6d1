package maven

import (
	"os"
	"syscall"
)

// mine says that a file belongs to this user: nobody else put it there.
func mine(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Getuid()
}
