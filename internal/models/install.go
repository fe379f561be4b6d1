package models

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// RepositoryVariable names another repository with the same packages, a mirror inside a closed network for one.
const RepositoryVariable = "SLUICE_MODELS_REPOSITORY"

const repository = "https://repo1.maven.org/maven2"

// ErrNotFetched is a package that could not be had: the network or the repository, not what it gave.
var ErrNotFetched = errors.New("not fetched")

const (
	maxPackage = 1 << 30 // bytes
	maxMember  = 2 << 30
)

// Install fetches a model and the library that runs it, checks their hashes, and puts them into the folder of models. What is
// there already is not fetched again. progress is told what is fetched and how large it is (-1 when unknown).
func Install(ctx context.Context, client *http.Client, m Model, progress func(name string, size int64)) error {
	dir, err := Folder()
	if err != nil {
		return err
	}
	lib, err := library()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of models; name another with %s: %w", FolderVariable, err)
	}
	for _, a := range []artifact{lib, m.artifact} {
		path := filepath.Join(dir, a.name)
		if _, err := os.Stat(path); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := a.install(ctx, client, path, progress); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return nil
}

// install fetches one file. It appears whole or not at all.
func (a artifact) install(ctx context.Context, client *http.Client, path string, progress func(string, int64)) error {
	base := strings.TrimRight(os.Getenv(RepositoryVariable), "/")
	if base == "" {
		base = repository
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/"+a.path, nil)
	if err != nil {
		return fmt.Errorf("the address in %s is not valid", RepositoryVariable)
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%w; check the network and its proxy, or name a mirror with %s: %w", ErrNotFetched, RepositoryVariable, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s answered %s; name a mirror with %s", ErrNotFetched, r.URL.Host, answer.Status, RepositoryVariable)
	}
	progress(a.name, answer.ContentLength)
	jar, err := os.CreateTemp(filepath.Dir(path), ".sluice-*")
	if err != nil {
		return err
	}
	defer os.Remove(jar.Name())
	defer jar.Close()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(jar, sum), io.LimitReader(answer.Body, maxPackage+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: it broke off: %w", ErrNotFetched, err)
	case size > maxPackage:
		return errors.New("the package is larger than 1 GB")
	case hex.EncodeToString(sum.Sum(nil)) != a.sha256:
		return fmt.Errorf("the package that %s gave is not the one that was tested: its hash differs; nothing was installed", r.URL.Host)
	}
	z, err := zip.NewReader(jar, size)
	if err != nil {
		return err
	}
	member, err := z.Open(a.member)
	if err != nil {
		return err
	}
	defer member.Close()
	out, err := os.CreateTemp(filepath.Dir(path), ".sluice-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	_, err = io.Copy(out, io.LimitReader(member, maxMember))
	if err := errors.Join(err, out.Sync(), out.Close(), os.Chmod(out.Name(), 0o644)); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}
