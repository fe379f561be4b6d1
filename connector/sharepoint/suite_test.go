package sharepoint

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/graph"
)

// place is a library of a site of its own.
type place struct {
	server *server.Server
	site   string
	drive  *server.Drive
}

var sites atomic.Int64

func newPlace(s *server.Server) *place {
	site := fmt.Sprintf("https://contoso.sharepoint.com/sites/Team %d", sites.Add(1))
	libraries := s.Site(site, "Dokumente", "Contracts")
	libraries[0].Put("beside.txt", "of another library")
	return &place{s, site, libraries[1]}
}

func (p *place) Config() map[string]any {
	config := connectortest.With(p.server.Config(), "site", p.site)
	config["library"], config["recursive"] = "contracts", true
	return config
}

func (p *place) Put(_ *testing.T, contents map[string]string) {
	for name, content := range contents {
		p.drive.Put(name, content)
	}
}

func (p *place) Remove(_ *testing.T, name string) { p.drive.Remove(name) }

func (p *place) Name(d document.Document) string { return d.Path }

func (p *place) Content(_, content string) string { return content }

func TestSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Env: connector.Env{HTTP: s.Client()}, WrongSecret: server.WrongSecret, At: server.At, Folders: true, Many: 3000,
		New: func(*testing.T) connectortest.SourcePlace { return newPlace(s) },
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "site", "https://contoso.sharepoint.com/sites/nobody")
		},
	})
}

func open(t *testing.T, s *server.Server, config map[string]any) connector.Source {
	t.Helper()
	return connectortest.OpenSource(t, Type, config, connector.Env{HTTP: s.Client()})
}

// paths lists a source.
func paths(t *testing.T, source connector.Source) string {
	t.Helper()
	var out []string
	for d, err := range source.Index(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d.Path)
	}
	return strings.Join(out, ",")
}

// TestLibraries finds libraries by their names and addresses, and the default one by the words that everybody has for it.
func TestLibraries(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s)
	p.drive.Put("Signed/contract.txt", "signed")
	for name, c := range map[string]struct {
		library, path any
		want          string
	}{
		"none": {nil, nil, "beside.txt"}, "documents": {"Documents", nil, "beside.txt"}, "its own name": {"dokumente", "/", "beside.txt"},
		"root as it was": {nil, "Shared Documents", "beside.txt"}, "another": {"Contracts", nil, ""}, "its address": {"Folder of Contracts", "/Signed/", "contract.txt"},
		"single file": {"Contracts", "signed/contract.txt", "contract.txt"},
	} {
		config := connectortest.With(p.Config(), "library", c.library)
		config["path"], config["recursive"] = c.path, false
		source := open(t, s, config)
		if err := source.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := paths(t, source); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	err := open(t, s, connectortest.With(p.Config(), "library", "Kontrakte")).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), `it has "Dokumente", "Contracts"`) {
		t.Errorf("a library that is not there: %v", err)
	}
	err = open(t, s, connectortest.With(p.Config(), "path", "Nowhere/at all")).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "check path") {
		t.Errorf("a path that is not there: %v", err)
	}
}

// TestSites reads addresses of sites.
func TestSites(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://contoso.sharepoint.com": "contoso.sharepoint.com", "https://contoso.sharepoint.com/": "contoso.sharepoint.com",
		"contoso.sharepoint.com/sites/a b/": "contoso.sharepoint.com:/sites/a%20b", "https://contoso.sharepoint.com/teams/x/y?e=1": "contoso.sharepoint.com:/teams/x/y",
	} {
		if got, _, err := siteOf(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "https://", "ftp://contoso.sharepoint.com/x", "https://contoso-admin.sharepoint.com", "https://user:pass@contoso.sharepoint.com/x"} {
		if got, _, err := siteOf(in); err == nil {
			t.Errorf("%q is taken as %q", in, got)
		}
	}
}

// TestDenied has an app without the permission: the error names it.
func TestDenied(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(s)
	s.Deny("Sites")
	err := open(t, s, p.Config()).Check(t.Context())
	if outcome, _ := connector.Classify(err); outcome != connector.Permanent || err == nil || !strings.Contains(err.Error(), "Sites.Read.All") || strings.Contains(err.Error(), server.Secret) {
		t.Errorf("%v", err)
	}
}
