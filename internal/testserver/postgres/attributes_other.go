//go:build !linux

package postgres

import (
	"os"
	"syscall"
)

// attributes are the defaults: elsewhere the tests run as a user that may run a server.
func attributes() *syscall.SysProcAttr { return nil }

// mine says that a file belongs to this user; elsewhere the folder for temporary files is the user's own.
func mine(os.FileInfo) bool { return true }
