package program_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Nothing dials out: every system call by which the server, its children and the command line could reach another address
// is watched while they do all that they do.
func TestNothingDialsOut(t *testing.T) {
	t.Parallel()
	watch := watcher(t)
	t.Run("the watch sees", func(t *testing.T) {
		c, seen := control(t)
		end := watch(t, c)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		hold := seen()
		if found := end(); len(found) != 1 || !strings.Contains(found[0], "192.0.2.1") {
			t.Fatalf("a program that connects to 192.0.2.1 was seen to connect to %q", found)
		}
		hold()
		_ = c.Wait() // it has said what it did
	})
	t.Run("server", func(t *testing.T) {
		var end func() []string
		s := serve(t, t.TempDir(), flags("--metrics-addr", "127.0.0.1:0"), func(c *exec.Cmd) { end = watch(t, c) })
		j := s.complete(t, s.create(t, uploads(t, sampleFiles(t)...)).ID)
		for i, id := range j.InputFileIDs {
			if len(s.download(t, j, i, 0)) == 0 || len(s.download(t, j, i, 1)) == 0 {
				t.Errorf("%s gave nothing", id)
			}
		}
		for _, path := range []string{"/docs", "/openapi.json", "/readyz"} {
			status, body := s.send(t, http.MethodGet, path, "", nil)
			if status != http.StatusOK {
				t.Errorf("GET %s: status %d", path, status)
			}
			if outside := elsewhere.FindString(string(body)); outside != "" {
				t.Errorf("GET %s has a browser fetch %s", path, outside)
			}
		}
		s.stop()
		if found := end(); len(found) > 0 {
			t.Errorf("the server connects to %q", found)
		}
	})
	dir := t.TempDir()
	elements := filepath.Join(dir, "report.json")
	data := filepath.Join(dir, "data")
	for _, args := range [][]string{
		{"version"},
		{"partition", samples(t), "--out", filepath.Join(dir, "out")},
		{"partition", "--isolate", samples(t), "--out", filepath.Join(dir, "isolated")},
		{"partition", filepath.Join(samples(t), "report.docx"), "--out", elements},
		{"chunk", elements},
		{"workspace", "create", "default", "--data", data},
		{"key", "create", "ci", "--data", data},
		{"key", "list", "--data", data},
		{"key", "revoke", "ci", "--data", data},
		{"workspace", "list", "--data", data},
		{"workspace", "delete", "default", "--yes", "--data", data},
		{"doctor", "--data", data},
	} {
		t.Run(strings.Join(args[:min(2, len(args))], " "), func(t *testing.T) {
			c := command(t.Context(), args...)
			end := watch(t, c)
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("sluice %s: %v: %s", strings.Join(args, " "), err, out)
			}
			if found := end(); len(found) > 0 {
				t.Errorf("sluice %s connects to %q", strings.Join(args, " "), found)
			}
		})
	}
}

// elsewhere is what makes a browser load from another host.
var elsewhere = regexp.MustCompile(`(?:src|action|<link[^>]+href)\s*=\s*["']?(?:https?:)?//[^"'\s>]+|@import[^;]+//[^;]+|fetch\(\s*["'](?:https?:)?//[^"']+`)

// The watch for machines without strace sees, too.
func TestSocketTable(t *testing.T) {
	t.Parallel()
	c, seen := control(t)
	end := pollSockets(t, c)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	hold := seen()
	found := end()
	hold()
	if err := c.Wait(); err != nil {
		t.Skip("this machine has no way to 192.0.2.1, not even one to send nothing on")
	}
	if len(found) != 1 || found[0] != "192.0.2.1:9" {
		t.Errorf("a program that connects to 192.0.2.1:9 was seen to connect to %q", found)
	}
}

// control is a program that connects to an address that is nobody's (RFC 5737). seen waits until it has, and its result
// lets the program end.
func control(t *testing.T) (c *exec.Cmd, seen func() (release func())) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c = exec.CommandContext(t.Context(), self)
	c.Env = environment(dialing + "=192.0.2.1:9")
	var out text
	c.Stdout, c.Stderr = &out, &out
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return c, func() func() {
		eventually(t, "the control program speaks", func() bool { return out.String() != "" })
		time.Sleep(100 * time.Millisecond) // several looks at the socket table
		return func() { in.Close() }
	}
}

// watch makes a command that has not started one whose connections are seen. end returns the addresses outside the
// machine, once the command has ended or is held.
type watch func(t *testing.T, c *exec.Cmd) (end func() []string)

// watcher is strace, which sees every call, where it can be had; otherwise the table of sockets is read again and again,
// which sees what stays for a few milliseconds.
func watcher(t *testing.T) watch {
	t.Helper()
	path, err := strace(t.Context())
	if err != nil {
		t.Logf("connections are looked up in the table of sockets, since strace cannot be used: %v", err)
		return pollSockets
	}
	return func(t *testing.T, c *exec.Cmd) func() []string { return traced(t, path, c) }
}

// strace finds or, on a Debian machine as root, installs strace, and tries it.
func strace(ctx context.Context) (path string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	path, err = exec.LookPath("strace")
	if err != nil && os.Getuid() == 0 {
		const install = "apt-get install -y -qq --no-install-recommends strace || { apt-get update -qq && apt-get install -y -qq --no-install-recommends strace; }"
		c := exec.CommandContext(ctx, "sh", "-c", install)
		c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("apt-get install strace: %w: %s", err, out)
		}
		path, err = exec.LookPath("strace")
	}
	if err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, path, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
}

// traced runs a command under strace, which stays beside it (-D): signals and the exit status are the command's own.
func traced(t *testing.T, path string, c *exec.Cmd) (end func() []string) {
	t.Helper()
	record := filepath.Join(t.TempDir(), "trace")
	c.Args = append([]string{"strace", "-D", "-f", "-qq", "-s", "0", "-e", "signal=none",
		"-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", record, "--", c.Path}, c.Args[1:]...)
	c.Path = path
	return func() []string {
		t.Helper()
		content, err := os.ReadFile(record)
		if err != nil {
			t.Fatal(err)
		}
		return outside(string(content))
	}
}

// address finds where a traced call goes. A socket that is no Internet socket is found by its family.
var address = regexp.MustCompile(`sa_family=(\w+)(?:[^}]*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)")?`)

// outside returns the calls that go to another machine, or by another way than the Internet protocols.
func outside(trace string) (found []string) {
	for line := range strings.Lines(trace) {
		for _, m := range address.FindAllStringSubmatch(line, -1) {
			if ip, err := netip.ParseAddr(m[2]); err != nil || !ip.Unmap().IsLoopback() {
				found = append(found, strings.TrimSpace(line))
			}
		}
	}
	return found
}

// pollSockets looks at the sockets of a command and its children until end is called or the command is gone.
func pollSockets(t *testing.T, c *exec.Cmd) (end func() []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var found []string
	var loop sync.WaitGroup
	loop.Go(func() {
		for ctx.Err() == nil {
			for _, a := range connections(descendants(os.Getpid(), c.Path)) {
				mu.Lock()
				if !slices.Contains(found, a.String()) && !a.Addr().Unmap().IsLoopback() {
					found = append(found, a.String())
				}
				mu.Unlock()
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	t.Cleanup(func() { cancel(); loop.Wait() })
	return func() []string {
		cancel()
		loop.Wait()
		return found
	}
}

// descendants are the processes below one that run a program.
func descendants(of int, path string) (pids []int) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	for _, pid := range tree(of) {
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && exe == path && pid != of {
			pids = append(pids, pid)
		}
	}
	return pids
}

// connections are the peers of the processes' sockets.
func connections(pids []int) (peers []netip.AddrPort) {
	mine := map[string]bool{}
	for _, pid := range pids {
		dir := fmt.Sprintf("/proc/%d/fd", pid)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // it has ended
		}
		for _, e := range entries {
			if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:[") {
				mine[strings.Trim(to[len("socket:"):], "[]")] = true
			}
		}
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		content, err := os.ReadFile("/proc/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			if f := strings.Fields(line); len(f) > 9 && mine[f[9]] {
				if peer, ok := peerOf(f[2]); ok {
					peers = append(peers, peer)
				}
			}
		}
	}
	return peers
}

// peerOf reads an address of /proc/net: words of four bytes in the order of this machine, all in hexadecimal.
func peerOf(text string) (peer netip.AddrPort, ok bool) {
	host, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(host)
	if err != nil || len(b) != net.IPv4len && len(b) != net.IPv6len {
		return peer, false
	}
	for i := 0; i < len(b); i += 4 {
		slices.Reverse(b[i : i+4])
	}
	p, err := hex.DecodeString(port)
	if err != nil || len(p) != 2 {
		return peer, false
	}
	ip, _ := netip.AddrFromSlice(b)
	peer = netip.AddrPortFrom(ip, uint16(p[0])<<8|uint16(p[1]))
	return peer, !ip.IsUnspecified()
}
