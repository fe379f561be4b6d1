//go:build !linux

package child

import (
	"os"
	"os/exec"
)

func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func attributes(*exec.Cmd) {}

func killGroup(p *os.Process) { _ = p.Kill() }

// memoryGauge cannot read another process here: the child's own limits are all there is.
type memoryGauge struct{}

func (*memoryGauge) read(int) int64 { return 0 }
func (*memoryGauge) close()         {}
