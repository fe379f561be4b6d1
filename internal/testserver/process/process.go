// Package process runs the real servers of tests as child processes: started, waited for until they answer, ended by signal.
// A server ends at the latest with the process of the test.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// Process is a server that was started.
type Process struct {
	name     string
	process  *os.Process
	ended    chan struct{} // closed at its end, after err is set
	err      error
	said     bytes.Buffer // read after the end only
	patience time.Duration
}

// Start starts a server. name is for errors; patience is how long its start and its end may take. What it writes is kept for
// errors, unless the command says where it goes; a command without SysProcAttr gets those that end it with this process.
func Start(name string, c *exec.Cmd, patience time.Duration) (*Process, error) {
	p := &Process{name: name, ended: make(chan struct{}), patience: patience}
	if c.Stdout == nil && c.Stderr == nil {
		c.Stdout, c.Stderr = &p.said, &p.said
	}
	if c.SysProcAttr == nil {
		c.SysProcAttr = attributes()
	}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the server ends with the thread that started it
		err := c.Start()
		started <- err
		if err == nil {
			p.err = c.Wait()
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.process = c.Process
	return p, nil
}

// Ready asks again and again until the server answers. When it returns an error the server has ended.
func (p *Process) Ready(every time.Duration, ping func() error) error {
	for begin := time.Now(); ; time.Sleep(every) {
		err := ping()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended: %w: %w\n%s", p.name, p.err, err, p.said.String())
		default:
		}
		if time.Since(begin) > p.patience {
			p.Kill()
			return fmt.Errorf("%s does not answer: %w\n%s", p.name, err, p.said.String())
		}
	}
}

// Stop sends a signal and waits for the end. A server that has ended by itself is none that fails to stop.
func (p *Process) Stop(s os.Signal) error {
	if err := p.process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(p.patience):
		p.Kill()
		return fmt.Errorf("%s had to be killed", p.name)
	}
}

// Kill ends the server at once.
func (p *Process) Kill() {
	_ = p.process.Kill() // it may have ended by itself
	<-p.ended
}

// FreePort finds a port of the loopback that nobody has now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Repository finds the folder of go.mod above the working directory, which is the tested package's.
func Repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("no go.mod above the working directory: run the tests in the repository")
		}
		dir = above
	}
}

// GoProgram finds a program of a Go module in the repository's folder for tools, and installs it there if it is not: some
// minutes, once. The environment variable names another program to use in its place.
func GoProgram(variable, pkg, version string) (string, error) {
	name, err := Installed(variable, pkg, version)
	if !errors.Is(err, os.ErrNotExist) {
		return name, err
	}
	root, err := Repository()
	if err != nil {
		return "", err
	}
	program := filepath.Base(pkg)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Join(root, ".cache"), program+"-install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	c := exec.Command("go", "install", pkg+"@"+version) //nolint:noctx // the Go program has limits of its own
	c.Dir = work
	c.Env = append(os.Environ(), "GOBIN="+work, "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot install a server for the tests (go install %s@%s): %w\n%s", pkg, version, err, out)
	}
	// Two processes may get here at once; either file serves.
	return name, os.Rename(filepath.Join(work, program), name)
}

// Installed is GoProgram of one that is not installed when it is not there: then the error is os.ErrNotExist, beside its name.
func Installed(variable, pkg, version string) (string, error) {
	if name := os.Getenv(variable); name != "" {
		return name, nil
	}
	root, err := Repository()
	if err != nil {
		return "", err
	}
	name := filepath.Join(root, ".cache", "bin", filepath.Base(pkg)+"-"+version)
	if _, err := os.Stat(name); err != nil {
		return name, fmt.Errorf("%s: %w", filepath.Base(name), os.ErrNotExist)
	}
	return name, nil
}
