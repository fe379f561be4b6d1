//go:build unix

// Package cputime tells how long processors have worked for this process: what benchmarks compare where other work is on the machine.
package cputime

import (
	"syscall"
	"testing"
	"time"
)

// Own is the time of this process, of the user and of the system.
func Own(tb testing.TB) time.Duration {
	tb.Helper()
	return of(tb, syscall.RUSAGE_SELF)
}

// All is the time of this process and of those that it has started and that have ended.
func All(tb testing.TB) time.Duration {
	tb.Helper()
	return of(tb, syscall.RUSAGE_SELF) + of(tb, syscall.RUSAGE_CHILDREN)
}

func of(tb testing.TB, who int) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
