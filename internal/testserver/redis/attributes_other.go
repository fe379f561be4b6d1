//go:build !linux

package redis

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
