package ocr

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// separate puts the command into a process group of its own, so that it is killed with what it starts, and lets it die
// with this process, however that ends.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// memoryLimit is how much memory one process may have, bytes. The largest raster that it is given takes 240 MB.
const memoryLimit = 1 << 30

type start struct {
	cmd *exec.Cmd
	err chan error
}

var (
	starts   = make(chan start)
	launcher = sync.OnceFunc(func() {
		go func() {
			// The kernel ties the signal of a parent's death to the thread that started the child: this one never ends.
			runtime.LockOSThread()
			for s := range starts {
				s.err <- s.cmd.Start()
			}
		}()
	})
)

func launch(cmd *exec.Cmd) error {
	launcher()
	s := start{cmd, make(chan error, 1)}
	starts <- s
	if err := <-s.err; err != nil {
		return err
	}
	_ = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: memoryLimit, Max: memoryLimit}, nil)
	return nil
}

func kill(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	_ = p.Kill()
}
