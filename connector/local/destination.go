package local

import (
	"context"
	"crypto/rand"
	"errors"
	"hash/fnv"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

// destination writes one JSON array of elements a document, at the document's path below the folder with ".json" added.
type destination struct {
	place
	locks [64]sync.Mutex // one writer of a document at a time
	swept sync.Map       // folders (string) whose unfinished files were removed
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	name, _ := config["path"].(string)
	p, err := open(name, env.Local)
	if err != nil {
		return nil, err
	}
	return &destination{place: p}, nil
}

// Guarantee implements connector.Destination: a file is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check writes a probe file and removes it again, and the folders that it had to make.
func (d *destination) Check(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	made, err := d.mkdirs(d.dir)
	defer func() {
		for _, dir := range made {
			_ = d.root.Remove(dir) // stays if somebody uses it by now
		}
	}()
	if err != nil {
		return failed("make folder", d.path, err)
	}
	probe := filepath.Join(d.dir, unfinished+rand.Text())
	f, err := d.root.OpenFile(probe, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return failed("write to folder", d.path, err)
	}
	_, err = io.WriteString(f, "[]")
	if err = errors.Join(err, f.Close(), d.root.Remove(probe)); err != nil {
		return failed("write to folder", d.path, err)
	}
	return nil
}

// mkdirs makes a folder and those above it, and returns those that were not there, innermost first.
func (d *destination) mkdirs(dir string) ([]string, error) {
	var missing []string
	for at := dir; at != "."; at = filepath.Dir(at) {
		if _, err := d.root.Stat(at); err == nil {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		missing = append(missing, at)
	}
	return missing, d.root.MkdirAll(dir, 0o755)
}

// Replace writes the elements to a file beside the final one, makes it durable and moves it into place: readers see
// the old elements or the new ones, whole. What a killed process left in the folder goes.
func (d *destination) Replace(
	ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error],
) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := d.output(doc)
	lock := d.lock(name)
	lock.Lock()
	defer lock.Unlock()

	dir := filepath.Dir(name)
	temp := filepath.Join(dir, unfinished+rand.Text())
	f, err := d.create(temp)
	if err != nil {
		return failed("write file", d.full(name), err)
	}
	if err := d.sweep(dir); err != nil {
		return errors.Join(err, f.Close(), d.root.Remove(temp))
	}
	err = output.Write(ctx, f, elements)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		failpoint.Hit(failpoint.MidReplace)
		err = d.root.Rename(temp, name)
		if errors.Is(err, fs.ErrNotExist) {
			err = connector.Retry(err, 0, "write file %q: another process took its unfinished file away", d.full(name))
		}
	}
	if err != nil {
		_ = d.root.Remove(temp) // the error that matters is the first
		var source *output.StreamError
		if errors.As(err, &source) {
			return source.Err
		}
		return failed("write file", d.full(name), err)
	}
	return d.sync(dir)
}

// create makes a file and the folders above it. A check beside us may take an empty folder away again.
func (d *destination) create(name string) (f *os.File, err error) {
	for range 3 {
		if err = d.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, err
		}
		f, err = d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f, err
}

// Remove deletes a document's file. One that is not there is no error.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := d.output(doc)
	lock := d.lock(name)
	lock.Lock()
	defer lock.Unlock()
	err := d.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed("remove file", d.full(name), err)
	}
	return d.sync(filepath.Dir(name))
}

// Close implements connector.Destination.
func (d *destination) Close() error { return d.root.Close() }

func (d *destination) lock(name string) *sync.Mutex {
	h := fnv.New32a()
	_, _ = io.WriteString(h, name)
	return &d.locks[h.Sum32()%uint32(len(d.locks))]
}

// output returns the file of a document, below the opened folder.
func (d *destination) output(doc document.Document) string {
	return filepath.Join(d.dir, filepath.FromSlash(output.Path(doc)))
}

// sweep removes from a folder what killed processes left, once.
func (d *destination) sweep(dir string) error {
	if _, done := d.swept.LoadOrStore(dir, true); done {
		return nil
	}
	f, err := d.root.Open(dir)
	if err != nil {
		return failed("read folder", d.full(dir), err)
	}
	defer f.Close()
	for {
		names, err := f.Readdirnames(1000)
		for _, n := range names {
			left := filepath.Join(dir, n)
			if abandoned(n, func() (fs.FileInfo, error) { return d.root.Lstat(left) }) {
				_ = d.root.Remove(left) // only room is lost if it stays
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failed("read folder", d.full(dir), err)
		}
	}
}

// sync makes a change of names in a folder durable.
func (d *destination) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return failed("write to folder", d.full(dir), err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return failed("write to folder", d.full(dir), err)
	}
	return nil
}
