//go:build !linux

package mongodb

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
