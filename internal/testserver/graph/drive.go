package graph

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Drive is a user's files, or a library of a site.
type Drive struct {
	ID   string
	Name string

	server     *Server
	items      map[string]*entry
	root       *entry
	changes    int // counts them
	generation int // of positions in listings
}

// entry is a file or folder.
type entry struct {
	id, name    string
	drive       *Drive
	parent      *entry // nil for the root
	kids        map[string]*entry
	folder      bool
	content     []byte
	version     int
	changed     int // which change of the drive was its last
	created     time.Time
	modified    time.Time
	permissions []map[string]any
}

// Drive makes an empty drive that belongs to a user.
func (s *Server) Drive(user string) *Drive {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.newDrive("OneDrive")
	s.owners[strings.ToLower(user)] = d
	return d
}

func (s *Server) newDrive(name string) *Drive {
	d := &Drive{ID: fmt.Sprintf("b!drive-%d_x", len(s.drives)+1), Name: name, server: s, items: map[string]*entry{}}
	d.root = d.add(nil, "root", true)
	s.drives[d.ID] = d
	return d
}

var began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// add makes an item. The caller holds the lock, as for all methods below that say nothing else.
func (d *Drive) add(parent *entry, name string, folder bool) *entry {
	d.server.serial++
	e := &entry{
		// Ids of the service are in no order.
		id: fmt.Sprintf("01%08X", uint32(d.server.serial)*2654435761), name: name, drive: d, parent: parent, kids: map[string]*entry{}, folder: folder, created: began,
	}
	if parent != nil {
		parent.kids[name] = e
	}
	e.permissions = []map[string]any{permissionOf([]string{"owner"}, []string{"owner-of-" + d.ID}, nil)}
	d.items[e.id] = e
	e.touch()
	return e
}

func (e *entry) touch() {
	e.drive.changes++
	e.changed = e.drive.changes
	e.version++
	e.modified = began.Add(time.Duration(e.changed) * time.Second)
}

func (e *entry) place() string {
	if e.parent == nil {
		return ""
	}
	return strings.TrimPrefix(e.parent.place()+"/"+e.name, "/")
}

func (e *entry) children() []*entry {
	out := slices.Collect(maps.Values(e.kids))
	slices.SortFunc(out, func(a, b *entry) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), strings.Compare(a.name, b.name))
	})
	return out
}

// at finds what stands at a place: under that name, else under one that differs in case alone.
func (d *Drive) at(place string) *entry {
	here := d.root
	if place == "" {
		return here
	}
	for name := range strings.SplitSeq(place, "/") {
		next := here.kids[name]
		for _, child := range here.kids {
			if next == nil && strings.EqualFold(child.name, name) {
				next = child
			}
		}
		if here = next; here == nil {
			return nil
		}
	}
	return here
}

// exact is at without the other cases.
func (d *Drive) exact(place string) *entry {
	here := d.root
	for name := range strings.SplitSeq(place, "/") {
		if here = here.kids[name]; here == nil {
			return nil
		}
	}
	return here
}

// Put makes a file, or changes its content.
func (d *Drive) Put(place, content string) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	if e := d.exact(place); e != nil {
		e.content = []byte(content)
		e.touch()
		return
	}
	here := d.root
	names := strings.Split(place, "/")
	for i, name := range names[:len(names)-1] {
		next := d.exact(path.Join(names[:i+1]...))
		if next == nil {
			next = d.add(here, name, true)
		}
		here = next
	}
	d.add(here, names[len(names)-1], false).content = []byte(content)
}

// Remove takes away what stands at a place, and what is below.
func (d *Drive) Remove(place string) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	d.drop(d.exact(place))
}

func (d *Drive) drop(e *entry) {
	for _, child := range e.children() {
		d.drop(child)
	}
	delete(d.items, e.id)
	delete(e.parent.kids, e.name)
}

// Rename gives what stands at a place another name. What is below it does not change.
func (d *Drive) Rename(place, name string) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	e := d.exact(place)
	delete(e.parent.kids, e.name)
	e.name = name
	e.parent.kids[name] = e
	e.touch()
}

// Share replaces the permissions of what stands at a place. The service does not count that as a change of the item.
func (d *Drive) Share(place string, roles, users, groups []string) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	d.exact(place).permissions = []map[string]any{
		permissionOf(roles, users, groups),
		{"id": "link", "roles": []string{"read"}, "link": map[string]string{"scope": "anonymous", "type": "view", "webUrl": "https://contoso.sharepoint.com/:t:/x"}},
		{"id": "group", "roles": []string{"write"}, "grantedToV2": map[string]any{"siteGroup": map[string]string{"id": "5", "displayName": "Members", "loginName": "Members"}}},
	}
}

func permissionOf(roles, users, groups []string) map[string]any {
	identities := []map[string]any{}
	for _, id := range users {
		identities = append(identities, map[string]any{"user": map[string]string{"id": id, "displayName": "X"}, "siteUser": map[string]string{"id": "9", "loginName": "i:0#.f|membership|x"}})
	}
	for _, id := range groups {
		identities = append(identities, map[string]any{"group": map[string]string{"id": id, "displayName": "X"}})
	}
	out := map[string]any{"id": "aTowIy5mfG1l", "roles": roles}
	if len(identities) == 1 {
		out["grantedToV2"] = identities[0]
		out["grantedTo"] = identities[0]
	} else {
		out["grantedToIdentitiesV2"] = identities
		out["link"] = map[string]string{"scope": "users", "type": "view"}
	}
	return out
}

// Files are the contents by their places.
func (d *Drive) Files() map[string]string {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	out := map[string]string{}
	for _, e := range d.items {
		if !e.folder {
			out[e.place()] = string(e.content)
		}
	}
	return out
}

// Folders are the places of the folders but the root, sorted.
func (d *Drive) Folders() (out []string) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	for _, e := range d.items {
		if e.folder && e.parent != nil {
			out = append(out, e.place())
		}
	}
	slices.Sort(out)
	return out
}

// describe is a driveItem. One of a delta has no path.
func (s *Server) describe(e *entry, delta bool) map[string]any {
	out := map[string]any{
		"id": e.id, "name": e.name, "eTag": fmt.Sprintf("%q", fmt.Sprintf("{%s},%d", e.id, e.version)), "size": len(e.content),
		"webUrl":          "https://contoso-my.sharepoint.com/personal/adele/Documents/" + url.PathEscape(e.place()),
		"createdDateTime": e.created.Format(time.RFC3339), "lastModifiedDateTime": e.modified.Format(time.RFC3339),
	}
	if !delta {
		out["cTag"] = fmt.Sprintf("%q", fmt.Sprintf("c:{%s},%d", e.id, e.version))
	}
	if e.parent == nil {
		out["root"] = map[string]any{}
	} else {
		parent := map[string]string{"driveId": e.drive.ID, "driveType": "business", "id": e.parent.id}
		if !delta {
			parent["path"] = "/drives/" + e.drive.ID + "/root:"
			if at := e.parent.place(); at != "" {
				parent["path"] += "/" + strings.ReplaceAll(url.PathEscape(at), "%2F", "/")
			}
		}
		out["parentReference"] = parent
	}
	if e.folder {
		out["folder"] = map[string]int{"childCount": len(e.kids)}
		return out
	}
	out["file"] = map[string]any{"mimeType": "text/plain", "hashes": map[string]string{"quickXorHash": "AAAA"}}
	if !s.NoLinks.Load() {
		out["@microsoft.graph.downloadUrl"] = s.link(e)
	}
	return out
}

// link is an address that opens a content to whoever has it.
func (s *Server) link(e *entry) string {
	key := fmt.Sprintf("%s-%d", e.id, e.version)
	s.links[key] = e
	return "https://" + store + "/_layouts/15/download.aspx?tempauth=" + key
}

// ExpireLinks makes the links that were given out useless.
func (s *Server) ExpireLinks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.links)
}

func (s *Server) userDrive(c call, user string) reply {
	d := s.owners[strings.ToLower(user)]
	switch {
	case c.lacks == "Files":
		return refuse(http.StatusForbidden, "accessDenied")
	case d == nil:
		return refuse(http.StatusNotFound, "Request_ResourceNotFound")
	}
	return reply{http.StatusOK, nil, map[string]any{"id": d.ID, "driveType": "business", "name": d.Name}}
}

// drive answers below /drives. names are DRIVE, "items" ID or "root" or "root:" NAME... "NAME:", and what is asked of it.
func (s *Server) drive(c call, names []string) reply {
	d := s.drives[names[0]]
	if d == nil {
		return refuse(http.StatusNotFound, "itemNotFound")
	}
	if c.lacks == "Files" || c.lacks == "Sites" {
		return refuse(http.StatusForbidden, "accessDenied")
	}
	if c.lacks == "Write" && c.method != http.MethodGet {
		return refuse(http.StatusForbidden, "accessDenied")
	}
	names = names[1:]
	switch {
	case len(names) >= 2 && names[0] == "items":
		e := d.items[names[1]]
		if e == nil {
			return refuse(http.StatusNotFound, "itemNotFound")
		}
		return s.item(c, d, e, e.place(), strings.Join(names[2:], "/"))
	case len(names) >= 1 && names[0] == "root":
		return s.item(c, d, d.root, "", strings.Join(names[1:], "/"))
	case len(names) >= 2 && names[0] == "root:":
		// Names are compared before they are unescaped, since a colon ends the place.
		_, rest, _ := strings.Cut(c.path, "/root:/")
		at, what, ended := strings.Cut(rest, ":")
		if !ended {
			return refuse(http.StatusBadRequest, "invalidRequest")
		}
		place, err := url.PathUnescape(at)
		if err != nil {
			return refuse(http.StatusBadRequest, "invalidRequest")
		}
		return s.item(c, d, d.at(place), place, strings.TrimPrefix(what, "/"))
	}
	return refuse(http.StatusBadRequest, "BadRequest")
}

// item answers what is asked of an item, or of a place where none is.
func (s *Server) item(c call, d *Drive, e *entry, place, what string) reply {
	creates := c.method == http.MethodPut && what == "content" || c.method == http.MethodPost && what == "createUploadSession"
	if e == nil && !creates {
		return refuse(http.StatusNotFound, "itemNotFound")
	}
	switch c.method + " " + what {
	case "GET ":
		return reply{http.StatusOK, nil, s.describe(e, false)}
	case "GET children":
		return s.children(c, e)
	case "GET delta":
		if e != d.root {
			return refuse(http.StatusBadRequest, "notSupported")
		}
		return s.delta(c, d)
	case "GET permissions":
		if c.lacks == "Permissions" {
			return refuse(http.StatusForbidden, "accessDenied")
		}
		return reply{http.StatusOK, nil, map[string]any{"value": e.permissions}}
	case "GET content":
		if e.folder {
			return refuse(http.StatusBadRequest, "invalidRequest")
		}
		return reply{http.StatusFound, map[string]string{"Location": s.link(e)}, nil}
	case "PUT content":
		if len(c.body) > maxSimple {
			return refuse(http.StatusRequestEntityTooLarge, "maxStreamSizeExceeded")
		}
		return s.save(d, e, place, c.query.Get("@microsoft.graph.conflictBehavior"), c.body, true)
	case "POST createUploadSession":
		return s.open(c, d, e, place)
	case "POST children":
		var ask struct {
			Name     string          `json:"name"`
			Folder   json.RawMessage `json:"folder"`
			Conflict string          `json:"@microsoft.graph.conflictBehavior"`
		}
		if json.Unmarshal(c.body, &ask) != nil || ask.Folder == nil || !validName(ask.Name) {
			return refuse(http.StatusBadRequest, "invalidRequest")
		}
		if d.at(strings.TrimPrefix(e.place()+"/"+ask.Name, "/")) != nil {
			return refuse(http.StatusConflict, "nameAlreadyExists")
		}
		return reply{http.StatusCreated, nil, s.describe(d.add(e, ask.Name, true), false)}
	case "DELETE ":
		d.drop(e)
		return reply{http.StatusNoContent, nil, nil}
	}
	return refuse(http.StatusMethodNotAllowed, "BadRequest")
}

func (s *Server) children(c call, e *entry) reply {
	all := e.children()
	if after := c.query.Get("$skiptoken"); after != "" {
		all = slices.DeleteFunc(all, func(x *entry) bool { return strings.ToLower(x.name)+"\x00"+x.name <= after })
	}
	value := []any{}
	out := map[string]any{}
	for i, x := range all {
		if i == s.size(c) {
			last := all[i-1]
			c.query.Set("$skiptoken", strings.ToLower(last.name)+"\x00"+last.name)
			out["@odata.nextLink"] = linkTo(c.path, c.query)
			break
		}
		value = append(value, s.describe(x, false))
	}
	out["value"] = value
	return reply{http.StatusOK, nil, out}
}

// delta lists a drive in the order of the last changes.
func (s *Server) delta(c call, d *Drive) reply {
	after := 0
	if token := c.query.Get("token"); token != "" {
		generation, change, _ := strings.Cut(token, ".")
		n, err := strconv.Atoi(change)
		if err != nil || generation != strconv.Itoa(d.generation) {
			c.query.Del("token")
			return reply{http.StatusGone, map[string]string{"Location": linkTo(c.path, c.query)}, failure("resyncChangesApplyDifferences")}
		}
		after = n
	}
	var all []*entry
	for _, e := range d.items {
		if e.changed > after {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return a.changed - b.changed })
	value := []any{}
	next := "@odata.deltaLink"
	for i, e := range all {
		if i == s.size(c) {
			next = "@odata.nextLink"
			break
		}
		value = append(value, s.describe(e, true))
		after = e.changed
	}
	if next == "@odata.deltaLink" { // of something that is gone, once
		value = append(value, map[string]any{"id": "01GONE", "deleted": map[string]string{"state": "deleted"}, "parentReference": map[string]string{"driveId": d.ID, "id": d.root.id}})
	}
	c.query.Set("token", fmt.Sprintf("%d.%d", d.generation, after))
	return reply{http.StatusOK, nil, map[string]any{"value": value, next: linkTo(c.path, c.query)}}
}

var (
	badMarks = regexp.MustCompile(`["*:<>?/\\|\x00-\x1f]`)
	badNames = regexp.MustCompile(`(?i)^((con|prn|aux|nul|com\d|lpt\d)(\..*)?|\.lock|desktop\.ini|~\$.*)$`)
)

func validName(name string) bool {
	return name != "" && !badMarks.MatchString(name) && !badNames.MatchString(name) && !strings.Contains(name, "_vti_") && len([]rune(name)) <= 255 &&
		strings.TrimSpace(name) == name && !strings.HasSuffix(name, ".")
}

func validPlace(place string) bool {
	if len([]rune(place)) > 340 { // of 400, with what stands before it
		return false
	}
	for name := range strings.SplitSeq(place, "/") {
		if !validName(name) {
			return false
		}
	}
	return true
}

// save makes a file at a place or changes the one that is there. makes says that folders on the way are made.
func (s *Server) save(d *Drive, e *entry, place, conflict string, content []byte, makes bool) reply {
	status := http.StatusOK
	switch {
	case e != nil && e.folder:
		return refuse(http.StatusConflict, "nameAlreadyExists")
	case e != nil && conflict == "fail":
		return refuse(http.StatusConflict, "nameAlreadyExists")
	case e == nil:
		if !validPlace(place) {
			return refuse(http.StatusBadRequest, "invalidRequest")
		}
		here := d.root
		names := strings.Split(place, "/")
		for i, name := range names[:len(names)-1] {
			next := d.at(path.Join(names[:i+1]...))
			if next == nil && !makes {
				return refuse(http.StatusNotFound, "itemNotFound")
			}
			if next == nil {
				next = d.add(here, name, true)
			}
			if here = next; !here.folder {
				return refuse(http.StatusConflict, "nameAlreadyExists")
			}
		}
		e = d.add(here, names[len(names)-1], false)
		status = http.StatusCreated
	default:
		e.touch()
	}
	e.content = bytes.Clone(content)
	return reply{status, nil, s.describe(e, false)}
}
