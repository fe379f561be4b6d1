package gcs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

const (
	module  = "github.com/fsouza/fake-gcs-server"
	release = "v1.56.1"
)

// BinaryEnv names a fake-gcs-server to use in place of the one that is installed.
const BinaryEnv = "SLUICE_TEST_FAKE_GCS_SERVER"

// binary finds fake-gcs-server in the repository's folder for tools, and builds it there if it is not: some minutes, once.
var binary = sync.OnceValues(func() (string, error) {
	if name := os.Getenv(BinaryEnv); name != "" {
		return name, nil
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	name := filepath.Join(root, ".cache", "bin", "fake-gcs-server-"+release)
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	if err := os.MkdirAll(filepath.Join(root, ".cache", "bin"), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Join(root, ".cache"), "fake-gcs-server-install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	c := exec.Command("go", "install", module+"@"+release) //nolint:noctx // the Go program has limits of its own
	c.Dir = work
	c.Env = append(os.Environ(), "GOBIN="+work, "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot install a server for the tests (go install %s@%s): %w\n%s", module, release, err, out)
	}
	// Two processes may get here at once; either file serves.
	return name, os.Rename(filepath.Join(work, "fake-gcs-server"), name)
})

// repository is the folder above the working directory that holds go.mod.
func repository() (string, error) {
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
			return "", errors.New("no go.mod above the working directory")
		}
		dir = above
	}
}
