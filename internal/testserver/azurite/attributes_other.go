//go:build !linux

package azurite

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
