package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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

func TestPutAndRead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := openTemp(t)
	content := strings.Repeat("0123456789", 10_000)
	sum := sha256.Sum256([]byte(content))
	key := Output("w", "j", "f", "node")
	size, hash, err := s.Put(ctx, key, strings.NewReader(content))
	if err != nil || size != int64(len(content)) || hash != hex.EncodeToString(sum[:]) {
		t.Fatalf("Put = %d, %q, %v", size, hash, err)
	}
	r, err := s.Open(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	r.Close()
	if err != nil || string(got) != content {
		t.Errorf("Open gave %d bytes, %v", len(got), err)
	}
	if got, err := s.Get(ctx, key, 0); err != nil || string(got) != content {
		t.Errorf("Get gave %d bytes, %v", len(got), err)
	}
	if got, err := s.Get(ctx, key, int64(len(content))); err != nil || string(got) != content {
		t.Errorf("Get at the limit gave %d bytes, %v", len(got), err)
	}
	if _, err := s.Get(ctx, key, int64(len(content))-1); err == nil || !strings.Contains(err.Error(), "100000 bytes") {
		t.Errorf("Get above the limit: %v", err)
	}
	f, err := s.File(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 5)
	if n, err := f.ReadAt(b, 99_995); n != 5 || err != nil && !errors.Is(err, io.EOF) || string(b) != "56789" || f.Size() != 100_000 {
		t.Errorf("ReadAt = %d %q %v, size %d", n, b, err, f.Size())
	}

	if _, _, err := s.Put(ctx, key, strings.NewReader("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(ctx, key, 0); err != nil || string(got) != "new" {
		t.Errorf("after a second Put: %q, %v", got, err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := openTemp(t)
	if _, _, err := s.Put(ctx, "w/j/f/a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"w/j/f/b", "w/j/f", "w/other", "w/j/f/a/below"} {
		if _, err := s.Open(ctx, key); !errors.Is(err, ErrNotFound) {
			t.Errorf("Open(%s): %v", key, err)
		}
		if _, err := s.Get(ctx, key, 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%s): %v", key, err)
		}
		if _, err := s.File(ctx, key); !errors.Is(err, ErrNotFound) {
			t.Errorf("File(%s): %v", key, err)
		}
	}
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

func TestDeletePrefix(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := openTemp(t)
	for _, key := range []string{"w/j/f/a", "w/j/f/b", "w/j/g/a", "w/j2/f/a"} {
		if _, _, err := s.Put(ctx, key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	open, err := s.Open(ctx, "w/j/f/a")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := s.DeletePrefix(ctx, JobPrefix("w", "j")); err != nil {
		t.Fatal(err)
	}
	if err := s.DeletePrefix(ctx, JobPrefix("w", "j")); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if b, err := io.ReadAll(open); err != nil || string(b) != "x" {
		t.Errorf("an open blob after its removal: %q, %v", b, err)
	}
	for key, want := range map[string]bool{"w/j/f/a": false, "w/j/f/b": false, "w/j/g/a": false, "w/j2/f/a": true} {
		if _, err := s.Get(ctx, key, 0); (err == nil) != want {
			t.Errorf("%s: %v", key, err)
		}
	}
	// A folder that is known and gone is made again.
	if _, _, err := s.Put(ctx, "w/j/f/a", strings.NewReader("again")); err != nil {
		t.Error(err)
	}
	if err := s.DeletePrefix(ctx, "w/j"); err == nil {
		t.Error("a prefix without a slash was taken")
	}
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

// Readers see the old blob or the new one, and writers into a folder that is deleted under them succeed.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := openTemp(t)
	a, b := bytes.Repeat([]byte("a"), 4096), bytes.Repeat([]byte("b"), 8192)
	if _, _, err := s.Put(ctx, "w/j/f/n", bytes.NewReader(a)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for k := range 50 {
				if _, _, err := s.Put(ctx, "w/j/f/n", bytes.NewReader([][]byte{a, b}[(i+k)%2])); err != nil {
					t.Error(err)
				}
				if _, _, err := s.Put(ctx, fmt.Sprintf("w/gone/%d/%d", i, k%3), bytes.NewReader(a)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 100 {
				got, err := s.Get(ctx, "w/j/f/n", 0)
				if err != nil || !bytes.Equal(got, a) && !bytes.Equal(got, b) {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 30 {
			if err := s.DeletePrefix(ctx, "w/gone/"); err != nil && !errors.Is(err, syscall.ENOTEMPTY) {
				t.Error(err)
			}
		}
	})
	wg.Wait()
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
	for _, bad := range []string{"s3://bucket", "file://host/x", "file://", "://"} {
		if s, err := Open(context.Background(), bad); err == nil {
			s.Close()
			t.Errorf("Open(%q) was taken", bad)
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
