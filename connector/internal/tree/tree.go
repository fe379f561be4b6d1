// Package tree walks folders in an order in which a walk can be cut anywhere and go on later: entries of a folder by
// their names, a folder's content in the place of its name. Sources of files list with it; the path of the last file is
// the cursor.
package tree

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/connector"
)

// MaxDepth is how deep folders may nest below the root.
const MaxDepth = 200

// Entry is a name in a folder, and its description where the listing gave one. A link is described as a link.
type Entry struct {
	Name string
	Info fs.FileInfo // nil to ask Walk.Info
}

// Walk is what one walk needs.
type Walk struct {
	// List returns the entries of a folder, in any order. "" is the root. ErrNotFound says that the folder went away.
	List func(ctx context.Context, dir string) ([]Entry, error)
	// Info describes an entry whose listing did not, by its path. ErrNotFound says that it went away.
	Info      func(ctx context.Context, name string) (fs.FileInfo, error)
	Recursive bool
	Log       *slog.Logger // of what is left out; nil is none
}

// errStop ends a walk whose visitor has enough.
var errStop = errors.New("stop")

// Files visits the regular files after a path ("" is the start), with paths relative to the root and slashes, until
// visit returns false or something fails. Links, devices and names that are not UTF-8 are left out.
func (w Walk) Files(ctx context.Context, after string, visit func(name string, info fs.FileInfo) bool) error {
	err := w.folder(ctx, "", after, 0, visit)
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func (w Walk) folder(
	ctx context.Context, dir, after string, depth int, visit func(name string, info fs.FileInfo) bool,
) error {
	if depth > MaxDepth {
		return connector.Fail(nil, "read folder %q: folders nest more than %d deep", dir, MaxDepth)
	}
	entries, err := w.List(ctx, dir)
	if gone(err) && dir != "" {
		return nil // removed while we walked
	}
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		name := path.Join(dir, e.Name)
		below := strings.HasPrefix(after, name+"/") // the walk goes on inside
		if Order(name, after) <= 0 && !below {
			continue
		}
		if !utf8.ValidString(name) {
			if w.Log != nil {
				w.Log.WarnContext(ctx, "a file is left out, since its name is not UTF-8", "path", strings.ToValidUTF8(name, "\ufffd"))
			}
			continue
		}
		info := e.Info
		if info == nil {
			info, err = w.Info(ctx, name)
		}
		switch {
		case gone(err): // removed while we walked
		case err != nil:
			return err
		case info.IsDir():
			if !w.Recursive {
				continue
			}
			if err := w.folder(ctx, name, after, depth+1, visit); err != nil {
				return err
			}
		case info.Mode().IsRegular() && !below:
			if !visit(name, info) {
				return errStop
			}
		}
	}
	return nil
}

func gone(err error) bool {
	return errors.Is(err, connector.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}

// Order compares two slash-separated paths name by name: the order of a walk.
func Order(a, b string) int {
	for {
		nameA, restA, moreA := strings.Cut(a, "/")
		nameB, restB, moreB := strings.Cut(b, "/")
		if c := strings.Compare(nameA, nameB); c != 0 {
			return c
		}
		switch {
		case !moreA && !moreB:
			return 0
		case !moreA:
			return -1
		case !moreB:
			return 1
		}
		a, b = restA, restB
	}
}
