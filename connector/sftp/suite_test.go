package sftp

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/testserver/openssh"
	"github.com/sluicehq/sluice/internal/testserver/sftpfake"
)

// server is what the tests need of one.
type server struct {
	address, user, password, key, hostKey, home string
	own                                         func(t testing.TB, name string)
}

func fake(t *testing.T, options sftpfake.Options) server {
	t.Helper()
	return of(sftpfake.Start(t, options))
}

func of(s *sftpfake.Server) server {
	return server{s.Address, s.User, s.Password, s.Key, s.HostKey, s.Home, s.Own}
}

func real(t *testing.T) server {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the server of the test's own process stands for OpenSSH")
	}
	s := openssh.Start(t)
	return server{s.Address, s.User, s.Password, s.Key, s.HostKey, s.Home, s.Own}
}

// folder is a place of the suites: a folder of this machine that the server shows.
type folder struct {
	server
	name string // below the account's home
	key  bool   // log in with the key
}

func (f *folder) dir() string { return filepath.Join(f.home, f.name) }

func (f *folder) Config() map[string]any {
	config := map[string]any{"remote_url": "sftp://" + f.address + "/" + f.name, "username": f.user, "host_public_key": f.hostKey}
	if f.key {
		config["private_key"] = f.server.key
	} else {
		config["password"] = f.password
	}
	return config
}

func (f *folder) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	for name, content := range contents {
		path := filepath.Join(f.dir(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *folder) Remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(f.dir(), name)); err != nil {
		t.Fatal(err)
	}
}

func (f *folder) Name(d document.Document) string { return d.Path }

func (f *folder) Content(_, content string) string { return content }

// Read looks at one file after another, which is one consistent look at each document.
func (f *folder) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for _, name := range f.List(t) {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(f.dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		var elements []struct {
			Text       string
			Embeddings []float32
		}
		if err := json.Unmarshal(raw, &elements); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range elements {
			out = append(out, connectortest.Record{Document: name, Text: e.Text, Embeddings: e.Embeddings})
		}
	}
	return out
}

// List names everything below the folder, folders with a slash at the end.
func (f *folder) List(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(f.dir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == f.dir() {
			return err
		}
		name, _ := filepath.Rel(f.dir(), path)
		if d.IsDir() {
			name += "/"
		}
		out = append(out, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func newFolder(t *testing.T, s server, key bool) *folder {
	t.Helper()
	dir, err := os.MkdirTemp(s.home, "place-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.own(t, dir)
	return &folder{s, filepath.Base(dir), key}
}

func with(config map[string]any, changes map[string]any) map[string]any {
	config = maps.Clone(config)
	maps.Copy(config, changes)
	return config
}

// wrong gives another secret of the kind that the config has.
func wrong(t *testing.T, config map[string]any) map[string]any {
	t.Helper()
	if _, ok := config["password"]; ok {
		return with(config, map[string]any{"password": "n0t the password"})
	}
	key, _, err := openssh.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	return with(config, map[string]any{"private_key": key})
}

func at(_ *testing.T, config map[string]any, address string) map[string]any {
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	return with(config, map[string]any{"remote_url": "sftp://" + host + "/in", "port": n})
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	return with(config, map[string]any{"remote_url": config["remote_url"].(string) + "/gone"})
}

func runSource(t *testing.T, s server, key bool) {
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Folders: true, WrongSecret: wrong, At: at, Missing: missing,
		New: func(t *testing.T) connectortest.SourcePlace {
			f := newFolder(t, s, key)
			return recursive{f}
		},
	})
}

type recursive struct{ *folder }

func (r recursive) Config() map[string]any {
	return with(r.folder.Config(), map[string]any{"recursive": true})
}

func runDestination(t *testing.T, s server, key bool) {
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, WrongSecret: wrong, At: at, Vectors: true,
		New: func(t *testing.T) connectortest.DestinationPlace { return newFolder(t, s, key) },
	})
}

func TestSourceInProcess(t *testing.T) {
	t.Parallel()
	runSource(t, fake(t, sftpfake.Options{}), true)
}

func TestDestinationInProcess(t *testing.T) {
	t.Parallel()
	runDestination(t, fake(t, sftpfake.Options{Interactive: true}), false)
}

func TestSourceOpenSSH(t *testing.T) {
	t.Parallel()
	s := real(t)
	runSource(t, s, s.password == "")
}

func TestDestinationOpenSSH(t *testing.T) {
	t.Parallel()
	runDestination(t, real(t), true)
}
