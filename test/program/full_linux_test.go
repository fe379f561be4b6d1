package program_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// When the disk of the data folder is full, jobs wait and say so; nothing fails, nothing new is taken on, a stop and a
// start work, and with room the job goes on to its end.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	const files = 600
	disk := smallDisk(t)
	dir := filepath.Join(disk, "data")
	s := serve(t, dir, flags("--workers", "1", "--grace", "2s"))
	key := s.key
	j := s.create(t, letters(files))
	eventually(t, "some files are done", func() bool { return s.details(t, j.ID).Stats[1].Success >= 5 })
	filler := filepath.Join(disk, "filler")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of the last server:\n%s", s.log.String())
		}
	})
	// What the server gives back for a moment, the unfinished code of the PDF engine for one, is taken, too.
	full := func() bool {
		fill(t, filler)
		return strings.Contains(s.log.String(), "the disk is full: jobs wait until there is room")
	}
	eventually(t, "the log says that the disk is full", full)
	check := func() {
		t.Helper()
		if now := s.job(t, j.ID); now.Status != "IN_PROGRESS" {
			t.Errorf("on a full disk the job is %s", now.Status)
		}
		for _, n := range s.details(t, j.ID).Stats {
			if n.Failure != 0 {
				t.Errorf("on a full disk node %s failed %d files", n.Name, n.Failure)
			}
		}
	}
	check()
	if n := strings.Count(s.log.String(), "\n"); n > 20 {
		t.Errorf("a full disk fills the log with %d lines:\n%.2000s", n, s.log.String())
	}
	contentType, body := form(t, partitionAndChunk, letters(3))
	if status, answer := s.send(t, http.MethodPost, "/api/v1/jobs/", contentType, body); status != http.StatusServiceUnavailable ||
		!strings.Contains(string(answer), "disk is full") {
		t.Errorf("a new job on a full disk: %d: %s", status, answer)
	}
	s.stop()
	done := runsIn(t, dir)
	if len(done) >= 2*files {
		t.Fatal("the job had ended before the disk was full")
	}

	s = launch(t, dir)
	eventually(t, "the server starts on a full disk, or says why not", func() bool {
		s.url = after(s.out.String(), "listening on ")
		return s.url != "" || s.ended()
	})
	if s.ended() {
		if status := s.wait(); status != 1 || !strings.Contains(s.log.String(), "make room on the disk") {
			t.Fatalf("the start on a full disk ended with %d: %s", status, s.log.String())
		}
		remove(t, filler)
		s = serve(t, dir)
		s.key = key
	} else {
		s.key = key
		eventually(t, "the log says that the disk is full", full)
		check()
		remove(t, filler)
	}
	j = s.complete(t, j.ID)
	for _, i := range []int{0, files - 1} {
		if len(s.download(t, j, i, 1)) == 0 {
			t.Errorf("file %d gave nothing", i)
		}
	}
	s.complete(t, s.create(t, letters(3)).ID)
	s.stop()
	for r, ended := range runsIn(t, dir) {
		if before, ok := done[r]; ok && before != ended {
			t.Errorf("node %s of file %s ran again", r.node, r.file)
		}
	}
}

// smallDisk is a file system of 64 MB: the journal of the database takes up to 16, the compiled PDF engine 21. Where none may be
// mounted, it is a folder of /dev/shm, if that is small: the containers that forbid mounts have 64 MB of it.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m,mode=0700")
	if err == nil {
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		return dir
	}
	const shared, small = "/dev/shm", 256 << 20
	var fs syscall.Statfs_t
	if e := syscall.Statfs(shared, &fs); e != nil || fs.Blocks*uint64(fs.Bsize) > small {
		t.Skipf("a file system that can be filled is needed: no mount here (%v), and %s is no small one (%v)", err, shared, e)
	}
	dir, err = os.MkdirTemp(shared, "sluice-full-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// fill takes all room of a disk into a file, whose removal gives it back.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 4096; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
