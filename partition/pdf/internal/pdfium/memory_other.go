//go:build !linux

package pdfium

import "context"

// withMemory leaves memory to Go's heap.
func withMemory(ctx context.Context) (with context.Context, limit func(bytes uint64), release func() error) {
	return ctx, func(uint64) {}, func() error { return nil }
}
