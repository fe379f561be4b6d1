package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// TestKilledInReplace kills a writer between the durable new file and its move into place: the old elements stay whole,
// and the next writer leaves nothing of it.
func TestKilledInReplace(t *testing.T) {
	const folder = "SLUICE_TEST_FOLDER"
	doc := document.Document{Name: "a.txt", Path: "sub/a.txt"}
	fresh := element.Element{Type: element.Title, ID: "1", Text: "new"}
	if dir := os.Getenv(folder); dir != "" {
		d := openDestination(t, dir, dir)
		t.Fatalf("not killed: %v", d.Replace(context.Background(), doc, stream(fresh)))
	}
	dir := t.TempDir()
	d := openDestination(t, dir, dir)
	if err := d.Replace(context.Background(), doc,
		stream(element.Element{Type: element.Title, ID: "1", Text: "old"})); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)["sub/a.txt.json"]

	child := exec.Command(os.Args[0], "-test.run=^TestKilledInReplace$")
	child.Env = append(os.Environ(), "SLUICE_FAILPOINT=mid-replace", folder+"="+dir)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	left := files(t, dir)
	if len(left) != 2 || left["sub/a.txt.json"] != before {
		t.Fatalf("left %v", left)
	}
	s := openSource(t, dir, map[string]any{"path": dir, "recursive": true})
	if listed := names(t, s, ""); len(listed) != 1 {
		t.Errorf("the source lists %v", listed)
	}

	next := openDestination(t, dir, filepath.Join(dir, "."))
	if err := next.Replace(context.Background(), doc, stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if after := files(t, dir); len(after) != 1 || !strings.Contains(after["sub/a.txt.json"], "new") {
		t.Errorf("left %v", after)
	}
}

// TestAbandoned has unfinished files of several processes: of this machine those that run no more, of others old ones.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	here, elsewhere := tempPrefix+machine()+"-", tempPrefix+"0badcafe-"
	dir := t.TempDir()
	want := map[string]string{"a.json": "[]"}
	for name, c := range map[string]struct {
		age   time.Duration
		stays bool
	}{
		fmt.Sprintf("%s%d-X-1", here, dead.Process.Pid): {0, false},
		fmt.Sprintf("%s%d-X-2", here, os.Getppid()):     {time.Minute, true},
		fmt.Sprintf("%s%d-X-3", here, os.Getppid()):     {time.Hour, false},
		elsewhere + "1-X-4":                             {time.Minute, true},
		elsewhere + "1-X-5":                             {time.Hour, false},
		tempPrefix + "odd":                              {time.Minute, true},
		unfinished + "own":                              {time.Hour, true},
		"keep.txt":                                      {time.Hour, true},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-c.age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		if c.stays {
			want[name] = "x"
		}
	}
	d := openDestination(t, dir, dir)
	if err := d.Replace(context.Background(), document.Document{Name: "a"}, stream()); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); !maps.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}
