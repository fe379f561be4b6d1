package sftp

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	pkg "github.com/pkg/sftp"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/testserver/sftpfake"
)

// fullDisk is a server whose files take no bytes, and which says how many blocks it has left.
type fullDisk struct {
	pkg.Handlers
	left uint64
}

func (f fullDisk) Filewrite(*pkg.Request) (io.WriterAt, error) { return f, nil }

func (fullDisk) WriteAt([]byte, int64) (int, error) { return 0, pkg.ErrSSHFxFailure }

func (f fullDisk) Filecmd(r *pkg.Request) error { return f.FileCmd.Filecmd(r) }

func (f fullDisk) StatVFS(*pkg.Request) (*pkg.StatVFS, error) {
	return &pkg.StatVFS{Bsize: 4096, Frsize: 4096, Bavail: f.left}, nil
}

// TestFullDisk tells a server without room, which may have some later, from one that refuses.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for left, want := range map[uint64]struct {
		outcome connector.Outcome
		text    string
	}{0: {connector.Transient, "no space is left on the server"}, 1 << 20: {connector.Permanent, "refuses it (SFTP status 4)"}} {
		f := sftpfake.Start(t, sftpfake.Options{Serve: func(c io.ReadWriteCloser) {
			disk := fullDisk{pkg.InMemHandler(), left}
			_ = pkg.NewRequestServer(c, pkg.Handlers{FileGet: disk.FileGet, FilePut: disk, FileCmd: disk, FileList: disk.FileList}).Serve()
		}})
		d := openDestination(t, map[string]any{"remote_url": "sftp://" + f.Address + "//out", "username": f.User,
			"password": f.Password, "host_public_key": f.HostKey})
		err := d.Replace(context.Background(), doc("a"), stream(strings.Repeat("x", 100_000)))
		if outcome, _ := connector.Classify(err); outcome != want.outcome || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%d blocks left: %s, %v", left, outcome, err)
		}
	}
}

// TestNoRoomForTemporaryFiles has no folder for them.
func TestNoRoomForTemporaryFiles(t *testing.T) {
	t.Parallel()
	f := newFolder(t, fake(t, sftpfake.Options{}), false)
	f.Put(t, map[string]string{"large.txt": strings.Repeat("x", 2<<20)})
	e := env(t)
	if err := os.Remove(e.TempDir); err != nil {
		t.Fatal(err)
	}
	s, err := connector.OpenSource(Type, f.Config(), e)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Fetch(context.Background(), doc("large.txt")); err == nil || !strings.Contains(err.Error(), "temporary file") {
		t.Errorf("got %v", err)
	}
}
