package sftp

import (
	"context"
	"errors"
	"iter"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	pkg "github.com/pkg/sftp"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/spool"
	"github.com/sluicehq/sluice/internal/testserver/sftpfake"
)

func doc(name string) document.Document {
	return document.Document{Identifier: name, Name: path.Base(name), Path: name}
}

func stream(texts ...string) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, text := range texts {
			if !yield(element.Element{Type: element.Title, ID: text[:1], Text: text}, nil) {
				return
			}
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	p := &place{target: target{user: "reader", host: "files.example.com", port: 22}}
	if got := p.identifier("/srv/in/a b.txt"); got != "9ca3d84b-5d74-5af0-97a0-60cae6de28d4" {
		t.Errorf("identifier %s", got)
	}
	p.target.port = 2222
	if got := p.identifier("/srv/in/a b.txt"); got != "e136f7ce-901a-54a5-970c-5ccd764c7194" {
		t.Errorf("identifier %s", got)
	}

	folder := newFolder(t, fake(t, sftpfake.Options{}), false)
	folder.Put(t, map[string]string{"sub/a #1%.txt": "hello"})
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(folder.dir(), "sub/a #1%.txt"), at, at); err != nil {
		t.Fatal(err)
	}
	config := with(folder.Config(), map[string]any{"recursive": true})
	config["remote_url"] = strings.Replace(config["remote_url"].(string), "sftp://", "sftp://ignored@", 1) + "/"
	s := openSource(t, config)
	full := filepath.Join(folder.dir(), "sub/a #1%.txt")
	want := document.Document{
		Identifier: s.identifier(full), Name: "a #1%.txt", Path: "sub/a #1%.txt", Version: "1772600767-5", Size: 5,
		URL: "sftp://" + folder.address + "/" + full, Modified: at, Cursor: "sub/a #1%.txt",
		RecordLocator: map[string]any{
			"protocol": "sftp", "remote_file_path": "sftp://" + folder.address + "/" + folder.name,
		},
	}
	for d, err := range s.Index(context.Background(), "") {
		if err != nil || !reflect.DeepEqual(d, want) {
			t.Errorf("got  %+v, %v\nwant %+v", d, err, want)
		}
	}
}

// TestWhatIsNoDocument has links, pipes and folders in the place of files.
func TestWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	f := newFolder(t, fake(t, sftpfake.Options{}), false)
	f.Put(t, map[string]string{"a.txt": "a", ".sluice-half": "x", "sub/b.txt": "b", "swapped.txt": "s"})
	outside := t.TempDir()
	for link, to := range map[string]string{"link.txt": "a.txt", "linked": outside} {
		if err := os.Symlink(to, filepath.Join(f.dir(), link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(f.dir(), "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := openSource(t, with(f.Config(), map[string]any{"recursive": true}))
	var listed []string
	for d, err := range s.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, d.Path)
	}
	if want := []string{"a.txt", "sub/b.txt", "swapped.txt"}; !slices.Equal(listed, want) {
		t.Errorf("listed %q", listed)
	}
	linked := openSource(t, with(f.Config(), map[string]any{"remote_url": f.Config()["remote_url"].(string) + "/link.txt"}))
	if err := linked.Check(context.Background()); !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), "name the file itself") {
		t.Errorf("a link to a file: %v", err)
	}
	f.Remove(t, "swapped.txt")
	if err := syscall.Mkfifo(filepath.Join(f.dir(), "swapped.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"swapped.txt", "link.txt", "sub", "gone", "../" + f.name + "/a.txt", "/etc/passwd", "", "a\x00"} {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		file, err := s.Fetch(ctx, doc(name))
		cancel()
		if err == nil {
			file.Close()
		}
		if !errors.Is(err, connector.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	server := real(t)
	if server.password == "" && os.Getuid() == 0 {
		t.Skip("the account on the server is root, who has every right")
	}
	f := newFolder(t, server, true)
	f.Put(t, map[string]string{"a.txt": "a"})
	locked := filepath.Join(f.dir(), "locked")
	if err := os.Mkdir(locked, 0o000); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(f.dir(), "a.txt"), 0o000); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o700) })
	s := openSource(t, f.Config())
	if _, err := s.Fetch(context.Background(), doc("a.txt")); !errors.Is(err, connector.ErrForbidden) ||
		!strings.Contains(err.Error(), "has no right to it") {
		t.Errorf("fetch: %v", err)
	}
	one := openSource(t, with(f.Config(), map[string]any{"remote_url": f.Config()["remote_url"].(string) + "/a.txt"}))
	if err := one.Check(context.Background()); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("check of a file: %v", err)
	}
	d := openDestination(t, with(f.Config(), map[string]any{"remote_url": f.Config()["remote_url"].(string) + "/locked"}))
	if err := d.Check(context.Background()); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("check: %v", err)
	}
	if err := d.Replace(context.Background(), doc("a"), stream("x")); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("write: %v", err)
	}
}

func TestChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	f := newFolder(t, fake(t, sftpfake.Options{}), false)
	name := filepath.Join(f.dir(), "log.txt")
	f.Put(t, map[string]string{"log.txt": "text"})
	s := openSource(t, f.Config())
	c, err := s.session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func() error{
		"grows":   func() error { return os.WriteFile(name, []byte("a longer text"), 0o644) },
		"shrinks": func() error { return os.Truncate(name, 1) },
		"touched": func() error { return os.Chtimes(name, time.Now(), time.Now().Add(time.Hour)) },
	} {
		if err := os.WriteFile(name, []byte(strings.Repeat("text", 100_000)), 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := c.client.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		moment := &transfer{name: name, dir: t.TempDir(), file: file, to: spool.New(t.TempDir(), inMemory)}
		err = moment.rest(context.Background(), c) // as if the change came right after the look at the file
		moment.to.Close()
		if outcome, _ := connector.Classify(err); outcome != connector.Transient || !strings.Contains(err.Error(), "changed while") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestLeftOvers removes what a killed writer left, and nothing that may still be written.
func TestLeftOvers(t *testing.T) {
	t.Parallel()
	f := newFolder(t, fake(t, sftpfake.Options{}), false)
	f.Put(t, map[string]string{"sub/.sluice-old": "[", "sub/.sluice-new": "[", "sub/keep.txt": "k", ".sluice-elsewhere": "["})
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"sub/.sluice-old", "sub/keep.txt", ".sluice-elsewhere"} {
		if err := os.Chtimes(filepath.Join(f.dir(), name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	d := openDestination(t, f.Config())
	if err := d.Replace(context.Background(), doc("sub/a"), stream("x")); err != nil {
		t.Fatal(err)
	}
	want := []string{".sluice-elsewhere", "sub/", "sub/.sluice-new", "sub/a.json", "sub/keep.txt"}
	if got := f.List(t); !slices.Equal(got, want) {
		t.Errorf("left %q", got)
	}
}

// TestCheckMakesNoFolder checks a folder that is not there: a write makes it, a check leaves nothing.
func TestCheckMakesNoFolder(t *testing.T) {
	t.Parallel()
	f := newFolder(t, fake(t, sftpfake.Options{}), false)
	d := openDestination(t, with(f.Config(), map[string]any{"remote_url": f.Config()["remote_url"].(string) + "/x/y"}))
	if err := d.Check(context.Background()); err != nil {
		t.Error(err)
	}
	if got := f.List(t); len(got) != 0 {
		t.Errorf("left %q", got)
	}
	if err := d.Replace(context.Background(), doc("z/a"), stream("x")); err != nil {
		t.Error(err)
	}
	if err := d.Check(context.Background()); err != nil {
		t.Error(err)
	}
	if got, want := f.List(t), []string{"x/", "x/y/", "x/y/z/", "x/y/z/a.json"}; !slices.Equal(got, want) {
		t.Errorf("left %q", got)
	}
	f.Put(t, map[string]string{"file": "x"})
	blocked := openDestination(t, with(f.Config(), map[string]any{"remote_url": f.Config()["remote_url"].(string) + "/file/y"}))
	if err := blocked.Check(context.Background()); err == nil {
		t.Error("a file in the place of a folder passes the check")
	}
}

// TestPlainRename has a server without the extension that replaces a file in one step. It is not parallel: the
// library's list of extensions is one for the process.
func TestPlainRename(t *testing.T) {
	if err := pkg.SetSFTPExtensions("statvfs@openssh.com"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pkg.SetSFTPExtensions("hardlink@openssh.com", "posix-rename@openssh.com", "statvfs@openssh.com"); err != nil {
			t.Error(err)
		}
	}()
	f := newFolder(t, fake(t, sftpfake.Options{}), false)
	d := openDestination(t, f.Config())
	for _, texts := range [][]string{{"a", "b"}, {"c"}, {"d", "e", "f"}} {
		if err := d.Replace(context.Background(), doc("x"), stream(texts...)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range f.Read(t) {
			got = append(got, r.Text)
		}
		if !slices.Equal(got, texts) || len(f.List(t)) != 1 {
			t.Errorf("wrote %q, have %q in %q", texts, got, f.List(t))
		}
	}
}

// TestKilledInReplace kills a writer between the durable new file and its move into place: the old elements stay whole.
func TestKilledInReplace(t *testing.T) {
	t.Parallel()
	const variable = "SLUICE_TEST_SFTP"
	if text := os.Getenv(variable); text != "" {
		at := strings.Split(text, "\n")
		d := openDestination(t, map[string]any{"remote_url": at[0], "username": at[1], "password": at[2], "host_public_key": at[3]})
		t.Fatalf("not killed: %v", d.Replace(context.Background(), doc("sub/a"), stream("new")))
	}
	f := newFolder(t, fake(t, sftpfake.Options{}), false)
	d := openDestination(t, f.Config())
	if err := d.Replace(context.Background(), doc("sub/a"), stream("old")); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledInReplace$")
	child.Env = append(os.Environ(), "SLUICE_FAILPOINT=mid-replace",
		variable+"="+f.Config()["remote_url"].(string)+"\n"+f.user+"\n"+f.password+"\n"+f.hostKey)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	if got := f.Read(t); len(got) != 1 || got[0].Text != "old" || len(f.List(t)) != 3 {
		t.Errorf("left %v in %q", got, f.List(t))
	}
	for _, name := range f.List(t) {
		if strings.Contains(name, ".sluice-") {
			old := time.Now().Add(-time.Hour)
			if err := os.Chtimes(filepath.Join(f.dir(), name), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	next := openDestination(t, f.Config())
	if err := next.Replace(context.Background(), doc("sub/b"), stream("next")); err != nil {
		t.Fatal(err)
	}
	if got, want := f.List(t), []string{"sub/", "sub/a.json", "sub/b.json"}; !slices.Equal(got, want) {
		t.Errorf("left %q", got)
	}
}
