package tree

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// of walks a tree of files in memory, of which every path but the folders' is given.
func of(names ...string) Walk {
	files := fstest.MapFS{}
	for _, n := range names {
		files[n] = &fstest.MapFile{}
	}
	info := func(_ context.Context, name string) (fs.FileInfo, error) { return fs.Stat(files, name) }
	return Walk{Recursive: true, Info: info, List: func(_ context.Context, dir string) ([]Entry, error) {
		found, err := fs.ReadDir(files, path.Join(".", dir))
		var out []Entry
		for _, f := range found {
			out = append(out, Entry{Name: f.Name()})
		}
		slices.Reverse(out) // no order
		return out, err
	}}
}

func walked(t *testing.T, w Walk, after string) []string {
	t.Helper()
	var out []string
	if err := w.Files(context.Background(), after, func(name string, _ fs.FileInfo) bool {
		out = append(out, name)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWalk(t *testing.T) {
	t.Parallel()
	want := []string{"A", "a", "a b", "a!/x", "a-b", "a.b/x", "a/x", "a0", "aa/b/c/d", "aa/b/x", "aa/z", "ä"}
	w := of("a.b/x", "aa/b/c/d", "a-b", "A", "ä", "aa/z", "a0", "a b", "a!/x", "aa/b/x")
	got := walked(t, w, "")
	slices.SortFunc(want, Order)
	if !slices.IsSortedFunc(got, Order) || len(got) != 10 {
		t.Errorf("walked %q", got)
	}
	for i, name := range got {
		if rest := walked(t, w, name); !slices.Equal(rest, got[i+1:]) {
			t.Errorf("after %q: %q, want %q", name, rest, got[i+1:])
		}
	}
	// A cursor whose file, or whose folder, is gone.
	if rest := walked(t, w, "aa/b/c/e"); !slices.Equal(rest, []string{"aa/b/x", "aa/z", "ä"}) {
		t.Errorf("got %q", rest)
	}
	if rest := walked(t, w, "aa/a/gone/x"); !slices.Equal(rest, []string{"aa/b/c/d", "aa/b/x", "aa/z", "ä"}) {
		t.Errorf("got %q", rest)
	}
	w.Recursive = false
	if flat := walked(t, w, ""); !slices.Equal(flat, []string{"A", "a b", "a-b", "a0", "ä"}) {
		t.Errorf("got %q", flat)
	}
}

func TestWalkStops(t *testing.T) {
	t.Parallel()
	w := of("a", "b", "c/d", "e")
	seen := 0
	if err := w.Files(context.Background(), "", func(string, fs.FileInfo) bool { seen++; return seen < 3 }); err != nil ||
		seen != 3 {
		t.Errorf("saw %d, %v", seen, err)
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	seen = 0
	err := w.Files(ctx, "", func(string, fs.FileInfo) bool { seen++; cancel(enough); return true })
	if seen != 1 || !errors.Is(err, enough) {
		t.Errorf("saw %d, %v", seen, err)
	}
	deep := of(strings.Repeat("d/", MaxDepth+2) + "f")
	if err := deep.Files(context.Background(), "", func(string, fs.FileInfo) bool { return true }); err == nil ||
		!strings.Contains(err.Error(), "more than 200 deep") {
		t.Errorf("got %v", err)
	}
}

// fakeInfo is an entry that no file system of the tests gives.
type fakeInfo struct {
	fs.FileInfo
	mode fs.FileMode
}

func (f fakeInfo) IsDir() bool        { return f.mode.IsDir() }
func (f fakeInfo) Mode() fs.FileMode  { return f.mode }
func (f fakeInfo) ModTime() time.Time { return time.Time{} }

func TestWalkLeavesOut(t *testing.T) {
	t.Parallel()
	entry := func(name string, mode fs.FileMode) Entry { return Entry{name, fakeInfo{mode: mode}} }
	goes := func(context.Context, string) (fs.FileInfo, error) { return nil, os.ErrNotExist }
	w := Walk{Recursive: true, Info: goes, List: func(_ context.Context, dir string) ([]Entry, error) {
		if dir != "" {
			return nil, os.ErrNotExist
		}
		return []Entry{entry("link", fs.ModeSymlink), entry("pipe", fs.ModeNamedPipe), entry("\xff", 0), {Name: "gone"},
			entry("folder that is gone", fs.ModeDir), entry("a", 0)}, nil
	}}
	if got := walked(t, w, ""); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
	broken := errors.New("broken")
	w.List = func(context.Context, string) ([]Entry, error) { return []Entry{{Name: "a"}}, nil }
	w.Info = func(context.Context, string) (fs.FileInfo, error) { return nil, broken }
	if err := w.Files(context.Background(), "", nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	w.List = func(context.Context, string) ([]Entry, error) { return nil, os.ErrNotExist }
	if err := w.Files(context.Background(), "", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
