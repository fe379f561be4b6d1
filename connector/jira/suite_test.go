package jira

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/jira"
)

// testPlace is a project.
type testPlace struct {
	server *server.Server
	key    string
}

func newPlace(s *server.Server) *testPlace {
	p := &testPlace{server: s, key: "P" + rand.Text()[:8]}
	s.Project(p.key)
	return p
}

func (p *testPlace) Config() map[string]any {
	config := map[string]any{"url": p.server.URL + "/", "username": server.User, "projects": []any{p.key}}
	if p.server.Cloud {
		config["cloud"], config["password"] = true, server.APIToken
	} else {
		config["password"] = server.Password
	}
	return config
}

func (p *testPlace) Put(_ *testing.T, contents map[string]string) {
	for name, content := range contents {
		if i := p.find(name); i != nil {
			p.server.Change(i.ID, func(i *server.Issue) { i.Description = content })
			continue
		}
		p.server.Put(server.Issue{Project: p.key, Summary: name, Description: content})
	}
}

// find looks only in small places: those of the large listing are never changed.
func (p *testPlace) find(name string) *server.Issue {
	if strings.HasPrefix(name, "document-") {
		return nil
	}
	return p.server.Find(p.key, name)
}

func (p *testPlace) Remove(_ *testing.T, name string) { p.server.Delete(p.find(name).ID) }

func (p *testPlace) Name(d document.Document) string {
	if i := p.server.Issue(d.Identifier); i != nil {
		return i.Summary
	}
	return ""
}

func (p *testPlace) Content(name, content string) string {
	i := p.server.Find(p.key, name)
	person := "Ada (u1)"
	return fmt.Sprintf("%s: %s\n\nIssue: %s, %d\nProject: Project %s, %s, 77\nType: Bug\nStatus: To Do\nPriority: High\nReporter: %s\nComponents: Engine\n\nDescription\n\n%s\n",
		i.Key(), strings.TrimSpace(name), i.Key(), i.ID, p.key, p.key, person, strings.TrimSpace(content))
}

func suite(s *server.Server) connectortest.Source {
	return connectortest.Source{
		Type: Type, Many: 2000,
		New: func(*testing.T) connectortest.SourcePlace { return newPlace(s) },
		WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "password", "wrong-secret-of-all")
		},
		At: func(_ *testing.T, config map[string]any, address string) map[string]any {
			return connectortest.With(config, "url", "http://"+address)
		},
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "projects", []any{"NOBODY"})
		},
	}
}

func TestCloudSuite(t *testing.T) {
	t.Parallel()
	connectortest.RunSource(t, suite(server.Start(t, true)))
}

func TestDataCenterSuite(t *testing.T) {
	t.Parallel()
	connectortest.RunSource(t, suite(server.Start(t, false)))
}

// both runs a test in the cloud and on a Data Center site.
func both(t *testing.T, test func(*testing.T, *server.Server)) {
	for name, cloud := range map[string]bool{"cloud": true, "data center": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server.Start(t, cloud))
		})
	}
}

func fetched(t *testing.T, s connector.Source, d document.Document) string {
	t.Helper()
	text, _ := connectortest.Fetched(t, s, d)
	return text
}

// TestBusy has a service that answers two of three requests with 429, with and without the time to wait.
func TestBusy(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server) {
		p := newPlace(s)
		s.Put(server.Issue{Project: p.key, Summary: "a", Description: "text", Files: []server.Attachment{{Name: "b.txt", MIMEType: "text/plain", Content: "attached"}}})
		s.Busy(true)
		source := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "download_attachments", true), connector.Env{})
		if err := source.Check(t.Context()); err != nil {
			t.Error(err)
		}
		list := connectortest.Listed(t, source, "")
		if len(list) != 2 || !strings.Contains(fetched(t, source, list[0]), "\n\ntext\n") || fetched(t, source, list[1]) != "attached" {
			t.Errorf("%q", connectortest.Paths(list))
		}
	})
}

// TestSelection has projects, boards and issues that overlap, and filters.
func TestSelection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server) {
		for _, key := range []string{"A", "B", "C"} {
			s.Project(key)
		}
		for n := range 4 {
			for _, key := range []string{"A", "B", "C"} {
				s.Put(server.Issue{Project: key, Summary: "x", Status: []string{"To Do", "Done", `In "Progress"`, "Done"}[n]})
			}
		}
		boardAB, boardB := s.Board("A", "B"), s.Board("B")
		config := (&testPlace{server: s}).Config()
		delete(config, "projects")
		for name, c := range map[string]struct {
			change map[string]any
			want   string
		}{
			"a project":    {map[string]any{"projects": []any{"B"}}, "B-1 B-2 B-3 B-4"},
			"by name":      {map[string]any{"projects": []any{"Project B"}}, "B-1 B-2 B-3 B-4"},
			"statuses":     {map[string]any{"projects": []any{"A", "C"}, "status_filters": []any{"Done", `In "Progress"`}}, "A-2 C-2 A-3 C-3 A-4 C-4"},
			"issues":       {map[string]any{"issues": []any{"C-3", "A-2"}}, "A-2 C-3"},
			"a board":      {map[string]any{"boards": []any{boardB}, "status_filters": []any{"Done"}}, "B-2 B-4"},
			"all together": {map[string]any{"projects": []any{"A"}, "boards": []any{boardB, boardAB}, "issues": []any{"C-1", "B-1"}}, "B-1 B-2 B-3 B-4 A-1 A-2 A-3 A-4 C-1"},
		} {
			with := maps.Clone(config)
			maps.Copy(with, c.change)
			source := connectortest.OpenSource(t, Type, with, connector.Env{})
			if err := source.Check(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			list := connectortest.Listed(t, source, "")
			var keys []string
			for i, d := range list {
				keys = append(keys, strings.TrimSuffix(d.Name, ".txt"))
				if rest := connectortest.Listed(t, source, d.Cursor); !slices.Equal(connectortest.Paths(rest), connectortest.Paths(list[i+1:])) {
					t.Errorf("%s: after %s: %q, want %q", name, d.Path, connectortest.Paths(rest), connectortest.Paths(list[i+1:]))
				}
			}
			if got := strings.Join(keys, " "); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
		for name, c := range map[string]struct {
			change map[string]any
			want   string
		}{
			"project": {map[string]any{"projects": []any{"A", "NONE"}}, `"NONE" of projects`},
			"board":   {map[string]any{"boards": []any{"99"}}, `"99" of boards`},
			"issue":   {map[string]any{"projects": []any{"A"}, "issues": []any{"A-77"}}, `"A-77" of issues`},
			"status":  {map[string]any{"projects": []any{"A"}, "status_filters": []any{"Finished"}}, `no status "Finished"`},
		} {
			with := maps.Clone(config)
			maps.Copy(with, c.change)
			source := connectortest.OpenSource(t, Type, with, connector.Env{})
			failed := connectortest.ListError(t, source, "")
			for _, err := range []error{source.Check(t.Context()), failed} {
				if !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		s.Blind = true
		if err := connectortest.OpenSource(t, Type, connectortest.With(config, "projects", []any{"A"}), connector.Env{}).Check(t.Context()); !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "Browse Projects") {
			t.Errorf("without the right: %v", err)
		}
	})
}

// TestOneSecond has issues that were made in one second, over several pages, in an order of keys that is not that of ids.
func TestOneSecond(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server) {
		s.Project("A")
		s.Project("B")
		at := time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC)
		for i := range 260 {
			s.Put(server.Issue{Project: []string{"B", "A"}[i%2], Summary: "x", Created: at.Add(time.Duration(i%7) * 30 * time.Millisecond).Add(time.Duration(i/130) * time.Second)})
		}
		source := connectortest.OpenSource(t, Type, connectortest.With((&testPlace{server: s}).Config(), "projects", []any{"A", "B"}), connector.Env{})
		list := connectortest.Listed(t, source, "")
		seen := map[string]bool{}
		for _, d := range list {
			seen[d.Identifier] = true
		}
		if len(list) != 260 || len(seen) != 260 {
			t.Errorf("%d of 260, %d different", len(list), len(seen))
		}
		for _, n := range []int{1, 50, 129, 130, 131, 259, 260} {
			if rest := connectortest.Listed(t, source, list[n-1].Cursor); !slices.Equal(connectortest.Paths(rest), connectortest.Paths(list[n:])) {
				t.Errorf("after %d: %d, want %d", n, len(rest), len(list)-n)
			}
		}
		for _, from := range []string{"x", "0:1:x:", "9:1:1:", "0:1:1"} {
			failed := connectortest.ListError(t, source, from)
			if failed == nil || !strings.Contains(failed.Error(), "position") {
				t.Errorf("%q: %v", from, failed)
			}
		}
	})
}

// TestText has an issue with everything.
func TestText(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server) {
		p := newPlace(s)
		i := s.Put(server.Issue{Project: p.key, Summary: "It \n breaks", Description: "h1. Steps\r\n* one", Status: "Done", Labels: []string{"a", "b"}, Comments: []string{"c1", "c2", "c3", "c4", "c5", "c6"},
			Files: []server.Attachment{{Name: "trace one.log", MIMEType: "text/plain", Content: "first"}, {Name: "a/b.PDF", MIMEType: "application/pdf", Content: "second"}}})
		with := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "download_attachments", true), connector.Env{})
		list := connectortest.Listed(t, with, "")
		a, b := strconv.Itoa(i.Files[0].ID), strconv.Itoa(i.Files[1].ID)
		folder := p.key + "/" + i.Key()
		if len(list) != 3 || list[0].Path != folder+".txt" || list[1].Path != folder+"/trace one."+a+".log" || !strings.HasPrefix(list[2].Path, folder+"/a_b-") || !strings.HasSuffix(list[2].Path, "."+b+".PDF") {
			t.Fatalf("%q", connectortest.Paths(list))
		}
		d := list[0]
		locator := map[string]any{"id": strconv.Itoa(i.ID), "key": i.Key(), "full_path": d.Path, "attachments": []any{map[string]any{"id": b, "filename": "a/b.PDF"}, map[string]any{"id": a, "filename": "trace one.log"}}}
		if !reflect.DeepEqual(d.RecordLocator, locator) || d.URL != s.URL+"/browse/"+i.Key() || !strings.HasSuffix(d.Version, "+0900") || !d.Created.Equal(i.Created) || !d.Modified.Equal(i.Updated) || d.Permissions != nil {
			t.Errorf("%+v", d)
		}
		if list[1].Identifier != a+"a" || list[1].MIMEType != "text/plain" || list[1].Size != 5 || list[1].Version == "" {
			t.Errorf("%+v", list[1])
		}
		var comments strings.Builder
		for n := range 6 {
			fmt.Fprintf(&comments, "\nBob, %s:\nc%d\n", i.Created.Format("2006-01-02T15:04:05.000-0700"), n+1)
		}
		want := i.Key() + ": It \n breaks\n\nIssue: " + i.Key() + ", " + strconv.Itoa(i.ID) + "\nProject: Project " + p.key + ", " + p.key + ", 77\nType: Bug\nStatus: Done\nPriority: High\nReporter: Ada (u1)\n" +
			"Labels: a, b\nComponents: Engine\n\nDescription\n\nh1. Steps\n* one\n\nComments\n" + comments.String() +
			"\nAttachments\n\na/b.PDF: " + s.URL + "/secure/attachment/" + b + "/a%2Fb.PDF\ntrace one.log: " + s.URL + "/secure/attachment/" + a + "/trace%20one.log\n"
		if got := fetched(t, with, d); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := fetched(t, with, list[1]) + fetched(t, with, list[2]); got != "firstsecond" {
			t.Errorf("%q", got)
		}
		for n := range list {
			if rest := connectortest.Listed(t, with, list[n].Cursor); !slices.Equal(connectortest.Paths(rest), connectortest.Paths(list[n+1:])) {
				t.Errorf("after %s: %q", list[n].Path, connectortest.Paths(rest))
			}
		}
		s.Change(i.ID, func(i *server.Issue) { i.Description, i.Files = "new", i.Files[:1] })
		f, err := with.Fetch(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if now := connectortest.Listed(t, with, "")[0]; f.Found.Version != now.Version || now.Version == d.Version || !f.Found.Modified.Equal(now.Modified) {
			t.Errorf("%+v", f.Found)
		}
		if _, err := with.Fetch(t.Context(), list[2]); !errors.Is(err, connector.ErrNotFound) {
			t.Errorf("an attachment that is gone: %v", err)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config map[string]any
		want   string
	}{
		"nothing to read":  {map[string]any{"token": "s3cret-token"}, "at least one of projects, boards and issues"},
		"no login":         {map[string]any{"projects": []any{"A"}}, "give username and password"},
		"a board's name":   {map[string]any{"token": "s3cret-token", "boards": []any{"My board"}}, "not the number of a board"},
		"a strange status": {map[string]any{"token": "s3cret-token", "projects": []any{"A"}, "status_filters": []any{"a\nb"}}, "characters"},
	} {
		c.config["url"] = "https://jira.example"
		if _, err := connector.OpenSource(Type, c.config, connector.Env{}); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := server.Start(t, false)
	s.Project("A")
	if err := connectortest.OpenSource(t, Type, map[string]any{"url": s.URL, "token": server.PAT, "projects": []any{"A"}}, connector.Env{}).Check(t.Context()); err != nil {
		t.Errorf("a personal access token: %v", err)
	}
}
