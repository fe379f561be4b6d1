package onedrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/graph"
)

func (p *testPlace) openSource(t *testing.T) connector.Source {
	t.Helper()
	return connectortest.OpenSource(t, Type, p.source(), connector.Env{HTTP: p.server.Client()})
}

func (p *testPlace) openDestination(t *testing.T) connector.Destination {
	t.Helper()
	return connectortest.OpenDestination(t, Type, p.destination(), connector.Env{HTTP: p.server.Client()})
}

// list lists a source from a position on, by path.
func list(t *testing.T, source connector.Source, from string) (paths []string, documents map[string]document.Document) {
	t.Helper()
	documents = map[string]document.Document{}
	for d, err := range source.Index(t.Context(), connector.Cursor(from)) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, d.Path)
		documents[d.Path] = d
	}
	return paths, documents
}

// text reads a document, and what fetching found of it.
func text(t *testing.T, source connector.Source, d document.Document) (string, document.Found) {
	t.Helper()
	f, err := source.Fetch(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(content), f.Found
}

// held says how many elements of a mark all files of a place have.
func (p *testPlace) held(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, r := range (destinationPlace{p}).Read(t) {
		mark, _, _ := strings.Cut(r.Text, " ")
		out[mark]++
	}
	return out
}

// TestDocument is what is known of a file.
func TestDocument(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "Reports 2026")
	p.drive.Put("Reports 2026/Q1 ü/a%b.txt", "text")
	p.drive.Share("Reports 2026/Q1 ü/a%b.txt", []string{"write"}, []string{"u2", "u1"}, []string{"g1"})
	_, documents := list(t, p.openSource(t), "")
	d := documents["Q1 ü/a%b.txt"]
	const where = "/Reports 2026/Q1 ü/a%b.txt"
	if d.Name != "a%b.txt" || d.Size != 4 || d.URL != "/drives/"+p.drive.ID+"/root:"+where || d.MIMEType != "text/plain" || d.Version != "{"+d.Identifier+"},1" ||
		d.Created.IsZero() || !d.Modified.After(d.Created) {
		t.Errorf("%+v", d)
	}
	if want := map[string]any{"user_pname": p.user, "server_relative_path": where, "web_url": d.RecordLocator["web_url"]}; !maps.Equal(d.RecordLocator, want) || want["web_url"] == "" {
		t.Errorf("%v", d.RecordLocator)
	}
	got, err := json.Marshal(d.Permissions)
	if err != nil {
		t.Fatal(err)
	}
	const may = `{"groups":["g1"],"users":["u1","u2"]}`
	if want := `[{"read":` + may + `},{"update":` + may + `},{"delete":{"groups":[],"users":[]}}]`; string(got) != want {
		t.Errorf("permissions %s, want %s", got, want)
	}
}

// TestPermissions changes who may see a file: the version stays, that of the permissions does not. An app that may not see
// permissions reads the files without.
func TestPermissions(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "")
	for i := range 130 { // more than one group of batches
		p.drive.Put(fmt.Sprintf("f/%03d.txt", i), "text")
		p.drive.Share(fmt.Sprintf("f/%03d.txt", i), []string{"read"}, []string{fmt.Sprint("u", i)}, nil)
	}
	source := p.openSource(t)
	_, before := list(t, source, "")
	for name, d := range before {
		if id := "u" + strings.TrimLeft(name[2:4], "0") + name[4:5]; !strings.Contains(fmt.Sprint(d.Permissions[0]), "["+id+"]") {
			t.Fatalf("%s: %v", name, d.Permissions)
		}
	}
	p.drive.Share("f/007.txt", []string{"read"}, []string{"u7", "u8"}, nil)
	_, after := list(t, source, "")
	for name, d := range after {
		changed := connector.PermissionsVersion(d.Permissions) != connector.PermissionsVersion(before[name].Permissions)
		if changed != (name == "f/007.txt") || d.Version != before[name].Version {
			t.Errorf("%s: changed %t, version %s, was %s", name, changed, d.Version, before[name].Version)
		}
	}
	p.server.PutOff.Store(50)
	if _, again := list(t, source, ""); len(again) != 130 || fmt.Sprint(again["f/129.txt"].Permissions) != fmt.Sprint(after["f/129.txt"].Permissions) {
		t.Errorf("with batches that are put off: %d, %v", len(again), again["f/129.txt"].Permissions)
	}
	p.server.Deny("Permissions")
	if _, none := list(t, source, ""); len(none) != 130 || none["f/000.txt"].Permissions != nil {
		t.Errorf("without the right: %d, %v", len(none), none["f/000.txt"].Permissions)
	}
	if err := source.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestChanges renames folders and files and removes some while positions of a listing are kept: what is listed from a position on
// is what is there, with the paths of now.
func TestChanges(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	s.Page = 4
	p := newPlace(s, "")
	for i := range 30 {
		p.drive.Put(fmt.Sprintf("a/b%d/%02d.txt", i%3, i), "text")
	}
	source := p.openSource(t)
	paths, documents := list(t, source, "")
	ids := map[string]string{}
	for path, d := range documents {
		ids[path] = d.Identifier
	}
	if again, _ := list(t, source, ""); !slices.Equal(again, paths) {
		t.Errorf("listed %q and %q", paths, again)
	}
	p.drive.Rename("a/b1", "c1")
	p.drive.Rename("a", "z") // a folder that comes after its files now
	fresh := p.openSource(t) // that has seen no folder
	rest, now := list(t, fresh, documents[paths[11]].Cursor)
	want := map[string]string{}
	for _, path := range paths[12:] {
		want[documents[path].Identifier] = strings.Replace(strings.Replace(path, "a/", "z/", 1), "/b1/", "/c1/", 1)
	}
	for _, path := range rest {
		d := now[path]
		if want[d.Identifier] != path {
			t.Errorf("%s is listed, want %q", path, want[d.Identifier])
		}
		delete(want, d.Identifier)
	}
	if len(want) > 0 {
		t.Errorf("missing after a rename: %v", want)
	}
	p.drive.Remove("z/c1")
	s.Forget()
	if all, _ := list(t, fresh, documents[paths[11]].Cursor); len(all) != 20 {
		t.Errorf("after the position was forgotten: %q", all)
	}
}

// TestLinks reads files by the links of a listing, in one call each; and without, when they do not open the file of the listing any
// more.
func TestLinks(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		p.drive.Put(name, "first of "+name)
	}
	source := p.openSource(t)
	_, documents := list(t, source, "")
	p.server.Log()
	if got, found := text(t, source, documents["a"]); got != "first of a" || found.Version != "" || len(p.server.Log()) > 0 {
		t.Errorf("%q, %+v", got, found)
	}
	p.drive.Put("b", "another content of b")
	if got, found := text(t, source, documents["b"]); got != "another content of b" || found.Version != strings.Replace(documents["b"].Version, ",1", ",2", 1) || found.Modified.IsZero() {
		t.Errorf("%q, %+v", got, found)
	}
	p.server.ExpireLinks()
	if got, _ := text(t, source, documents["c"]); got != "first of c" {
		t.Errorf("%q", got)
	}
	p.server.NoLinks.Store(true)
	_, documents = list(t, source, "")
	if got, _ := text(t, source, documents["d"]); got != "first of d" {
		t.Errorf("%q", got)
	}
	if err := source.Check(t.Context()); err != nil {
		t.Error(err)
	}
	p.drive.Rename("e", "f") // the same item
	if got, _ := text(t, source, documents["e"]); got != "first of e" {
		t.Errorf("%q", got)
	}
}

// TestNotRecursive reads one folder alone, and one file alone.
func TestNotRecursive(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "")
	p.drive.Put("a.txt", "a")
	p.drive.Put("f/b.txt", "b")
	p.drive.Put("f/g/c.txt", "c")
	for path, where := range map[string]string{"": "/a.txt", "f": "/f/b.txt", "/f/g/": "/f/g/c.txt", "f/b.txt": "/f/b.txt"} {
		want := where[strings.LastIndex(where, "/")+1:]
		config := connectortest.With(p.source(), "path", path)
		config["recursive"] = false
		source := connectortest.OpenSource(t, Type, config, connector.Env{HTTP: p.server.Client()})
		paths, documents := list(t, source, "")
		if strings.Join(paths, ",") != want {
			t.Errorf("%q: %q, want %s", path, paths, want)
			continue
		}
		if rest, _ := list(t, source, documents[want].Cursor); len(rest) > 0 {
			t.Errorf("%q goes on with %q", path, rest)
		}
		if documents[want].RecordLocator["server_relative_path"] != where || !strings.HasSuffix(documents[want].URL, "/root:"+where) {
			t.Errorf("%q: %s", path, documents[want].URL)
		}
	}
}

// TestBusy has a service that asks for fewer requests in two of three answers.
func TestBusy(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "")
	for i := range 30 {
		p.drive.Put(fmt.Sprintf("%02d.txt", i), "text")
	}
	p.server.Busy(true)
	source := p.openSource(t)
	paths, documents := list(t, source, "")
	if len(paths) != 30 {
		t.Errorf("listed %q", paths)
	}
	if got, _ := text(t, source, documents["07.txt"]); got != "text" {
		t.Errorf("%q", got)
	}
	out := newPlace(p.server, "out")
	if err := out.openDestination(t).Replace(t.Context(), document.Document{Identifier: "x", Path: "x"}, connectortest.Stream(connectortest.Padded("new", 60, 100_000))); err != nil {
		t.Fatal(err)
	}
	if got := out.held(t); got["new"] != 60 {
		t.Errorf("the drive holds %v", got)
	}
}

// TestTokens logs in for a user, goes on when tokens end, and says what is wrong with a login.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	drive := s.Drive(server.User)
	drive.Put("a.txt", "text")
	config := connectortest.With(s.Config(), "user_pname", server.User)
	config["password"] = server.Password
	source := connectortest.OpenSource(t, Type, config, connector.Env{HTTP: s.Client()})
	for range 3 {
		if paths, _ := list(t, source, ""); len(paths) != 1 {
			t.Errorf("listed %q", paths)
		}
		s.Revoke()
	}
	for field, c := range map[string]struct {
		value, want string
		cause       error
	}{
		"password": {"another-password", "50126", connector.ErrForbidden}, "client_id": {"x", "700016", connector.ErrForbidden},
		"tenant": {"fabrikam.com", "90002", connector.ErrNotFound}, "client_cred": {"another-secret", "7000215", connector.ErrForbidden},
	} {
		err := connectortest.OpenSource(t, Type, connectortest.With(config, field, c.value), connector.Env{HTTP: s.Client()}).Check(t.Context())
		if !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "another-") {
			t.Errorf("%s: %v", field, err)
		}
	}
	for field, value := range map[string]string{"tenant": "a/b", "authority_url": "https://user:pass@host", "user_pname": ""} {
		if _, err := connector.OpenSource(Type, connectortest.With(config, field, value), connector.Env{}); err == nil || strings.Contains(err.Error(), "pass@") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestDenied has an app without the permissions: the error names them.
func TestDenied(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "out")
	p.server.Deny("Files")
	if err := p.openSource(t).Check(t.Context()); !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "Files.Read.All") || strings.Contains(err.Error(), server.Secret) {
		t.Errorf("%v", err)
	}
	p.server.Deny("Write")
	if err := p.openDestination(t).Check(t.Context()); !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "Files.ReadWrite.All") || strings.Contains(err.Error(), server.Secret) {
		t.Errorf("%v", err)
	}
	p.server.Deny("")
	p.drive.Put("out", "a file")
	if err := p.openDestination(t).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("%v", err)
	}
}

// TestCase writes documents whose names and folders differ in case alone, which are one to the drive.
func TestCase(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "Out")
	d := p.openDestination(t)
	docs := []document.Document{}
	for _, path := range []string{"A/Report.pdf", "A/report.pdf", "a/other.pdf", "a/Other.pdf"} {
		docs = append(docs, document.Document{Identifier: path, Path: path})
	}
	for round := range 3 {
		for i, doc := range docs {
			if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked(doc.Path, 1+round+i, 0))); err != nil {
				t.Fatal(err)
			}
		}
		got := p.held(t)
		for i, doc := range docs {
			if got[doc.Path] != 1+round+i {
				t.Errorf("round %d: %s has %d elements; files %q", round, doc.Path, got[doc.Path], slices.Sorted(maps.Keys(p.drive.Files())))
			}
		}
		if len(p.drive.Files()) != len(docs) {
			t.Errorf("round %d: %q", round, slices.Sorted(maps.Keys(p.drive.Files())))
		}
	}
	if _, ok := p.drive.Files()["Out/A/Report.pdf.json"]; !ok {
		t.Errorf("%q", p.drive.Files())
	}
	// The first goes: the second stays where it is.
	remover := d.(connector.Remover)
	if err := remover.Remove(t.Context(), docs[0]); err != nil {
		t.Fatal(err)
	}
	if err := d.Replace(t.Context(), docs[1], connectortest.Stream(connectortest.Marked("last", 2, 0))); err != nil {
		t.Fatal(err)
	}
	if got := p.held(t); got["last"] != 2 || len(p.drive.Files()) != 3 {
		t.Errorf("%v", got)
	}
	for _, doc := range docs {
		if err := remover.Remove(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	if left := p.drive.Files(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, path := range []string{
		"a.txt", "con", "CON.txt", "a/nul/b", "a?b", "a*b", "a:b", "a|b", `a"b`, "a<b", "dot./x", "space /x", " space/x", "~$x", "x_vti_y", ".lock", "desktop.ini",
		strings.Repeat("deep/", 100) + "x", strings.Repeat("n", 240), "lpt1.pdf", "com10.txt", "b/.lock/x",
	} {
		main, beside := place("Out", document.Document{Path: path})
		for _, at := range []string{main, beside} {
			if other, ok := seen[strings.ToLower(at)]; ok {
				t.Errorf("%q and %q share %q", path, other, at)
			}
			seen[strings.ToLower(at)] = path
			if len([]rune(at)) > 340 || !strings.HasSuffix(at, ".json") {
				t.Errorf("%q becomes %q", path, at)
			}
		}
	}
	if main, _ := place("Out/x", document.Document{Path: "a/b c.pdf"}); main != "Out/x/a/b c.pdf.json" {
		t.Errorf("%q", main)
	}
	if main, _ := place("", document.Document{Path: "b.pdf"}); main != "b.pdf.json" {
		t.Errorf("%q", main)
	}
	for in, want := range map[string]string{"onedrive://": "", "onedrive:///": "", "OneDrive://a b/c/": "a b/c"} {
		if got, err := folderOf(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "a/b", "s3://a", "onedrive://a/../b", "onedrive://a//b", "onedrive://a?b", "onedrive://con/x", "onedrive://" + strings.Repeat("x", 200)} {
		if got, err := folderOf(in); err == nil {
			t.Errorf("%q is taken as %q", in, got)
		}
	}
}

// TestLarge replaces outputs below and above what one call takes by each other; sessions end.
func TestLarge(t *testing.T) {
	t.Parallel()
	t.Run("root", func(t *testing.T) { t.Parallel(); large(t, newPlace(server.Start(t), "")) })
	t.Run("folder", func(t *testing.T) { t.Parallel(); large(t, newPlace(server.Start(t), "a folder/that is new")) })
}

func large(t *testing.T, p *testPlace) {
	t.Helper()
	d := p.openDestination(t)
	if err := d.Check(t.Context()); err != nil || len(p.drive.Files())+len(p.drive.Folders()) > 0 {
		t.Errorf("%v; the check leaves %q", err, p.drive.Folders())
	}
	doc := document.Document{Identifier: "doc", Path: "x/doc.pdf"}
	for i, n := range []int{300, 3, 45, 0, 210} {
		mark := fmt.Sprint("m", i)
		if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Padded(mark, n, 100_000))); err != nil {
			t.Fatal(err)
		}
		if got := p.held(t); got[mark] != n || len(got) > 1 || len(p.drive.Files()) != 1 || p.server.Uploads() != 0 {
			t.Errorf("%d elements: %v, %d uploads are open", n, got, p.server.Uploads())
		}
	}
}

// TestGoesAway breaks the connection while a document of several parts is written: the old one stays whole, and the write repeated
// leaves the new one.
func TestGoesAway(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t), "out")
	d := p.openDestination(t)
	doc := document.Document{Identifier: "doc", Path: "a/doc.pdf", Name: "doc.pdf"}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Padded("old", 50, 10))); err != nil {
		t.Fatal(err)
	}
	large := connectortest.Padded("new", 250, 100_000) // three parts
	err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range connectortest.Stream(large) {
			if !yield(e, nil) {
				return
			}
		}
		p.server.AwayAfter(4)
	})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Fatalf("%s: %v", outcome, err)
	}
	p.server.Away(false)
	if got := p.held(t); got["old"] != 50 || got["new"] != 0 {
		t.Errorf("after the fault the drive holds %v", got)
	}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(large)); err != nil {
		t.Fatal(err)
	}
	if got := p.held(t); got["old"] != 0 || got["new"] != 250 {
		t.Errorf("the drive holds %v", got)
	}
}

// TestKilledInReplace kills a writer that has sent all parts but the last, and one of a small document before its one call.
func TestKilledInReplace(t *testing.T) {
	doc, fresh := document.Document{Identifier: "doc", Path: "doc.pdf", Name: "doc.pdf"}, connectortest.Padded("new", 150, 100_000)
	connectortest.DieInReplace(t, Type, doc, fresh, func(config map[string]any) connector.Env {
		address, _ := config["address"].(string)
		return connector.Env{HTTP: server.ClientOf(address)}
	})
	t.Parallel()
	p := newPlace(server.Start(t), "out")
	if err := p.openDestination(t).Replace(t.Context(), doc, connectortest.Stream(connectortest.Padded("old", 5, 10))); err != nil {
		t.Fatal(err)
	}
	connectortest.Kill(t, connectortest.With(p.destination(), "address", p.server.URL))
	if got := p.held(t); got["old"] != 5 || len(got) != 1 || p.server.Uploads() != 1 {
		t.Errorf("after the kill the drive holds %v, %d uploads", got, p.server.Uploads())
	}
	if err := p.openDestination(t).Replace(t.Context(), doc, connectortest.Stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := p.held(t); got["new"] != 150 || len(got) != 1 {
		t.Errorf("the drive holds %v", got)
	}
}

// TestEnds has a service that is not there any more while a listing goes on: the error is one that passes.
func TestEnds(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	s.Page = 5
	p := newPlace(s, "")
	for i := range 30 {
		p.drive.Put(fmt.Sprintf("%02d.txt", i), "text")
	}
	source := p.openSource(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last document.Document
	var failed error
	n := 0
	for d, err := range source.Index(ctx, "") {
		if failed = err; err != nil {
			break
		}
		if n++; n == 7 {
			s.Away(true)
		}
		last = d
	}
	if outcome, _ := connector.Classify(failed); failed == nil || outcome != connector.Transient {
		t.Fatalf("%v after %d", failed, n)
	}
	s.Away(false)
	if rest, _ := list(t, source, last.Cursor); len(rest) != 30-n {
		t.Errorf("%d before and %d after", n, len(rest))
	}
}
