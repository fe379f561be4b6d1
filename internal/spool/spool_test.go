package spool

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, n := range []int{0, 1, 99, 100, 101, 10_000} {
		s := New(dir, 100)
		content := strings.Repeat("0123456789", n/10+1)[:n]
		for at := 0; at < n; at += 7 {
			if _, err := io.WriteString(s, content[at:min(at+7, n)]); err != nil {
				t.Fatal(err)
			}
		}
		c := s.Content()
		got, err := io.ReadAll(io.NewSectionReader(c, 0, s.Size()))
		if err != nil || string(got) != content || s.Size() != int64(n) {
			t.Errorf("%d bytes: read %d, %v; size %d", n, len(got), err, s.Size())
		}
		_, onDisk := c.(syscall.Conn)
		if onDisk != (n > 100) {
			t.Errorf("%d bytes: on disk: %v", n, onDisk)
		}
		if closer, ok := c.(io.Closer); ok {
			if err := closer.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	given := New(dir, 0)
	if _, err := io.WriteString(given, "x"); err != nil {
		t.Fatal(err)
	}
	if err := given.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := io.WriteString(New(filepath.Join(dir, "gone"), 0), "x"); !errors.Is(err, ErrDisk) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// A spool is used again, and its Close leaves alone what File has handed over.
func TestResetAndFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, first := range []string{"short", strings.Repeat("long", 100)} {
		s := New(dir, 100)
		for _, text := range []string{first, "second"} {
			if err := s.Reset(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(s, text); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(s.Reader()); err != nil || string(got) != text {
				t.Errorf("read %q, %v", got, err)
			}
		}
		f := s.File("a.pdf", "application/pdf")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if got, err := f.Bytes(0); err != nil || string(got) != "second" || f.Name != "a.pdf" || f.MIMEType != "application/pdf" {
			t.Errorf("the file %q of type %q holds %q, %v", f.Name, f.MIMEType, got, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
