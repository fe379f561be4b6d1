//go:build !linux

package ocr

import (
	"os"
	"os/exec"
)

func separate(*exec.Cmd) {}

func launch(cmd *exec.Cmd) error { return cmd.Start() }

func kill(p *os.Process) { _ = p.Kill() }
