//go:build !linux

package kafka

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
