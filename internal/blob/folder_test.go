package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

func openTemp(tb testing.TB) (Store, string) {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "outputs")
	s, err := Open(context.Background(), "file://"+dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s, dir
}

// A blob whose reader fails, or whose context ends, leaves nothing behind and does not touch an older one.
func TestPutFails(t *testing.T) {
	t.Parallel()
	s, dir := openTemp(t)
	ctx := context.Background()
	if _, _, err := s.Put(ctx, "w/j/f/a", strings.NewReader("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if _, _, err := s.Put(ctx, "w/j/f/a", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("failing reader: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := s.Put(canceled, "w/j/f/b", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	full := &fs.PathError{Op: "write", Path: "/secret", Err: syscall.ENOSPC}
	_, _, err := s.Put(ctx, "w/j/f/c", iotest.ErrReader(full))
	if !errors.Is(err, ErrFull) || strings.Contains(err.Error(), "/secret") {
		t.Errorf("full disk: %v", err)
	}
	if got, err := s.Get(ctx, "w/j/f/a", 0); err != nil || string(got) != "old" {
		t.Errorf("the older blob is %q, %v", got, err)
	}
	if got := list(t, dir); len(got) != 1 {
		t.Errorf("files left: %v", got)
	}
}

func list(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestHostileKeys(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, dir := openTemp(t)
	outside := filepath.Join(filepath.Dir(dir), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 400)
	keys := []string{"../outside", "w/../../outside", ".tmp/x", "w/./f", "w/a b", "w/a%20b", "w/ü", "w/a\\b", "w/a\x00b", "w/CON:",
		"w/" + long + "1", "w/" + long + "2", "w/a.", "w/.a", "w/a.b"}
	for i, key := range keys {
		if _, _, err := s.Put(ctx, key, strings.NewReader(fmt.Sprint(i))); err != nil {
			t.Errorf("Put(%q): %v", key, err)
		}
	}
	for i, key := range keys {
		if b, err := s.Get(ctx, key, 0); err != nil || string(b) != fmt.Sprint(i) {
			t.Errorf("Get(%q) = %q, %v; want %d", key, b, err, i)
		}
	}
	if b, err := os.ReadFile(outside); err != nil || string(b) != "secret" {
		t.Errorf("the file outside is %q, %v", b, err)
	}
	for _, key := range []string{"", "/", "/etc/passwd", "w//f", "w/"} {
		if _, _, err := s.Put(ctx, key, strings.NewReader("x")); err == nil {
			t.Errorf("Put(%q) was taken", key)
		}
	}
}

// A link that leads out of the folder is not followed.
func TestLinkOut(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, dir := openTemp(t)
	secret := t.TempDir()
	if err := os.WriteFile(filepath.Join(secret, "f"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "w")); err != nil {
		t.Skip(err)
	}
	if b, err := s.Get(ctx, "w/f", 0); err == nil {
		t.Errorf("read %q through the link", b)
	}
	if _, _, err := s.Put(ctx, "w/g", strings.NewReader("x")); err == nil {
		t.Error("wrote through the link")
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, temporary), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old": 2 * staleAfter, "new": time.Minute} {
		path := filepath.Join(dir, temporary, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := list(t, dir); len(got) != 1 || filepath.Base(got[0]) != "new" {
		t.Errorf("left: %v", got)
	}
}

func TestOpenURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"file://host/x", "file://", "://", "gs://bucket", "s3://", "s3://key:s3cret@bucket", "s3://bucket?endpoint=localhost:9000",
		"s3://bucket?endpoint=http://a:b@host", "s3://bucket?use_path_style=maybe", "s3://bucket?profile=x",
	} {
		s, err := Open(context.Background(), bad)
		if err == nil {
			s.Close()
			t.Errorf("Open(%q) was taken", bad)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Open(%q): %v", bad, err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	content := bytes.Repeat([]byte("x"), 1024)
	for _, writers := range []int{1, 8} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s, _ := openTemp(b)
			var next atomic.Int64
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for {
						i := next.Add(1)
						if i > int64(b.N) {
							return
						}
						if _, _, err := s.Put(context.Background(), fmt.Sprintf("w/j/file-%d/input", i), bytes.NewReader(content)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
		})
	}
}
