package output

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
)

func TestPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.pdf": `^a\.pdf\.json$`, "x/a.pdf": `^x/a\.pdf\.json$`, "ü": `^ü\.json$`, "Zoë/世界.txt": `^Zoë/世界\.txt\.json$`,
		// A path that had to change says so, so that it cannot meet another document's.
		"/etc/passwd": `^etc/passwd-[0-9a-f]{8}\.json$`, "../../a": `^a-[0-9a-f]{8}\.json$`,
		"a/./b//c": `^a/b/c-[0-9a-f]{8}\.json$`, `..\..\a`: `^a-[0-9a-f]{8}\.json$`, "a/": `^a-[0-9a-f]{8}\.json$`,
		"..": `^document-[0-9a-f]{8}\.json$`, "a\x00b": `^a_b-[0-9a-f]{8}\.json$`, "a\nb/c": `^a_b-[0-9a-f]{8}/c\.json$`,
		"a\xffb": `^a_b-[0-9a-f]{8}\.json$`, ".sluice-x": `^_sluice-x-[0-9a-f]{8}\.json$`,
	} {
		if got := Path(document.Document{Path: in, Name: "other"}); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := Path(document.Document{Name: "b.txt", Identifier: "c"}); got != "b.txt.json" {
		t.Errorf("a document without a path: %q", got)
	}
	if got := Path(document.Document{Identifier: "c"}); got != "c.json" {
		t.Errorf("a document without a name: %q", got)
	}
	if got := clean(""); got != "document.json" {
		t.Errorf("a document without anything: %q", got)
	}
	long := strings.Repeat("ü", 200)
	a, b := clean(long+"a"), clean(long+"b")
	if a == b || len(a) > MaxName || !strings.HasSuffix(a, ".json") {
		t.Errorf("long names: %d %q", len(a), a)
	}
	seen := map[string]string{}
	for _, p := range []string{"a/b", "a//b", "a/./b", "a/../a/b", "/a/b", "a/b/", `a\b`, "./a/b"} {
		out := clean(p)
		if other, ok := seen[out]; ok {
			t.Errorf("%q and %q share %q", p, other, out)
		}
		seen[out] = p
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"a.pdf", "../../etc/passwd", "/", "a\x00\n", `c:\x\..\y`, ".sluice-1", strings.Repeat("ü", 300), "\xff",
		"a//b/../c/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, p string) {
		got := clean(p)
		if !filepath.IsLocal(filepath.FromSlash(got)) || !strings.HasSuffix(got, ".json") || strings.ContainsRune(got, 0) {
			t.Fatalf("%q becomes %q", p, got)
		}
		for name := range strings.SplitSeq(got, "/") {
			if name == "" || name == "." || name == ".." || len(name) > MaxName || strings.HasPrefix(name, Reserved) {
				t.Fatalf("%q becomes %q", p, got)
			}
		}
	})
}
