// Package confluence is a fake of the parts of Confluence's REST interfaces that reading needs: version 2 with its marks and the
// rest of version 1 as the cloud has them (below /wiki), and version 1 with offsets as a Data Center site has it, with their
// logins, limits and errors. Contents of attachments in the cloud stand on another host, which takes no credentials.
package confluence

import (
	"encoding/base64"
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

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

// Accounts.
const (
	User     = "reader@sluice.example"
	APIToken = "api-token-of-the-reader"
	Password = "password-of-the-reader"
	PAT      = "personal-token-of-the-reader"
)

// Grant is one permission of a space: who (a user, or a group with g before it) may do what with what.
type Grant struct{ Who, Operation, Target string }

// Page is a page.
type Page struct {
	ID           int
	Space, Title string
	Body         string // as shown
	Parent       int
	Status       string   // "" is current
	Read, Update []string // who alone may; groups begin with g
	Version      int
	Created      time.Time
	Changed      time.Time
}

// Attachment is a file at a page.
type Attachment struct {
	ID              int
	Page            int
	Name, MediaType string
	Content         string
	Deleted         bool
}

type space struct {
	id     int
	key    string
	grants []Grant
}

// Server is a fake.
type Server struct {
	*wire.Server
	Media *wire.Server // where the cloud keeps contents

	// HidePermissions makes a Data Center site refuse the permissions of spaces, as it does to those who do not administer them.
	HidePermissions bool

	mu          sync.Mutex
	spaces      []space
	pages       map[int]*Page
	attachments map[int]*Attachment
	order       map[string][]int // ids of a space's pages, ascending
	last        int
	clock       time.Time
	asked       map[string]int
}

// Start starts a site that lives as long as the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{pages: map[int]*Page{}, attachments: map[int]*Attachment{}, order: map[string][]int{}, last: 98, asked: map[string]int{},
		clock: time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)}
	s.Media = wire.Start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		id, _ := strconv.Atoi(r.URL.Query().Get("id"))
		a := s.attachments[id]
		if a == nil || r.URL.RawQuery != fmt.Sprintf("token=a%%2Fb&id=%d", id) || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", a.MediaType)
		_, _ = io.WriteString(w, a.Content)
	}))
	s.Server = wire.Start(t, http.HandlerFunc(s.serve))
	return s
}

// Space makes a space.
func (s *Server) Space(key string, grants ...Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.spaces = append(s.spaces, space{id: s.last, key: key, grants: grants})
}

// Put makes a page, or changes the one of its space and title.
func (s *Server) Put(p Page) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(time.Second)
	p.Changed = s.clock
	for _, id := range s.order[p.Space] {
		if old := s.pages[id]; old.Title == p.Title && old.Status == "" && len(s.order[p.Space]) < 500 {
			p.ID, p.Version, p.Created = id, old.Version+1, old.Created
			s.pages[id] = &p
			return id
		}
	}
	s.last++
	p.ID, p.Version, p.Created = s.last, 1, s.clock
	s.pages[p.ID] = &p
	s.order[p.Space] = append(s.order[p.Space], p.ID)
	return p.ID
}

// Attach adds a file to a page.
func (s *Server) Attach(a Attachment) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	a.ID = s.last
	s.attachments[a.ID] = &a
	return a.ID
}

// Change changes an attachment.
func (s *Server) Change(id int, change func(*Attachment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.attachments[id])
}

// Find is the page of a title; nil for none.
func (s *Server) Find(space, title string) *Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order[space] {
		if s.pages[id].Title == title {
			return s.pages[id]
		}
	}
	return nil
}

// Page is a page.
func (s *Server) Page(id string) *Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := strconv.Atoi(id)
	return s.pages[n]
}

// Trash moves a page to the trash; Delete removes it.
func (s *Server) Trash(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[id].Status = "trashed"
}

// Delete removes a page.
func (s *Server) Delete(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pages[id]
	s.order[p.Space] = slices.DeleteFunc(s.order[p.Space], func(other int) bool { return other == id })
	delete(s.pages, id)
}

// Asked is how many requests a path got.
func (s *Server) Asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

func failed(w http.ResponseWriter, status int, why string) {
	wire.JSON(w, status, map[string]any{"statusCode": status, "message": why, "errors": []map[string]any{{"status": status, "code": "X", "title": why}}})
}

// holders writes users and groups as the interface has them.
func holders(list []string, cloud bool) map[string]any {
	users, groups := []any{}, []any{}
	for _, who := range list {
		switch {
		case strings.HasPrefix(who, "g") && cloud:
			groups = append(groups, map[string]any{"type": "group", "id": who, "name": "name of " + who})
		case strings.HasPrefix(who, "g"):
			groups = append(groups, map[string]any{"type": "group", "name": who})
		case cloud:
			users = append(users, map[string]any{"type": "known", "accountId": who, "displayName": "name of " + who})
		default:
			users = append(users, map[string]any{"type": "known", "userKey": who, "username": "login of " + who, "displayName": "name of " + who})
		}
	}
	part := func(list []any) map[string]any {
		return map[string]any{"results": list, "start": 0, "limit": 100, "size": len(list)}
	}
	return map[string]any{"restrictions": map[string]any{"user": part(users), "group": part(groups)}}
}

var (
	restrictions = regexp.MustCompile(`^/rest/api/content/(\d+)/restriction/byOperation$`)
	download     = regexp.MustCompile(`^/rest/api/content/(\d+)/child/attachment/att(\d+)/download$`)
	attached     = regexp.MustCompile(`^/download/(attachments|thumbnails)/(\d+)/([^/]+)$`)
	cloudOne     = regexp.MustCompile(`^/api/v2/(pages|attachments)/(?:att)?(\d+)$`)
	cloudFiles   = regexp.MustCompile(`^/api/v2/pages/(\d+)/attachments$`)
	cloudRights  = regexp.MustCompile(`^/api/v2/spaces/(\d+)/permissions$`)
	ownOne       = regexp.MustCompile(`^/rest/api/content/(att)?(\d+)$`)
	ownFiles     = regexp.MustCompile(`^/rest/api/content/(\d+)/child/attachment$`)
	ownSpace     = regexp.MustCompile(`^/rest/api/space/([^/]+?)(/permissions)?$`)
)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[r.URL.Path]++
	path, cloud := strings.CutPrefix(r.URL.Path, "/wiki")
	user, password, basic := r.BasicAuth()
	switch {
	case cloud && (!basic || user != User || password != APIToken):
		failed(w, http.StatusUnauthorized, "Unauthorized: "+r.Header.Get("Authorization"))
		return
	case !cloud && (!basic || user != User || password != Password) && r.Header.Get("Authorization") != "Bearer "+PAT:
		w.Header().Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
		failed(w, http.StatusUnauthorized, "Basic Authentication Failure - Reason : AUTHENTICATED_FAILED "+password)
		return
	}
	if at := restrictions.FindStringSubmatch(path); at != nil {
		if p := s.page(w, at[1], false); p != nil {
			wire.JSON(w, http.StatusOK, map[string]any{"read": holders(p.Read, cloud), "update": holders(p.Update, cloud)})
		}
		return
	}
	if at := attached.FindStringSubmatch(path); at != nil {
		s.content(w, at[2], at[3], cloud)
		return
	}
	if cloud {
		s.cloud(w, r, path)
	} else {
		s.own(w, r, path)
	}
}

// page is a page that the account may see, of any status with any.
func (s *Server) page(w http.ResponseWriter, id string, any bool) *Page {
	n, _ := strconv.Atoi(id)
	p := s.pages[n]
	if p == nil || p.Status != "" && !any {
		failed(w, http.StatusNotFound, "There is no content with the given id, or the calling user does not have permission to view the content")
		return nil
	}
	return p
}

func (s *Server) content(w http.ResponseWriter, page, name string, cloud bool) {
	for _, a := range s.attachments {
		if strconv.Itoa(a.Page) == page && a.Name == name && !a.Deleted {
			s.send(w, a, cloud)
			return
		}
	}
	failed(w, http.StatusNotFound, "no such attachment")
}

func (s *Server) send(w http.ResponseWriter, a *Attachment, cloud bool) {
	if cloud {
		w.Header().Set("Location", s.Media.URL+fmt.Sprintf("/file?token=a%%2Fb&id=%d", a.ID))
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", a.MediaType)
	_, _ = io.WriteString(w, a.Content)
}

const instant = "2006-01-02T15:04:05.000Z"

func cloudPage(p *Page, body bool) map[string]any {
	out := map[string]any{"id": strconv.Itoa(p.ID), "status": status(p), "title": p.Title, "spaceId": "1", "parentId": nil, "createdAt": p.Created.Format(instant),
		"version": map[string]any{"number": p.Version, "createdAt": p.Changed.Format(instant)}, "body": map[string]any{}}
	if p.Parent != 0 {
		out["parentId"], out["parentType"] = strconv.Itoa(p.Parent), "page"
	}
	if body {
		out["body"] = map[string]any{"view": map[string]any{"representation": "view", "value": p.Body}}
	}
	return out
}

func status(p *Page) string {
	if p.Status == "" {
		return "current"
	}
	return p.Status
}

func (s *Server) cloudFile(a *Attachment) map[string]any {
	state := "current"
	if a.Deleted {
		state = "trashed"
	}
	return map[string]any{"id": fmt.Sprintf("att%d", a.ID), "status": state, "title": a.Name, "createdAt": s.clock.Format(instant), "pageId": strconv.Itoa(a.Page),
		"mediaType": a.MediaType, "fileSize": len(a.Content), "version": map[string]any{"number": 1, "createdAt": s.clock.Format(instant)}}
}

func (s *Server) files(page string) []*Attachment {
	var out []*Attachment
	for _, a := range s.attachments {
		if strconv.Itoa(a.Page) == page && !a.Deleted {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *Attachment) int { return b.ID - a.ID }) // newest first
	return out
}

func (s *Server) cloud(w http.ResponseWriter, r *http.Request, path string) {
	q := r.URL.Query()
	var rows []map[string]any
	switch {
	case path == "/api/v2/spaces":
		for _, x := range s.spaces {
			if !q.Has("keys") || slices.Contains(strings.Split(q.Get("keys"), ","), x.key) {
				rows = append(rows, map[string]any{"id": strconv.Itoa(x.id), "key": x.key, "name": "Space " + x.key, "status": "current"})
			}
		}
		if q.Get("sort") == "key" {
			slices.SortFunc(rows, func(a, b map[string]any) int { return strings.Compare(a["key"].(string), b["key"].(string)) })
		}
	case path == "/api/v2/pages":
		for _, x := range s.spaces {
			if strconv.Itoa(x.id) != q.Get("space-id") {
				continue
			}
			for _, id := range s.order[x.key] {
				if p := s.pages[id]; status(p) == q.Get("status") {
					rows = append(rows, cloudPage(p, false))
				}
			}
		}
		if q.Get("sort") != "id" {
			slices.Reverse(rows)
		}
	case cloudFiles.MatchString(path):
		for _, a := range s.files(cloudFiles.FindStringSubmatch(path)[1]) {
			rows = append(rows, s.cloudFile(a))
		}
	case cloudRights.MatchString(path):
		for _, x := range s.spaces {
			if strconv.Itoa(x.id) != cloudRights.FindStringSubmatch(path)[1] {
				continue
			}
			for i, g := range x.grants {
				kind := "user"
				if strings.HasPrefix(g.Who, "g") {
					kind = "group"
				}
				rows = append(rows, map[string]any{"id": strconv.Itoa(i), "principal": map[string]any{"type": kind, "id": g.Who},
					"operation": map[string]any{"key": g.Operation, "targetType": g.Target}})
			}
		}
	case download.MatchString(path):
		at := download.FindStringSubmatch(path)
		n, _ := strconv.Atoi(at[2])
		if a := s.attachments[n]; a != nil && strconv.Itoa(a.Page) == at[1] && !a.Deleted {
			s.send(w, a, true)
			return
		}
		failed(w, http.StatusNotFound, "no such attachment")
		return
	case cloudOne.MatchString(path):
		at := cloudOne.FindStringSubmatch(path)
		n, _ := strconv.Atoi(at[2])
		switch a := s.attachments[n]; {
		case at[1] == "pages":
			if p := s.page(w, at[2], true); p != nil { // those in the trash too
				wire.JSON(w, http.StatusOK, cloudPage(p, q.Get("body-format") == "view"))
			}
		case a != nil:
			wire.JSON(w, http.StatusOK, s.cloudFile(a))
		default:
			failed(w, http.StatusNotFound, "no such attachment")
		}
		return
	default:
		failed(w, http.StatusNotFound, "no such path")
		return
	}
	limit, err := strconv.Atoi(q.Get("limit"))
	from := 0
	if mark := q.Get("cursor"); mark != "" && err == nil {
		var text []byte
		if text, err = base64.StdEncoding.DecodeString(mark); err == nil {
			from, err = strconv.Atoi(string(text))
		}
	}
	if err != nil || limit < 1 || limit > 250 || from > len(rows) {
		failed(w, http.StatusBadRequest, "limit or cursor is wrong")
		return
	}
	links := map[string]any{"base": s.URL + "/wiki"}
	rows = rows[from:]
	if len(rows) > limit {
		rows = rows[:limit]
		q.Set("cursor", base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(from+limit))))
		links["next"] = r.URL.Path + "?" + q.Encode()
	}
	wire.JSON(w, http.StatusOK, map[string]any{"results": append([]map[string]any{}, rows...), "_links": links})
}

func (s *Server) ownPage(p *Page, expand string) map[string]any {
	out := map[string]any{"id": strconv.Itoa(p.ID), "type": "page", "status": status(p), "title": p.Title}
	if strings.Contains(expand, "version") {
		out["version"] = map[string]any{"number": p.Version, "when": p.Changed.Format("2006-01-02T15:04:05.000-07:00")}
	}
	if strings.Contains(expand, "history") {
		out["history"] = map[string]any{"createdDate": p.Created.Format("2006-01-02T15:04:05.000-07:00")}
	}
	if strings.Contains(expand, "body.view") {
		out["body"] = map[string]any{"view": map[string]any{"representation": "view", "value": p.Body}}
	}
	if strings.Contains(expand, "ancestors") {
		above := []any{}
		for at := p.Parent; at != 0 && s.pages[at] != nil; at = s.pages[at].Parent {
			above = append([]any{map[string]any{"id": strconv.Itoa(at), "type": "page"}}, above...)
		}
		out["ancestors"] = above
	}
	return out
}

func (s *Server) ownFile(a *Attachment) map[string]any {
	return map[string]any{"id": fmt.Sprintf("att%d", a.ID), "type": "attachment", "status": "current", "title": a.Name,
		"version": map[string]any{"number": 1, "when": s.clock.Format(instant)}, "history": map[string]any{"createdDate": s.clock.Format(instant)},
		"extensions": map[string]any{"mediaType": a.MediaType, "fileSize": len(a.Content)}, "container": map[string]any{"id": strconv.Itoa(a.Page)},
		"_links": map[string]any{"download": fmt.Sprintf("/download/attachments/%d/%s?version=1", a.Page, a.Name)}}
}

func (s *Server) own(w http.ResponseWriter, r *http.Request, path string) {
	q := r.URL.Query()
	var rows []map[string]any
	most := 1000
	switch {
	case path == "/rest/api/space":
		for _, x := range slices.Backward(s.spaces) { // an order of its own
			rows = append(rows, map[string]any{"id": x.id, "key": x.key, "name": "Space " + x.key})
		}
	case path == "/rest/api/content":
		for _, id := range s.order[q.Get("spaceKey")] {
			if p := s.pages[id]; status(p) == q.Get("status") && q.Get("type") == "page" {
				rows = append(rows, s.ownPage(p, q.Get("expand")))
			}
		}
		slices.SortStableFunc(rows, func(a, b map[string]any) int { return strings.Compare(a["title"].(string), b["title"].(string)) })
		if q.Get("expand") != "" {
			most = 100
		}
	case ownFiles.MatchString(path):
		for _, a := range s.files(ownFiles.FindStringSubmatch(path)[1]) {
			rows = append(rows, s.ownFile(a))
		}
	case ownSpace.MatchString(path):
		at := ownSpace.FindStringSubmatch(path)
		for _, x := range s.spaces {
			switch {
			case x.key != at[1]:
			case at[2] == "":
				wire.JSON(w, http.StatusOK, map[string]any{"id": x.id, "key": x.key})
				return
			case s.HidePermissions:
				failed(w, http.StatusForbidden, "not an administrator of the space")
				return
			default:
				out := []any{}
				for _, g := range x.grants {
					subject := map[string]any{"type": "user", "userKey": g.Who, "displayName": "name of " + g.Who}
					if strings.HasPrefix(g.Who, "g") {
						subject = map[string]any{"type": "group", "name": g.Who, "displayName": "name of " + g.Who}
					}
					out = append(out, map[string]any{"subject": subject, "operation": map[string]any{"operationKey": g.Operation, "targetType": g.Target}, "spaceKey": x.key})
				}
				wire.JSON(w, http.StatusOK, out)
				return
			}
		}
		failed(w, http.StatusNotFound, "No space with key : "+at[1])
		return
	case ownOne.MatchString(path):
		at := ownOne.FindStringSubmatch(path)
		n, _ := strconv.Atoi(at[2])
		switch a := s.attachments[n]; {
		case at[1] == "":
			if p := s.page(w, at[2], false); p != nil {
				wire.JSON(w, http.StatusOK, s.ownPage(p, q.Get("expand")))
			}
		case a != nil && !a.Deleted:
			wire.JSON(w, http.StatusOK, s.ownFile(a))
		default:
			failed(w, http.StatusNotFound, "no such attachment")
		}
		return
	default:
		failed(w, http.StatusNotFound, "no such path")
		return
	}
	limit, err := strconv.Atoi(q.Get("limit"))
	from := 0
	if q.Has("start") && err == nil {
		from, err = strconv.Atoi(q.Get("start"))
	}
	if err != nil || limit < 1 || from < 0 {
		failed(w, http.StatusBadRequest, "limit or start is wrong")
		return
	}
	limit = min(limit, most)
	rows = rows[min(from, len(rows)):]
	links := map[string]any{"base": s.URL, "context": ""}
	if len(rows) > limit {
		rows = rows[:limit]
		q.Set("start", strconv.Itoa(from+limit))
		links["next"] = path + "?" + q.Encode()
	}
	wire.JSON(w, http.StatusOK, map[string]any{"results": append([]map[string]any{}, rows...), "start": from, "limit": limit, "size": len(rows), "_links": links})
}
