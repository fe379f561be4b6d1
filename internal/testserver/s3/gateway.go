package s3

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// gateway is versitygw over a folder for temporary files.
type gateway struct {
	program, dir, address string
	server                *Server

	process *os.Process
	ended   <-chan error
}

func newGateway(address string, s *Server) (backend, error) {
	program, err := binary()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sluice-versitygw-")
	if err != nil {
		return nil, err
	}
	g := &gateway{program: program, dir: dir, address: address, server: s}
	for _, sub := range []string{"objects", "attributes"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	return g, nil
}

func (g *gateway) start() error {
	args := []string{"--quiet", "--keep-alive", "--port", g.address, "--region", g.server.Region, "posix"}
	if !attributesKept(filepath.Join(g.dir, "objects")) {
		args = append(args, "--sidecar", filepath.Join(g.dir, "attributes"))
	}
	c := exec.Command(g.program, append(args, filepath.Join(g.dir, "objects"))...) //nolint:noctx // ended by stop
	c.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+g.server.Key, "ROOT_SECRET_KEY="+g.server.Secret)
	c.Dir = g.dir
	c.SysProcAttr = attributes()
	var log bytes.Buffer // read after the end only
	c.Stdout, c.Stderr = &log, &log
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the server ends with the thread that started it
		err := c.Start()
		started <- err
		if err == nil {
			err = c.Wait()
			ended <- errors.Join(err, errors.New(log.String()))
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	g.process, g.ended = c.Process, ended
	if err := answers(g.address, ended); err != nil {
		_ = g.process.Kill()
		return err
	}
	return nil
}

func (g *gateway) stop() error {
	_ = g.process.Kill() // it may have ended by itself
	select {
	case <-g.ended: //nolint:errcheck // how it ended does not matter
		return nil
	case <-time.After(patience):
		return errors.New("the S3 server does not end")
	}
}

func (g *gateway) remove() error { return os.RemoveAll(g.dir) }
