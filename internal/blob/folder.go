package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// temporary is the folder of files that are being written. No key leads there: a key's names never start with a dot.
const temporary = ".tmp"

// staleAfter is the age at which a temporary file is taken for that of a dead process.
const staleAfter = 24 * time.Hour

// folder keeps blobs as files. A file is written beside its place, forced to disk, renamed into it, and the rename is
// forced to disk: only then does Put return. os.Root keeps every path below the folder, whatever links stand in it.
type folder struct {
	root *os.Root
	dirs dirs
}

func openFolder(dir string) (Store, error) {
	fail := func(err error) (Store, error) {
		return nil, fmt.Errorf("cannot open the folder for outputs: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fail(err)
	}
	if err := root.Mkdir(temporary, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		root.Close()
		return fail(err)
	}
	f := &folder{root: root, dirs: dirs{root: root, known: map[string]bool{}, syncs: map[string]*dirSync{}}}
	f.sweep()
	return f, nil
}

// sweep removes what dead processes left half written.
func (f *folder) sweep() {
	d, err := f.root.Open(temporary)
	if err != nil {
		return
	}
	defer d.Close()
	entries, _ := d.ReadDir(-1)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = f.root.Remove(filepath.Join(temporary, e.Name()))
		}
	}
}

// Put implements Store.
func (f *folder) Put(ctx context.Context, key string, r io.Reader) (int64, string, error) {
	name, err := local(key, false)
	if err != nil {
		return 0, "", err
	}
	size, hash, err := f.put(ctx, name, r)
	if err != nil {
		return 0, "", writeError(key, err)
	}
	return size, hash, nil
}

func (f *folder) put(ctx context.Context, name string, r io.Reader) (int64, string, error) {
	half := filepath.Join(temporary, rand.Text())
	w, err := f.root.OpenFile(half, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(w, sum), &until{ctx, r})
	if err == nil {
		err = w.Sync()
	}
	if e := w.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = f.place(half, name)
	}
	if err != nil {
		_ = f.root.Remove(half)
		return 0, "", err
	}
	return size, hex.EncodeToString(sum.Sum(nil)), nil
}

// place moves a written file to its name, durably. A folder that DeletePrefix takes away in between is made again.
func (f *folder) place(half, name string) error {
	dir := filepath.Dir(name)
	for try := 0; ; try++ {
		if err := f.dirs.make(dir); err != nil {
			return err
		}
		err := f.root.Rename(half, name)
		if errors.Is(err, fs.ErrNotExist) && try < 3 {
			f.dirs.forget(dir)
			continue
		}
		if err != nil {
			return err
		}
		return f.dirs.sync(dir)
	}
}

// Open implements Store.
func (f *folder) Open(_ context.Context, key string) (io.ReadCloser, error) {
	file, err := f.open(key)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *folder) open(key string) (*os.File, error) {
	name, err := local(key, false)
	if err != nil {
		return nil, err
	}
	file, err := f.root.Open(name)
	if err == nil {
		var info fs.FileInfo
		if info, err = file.Stat(); err == nil && info.IsDir() {
			err = fs.ErrNotExist
		}
		if err != nil {
			file.Close()
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, fmt.Errorf("%s: %w", key, ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("cannot read blob %s: %w", key, bare(err))
	}
	return file, nil
}

// Get implements Store.
func (f *folder) Get(_ context.Context, key string, limit int64) ([]byte, error) {
	file, err := f.open(key)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read blob %s: %w", key, bare(err))
	}
	if limit > 0 && info.Size() > limit {
		return nil, fmt.Errorf("blob %s has %d bytes, more than the %d allowed", key, info.Size(), limit)
	}
	var b bytes.Buffer
	b.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := b.ReadFrom(file); err != nil {
		return nil, fmt.Errorf("cannot read blob %s: %w", key, bare(err))
	}
	return b.Bytes(), nil
}

// File implements Store: blobs never change, so the file in its place serves.
func (f *folder) File(_ context.Context, key string) (File, error) {
	file, err := f.open(key)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("cannot read blob %s: %w", key, bare(err))
	}
	return sized{file, info.Size()}, nil
}

type sized struct {
	*os.File
	size int64
}

func (s sized) Size() int64 { return s.size }

// DeletePrefix implements Store. A blob that is open stays readable for its reader.
func (f *folder) DeletePrefix(_ context.Context, prefix string) error {
	name, err := local(prefix, true)
	if err != nil {
		return err
	}
	f.dirs.forget(name)
	if err := f.root.RemoveAll(name); err != nil {
		return fmt.Errorf("cannot delete the blobs of %s: %w", prefix, bare(err))
	}
	return nil
}

// Delete implements Store.
func (f *folder) Delete(_ context.Context, key string) error {
	name, err := local(key, false)
	if err != nil {
		return err
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot delete the blob %s: %w", key, bare(err))
	}
	return nil
}

// List implements Store. Names come as they are written in the folder; those of keys made of UUIDs are the keys' own.
func (f *folder) List(_ context.Context, prefix string) ([]string, error) {
	name, err := local(prefix, true)
	if err != nil {
		return nil, err
	}
	dir, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the blobs of %s: %w", prefix, bare(err))
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("cannot list the blobs of %s: %w", prefix, bare(err))
	}
	return names, nil
}

// Ping implements Store.
func (f *folder) Ping(context.Context) error {
	name := filepath.Join(temporary, "ping-"+rand.Text())
	err := f.root.WriteFile(name, []byte("ping"), 0o600)
	if e := f.root.Remove(name); err == nil {
		err = e
	}
	if err != nil {
		return writeError("ping", err)
	}
	return nil
}

// Close implements Store.
func (f *folder) Close() error { return f.root.Close() }

// until ends a copy with its context.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u *until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func writeError(key string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("cannot store %s: %w", key, ErrFull)
	}
	return fmt.Errorf("cannot store %s: %w", key, bare(err))
}

// bare takes the path out of an error: it is ours, and tells a user nothing.
func bare(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}

// maxKnown bounds the folders that are remembered as made.
const maxKnown = 10_000

// dirs makes folders and forces them to disk. Writers that end in one folder at the same time share one force.
type dirs struct {
	root  *os.Root
	mu    sync.Mutex
	known map[string]bool // made, and their entry in the folder above is on disk
	syncs map[string]*dirSync
}

// make makes a folder with those above it.
func (d *dirs) make(dir string) error {
	if dir == "." {
		return nil
	}
	d.mu.Lock()
	known := d.known[dir]
	d.mu.Unlock()
	if known {
		return nil
	}
	above := filepath.Dir(dir)
	for try := 0; ; try++ {
		if err := d.make(above); err != nil {
			return err
		}
		err := d.root.Mkdir(dir, 0o700)
		if errors.Is(err, fs.ErrNotExist) && try < 3 { // the folder above was deleted
			d.forget(above)
			continue
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		break
	}
	// Also a folder that another process has just made: its entry may not be on disk yet.
	if err := d.sync(above); err != nil {
		return err
	}
	d.mu.Lock()
	if len(d.known) >= maxKnown {
		clear(d.known)
	}
	d.known[dir] = true
	d.mu.Unlock()
	return nil
}

// forget drops what is known of a folder and of those below it.
func (d *dirs) forget(dir string) {
	below := dir + string(filepath.Separator)
	d.mu.Lock()
	defer d.mu.Unlock()
	for k := range d.known {
		if k == dir || strings.HasPrefix(k, below) {
			delete(d.known, k)
		}
	}
}

// dirSync is the force of one folder that runs, and the one that waits behind it for everybody who came meanwhile.
type dirSync struct {
	next *dirSync
	done chan struct{}
	err  error
}

// sync forces a folder's entries to disk. A force that already runs may have begun before our change, so we join the one
// behind it.
func (d *dirs) sync(dir string) error {
	d.mu.Lock()
	running := d.syncs[dir]
	if running != nil {
		s := running.next
		first := s == nil
		if first {
			s = &dirSync{done: make(chan struct{})}
			running.next = s
		}
		d.mu.Unlock()
		if !first {
			<-s.done
			return s.err
		}
		<-running.done
		d.mu.Lock()
		d.syncs[dir] = s
		d.mu.Unlock()
		return d.run(dir, s)
	}
	s := &dirSync{done: make(chan struct{})}
	d.syncs[dir] = s
	d.mu.Unlock()
	return d.run(dir, s)
}

func (d *dirs) run(dir string, s *dirSync) error {
	s.err = d.force(dir)
	d.mu.Lock()
	if s.next == nil {
		delete(d.syncs, dir)
	}
	d.mu.Unlock()
	close(s.done)
	return s.err
}

func (d *dirs) force(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDir(f)
}
