//go:build !linux

package gcs

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
