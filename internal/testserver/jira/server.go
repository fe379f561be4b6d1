// Package jira is a fake of the parts of Jira's REST interfaces that reading needs, as the cloud or a Data Center site has them:
// searches with their query language as far as it is used, marks or offsets, boards, issues with comments in pages, attachments,
// and their logins and errors. The user's clock is nine hours ahead, and Data Center sorts by seconds.
package jira

import (
	"cmp"
	"encoding/json"
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

const (
	stamp        = "2006-01-02T15:04:05.000-0700"
	commentsPage = 3 // comments that come with an issue
)

// Attachment is a file at an issue.
type Attachment struct {
	ID                      int
	Name, MIMEType, Content string
}

// Issue is an issue.
type Issue struct {
	ID                           int
	Project                      string // key
	Number                       int
	Summary, Description, Status string
	Comments                     []string
	Labels                       []string
	Created, Updated             time.Time
	Files                        []Attachment
}

// Key is the key of an issue.
func (i *Issue) Key() string { return fmt.Sprintf("%s-%d", i.Project, i.Number) }

// Server is a fake.
type Server struct {
	*wire.Server
	Cloud bool

	// Blind takes the right to browse from the account.
	Blind bool

	mu       sync.Mutex
	projects []string
	issues   map[int]*Issue
	boards   map[int][]string // keys of projects
	last     int
	clock    time.Time
	marks    map[string]int
}

// Start starts a site that lives as long as the test.
func Start(t testing.TB, cloud bool) *Server {
	t.Helper()
	s := &Server{Cloud: cloud, issues: map[int]*Issue{}, boards: map[int][]string{}, last: 9990, marks: map[string]int{},
		clock: time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)}
	s.Server = wire.Start(t, http.HandlerFunc(s.serve))
	return s
}

// Project makes a project.
func (s *Server) Project(key string) {
	s.mu.Lock()
	s.projects = append(s.projects, key)
	s.mu.Unlock()
}

// Board makes a board of the issues of projects and returns its number.
func (s *Server) Board(projects ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.boards[s.last] = projects
	return strconv.Itoa(s.last)
}

// Put makes an issue, a third of a second after the one before unless Created says otherwise, and returns it.
func (s *Server) Put(i Issue) *Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.clock = s.clock.Add(333 * time.Millisecond)
	i.ID = s.last
	i.Status = cmp.Or(i.Status, "To Do")
	for _, other := range s.issues {
		if other.Project == i.Project {
			i.Number = max(i.Number, other.Number)
		}
	}
	i.Number++
	if i.Created.IsZero() {
		i.Created = s.clock
	}
	i.Updated = i.Created
	for n := range i.Files {
		s.last++
		i.Files[n].ID = s.last
	}
	s.issues[i.ID] = &i
	return &i
}

// Change changes an issue.
func (s *Server) Change(id int, change func(*Issue)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(time.Second)
	change(s.issues[id])
	s.issues[id].Updated = s.clock
}

// Delete removes an issue.
func (s *Server) Delete(id int) { s.mu.Lock(); delete(s.issues, id); s.mu.Unlock() }

// Issue is an issue by its id; nil for none.
func (s *Server) Issue(id string) *Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := strconv.Atoi(id)
	return s.issues[n]
}

// Find is the issue of a project with a summary; nil for none.
func (s *Server) Find(project, summary string) *Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.issues {
		if i.Project == project && i.Summary == summary {
			return i
		}
	}
	return nil
}

func failed(w http.ResponseWriter, status int, why string) {
	wire.JSON(w, status, map[string]any{"errorMessages": []string{why}, "errors": map[string]any{}})
}

var (
	board     = regexp.MustCompile(`^/rest/agile/1\.0/board/(\d+)(/issue)?$`)
	one       = regexp.MustCompile(`^/rest/api/2/issue/([^/]+)(/comment)?$`)
	project   = regexp.MustCompile(`^/rest/api/2/project/([^/]+)$`)
	file      = regexp.MustCompile(`^/rest/api/2/attachment/(content/)?(\d+)$`)
	secure    = regexp.MustCompile(`^/secure/attachment/(\d+)/`)
	queryForm = regexp.MustCompile(`^(.*?) ?ORDER BY created ASC, key ASC$`)
	since     = regexp.MustCompile(`^created >= "(\d{4}-\d\d-\d\d \d\d:\d\d)"$`)
	oneOf     = regexp.MustCompile(`^(project|issuekey|status) in \((.*)\)$`)
	value     = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|\d+`)
)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, password, basic := r.BasicAuth()
	known := basic && user == User && (s.Cloud && password == APIToken || !s.Cloud && password == Password)
	if !known && (s.Cloud || r.Header.Get("Authorization") != "Bearer "+PAT) {
		if !s.Cloud {
			w.Header().Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
		}
		failed(w, http.StatusUnauthorized, "Client must be authenticated to access this resource: "+password)
		return
	}
	q := r.URL.Query()
	var ask struct {
		JQL    string   `json:"jql"`
		Fields []string `json:"fields"`
		Max    int      `json:"maxResults"`
		Start  int      `json:"startAt"`
		Mark   string   `json:"nextPageToken"`
	}
	switch path := r.URL.Path; {
	case path == "/rest/api/2/mypermissions" && q.Get("permissions") == "BROWSE_PROJECTS":
		wire.JSON(w, http.StatusOK, map[string]any{"permissions": map[string]any{"BROWSE_PROJECTS": map[string]any{"key": "BROWSE_PROJECTS", "havePermission": !s.Blind}}})
	case path == "/rest/api/2/status":
		wire.JSON(w, http.StatusOK, []map[string]any{{"id": "1", "name": "To Do"}, {"id": "2", "name": "Done"}, {"id": "3", "name": `In "Progress"`}})
	case path == "/rest/api/2/project":
		out := []map[string]any{}
		for _, p := range s.projects {
			out = append(out, map[string]any{"key": p, "name": "Project " + p})
		}
		wire.JSON(w, http.StatusOK, out)
	case project.MatchString(path):
		if p := project.FindStringSubmatch(path)[1]; slices.Contains(s.projects, p) {
			wire.JSON(w, http.StatusOK, map[string]any{"key": p})
		} else {
			failed(w, http.StatusNotFound, "No project could be found with key '"+p+"'.")
		}
	case path == "/rest/api/3/search/jql" && s.Cloud && r.Method == http.MethodPost:
		if wire.Body(w, r, 1<<20, &ask) {
			at := s.marks[ask.Mark]
			if ask.Mark != "" && at == 0 {
				failed(w, http.StatusBadRequest, "nextPageToken is wrong")
				return
			}
			s.search(w, nil, ask.JQL, ask.Fields, min(ask.Max, 50), at, true) // pages may be smaller than was asked for
		}
	case path == "/rest/api/2/search" && !s.Cloud && r.Method == http.MethodPost:
		if wire.Body(w, r, 1<<20, &ask) {
			s.search(w, nil, ask.JQL, ask.Fields, ask.Max, ask.Start, false)
		}
	case board.MatchString(path):
		at := board.FindStringSubmatch(path)
		n, _ := strconv.Atoi(at[1])
		projects, ok := s.boards[n]
		switch {
		case !ok:
			failed(w, http.StatusNotFound, "Requested board cannot be viewed because it either does not exist or you do not have permission to view it.")
		case at[2] == "":
			wire.JSON(w, http.StatusOK, map[string]any{"id": n, "name": "Board", "type": "kanban"})
		default:
			start, _ := strconv.Atoi(q.Get("startAt"))
			most, _ := strconv.Atoi(q.Get("maxResults"))
			s.search(w, projects, q.Get("jql"), strings.Split(q.Get("fields"), ","), min(most, 50), start, false)
		}
	case one.MatchString(path):
		at := one.FindStringSubmatch(path)
		i := s.named(at[1])
		switch {
		case i == nil:
			failed(w, http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
		case at[2] == "":
			wire.JSON(w, http.StatusOK, s.whole(i, strings.Split(q.Get("fields"), ",")))
		default:
			start, _ := strconv.Atoi(q.Get("startAt"))
			wire.JSON(w, http.StatusOK, comments(i, start, 2))
		}
	case file.MatchString(path):
		at := file.FindStringSubmatch(path)
		f := s.attachment(at[2])
		switch {
		case f == nil:
			failed(w, http.StatusNotFound, "The attachment with id '"+at[2]+"' does not exist")
		case at[1] == "":
			wire.JSON(w, http.StatusOK, s.described(f))
		case !s.Cloud:
			failed(w, http.StatusNotFound, "no such path")
		case q.Get("redirect") != "false":
			w.Header().Set("Location", "https://media.example/nowhere")
			w.WriteHeader(http.StatusSeeOther)
		default:
			w.Header().Set("Content-Type", f.MIMEType)
			_, _ = io.WriteString(w, f.Content)
		}
	case secure.MatchString(path) && !s.Cloud:
		if f := s.attachment(secure.FindStringSubmatch(path)[1]); f != nil {
			w.Header().Set("Content-Type", f.MIMEType)
			_, _ = io.WriteString(w, f.Content)
			return
		}
		failed(w, http.StatusNotFound, "no such attachment")
	default:
		failed(w, http.StatusNotFound, "no such path")
	}
}

func (s *Server) named(name string) *Issue {
	for _, i := range s.issues {
		if strconv.Itoa(i.ID) == name || i.Key() == name {
			return i
		}
	}
	return nil
}

func (s *Server) attachment(id string) *Attachment {
	for _, i := range s.issues {
		for n := range i.Files {
			if strconv.Itoa(i.Files[n].ID) == id {
				return &i.Files[n]
			}
		}
	}
	return nil
}

func (s *Server) described(f *Attachment) map[string]any {
	id := strconv.Itoa(f.ID)
	return map[string]any{"id": id, "filename": f.Name, "created": s.clock.Truncate(24 * time.Hour).Format(stamp), "size": len(f.Content), "mimeType": f.MIMEType,
		"content": "https://public.example/jira/secure/attachment/" + id + "/" + strings.ReplaceAll(f.Name, " ", "+")}
}

// matches reads a query, in the form in which it comes, and says which issues it finds.
func (s *Server) matches(jql string) (func(*Issue) bool, string) {
	form := queryForm.FindStringSubmatch(jql)
	if form == nil {
		return nil, "the fake knows one order"
	}
	var all []func(*Issue) bool
	if form[1] == "" {
		return func(*Issue) bool { return true }, ""
	}
	for part := range strings.SplitSeq(form[1], " AND ") {
		var some []func(*Issue) bool
		if inner, ok := strings.CutPrefix(part, "("); ok {
			part = strings.TrimSuffix(inner, ")")
		}
		for term := range strings.SplitSeq(part, " OR ") {
			match, why := s.term(term)
			if why != "" {
				return nil, why
			}
			some = append(some, match)
		}
		all = append(all, func(i *Issue) bool { return slices.ContainsFunc(some, func(f func(*Issue) bool) bool { return f(i) }) })
	}
	return func(i *Issue) bool { return !slices.ContainsFunc(all, func(f func(*Issue) bool) bool { return !f(i) }) }, ""
}

func (s *Server) term(term string) (func(*Issue) bool, string) {
	if at := since.FindStringSubmatch(term); at != nil {
		from, err := time.ParseInLocation("2006-01-02 15:04", at[1], time.FixedZone("", 9*3600))
		return func(i *Issue) bool { return !i.Created.Before(from) }, map[bool]string{true: "Date value is invalid."}[err != nil]
	}
	at := oneOf.FindStringSubmatch(term)
	if at == nil {
		return nil, "Error in the JQL Query: " + term
	}
	var values []string
	for _, v := range value.FindAllStringSubmatch(at[2], -1) {
		text := cmp.Or(v[1], v[0])
		_ = json.Unmarshal([]byte(v[0]), &text) // a number is none
		values = append(values, text)
	}
	for _, v := range values {
		switch at[1] {
		case "project":
			if !slices.Contains(s.projects, strings.TrimPrefix(v, "Project ")) {
				return nil, "The value '" + v + "' does not exist for the field 'project'."
			}
		case "issuekey":
			if s.named(v) == nil {
				return nil, "An issue with key '" + v + "' does not exist for field 'issuekey'."
			}
		case "status":
			if !slices.Contains([]string{"To Do", "Done", `In "Progress"`}, v) {
				return nil, "The value '" + v + "' does not exist for the field 'status'."
			}
		}
	}
	return func(i *Issue) bool {
		switch at[1] {
		case "project":
			return slices.Contains(values, i.Project) || slices.Contains(values, "Project "+i.Project)
		case "issuekey":
			return slices.Contains(values, i.Key()) || slices.Contains(values, strconv.Itoa(i.ID))
		}
		return slices.Contains(values, i.Status)
	}, ""
}

func (s *Server) search(w http.ResponseWriter, projects []string, jql string, fields []string, most, at int, byMark bool) {
	match, why := s.matches(jql)
	switch {
	case why != "":
		failed(w, http.StatusBadRequest, why)
		return
	case byMark && strings.HasPrefix(jql, "ORDER"):
		failed(w, http.StatusBadRequest, "Unbounded JQL queries are not allowed here.")
		return
	case most < 1 || most > 5000:
		failed(w, http.StatusBadRequest, "maxResults is wrong")
		return
	}
	var found []*Issue
	for _, i := range s.issues {
		if match(i) && (projects == nil || slices.Contains(projects, i.Project)) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b *Issue) int {
		x, y := a.Created.UnixMilli(), b.Created.UnixMilli()
		if !s.Cloud {
			x, y = a.Created.Unix(), b.Created.Unix()
		}
		return cmp.Or(cmp.Compare(x, y), strings.Compare(a.Project, b.Project), cmp.Compare(a.Number, b.Number))
	})
	rows := []map[string]any{}
	from := min(at, len(found))
	for _, i := range found[from:min(from+most, len(found))] {
		rows = append(rows, s.whole(i, fields))
	}
	out := map[string]any{"issues": rows}
	if byMark {
		out["isLast"] = from+len(rows) == len(found)
		if from+len(rows) < len(found) {
			token := fmt.Sprintf("mark-%d-%x", from+len(rows), len(s.marks))
			s.marks[token] = from + len(rows)
			out["nextPageToken"] = token
		}
	} else {
		out["startAt"], out["maxResults"], out["total"] = at, most, len(found)
	}
	wire.JSON(w, http.StatusOK, out)
}

// whole is an issue with the fields that were asked for.
func (s *Server) whole(i *Issue, fields []string) map[string]any {
	zone := time.FixedZone("", 9*3600)
	all := map[string]any{
		"created": i.Created.In(zone).Format(stamp), "updated": i.Updated.In(zone).Format(stamp), "summary": i.Summary, "description": i.Description,
		"project": map[string]any{"id": "77", "key": i.Project, "name": "Project " + i.Project}, "issuetype": map[string]any{"name": "Bug"},
		"status": map[string]any{"name": i.Status}, "priority": map[string]any{"name": "High"}, "assignee": nil, "labels": append([]string{}, i.Labels...),
		"components": []any{map[string]any{"name": "Engine"}}, "comment": comments(i, 0, commentsPage), "reporter": s.person("u1", "Ada"),
	}
	files := []any{}
	for n := range slices.Backward(i.Files) { // newest first
		files = append(files, s.described(&i.Files[n]))
	}
	all["attachment"] = files
	out := map[string]any{}
	for _, f := range fields {
		if v, ok := all[f]; ok {
			out[f] = v
		}
	}
	return map[string]any{"id": strconv.Itoa(i.ID), "key": i.Key(), "self": "https://public.example/rest/api/2/issue/" + strconv.Itoa(i.ID), "fields": out}
}

func (s *Server) person(id, name string) map[string]any {
	if s.Cloud {
		return map[string]any{"accountId": id, "displayName": name}
	}
	return map[string]any{"name": id, "key": "key-" + id, "displayName": name}
}

func comments(i *Issue, from, most int) map[string]any {
	out := []any{}
	for n := from; n < min(from+most, len(i.Comments)); n++ {
		out = append(out, map[string]any{"author": map[string]any{"displayName": "Bob"}, "created": i.Created.UTC().Format(stamp), "body": i.Comments[n]})
	}
	return map[string]any{"comments": out, "startAt": from, "maxResults": most, "total": len(i.Comments)}
}
