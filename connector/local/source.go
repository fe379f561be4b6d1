package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/tree"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/spec"
)

// source lists the regular files of a folder. A document's identifier is its absolute path, with links in the folder's own
// path resolved: two sources that see one file see one document, and the files of two folders are never taken for one.
type source struct {
	root       *os.Root // the folder
	path       string   // absolute
	real       string   // the same without links
	single     string   // the one file to list, when the config names a file
	recursive  bool
	hidden     bool            // read names that begin with a dot
	extensions map[string]bool // lower case, without dot; nil is all
	globs      []glob
	env        connector.Env
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	name, _ := config["path"].(string)
	p, err := open(name, env.Local)
	if err != nil {
		return nil, err
	}
	defer p.root.Close()
	s := &source{path: p.path, env: env}
	s.recursive, _ = config["recursive"].(bool)
	s.hidden = config["hidden"] != false
	for _, e := range spec.Texts(config["extensions"]) {
		if s.extensions == nil {
			s.extensions = map[string]bool{}
		}
		s.extensions[strings.ToLower(strings.TrimLeft(strings.TrimSpace(e), "*."))] = true
	}
	for _, g := range spec.Texts(config["glob"]) {
		pattern, err := newGlob(g)
		if err != nil {
			return nil, err
		}
		s.globs = append(s.globs, pattern)
	}
	info, err := p.root.Stat(p.dir)
	if err != nil {
		return nil, failed("read folder", p.path, err)
	}
	if info.Mode().IsRegular() {
		s.single, s.path = filepath.Base(p.dir), filepath.Dir(p.path)
		p.dir = filepath.Dir(p.dir)
	}
	if s.root, err = p.root.OpenRoot(p.dir); err != nil {
		return nil, failed("read folder", p.path, err)
	}
	if s.real, err = filepath.EvalSymlinks(s.path); err != nil {
		return nil, errors.Join(failed("read folder", s.path, err), s.root.Close())
	}
	return s, nil
}

// Check reads one entry of the folder.
func (s *source) Check(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.single != "" {
		f, err := s.openFile(s.single)
		if err != nil {
			return err
		}
		return f.Close()
	}
	dir, err := s.root.Open(".")
	if err != nil {
		return failed("read folder", s.path, err)
	}
	defer dir.Close()
	if _, err := dir.ReadDir(1); err != nil && !errors.Is(err, io.EOF) {
		return failed("read folder", s.path, err)
	}
	return nil
}

// Index lists files in the order of their paths, compared name by name, so that a folder stands where its name does.
// The cursor is the path of the last file. Links, devices and files that sluice is writing are left out.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		if s.single != "" {
			if from == "" {
				s.list(s.single, yield)
			}
			return
		}
		walk := tree.Walk{List: s.entries, Info: s.info, Recursive: s.recursive, Log: s.env.Log}
		err := walk.Files(ctx, string(from), func(name string, info fs.FileInfo) bool {
			return !s.wanted(name) || yield(s.document(name, info), nil)
		})
		if err != nil {
			yield(document.Document{}, err)
		}
	}
}

// entries lists a folder. Only the names are held: a folder may have millions.
func (s *source) entries(_ context.Context, dir string) ([]tree.Entry, error) {
	if !s.entered(dir) {
		return nil, nil
	}
	full := filepath.Join(s.path, filepath.FromSlash(dir))
	f, err := s.root.Open(path.Join(".", dir))
	if err != nil {
		return nil, failed("read folder", full, err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, failed("read folder", full, err)
	}
	out := make([]tree.Entry, len(names))
	for i, name := range names {
		out[i].Name = name
	}
	return out, nil
}

// info describes a file or folder, not what a link points to.
func (s *source) info(_ context.Context, name string) (fs.FileInfo, error) {
	info, err := s.root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return nil, failed("read file", filepath.Join(s.path, filepath.FromSlash(name)), err)
	}
	return info, nil
}

// wanted applies the filters of the config.
func (s *source) wanted(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, tempPrefix) || !s.hidden && strings.HasPrefix(base, ".") {
		return false
	}
	if s.extensions != nil {
		if !s.extensions[strings.ToLower(strings.TrimPrefix(path.Ext(base), "."))] {
			return false
		}
	}
	if len(s.globs) == 0 {
		return true
	}
	return slices.ContainsFunc(s.globs, func(g glob) bool { return g.matches(name) })
}

// entered tells whether anything below a folder can be wanted.
func (s *source) entered(dir string) bool {
	if name := path.Base(dir); !s.hidden && name != "." && strings.HasPrefix(name, ".") {
		return false
	}
	return len(s.globs) == 0 || slices.ContainsFunc(s.globs, func(g glob) bool { return g.reaches(dir) })
}

// list yields one file, unless it is gone.
func (s *source) list(name string, yield func(document.Document, error) bool) bool {
	info, err := s.root.Lstat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		yield(document.Document{}, failed("read file", filepath.Join(s.path, filepath.FromSlash(name)), err))
		return false
	}
	return yield(s.document(name, info), nil)
}

// document describes a file.
func (s *source) document(name string, info fs.FileInfo) document.Document {
	full := filepath.Join(s.real, filepath.FromSlash(name))
	d := document.Document{
		Identifier:    full,
		Name:          path.Base(name),
		Path:          name,
		Version:       fmt.Sprintf("%d-%d", info.ModTime().UnixNano(), info.Size()),
		Size:          info.Size(),
		Modified:      info.ModTime().UTC(),
		RecordLocator: map[string]any{"path": full},
		Cursor:        name,
	}
	d.Created, d.Permissions = stat(info)
	return d
}

// Fetch opens a file in place.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	if ctx.Err() != nil {
		return document.File{}, context.Cause(ctx)
	}
	f, err := s.openFile(d.Path)
	if err != nil {
		return document.File{}, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return document.File{}, failed("read file", filepath.Join(s.path, d.Path), err)
	}
	return document.NewFile(path.Base(d.Path), d.MIMEType, info.Size(), f), nil
}

// openFile opens a regular file. A pipe that took its place since the listing must not block.
func (s *source) openFile(name string) (*os.File, error) {
	f, err := s.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|noBlock, 0)
	if err != nil {
		return nil, failed("read file", filepath.Join(s.path, name), err)
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, connector.Fail(connector.ErrNotFound, "read file %q: it is not a file any more", name)
	}
	return f, nil
}

// Close implements connector.Source.
func (s *source) Close() error { return s.root.Close() }
