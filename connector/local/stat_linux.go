package local

import (
	"io/fs"
	"syscall"
	"time"
)

const noBlock = syscall.O_NONBLOCK

// stat returns what only the system knows: when the file last changed in any way (what the reference shows as its
// creation) and its mode bits.
func stat(info fs.FileInfo) (time.Time, []map[string]any) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, nil
	}
	return time.Unix(s.Ctim.Unix()).UTC(), []map[string]any{{"mode": int64(s.Mode)}}
}
