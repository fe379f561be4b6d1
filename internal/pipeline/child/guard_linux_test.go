package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestChildCannotDial(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p := newTestPool(t, Config{Size: 1})
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if got := told(t, p, file("dials", port)); !strings.Contains(got, "operation not permitted") {
		t.Errorf("dialing gave %q", got)
	}
}

func TestChildKnowsNoVariables(t *testing.T) {
	t.Setenv("SLUICE_TEST_SECRET", "x")
	p := newTestPool(t, Config{Size: 1})
	for line := range strings.Lines(told(t, p, file("environment", ""))) {
		name, _, _ := strings.Cut(line, "=")
		if !slices.Contains([]string{"LANG", "TMPDIR", "OMP_THREAD_LIMIT", "GOMAXPROCS", "GOTRACEBACK", "PATH", "TZ",
			"TESSDATA_PREFIX", "PWD"}, name) {
			t.Errorf("the child has %s", name)
		}
	}
}

func TestChildOpensNothingOfTheUsers(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	p := newTestPool(t, Config{Size: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
	told(t, p, file("pid", ""))
	if strings.Contains(log.String(), "landlock") { // a build with cgo, or a kernel without
		t.Skip(log.String())
	}
	for _, path := range []string{secret, fmt.Sprintf("/proc/%d/environ", os.Getpid()), "/etc/passwd"} {
		if got := told(t, p, file("opens", path)); !strings.Contains(got, "permission denied") {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// poolParent is a process with a child that never ends its file. It prints the child's pid.
func poolParent(scratch string) {
	p := must(NewPool(Config{Command: []string{must(os.Executable()), "parse-child"}, Size: 1, ScratchDir: scratch}))
	s := p.Parse(context.Background(), file("pid", ""), Request{})
	fmt.Printf("%s\n", must(io.ReadAll(s)))
	p.Parse(context.Background(), file("spins", ""), Request{})
	select {}
}

func TestChildDiesWithItsParent(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(must(os.Executable()), "pool-parent", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscanf(line, "\"%d\"", &pid); err != nil {
		t.Fatal(err)
	}
	child, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(child)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	poll := []unix.PollFd{{Fd: int32(child), Events: unix.POLLIN}} // readable once the process has ended
	for {
		n, err := unix.Poll(poll, 20_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n != 1 {
			t.Fatalf("the child lives on: %d %v", n, err)
		}
		return
	}
}
