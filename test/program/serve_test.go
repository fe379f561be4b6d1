package program_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An empty place becomes an installation, with a first key that is shown once and with the lines that a user needs next.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := serve(t, dir)
	if !strings.HasPrefix(s.url, "http://127.0.0.1:") {
		t.Errorf("it listens on %q", s.url)
	}
	if !strings.HasPrefix(s.key, "slc_") || len(s.key) < 40 {
		t.Fatalf("the first key is %q", s.key)
	}
	for _, line := range []string{
		fmt.Sprintf("UnstructuredClient(server_url=%q, api_key_auth=%q)", s.url, s.key),
		fmt.Sprintf("curl -H 'unstructured-api-key: %s' %s/api/v1/templates", s.key, s.url),
		s.url + "/docs",
	} {
		if strings.Count(s.out.String(), line+"\n") != 1 {
			t.Errorf("the greeting lacks the line %s:\n%s", line, s.out.String())
		}
	}
	if strings.Contains(s.log.String(), s.key) {
		t.Error("the key is in the log")
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder: %v, %v", info.Mode(), err)
	}
	for _, name := range []string{"sluice.db", "keyset.json"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{"/api/v1/templates", "/docs", "/healthcheck", "/openapi.json"} {
		if status, _ := s.send(t, http.MethodGet, path, "", nil); status != http.StatusOK {
			t.Errorf("GET %s: status %d", path, status)
		}
	}
	key := s.key
	s.stop()
	if !strings.Contains(s.log.String(), "msg=stopping") || strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("the log of a clean stop:\n%s", s.log.String())
	}

	again := serve(t, dir)
	if out := again.out.String(); out != "listening on "+again.url+"\n" {
		t.Errorf("the second start prints\n%s", out)
	}
	again.key = key
	if status, body := again.send(t, http.MethodGet, "/api/v1/templates", "", nil); status != http.StatusOK {
		t.Errorf("the first key after a restart: status %d: %s", status, body)
	}
	if status := again.signal(syscall.SIGINT); status != 0 {
		t.Errorf("an interrupt ends the server with status %d", status)
	}
}

// A start that fails must not use up the first key.
func TestTakenAddress(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	s := launch(t, dir, flags("--addr", l.Addr().String()))
	if status := s.wait(); status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	for _, words := range []string{"cannot listen on " + l.Addr().String(), "address already in use", "--addr"} {
		if !strings.Contains(s.log.String(), words) {
			t.Errorf("the error does not say %q: %s", words, s.log.String())
		}
	}
	if out := s.out.String(); out != "" {
		t.Errorf("it printed %q", out)
	}
	if s := serve(t, dir); s.key == "" {
		t.Error("the first key was lost")
	}
}

// Only one server works on a folder; the other says so before it says that it listens.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := serve(t, dir)
	second := launch(t, dir)
	if status := second.wait(); status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	for _, words := range []string{"another sluice server works on the data folder " + dir, "--data"} {
		if !strings.Contains(second.log.String(), words) {
			t.Errorf("the error does not say %q: %s", words, second.log.String())
		}
	}
	if out := second.out.String(); out != "" {
		t.Errorf("the second server printed %q", out)
	}
	first.complete(t, first.create(t, uploads(t, filepath.Join(samples(t), "memo.txt"))).ID)
	first.stop()
}

// letters are n small files that say different things.
func letters(n int) []upload {
	files := make([]upload, n)
	for i := range files {
		files[i] = upload{
			fmt.Sprintf("letter%03d.txt", i),
			fmt.Appendf(nil, "Letter number %d\n\nThe keeper opened gate %d in the morning and closed it again at night.\n", i, i),
		}
	}
	return files
}

// A job goes on where it was when its server stopped, or died, and no file is lost or done twice.
func TestJobSurvivesRestart(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		name   string
		signal syscall.Signal
		status int
	}{{"stopped", syscall.SIGTERM, 0}, {"killed", syscall.SIGKILL, -1}} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			const files = 400
			dir := t.TempDir()
			s := serve(t, dir, flags("--workers", "1"))
			key := s.key
			j := s.create(t, letters(files))
			eventually(t, "some files are done", func() bool { return s.details(t, j.ID).Stats[1].Success >= 10 })
			if status := s.signal(end.signal); status != end.status {
				t.Fatalf("exit status %d, want %d; the log:\n%s", status, end.status, s.log.String())
			}
			done := runsIn(t, dir)
			if n := len(done); n < 10 || n >= 2*files {
				t.Fatalf("the server ended with %d of %d outputs: not in the middle of the job", n, 2*files)
			}

			s = serve(t, dir)
			s.key = key
			j = s.complete(t, j.ID)
			for i := range j.InputFileIDs {
				elements := s.download(t, j, i, 0)
				if want := fmt.Sprintf("Letter number %d", i); !has(elements, "Title", want) || len(elements) != 2 {
					t.Fatalf("file %d gave %v, want the title %q and a paragraph", i, texts(elements), want)
				}
			}
			s.stop()
			after := runsIn(t, dir)
			if len(after) != 2*files {
				t.Errorf("%d outputs, want %d", len(after), 2*files)
			}
			for run, ended := range done {
				if after[run] != ended {
					t.Errorf("node %s of file %s ran again", run.node, run.file)
				}
			}
		})
	}
}

// A stop does not wait for clients that keep a connection open without a request.
func TestStopWithIdleClient(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), flags("--grace", "60s"))
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	s.stop()
	if d := time.Since(begun); d > 30*time.Second {
		t.Errorf("the stop took %s of a grace of 60 s", d)
	}
}

// Keys that the command line makes and revokes count at once in the server that runs.
func TestKeyBesideServer(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	made := run(t, "key", "create", "--data", s.dir, "--role", "reader", "beside").want(t, 0)
	admin := s.key
	s.key = strings.TrimSpace(made.out)
	if status, _ := s.send(t, http.MethodGet, "/api/v1/jobs/", "", nil); status != http.StatusOK {
		t.Errorf("the new key: status %d", status)
	}
	contentType, body := form(t, partitionAndChunk, letters(1))
	if status, answer := s.send(t, http.MethodPost, "/api/v1/jobs/", contentType, body); status != http.StatusForbidden {
		t.Errorf("a reader starts a job: status %d: %s", status, answer)
	}
	run(t, "key", "revoke", "--data", s.dir, "beside").want(t, 0)
	if status, _ := s.send(t, http.MethodGet, "/api/v1/jobs/", "", nil); status != http.StatusUnauthorized {
		t.Errorf("the revoked key: status %d", status)
	}
	s.key = admin
	if status, _ := s.send(t, http.MethodGet, "/api/v1/jobs/", "", nil); status != http.StatusOK {
		t.Errorf("the other key: status %d", status)
	}
}
