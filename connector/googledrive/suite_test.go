package googledrive

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/googledrive"
)

// place is a folder.
type place struct {
	server *server.Server
	key    string
	id     string
}

func newPlace(t testing.TB, s *server.Server) *place {
	t.Helper()
	return &place{server: s, key: s.Account.Key(t, s.URL), id: s.Put(server.Item{ID: "1Folder" + rand.Text(), Name: "Reports", MIMEType: server.Folder})}
}

func (p *place) Config() map[string]any {
	return map[string]any{"drive_id": p.id, "service_account_key": p.key, "endpoint_url": p.server.URL, "recursive": true}
}

func (p *place) Put(_ *testing.T, contents map[string]string) {
	for name, content := range contents {
		p.server.Write(p.id, name, content)
	}
}

func (p *place) Remove(_ *testing.T, name string) {
	id := p.server.Find(p.id, name)
	if len(name)%2 == 0 {
		p.server.Trash(id)
		return
	}
	p.server.Delete(id)
}

func (p *place) Name(d document.Document) string { return p.server.Path(p.id, d.Identifier) }

func (p *place) Content(_, content string) string { return content }

func TestSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Folders: true,
		New: func(t *testing.T) connectortest.SourcePlace { return newPlace(t, s) },
		WrongSecret: func(t *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "service_account_key", s.Account.WrongKey(t, s.URL))
		},
		At: func(t *testing.T, config map[string]any, address string) map[string]any {
			config = connectortest.With(config, "service_account_key", s.Account.Key(t, "http://"+address))
			return connectortest.With(config, "endpoint_url", "http://"+address)
		},
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "drive_id", "1NobodyHasThis")
		},
	})
}

// TestBusy has a service that answers two of three requests with 429, with and without the time to wait.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	p.Put(t, map[string]string{"a.txt": "text of a", "b/c.txt": "text of c"})
	s.Busy(true)
	source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
	if err := source.Check(t.Context()); err != nil {
		t.Error(err)
	}
	list := connectortest.Listed(t, source, "")
	if len(list) != 2 {
		t.Fatalf("%q", connectortest.Paths(list))
	}
	for _, d := range list {
		if text, _ := connectortest.Fetched(t, source, d); text != "text of "+d.Name[:1] {
			t.Errorf("%s: %q", d.Path, text)
		}
	}
}

// TestWhatIsRead has a folder with everything that a folder can hold.
func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	put := func(name, mimeType, content string) string {
		return s.Put(server.Item{Name: name, Parent: p.id, MIMEType: mimeType, Content: content})
	}
	put("Plan", server.Doc, "the plan")
	put("Letter.docx", server.Doc, "the letter")
	put("scan.PDF", "application/pdf", "%PDF")
	put("empty.pdf", "application/pdf", "")
	put("Survey", server.Form, "")
	put("a/b.txt", "text/plain", "x")
	target := put("kept.txt", "text/plain", "kept")
	s.Put(server.Item{Name: "link", Parent: p.id, MIMEType: server.Shortcut, Target: target})
	s.Trash(put("gone.txt", "text/plain", "gone"))
	below := put("below", server.Folder, "")
	s.Put(server.Item{Name: "deep.txt", Parent: below, MIMEType: "text/plain", Content: "deep"})

	all := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
	list := connectortest.Listed(t, all, "")
	if got, want := connectortest.Paths(list), []string{"Plan.docx", "Letter.docx", "scan.PDF", "a_b-5a8a28d0.txt", "kept.txt", "below/deep.txt"}; len(got) != len(want) || got[0] != want[0] || got[1] != want[1] ||
		got[2] != want[2] || !strings.HasPrefix(got[3], "a_b-") || !slices.Equal(got[4:], want[4:]) {
		t.Errorf("%q", got)
	}
	text, f := connectortest.Fetched(t, all, list[0])
	if text != "the plan" || f.MIMEType != "application/vnd.openxmlformats-officedocument.wordprocessingml.document" || f.Name != "Plan.docx" {
		t.Errorf("%q %q %q", text, f.MIMEType, f.Name)
	}
	d := list[4]
	if want := map[string]any{"file_id": target, "drive_id": p.id}; !reflect.DeepEqual(d.RecordLocator, want) || d.Identifier != target || d.Version != "1" ||
		d.URL != "https://drive.google.com/file/d/"+target+"/view" || d.Size != 4 || d.Created.IsZero() || d.Modified.IsZero() {
		t.Errorf("%+v", d)
	}
	for name, c := range map[string]struct {
		key   string
		value any
		want  string
	}{
		"extensions":     {"extensions", []any{"DOCX", ".pdf"}, "Plan.docx,Letter.docx,scan.PDF"},
		"not recursive":  {"recursive", false, "kept.txt"},
		"a single file":  {"drive_id", target, "kept.txt"},
		"another folder": {"drive_id", below, "deep.txt"},
		"a shortcut":     {"drive_id", s.Put(server.Item{Name: "x", MIMEType: server.Shortcut, Target: below}), "deep.txt"},
	} {
		source := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), c.key, c.value), connector.Env{})
		list := connectortest.Listed(t, source, "")
		if got := strings.Join(connectortest.Paths(list), ","); !strings.HasSuffix(got, c.want) || strings.Contains(got, "deep") != strings.Contains(c.want, "deep") {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if err := source.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if rest := connectortest.Listed(t, source, list[len(list)-1].Cursor); len(rest) != 0 {
			t.Errorf("%s: after the last one: %q", name, connectortest.Paths(rest))
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	owner := server.Permission{ID: "u1", Type: "user", Role: "owner"}
	s.Put(server.Item{Name: "open.txt", Parent: p.id, MIMEType: "text/plain", Content: "x", Permissions: []server.Permission{owner, {ID: "g2", Type: "group", Role: "writer"},
		{ID: "u0", Type: "user", Role: "commenter"}, {ID: "anyoneWithLink", Type: "anyone", Role: "reader"}, {ID: "d", Type: "domain", Role: "writer"}}})
	s.Put(server.Item{Name: "hidden.txt", Parent: p.id, MIMEType: "text/plain", Content: "x", Permissions: []server.Permission{owner}, Hidden: true})

	drive := s.Put(server.Item{ID: "0ADriveOfTheTeam", Name: "Drive", MIMEType: server.Folder, Permissions: []server.Permission{{ID: "g1", Type: "group", Role: "organizer"}}})
	s.Put(server.Item{Name: "plain.txt", Parent: drive, MIMEType: "text/plain", Content: "x"})
	team := s.Put(server.Item{Name: "team", Parent: drive, MIMEType: server.Folder, Permissions: []server.Permission{{ID: "u7", Type: "user", Role: "fileOrganizer"}}})
	s.Put(server.Item{Name: "inherits.txt", Parent: team, MIMEType: "text/plain", Content: "x"})
	s.Put(server.Item{Name: "own.txt", Parent: team, MIMEType: "text/plain", Content: "x", Permissions: []server.Permission{{ID: "u8", Type: "user", Role: "reader"}}})
	s.Put(server.Item{Name: "alone.txt", Parent: team, MIMEType: "text/plain", Content: "x", Permissions: []server.Permission{{ID: "u9", Type: "user", Role: "reader"}}, Alone: true})
	s.Put(server.Item{Name: "unseen.txt", Parent: team, MIMEType: "text/plain", Content: "x", Permissions: []server.Permission{owner}, Hidden: true})

	got := map[string][]map[string]any{}
	var last document.Document
	for _, id := range []string{p.id, drive} {
		source := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "drive_id", id), connector.Env{})
		for _, d := range connectortest.Listed(t, source, "") {
			got[d.Path], last = d.Permissions, d
			if text, _ := connectortest.Fetched(t, source, d); text != "x" {
				t.Errorf("%s: %q", d.Path, text)
			}
		}
	}
	want := map[string][]map[string]any{
		"open.txt": connectortest.Access("u0 u1 g2", "u1 g2", "u1"), "hidden.txt": nil,
		"plain.txt": connectortest.Access("g1", "g1", "g1"), "team/inherits.txt": connectortest.Access("u7 g1", "u7 g1", "g1"),
		"team/own.txt": connectortest.Access("u7 u8 g1", "u7 g1", "g1"), "team/alone.txt": connectortest.Access("u9", "", ""), "team/unseen.txt": nil,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	// A folder in a shared drive as the place, and a listing that goes on in it: the same permissions.
	source := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "drive_id", team), connector.Env{})
	list := connectortest.Listed(t, source, "")
	rest := connectortest.Listed(t, source, list[0].Cursor)
	if len(list) != 4 || !reflect.DeepEqual(list[0].Permissions, want["team/inherits.txt"]) || !reflect.DeepEqual(rest, list[1:]) {
		t.Errorf("%v, and then %v", list, rest)
	}
	// Who may read it is part of its version.
	s.Change(last.Identifier, func(f *server.Item) { f.Hidden = false })
	if now := connectortest.Listed(t, source, ""); now[3].Version == last.Version || now[3].Permissions == nil ||
		connector.PermissionsVersion(now[3].Permissions) == connector.PermissionsVersion(list[3].Permissions) {
		t.Errorf("%+v", now[3])
	}
}

// TestOneInstant has files that were created at the same time, as a migration leaves them, over several pages.
func TestOneInstant(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	at := time.Date(2020, 1, 2, 3, 4, 5, 678e6, time.FixedZone("", 3600))
	for i := range 250 {
		s.Put(server.Item{Name: fmt.Sprint(i, ".txt"), Parent: p.id, MIMEType: "text/plain", Content: "x", Created: at.Add(time.Duration(i/120) * time.Hour)})
	}
	source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
	list := connectortest.Listed(t, source, "")
	if len(list) != 250 {
		t.Fatalf("%d", len(list))
	}
	for _, n := range []int{1, 99, 119, 120, 121, 239, 240, 249, 250} {
		if rest := connectortest.Listed(t, source, list[n-1].Cursor); !slices.Equal(connectortest.Paths(rest), connectortest.Paths(list[n:])) {
			t.Errorf("after %d: %d, want %d", n, len(rest), len(list)-n)
		}
	}
	// The marks of pages end while the listing runs.
	seen := map[string]bool{}
	for d, err := range source.Index(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if seen[d.Identifier] {
			t.Errorf("%s twice", d.Path)
		}
		if seen[d.Identifier] = true; len(seen) == 130 || len(seen) == 245 {
			s.EndMarks()
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d of 250", len(seen))
	}
	s.Shuffle()
	failed := connectortest.ListError(t, source, "")
	if outcome, _ := connector.Classify(failed); failed == nil || outcome != connector.Permanent || !strings.Contains(failed.Error(), "no order") {
		t.Errorf("without an order: %v", failed)
	}
	for _, from := range []string{"x", "2020-01-02T03:04:05.678Z", "2020-01-02T03:04:05.67'Z,id", "/"} {
		failed := connectortest.ListError(t, source, from)
		if failed == nil || !strings.Contains(failed.Error(), "position") {
			t.Errorf("%q: %v", from, failed)
		}
	}
}

// TestSameNames has files and folders of one name, as Drive allows.
func TestSameNames(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 3 {
		s.Put(server.Item{Name: "a.txt", Parent: p.id, MIMEType: "text/plain", Content: "x", Created: at.Add(time.Duration(i/2) * time.Minute)})
		below := s.Put(server.Item{Name: "below", Parent: p.id, MIMEType: server.Folder, Created: at.Add(time.Duration(i) * time.Minute)})
		s.Put(server.Item{Name: "a.txt", Parent: below, MIMEType: "text/plain", Content: "x"})
		s.Put(server.Item{Name: "a.txt", Parent: p.id, MIMEType: "text/plain", Created: at}) // empty: it takes no name
	}
	source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
	list := connectortest.Listed(t, source, "")
	seen := map[string]bool{}
	for i, d := range list {
		seen[d.Path] = true
		if rest := connectortest.Listed(t, source, d.Cursor); !slices.Equal(connectortest.Paths(rest), connectortest.Paths(list[i+1:])) {
			t.Errorf("after %s: %q, want %q", d.Path, connectortest.Paths(rest), connectortest.Paths(list[i+1:]))
		}
	}
	if len(list) != 6 || len(seen) != 6 || !seen["a.txt"] || !seen["below/a.txt"] {
		t.Errorf("%q", connectortest.Paths(list))
	}
}

// TestLargeExport has a document above the limit of exports, one that cannot be exported at all, and a service that sends the
// token to somebody else.
func TestLargeExport(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	content := strings.Repeat("large ", 2<<20)
	id := s.Put(server.Item{Name: "Large", Parent: p.id, MIMEType: server.Doc, Content: content})
	source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{TempDir: t.TempDir()})
	list := connectortest.Listed(t, source, "")
	if text, f := connectortest.Fetched(t, source, list[0]); text != content || f.Name != "Large.docx" {
		t.Errorf("%d bytes of %s", len(text), f.Name)
	}
	s.Change(id, func(f *server.Item) { f.Broken = "x" })
	_, err := source.Fetch(t.Context(), list[0])
	if outcome, _ := connector.Classify(err); outcome != connector.Permanent || !strings.Contains(err.Error(), `"Large.docx"`) || !strings.Contains(err.Error(), "10 MB") {
		t.Errorf("%v", err)
	}
	s.Change(id, func(f *server.Item) { f.Broken = "" })
	for _, elsewhere := range []string{"https://drive.google.com.evil.example", "http://drive.google.com", "https://evilgoogle.com", "file:///etc"} {
		s.Elsewhere = elsewhere
		_, err = source.Fetch(t.Context(), list[0])
		if outcome, _ := connector.Classify(err); outcome != connector.Permanent || !strings.Contains(err.Error(), "not Google's") {
			t.Errorf("%s: %v", elsewhere, err)
		}
	}
}

// TestRefusals has what may not be read, by name.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	for _, c := range []struct {
		item server.Item
		want string
	}{
		{server.Item{Name: "locked.txt", Locked: true}, "viewers from downloading"},
		{server.Item{Name: "virus.txt", Broken: "cannotDownloadAbusiveFile"}, "malware"},
		{server.Item{Name: "policy.txt", Broken: "domainPolicy"}, "administrator"},
		{server.Item{Name: "other.txt", Broken: "insufficientFilePermissions"}, "share it with service account tester@"},
	} {
		c.item.Parent, c.item.MIMEType, c.item.Content = p.id, "text/plain", "the content"
		s.Put(c.item)
		source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
		list := connectortest.Listed(t, source, "")
		_, err := source.Fetch(t.Context(), list[len(list)-1])
		if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.item.Name) || strings.Contains(err.Error(), "the content") {
			t.Errorf("%s: %v", c.item.Name, err)
		}
	}
	s.Write(p.id, "readable.txt", "x")
	trashed := s.Put(server.Item{Name: "t", MIMEType: server.Folder})
	s.Trash(trashed)
	err := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "drive_id", trashed), connector.Env{}).Check(t.Context())
	if !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), "not shared with service account") {
		t.Errorf("a folder in the trash: %v", err)
	}
	config := connectortest.With(p.Config(), "oauth_token", s.Account.Token)
	delete(config, "service_account_key")
	if err := connectortest.OpenSource(t, Type, config, connector.Env{}).Check(t.Context()); err != nil {
		t.Errorf("a token: %v", err)
	}
	var key map[string]any
	if err := json.Unmarshal([]byte(p.key), &key); err != nil {
		t.Fatal(err)
	}
	if err := connectortest.OpenSource(t, Type, connectortest.With(p.Config(), "service_account_key", key), connector.Env{}).Check(t.Context()); err != nil {
		t.Errorf("a key file that is an object: %v", err)
	}
	err = connectortest.OpenSource(t, Type, connectortest.With(config, "oauth_token", "ya29.old-and-gone"), connector.Env{}).Check(t.Context())
	if !errors.Is(err, connector.ErrForbidden) || strings.Contains(err.Error(), "ya29") {
		t.Errorf("a token that has ended: %v", err)
	}
	s.Disable()
	err = connectortest.OpenSource(t, Type, p.Config(), connector.Env{}).Check(t.Context())
	if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "enable drive.googleapis.com") {
		t.Errorf("the interface is off: %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]map[string]any{
		"neither key nor token": {"drive_id": "1abc"},
		"both":                  {"drive_id": "1abc", "oauth_token": "s3cret-token", "service_account_key": "{}"},
		"no key":                {"drive_id": "1abc", "service_account_key": "s3cret-key"},
		"a reference":           {"drive_id": "1abc", "service_account_key": map[string]any{"id": "s3cret", "type": "rsa"}},
		"no token":              {"drive_id": "1abc", "oauth_token": "s3cret\ntoken"},
		"an address":            {"drive_id": "https://drive.google.com/drive/folders/1abc", "oauth_token": "s3cret-token"},
		"a query":               {"drive_id": "1abc' or 'x' in owners or 'a' = '", "oauth_token": "s3cret-token"},
		"a wrong endpoint":      {"drive_id": "1abc", "oauth_token": "s3cret-token", "endpoint_url": "ftp://x"},
	} {
		if _, err := connector.OpenSource(Type, config, connector.Env{}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChangedMeanwhile has a file that changes between listing and reading.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	s.Write(p.id, "a.txt", "before")
	source := connectortest.OpenSource(t, Type, p.Config(), connector.Env{})
	d := connectortest.Listed(t, source, "")[0]
	s.Write(p.id, "a.txt", "after it")
	text, f := connectortest.Fetched(t, source, d)
	if now := connectortest.Listed(t, source, "")[0]; text != "after it" || f.Found.Version != now.Version || !f.Found.Modified.Equal(now.Modified) || d.Version == now.Version {
		t.Errorf("%q %+v, listed %s and %s", text, f.Found, d.Version, now.Version)
	}
}
