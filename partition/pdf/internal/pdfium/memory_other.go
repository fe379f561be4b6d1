//go:build !linux

package pdfium

import "context"

// withMemory leaves memory to Go's heap.
func withMemory(ctx context.Context) (with context.Context, release func() error) {
	return ctx, func() error { return nil }
}
