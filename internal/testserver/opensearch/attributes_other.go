//go:build !linux

package opensearch

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

func owner() (uid, gid int, err error) { return os.Getuid(), os.Getgid(), nil }
