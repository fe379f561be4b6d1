package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/tree"
	"github.com/sluicehq/sluice/document"
)

// pageSize is how many items of a folder or drive are asked for at once.
const pageSize = 1000

// FilesConfig is what a source of files needs to know.
type FilesConfig struct {
	Client *Client
	Env    connector.Env
	// Find finds the drive's id.
	Find func(context.Context) (string, error)
	// Path is the folder or the single file to read, without slashes at its ends; "" is the root.
	Path      string
	Recursive bool
	User      string // for record_locator
}

// Files is a source whose documents are the files of a drive. A drive that is read whole is listed as its changes since ever: a
// page of 1,000 items a call, whatever the folders. A part of it is read folder by folder, since the service follows changes from
// a drive's root only.
type Files struct {
	client *Client
	env    connector.Env
	config FilesConfig
	links  links
	warned sync.Once

	turn chan struct{} // whoever holds its one place may look for the place
	at   *place
}

var _ connector.Source = (*Files)(nil)

// place is where a source reads.
type place struct {
	drive string
	root  *Item // the folder or single file
}

// NewFiles makes a source. It connects to nothing.
func NewFiles(c FilesConfig) *Files {
	return &Files{client: c.Client, env: c.Env, config: c, turn: make(chan struct{}, 1)}
}

// Close implements connector.Source.
func (f *Files) Close() error { return f.client.Close() }

// find finds the place of the config, once.
func (f *Files) find(ctx context.Context) (*place, error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if f.at != nil {
		return f.at, nil
	}
	drive, err := f.config.Find(ctx)
	if err != nil {
		return nil, err
	}
	p := &place{drive: drive, root: &Item{}}
	what := "open the root of the drive"
	if f.config.Path != "" {
		what = fmt.Sprintf("open %q", f.config.Path)
	}
	if err := f.client.Get(ctx, what, PlacePath(drive, f.config.Path), p.root); err != nil {
		if errors.Is(err, connector.ErrNotFound) {
			err = connector.Fail(connector.ErrNotFound, "%s: the drive has nothing there; check path", what)
		}
		return nil, err
	}
	if p.root.ID == "" {
		return nil, connector.Fail(nil, "%s: the answer is not that of %s", what, service)
	}
	if !p.root.folder() && !p.root.document() && p.root.Root == nil {
		return nil, connector.Fail(connector.ErrNotFound, "%s: it is neither a folder nor a file with content", what)
	}
	f.at = p
	return p, nil
}

// Check finds the place, lists it, and reads the first byte of a small file, if it has one.
func (f *Files) Check(ctx context.Context) error {
	p, err := f.find(ctx)
	if err != nil {
		return err
	}
	items := []Item{*p.root}
	if !p.root.document() {
		found, err := PageAt[Item](ctx, f.client, "list the files", Collection(ItemPath(p.drive, p.root.ID)+"/children?$top=50"), nil)
		if err != nil {
			return err
		}
		items = found.Value
	}
	var smallest *Item
	for i := range items {
		if item := &items[i]; item.document() && (smallest == nil || item.Size < smallest.Size) {
			smallest = item
		}
	}
	if smallest == nil {
		return nil
	}
	return f.touch(ctx, p.drive, smallest)
}

// Index lists the files. A listing of a whole drive is in the order of its pages, and of ids within one; one of a folder is in the
// order of the paths.
func (f *Files) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		p, err := f.find(ctx)
		switch {
		case err != nil:
		case p.root.document():
			if from == "" {
				err = f.describe(ctx, p, []listed{{p.root, p.root.Name, p.root.Name}}, yield)
			}
		case f.config.Recursive && f.config.Path == "":
			err = f.changes(ctx, p, from, yield)
		default:
			err = f.walk(ctx, p, from, yield)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(document.Document{}, err)
		}
	}
}

// errEnough ends a listing whose reader has enough.
var errEnough = errors.New("enough")

// listed is a file on its way to be described.
type listed struct {
	item   *Item
	path   string // relative to the root of the source
	cursor string
}

// describe gives files to a reader, with their permissions.
func (f *Files) describe(ctx context.Context, p *place, files []listed, yield func(document.Document, error) bool) error {
	for some := range slices.Chunk(files, group) {
		items := make([]*Item, len(some))
		for i, l := range some {
			items[i] = l.item
		}
		permissions, err := f.permissions(ctx, p.drive, items)
		if err != nil {
			return err
		}
		for i, l := range some {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			f.links.put(l.item)
			if !yield(f.document(p, l, permissions[i]), nil) {
				return errEnough
			}
		}
	}
	return nil
}

func (f *Files) document(p *place, l listed, permissions []map[string]any) document.Document {
	where := strings.TrimPrefix(f.config.Path+"/"+l.path, "/")
	if p.root.document() {
		where = f.config.Path
	}
	locator := map[string]any{"server_relative_path": "/" + where, "web_url": l.item.WebURL}
	if f.config.User != "" {
		locator["user_pname"] = f.config.User
	}
	return document.Document{
		Identifier: l.item.ID, Name: path.Base(l.path), Path: l.path, Version: l.item.version(), Size: l.item.Size, MIMEType: l.item.mimeType(),
		URL: "/drives/" + p.drive + "/root:/" + where, Created: l.item.Created.UTC(), Modified: l.item.Modified.UTC(),
		RecordLocator: locator, Permissions: permissions, Cursor: l.cursor,
	}
}

// changes lists a whole drive. The service tells in pages what has changed since ever, which is what there is. An item that comes
// twice is the last one, and the reader's affair.
func (f *Files) changes(ctx context.Context, p *place, from connector.Cursor, yield func(document.Document, error) bool) error {
	var at Position
	if from != "" && json.Unmarshal([]byte(from), &at) != nil {
		at = Position{} // of another config
	}
	paths := folders{files: f, place: p, known: map[string]*Item{}}
	read := func(ctx context.Context, path string) (Page[*Item], error) {
		found, err := PageAt[*Item](ctx, f.client, "list the files of the drive", path, nil)
		found.Value = slices.DeleteFunc(found.Value, func(i *Item) bool { return i == nil })
		for _, item := range found.Value {
			if item.folder() || item.Root != nil {
				paths.known[item.ID] = item
			}
		}
		return found, err
	}
	first := Collection(fmt.Sprintf("%s/root/delta?$top=%d", drivePath(p.drive), pageSize))
	return EachPage(ctx, first, at, read, func(i *Item) string { return i.ID }, func(items []*Item, after func(*Item) Position) error {
		var files []listed
		for _, item := range items {
			if !item.document() {
				continue
			}
			folder, err := paths.of(ctx, item.Parent.ID)
			if errors.Is(err, connector.ErrNotFound) {
				continue // the folder went away, and the file with it
			}
			if err != nil {
				return err
			}
			cursor, err := json.Marshal(after(item))
			if err != nil {
				return err
			}
			files = append(files, listed{item, strings.TrimPrefix(folder+"/"+item.Name, "/"), string(cursor)})
		}
		return f.describe(ctx, p, files, yield)
	})
}

// folders knows the paths of a drive's folders. Those that a listing has not named, or not yet, are asked for.
type folders struct {
	files *Files
	place *place
	known map[string]*Item
}

// of is the path of a folder below the root, "" for the root.
func (p *folders) of(ctx context.Context, id string) (string, error) {
	var names []string
	for range tree.MaxDepth {
		if id == p.place.root.ID {
			slices.Reverse(names)
			return strings.Join(names, "/"), nil
		}
		folder, ok := p.known[id]
		if !ok {
			folder = &Item{}
			if err := p.files.client.Get(ctx, "read a folder", ItemPath(p.place.drive, id), folder); err != nil {
				return "", err
			}
			p.known[id] = folder
		}
		if folder.Root != nil {
			id = p.place.root.ID
			continue
		}
		names = append(names, folder.Name)
		id = folder.Parent.ID
	}
	return "", connector.Fail(nil, "read a folder: folders nest more than %d deep", tree.MaxDepth)
}

// walk lists a folder, and those below when the source is recursive.
func (f *Files) walk(ctx context.Context, p *place, from connector.Cursor, yield func(document.Document, error) bool) error {
	ids := map[string]string{"": p.root.ID}
	var failed error
	var files []listed
	flush := func() bool {
		failed = f.describe(ctx, p, files, yield)
		files = files[:0]
		return failed == nil
	}
	w := tree.Walk{Recursive: f.config.Recursive, Log: f.env.Log, List: func(ctx context.Context, dir string) ([]tree.Entry, error) {
		if len(files) > 0 && !flush() { // what is known does not wait for the next folder
			return nil, failed
		}
		items, err := All[Item](ctx, f.client, fmt.Sprintf("list folder %q", path.Join("/", f.config.Path, dir)), fmt.Sprintf("%s/children?$top=%d", ItemPath(p.drive, ids[dir]), pageSize))
		delete(ids, dir)
		if err != nil {
			return nil, err
		}
		entries := make([]tree.Entry, 0, len(items))
		for i := range items {
			item := &items[i]
			if item.Name == "" || strings.Contains(item.Name, "/") {
				continue
			}
			if item.folder() && f.config.Recursive {
				ids[path.Join(dir, item.Name)] = item.ID
			}
			entries = append(entries, tree.Entry{Name: item.Name, Info: info{item}})
		}
		return entries, nil
	}}
	err := w.Files(ctx, string(from), func(name string, i fs.FileInfo) bool {
		files = append(files, listed{i.Sys().(*Item), name, name})
		return len(files) < group || flush()
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	flush()
	return failed
}
