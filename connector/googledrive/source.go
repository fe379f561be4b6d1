package googledrive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/listing"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/spec"
)

const (
	pageSize = "1000" // files of a page: the most that the service gives
	// maxDepth is how deep folders may nest: the service's own limit is 100.
	maxDepth = 100
	// maxRestarts is how often a listing whose mark has ended begins again without having moved.
	maxRestarts = 3
)

// source lists the files of a folder.
type source struct {
	*remote
	recursive  bool
	extensions map[string]bool // lower case, with dots
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	r, err := open(config, env)
	if err != nil {
		return nil, err
	}
	s := &source{remote: r, extensions: map[string]bool{}}
	s.recursive, _ = config["recursive"].(bool)
	for _, e := range spec.Texts(config["extensions"]) {
		if e = strings.ToLower(strings.TrimLeft(strings.TrimSpace(e), ".*")); e != "" {
			s.extensions["."+e] = true
		}
	}
	return s, nil
}

// root is what drive_id names.
func (s *source) root(ctx context.Context) (file, error) {
	what := fmt.Sprintf("read drive_id %q", s.id)
	f, err := s.file(ctx, what, s.id)
	if err == nil && f.MIMEType == shortcut {
		f, err = s.file(ctx, what, f.Shortcut.Target)
	}
	if errors.Is(err, connector.ErrNotFound) {
		return f, connector.Fail(connector.ErrNotFound, "%s: it does not exist, is in the trash, or is not shared with %s; share it as Viewer", what, s.account())
	}
	return f, err
}

// Check asks for a file, for the place, and reads the first byte of a file there, if it has one that is not Google's own and
// may be read.
func (s *source) Check(ctx context.Context) error {
	const what = "list files of Google Drive"
	if _, err := s.page(ctx, what, url.Values{"pageSize": {"1"}, "fields": {"files(id)"}}); err != nil {
		return err
	}
	root, err := s.root(ctx)
	if err != nil {
		return err
	}
	first := []file{root}
	if root.MIMEType == folder {
		q := s.query(root, position{})
		q.Set("pageSize", "20")
		page, err := s.page(ctx, s.what(root), q)
		if err != nil {
			return err
		}
		if first = page.Files; len(first) == 0 && s.env.Log != nil {
			s.env.Log.WarnContext(ctx, "the folder of drive_id is empty, or holds nothing that the account may see", "account", s.account())
		}
	}
	for _, f := range first {
		if strings.HasPrefix(f.MIMEType, native) || !f.readable(s.extensions) {
			continue
		}
		_, err = s.client.Do(ctx, rest.Request{What: s.reading(f.Name), Method: http.MethodGet, Path: files + "/" + url.PathEscape(f.ID),
			Query: media(), Header: http.Header{"Range": {"bytes=0-0"}}})
		if !errors.Is(err, connector.ErrForbidden) && !errors.Is(err, connector.ErrNotFound) {
			return err
		} // else it may be this file alone
	}
	return err
}

func (s *source) what(f file) string { return fmt.Sprintf("list folder %q", f.Name) }

// filePage is a page of files.
type filePage struct {
	Files   []file `json:"files"`
	Next    string `json:"nextPageToken"`
	Partial bool   `json:"incompleteSearch"`
	ended   bool   // the mark that was given is not taken (any more)
}

func (s *source) page(ctx context.Context, what string, q url.Values) (*filePage, error) {
	var page filePage
	var ok []int
	if q.Has("pageToken") {
		ok = []int{http.StatusBadRequest, http.StatusGone}
	}
	status, err := s.get(ctx, what, files, q, &page, ok...)
	if err == nil && page.Partial {
		err = connector.Retry(nil, 0, "%s: Google Drive did not search everything", what)
	}
	page.ended = status >= 300
	return &page, err
}

// query asks for the files and folders in a folder from a position on.
func (s *source) query(in file, from position) url.Values {
	which := "'" + in.ID + "' in parents and trashed = false"
	if from.created != "" {
		which += " and createdTime >= '" + from.created + "'"
	}
	q := url.Values{"q": {which}, "orderBy": {"createdTime"}, "pageSize": {pageSize}, "supportsAllDrives": {"true"},
		"includeItemsFromAllDrives": {"true"}, "fields": {"nextPageToken,incompleteSearch,files(" + fields + ")"}, "corpora": {"user"}}
	if in.DriveID != "" {
		q.Set("corpora", "drive")
		q.Set("driveId", in.DriveID)
	}
	return q
}

// children visits what a folder holds, from a position on (that itself too), in order. Those of one instant are sorted here.
func (s *source) children(ctx context.Context, in file, from position, visit func(file) error) error {
	what := s.what(in)
	start := from
	sorter := listing.Sorter[file]{
		Coarse: byCreation, Fine: byPosition,
		Visit: func(f file) error {
			if f.position().compare(start) < 0 {
				return nil
			}
			return visit(f)
		},
	}
	q := s.query(in, from)
	var begun string // when the files were created that are held since the last restart
	for restarts := 0; ; {
		page, err := s.page(ctx, what, q)
		if err != nil {
			return err
		}
		if page.ended { // marks last some hours: what was begun is asked for again
			if held, ok := sorter.Held(); ok {
				if at := held.position().created; at != begun {
					begun, restarts = at, 0
				}
				from = position{created: begun}
			}
			if restarts++; restarts > maxRestarts {
				return connector.Retry(nil, 0, "%s: Google Drive ends the listing again and again", what)
			}
			sorter.Drop()
			q = s.query(in, from)
			continue
		}
		for _, f := range page.Files {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := sorter.Add(f); errors.Is(err, listing.ErrOrder) {
				return s.disordered(in)
			} else if err != nil {
				return err
			}
		}
		if page.Next == "" {
			return sorter.Flush()
		}
		if page.Next == q.Get("pageToken") {
			return connector.Fail(nil, "%s: the service says that there is more and not where", what)
		}
		q.Set("pageToken", page.Next)
	}
}

// Index lists the files of a folder in the order of their creation, a folder's content in the place of the folder. The cursor is
// the way down to the last file, with the place in each folder: marks of the service are not kept, since they end.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return listing.Stream(ctx, func(visit func(document.Document) error) error { return s.list(ctx, from, visit) })
}

func (s *source) list(ctx context.Context, from connector.Cursor, visit func(document.Document) error) error {
	way, ok := parse(from)
	if !ok {
		return connector.Fail(nil, "list drive_id %q: this position is not one of a listing of a drive", s.id)
	}
	root, err := s.root(ctx)
	if err != nil {
		return err
	}
	access, err := s.access(ctx, root, nil)
	if err == nil && root.DriveID != "" && access == nil {
		access, err = s.permissions(ctx, root.ID)
	}
	switch {
	case err != nil:
		return err
	case root.MIMEType == folder:
		return s.walk(ctx, root, "", access, nil, way, visit)
	case from == "" && root.readable(s.extensions):
		return visit(s.document(root, root.name(), access, []position{root.position()}))
	}
	return nil
}

// walk visits the documents in a folder behind a position. above are the positions of the folder itself and those over it,
// access who may do what in it, below its path with a slash at the end.
func (s *source) walk(
	ctx context.Context, in file, below string, access []map[string]any, above, from []position, visit func(document.Document) error,
) error {
	if len(above) > maxDepth {
		return connector.Fail(nil, "%s: folders nest more than %d deep", s.what(in), maxDepth)
	}
	var first position
	given := names{}
	if len(from) > 0 {
		first = from[0]
		if err := s.names(ctx, in, first, given); err != nil {
			return err
		}
	}
	return s.children(ctx, in, first, func(f file) error {
		deeper, ok := s.takes(f)
		if !ok {
			return nil
		}
		name := given.of(f)
		at := f.position()
		var inside []position // the listing goes on in this folder
		if len(from) > 0 && at == first {
			if len(from) == 1 || !deeper {
				return nil // it was given
			}
			inside = from[1:]
		}
		access, err := s.access(ctx, f, access)
		if err != nil {
			return err
		}
		way := append(slices.Clip(above), at)
		if deeper {
			return s.walk(ctx, f, below+name+"/", access, way, inside, visit)
		}
		return visit(s.document(f, below+name, access, way))
	})
}

// takes says whether a listing has an entry of a folder, as a document or as a folder to go down into.
func (s *source) takes(f file) (deeper, ok bool) {
	if f.MIMEType == folder {
		return s.recursive, s.recursive
	}
	return false, f.readable(s.extensions)
}

// names are hashes of those that a folder's entries were given, so that no two have the same: Drive lets them.
type names map[uint64]struct{}

// of is the name of an entry. The first of a name in the order of the listing has it, others get a hash of their id.
func (n names) of(f file) string {
	name := f.name()
	if n.take(name) {
		return name
	}
	sum := sha256.Sum256([]byte(f.ID))
	extension := path.Ext(name)
	name = strings.TrimSuffix(name, extension) + "-" + hex.EncodeToString(sum[:4]) + extension
	n.take(name)
	return name
}

func (n names) take(name string) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	_, taken := n[h.Sum64()]
	n[h.Sum64()] = struct{}{}
	return !taken
}

// names collects what the entries of a folder before a position are called, for a listing that goes on there.
func (s *source) names(ctx context.Context, in file, before position, into names) error {
	q := s.query(in, position{})
	q.Set("q", q.Get("q")+" and createdTime <= '"+before.created+"'")
	q.Set("fields", "nextPageToken,incompleteSearch,files(id,name,mimeType,size,createdTime)")
	sorter := listing.Sorter[file]{Coarse: byCreation, Fine: byPosition, Visit: func(f file) error {
		if _, ok := s.takes(f); ok && f.position().compare(before) < 0 {
			into.of(f)
		}
		return nil
	}}
	for {
		page, err := s.page(ctx, s.what(in), q)
		switch {
		case err != nil:
			return err
		case page.ended:
			return connector.Retry(nil, 0, "%s: Google Drive ends the listing", s.what(in))
		}
		for _, f := range page.Files {
			if err := sorter.Add(f); err != nil {
				return s.disordered(in)
			}
		}
		if page.Next == "" || page.Next == q.Get("pageToken") {
			return sorter.Flush()
		}
		q.Set("pageToken", page.Next)
	}
}

func byCreation(a, b file) int { return strings.Compare(a.position().created, b.position().created) }

func byPosition(a, b file) int { return a.position().compare(b.position()) }

// disordered makes the error of a listing that is not sorted.
func (s *source) disordered(in file) error {
	return connector.Fail(nil, "%s: Google Drive gives no order to an account that sees so many files; share the folder with an account that sees less than a million", s.what(in))
}

// cursor writes a way down.
func cursor(way []position) string {
	var b strings.Builder
	for i, p := range way {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(p.created + "," + p.id)
	}
	return b.String()
}

func parse(c connector.Cursor) (way []position, ok bool) {
	if c == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(string(c), "/") {
		created, id, found := strings.Cut(part, ",")
		if !found || len(created) != len(instant) || strings.ContainsAny(created, `'\`) || !plainID.MatchString(id) {
			return nil, false
		}
		way = append(way, position{created, id})
	}
	return way, true
}

// document describes a file at a path.
func (s *source) document(f file, at string, access []map[string]any, way []position) document.Document {
	d := document.Document{
		Identifier: f.ID, Name: f.name(), Path: at, Version: f.Version, MIMEType: f.MIMEType, URL: f.Link,
		Created: f.Created.UTC(), Modified: f.Modified.UTC(), Permissions: access,
		RecordLocator: map[string]any{"file_id": f.ID, "drive_id": s.id},
		Cursor:        cursor(way),
	}
	if e, ok := exports[f.MIMEType]; ok {
		d.MIMEType = e.mimeType
	} else {
		d.Size, _ = strconv.ParseInt(f.Size, 10, 64) // it was a number
	}
	return d
}
