package local

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/tree"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// folderOf writes files (name to content) into a new folder.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func openSource(t *testing.T, opened string, config map[string]any) connector.Source {
	t.Helper()
	s, err := connector.OpenSource("local", config, connector.Env{Local: []string{opened}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openDestination(t *testing.T, opened, path string) connector.Destination {
	t.Helper()
	d, err := connector.OpenDestination("local", map[string]any{"path": path}, connector.Env{Local: []string{opened}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func names(t *testing.T, s connector.Source, from connector.Cursor) []string {
	t.Helper()
	var out []string
	for d, err := range s.Index(context.Background(), from) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Cursor != d.Path || !strings.HasSuffix(d.Identifier, "/"+d.Path) || d.Name != filepath.Base(d.Path) {
			t.Errorf("document %+v", d)
		}
		out = append(out, d.Path)
	}
	return out
}

func TestIndex(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{"b.txt": "b", "a.txt": "a", "a/z.PDF": "z", "a/b/c.pdf": "c", "a-b/d.docx": "d",
		".hidden": "h", "empty": "", "ü.txt": "u", ".sluice-x": "half"})
	for name, c := range map[string]struct {
		config map[string]any
		want   []string
	}{
		"flat": {nil, []string{".hidden", "a.txt", "b.txt", "empty", "ü.txt"}},
		"recursive": {map[string]any{"recursive": "true"},
			[]string{".hidden", "a/b/c.pdf", "a/z.PDF", "a-b/d.docx", "a.txt", "b.txt", "empty", "ü.txt"}},
		"extensions": {map[string]any{"recursive": true, "extensions": []any{"pdf", ".TXT"}},
			[]string{"a/b/c.pdf", "a/z.PDF", "a.txt", "b.txt", "ü.txt"}},
		"glob": {map[string]any{"recursive": true, "glob": []any{"?.txt", "a/*/*.pdf"}},
			[]string{"a/b/c.pdf", "a.txt", "b.txt", "ü.txt"}},
		"both": {map[string]any{"recursive": true, "glob": []any{"a*", "z*"}, "extensions": []any{"pdf"}},
			[]string{"a/z.PDF"}},
		"folders": {map[string]any{"recursive": true, "glob": []any{"a/**", "./b*"}},
			[]string{"a/b/c.pdf", "a/z.PDF", "b.txt"}},
		"not hidden": {map[string]any{"hidden": "false", "glob": []any{"*d*", "b.txt"}}, []string{"b.txt"}},
		"one file":   {map[string]any{"path": filepath.Join(dir, "a.txt")}, []string{"a.txt"}},
	} {
		config := map[string]any{"path": dir}
		for k, v := range c.config {
			config[k] = v
		}
		s := openSource(t, dir, config)
		if err := s.Check(context.Background()); err != nil {
			t.Errorf("%s: check: %v", name, err)
		}
		got := names(t, s, "")
		if !sameSet(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		// Resuming after any document gives exactly the rest.
		for i, cursor := range got {
			if rest := names(t, s, connector.Cursor(cursor)); !slices.Equal(rest, got[i+1:]) {
				t.Errorf("%s: after %q: %v, want %v", name, cursor, rest, got[i+1:])
			}
		}
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// The order must hold for names in which a folder's name is the beginning of another's.
func TestIndexOrderAndChanges(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{"a/x": "", "a.b/x": "", "a-b": "", "b": ""})
	s := openSource(t, dir, map[string]any{"path": dir, "recursive": true})
	want := []string{"a/x", "a-b", "a.b/x", "b"}
	if got := names(t, s, ""); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// The document of the cursor is gone; a new one stands before it and one after.
	for _, name := range []string{"a-a", "a-c"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "a-b")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, s, "a-b"); !slices.Equal(got, []string{"a-c", "a.b/x", "b"}) {
		t.Errorf("got %v", got)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{"sub/report.txt": "hello"})
	path := filepath.Join(dir, "sub", "report.txt")
	modified := time.Date(2026, 1, 5, 9, 12, 44, 120331000, time.UTC)
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	s := openSource(t, dir, map[string]any{"path": dir, "recursive": true})
	list := func() document.Document {
		for d, err := range s.Index(context.Background(), "") {
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		t.Fatal("nothing is listed")
		return document.Document{}
	}
	d := list()
	if d.Name != "report.txt" || d.Path != "sub/report.txt" || d.Size != 5 || !d.Modified.Equal(modified) {
		t.Errorf("got %+v", d)
	}
	if !reflect.DeepEqual(d.RecordLocator, map[string]any{"path": path}) || d.Identifier != path {
		t.Errorf("identifier %s, locator %v", d.Identifier, d.RecordLocator)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("sub", link); err != nil {
		t.Fatal(err)
	}
	for linked, err := range openSource(t, dir, map[string]any{"path": link}).Index(context.Background(), "") {
		if err != nil || linked.Identifier != path {
			t.Errorf("through a link: %+v, %v", linked, err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if d := list(); runtime.GOOS == "linux" &&
		(len(d.Permissions) != 1 || d.Permissions[0]["mode"] != int64(0o100640) || d.Created.IsZero()) {
		t.Errorf("permissions %v, created %v", d.Permissions, d.Created)
	}
	if again := list(); again.Version != d.Version || d.Version == "" {
		t.Errorf("versions %q and %q", d.Version, again.Version)
	}
	if err := os.Chtimes(path, modified, modified.Add(time.Nanosecond)); err != nil {
		t.Fatal(err)
	}
	if again := list(); again.Version == d.Version {
		t.Error("a new time is no new version")
	}

	f, err := s.Fetch(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f.Reader())
	if err != nil || string(content) != "hello" || f.Size != 5 || f.Name != "report.txt" {
		t.Errorf("file %+v: %q, %v", f, content, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	outside := folderOf(t, map[string]string{"secret.txt": "secret"})
	dir := folderOf(t, map[string]string{"docs/a.txt": "a", "docs/sub/b.txt": "b", "beside.txt": "x"})
	docs := filepath.Join(dir, "docs")
	for link, target := range map[string]string{"out.txt": filepath.Join(outside, "secret.txt"), "outdir": outside,
		"up.txt": "../beside.txt", "within.txt": "a.txt"} {
		if err := os.Symlink(target, filepath.Join(docs, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(docs, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := openSource(t, dir, map[string]any{"path": docs, "recursive": true})
	if got := names(t, s, ""); !slices.Equal(got, []string{"a.txt", "sub/b.txt"}) {
		t.Errorf("listed %v", got)
	}
	for name, want := range map[string]error{
		"gone.txt": connector.ErrNotFound, "sub": connector.ErrNotFound, "pipe": connector.ErrNotFound,
		"a.txt/b": connector.ErrNotFound, "out.txt": connector.ErrForbidden, "up.txt": connector.ErrForbidden,
		"outdir/secret.txt": connector.ErrForbidden, "../beside.txt": connector.ErrForbidden,
		filepath.Join(outside, "secret.txt"): connector.ErrForbidden,
	} {
		f, err := s.Fetch(context.Background(), document.Document{Path: name})
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
		if err == nil {
			f.Close()
		}
	}
}

func TestOnlyOpenedFolders(t *testing.T) {
	t.Parallel()
	opened := folderOf(t, map[string]string{"in/a.txt": "a"})
	other := folderOf(t, map[string]string{"b.txt": "b"})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(opened, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(opened, "away")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		opened []string
		path   string
		want   string // part of the error, "" for none
	}{
		{[]string{opened}, opened, ""},
		{[]string{opened}, filepath.Join(opened, "in"), ""},
		{[]string{opened}, opened + "/in/../in/", ""},
		{[]string{link}, link, ""},
		{[]string{link}, opened, ""},
		{[]string{other, opened}, filepath.Join(opened, "in"), ""},
		{nil, opened, "--allow-local DIR"},
		{[]string{opened}, other, "is not open to the local connector"},
		{[]string{opened}, "/", "--allow-local DIR"},
		{[]string{opened}, opened + "/../" + filepath.Base(other), "is not open"},
		{[]string{opened}, opened + "x", "is not open"},
		{[]string{opened}, filepath.Join(opened, "away"), "leads out"},
		{[]string{opened}, filepath.Join(opened, "gone"), "not there"},
	} {
		env := connector.Env{Local: c.opened}
		s, err := connector.OpenSource("local", map[string]any{"path": c.path}, env)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("source %v in %v: %v", c.path, c.opened, err)
		}
		if err == nil {
			s.Close()
		}
		d, err := connector.OpenDestination("local", map[string]any{"path": c.path}, env)
		if err == nil {
			err = d.Check(context.Background())
			d.Close()
		}
		if c.want == "not there" {
			c.want = "" // a destination is made
		}
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("destination %v in %v: %v", c.path, c.opened, err)
		}
	}
	if _, err := os.Stat(filepath.Join(opened, "gone")); err == nil {
		t.Error("the check left its folder behind")
	}
	if left, _ := os.ReadDir(other); len(left) != 1 {
		t.Errorf("something was written outside: %v", left)
	}
}

func TestSourceConfig(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{"a.txt": "a"})
	env := connector.Env{Local: []string{dir}}
	_, err := connector.OpenSource("local", map[string]any{}, env)
	if err == nil || err.Error() != "the config of this local source lacks path" {
		t.Errorf("got %v", err)
	}
	_, err = connector.OpenSource("local", map[string]any{"path": dir, "glob": []any{"[a"}}, env)
	if err == nil || !strings.Contains(err.Error(), `glob "[a": not a pattern`) {
		t.Errorf("got %v", err)
	}
}

func TestIndexDepth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	deep := dir
	for range tree.MaxDepth + 2 {
		deep = filepath.Join(deep, "d")
	}
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	s := openSource(t, dir, map[string]any{"path": dir, "recursive": true})
	var last error
	for _, err := range s.Index(context.Background(), "") {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "more than 200 deep") {
		t.Errorf("got %v", last)
	}
}

func stream(elements ...element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDestination(t, dir, filepath.Join(dir, "out"))
	if d.Guarantee() != connector.Replaces {
		t.Errorf("guarantee %s", d.Guarantee())
	}
	ctx := context.Background()
	doc := document.Document{Identifier: "in/paper.pdf", Name: "paper.pdf", Path: "in/paper.pdf"}
	one := element.Element{Type: element.Title, ID: "1", Text: "<Größe> & \u2028"}
	two := element.Element{Type: element.NarrativeText, ID: "2", Text: "b"}

	if err := d.Replace(ctx, doc, stream(one, two)); err != nil {
		t.Fatal(err)
	}
	first := files(t, dir)
	text := first["out/in/paper.pdf.json"]
	if len(first) != 1 || !strings.HasPrefix(text, "[\n  {\n    \"") || !strings.HasSuffix(text, "\n  }\n]") {
		t.Fatalf("wrote %q", first)
	}
	var got []struct{ Type, Text string }
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != 2 || got[0].Text != one.Text ||
		got[1].Text != "b" {
		t.Errorf("read %v, %v", got, err)
	}
	if !strings.Contains(text, "<Größe> &") {
		t.Errorf("text was escaped: %s", text)
	}
	if err := d.Replace(ctx, doc, stream(one, two)); err != nil || !reflect.DeepEqual(files(t, dir), first) {
		t.Errorf("a second call changed something: %v, %v", files(t, dir), err)
	}
	if err := d.Replace(ctx, doc, stream()); err != nil || files(t, dir)["out/in/paper.pdf.json"] != "[]" {
		t.Errorf("empty: %v, %v", files(t, dir), err)
	}
}
