package pdfium

import (
	"context"
	"os"

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

// withMemory has the module that is started with the context take a mapping. Where the system refuses the address space, memory is of Go's
// heap, and the mapping nil.
func withMemory(ctx context.Context) (context.Context, *mapped) {
	reserved, err := unix.Mmap(-1, 0, memoryPages*65536, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return ctx, nil
	}
	m := &mapped{reserved: reserved, limit: memoryPages * 65536}
	return experimental.WithMemoryAllocator(ctx, m), m
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

// zero makes the bytes of the memory b zero from one on: whole pages are given back to the system.
func (m *mapped) zero(b []byte, from int) {
	page := os.Getpagesize()
	if whole := min(len(b), (from+page-1)/page*page); m != nil && unix.Madvise(b[whole:], unix.MADV_DONTNEED) == nil {
		b = b[:whole]
	}
	clear(b[from:])
}

// cap sets how many bytes may be used, of those that there are.
func (m *mapped) cap(limit uint64) {
	if m != nil {
		m.limit = limit
	}
}

func (m *mapped) release() error {
	if m == nil {
		return nil
	}
	reserved := m.reserved
	if m.reserved, m.used = nil, 0; reserved == nil {
		return nil
	}
	return unix.Munmap(reserved)
}
