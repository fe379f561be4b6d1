//go:build !windows

package blob

import "os"

// syncDir forces the entries of a folder to disk.
func syncDir(f *os.File) error { return f.Sync() }
