package child

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// guard takes from the process what parsing does not need. What this system does not offer is returned, and the child
// goes on without it: the other guards and the parent's watch still hold.
func guard(s settings) guards {
	var g guards
	add := func(name string, err error) {
		if err != nil {
			g.Missing = append(g.Missing, name+": "+err.Error())
		}
	}
	// When the machine runs out of memory the kernel shall end children before the server.
	add("oom_score_adj", os.WriteFile("/proc/self/oom_score_adj", []byte("800"), 0))
	add("core limit", limit(unix.RLIMIT_CORE, 0))
	add("file limit", limit(unix.RLIMIT_NOFILE, 256))
	add("file size limit", limit(unix.RLIMIT_FSIZE, 8<<30))
	// The parent watches resident memory and ends the child above the limit. This limit is behind it, for the moments
	// between two looks. It counts writable private mappings, touched or not: a child with PDFium at rest has 152 MB of
	// them with 52 MB resident, and a fragmented heap has more, so it is wide. RLIMIT_AS would count the address space
	// that Go and WebAssembly only reserve: 1.7 GB for the same child.
	add("data limit", limit(unix.RLIMIT_DATA, uint64(s.Memory)*2+512<<20))

	// Seccomp and no_new_privs are set from one thread for all (TSYNC).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		add("no_new_privs", err)
		return g
	}
	add("landlock", confine(s.ScratchDir))
	add("seccomp", filter())
	return g
}

// limit lowers a resource limit of the process, soft and hard.
func limit(resource int, value uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(resource, &now); err != nil {
		return err
	}
	value = min(value, now.Max)
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value})
}
