package program_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/overlay"
)

// commands are the command lines that a user sees, each with words that its help must hold.
var commands = []struct {
	name string
	help []string
}{
	{"serve", []string{"--addr", "--data", "--blob-url", "--role", "--limits", "--workers", "--allow-local", "--cors-origin",
		"--keep-outputs", "--retain", "--grace", "--log-format", "$SLUICE_DATA", "prints a first API key, once"}},
	{"partition", []string{"<path>", "--strategy", "--set=NAME=VALUE", "--format", "--out", "--draw", "--isolate", "--vlm-model", "Examples:", "the rest go on"}},
	{"chunk", []string{"<elements>", "--strategy", "--set=NAME=VALUE", "--format", "--out"}},
	{"run", []string{"<file>", "<path>", "--workflow", "--out", "--data", "--verbose", "Examples:", "has no effect here"}},
	{"apply", []string{"--file", "--server", "$SLUICE_API_KEY", "workflow_nodes", "nothing is deleted"}},
	{"export", []string{"--server", "--workflow", "--out", "Secrets are not shown"}},
	{"key", []string{"create", "list", "revoke"}},
	{"key create", []string{"<name>", "--data", "--workspace", "--role"}},
	{"key list", []string{"--data", "--workspace"}},
	{"key revoke", []string{"<name>", "--data", "--workspace"}},
	{"keyset", []string{"create"}},
	{"keyset create", []string{"SLUICE_KEYSET", "back it up"}},
	{"workspace", []string{"create", "list", "delete"}},
	{"workspace create", []string{"<name>", "--data"}},
	{"workspace list", []string{"--data"}},
	{"workspace delete", []string{"<name>", "--data", "--yes"}},
	{"models", []string{"list", "install", "remove"}},
	{"models list", nil},
	{"models install", []string{"<name>", "SLUICE_MODELS", "Maven Central"}},
	{"models remove", []string{"<name>"}},
	{"doctor", []string{"--data"}},
	{"version", nil},
}

func TestHelp(t *testing.T) {
	t.Parallel()
	overview := run(t).want(t, 0)
	if long := run(t, "--help").want(t, 0); long != overview {
		t.Errorf("sluice and sluice --help differ:\n%s\n%s", overview.out, long.out)
	}
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(c.name)
			if !slices.Contains([]string{"key", "workspace", "models"}, c.name) && !strings.Contains(overview.out, "\n  "+c.name+" ") {
				t.Errorf("the overview lacks the command:\n%s", overview.out)
			}
			r := run(t, append(words, "--help")...).want(t, 0)
			if !strings.HasPrefix(r.out, "Usage: sluice "+c.name) || r.err != "" {
				t.Errorf("help:\n%s%s", r.out, r.err)
			}
			for _, word := range c.help {
				if !strings.Contains(r.out, word) {
					t.Errorf("the help lacks %s:\n%s", word, r.out)
				}
			}
		})
	}
	if strings.Contains(overview.out, "parse-child") {
		t.Error("the overview shows a command that is not for users")
	}
}

// The help of serve promises a variable of the same name for every flag.
func TestVariables(t *testing.T) {
	t.Parallel()
	help := run(t, "serve", "--help").want(t, 0).out
	entries := regexp.MustCompile(`(?m)^ +--([a-z-]+)[= ](?:.+\n(?: {20,}.+\n)*)`).FindAllStringSubmatch(help, -1)
	if len(entries) < 10 {
		t.Fatalf("%d flags in\n%s", len(entries), help)
	}
	for _, e := range entries {
		if name := "$SLUICE_" + strings.ToUpper(strings.ReplaceAll(e[1], "-", "_")); !strings.Contains(e[0], name) {
			t.Errorf("--%s is not %s:\n%s", e[1], name, e[0])
		}
	}
	s := launch(t, t.TempDir(), variable("SLUICE_ROLE", "worker"))
	if status := s.wait(); status != 1 || !strings.Contains(s.log.String(), "--role worker") {
		t.Errorf("a role from the environment: status %d: %s", status, s.log.String())
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if r := run(t, "version").want(t, 0); r.out != "sluice "+version+"\n" {
		t.Errorf("it prints %q", r.out)
	}
}

// A wrong command line ends with 2, work that failed with 1; the message names what is wrong and the way out.
func TestErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, content string) string {
		if err := os.MkdirAll(filepath.Dir(path(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	note := write("note.txt", "The gate is open.")
	damaged := write("damaged.docx", "PK\x03\x04 and no more")
	object := write("object.json", `[{"name": "Pump 1"}]`)
	cut := write("cut.json", `[{"type": "Title", "element_id": "1", "text": "Gates`)
	twin := write("twin/note.txt", "The gate is closed.")
	missing := path("missing.txt")

	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   []string // on standard error
	}{
		{"unknown command", []string{"fly"}, 2, []string{"unexpected argument fly", "Try: sluice --help"}},
		{"unknown flag", []string{"partition", "--fast", note}, 2, []string{"unknown flag --fast", "Try: sluice partition --help"}},
		{"half a command", []string{"key"}, 2, []string{`"create"`, "Try: sluice key --help"}},
		{"unknown role", []string{"key", "create", "--role", "root", "x"}, 2, []string{`"admin","reader"`, "Try: sluice key create --help"}},
		{"no file", []string{"partition"}, 2, []string{"<path>", "Try: sluice partition --help"}},
		{"unknown format", []string{"partition", "--format", "xml", note}, 2, []string{`"json"`, `"xml"`}},

		{"missing file", []string{"partition", missing}, 1, []string{missing, "no such file", "check the path"}},
		{"damaged file", []string{"partition", damaged}, 1, []string{damaged + ": ", "not a valid docx", "save it again"}},
		{"damaged file, isolated", []string{"partition", "--isolate", damaged}, 1, []string{damaged + ": ", "not a valid docx"}},
		{"device", []string{"partition", os.DevNull}, 1, []string{os.DevNull, "device", "write its content to a file"}},
		{"many files to the terminal", []string{"partition", dir}, 2, []string{"--out DIR"}},
		{"two outputs of one name", []string{"partition", note, twin, "--out", path("out")}, 2,
			[]string{note, twin, filepath.Join(path("out"), "note.txt.json")}},
		{"output in no folder", []string{"partition", note, "--out", path("none/note.json")}, 1,
			[]string{note, "cannot write " + path("none/note.json"), "folder does not exist", "--out"}},
		{"output folder is a file", []string{"partition", dir, "--out", note}, 1, []string{note, "not a directory", "--out"}},
		{"set without a value", []string{"partition", "--set", "coordinates", note}, 2, []string{"--set coordinates: ", "NAME=VALUE"}},
		{"set of nothing", []string{"partition", "--set", "=true", note}, 2, []string{"--set =true: ", "NAME=VALUE"}},
		{"set of an unknown name", []string{"partition", "--set", "colour=red", note}, 2, []string{"--set colour=red: ", "colour is not a parameter"}},
		{"set of no truth", []string{"partition", "--set", "coordinates=perhaps", note}, 2, []string{"--set coordinates=perhaps: ", "neither true nor false"}},
		{"set of no number", []string{"partition", "--set", "max_characters=many", note}, 2, []string{"max_characters", `"many"`, "whole number"}},
		{"strategy of no version", []string{"partition", "--strategy", "od_only", note}, 2, []string{"--strategy od_only: ", "auto, fast, hi_res"}},
		{"vision without its key", []string{"partition", "--strategy", "vlm", "--vlm-model-provider", "vertexai", note}, 2, []string{"--strategy vlm: ", "VERTEXAI_API_KEY"}},
		{"vision by nobody", []string{"partition", "--strategy", "vlm", "--set", "vlm_model_provider=oracle", note}, 2, []string{"--strategy vlm: ", "there is no provider", "anthropic"}},
		{"a model that is not asked", []string{"partition", "--vlm-model", "gpt-4o", note}, 2, []string{"vlm_model", "--strategy vlm"}},
		{"unknown chunking", []string{"partition", "--set", "chunking_strategy=by_colour", note}, 2, []string{"by_colour"}},

		{"chunk: missing file", []string{"chunk", missing}, 1, []string{missing, "cannot be read"}},
		{"chunk: a folder", []string{"chunk", dir}, 1, []string{dir, "is a directory"}},
		{"chunk: no elements", []string{"chunk", object}, 1, []string{object, "element 1 has no type", "sluice partition"}},
		{"chunk: no JSON", []string{"chunk", note}, 1, []string{note, "element 1", "sluice partition"}},
		{"chunk: cut off", []string{"chunk", cut}, 1, []string{cut, "element 1", "sluice partition"}},
		{"chunk: unknown strategy", []string{"chunk", "--strategy", "by_colour", object}, 2, []string{"by_colour"}},
		{"chunk: set without a value", []string{"chunk", "--set", "max_characters", object}, 2, []string{"NAME=VALUE"}},
		{"chunk: set of an unknown name", []string{"chunk", "--set", "colour=red", object}, 2, []string{"--set colour=red: "}},
		{"chunk: settings against each other", []string{"chunk", "--set", "max_characters=10", "--set", "overlap=20", object}, 2, []string{"overlap"}},

		{"no data folder", []string{"key", "list", "--data", path("typo")}, 1, []string{path("typo"), "--data", "sluice serve"}},
		{"data folder is a file", []string{"serve", "--data", note}, 1, []string{note, "--data"}},
		{"role without a database", []string{"serve", "--data", path("d"), "--role", "worker"}, 1, []string{"--role worker", "--database-url", "--role all"}},
		{"role without blobs", []string{"serve", "--data", path("d"), "--role", "api", "--database-url", "postgres://127.0.0.1/sluice"}, 1, []string{"--role api", "--blob-url"}},
		{"no database there", []string{"serve", "--data", path("d"), "--database-url", "postgres://sluice:secret@127.0.0.1:1/sluice"}, 1, []string{"127.0.0.1:1/sluice", "check that it runs"}},
		{"no database URL", []string{"serve", "--data", path("d"), "--database-url", "mysql://sluice:secret@127.0.0.1/sluice"}, 1, []string{"postgres://user:password@host"}},
		{"no address", []string{"serve", "--data", path("d"), "--addr", "127.0.0.1:99999"}, 1, []string{"127.0.0.1:99999", "--addr"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, c.args...).want(t, c.status)
			for _, words := range c.want {
				if !strings.Contains(r.err, words) {
					t.Errorf("the error lacks %q: %s", words, r.err)
				}
			}
			if !strings.HasPrefix(r.err, "sluice: ") || strings.Contains(r.err, "panic") || strings.Contains(r.err, "secret") {
				t.Errorf("the error: %s", r.err)
			}
			if r.out != "" {
				t.Errorf("it printed %q", r.out)
			}
		})
	}
	t.Cleanup(func() { // after the cases, which run in parallel
		for _, name := range []string{"typo", "none", "out"} {
			if _, err := os.Stat(path(name)); !os.IsNotExist(err) {
				t.Errorf("a command that failed left %s", name)
			}
		}
	})
}

func decode(tb testing.TB, content string) (list []element) {
	tb.Helper()
	if err := json.Unmarshal([]byte(content), &list); err != nil {
		tb.Fatalf("%v: %.300s", err, content)
	}
	return list
}

func TestPartition(t *testing.T) {
	t.Parallel()
	memo := filepath.Join(samples(t), "memo.txt")
	asJSON := run(t, "partition", memo).want(t, 0)
	elements := decode(t, asJSON.out)
	if !has(elements, "Title", "MEMO") || !has(elements, "ListItem", "two crews of three people for the night shift") {
		t.Errorf("elements: %+v", elements)
	}
	if elements[0].Metadata.Filename != "memo.txt" || asJSON.err != "" {
		t.Errorf("file name %q, standard error %q", elements[0].Metadata.Filename, asJSON.err)
	}
	t.Run("ndjson", func(t *testing.T) {
		t.Parallel()
		r := run(t, "partition", "--format", "ndjson", memo).want(t, 0)
		lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
		if !slices.Equal(decode(t, "["+strings.Join(lines, ",")+"]"), elements) {
			t.Errorf("NDJSON differs:\n%s", r.out)
		}
	})
	t.Run("markdown and html", func(t *testing.T) {
		for format, mark := range map[string]string{"markdown": "<a id=\"", "html": "<!DOCTYPE html>"} {
			out := t.TempDir()
			run(t, "partition", "--format", format, memo, "--out", out).want(t, 0)
			files, err := filepath.Glob(filepath.Join(out, "*."+map[string]string{"markdown": "md", "html": "html"}[format]))
			if err != nil || len(files) != 1 {
				t.Fatalf("%v, %v", files, err)
			}
			text, err := os.ReadFile(files[0])
			if err != nil || !strings.Contains(string(text), mark) {
				t.Errorf("%s: %v, %s", format, err, text)
			}
		}
	})
	t.Run("text", func(t *testing.T) {
		t.Parallel()
		if r := run(t, "partition", "--format", "text", memo).want(t, 0); strings.TrimSpace(r.out) != strings.Join(texts(elements), "\n\n") {
			t.Errorf("text:\n%s", r.out)
		}
	})
	t.Run("isolated", func(t *testing.T) {
		t.Parallel()
		for _, path := range sampleFiles(t) {
			here, apart := run(t, "partition", path).want(t, 0), run(t, "partition", "--isolate", path).want(t, 0)
			if here.out != apart.out || len(decode(t, here.out)) == 0 {
				t.Errorf("%s: a child gives another result:\n%s\n%s", path, here.out, apart.out)
			}
		}
	})
	t.Run("settings", func(t *testing.T) {
		t.Parallel()
		r := run(t, "partition", "--set", "chunking_strategy=basic", "--set", "max_characters=120", "--set", `languages=["eng"]`, memo).want(t, 0)
		for _, e := range decode(t, r.out) {
			if e.Type != "CompositeElement" || len([]rune(e.Text)) > 120 {
				t.Errorf("chunk: %+v", e)
			}
		}
	})
	t.Run("to a file", func(t *testing.T) {
		t.Parallel()
		out := filepath.Join(t.TempDir(), "memo.json")
		if r := run(t, "partition", memo, "--out", out).want(t, 0); r.out != "" {
			t.Errorf("it printed %q", r.out)
		}
		if content, err := os.ReadFile(out); err != nil || string(content) != asJSON.out {
			t.Errorf("the file: %v: %s", err, content)
		}
	})
	t.Run("into a folder", func(t *testing.T) {
		t.Parallel()
		out := t.TempDir()
		run(t, "partition", "--format", "text", memo, "--out", out).want(t, 0)
		if names := below(t, out); !slices.Equal(names, []string{"memo.txt.txt"}) {
			t.Errorf("files: %v", names)
		}
	})
}

// below lists the files of a folder with everything in it.
func below(tb testing.TB, dir string) (names []string) {
	tb.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return names
}

// Of a folder each file becomes a file; one that fails is named, and the others are there.
// The drawing shows each element under its number and type, page by page.
func TestPartitionDraw(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, drawn := filepath.Join(dir, "two pages.pdf"), filepath.Join(dir, "drawn.pdf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := overlay.NewWriter(f) // any PDF with text on two pages
	for _, label := range []string{"Harvest", "The farm sells wheat and the mill grinds it in the autumn."} {
		if err := w.Add(overlay.Page{Width: 400, Height: 300, Marks: []overlay.Mark{{X0: 40, Y0: 90, X1: 300, Y1: 120, Label: label}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	r := run(t, "partition", "--strategy", "fast", "--draw", drawn, path).want(t, 0)
	if r.out != "" {
		t.Errorf("printed %q", r.out)
	}
	read := run(t, "partition", "--strategy", "fast", "--format", "text", drawn).want(t, 0)
	for _, label := range []string{"1 Title", "1 NarrativeText"} {
		if !strings.Contains(read.out, label) {
			t.Errorf("the drawing lacks the label %s:\n%s", label, read.out)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--draw", drawn, dir}, "one file"},
		{[]string{"--draw", drawn, "--out", dir, path}, "--out"},
		{[]string{"--draw", filepath.Join(dir, "drawn.png"), path}, "drawn.pdf"},
		{[]string{"--draw", drawn, "--set", "chunking_strategy=basic", path}, "chunking_strategy"},
	} {
		if r := run(t, append([]string{"partition"}, c.args...)...).want(t, 2); !strings.Contains(r.err, c.want) {
			t.Errorf("%q: %s", c.args, r.err)
		}
	}
}

func TestPartitionFolder(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), filepath.Join(t.TempDir(), "elements")
	for name, content := range map[string]string{
		"a.txt":        "The gate is open.",
		"deep/b.md":    "# Gates\n\nThe gate is closed.",
		"deep/bad.pdf": "%PDF-1.7\nno more",
		".hidden.txt":  "not this one",
		".git/c.txt":   "nor this one",
	} {
		path := filepath.Join(in, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, way := range [][]string{nil, {"--isolate"}} {
		r := run(t, append([]string{"partition", in, "--out", out}, way...)...).want(t, 1)
		if names := below(t, out); !slices.Equal(names, []string{"a.txt.json", "deep/b.md.json"}) {
			t.Errorf("files: %v", names)
		}
		lines := strings.Split(strings.TrimSpace(r.err), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], filepath.Join(in, "deep/bad.pdf")+": ") ||
			!regexp.MustCompile(`^3 files: 2 done, 1 failed, in \d`).MatchString(lines[1]) {
			t.Errorf("it says:\n%s", r.err)
		}
	}
	content, err := os.ReadFile(filepath.Join(out, "deep/b.md.json"))
	if err != nil || !has(decode(t, string(content)), "Title", "Gates") {
		t.Errorf("b.md: %v: %s", err, content)
	}
	r := run(t, "partition", filepath.Join(in, "a.txt"), in+"//a.txt", filepath.Join(in, "deep/b.md"), "--out", t.TempDir()).want(t, 0)
	if !strings.HasPrefix(r.err, "2 files: 2 done, 0 failed, ") {
		t.Errorf("a file that is named twice: %s", r.err)
	}
}

func TestChunk(t *testing.T) {
	t.Parallel()
	report := filepath.Join(samples(t), "report.docx")
	elements := filepath.Join(t.TempDir(), "report.json")
	run(t, "partition", report, "--out", elements).want(t, 0)
	whole := run(t, "chunk", "--set", "max_characters=300", elements).want(t, 0)
	direct := run(t, "partition", "--set", "chunking_strategy=by_title", "--set", "max_characters=300", report).want(t, 0)
	chunks := decode(t, whole.out)
	if !slices.Equal(texts(chunks), texts(decode(t, direct.out))) || len(chunks) < 2 {
		t.Errorf("chunking a file of elements and chunking at once differ:\n%s\n%s", whole.out, direct.out)
	}
	content, err := os.ReadFile(elements)
	if err != nil {
		t.Fatal(err)
	}
	if r := runWith(t, string(content), "chunk", "--set", "max_characters=300", "-").want(t, 0); !slices.Equal(texts(decode(t, r.out)), texts(chunks)) {
		t.Errorf("from standard input:\n%s", r.out)
	}
	out := filepath.Join(t.TempDir(), "chunks.txt")
	run(t, "chunk", "--strategy", "basic", "--format", "text", "--out", out, elements).want(t, 0)
	if text, err := os.ReadFile(out); err != nil || !strings.Contains(string(text), "Northwater Trust") {
		t.Errorf("to a file: %v: %s", err, text)
	}
}

func TestKeysAndWorkspaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(args ...string) []string { return append(args, "--data", dir) }
	if r := run(t, in("workspace", "create", "north")...).want(t, 0); !strings.Contains(r.out, "sluice key create --workspace north") {
		t.Errorf("it says %q", r.out)
	}
	if r := run(t, in("workspace", "create", "north")...).want(t, 1); !strings.Contains(r.err, `"north" already`) {
		t.Errorf("it says %q", r.err)
	}
	if r := run(t, in("key", "create", "ci")...).want(t, 1); !strings.Contains(r.err, `no workspace named "default"; there are: north`) {
		t.Errorf("it says %q", r.err)
	}
	r := run(t, in("key", "create", "--workspace", "north", "--role", "reader", "ci")...).want(t, 0)
	key := strings.TrimSuffix(r.out, "\n")
	if !regexp.MustCompile(`^slc_[\w-]{40,}$`).MatchString(key) || strings.Contains(r.err, key) || !strings.Contains(r.err, "not shown again") {
		t.Errorf("it says %q and %q", r.out, r.err)
	}
	run(t, in("key", "create", "--workspace", "north", "ci")...).want(t, 1)
	list := func() string { return run(t, in("key", "list", "--workspace", "north")...).want(t, 0).out }
	if out := list(); strings.Contains(out, key) || !regexp.MustCompile(`(?m)^ci +slc_\S{4}\.\.\. +reader +\S+Z *$`).MatchString(out) {
		t.Errorf("the list:\n%s", out)
	}
	run(t, in("key", "revoke", "--workspace", "north", "ci")...).want(t, 0)
	if out := list(); !regexp.MustCompile(`(?m)^ci +slc_\S{4}\.\.\. +reader +\S+Z +\S+Z$`).MatchString(out) {
		t.Errorf("the list after the revocation:\n%s", out)
	}
	if r := run(t, in("key", "revoke", "--workspace", "north", "ci")...).want(t, 1); !strings.Contains(r.err, "sluice key list") {
		t.Errorf("it says %q", r.err)
	}
	if r := run(t, in("workspace", "list")...).want(t, 0); !regexp.MustCompile(`(?m)^north +[0-9a-f-]{36} +\S+Z$`).MatchString(r.out) {
		t.Errorf("the workspaces:\n%s", r.out)
	}
	if r := run(t, in("workspace", "delete", "north")...).want(t, 1); !strings.Contains(r.err, "--yes") {
		t.Errorf("it says %q", r.err)
	}
	run(t, in("workspace", "delete", "--yes", "north")...).want(t, 0)
	if r := run(t, in("key", "list")...).want(t, 1); !strings.Contains(r.err, "sluice workspace create default") {
		t.Errorf("it says %q", r.err)
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, "workspace", "create", "north", "--data", dir).want(t, 0)
	r := run(t, "doctor", "--data", dir).want(t, 0)
	for _, line := range []string{"ok +sluice " + version + ", go1", "ok +data folder .* can be written", "ok +PDF engine starts", "ok +database opens, 1 workspaces"} {
		if !regexp.MustCompile("(?m)^" + line).MatchString(r.out) {
			t.Errorf("it lacks %q:\n%s", line, r.out)
		}
	}
	if !regexp.MustCompile(`(?m)^missing +sluice-models\n +nodes with an installed model cannot run, .*make build`).MatchString(r.out) || !strings.Contains(r.out, "no model is installed in ") {
		t.Errorf("it says:\n%s", r.out)
	}
	// What runs models is found beside the program or in the path, and tried.
	bin, installed := t.TempDir(), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "sluice-models"), "github.com/sluicehq/sluice/cmd/sluice-models")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"all-minilm-l6-v2.onnx", "libonnxruntime-1.24.1.so"} {
		if err := os.WriteFile(filepath.Join(installed, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	doctor := func(dir string) string {
		c := command(t.Context(), "doctor", "--data", t.TempDir())
		c.Env = append(c.Env, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "SLUICE_MODELS="+installed)
		return finish(t, c, "").want(t, 0).out
	}
	if out := doctor(bin); !strings.Contains(out, "run by "+filepath.Join(bin, "sluice-models")) || !strings.Contains(out, installed+": sentence-transformers/all-minilm-l6-v2") {
		t.Errorf("it says:\n%s", out)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "sluice-models"), []byte("#!/nowhere\n"), 0o700); err != nil { //nolint:gosec // it is started
		t.Fatal(err)
	}
	if out := doctor(broken); !strings.Contains(out, "does not start here; it needs the C library of GNU") {
		t.Errorf("it says:\n%s", out)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = run(t, "doctor", "--data", file).want(t, 1)
	if !regexp.MustCompile(`(?m)^missing +data folder ` + regexp.QuoteMeta(file) + `.*\n +the server cannot start: .*--data`).MatchString(r.out) {
		t.Errorf("it says:\n%s", r.out)
	}
}
