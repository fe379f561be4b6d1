package child

import "golang.org/x/sys/unix"

const (
	arch    = unix.AUDIT_ARCH_X86_64
	foreign = 0x40000000 // numbers from here on are those of the x32 interface, which would pass by the list
)
