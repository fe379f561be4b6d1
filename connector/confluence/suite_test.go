package confluence

import (
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/confluence"
)

// place is a space.
type place struct {
	server *server.Server
	cloud  bool
	key    string
}

func newPlace(s *server.Server, cloud bool, grants ...server.Grant) *place {
	p := &place{server: s, cloud: cloud, key: "S" + rand.Text()[:8]}
	s.Space(p.key, grants...)
	return p
}

func (p *place) Config() map[string]any {
	config := map[string]any{"url": p.server.URL + "/", "username": server.User, "spaces": []any{p.key}, "max_num_of_docs_from_each_space": int64(100_000)}
	if p.cloud {
		config["cloud"], config["api_token"] = true, server.APIToken
	} else {
		config["password"] = server.Password
	}
	return config
}

func (p *place) Put(_ *testing.T, contents map[string]string) {
	for name, content := range contents {
		p.server.Put(server.Page{Space: p.key, Title: name, Body: "<p>" + content + "</p>"})
	}
}

func (p *place) Remove(_ *testing.T, name string) {
	page := p.server.Find(p.key, name)
	if len(name)%2 == 0 {
		p.server.Trash(page.ID)
		return
	}
	p.server.Delete(page.ID)
}

func (p *place) Name(d document.Document) string {
	if page := p.server.Page(d.Identifier); page != nil {
		return page.Title
	}
	return ""
}

func (p *place) Content(name, content string) string { return shown(name, "<p>"+content+"</p>") }

func shown(title, body string) string {
	return "<html><head><meta charset=\"utf-8\"></head><body>\n<h1>" + html.EscapeString(title) + "</h1>\n" + body + "\n</body></html>\n"
}

func suite(s *server.Server, cloud bool, many int) connectortest.Source {
	secret := map[bool]string{true: "api_token", false: "password"}[cloud]
	return connectortest.Source{
		Type: Type, Many: many,
		New: func(*testing.T) connectortest.SourcePlace { return newPlace(s, cloud) },
		WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, secret, "wrong-secret-of-all")
		},
		At: func(_ *testing.T, config map[string]any, address string) map[string]any {
			return connectortest.With(config, "url", "http://"+address)
		},
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "spaces", []any{"NOBODY"})
		},
	}
}

func TestCloudSuite(t *testing.T) {
	t.Parallel()
	connectortest.RunSource(t, suite(server.Start(t), true, 3000))
}

func TestDataCenterSuite(t *testing.T) {
	t.Parallel()
	connectortest.RunSource(t, suite(server.Start(t), false, 3000))
}

func fetched(t *testing.T, s connector.Source, d document.Document) string {
	t.Helper()
	text, _ := connectortest.Fetched(t, s, d)
	return text
}

// TestBusy has a service that answers two of three requests with 429, with and without the time to wait.
func TestBusy(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server, cloud bool) {
		p := newPlace(s, cloud)
		p.Put(t, map[string]string{"a": "text"})
		s.Attach(server.Attachment{Page: s.Find(p.key, "a").ID, Name: "b.txt", MediaType: "text/plain", Content: "attached"})
		s.Busy(true)
		s.Media.Busy(true)
		source := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "extract_files", true), connector.Env{})
		if err := source.Check(t.Context()); err != nil {
			t.Error(err)
		}
		list := connectortest.Listed(t, source, "")
		if len(list) != 2 || fetched(t, source, list[0]) != p.Content("a", "text") || fetched(t, source, list[1]) != "attached" {
			t.Errorf("%q", connectortest.Paths(list))
		}
	})
}

// both runs a test in the cloud and on a Data Center site.
func both(t *testing.T, test func(*testing.T, *server.Server, bool)) {
	for name, cloud := range map[string]bool{"cloud": true, "data center": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server.Start(t), cloud)
		})
	}
}

// TestSpaces has several spaces and limits, and what is not read.
func TestSpaces(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server, cloud bool) {
		p := &place{server: s, cloud: cloud}
		config := p.Config()
		delete(config, "spaces")
		empty := connectortest.OpenSource(t, Type, config, connector.Env{})
		if err := empty.Check(t.Context()); !errors.Is(err, connector.ErrNotFound) {
			t.Errorf("a site without spaces: %v", err)
		}
		for _, key := range []string{"C", "A", "~b", "D"} {
			s.Space(key)
			for i := range 3 {
				s.Put(server.Page{Space: key, Title: fmt.Sprint(key, 3-i), Body: "x"})
			}
		}
		s.Put(server.Page{Space: "A", Title: "draft", Status: "draft"})
		s.Put(server.Page{Space: "A", Title: "old", Status: "archived"})
		titles := func(change ...any) string {
			with := maps.Clone(config)
			for i := 0; i < len(change); i += 2 {
				with[change[i].(string)] = change[i+1]
			}
			source := connectortest.OpenSource(t, Type, with, connector.Env{})
			if err := source.Check(t.Context()); err != nil {
				t.Error(err)
			}
			list := connectortest.Listed(t, source, "")
			for i, d := range list {
				if rest := connectortest.Listed(t, source, d.Cursor); !slices.Equal(connectortest.Paths(rest), connectortest.Paths(list[i+1:])) {
					t.Errorf("after %s: %q", d.Path, connectortest.Paths(rest))
				}
			}
			var out []string
			for _, d := range list {
				out = append(out, p.Name(d))
			}
			return strings.Join(out, " ")
		}
		if got := titles(); got != "A3 A2 A1 C3 C2 C1 D3 D2 D1 ~b3 ~b2 ~b1" {
			t.Errorf("all: %s", got)
		}
		if got := titles("max_num_of_spaces", 2); got != "A3 A2 A1 C3 C2 C1" {
			t.Errorf("two: %s", got)
		}
		if got := titles("spaces", []any{"~b", "A", "A"}, "max_num_of_spaces", 1); got != "A3 A2 A1 ~b3 ~b2 ~b1" {
			t.Errorf("named: %s", got)
		}
		want := map[bool]string{true: "C3 C2", false: "C2 C1"}[cloud] // the server's order decides which
		if got := titles("spaces", []any{"C"}, "max_num_of_docs_from_each_space", "2"); got != want {
			t.Errorf("of a space: %s", got)
		}
		d := connectortest.Listed(t, connectortest.OpenSource(t, Type, config, connector.Env{}), "")[0]
		if want := map[string]any{"space_id": "A", "document_id": d.Identifier}; !reflect.DeepEqual(d.RecordLocator, want) || d.URL != s.URL+"/pages/"+d.Identifier ||
			d.Version != "1" || d.Created.IsZero() || d.Modified.IsZero() || d.Path != "A/"+d.Identifier+".html" {
			t.Errorf("%+v", d)
		}
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server, cloud bool) {
		p := newPlace(s, cloud, server.Grant{Who: "gAll", Operation: "read", Target: "space"}, server.Grant{Who: "u1", Operation: "read", Target: "space"},
			server.Grant{Who: "u1", Operation: "create", Target: "page"}, server.Grant{Who: "gTeam", Operation: "create", Target: "page"},
			server.Grant{Who: "u1", Operation: "delete", Target: "page"}, server.Grant{Who: "gAll", Operation: "create", Target: "comment"})
		put := func(title string, parent int, read, update string) int {
			return s.Put(server.Page{Space: p.key, Title: title, Parent: parent, Body: "x", Read: strings.Fields(read), Update: strings.Fields(update)})
		}
		put("open", 0, "", "")
		team := put("team", 0, "u1 gTeam", "")
		put("below", put("middle", team, "", ""), "", "")
		put("narrower", team, "u1", "")
		put("edited by", 0, "", "u5")
		put("both", 0, "u6", "u5 u1")
		put("below edited", s.Find(p.key, "edited by").ID, "", "")
		titles := map[string][]map[string]any{}
		source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
		list := connectortest.Listed(t, source, "")
		for _, d := range list {
			titles[p.Name(d)] = d.Permissions
		}
		space := connectortest.Access("u1 gAll", "u1 gTeam", "u1")
		want := map[string][]map[string]any{
			"open": space, "team": connectortest.Access("u1 gTeam", "u1 gTeam", "u1"), "middle": connectortest.Access("u1 gTeam", "u1 gTeam", "u1"), "below": connectortest.Access("u1 gTeam", "u1 gTeam", "u1"),
			"narrower": connectortest.Access("u1", "u1", "u1"), "edited by": connectortest.Access("u1 u5 gAll", "u5", ""), "both": connectortest.Access("u1 u5 u6", "u1 u5", "u1"), "below edited": space,
		}
		if !reflect.DeepEqual(titles, want) {
			t.Errorf("got  %v\nwant %v", titles, want)
		}
		// A page is listed behind the cut, and those above it before: the same.
		if rest := connectortest.Listed(t, source, list[2].Cursor); !reflect.DeepEqual(rest, list[3:]) {
			t.Errorf("after the cut: %v, want %v", rest, list[3:])
		}
		if cloud {
			return
		}
		s.HidePermissions = true
		for _, d := range connectortest.Listed(t, source, "") {
			titles[p.Name(d)] = d.Permissions
		}
		if titles["open"] != nil || !reflect.DeepEqual(titles["team"], connectortest.Access("u1 gTeam", "", "")) || !reflect.DeepEqual(titles["edited by"], connectortest.Access("u5", "u5", "")) {
			t.Errorf("of a space that the account does not administer: %v", titles)
		}
	})
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server, cloud bool) {
		p := newPlace(s, cloud)
		first := s.Put(server.Page{Space: p.key, Title: "first", Body: "x", Read: []string{"u1"}})
		for i := range 3 {
			s.Attach(server.Attachment{Page: first, Name: fmt.Sprintf("report-%d.pdf", i), MediaType: "application/pdf", Content: fmt.Sprint("content ", i)})
		}
		s.Attach(server.Attachment{Page: first, Name: "photo.png", MediaType: "image/png", Content: "png"})
		second := s.Put(server.Page{Space: p.key, Title: "second", Body: "x"})
		gone := s.Attach(server.Attachment{Page: second, Name: "gone.txt", MediaType: "text/plain", Content: "gone"})
		if got := connectortest.Listed(t, connectortest.OpenSource(t, Type, p.Config(), connector.Env{}), ""); len(got) != 2 {
			t.Errorf("without extract_files: %q", connectortest.Paths(got))
		}
		source := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "extract_files", true), connector.Env{})
		list := connectortest.Listed(t, source, "")
		folder := fmt.Sprintf("%s/%d", p.key, first)
		want := []string{folder + ".html", folder + "/report-0.pdf", folder + "/report-1.pdf", folder + "/report-2.pdf", fmt.Sprintf("%s/%d.html", p.key, second), fmt.Sprintf("%s/%d/gone.txt", p.key, second)}
		if !slices.Equal(connectortest.Paths(list), want) {
			t.Fatalf("%q, want %q", connectortest.Paths(list), want)
		}
		for i := range list {
			if rest := connectortest.Listed(t, source, list[i].Cursor); !slices.Equal(connectortest.Paths(rest), want[i+1:]) {
				t.Errorf("after %s: %q", want[i], connectortest.Paths(rest))
			}
		}
		d := list[2]
		if !strings.HasPrefix(d.Identifier, "att") || d.MIMEType != "application/pdf" || d.Size != 9 || !reflect.DeepEqual(d.Permissions, list[0].Permissions) ||
			d.RecordLocator["page_id"] != fmt.Sprint(first) || !strings.HasSuffix(d.URL, fmt.Sprintf("/download/attachments/%d/report-1.pdf", first)) {
			t.Errorf("%+v", d)
		}
		for i := range 3 {
			if got := fetched(t, source, list[i+1]); got != fmt.Sprint("content ", i) {
				t.Errorf("%q", got)
			}
		}
		s.Change(gone, func(a *server.Attachment) { a.Deleted = true })
		if _, err := source.Fetch(t.Context(), list[5]); !errors.Is(err, connector.ErrNotFound) {
			t.Errorf("an attachment that is gone: %v", err)
		}
	})
}

func TestImages(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server, cloud bool) {
		p := newPlace(s, cloud)
		prefix := map[bool]string{true: "/wiki", false: ""}[cloud]
		page := s.Put(server.Page{Space: p.key, Title: "t"})
		s.Attach(server.Attachment{Page: page, Name: "a.png", MediaType: "image/png", Content: "hello"})
		s.Attach(server.Attachment{Page: page, Name: "no.png", MediaType: "text/html", Content: "<html>"})
		s.Attach(server.Attachment{Page: page, Name: "big.png", MediaType: "image/png", Content: strings.Repeat("x", maxImage+1)})
		at := func(name string) string { return fmt.Sprintf("%s/download/attachments/%d/%s", prefix, page, name) }
		body := `<p>one & <img alt="a" src="` + at("a.png") + `?version=1"/><br>two <img src="` + s.URL + at("a.png") + `">` +
			`<img src="https://elsewhere.example/a.png"><img src="` + at("no.png") + `"><img src="` + at("big.png") + `"><img src="` + at("none.png") + `"><img src="` + prefix + `/rest/api/space"></p>`
		s.Put(server.Page{Space: p.key, Title: "t", Body: body})
		plain := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
		d := connectortest.Listed(t, plain, "")[0]
		if got := fetched(t, plain, d); got != shown("t", body) {
			t.Errorf("without extract_images: %s", got)
		}
		want := strings.Replace(body, at("a.png")+`?version=1`, "data:image/png;base64,aGVsbG8=", 1)
		want = strings.Replace(want, s.URL+at("a.png"), "data:image/png;base64,aGVsbG8=", 1)
		got := fetched(t, connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "extract_images", true), connector.Env{}), d)
		if got != shown("t", want) {
			t.Errorf("got  %s\nwant %s", got, shown("t", want))
		}
	})
}

func TestLogins(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	s.Space("A")
	for name, c := range map[string]struct {
		config map[string]any
		want   string // of the error; "" for none
		cause  error
	}{
		"api token":              {config: map[string]any{"cloud": true, "username": server.User, "api_token": server.APIToken}},
		"api token as token":     {config: map[string]any{"cloud": true, "username": server.User, "token": server.APIToken}},
		"api token as password":  {config: map[string]any{"cloud": "true", "username": server.User, "password": server.APIToken}},
		"the cloud with a path":  {config: map[string]any{"url": s.URL + "/wiki", "cloud": true, "username": server.User, "token": server.APIToken}},
		"password":               {config: map[string]any{"username": server.User, "password": server.Password}},
		"personal token":         {config: map[string]any{"token": server.PAT}},
		"personal token of user": {config: map[string]any{"username": server.User, "token": server.PAT}},
		"wrong user":             {config: map[string]any{"username": "somebody", "password": server.Password}, want: "does not accept the credentials of user somebody", cause: connector.ErrForbidden},
		"wrong personal token":   {config: map[string]any{"token": "s3cret-token"}, want: "credentials of the user of token", cause: connector.ErrForbidden},
		"a token in the cloud":   {config: map[string]any{"cloud": true, "token": "s3cret-token"}, want: "give username", cause: connector.ErrForbidden},
		"by the host's name":     {config: map[string]any{"url": "https://acme.atlassian.net", "token": "s3cret-token"}, want: "give username", cause: connector.ErrForbidden},
		"nothing":                {config: map[string]any{}, want: "give username and password or api_token", cause: connector.ErrForbidden},
		"no user":                {config: map[string]any{"password": "s3cret-word"}, want: "password needs username", cause: connector.ErrForbidden},
		"two":                    {config: map[string]any{"username": "u", "password": "s3cret-word", "api_token": "s3cret-token"}, want: "alternatives"},
		"no address":             {config: map[string]any{"url": "https://u:s3cret@h", "token": "s3cret-token"}, want: "url: credentials"},
		"another service":        {config: map[string]any{"url": s.Media.URL, "token": "s3cret-token"}, want: "access refused", cause: connector.ErrForbidden},
	} {
		config := map[string]any{"url": s.URL}
		maps.Copy(config, c.config)
		source, err := connector.OpenSource(Type, config, connector.Env{})
		if err == nil {
			err = source.Check(t.Context())
			source.Close()
		}
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret")), c.cause != nil && !errors.Is(err, c.cause):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChangedMeanwhile has a page that changes between listing and reading.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server.Server, cloud bool) {
		p := newPlace(s, cloud)
		p.Put(t, map[string]string{"a": "before"})
		source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
		d := connectortest.Listed(t, source, "")[0]
		p.Put(t, map[string]string{"a": "after"})
		f, err := source.Fetch(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if now := connectortest.Listed(t, source, "")[0]; d.Version != "1" || f.Found.Version != "2" || now.Version != "2" || !f.Found.Modified.Equal(now.Modified) {
			t.Errorf("%+v", f.Found)
		}
		for _, from := range []string{"x", "A\nx\n", "A\n1"} {
			failed := connectortest.ListError(t, source, from)
			if failed == nil || !strings.Contains(failed.Error(), "position") {
				t.Errorf("%q: %v", from, failed)
			}
		}
	})
}
