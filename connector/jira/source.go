package jira

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/listing"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
)

// errStop ends a walk that has come far enough.
var errStop = errors.New("stop")

// mark stands behind the id of an attachment, so that it is never that of an issue.
const mark = "a"

// source lists issues.
type source struct {
	*site
	attachments bool
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	s, err := open(config, env)
	if err != nil {
		return nil, err
	}
	out := &source{site: s}
	out.attachments, _ = config["download_attachments"].(bool)
	return out, nil
}

// Check asks for the right to browse projects, looks up what the config names, and reads an issue.
func (s *source) Check(ctx context.Context) error {
	var mine struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	const what = "log in to Jira"
	if _, err := s.Get(ctx, what, v2+"/mypermissions", url.Values{"permissions": {"BROWSE_PROJECTS"}}, &mine); err != nil {
		return err
	}
	if !mine.Permissions["BROWSE_PROJECTS"].Have {
		return connector.Fail(connector.ErrForbidden, "%s: %s lacks the permission Browse Projects", what, s.Who())
	}
	if err := s.verify(ctx); err != nil {
		return err
	}
	for _, of := range s.streams() {
		const what = "list issues"
		rows, _, err := s.page(ctx, what, of, s.jql(of, stamp{}.Time), []string{"created"}, 1, "", 0)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			_, err := s.issue(ctx, "read issue "+rows[0].Key, rows[0].ID)
			return err
		}
	}
	return nil
}

// place is where a listing stands: in a stream, behind an issue and one of its attachments ("" for the issue itself).
type place struct {
	stream     int
	issue      position
	attachment string
}

func (p place) cursor() string {
	return fmt.Sprintf("%d:%d:%d:%s", p.stream, p.issue.created, p.issue.id, p.attachment)
}

func parse(c connector.Cursor) (p place, ok bool) {
	parts := strings.Split(string(c), ":")
	if len(parts) != 4 {
		return p, false
	}
	var err [3]error
	p.stream, err[0] = strconv.Atoi(parts[0])
	p.issue.created, err[1] = strconv.ParseInt(parts[1], 10, 64)
	p.issue.id, err[2] = strconv.ParseInt(parts[2], 10, 64)
	p.attachment = parts[3]
	return p, errors.Join(err[:]...) == nil
}

// Index lists issues in the order of their creation, those of each board first, each with its attachments behind it. The cursor
// is the time and the id of the last one.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return listing.Stream(ctx, func(visit func(document.Document) error) error { return s.list(ctx, from, visit) })
}

func (s *source) list(ctx context.Context, from connector.Cursor, visit func(document.Document) error) error {
	streams := s.streams()
	var at *place
	if from != "" {
		p, ok := parse(from)
		if !ok || p.stream < 0 || p.stream >= len(streams) {
			return connector.Fail(nil, "list issues: this position is not one of a listing of issues")
		}
		at = &p
	}
	seen := map[int64]bool{} // by another stream
	for n, of := range streams {
		remember := func(id int64) {
			if n+1 < len(streams) {
				seen[id] = true
			}
		}
		if at != nil && n < at.stream { // it was given
			if err := s.walk(ctx, of, nil, []string{"created"}, func(r row) error { remember(r.position().id); return nil }); err != nil {
				return err
			}
			continue
		}
		fields := []string{"created", "updated", "project"}
		if s.attachments {
			fields = append(fields, "attachment")
		}
		var after *position
		if at != nil && n == at.stream {
			after = &at.issue
			if n+1 < len(streams) { // what was given of this stream
				if err := s.walk(ctx, of, nil, []string{"created"}, func(r row) error {
					if r.position().compare(at.issue) > 0 {
						return errStop
					}
					remember(r.position().id)
					return nil
				}); err != nil && !errors.Is(err, errStop) {
					return err
				}
			}
			if s.attachments { // the issue itself again, for the rest of its attachments
				before := at.issue
				before.id--
				after = &before
			}
		}
		err := s.walk(ctx, of, after, fields, func(r row) error {
			p := r.position()
			given := at != nil && n == at.stream && p == at.issue
			if seen[p.id] && !given {
				return nil
			}
			remember(p.id)
			return s.visit(n, r, given, at, visit)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// visit gives an issue and its attachments. given says that the listing stands at this issue.
func (s *source) visit(stream int, r row, given bool, at *place, visit func(document.Document) error) error {
	here := place{stream: stream, issue: r.position()}
	if !given {
		if err := visit(s.document(r, here)); err != nil {
			return err
		}
	}
	if !s.attachments {
		return nil
	}
	files := slices.Clone(r.Fields.Attachment)
	slices.SortFunc(files, func(a, b attachment) int { return byID(a.ID, b.ID) })
	for _, f := range files {
		if given && at.attachment != "" && byID(f.ID, at.attachment) <= 0 {
			continue
		}
		here.attachment = f.ID
		if err := visit(s.file(r, f, here)); err != nil {
			return err
		}
	}
	return nil
}

func byID(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

func (s *source) path(r row) string {
	project := r.Fields.Project.Key
	if project == "" {
		project, _, _ = strings.Cut(r.Key, "-")
	}
	return record.FileName(project, "") + "/" + record.FileName(r.Key, "")
}

// document describes an issue.
func (s *source) document(r row, at place) document.Document {
	var updated stamp
	_ = updated.UnmarshalJSON([]byte(strconv.Quote(r.Fields.Updated))) // without it the date is not known
	d := document.Document{
		Identifier: r.ID, Name: record.FileName(r.Key, ".txt"), Path: s.path(r) + ".txt", Version: r.Fields.Updated, MIMEType: "text/plain",
		URL: s.Address + "/browse/" + url.PathEscape(r.Key), Created: r.Fields.Created.UTC(), Modified: updated.UTC(), Cursor: at.cursor(),
	}
	d.RecordLocator = map[string]any{"id": r.ID, "key": r.Key, "full_path": d.Path}
	if s.attachments {
		files := []any{}
		for _, f := range r.Fields.Attachment {
			files = append(files, map[string]any{"id": f.ID, "filename": f.Name})
		}
		d.RecordLocator["attachments"] = files
	}
	return d
}

// file describes an attachment.
func (s *source) file(r row, f attachment, at place) document.Document {
	var created stamp
	_ = created.UnmarshalJSON([]byte(strconv.Quote(f.Created))) // without it the date is not known
	name := record.SafeName(f.Name)
	extension := path.Ext(name)
	d := document.Document{
		Identifier: f.ID + mark, Name: name, Path: s.path(r) + "/" + strings.TrimSuffix(name, extension) + "." + record.FileName(f.ID, extension),
		Version: f.Created, Size: f.Size, MIMEType: f.MIMEType, URL: s.Address + "/secure/attachment/" + url.PathEscape(f.ID) + "/" + url.PathEscape(f.Name),
		Created: created.UTC(), Modified: created.UTC(), Cursor: at.cursor(),
	}
	d.RecordLocator = map[string]any{"id": f.ID, "key": r.Key, "full_path": d.Path}
	return d
}
