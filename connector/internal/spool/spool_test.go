package spool

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "memory": Memory, "file": Memory + 1, "large": 3*Memory + 17} {
		dir := t.TempDir()
		want := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		s := New(dir)
		for chunk := want; len(chunk) > 0; {
			n, err := s.Write(chunk[:min(100_000, len(chunk))])
			if err != nil {
				t.Fatal(err)
			}
			chunk = chunk[n:]
		}
		for range 2 {
			if got, err := io.ReadAll(s.Reader()); err != nil || !bytes.Equal(got, want) || s.Size() != int64(size) {
				t.Errorf("%s: read %d of %d bytes, %v", name, len(got), size, err)
			}
		}
		f := s.File("a.pdf", "application/pdf")
		if f.Size != int64(size) || f.Name != "a.pdf" || f.MIMEType != "application/pdf" {
			t.Errorf("%s: %+v", name, f)
		}
		if got, err := f.Bytes(0); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: file has %d bytes, %v", name, len(got), err)
		}
		if _, err := f.SyscallConn(); (err == nil) != (size > Memory) {
			t.Errorf("%s: descriptor: %v", name, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"short", strings.Repeat("long", Memory)} {
		s := New(t.TempDir())
		defer s.Close()
		for _, text := range []string{first, "second"} {
			if err := s.Reset(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(s, text); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(s.Reader()); err != nil || string(got) != text {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
		}
	}
}

func TestNoFolder(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir() + "/gone")
	_, err := s.Write(make([]byte, Memory+1))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "gone") {
		t.Errorf("the error names a folder of the machine: %v", err)
	}
}
