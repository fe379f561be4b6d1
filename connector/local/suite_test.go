package local

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
)

// folder is a place of the suites.
type folder struct {
	dir string
}

func (f *folder) Config() map[string]any { return map[string]any{"path": f.dir, "recursive": true} }

func (f *folder) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	for name, content := range contents {
		path := filepath.Join(f.dir, name)
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
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
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
		raw, err := os.ReadFile(filepath.Join(f.dir, name))
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

// List names everything below the folder, folders with a slash at the end. Unfinished files may go while it looks.
func (f *folder) List(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == f.dir {
			return err
		}
		name, _ := filepath.Rel(f.dir, path)
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

func TestSourceSuite(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Env: connector.Env{Local: []string{root}}, Folders: true,
		New: func(t *testing.T) connectortest.SourcePlace { return newFolder(t, root) },
		Missing: func(_ *testing.T, config map[string]any) map[string]any {
			return map[string]any{"path": config["path"].(string) + "/gone"}
		},
	})
}

func TestDestinationSuite(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, Env: connector.Env{Local: []string{root}}, Vectors: true,
		New: func(t *testing.T) connectortest.DestinationPlace { return newFolder(t, root) },
	})
}

func newFolder(t *testing.T, root string) *folder {
	t.Helper()
	dir, err := os.MkdirTemp(root, "place-")
	if err != nil {
		t.Fatal(err)
	}
	return &folder{dir: dir}
}
