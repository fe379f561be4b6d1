package onedrive

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/graph"
)

// testPlace is a folder of a drive of its own.
type testPlace struct {
	server *server.Server
	drive  *server.Drive
	user   string
	folder string // "" or with a slash at its end
}

var users atomic.Int64

func newPlace(s *server.Server, folder string) *testPlace {
	user := fmt.Sprintf("user-%d@contoso.com", users.Add(1))
	return &testPlace{server: s, drive: s.Drive(user), user: user, folder: folder}
}

func (p *testPlace) source() map[string]any {
	config := connectortest.With(p.server.Config(), "user_pname", p.user)
	config["path"], config["recursive"] = p.folder, true
	return config
}

func (p *testPlace) destination() map[string]any {
	config := connectortest.With(p.server.Config(), "user_pname", p.user)
	config["remote_url"] = "onedrive://" + p.folder
	return config
}

// sourcePlace and destinationPlace are it on one side.
type sourcePlace struct{ *testPlace }

func (p sourcePlace) Config() map[string]any { return p.source() }

func (p sourcePlace) Put(_ *testing.T, contents map[string]string) {
	if p.folder != "" {
		p.drive.Put("other/beside.txt", "of another folder")
		p.drive.Put(p.folder+"empty.txt", "")
	}
	for name, content := range contents {
		p.drive.Put(p.folder+name, content)
	}
}

func (p sourcePlace) Remove(_ *testing.T, name string) { p.drive.Remove(p.folder + name) }

func (p sourcePlace) Name(d document.Document) string { return d.Path }

func (p sourcePlace) Content(_, content string) string { return content }

type destinationPlace struct{ *testPlace }

func (p destinationPlace) Config() map[string]any { return p.destination() }

func (p destinationPlace) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for place, content := range p.drive.Files() {
		var elements []struct{ Text string }
		if err := json.Unmarshal([]byte(content), &elements); err != nil {
			t.Fatalf("%s: %v", place, err)
		}
		for _, e := range elements {
			out = append(out, connectortest.Record{Document: place, Text: e.Text})
		}
	}
	return out
}

func (p destinationPlace) List(*testing.T) []string {
	out := p.drive.Folders()
	for place := range p.drive.Files() {
		out = append(out, place)
	}
	slices.Sort(out)
	return out
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	return connectortest.With(config, "user_pname", "nobody@contoso.com")
}

func TestSourceSuite(t *testing.T) {
	t.Parallel()
	for name, folder := range map[string]string{"drive": "", "folder": "some folder/ü+%#/"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server.Start(t)
			connectortest.RunSource(t, connectortest.Source{
				Type: Type, Env: connector.Env{HTTP: s.Client()}, Folders: true, Many: 3000, WrongSecret: server.WrongSecret, Missing: missing, At: server.At,
				New: func(*testing.T) connectortest.SourcePlace {
					p := sourcePlace{newPlace(s, folder)}
					if folder != "" {
						p.Put(t, nil)
					}
					return p
				},
			})
		})
	}
}

func TestDestinationSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, Env: connector.Env{HTTP: s.Client()}, WrongSecret: server.WrongSecret, Missing: missing, At: server.At,
		New: func(*testing.T) connectortest.DestinationPlace {
			return destinationPlace{newPlace(s, "Some Folder/ü+%#")}
		},
	})
}
