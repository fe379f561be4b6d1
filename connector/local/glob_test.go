package local

import (
	"strings"
	"testing"
	"time"
)

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, file string
		want          bool
	}{
		{"*.pdf", "a/b/c.pdf", true},
		{"*.pdf", "c.pdfx", false},
		{"a/*.pdf", "a/c.pdf", true},
		{"a/*.pdf", "a/b/c.pdf", false},
		{"a/**", "a/b/c.pdf", true},
		{"a/**", "a", true},
		{"a/**", "b/a", false},
		{"./*.pdf", "c.pdf", true},
		{"./*.pdf", "a/c.pdf", false},
		{"././**", "a/c.pdf", true},
		{"**/c.pdf", "c.pdf", true},
		{"**/c.pdf", "a/b/c.pdf", true},
		{"a/**/b/*", "a/x/y/b/c", true},
		{"a/**/b/*", "a/b/c", true},
		{"a/**/b/*", "a/x/c", false},
		{`a\[1\]\*/x`, "a[1]*/x", true},
	} {
		g, err := newGlob(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.matches(c.file); got != c.want {
			t.Errorf("%s on %s: %t", c.pattern, c.file, got)
		}
	}
}

func TestGlobReaches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, dir string
		want         bool
	}{
		{"*.pdf", "a/b", true},
		{"a/*.pdf", "", true},
		{"a/*.pdf", "a", true},
		{"a/*.pdf", "b", false},
		{"a/*.pdf", "a/b", false},
		{"a/**", "a/b/c", true},
		{"**/x/y", "a/b/c", true},
	} {
		g, err := newGlob(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.reaches(c.dir); got != c.want {
			t.Errorf("%s below %s: %t", c.pattern, c.dir, got)
		}
	}
}

// A pattern that would take ages by trying must end.
func TestGlobHostile(t *testing.T) {
	t.Parallel()
	g, err := newGlob(strings.Repeat("**/a/", 50) + "b")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool, 1)
	go func() { done <- g.matches(strings.Repeat("a/", 500) + "c") }()
	select {
	case matched := <-done:
		if matched {
			t.Error("it matches")
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
}
