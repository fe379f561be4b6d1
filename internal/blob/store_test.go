package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// conform is what every store must do. open gives an empty one.
func conform(t *testing.T, open func(*testing.T) Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Store){
		"put and read": putAndRead, "not found": notFound, "delete a prefix": deletePrefix, "concurrent": concurrent, "list": listBlobs,
		"keys": anyKeys, "large": largeBlob, "failing put": failingPut, "ping": pingLeavesNothing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	conform(t, func(t *testing.T) Store {
		s, _ := openTemp(t)
		return s
	})
}

func putAndRead(t *testing.T, s Store) {
	ctx := context.Background()
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
	if _, err := s.Get(ctx, key, int64(len(content))-1); err == nil || !strings.Contains(err.Error(), "allowed") {
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
	if size, hash, err := s.Put(ctx, "w/j/f/empty", strings.NewReader("")); err != nil || size != 0 || !strings.HasPrefix(hash, "e3b0c442") {
		t.Errorf("an empty blob: %d, %q, %v", size, hash, err)
	}
	if got, err := s.Get(ctx, "w/j/f/empty", 1); err != nil || len(got) != 0 {
		t.Errorf("an empty blob: %q, %v", got, err)
	}
}

func notFound(t *testing.T, s Store) {
	ctx := context.Background()
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
	for range 2 {
		if err := s.Delete(ctx, "w/j/f/a"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Get(ctx, "w/j/f/a", 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its removal: %v", err)
	}
}

func deletePrefix(t *testing.T, s Store) {
	ctx := context.Background()
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

// Readers see the old blob or the new one, and writers into a folder that is deleted under them succeed.
func concurrent(t *testing.T, s Store) {
	ctx := context.Background()
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
				_, _, err := s.Put(ctx, fmt.Sprintf("w/gone/%d/%d", i, k%3), bytes.NewReader(a))
				if err != nil && !strings.Contains(err.Error(), "ExistingObjectIsDirectory") { // versitygw, of a folder that it removes
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

func listBlobs(t *testing.T, s Store) {
	ctx := context.Background()
	for _, key := range []string{"w/j/f/a", "w/j/f/b", "w/j/g/a", "w/j2/f/a", "other/x"} {
		if _, _, err := s.Put(ctx, key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string][]string{
		"w/": {"j", "j2"}, "w/j/": {"f", "g"}, "w/j/f/": {"a", "b"}, "nobody/": nil, "w/j/f/a/": nil,
	} {
		got, err := s.List(ctx, prefix)
		slices.Sort(got)
		if err != nil && prefix != "w/j/f/a/" || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", prefix, got, err, want)
		}
	}
	if _, err := s.List(ctx, "w"); err == nil {
		t.Error("a prefix without a slash was taken")
	}
}

// anyKeys has keys that two blobs must not share.
func anyKeys(t *testing.T, s Store) {
	ctx := context.Background()
	long := strings.Repeat("x", 400)
	keys := []string{"../outside", "w/../../outside", ".tmp/x", "w/./f", "w/a b", "w/a%20b", "w/a+b", "w/ü", "w/a\\b", "w/a\x00b", "w/CON:",
		"w/" + long + "1", "w/" + long + "2", "w/a.", "w/.a", "w/a.b", "w/A.b"}
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
	for _, key := range []string{"", "/", "/etc/passwd", "w//f", "w/"} {
		if _, _, err := s.Put(ctx, key, strings.NewReader("x")); err == nil {
			t.Errorf("Put(%q) was taken", key)
		}
		if _, err := s.Get(ctx, key, 0); err == nil {
			t.Errorf("Get(%q) was answered", key)
		}
	}
}

// largeBlob is larger than what an object store sends at once and what it holds in memory.
func largeBlob(t *testing.T, s Store) {
	ctx := context.Background()
	content := bytes.Repeat([]byte("0123456789abcdef"), 20<<16) // 20 MiB
	sum := sha256.Sum256(content)
	size, hash, err := s.Put(ctx, "w/j/f/large", bytes.NewReader(content))
	if err != nil || size != int64(len(content)) || hash != hex.EncodeToString(sum[:]) {
		t.Fatalf("Put = %d, %q, %v", size, hash, err)
	}
	f, err := s.File(ctx, "w/j/f/large")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := f.(syscall.Conn); !ok {
		t.Error("a large blob has no descriptor")
	}
	got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("File gave %d bytes, %v", len(got), err)
	}
}

// failingPut leaves nothing of a blob whose reader fails or whose context ends, and does not touch an older one.
func failingPut(t *testing.T, s Store) {
	ctx := context.Background()
	if _, _, err := s.Put(ctx, "w/j/f/a", strings.NewReader("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for _, n := range []int{4, 12 << 20} {
		half := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(broken))
		if _, _, err := s.Put(ctx, "w/j/f/a", half); !errors.Is(err, broken) {
			t.Errorf("a reader that fails after %d bytes: %v", n, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := s.Put(ended, "w/j/f/b", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
	if got, err := s.Get(ctx, "w/j/f/a", 0); err != nil || string(got) != "old" {
		t.Errorf("the older blob is %q, %v", got, err)
	}
	if names, err := s.List(ctx, "w/j/f/"); err != nil || !slices.Equal(names, []string{"a"}) {
		t.Errorf("there are %q, %v", names, err)
	}
}

func pingLeavesNothing(t *testing.T, s Store) {
	ctx := context.Background()
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if o, ok := s.(*objects); ok {
		names := 0
		err := o.pages(ctx, o.prefix, false, func(page *s3.ListObjectsV2Output) error {
			names += len(page.Contents)
			return nil
		})
		if err != nil || names != 0 {
			t.Errorf("%d objects are left, %v", names, err)
		}
	}
}
