package gcs

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
)

const (
	// inMemory is the size in bytes up to which an object is held in memory.
	inMemory = 4 << 20
	pageSize = 1000 // objects of a page: the most that the service gives
	// fields are those of an object that are asked for.
	fields = "name,size,etag,generation,timeCreated,updated"
)

// source lists the objects below a prefix.
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

// object is one object of a listing.
type object struct {
	Name       string    `json:"name"`
	Size       string    `json:"size"`
	ETag       string    `json:"etag"`
	Generation string    `json:"generation"`
	Created    time.Time `json:"timeCreated"`
	Updated    time.Time `json:"updated"`
}

// page is one page of a listing.
type page struct {
	Kind  string   `json:"kind"`
	Items []object `json:"items"`
	Next  string   `json:"nextPageToken"`
}

func (r *remote) page(ctx context.Context, prefix, from, token string, flat bool, size int) (*page, error) {
	what := "list " + r.url(prefix)
	q := url.Values{"maxResults": {strconv.Itoa(size)}, "projection": {"noAcl"}, "fields": {"kind,nextPageToken,items(" + fields + ")"}}
	for name, value := range map[string]string{"prefix": prefix, "startOffset": from, "pageToken": token} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if !flat {
		q.Set("delimiter", "/")
	}
	a, err := r.client.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: r.path, Query: q})
	if err != nil {
		return nil, err
	}
	var p page
	if json.Unmarshal(a.Body, &p) != nil || p.Kind != "storage#objects" {
		return nil, connector.Fail(nil, "%s: the answer is not that of Google Cloud Storage; check endpoint_url", what)
	}
	return &p, nil
}

// Check lists the place and reads the first byte of its first object, if it has one.
func (s *source) Check(ctx context.Context) error {
	for d, err := range s.Index(ctx, "") {
		if err != nil {
			return err
		}
		name, err := s.name(d)
		if err != nil {
			return err
		}
		_, err = s.client.Do(ctx, rest.Request{What: "read " + s.url(name), Method: http.MethodGet, Path: s.object(name),
			Query: url.Values{"alt": {"media"}}, Header: http.Header{"Range": {"bytes=0-0"}}})
		return err
	}
	return nil
}

// Index lists the objects in the order of their names, a page of 1,000 at a time. The cursor is the name of the last one.
// Empty objects are left out: they mark folders.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		root, single, err := s.root(ctx)
		if err != nil {
			yield(document.Document{}, err)
			return
		}
		if single != nil {
			if from == "" {
				yield(s.document(*single, single.Name[:strings.LastIndex(single.Name, "/")+1]), nil)
			}
			return
		}
		token := ""
		for {
			p, err := s.page(ctx, root, string(from), token, s.recursive, pageSize)
			if err != nil {
				yield(document.Document{}, err)
				return
			}
			for _, o := range p.Items {
				if ctx.Err() != nil {
					yield(document.Document{}, context.Cause(ctx))
					return
				}
				if s.listed(o, root, string(from)) && !yield(s.document(o, root), nil) {
					return
				}
			}
			if p.Next == "" {
				return
			}
			if p.Next == token {
				yield(document.Document{}, connector.Fail(nil, "list %s: the service says that there is more and not where", s.url(root)))
				return
			}
			token = p.Next
		}
	}
}

// root finds out whether the config's prefix without a slash at the end is a folder or a single object. An object of
// exactly that name wins; a slash in the config means the folder.
func (s *source) root(ctx context.Context) (root string, single *object, err error) {
	if s.prefix == "" || strings.HasSuffix(s.prefix, "/") {
		return s.prefix, nil, nil
	}
	p, err := s.page(ctx, s.prefix, "", "", true, 1)
	if err != nil {
		return "", nil, err
	}
	// It is the first of all that begin with it.
	if len(p.Items) > 0 && p.Items[0].Name == s.prefix && p.Items[0].size() > 0 {
		return "", &p.Items[0], nil
	}
	return s.prefix + "/", nil, nil
}

func (o object) size() int64 {
	n, _ := strconv.ParseInt(o.Size, 10, 64) // what is not a number is left out, as what is empty
	return n
}

// listed says whether an object is a document.
func (s *source) listed(o object, root, after string) bool {
	return utf8.ValidString(o.Name) && strings.HasPrefix(o.Name, root) && len(o.Name) > len(root) && o.Name > after && o.size() > 0 &&
		!strings.HasPrefix(path.Base(o.Name), output.Reserved)
}

// document describes an object. root is what its path begins after: "" or a folder with its slash.
func (s *source) document(o object, root string) document.Document {
	return document.Document{
		Identifier: uuid.NewSHA1(uuid.NameSpaceDNS, []byte(s.bucket+"/"+o.Name)).String(),
		Name:       baseName(o.Name), Path: strings.TrimPrefix(o.Name, root), Version: version(o.ETag), Size: o.size(), URL: s.url(o.Name),
		Created: o.Created.UTC(), Modified: o.Updated.UTC(),
		RecordLocator: map[string]any{"protocol": "gs", "remote_file_path": s.configured, "file_id": s.fileID(o)},
		Cursor:        o.Name,
	}
}

// fileID is the service's id of a version of an object.
func (s *source) fileID(o object) string { return s.bucket + "/" + o.Name + "/" + o.Generation }

func version(etag string) string { return strings.Trim(etag, `"`) }

// baseName is the last part of a name that is a name.
func baseName(name string) string {
	switch base := path.Base(name); base {
	case ".", "..", "/":
		return "object"
	default:
		return base
	}
}

// name finds the name of a document that this source has listed.
func (s *source) name(d document.Document) (string, error) {
	name, ok := strings.CutPrefix(d.URL, s.url(""))
	if !ok || name == "" {
		return "", connector.Fail(connector.ErrNotFound, "read %q: it is not of bucket %q; list the source again", d.Name, s.bucket)
	}
	return name, nil
}

// generationHeader names the version of the content of an answer.
const generationHeader = "X-Goog-Generation"

// Fetch reads an object whole. One that changed since it was listed comes with its new content and, in File.Found, its new
// version, date and file_id; bytes of two versions never mix.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	name, err := s.name(d)
	if err != nil {
		return document.File{}, err
	}
	what := "read " + s.url(name)
	content, head, err := s.client.Read(ctx, rest.Request{What: what, Path: s.object(name), Query: url.Values{"alt": {"media"}}}, s.env.TempDir, inMemory,
		func(first http.Header, next *rest.Request) bool {
			next.Query = url.Values{"alt": {"media"}, "ifGenerationMatch": {first.Get(generationHeader)}}
			return first.Get(generationHeader) != ""
		})
	if err != nil {
		return document.File{}, err
	}
	f := content.File(d.Name, mimeType(head.Get("Content-Type")))
	listed, _ := d.RecordLocator["file_id"].(string)
	if generation := head.Get(generationHeader); generation != "" && !strings.HasSuffix(listed, "/"+generation) {
		if f.Found, err = s.found(ctx, what, name, generation); err != nil {
			f.Close()
			return document.File{}, err
		}
	}
	return f, nil
}

// found describes the version of an object that was read in place of the one that was listed.
func (s *source) found(ctx context.Context, what, name, generation string) (document.Found, error) {
	a, err := s.client.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: s.object(name), Query: url.Values{"fields": {fields}}, OK: []int{http.StatusNotFound}})
	if err != nil {
		return document.Found{}, err
	}
	var o object
	if a.Status == http.StatusNotFound || json.Unmarshal(a.Body, &o) != nil || o.Generation != generation {
		return document.Found{}, connector.Retry(nil, 0, "%s: it changes while it is read", what)
	}
	return document.Found{Version: version(o.ETag), Modified: o.Updated.UTC(), RecordLocator: map[string]any{"file_id": s.fileID(o)}}, nil
}

// mimeType is a declared type that says something.
func mimeType(t string) string {
	switch base, _, _ := strings.Cut(strings.ToLower(t), ";"); strings.TrimSpace(base) {
	case "", "binary/octet-stream", "application/octet-stream", "application/x-directory":
		return ""
	}
	return t
}
