package child

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
)

// self is this very program, also when the file that it was started from has been replaced meanwhile.
func self() string { return "/proc/self/exe" }

// attributes put the child into a process group of its own, so that it can be killed with what it runs and that an
// interrupt at the terminal reaches only the parent, and let it die with the parent.
func attributes(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func killGroup(p *os.Process) {
	_ = p.Kill()
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
}

// memoryGauge reads the resident memory of a process.
type memoryGauge struct {
	mu   sync.Mutex
	file *os.File
	done bool
}

var pageSize = int64(os.Getpagesize())

func (m *memoryGauge) read(pid int) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done {
		return 0
	}
	if m.file == nil {
		f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/statm")
		if err != nil {
			return 0
		}
		m.file = f
	}
	var buf [128]byte
	n, _ := m.file.ReadAt(buf[:], 0)
	fields := bytes.Fields(buf[:n])
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * pageSize
}

func (m *memoryGauge) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = true
	if m.file != nil {
		m.file.Close()
	}
}
