package program_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const chunks = `
workflows:
  - name: docs to chunks
    workflow_nodes:
      - {name: Partitioner, type: partition, subtype: unstructured_api, settings: {strategy: fast}}
      - {name: Chunker, type: chunk, subtype: chunk_by_title, settings: {max_characters: 400}}
`

// write puts a file into a new folder and returns its path.
func write(tb testing.TB, name, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestRunWorkflow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flow := filepath.Join(dir, "flow.yaml")
	for name, content := range map[string]string{
		"flow.yaml": chunks, "docs/a.txt": "One sentence stands here.", "docs/deep/b.md": "# Head\n\nText.", "docs/.git/c.txt": "hidden",
		"docs/broken.docx": "PK\x03\x04broken", "other/[d].txt": "Another one stands here.", "other/d.txt": "Not named.",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "out")
	r := run(t, "run", flow, "--out", out, filepath.Join(dir, "docs"), filepath.Join(dir, "other", "[d].txt")).want(t, 1)
	if !strings.Contains(r.err, filepath.Join("docs", "broken.docx")+": ") || !strings.Contains(r.err, "4 files: 3 done, 1 failed") {
		t.Errorf("it says\n%s", r.err)
	}
	want := []string{"docs/a.txt.json", "docs/deep/b.md.json", "other/[d].txt.json"}
	if got := below(t, out); !slices.Equal(got, want) {
		t.Errorf("written: %v, want %v", got, want)
	}
	text, err := os.ReadFile(filepath.Join(out, "docs", "deep", "b.md.json"))
	if err != nil || !bytes.Contains(text, []byte(`"CompositeElement"`)) {
		t.Errorf("%s %v", text, err)
	}

	// With a data folder the second run reads only what changed.
	data := filepath.Join(dir, "data")
	args := []string{"run", flow, "--data", data, "--out", out, filepath.Join(dir, "other")}
	if r := run(t, args...).want(t, 0); !strings.Contains(r.err, "2 files: 2 done") {
		t.Errorf("first run: %s", r.err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other", "d.txt"), []byte("It has changed since."), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, args...).want(t, 0); !strings.Contains(r.err, "1 files: 1 done") {
		t.Errorf("second run: %s", r.err)
	}
	text, err = os.ReadFile(filepath.Join(out, "d.txt.json"))
	if err != nil || !bytes.Contains(text, []byte("changed since")) {
		t.Errorf("after the change: %s %v", text, err)
	}
}

// A run that was killed is gone on with, and ends complete.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	docs, out := filepath.Join(dir, "docs"), filepath.Join(dir, "out")
	if err := os.Mkdir(docs, 0o700); err != nil {
		t.Fatal(err)
	}
	const n = 300
	for i := range n {
		name := filepath.Join(docs, strings.Repeat("x", i%7+1)+string(rune('a'+i%26))+strings.Repeat("y", i/26)+".txt")
		if err := os.WriteFile(name, []byte("A sentence that stands in this file."), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := len(below(t, docs))
	args := []string{"run", write(t, "flow.yaml", chunks), "--workers", "1", "--data", filepath.Join(dir, "data"), "--out", out, docs}
	c := command(t.Context(), args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a first output", func() bool {
		_, err := os.Stat(out)
		return err == nil && len(below(t, out)) > 0
	})
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	r := run(t, args...).want(t, 0)
	if got := below(t, out); len(got) != files {
		t.Errorf("%d of %d files are written; it says %s", len(got), files, r.err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	flow := write(t, "flow.yaml", chunks)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{flow}, "has no source; name files or folders behind the file"},
		{[]string{flow, flow}, "has no destination; name a folder with --out DIR"},
		{[]string{flow, "nowhere", "--out", "out"}, "nowhere: no such file or folder"},
		{[]string{"nowhere.yaml"}, "nowhere.yaml: no such file"},
		{[]string{flow, flow, "--out", "out", "--workflow", "other"}, `no workflow named "other"`},
		{[]string{write(t, "bad.yaml", strings.Replace(chunks, "unstructured_api", "magic", 1)), flow, "--out", "out"}, "workflow_nodes.0.subtype"},
		{[]string{write(t, "two.yaml", "sources: [{name: s, type: s3, config: {remote_url: 'ftp://x'}}]"+chunks), "--workflow", "x"}, "no workflow named"},
	} {
		if r := run(t, append([]string{"run"}, c.args...)...).want(t, 1); !strings.Contains(r.err, c.want) || strings.Contains(r.err, "panic") {
			t.Errorf("%v: %s", c.args, r.err)
		}
	}
}

const setUp = `
sources:
  - name: reports
    type: s3
    config: {remote_url: "s3://reports/", key: id, secret: "${THE_SECRET}"}
destinations:
  - name: folder
    type: local
    config: {path: /srv/out}
workflows:
  - name: nightly
    sources: [reports]
    destinations: [folder]
    schedule: "30 2 * * *"
    workflow_nodes:
      - {name: Partitioner, type: partition, subtype: unstructured_api}
      - {name: Chunker, type: chunk, subtype: chunk_by_title, settings: {max_characters: 700}}
  - name: by hand
    template_id: hi_res_partition
`

// sluice runs a command line against the server.
func (s *server) sluice(t *testing.T, in string, args ...string) result {
	t.Helper()
	c := command(t.Context(), args...)
	c.Env = append(c.Env, "SLUICE_SERVER="+s.url, "SLUICE_API_KEY="+s.key, "THE_SECRET=s3cr3t-1", "SLUICE_SOURCE_REPORTS_SECRET=s3cr3t-2", "SLUICE_SOURCE_REPORTS_KEY=s3cr3t-3")
	return finish(t, c, in)
}

func finish(t *testing.T, c *exec.Cmd, in string) result {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(in), &out, &errs
	err := c.Run()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

func TestApplyExport(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	first := s.sluice(t, setUp, "apply", "-f", "-").want(t, 0)
	created := regexp.MustCompile(`(?m)^(source|destination|workflow) "[^"]+": created, [0-9a-f-]{36}$`)
	if len(created.FindAllString(first.out, -1)) != 4 {
		t.Errorf("it says\n%s", first.out)
	}
	again := s.sluice(t, setUp, "apply", "-f", "-").want(t, 0)
	for _, line := range []string{`source "reports": updated`, `destination "folder": unchanged`, `workflow "nightly": unchanged`, `workflow "by hand": unchanged`} {
		if !strings.Contains(again.out, line) {
			t.Errorf("applied again it lacks %s:\n%s", line, again.out)
		}
	}

	// A type may be called by another of its names.
	vectors := "destinations: [{name: vectors, type: %s, config: {url: 'https://q.example', api_key: k, collection_name: c}}]"
	names := serve(t, t.TempDir())
	for i, kind := range []string{"qdrant-cloud", "qdrant", "Qdrant_Cloud"} {
		done := []string{"created", "updated", "updated"}[i]
		if r := names.sluice(t, fmt.Sprintf(vectors, kind), "apply", "-f", "-").want(t, 0); !strings.Contains(r.out, `destination "vectors": `+done) {
			t.Errorf("%s: %s", kind, r.out)
		}
	}

	exported := s.sluice(t, "", "export").want(t, 0).out
	for _, line := range []string{"#   SLUICE_SOURCE_REPORTS_SECRET\n", "secret: ${SLUICE_SOURCE_REPORTS_SECRET}\n", "schedule: 30 2 * * *\n", "max_characters: 700\n", "- reports\n"} {
		if !strings.Contains(exported, line) {
			t.Errorf("exported without %q:\n%s", line, exported)
		}
	}
	if strings.Contains(exported, "s3cr3t") || strings.Contains(exported, "**") && !strings.Contains(exported, "2 * * *") {
		t.Errorf("exported:\n%s", exported)
	}
	if part := s.sluice(t, "", "export", "--workflow", "by hand").want(t, 0).out; strings.Contains(part, "reports") || !strings.Contains(part, "by hand") {
		t.Errorf("a part:\n%s", part)
	}

	// What was exported makes another server the same.
	other := serve(t, t.TempDir())
	moved := other.sluice(t, exported, "apply", "-f", "-").want(t, 0)
	if len(created.FindAllString(moved.out, -1)) != 4 {
		t.Errorf("moved:\n%s", moved.out)
	}
	if got := other.sluice(t, "", "export").want(t, 0).out; got != exported {
		t.Errorf("the other server exports\n%s\nnot\n%s", got, exported)
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	s.sluice(t, setUp, "apply", "-f", "-").want(t, 0)
	for _, c := range []struct{ in, want string }{
		{"sources: [{name: reports, type: gcs, config: {remote_url: 'gs://x/'}}]", `source "reports": it is of type s3 on the server, and a type never changes`},
		{"workflows: [{name: x, sources: [nothing], workflow_nodes: []}]", `workflow "x": there is no source named "nothing"`},
		{"workflows: [{name: x, schedule: sometimes, sources: [reports], workflow_nodes: []}]", `workflow "x": schedule: Input should be`},
		{"sources: [{name: x, type: s3, config: {secret: '${NOT_SET}'}}]", "the environment has no NOT_SET (line 1)"},
	} {
		if r := s.sluice(t, c.in, "apply", "-f", "-").want(t, 1); !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %s", c.in, r.err)
		}
	}
	key := s.key
	s.key = "wrong"
	if r := s.sluice(t, setUp, "apply", "-f", "-").want(t, 1); !strings.Contains(r.err, "does not know this key") {
		t.Errorf("a wrong key: %s", r.err)
	}
	s.key = ""
	if r := s.sluice(t, setUp, "apply", "-f", "-").want(t, 1); !strings.Contains(r.err, "set SLUICE_API_KEY") {
		t.Errorf("no key: %s", r.err)
	}
	s.key = key
	s.stop()
	begin := time.Now()
	if r := s.sluice(t, setUp, "apply", "-f", "-").want(t, 1); !strings.Contains(r.err, "cannot reach the server at http://") || time.Since(begin) > time.Minute {
		t.Errorf("no server: %s", r.err)
	}
}
