package azure

import (
	"context"
	"iter"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
)

// inMemory is the size in bytes up to which a blob is held in memory.
const inMemory = 4 << 20

// source lists the blobs below a prefix.
type source struct {
	*remote
	env        connector.Env
	configured string // remote_url as the user wrote it
	recursive  bool
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	r, err := open(config, true, env)
	if err != nil {
		return nil, err
	}
	s := &source{remote: r, env: env}
	s.configured, _ = config["remote_url"].(string)
	s.recursive, _ = config["recursive"].(bool)
	return s, nil
}

// Check lists the place and reads the first byte of its first blob, if it has one.
func (s *source) Check(ctx context.Context) error {
	for d, err := range s.Index(ctx, "") {
		if err != nil {
			return err
		}
		name, err := s.name(d)
		if err != nil {
			return err
		}
		_, err = s.client.Do(ctx, rest.Request{What: "read " + s.url(name), Method: http.MethodGet, Path: s.blob(name),
			Header: http.Header{"Range": {"bytes=0-0"}}})
		return err
	}
	return nil
}

// Index lists the blobs in the order of their names, a page of 5,000 at a time. The service goes on at pages only, by marks
// of its own: the cursor is the mark of the page and the name of the last blob. Empty blobs are left out: they mark folders.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		mark, after, ok := strings.Cut(string(from), "\n")
		if from != "" && !ok {
			yield(document.Document{}, connector.Fail(nil, "list %s: this position is not one of a listing of a container", s.url(s.prefix)))
			return
		}
		root, single, err := s.root(ctx)
		if err != nil {
			yield(document.Document{}, err)
			return
		}
		if single != nil {
			if from == "" {
				yield(s.document(*single, single.name[:strings.LastIndex(single.name, "/")+1], ""), nil)
			}
			return
		}
		for {
			reached := reach(after)
			look := reached.look
			if reached.done {
				look = nil // one pass is enough
			}
			next, more, err := s.page(ctx, root, mark, s.recursive, pageSize, look, func(e entry) bool {
				if ctx.Err() != nil {
					yield(document.Document{}, context.Cause(ctx))
					return false
				}
				return reached.passes(e.name) || !s.listed(e, root) || yield(s.document(e, root, mark), nil)
			})
			after = ""
			if err != nil {
				yield(document.Document{}, err)
				return
			}
			if !more || next == "" {
				return
			}
			if next == mark {
				yield(document.Document{}, connector.Fail(nil, "list %s: the service says that there is more and not where", s.url(root)))
				return
			}
			mark = next
		}
	}
}

// reached leaves out what a listing has given of a page already. The order of names in a page is the service's: its own
// place tells where the last one stands, and only when that is gone the names are compared, by UTF-16 as the service does.
type reached struct {
	name  string // the last one that was given; "" for none
	there bool   // it is in the page
	done  bool   // it has been passed
}

func reach(name string) *reached { return &reached{name: name, done: name == ""} }

// look sees every name of a page before passes is asked for the first.
func (r *reached) look(name string) { r.there = r.there || name == r.name }

// passes says that a name was given already.
func (r *reached) passes(name string) bool {
	switch {
	case r.done:
		return false
	case r.there:
		r.done = name == r.name
		return true
	}
	return slices.Compare(utf16.Encode([]rune(name)), utf16.Encode([]rune(r.name))) <= 0
}

// root finds out whether the config's prefix without a slash at the end is a folder or a single blob. A blob of exactly
// that name wins; a slash in the config means the folder.
func (s *source) root(ctx context.Context) (root string, single *entry, err error) {
	if s.prefix == "" || strings.HasSuffix(s.prefix, "/") {
		return s.prefix, nil, nil
	}
	_, _, err = s.page(ctx, s.prefix, "", true, 1, nil, func(e entry) bool { // it is the first of all that begin with it
		if e.name == s.prefix && e.size > 0 {
			single = &e
		}
		return false
	})
	return s.prefix + "/", single, err
}

// listed says whether a blob is a document.
func (s *source) listed(e entry, root string) bool {
	if !utf8.ValidString(e.name) {
		if s.env.Log != nil {
			s.env.Log.Warn("a blob is left out, since its name is not UTF-8", "container", s.container, "name", strings.ToValidUTF8(e.name, "?"))
		}
		return false
	}
	return strings.HasPrefix(e.name, root) && len(e.name) > len(root) && e.size > 0 &&
		!strings.HasPrefix(path.Base(e.name), output.Reserved)
}

// document describes a blob. root is what its path begins after: "" or a folder with its slash.
func (s *source) document(e entry, root, mark string) document.Document {
	created := e.created
	if created.IsZero() {
		created = e.modified
	}
	return document.Document{
		Identifier: uuid.NewSHA1(uuid.NameSpaceDNS, []byte(s.container+"/"+e.name)).String(),
		Name:       baseName(e.name), Path: strings.TrimPrefix(e.name, root), Version: etag(e.etag), Size: e.size, URL: s.url(e.name),
		Created: created.UTC(), Modified: e.modified.UTC(),
		RecordLocator: map[string]any{"protocol": "az", "remote_file_path": s.configured},
		Cursor:        mark + "\n" + e.name,
	}
}

// etag is a version without the quotes that headers have and listings have not.
func etag(text string) string { return strings.Trim(text, `"`) }

// baseName is the last part of a name that is a name.
func baseName(name string) string {
	switch base := path.Base(name); base {
	case ".", "..", "/":
		return "blob"
	default:
		return base
	}
}

// name finds the name of a document that this source has listed.
func (s *source) name(d document.Document) (string, error) {
	name, ok := strings.CutPrefix(d.URL, s.url(""))
	if !ok || name == "" {
		return "", connector.Fail(connector.ErrNotFound, "read %q: it is not of container %q; list the source again", d.Name, s.container)
	}
	return name, nil
}

// Fetch reads a blob whole. One that changed since it was listed comes with its new content and, in File.Found, its new
// version and date; bytes of two versions never mix.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	name, err := s.name(d)
	if err != nil {
		return document.File{}, err
	}
	content, head, err := s.client.Read(ctx, rest.Request{What: "read " + s.url(name), Path: s.blob(name)}, s.env.TempDir, inMemory,
		func(first http.Header, next *rest.Request) bool {
			next.Header.Set("If-Match", first.Get("ETag"))
			return first.Get("ETag") != ""
		})
	if err != nil {
		return document.File{}, err
	}
	f := content.File(d.Name, mimeType(head.Get("Content-Type")))
	if v := etag(head.Get("ETag")); v != "" && v != d.Version {
		f.Found.Version = v
		if at, err := time.Parse(time.RFC1123, head.Get("Last-Modified")); err == nil {
			f.Found.Modified = at.UTC()
		}
	}
	return f, nil
}

// mimeType is a declared type that says something.
func mimeType(t string) string {
	switch base, _, _ := strings.Cut(strings.ToLower(t), ";"); strings.TrimSpace(base) {
	case "", "binary/octet-stream", "application/octet-stream":
		return ""
	}
	return t
}
