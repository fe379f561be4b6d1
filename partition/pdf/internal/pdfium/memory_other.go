//go:build !linux

package pdfium

import "context"

// mapped is nothing: memory is of Go's heap.
type mapped struct{}

func withMemory(ctx context.Context) (context.Context, *mapped) { return ctx, nil }

// zero makes the bytes of the memory b zero from one on.
func (m *mapped) zero(b []byte, from int) { clear(b[from:]) }

func (m *mapped) release() error { return nil }
