package sftp

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/spool"
)

// destination writes one JSON array of elements a document, at the document's path below the folder with ".json" added.
type destination struct {
	*place
	env   connector.Env
	swept sync.Map // folders (string) whose unfinished files were looked at
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	p, err := open(config, env)
	if err != nil {
		return nil, err
	}
	return &destination{place: p, env: env}, nil
}

// Guarantee implements connector.Destination: a file is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check writes a probe file and removes it again, and the folders that it had to make.
func (d *destination) Check(ctx context.Context) error {
	root, err := d.root(ctx)
	if err != nil {
		return err
	}
	return d.do(ctx, "write to folder", root, func(c *session) error {
		made, err := c.mkdirs(root)
		defer func() {
			for _, dir := range made {
				_ = c.client.RemoveDirectory(dir) // stays if somebody uses it by now
			}
		}()
		if err != nil {
			return err
		}
		probe := path.Join(root, output.Reserved+rand.Text())
		f, err := c.client.OpenFile(probe, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
		if err != nil {
			return err
		}
		_, err = io.WriteString(f, "[]")
		return errors.Join(err, f.Close(), c.client.Remove(probe))
	})
}

// mkdirs makes a folder and those above it, and returns those that were not there, innermost first.
func (s *session) mkdirs(dir string) ([]string, error) {
	var missing []string
	for at := dir; ; at = path.Dir(at) {
		_, err := s.client.Stat(at)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || at == "/" {
			return nil, err
		}
		missing = append(missing, at)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := s.client.Mkdir(missing[i]); err != nil {
			if info, again := s.client.Stat(missing[i]); again == nil && info.IsDir() {
				continue // another writer was quicker
			}
			return missing[i+1:], err
		}
	}
	return missing, nil
}

// Replace copies the elements to a file beside the final one, makes it durable where the server can, and moves it into
// place: readers see the old elements or the new ones, whole. The stream is gathered on this machine first, so that a
// connection that breaks costs a new copy only.
func (d *destination) Replace(
	ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error],
) error {
	root, err := d.root(ctx)
	if err != nil {
		return err
	}
	name := path.Join(root, output.Path(doc))
	content := spool.New(d.env.TempDir, inMemory)
	defer content.Close()
	if err := output.Write(ctx, content, elements); err != nil {
		var source *output.StreamError
		if errors.As(err, &source) {
			return source.Err
		}
		return d.account.failed("write file", name, err)
	}
	return d.do(ctx, "write file", name, func(c *session) error {
		now, err := c.upload(ctx, content, name)
		switch {
		case err == nil:
			d.sweep(ctx, c, path.Dir(name), now)
		case refused(err) && c.full(root, content.Size()):
			return connector.Retry(err, 0, "write file %q: no space is left on the server", name)
		}
		return err
	})
}

// upload copies content to a file and returns the server's time.
func (s *session) upload(ctx context.Context, content *spool.Spool, name string) (now time.Time, err error) {
	temp := path.Join(path.Dir(name), output.Reserved+rand.Text())
	defer func() {
		if err != nil {
			_ = s.client.Remove(temp) // it may not be there, and is swept later if it stays
		}
	}()
	f, err := s.client.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	for try := 0; errors.Is(err, fs.ErrNotExist) && try < 3; try++ { // a check beside us may take an empty folder away
		if _, err := s.mkdirs(path.Dir(name)); err != nil {
			return now, err
		}
		f, err = s.client.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	}
	if err != nil {
		return now, err
	}
	_, err = f.ReadFrom(&reader{ctx, io.NewSectionReader(content.Content(), 0, content.Size())})
	if err == nil && has(s.client, "fsync@openssh.com") {
		err = f.Sync()
	}
	info, statErr := f.Stat()
	if closeErr := f.Close(); err == nil {
		err = errors.Join(statErr, closeErr)
	}
	switch {
	case err != nil:
		return now, err
	case info.Size() != content.Size():
		return now, connector.Retry(nil, 0, "write file %q: the server has %d of its %d bytes", name, info.Size(), content.Size())
	}
	if err := ctx.Err(); err != nil {
		return now, err
	}
	failpoint.Hit(failpoint.MidReplace)
	return info.ModTime(), s.move(temp, name)
}

// move puts a file in another's place. Only the extension does that in one step.
func (s *session) move(from, to string) error {
	if has(s.client, "posix-rename@openssh.com") {
		return s.client.PosixRename(from, to)
	}
	err := s.client.Rename(from, to)
	if err == nil {
		return nil
	}
	if gone := s.client.Remove(to); gone != nil {
		return err
	}
	return s.client.Rename(from, to)
}

// full says whether the file system of a folder has less room than so many bytes.
func (s *session) full(dir string, size int64) bool {
	if data, ok := s.client.HasExtension("statvfs@openssh.com"); !ok || data != "2" {
		return false
	}
	room, err := s.client.StatVFS(dir)
	return err == nil && room.Bavail*room.Frsize < uint64(size)+1<<16
}

// reader is content that ends with its context. The library asks for its size.
type reader struct {
	ctx context.Context
	*io.SectionReader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.SectionReader.Read(p)
}

// tooOld is the age at which an unfinished file belongs to nobody any more. Its content is copied without a pause, and
// the copy ends with its connection.
const tooOld = 15 * time.Minute

// sweep removes from a folder what killed writers left, once. now is the server's time. What fails costs room only.
func (d *destination) sweep(ctx context.Context, c *session, dir string, now time.Time) {
	if _, done := d.swept.LoadOrStore(dir, true); done {
		return
	}
	found, err := c.list(ctx, dir)
	if err != nil {
		d.account.log.Warn("unfinished files were not looked for", "folder", dir)
		return
	}
	for _, info := range found {
		if strings.HasPrefix(info.Name(), output.Reserved) && info.Mode().IsRegular() && now.Sub(info.ModTime()) > tooOld {
			_ = c.client.Remove(path.Join(dir, info.Name()))
		}
	}
}

// Remove deletes a document's file. One that is not there is no error.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	root, err := d.root(ctx)
	if err != nil {
		return err
	}
	name := path.Join(root, output.Path(doc))
	return d.do(ctx, "remove file", name, func(c *session) error {
		if err := c.client.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}
