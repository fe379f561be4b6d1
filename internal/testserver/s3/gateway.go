package s3

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// gateway is versitygw over a folder for temporary files.
type gateway struct {
	program, dir, address string
	server                *Server

	process *process.Process
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
	p, err := process.Start("the S3 server", c, patience)
	if err != nil {
		return err
	}
	g.process = p
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return p.Ready(20*time.Millisecond, func() error {
		r, err := client.Get("http://" + g.address + "/") //nolint:noctx // the client has a limit
		if err != nil {
			return err
		}
		return r.Body.Close()
	})
}

func (g *gateway) stop() error { return g.process.Stop(os.Kill) }

func (g *gateway) remove() error { return os.RemoveAll(g.dir) }
