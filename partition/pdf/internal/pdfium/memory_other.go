//go:build !linux

package pdfium

import "context"

// mapped is nothing: memory is of Go's heap.
type mapped struct{}

func withMemory(ctx context.Context) (context.Context, *mapped) { return ctx, nil }

// zero makes the bytes of the memory b zero from one on.
func (m *mapped) zero(b []byte, from int) { clear(b[from:]) }

// cap does nothing: only Go's runtime knows what is left.
func (m *mapped) cap(uint64) {}

func (m *mapped) release() error { return nil }
