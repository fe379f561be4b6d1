package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/connector/internal/tree"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

// source lists the regular files of a folder.
type source struct {
	*place
	recursive bool
	env       connector.Env
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	p, err := open(config, env)
	if err != nil {
		return nil, err
	}
	s := &source{place: p, env: env}
	s.recursive, _ = config["recursive"].(bool)
	return s, nil
}

// checkTime is how long a check lists a folder: the first entries prove that it can be read.
const checkTime = 3 * time.Second

// Check reads the first entries of the folder, or of the one that holds the file.
func (s *source) Check(ctx context.Context) error {
	root, single, err := s.folder(ctx)
	if err != nil {
		return err
	}
	if single != nil {
		full := path.Join(root, path.Base(s.target.path))
		return s.do(ctx, "read file", full, func(c *session) error {
			f, err := c.client.Open(full)
			if err != nil {
				return err
			}
			return f.Close()
		})
	}
	return s.do(ctx, "read folder", root, func(c *session) error {
		limited, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		found, err := c.list(limited, root)
		if len(found) > 0 && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil
		}
		return err
	})
}

// folder finds the folder of the config; when the config names a file, that one's description too.
func (s *source) folder(ctx context.Context) (root string, single fs.FileInfo, err error) {
	if root, err = s.root(ctx); err != nil {
		return "", nil, err
	}
	var info, itself fs.FileInfo
	err = s.do(ctx, "read folder", root, func(c *session) (err error) {
		if info, err = c.client.Stat(root); err == nil {
			itself, err = c.client.Lstat(root)
		}
		return err
	})
	switch {
	case err != nil:
		return "", nil, err
	case info.Mode().IsRegular() && !itself.Mode().IsRegular():
		return "", nil, connector.Fail(connector.ErrNotFound, "read folder %q: it is a link to a file; name the file itself", root)
	case info.Mode().IsRegular():
		return path.Dir(root), info, nil
	case !info.IsDir():
		return "", nil, connector.Fail(connector.ErrNotFound, "read folder %q: it is no folder", root)
	}
	return root, nil, nil
}

// Index lists files in the order of a walk (see tree). The cursor is the path of the last file below the folder. Links,
// devices and files that sluice is writing are left out.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		root, single, err := s.folder(ctx)
		if err != nil {
			yield(document.Document{}, err)
			return
		}
		if single != nil {
			if name := path.Base(s.target.path); from == "" {
				yield(s.document(root, name, single), nil)
			}
			return
		}
		walk := tree.Walk{Recursive: s.recursive, Log: s.env.Log,
			List: func(ctx context.Context, dir string) ([]tree.Entry, error) {
				return s.entries(ctx, path.Join(root, dir))
			}}
		err = walk.Files(ctx, string(from), func(name string, info fs.FileInfo) bool {
			if strings.HasPrefix(path.Base(name), output.Reserved) {
				return true
			}
			return yield(s.document(root, name, info), nil)
		})
		if err != nil {
			yield(document.Document{}, err)
		}
	}
}

// entries lists a folder.
func (s *source) entries(ctx context.Context, dir string) ([]tree.Entry, error) {
	var out []tree.Entry
	err := s.do(ctx, "read folder", dir, func(c *session) error {
		found, err := c.list(ctx, dir)
		out = make([]tree.Entry, 0, len(found))
		for _, info := range found {
			if local(info.Name()) && !strings.Contains(info.Name(), "/") {
				out = append(out, tree.Entry{Name: info.Name(), Info: info})
			}
		}
		return err
	})
	return out, err
}

// list reads a folder, one at a time on a connection. Each entry is described, a link as a link.
func (s *session) list(ctx context.Context, dir string) ([]fs.FileInfo, error) {
	select {
	case <-s.listing:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { s.listing <- struct{}{} }()
	s.names.reset()
	found, err := s.client.ReadDirContext(ctx, dir)
	if s.names.over.Load() {
		return nil, connector.Fail(nil, "read folder %q: it has more than %d entries; put them into folders below it", dir, s.names.limit)
	}
	return found, err
}

// document describes a file by its path below a folder.
func (s *source) document(root, name string, info fs.FileInfo) document.Document {
	full := path.Join(root, name)
	return document.Document{
		Identifier: s.identifier(full),
		Name:       path.Base(name),
		Path:       name,
		Version:    fmt.Sprintf("%d-%d", info.ModTime().Unix(), info.Size()),
		Size:       max(info.Size(), 0), // a server may say anything
		URL:        s.target.url(full),
		Modified:   info.ModTime().UTC(),
		RecordLocator: map[string]any{
			"protocol": "sftp", "remote_file_path": s.target.String(),
		},
		Cursor: name,
	}
}

// Fetch copies a file to this machine: parsers read it in any order.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	root, err := s.root(ctx)
	if err != nil {
		return document.File{}, err
	}
	if !local(d.Path) {
		return document.File{}, connector.Fail(connector.ErrNotFound, "read file %q: no file below the folder has such a path", d.Path)
	}
	full := path.Join(root, d.Path)
	if path.Base(root) == d.Path && s.identifier(root) == d.Identifier {
		full = root // the config names the file itself
	}
	t := transfer{name: full, dir: s.env.TempDir, to: spool.New(s.env.TempDir, inMemory)}
	for {
		at := t.to.Size()
		err := s.do(ctx, "read file", full, func(c *session) error { return t.run(ctx, c) })
		switch {
		case err == nil:
			return document.NewFile(path.Base(d.Path), d.MIMEType, t.to.Size(), t.to.Content()), nil
		case errors.Is(err, errLost) && t.to.Size() > at && ctx.Err() == nil:
			continue // the line is bad, and yet it goes on
		}
		t.to.Close()
		return document.File{}, err
	}
}

// inMemory is the size in bytes up to which a file, or a document's output, is held in memory.
const inMemory = 1 << 20

// transfer is one file on its way to this machine. A try goes on where the last one ended, as long as the file is the same.
type transfer struct {
	name, dir string
	file      fs.FileInfo // as it was when the transfer began
	to        *spool.Spool
}

func (t *transfer) run(ctx context.Context, s *session) error {
	now, err := s.client.Lstat(t.name)
	if err != nil {
		return err
	}
	if !now.Mode().IsRegular() { // a pipe that took its place would block
		return connector.Fail(connector.ErrNotFound, "read file %q: it is not a file any more", t.name)
	}
	if t.file == nil || !same(t.file, now) {
		t.to.Close()
		t.file, t.to = now, spool.New(t.dir, inMemory)
	}
	return t.rest(ctx, s)
}

// rest copies what is not copied yet, and fails when the file is not the same at its end.
func (t *transfer) rest(ctx context.Context, s *session) error {
	f, err := s.client.Open(t.name)
	if err != nil {
		return err
	}
	defer f.Close()
	at := t.to.Size()
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return err
	}
	into := &exactly{ctx: ctx, to: t.to, left: t.file.Size() - at}
	if _, err = f.WriteTo(into); err != nil && !errors.Is(err, errGrown) {
		return err
	}
	now, err := f.Stat()
	if err != nil {
		return err
	}
	if into.left != 0 || !same(t.file, now) {
		return connector.Retry(nil, 0, "read file %q: it changed while it was read", t.name)
	}
	return nil
}

func same(a, b fs.FileInfo) bool { return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) }

// errGrown says that a file gives more bytes than it had.
var errGrown = errors.New("the file has grown")

// exactly passes on so many bytes, as long as its context lasts.
type exactly struct {
	ctx  context.Context
	to   io.Writer
	left int64
}

func (e *exactly) Write(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	if int64(len(p)) > e.left {
		e.left = -1
		return 0, errGrown
	}
	n, err := e.to.Write(p)
	e.left -= int64(n)
	return n, err
}
