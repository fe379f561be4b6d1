package jira

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

// inMemory is the size in bytes up to which a file is held in memory.
const inMemory = 4 << 20

// issue is an issue whole.
type issue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary     string       `json:"summary"`
		Description string       `json:"description"`
		Updated     string       `json:"updated"`
		Project     named        `json:"project"`
		Type        named        `json:"issuetype"`
		Status      named        `json:"status"`
		Priority    named        `json:"priority"`
		Assignee    *person      `json:"assignee"`
		Reporter    *person      `json:"reporter"`
		Labels      []string     `json:"labels"`
		Components  []named      `json:"components"`
		Attachments []attachment `json:"attachment"`
		Comment     comments     `json:"comment"`
	} `json:"fields"`
}

type named struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// person is a user: the cloud has account ids, other sites have names.
type person struct {
	AccountID string `json:"accountId"`
	Name      string `json:"name"`
	Shown     string `json:"displayName"`
}

func (p *person) text() string {
	if p == nil {
		return ""
	}
	id := p.AccountID
	if id == "" {
		id = p.Name
	}
	return join(" ", p.Shown, brackets(id))
}

func brackets(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

type comments struct {
	Comments []comment `json:"comments"`
	Total    int       `json:"total"`
}

type comment struct {
	Author  *person `json:"author"`
	Created string  `json:"created"`
	Body    string  `json:"body"`
}

const issueFields = "summary,description,updated,project,issuetype,status,priority,assignee,reporter,labels,components,attachment,comment"

// issue reads an issue with all its comments.
func (s *site) issue(ctx context.Context, what, id string) (issue, error) {
	var i issue
	path := v2 + "/issue/" + url.PathEscape(id)
	if _, err := s.Get(ctx, what, path, url.Values{"fields": {issueFields}}, &i); err != nil {
		return i, err
	}
	if i.ID != id {
		return i, connector.Fail(nil, "%s: the answer is not that of Jira; check url", what)
	}
	for all := &i.Fields.Comment; len(all.Comments) < all.Total; {
		var more comments
		q := url.Values{"startAt": {strconv.Itoa(len(all.Comments))}, "maxResults": {"100"}, "orderBy": {"created"}}
		if _, err := s.Get(ctx, what, path+"/comment", q, &more); err != nil {
			return i, err
		}
		if len(more.Comments) == 0 {
			break // some were removed meanwhile
		}
		all.Comments = append(all.Comments, more.Comments...)
	}
	return i, nil
}

// join writes what there is of some texts.
func join(between string, texts ...string) string {
	var out []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return strings.Join(out, between)
}

// write writes an issue as a text: what has no value has no line.
func (i issue) write(w io.Writer, address string) error {
	var b strings.Builder
	f := i.Fields
	line := func(name, value string) {
		if value = strings.Join(strings.Fields(value), " "); value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	var components []string
	for _, c := range f.Components {
		components = append(components, c.Name)
	}
	b.WriteString(join(": ", i.Key, f.Summary) + "\n\n")
	line("Issue", join(", ", i.Key, i.ID))
	line("Project", join(", ", f.Project.Name, f.Project.Key, f.Project.ID))
	line("Type", f.Type.Name)
	line("Status", f.Status.Name)
	line("Priority", f.Priority.Name)
	line("Assignee", f.Assignee.text())
	line("Reporter", f.Reporter.text())
	line("Labels", strings.Join(f.Labels, ", "))
	line("Components", strings.Join(components, ", "))
	if d := strings.TrimSpace(f.Description); d != "" {
		b.WriteString("\nDescription\n\n" + d + "\n")
	}
	if len(f.Comment.Comments) > 0 {
		b.WriteString("\nComments\n")
	}
	for _, c := range f.Comment.Comments {
		b.WriteString("\n" + join(", ", c.Author.text(), c.Created) + ":\n" + strings.TrimSpace(c.Body) + "\n")
	}
	if len(f.Attachments) > 0 {
		b.WriteString("\nAttachments\n\n")
	}
	for _, a := range f.Attachments {
		b.WriteString(a.Name + ": " + address + "/secure/attachment/" + url.PathEscape(a.ID) + "/" + url.PathEscape(a.Name) + "\n")
	}
	_, err := io.WriteString(w, strings.ReplaceAll(b.String(), "\r\n", "\n"))
	return err
}

// Fetch reads an issue as a text, or an attachment. An issue that changed since it was listed comes with its new content and, in
// File.Found, its new version and date.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	what := fmt.Sprintf("read %q", d.Path)
	id, attached := strings.CutSuffix(d.Identifier, mark)
	switch {
	case !digits(id):
		return document.File{}, connector.Fail(connector.ErrNotFound, "%s: it is not of Jira; list the source again", what)
	case attached:
		return s.content(ctx, what, id, d)
	}
	i, err := s.issue(ctx, what, id)
	if err != nil {
		return document.File{}, err
	}
	out := spool.New(s.Env.TempDir, inMemory)
	defer out.Close() // after the hand-over without effect
	if err := i.write(out, s.Address); err != nil {
		return document.File{}, rest.Disk(what, err)
	}
	f := out.File(d.Name, "text/plain")
	if i.Fields.Updated != d.Version {
		var updated stamp
		_ = updated.UnmarshalJSON([]byte(strconv.Quote(i.Fields.Updated))) // without it the date is as listed
		f.Found.Version, f.Found.Modified = i.Fields.Updated, updated.UTC()
	}
	return f, nil
}

// content reads an attachment. In the cloud it is asked for without a redirect; elsewhere it stands where its description says.
func (s *source) content(ctx context.Context, what, id string, d document.Document) (document.File, error) {
	path := v2 + "/attachment/content/" + id + "?redirect=false"
	if !s.Cloud {
		var a attachment
		if _, err := s.Get(ctx, what, v2+"/attachment/"+id, nil, &a); err != nil {
			return document.File{}, err
		}
		_, below, ok := strings.Cut(a.Content, "/secure/attachment/"+id+"/")
		if !ok || strings.Contains(below, "..") || strings.ContainsAny(below, "\\ \r\n") {
			return document.File{}, connector.Fail(nil, "%s: Jira does not say where it stands", what)
		}
		path = "/secure/attachment/" + id + "/" + below
	}
	content, _, err := s.Client.ReadAway(ctx, s.Env, rest.Request{What: what, Path: path}, inMemory, func(http.Header, *rest.Request) bool { return false })
	if errors.Is(err, connector.ErrNotFound) {
		err = connector.Fail(connector.ErrNotFound, "%s: it is not there, or not any more", what)
	}
	if err != nil {
		return document.File{}, err
	}
	return content.File(d.Name, d.MIMEType), nil
}
