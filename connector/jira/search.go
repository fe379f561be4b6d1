package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/atlassian"
	"github.com/sluicehq/sluice/connector/internal/listing"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/spec"
)

const (
	v2    = "/rest/api/2"
	v3    = "/rest/api/3"
	agile = "/rest/agile/1.0/board/"
	// pageSize is how many issues of a page are asked for; the service may give less.
	pageSize = 100
	// zones is more than the clocks of two places differ: JQL reads times in the zone of the user, which is not known here.
	zones = 48 * time.Hour
)

// site is the way to a site, and what of it is read.
type site struct {
	*atlassian.Site
	projects, boards, issues, statuses []string
}

func open(config map[string]any, env connector.Env) (*site, error) {
	a, err := atlassian.Open("Jira", config, []string{"password", "token"}, env)
	if err != nil {
		return nil, err
	}
	s := &site{Site: a}
	for name, to := range map[string]*[]string{"projects": &s.projects, "boards": &s.boards, "issues": &s.issues, "status_filters": &s.statuses} {
		for _, v := range spec.Texts(config[name]) {
			if v = strings.TrimSpace(v); strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				return nil, connector.Fail(nil, "%s: one has characters that none has", name)
			}
			if v != "" && !slices.Contains(*to, v) {
				*to = append(*to, v)
			}
		}
	}
	for _, b := range s.boards {
		if !digits(b) {
			return nil, connector.Fail(nil, "boards: %q is not the number of a board; it stands in the address that the browser shows for the board, behind /boards/", b)
		}
	}
	if len(s.projects)+len(s.boards)+len(s.issues) == 0 {
		return nil, connector.Fail(nil, "give at least one of projects, boards and issues")
	}
	return s, nil
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// quote writes a value of JQL. What is a number is an id.
func quote(v string) string {
	if digits(v) {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

func in(field string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return field + " in (" + strings.Join(quoted, ", ") + ")"
}

// stream is one of the listings that together give all issues: that of a board, or that of issues and projects.
type stream struct {
	board string // number; "" for issues and projects
}

// streams are the listings of a config, in their order.
func (s *site) streams() []stream {
	var out []stream
	for _, b := range s.boards {
		out = append(out, stream{board: b})
	}
	if len(s.projects)+len(s.issues) > 0 {
		out = append(out, stream{})
	}
	return out
}

// jql is the query of a stream from a time on.
func (s *site) jql(of stream, from time.Time) string {
	var all, any []string
	if of.board == "" {
		if len(s.issues) > 0 {
			any = append(any, in("issuekey", s.issues))
		}
		if len(s.projects) > 0 {
			any = append(any, in("project", s.projects))
		}
		all = append(all, "("+strings.Join(any, " OR ")+")")
	}
	if len(s.statuses) > 0 {
		all = append(all, in("status", s.statuses))
	}
	if !from.IsZero() {
		all = append(all, `created >= "`+from.Add(-zones).UTC().Format("2006-01-02 15:04")+`"`)
	}
	return strings.TrimSpace(strings.Join(all, " AND ") + " ORDER BY created ASC, key ASC")
}

// stamp is a time as Jira writes it.
type stamp struct{ time.Time }

// UnmarshalJSON reads 2024-05-01T08:00:00.000+0000.
func (s *stamp) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || text == "" {
		return err
	}
	var err error
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339Nano} {
		if s.Time, err = time.Parse(layout, text); err == nil {
			return nil
		}
	}
	return err
}

// attachment is a file at an issue.
type attachment struct {
	ID       string `json:"id"`
	Name     string `json:"filename"`
	Created  string `json:"created"`
	Size     int64  `json:"size"`
	MIMEType string `json:"mimeType"`
	Content  string `json:"content"` // its address
}

// row is an issue of a listing.
type row struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Created stamp  `json:"created"`
		Updated string `json:"updated"`
		Project struct {
			Key string `json:"key"`
		} `json:"project"`
		Attachment []attachment `json:"attachment"`
	} `json:"fields"`
}

// position is the place of an issue in the order of a stream.
type position struct {
	created int64 // milliseconds since 1970
	id      int64
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.created, q.created), cmp.Compare(p.id, q.id))
}

func (r row) position() position {
	id, err := strconv.ParseInt(r.ID, 10, 64)
	if err != nil {
		id = -1
	}
	return position{r.Fields.Created.UnixMilli(), id}
}

// page asks for the issues of a stream behind a mark: an offset, or what the page before has said.
func (s *site) page(ctx context.Context, what string, of stream, jql string, fields []string, size int, mark string, at int) (rows []row, next string, err error) {
	var found struct {
		Issues *[]row `json:"issues"`
		Next   string `json:"nextPageToken"`
		Total  int    `json:"total"`
	}
	byMark := s.Cloud && of.board == ""
	switch {
	case of.board != "":
		q := url.Values{"jql": {jql}, "fields": {strings.Join(fields, ",")}, "maxResults": {strconv.Itoa(size)}, "startAt": {strconv.Itoa(at)}}
		_, err = s.Get(ctx, what, agile+of.board+"/issue", q, &found)
	case byMark:
		ask := map[string]any{"jql": jql, "fields": fields, "maxResults": size}
		if mark != "" {
			ask["nextPageToken"] = mark
		}
		err = s.post(ctx, what, v3+"/search/jql", ask, &found)
	default:
		err = s.post(ctx, what, v2+"/search", map[string]any{"jql": jql, "fields": fields, "maxResults": size, "startAt": at}, &found)
	}
	if err == nil && found.Issues == nil {
		err = connector.Fail(nil, "%s: the answer is not that of Jira; check url and cloud", what)
	}
	if err != nil {
		return nil, "", err
	}
	rows, next = *found.Issues, found.Next
	if !byMark && len(rows) > 0 && at+len(rows) < found.Total {
		next = strconv.Itoa(at + len(rows))
	} else if !byMark {
		next = ""
	}
	return rows, next, nil
}

func (s *site) post(ctx context.Context, what, path string, ask, into any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return connector.Fail(nil, "%s: the question cannot be written", what)
	}
	a, err := s.Client.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: path, Body: body,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}})
	if err != nil {
		return err
	}
	if json.Unmarshal(a.Body, into) != nil {
		return connector.Fail(nil, "%s: the answer is not that of Jira; check url and cloud", what)
	}
	return nil
}

// walk visits the issues of a stream behind a position, in order. The service sorts by seconds or finer: those of one second are
// sorted here.
func (s *site) walk(ctx context.Context, of stream, after *position, fields []string, visit func(row) error) error {
	what := "list the issues of projects and issues"
	if of.board != "" {
		what = "list the issues of board " + of.board
	}
	var from time.Time
	if after != nil {
		from = time.UnixMilli(after.created)
	}
	sorter := listing.Sorter[row]{
		Coarse: func(a, b row) int { return cmp.Compare(a.Fields.Created.Unix(), b.Fields.Created.Unix()) },
		Fine:   func(a, b row) int { return a.position().compare(b.position()) },
		Visit: func(r row) error {
			if after != nil && r.position().compare(*after) <= 0 {
				return nil
			}
			return visit(r)
		},
	}
	jql := s.jql(of, from)
	for mark, at := "", 0; ; {
		rows, next, err := s.page(ctx, what, of, jql, fields, pageSize, mark, at)
		if err != nil {
			return s.named(ctx, err)
		}
		for _, r := range rows {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := sorter.Add(r); errors.Is(err, listing.ErrOrder) {
				return connector.Fail(nil, "%s: Jira does not list them in the order of their creation", what)
			} else if err != nil {
				return err
			}
		}
		if next == "" {
			return sorter.Flush()
		}
		if next == mark {
			return connector.Fail(nil, "%s: the service says that there is more and not where", what)
		}
		mark, at = next, at+len(rows)
	}
}

// named finds out what a query that is refused asks for and is not there: the service says so in words only.
func (s *site) named(ctx context.Context, err error) error {
	if outcome, _ := connector.Classify(err); outcome != connector.Permanent || ctx.Err() != nil {
		return err
	}
	if missing := s.verify(ctx); missing != nil {
		return missing
	}
	return err
}

// verify looks up everything that the config names.
func (s *site) verify(ctx context.Context) error {
	look := func(field, name, path string) error {
		what := fmt.Sprintf("look up %q of %s", name, field)
		status, err := s.Get(ctx, what, path, nil, &struct{}{}, http.StatusNotFound)
		if err == nil && status == http.StatusNotFound {
			return connector.Fail(connector.ErrNotFound, "%s: it does not exist, or %s may not see it", what, s.Who())
		}
		return err
	}
	for _, b := range s.boards {
		if err := look("boards", b, agile+b); err != nil {
			return err
		}
	}
	for _, i := range s.issues {
		if err := look("issues", i, v2+"/issue/"+url.PathEscape(i)+"?fields=created"); err != nil {
			return err
		}
	}
	if err := s.verifyProjects(ctx); err != nil {
		return err
	}
	if len(s.statuses) == 0 {
		return nil
	}
	var known []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	const what = "look up status_filters"
	if _, err := s.Get(ctx, what, v2+"/status", nil, &known); err != nil {
		return err
	}
	for _, name := range s.statuses {
		found := false
		for _, k := range known {
			found = found || strings.EqualFold(k.Name, name) || k.ID == name
		}
		if !found {
			return connector.Fail(connector.ErrNotFound, "%s: there is no status %q", what, name)
		}
	}
	return nil
}

// verifyProjects looks projects up by key or id, and the rest by their names.
func (s *site) verifyProjects(ctx context.Context) error {
	var all []struct {
		Name string `json:"name"`
	}
	for _, p := range s.projects {
		what := fmt.Sprintf("look up %q of projects", p)
		status, err := s.Get(ctx, what, v2+"/project/"+url.PathEscape(p), nil, &struct{}{}, http.StatusNotFound)
		if err != nil {
			return err
		}
		if status != http.StatusNotFound {
			continue
		}
		if all == nil {
			if _, err := s.Get(ctx, what, v2+"/project", nil, &all); err != nil {
				return err
			}
		}
		found := false
		for _, known := range all {
			found = found || strings.EqualFold(known.Name, p)
		}
		if !found {
			return connector.Fail(connector.ErrNotFound, "%s: it does not exist, or %s may not browse it", what, s.Who())
		}
	}
	return nil
}
