package pdfium

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// mapped is the memory of an instance as a mapping of its own: as much address space as it may ever take, of which the part in use can
// be written. It grows where it stands, so that nothing is copied, pages that PDFium never touches cost nothing, and all of it goes back to
// the system at once. Memory of Go's heap would be cleared when it is made, copied whenever it grows, and kept until a collection.
type mapped struct {
	reserved []byte
	used     uint64
	limit    uint64 // bytes that may be used
}

// withMemory has the module that is started with the context take a mapping. release gives that back. Where the system refuses the address
// space, memory is of Go's heap.
func withMemory(ctx context.Context) (with context.Context, limit func(bytes uint64), release func() error) {
	reserved, err := unix.Mmap(-1, 0, memoryPages*65536, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return ctx, func(uint64) {}, func() error { return nil }
	}
	m := &mapped{reserved: reserved, limit: uint64(len(reserved))}
	return experimental.WithMemoryAllocator(ctx, m), func(bytes uint64) { m.limit = bytes }, m.release
}

// Allocate implements experimental.MemoryAllocator, for one memory.
func (m *mapped) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements experimental.LinearMemory. What is new is zero.
func (m *mapped) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) || size > max(m.limit, m.used) {
		return nil
	}
	if size > m.used {
		if unix.Mprotect(m.reserved[m.used:size], unix.PROT_READ|unix.PROT_WRITE) != nil {
			return nil
		}
		m.used = size
	}
	return m.reserved[:size:size]
}

// Free implements experimental.LinearMemory. A module that ends itself frees its memory, while results may still be read from it: only
// release takes it away.
func (m *mapped) Free() {}

func (m *mapped) release() error {
	reserved := m.reserved
	if m.reserved, m.used = nil, 0; reserved == nil {
		return nil
	}
	return unix.Munmap(reserved)
}
