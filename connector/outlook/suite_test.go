package outlook

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/graph"
)

// place is a mailbox of its own, whose messages stand in its inbox and in two folders below it.
type place struct {
	server *server.Server
	user   string
	box    *server.Mailbox
	in     []string // ids of folders
}

var users atomic.Int64

func newPlace(s *server.Server) *place {
	p := &place{server: s, user: fmt.Sprintf("user-%d@contoso.com", users.Add(1))}
	p.box = s.Mailbox(p.user)
	inbox := p.box.Inbox()
	below := p.box.Folder("Projects", inbox)
	p.in = []string{inbox, below, p.box.Folder("Deep", below)}
	return p
}

func (p *place) Config() map[string]any {
	config := connectortest.With(p.server.Config(), "user_email", p.user)
	config["outlook_folders"], config["recursive"] = []any{"Inbox"}, true
	return config
}

func (p *place) Put(_ *testing.T, contents map[string]string) {
	for name, content := range contents {
		p.box.Put(p.in[len(name)%len(p.in)], name, content)
	}
}

func (p *place) Remove(_ *testing.T, name string) { p.box.Remove(name) }

func (p *place) Name(d document.Document) string { return p.box.Subjects()[d.Identifier] }

func (p *place) Content(_, content string) string { return content }

func TestSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Env: connector.Env{HTTP: s.Client()}, WrongSecret: server.WrongSecret, At: server.At,
		New: func(*testing.T) connectortest.SourcePlace { return newPlace(s) },
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "user_email", "nobody@contoso.com")
		},
	})
}

func open(t *testing.T, s *server.Server, config map[string]any) connector.Source {
	t.Helper()
	return connectortest.OpenSource(t, Type, config, connector.Env{HTTP: s.Client()})
}

// subjects lists a source, in order of the listing.
func subjects(t *testing.T, p *place, source connector.Source, from connector.Cursor) (out []string, documents []document.Document) {
	t.Helper()
	for d, err := range source.Index(t.Context(), from) {
		if err != nil {
			t.Fatal(err)
		}
		out, documents = append(out, p.Name(d)), append(documents, d)
	}
	return out, documents
}

// TestFolders finds folders by their names, in any case and language, with and without those below.
func TestFolders(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s)
	for i := range 120 { // more than one page of folders
		p.box.Folder(fmt.Sprintf("Folder %d", i), "")
	}
	last := p.box.Folder("Rechnungen", "")
	p.box.Put(p.in[0], "one", "1")
	p.box.Put(p.in[1], "below", "2")
	p.box.Put(last, "bill", "3")
	for name, c := range map[string]struct {
		folders   any
		recursive bool
		want      string
	}{
		"well known": {[]any{"inbox"}, false, "one"}, "its own name": {[]any{"POSTEINGANG"}, false, "one"}, "below": {[]any{"Inbox"}, true, "below,one"},
		"two": {[]any{"rechnungen", "Posteingang"}, false, "bill,one"}, "twice": {[]any{"Inbox", "Posteingang"}, true, "below,one"}, "all": {nil, true, "below,bill,one"}, "tops": {nil, false, "bill,one"},
	} {
		config := connectortest.With(p.Config(), "outlook_folders", c.folders)
		config["recursive"] = c.recursive
		source := open(t, s, config)
		if err := source.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := subjects(t, p, source, ""); strings.Join(slices.Sorted(slices.Values(got)), ",") != c.want {
			t.Errorf("%s: %q, want %s", name, got, c.want)
		}
	}
	for _, name := range []string{"Nowhere", "Versteckt", "Suche", "Drafts", "Projects"} {
		err := open(t, s, connectortest.With(p.Config(), "outlook_folders", []any{"Inbox", name})).Check(t.Context())
		if !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), `"Posteingang"`) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMessage is a message with an attachment: what is read is what the service has, and its document says where from.
func TestMessage(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s)
	const mail = "From: adele@contoso.com\r\nSubject: bill\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nsee there\r\n" +
		"--x\r\nContent-Disposition: attachment; filename=a.csv\r\nContent-Type: text/csv\r\n\r\na,b\r\n--x--\r\n"
	id := p.box.Put(p.in[0], "bill", mail)
	source := open(t, s, p.Config())
	_, documents := subjects(t, p, source, "")
	if len(documents) != 1 {
		t.Fatalf("listed %v", documents)
	}
	d := documents[0]
	if len(d.Name) != 20 || !strings.HasSuffix(d.Name, ".eml") || d.Identifier != id || d.Version != "CQAAABYA1" || d.RecordLocator["user_email"] != p.user || d.RecordLocator["message_id"] != id ||
		!strings.Contains(d.URL, "ItemID") || d.Created.IsZero() || !d.Modified.After(d.Created) {
		t.Errorf("%+v", d)
	}
	f, err := source.Fetch(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f.Reader()); err != nil || string(text) != mail || f.MIMEType != "message/rfc822" {
		t.Errorf("%q, %s, %v", text, f.MIMEType, err)
	}
	p.box.Move("bill", p.in[1])
	if _, after := subjects(t, p, source, ""); len(after) != 1 || after[0].Identifier != id || after[0].Path != d.Path {
		t.Errorf("after a move: %v", after)
	}
}

// TestForgotten goes on after a position that the service does not know any more: nothing is missing.
func TestForgotten(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	s.Page = 3
	p := newPlace(s)
	for i := range 20 {
		p.box.Put(p.in[i%3], fmt.Sprintf("m%02d", i), "text")
	}
	source := open(t, s, p.Config())
	all, documents := subjects(t, p, source, "")
	s.Forget()
	rest, _ := subjects(t, p, source, connector.Cursor(documents[9].Cursor))
	seen := strings.Join(append(rest, all[:10]...), ",")
	for _, name := range all {
		if !strings.Contains(seen, name) {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestDenied has an app without the permission, and one whose token ended.
func TestDenied(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s)
	p.box.Put(p.in[0], "one", "1")
	source := open(t, s, p.Config())
	_, documents := subjects(t, p, source, "")
	s.Revoke()
	f, err := source.Fetch(t.Context(), documents[0])
	if err != nil {
		t.Fatalf("after the end of a token: %v", err)
	}
	f.Close()
	s.Deny("Mail")
	if err := source.Check(t.Context()); !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "Mail.Read") || strings.Contains(err.Error(), server.Secret) {
		t.Errorf("%v", err)
	}
}
