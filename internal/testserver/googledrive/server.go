// Package googledrive is a fake of the part of Google Drive's REST interface (version 3) that reading needs, with its rules: the
// query and the order of listings, pages and their marks, which fields an answer has, where permissions are shown, the limit of
// exports and the long-running download beside it, and its errors.
package googledrive

import (
	"cmp"
	"crypto/md5" //nolint:gosec // the service's own checksum
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/google"
	"github.com/sluicehq/sluice/internal/testserver/wire"
)

// Types of what has no bytes.
const (
	Folder      = "application/vnd.google-apps.folder"
	Shortcut    = "application/vnd.google-apps.shortcut"
	Doc         = "application/vnd.google-apps.document"
	Form        = "application/vnd.google-apps.form"
	exportLimit = 10 << 20
)

// Permission is one of an item's.
type Permission struct{ ID, Type, Role string }

// Item is a file, a folder or a shared drive.
type Item struct {
	ID, Name, Parent, MIMEType string
	Content                    string // of a Doc, what its export holds
	Created                    time.Time
	Permissions                []Permission // its own
	Target                     string       // of a Shortcut
	Alone                      bool         // inherits no permissions
	Locked                     bool         // viewers may not download it
	Broken                     string       // reason with which its content is refused
	Hidden                     bool         // the account may not see its permissions

	drive   string // the shared drive, "" outside
	version int
	trashed bool
	changed time.Time
}

// Server is a fake.
type Server struct {
	*wire.Server
	Account *google.Account

	// Elsewhere is where the downloads of long exports stand; "" is here.
	Elsewhere string

	mu       sync.Mutex
	items    map[string]*Item
	children map[string][]*Item // in the order of their creation
	made     int
	clock    time.Time
	disabled bool
	ended    int // marks given before this one are not taken any more
	mark     int
	shuffled bool
	looks    map[string]int // at operations
}

// Start starts a service that lives as long as the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{Account: google.NewAccount(t), items: map[string]*Item{}, children: map[string][]*Item{}, looks: map[string]int{},
		clock: time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)}
	s.Server = wire.Start(t, http.HandlerFunc(s.serve))
	return s
}

// Put makes an item and returns its id. It is created a millisecond after the one before, unless Created says otherwise.
func (s *Server) Put(item Item) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(item)
}

func (s *Server) put(item Item) string {
	s.made++
	s.clock = s.clock.Add(time.Millisecond)
	if item.ID == "" {
		item.ID = fmt.Sprintf("1File-%06d_x", s.made*7919%1_000_003) // ids are not in the order of creation
	}
	if item.Created.IsZero() {
		item.Created = s.clock
	}
	item.version, item.changed = 1, s.clock
	if parent := s.items[item.Parent]; parent != nil {
		item.drive = parent.drive
	}
	if strings.HasPrefix(item.ID, "0ADrive") {
		item.drive = item.ID
	}
	s.items[item.ID] = &item
	list := s.children[item.Parent]
	at, _ := slices.BinarySearchFunc(list, &item, func(a, b *Item) int { return a.Created.Compare(b.Created) })
	for at < len(list) && list[at].Created.Equal(item.Created) { // ties stand as they come
		at++
	}
	s.children[item.Parent] = slices.Insert(list, at, &item)
	return item.ID
}

// Write puts a text file at a path below a folder, or changes the one that is there.
func (s *Server) Write(folder, path, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(path, "/")
	for _, name := range parts[:len(parts)-1] {
		next := s.named(folder, name)
		if next == nil {
			next = s.items[s.put(Item{Name: name, Parent: folder, MIMEType: Folder})]
		}
		folder = next.ID
	}
	name := parts[len(parts)-1]
	if f := s.named(folder, name); f != nil {
		f.Content = content
		s.touch(f)
		return
	}
	s.put(Item{Name: name, Parent: folder, MIMEType: "text/plain", Content: content})
}

func (s *Server) named(folder, name string) *Item {
	if len(s.children[folder]) > 1000 {
		return nil // the large listing only adds
	}
	for _, c := range s.children[folder] {
		if c.Name == name && !c.trashed {
			return c
		}
	}
	return nil
}

func (s *Server) touch(f *Item) {
	s.clock = s.clock.Add(time.Millisecond)
	f.version++
	f.changed = s.clock
}

// Change changes an item and its version.
func (s *Server) Change(id string, change func(*Item)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.items[id])
	s.touch(s.items[id])
}

// Trash moves an item to the trash. Its content can still be read by id, as with the real service.
func (s *Server) Trash(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[id].trashed = true
}

// Delete removes an item.
func (s *Server) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.items[id]
	delete(s.items, id)
	s.children[f.Parent] = slices.DeleteFunc(s.children[f.Parent], func(c *Item) bool { return c.ID == id })
}

// Path is the path of a file below a folder.
func (s *Server) Path(folder, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for f := s.items[id]; f != nil && f.ID != folder; f = s.items[f.Parent] {
		names = append(names, f.Name)
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// Find is the id of the file at a path below a folder.
func (s *Server) Find(folder, path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range strings.SplitSeq(path, "/") {
		f := s.named(folder, name)
		if f == nil {
			return ""
		}
		folder = f.ID
	}
	return folder
}

// Disable turns the interface off for the account's project.
func (s *Server) Disable() { s.mu.Lock(); s.disabled = true; s.mu.Unlock() }

// Shuffle makes listings ignore the order that is asked for.
func (s *Server) Shuffle() { s.mu.Lock(); s.shuffled = true; s.mu.Unlock() }

// EndMarks makes the marks of pages that were given until now useless.
func (s *Server) EndMarks() { s.mu.Lock(); s.ended = s.mark + 1; s.mu.Unlock() }

var path = regexp.MustCompile(`^/drive/v3/(files|operations|prepared)(?:/([A-Za-z0-9_-]+))?(?:/(export|download|permissions))?$`)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == google.TokenPath {
		s.Account.ServeHTTP(w, r)
		return
	}
	if !s.Account.Knows(r) {
		google.Fail(w, http.StatusUnauthorized, "authError", "Invalid Credentials: "+r.Header.Get("Authorization"))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := path.FindStringSubmatch(r.URL.Path)
	switch {
	case s.disabled:
		google.Fail(w, http.StatusForbidden, "accessNotConfigured", "Google Drive API has not been used in project 1 before or it is disabled.")
	case at == nil:
		google.Fail(w, http.StatusNotFound, "notFound", "no such path")
	case at[1] == "operations":
		s.operation(w, at[2])
	case at[1] == "prepared":
		if f := s.item(w, at[2]); f != nil {
			_, _ = io.WriteString(w, f.Content)
		}
	case at[2] == "":
		s.list(w, r)
	default:
		f := s.item(w, at[2])
		switch {
		case f == nil:
		case f.drive != "" && r.URL.Query().Get("supportsAllDrives") != "true" && at[3] != "export" && at[3] != "download":
			google.Fail(w, http.StatusNotFound, "notFound", "File not found: "+f.ID)
		case at[3] == "export":
			export(w, r, f)
		case at[3] == "download":
			s.prepare(w, r, f)
		case at[3] == "permissions":
			permissions(w, s.effective(f), f)
		case r.URL.Query().Get("alt") == "media":
			s.media(w, r, f)
		default:
			wire.JSON(w, http.StatusOK, s.shown(f, r.URL.Query().Get("fields")))
		}
	}
}

func (s *Server) item(w http.ResponseWriter, id string) *Item {
	f := s.items[id]
	if f == nil {
		google.Fail(w, http.StatusNotFound, "notFound", "File not found: "+id)
	}
	return f
}

var query = regexp.MustCompile(`^'([A-Za-z0-9_-]+)' in parents and trashed = false(?: and createdTime (>=|<=) '([0-9TZ:.-]+)')?$`)

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, err := strconv.Atoi(cmp.Or(q.Get("pageSize"), "100"))
	if err != nil || size < 1 || size > 1000 {
		google.Fail(w, http.StatusBadRequest, "invalidParameter", "Invalid value for pageSize")
		return
	}
	if q.Get("q") == "" { // of everything
		out := []any{}
		for _, f := range s.items {
			if len(out) < size {
				out = append(out, s.shown(f, q.Get("fields")))
			}
		}
		wire.JSON(w, http.StatusOK, map[string]any{"files": out})
		return
	}
	asked := query.FindStringSubmatch(q.Get("q"))
	if asked == nil || q.Get("orderBy") != "createdTime" {
		google.Fail(w, http.StatusBadRequest, "invalid", "Invalid Value")
		return
	}
	mark, offset := 0, 0
	var limit time.Time
	if asked[3] != "" {
		if limit, err = time.Parse(time.RFC3339Nano, asked[3]); err != nil {
			google.Fail(w, http.StatusBadRequest, "invalid", "Invalid Value")
			return
		}
	}
	if token := q.Get("pageToken"); token != "" {
		if _, err := fmt.Sscanf(token, "~!%d!%d", &mark, &offset); err != nil || mark < s.ended {
			google.Fail(w, http.StatusBadRequest, "invalid", "Invalid Value")
			return
		}
	}
	parent := s.items[asked[1]]
	if parent == nil {
		google.Fail(w, http.StatusNotFound, "notFound", "File not found: .")
		return
	}
	everywhere := q.Get("supportsAllDrives") == "true" && q.Get("includeItemsFromAllDrives") == "true"
	if q.Get("corpora") == "drive" && (!everywhere || q.Get("driveId") != parent.drive) {
		google.Fail(w, http.StatusBadRequest, "invalid", "driveId, supportsAllDrives and includeItemsFromAllDrives belong to corpora=drive")
		return
	}
	if strings.Contains(q.Get("fields"), "permissions(") {
		size = min(size, 100) // pages may be smaller than was asked for
	}
	list := s.children[parent.ID]
	if s.shuffled {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	files := []any{}
	next := ""
	for ; offset < len(list) && (parent.drive == "" || q.Get("corpora") == "drive"); offset++ {
		if f := list[offset]; !f.trashed && (asked[2] != ">=" || !f.Created.Before(limit)) && (asked[2] != "<=" || !f.Created.After(limit)) {
			if len(files) == size {
				s.mark++
				next = fmt.Sprintf("~!%d!%d", s.mark, offset)
				break
			}
			files = append(files, s.shown(f, q.Get("fields")))
		}
	}
	out := map[string]any{"files": files}
	if strings.Contains(q.Get("fields"), "incompleteSearch") {
		out["incompleteSearch"] = false
	}
	if next != "" && strings.Contains(q.Get("fields"), "nextPageToken") {
		out["nextPageToken"] = next
	}
	wire.JSON(w, http.StatusOK, out)
}

var word = regexp.MustCompile(`[A-Za-z0-9]+`)

// shown is an item with the fields that were asked for. Without any an answer has three.
func (s *Server) shown(f *Item, fields string) map[string]any {
	const instant = "2006-01-02T15:04:05.000Z"
	all := map[string]any{
		"kind": "drive#file", "id": f.ID, "name": f.Name, "mimeType": f.MIMEType, "version": strconv.Itoa(f.version), "trashed": f.trashed,
		"createdTime": f.Created.UTC().Format(instant), "modifiedTime": f.changed.UTC().Format(instant),
		"webViewLink": "https://drive.google.com/file/d/" + f.ID + "/view", "capabilities": map[string]any{"canDownload": !f.Locked},
	}
	if !strings.HasPrefix(f.MIMEType, "application/vnd.google-apps.") {
		sum := md5.Sum([]byte(f.Content)) //nolint:gosec // as above
		all["size"], all["md5Checksum"] = strconv.Itoa(len(f.Content)), hex.EncodeToString(sum[:])
	}
	if f.Target != "" {
		all["shortcutDetails"] = map[string]any{"targetId": f.Target}
	}
	if f.drive != "" { // permissions are not shown there
		all["driveId"], all["hasAugmentedPermissions"], all["inheritedPermissionsDisabled"] = f.drive, len(f.Permissions) > 0 && f.ID != f.drive, f.Alone
	} else if !f.Hidden {
		all["permissions"] = rows(s.effective(f))
	}
	wanted := word.FindAllString(fields, -1)
	if fields == "" {
		wanted = []string{"kind", "id", "name", "mimeType"}
	}
	out := map[string]any{}
	for _, name := range wanted {
		if v, ok := all[name]; ok {
			out[name] = v
		}
	}
	return out
}

func rows(list []Permission) []map[string]any {
	out := []map[string]any{}
	for _, p := range list {
		out = append(out, map[string]any{"id": p.ID, "type": p.Type, "role": p.Role})
	}
	return out
}

// effective are an item's permissions with those of the folders above.
func (s *Server) effective(f *Item) []Permission {
	var out []Permission
	for ; f != nil; f = s.items[f.Parent] {
		out = append(out, f.Permissions...)
		if f.Alone {
			break
		}
	}
	return out
}

func permissions(w http.ResponseWriter, list []Permission, f *Item) {
	if f.Hidden {
		google.Fail(w, http.StatusForbidden, "insufficientFilePermissions", "The user does not have sufficient permissions for this file.")
		return
	}
	wire.JSON(w, http.StatusOK, map[string]any{"permissions": rows(list)})
}

func (s *Server) media(w http.ResponseWriter, r *http.Request, f *Item) {
	switch {
	case strings.HasPrefix(f.MIMEType, "application/vnd.google-apps."):
		google.Fail(w, http.StatusForbidden, "fileNotDownloadable", "Only files with binary content can be downloaded. Use Export with Docs Editors files.")
	case f.Broken != "":
		google.Fail(w, http.StatusForbidden, f.Broken, "This file cannot be given out: "+f.Content)
	case f.Locked:
		google.Fail(w, http.StatusForbidden, "cannotDownloadFile", "This file cannot be downloaded by the user.")
	default:
		w.Header().Set("Content-Type", f.MIMEType)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(f.Content))
	}
}

func export(w http.ResponseWriter, r *http.Request, f *Item) {
	switch {
	case f.MIMEType != Doc || !strings.HasSuffix(r.URL.Query().Get("mimeType"), "wordprocessingml.document"):
		google.Fail(w, http.StatusBadRequest, "badRequest", "The requested conversion is not supported.")
	case len(f.Content) > exportLimit:
		google.Fail(w, http.StatusForbidden, "exportSizeLimitExceeded", "This file is too large to be exported.")
	default:
		_, _ = io.WriteString(w, f.Content)
	}
}

// prepare begins a long-running download, which is done at the second look at it.
func (s *Server) prepare(w http.ResponseWriter, r *http.Request, f *Item) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Query().Get("mimeType"), "wordprocessingml.document") {
		google.Fail(w, http.StatusBadRequest, "badRequest", "Bad Request")
		return
	}
	s.looks[f.ID] = 0
	wire.JSON(w, http.StatusOK, map[string]any{"name": "op-" + f.ID, "done": nil, "metadata": map[string]any{}})
}

func (s *Server) operation(w http.ResponseWriter, name string) {
	id := strings.TrimPrefix(name, "op-")
	f := s.item(w, id)
	if f == nil {
		return
	}
	s.looks[id]++
	out := map[string]any{"name": name, "done": s.looks[id] > 1}
	switch {
	case s.looks[id] < 2:
	case f.Broken != "":
		out["error"] = map[string]any{"code": 3, "message": "cannot export " + f.Name}
	default:
		out["response"] = map[string]any{"downloadUri": cmp.Or(s.Elsewhere, s.URL) + "/drive/v3/prepared/" + id + "?ticket=a%2Fb", "partialDownloadAllowed": false}
	}
	wire.JSON(w, http.StatusOK, out)
}
