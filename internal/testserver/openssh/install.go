//go:build unix

package openssh

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// BinaryEnv names an sshd to use in place of the system's.
const BinaryEnv = "SLUICE_TEST_SSHD"

const system = "/usr/sbin/sshd"

// program finds sshd. Where the system has none, Debian's package is unpacked into the repository's folder for tools: nothing
// is installed, and no service starts. The second value is a folder of libraries that came with it.
var program = sync.OnceValues(func() ([2]string, error) {
	if name := os.Getenv(BinaryEnv); name != "" {
		return [2]string{name}, nil
	}
	if _, err := os.Stat(system); err == nil {
		return [2]string{system}, nil
	}
	root, err := process.Repository()
	if err != nil {
		return [2]string{}, err
	}
	dir := filepath.Join(root, ".cache", "openssh-server")
	if _, err := os.Stat(dir); err != nil {
		if err := unpack(dir); err != nil {
			return [2]string{}, fmt.Errorf("cannot get an SSH server for the tests: %w; on Debian: apt-get install openssh-server, "+
				"or name another one in %s", err, BinaryEnv)
		}
	}
	libraries, err := filepath.Glob(filepath.Join(dir, "usr", "lib", "*", "libwrap.so.0"))
	if err != nil || len(libraries) != 1 {
		return [2]string{}, fmt.Errorf("%s has %d libwrap.so.0: remove the folder and try again", dir, len(libraries))
	}
	return [2]string{filepath.Join(dir, "usr", "sbin", "sshd"), filepath.Dir(libraries[0])}, nil
})

// unpack makes dir of the packages of sshd and of the one library that a Debian system may lack.
func unpack(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "openssh-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, name := range []string{"openssh-server", "libwrap0"} {
		c := exec.Command("apt-get", "download", name) //nolint:noctx // apt has limits of its own
		c.Dir = work
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get download %s: %w\n%s", name, err, out)
		}
	}
	packages, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil {
		return err
	}
	for _, p := range packages {
		if out, err := exec.Command("dpkg-deb", "-x", p, filepath.Join(work, "root")).CombinedOutput(); err != nil { //nolint:noctx // a moment
			return fmt.Errorf("dpkg-deb: %w\n%s", err, out)
		}
	}
	if err := os.Rename(filepath.Join(work, "root"), dir); err != nil {
		if _, again := os.Stat(dir); again != nil {
			return err
		} // another test was quicker
	}
	return nil
}
