package s3

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

const (
	module  = "github.com/versity/versitygw/cmd/versitygw"
	release = "v1.8.0"
)

// BinaryEnv names a versitygw to use in place of the one that is installed.
const BinaryEnv = "SLUICE_TEST_VERSITYGW"

// binary finds versitygw in the repository's folder for tools, and installs it there if it is not: about two minutes, once.
var binary = sync.OnceValues(func() (string, error) {
	if name := os.Getenv(BinaryEnv); name != "" {
		return name, nil
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	name := filepath.Join(root, ".cache", "bin", "versitygw-"+release)
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	work := filepath.Join(root, ".cache", fmt.Sprintf("versitygw-%d", os.Getpid()))
	if err := os.MkdirAll(work, 0o755); err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	c := exec.Command("go", "install", module+"@"+release) //nolint:noctx // the Go program has limits of its own
	c.Dir = work
	c.Env = append(os.Environ(), "GOBIN="+work, "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot install an S3 server for the tests (go install %s@%s): %w\n%s", module, release, err, out)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	// Two processes may get here at once; either file serves.
	return name, os.Rename(filepath.Join(work, "versitygw"), name)
})

// repository finds the folder of go.mod above the working directory, which is the tested package's.
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
			return "", errors.New("no go.mod above the working directory: run the tests in the repository")
		}
		dir = above
	}
}
