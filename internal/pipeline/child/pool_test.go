package child

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
)

// TestMain lets the test binary be the child of its own pools.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "parse-child" {
		os.Exit(serve(os.Stdin, os.Stdout, testFormats))
	}
	if len(os.Args) == 3 && os.Args[1] == "pool-parent" {
		poolParent(os.Args[2])
	}
	os.Exit(m.Run())
}

// testFormats parses files whose name says what they do to a parser; all others are parsed as always.
func testFormats(ctx context.Context, f document.File, r Request, w io.Writer) (Counts, error) {
	act, argument, _ := strings.Cut(f.Name, "=")
	switch act {
	case "exhausts-memory":
		var hold [][]byte
		for {
			b := make([]byte, 8<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			hold = append(hold, b) //nolint:staticcheck // it is held, not read
		}
	case "asks-for-too-much-at-once":
		return answer(w, fmt.Sprint(len(make([]byte, 1<<40))))
	case "exhausts-stack":
		return answer(w, fmt.Sprint(descend(1)))
	case "spins":
		for n := 0; ; n++ {
			if n < 0 {
				return Counts{}, nil
			}
		}
	case "panics":
		panic("secret content of the file")
	case "panics-elsewhere":
		go panic("secret content of the file")
		select {}
	case "exits":
		os.Exit(7)
	case "half":
		_, _ = w.Write(bytes.Repeat([]byte("x"), 3*pieceSize))
		os.Exit(0)
	case "fails":
		return Counts{}, budget.Errorf(budget.Encrypted, "%s is encrypted", f.Name)
	case "breaks":
		return Counts{}, errors.New("no room in the scratch folder")
	case "pid":
		return answer(w, fmt.Sprint(os.Getpid()))
	case "environment":
		return answer(w, strings.Join(os.Environ(), "\n"))
	case "dials":
		_, err := net.DialTimeout("tcp", "127.0.0.1:"+string(must(f.Bytes(0))), time.Second)
		return answer(w, fmt.Sprint(err))
	case "opens":
		_, err := os.ReadFile(string(must(f.Bytes(0))))
		return answer(w, fmt.Sprint(err))
	case "hash":
		h := sha256.New()
		_, err := io.Copy(h, f.Reader())
		if err != nil {
			return Counts{}, err
		}
		return answer(w, hex.EncodeToString(h.Sum(nil)))
	case "writes": // argument bytes
		var n int
		fmt.Sscan(argument, &n)
		_, err := w.Write(bytes.Repeat([]byte("x"), n))
		return Counts{Elements: n}, err
	}
	return parse(ctx, f, r, w)
}

func answer(w io.Writer, text string) (Counts, error) {
	b, _ := json.Marshal(text)
	_, err := w.Write(b)
	return Counts{Elements: 1, Pages: 1}, err
}

//go:noinline
func descend(n int) int {
	if n == 0 {
		return 0
	}
	var pad [64]int
	pad[n%64] = descend(n + 1)
	return pad[(n+1)%64] + pad[n%64] + 1
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newTestPool(t testing.TB, c Config) *Pool {
	t.Helper()
	c.Command = []string{must(os.Executable()), "parse-child"}
	if c.ScratchDir == "" {
		c.ScratchDir = t.TempDir()
	}
	p, err := NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func file(name, content string) document.File {
	return document.NewFile(name, "text/plain", int64(len(content)), strings.NewReader(content))
}

func read(t testing.TB, p Parser, f document.File) ([]byte, Counts, error) {
	t.Helper()
	s := p.Parse(t.Context(), f, Request{})
	defer s.Close()
	b, err := io.ReadAll(s)
	return b, s.Counts(), err
}

// told is what a child answered as one JSON string.
func told(t testing.TB, p Parser, f document.File) string {
	t.Helper()
	b, _, err := read(t, p, f)
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		t.Fatalf("%s: %v in %q", f.Name, err, b)
	}
	return text
}

func outcome(err error) budget.Outcome {
	var e *budget.Error
	if errors.As(err, &e) {
		return e.Outcome
	}
	return ""
}

func TestPoolGivesWhatDirectGives(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	f := file("a.txt", "Introduction\n\nThe committee approved the budget on Tuesday.\n\n- one\n- two\n")
	want, wantCounts, err := read(t, Direct{}, f)
	if err != nil {
		t.Fatal(err)
	}
	if wantCounts.Elements < 2 || wantCounts.Pages != 1 {
		t.Fatalf("counts %+v", wantCounts)
	}
	for range 3 {
		got, counts, err := read(t, p, f)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) || counts != wantCounts {
			t.Fatalf("child gave %s %+v, want %s %+v", got, counts, want, wantCounts)
		}
	}
}

// TestElementsKeepTheChild: whoever reads a file's elements one by one leaves its child fit for the next file.
func TestElementsKeepTheChild(t *testing.T) {
	t.Parallel()
	var b book
	p := newTestPool(t, Config{Size: 1, Watch: &b})
	for range 5 {
		n := 0
		for _, err := range Elements(t.Context(), p, file("a.txt", "One paragraph.\n\nAnother paragraph."), Request{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%d elements", n)
		}
	}
	p.Close()
	if b.started > 2 { // the one that a pool starts with, and one for a file that comes before it is ready
		t.Errorf("%d children were started for five files", b.started)
	}
}

func TestDataSourceStandsOnEveryElement(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	for name, parser := range map[string]Parser{"pool": p, "direct": Direct{}} {
		s := parser.Parse(t.Context(), file("a.txt", "One paragraph.\n\nAnother paragraph."), Request{
			DataSource: &element.DataSource{URL: "file:///a.txt"},
		})
		b, err := io.ReadAll(s)
		if err != nil {
			t.Fatal(name, err)
		}
		if n := strings.Count(string(b), "file:///a.txt"); n != s.Counts().Elements || n == 0 {
			t.Errorf("%s: %d of %d elements have the data source", name, n, s.Counts().Elements)
		}
	}
}

func TestEachPoisonFailsAlone(t *testing.T) {
	t.Parallel()
	const memory = 192 << 20
	p := newTestPool(t, Config{Size: 2, Memory: memory, Timeout: 3 * time.Second})
	poison := []struct {
		name    string
		outcome budget.Outcome
		message string
	}{
		{"exhausts-memory", budget.TooLarge, "exhausts-memory needed more than 192 MB of memory to parse"},
		{"asks-for-too-much-at-once", budget.TooLarge, "asks-for-too-much-at-once needed more than 192 MB of memory to parse"},
		{"exhausts-stack", budget.Crashed, "exhausts-stack exhausted the stack while it was parsed; it nests too deeply"},
		{"spins", budget.TimedOut, "spins took longer than 3s to parse"},
		{"panics", budget.Crashed, "the parser failed on panics; the file may be damaged"},
		{"panics-elsewhere", budget.Crashed, "the parser stopped while it read panics-elsewhere; the file may be damaged"},
		{"exits", budget.Crashed, "the parser stopped while it read exits; the file may be damaged"},
		{"half", budget.Crashed, "the parser stopped while it read half; the file may be damaged"},
		{"fails", budget.Encrypted, "fails is encrypted"},
	}
	var wg sync.WaitGroup
	for i := range 99 {
		if i%11 == 5 {
			c := poison[i/11]
			wg.Go(func() {
				_, _, err := read(t, p, file(c.name, "bytes"))
				if outcome(err) != c.outcome || err.Error() != c.message {
					t.Errorf("%s: %q %v, want %q %s", c.name, outcome(err), err, c.outcome, c.message)
				}
			})
		}
		wg.Go(func() {
			text := fmt.Sprintf("Neighbour number %d was parsed.", i)
			b, counts, err := read(t, p, file("good.txt", text))
			if err != nil || counts.Elements != 1 || !strings.Contains(string(b), text) {
				t.Errorf("neighbour %d: %s %+v %v", i, b, counts, err)
			}
		})
	}
	wg.Wait()
	if got, _, err := read(t, p, file("after.txt", "The pool lives.")); err != nil {
		t.Errorf("after the poison: %s %v", got, err)
	}
}

func TestFailureOfTheMachineIsNotTheFiles(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	_, _, err := read(t, p, file("breaks", ""))
	if err == nil || outcome(err) != "" || !strings.Contains(err.Error(), "no room in the scratch folder") {
		t.Errorf("got %q %v", outcome(err), err)
	}
}

func TestUnreadableFileIsNotTheChildsDeath(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	for _, size := range []int64{100, 1 << 20} {
		f := document.NewFile("short.txt", "", size, strings.NewReader("only this"))
		_, _, err := read(t, p, f)
		if err == nil || outcome(err) != "" || !strings.HasPrefix(err.Error(), "read short.txt: ") {
			t.Errorf("size %d: %q %v", size, outcome(err), err)
		}
		if got := told(t, p, file("hash", "")); len(got) != 64 {
			t.Errorf("afterwards: %s", got)
		}
	}
}

func TestCancelEndsTheChild(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	before := told(t, p, file("pid", ""))
	why := errors.New("the job was cancelled")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := p.Parse(ctx, file("spins", ""), Request{})
	cancel(why)
	if _, err := io.ReadAll(s); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	s.Close()
	if after := told(t, p, file("pid", "")); after == before {
		t.Errorf("child %s still serves", after)
	}
}

func TestCloseEarlyFreesTheChild(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	for range 3 {
		s := p.Parse(t.Context(), file("writes=10000000", ""), Request{})
		if _, err := io.ReadFull(s, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, errClosed) {
			t.Errorf("read after close: %v", err)
		}
	}
}

func TestWaitingForAChildEndsWithTheContext(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	busy := p.Parse(t.Context(), file("spins", ""), Request{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := p.Parse(ctx, file("a.txt", ""), Request{})
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.Close()
	busy.Close()
}

func TestUrgentFilesPassBusyChildren(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	busy := p.Parse(t.Context(), file("spins", ""), Request{})
	s := p.Parse(t.Context(), file("pid", ""), Request{Urgent: true})
	if b, err := io.ReadAll(s); err != nil || len(b) < 3 {
		t.Errorf("got %s %v", b, err)
	}
	s.Close()
	busy.Close()
	if len(p.slots) != 0 || len(p.urgent) != 0 {
		t.Errorf("slots held at the end: %d and %d", len(p.slots), len(p.urgent))
	}
}

func TestRecycle(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1, Recycle: 2})
	var pids []string
	for range 5 {
		pids = append(pids, told(t, p, file("pid", "")))
	}
	if pids[0] != pids[1] || pids[1] == pids[2] || pids[2] != pids[3] || pids[3] == pids[4] {
		t.Errorf("pids %v, want pairs", pids)
	}
}

func TestIdleChildStops(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1, Idle: time.Millisecond})
	first := told(t, p, file("pid", ""))
	deadline := time.Now().Add(10 * time.Second)
	for {
		p.mu.Lock()
		alive := len(p.alive)
		p.mu.Unlock()
		if alive == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the idle child lives")
		}
		runtime.Gosched()
	}
	if second := told(t, p, file("pid", "")); second == first {
		t.Errorf("child %s came back", second)
	}
}

func TestChildThatDiedWhileItWaitedIsReplaced(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	var pid int
	fmt.Sscan(told(t, p, file("pid", "")), &pid)
	proc, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := proc.Kill(); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	var killed *process
	for c := range p.alive {
		if c.cmd.Process.Pid == pid {
			killed = c
		}
	}
	p.mu.Unlock()
	if killed != nil {
		<-killed.exited
	}
	if got := told(t, p, file("pid", "")); got == fmt.Sprint(pid) {
		t.Errorf("child %s answers after its death", got)
	}
}

func TestLargeOutputArrivesWhole(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	for _, n := range []int{0, 1, pieceSize - 1, pieceSize, pieceSize + 1, 10 << 20} {
		b, counts, err := read(t, p, file(fmt.Sprintf("writes=%d", n), ""))
		if err != nil || len(b) != n || counts.Elements != n {
			t.Errorf("%d bytes: got %d, counts %+v, %v", n, len(b), counts, err)
		}
	}
}

func TestFilesArriveWhole(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	dir := t.TempDir()
	for _, size := range []int{0, 1, passAbove, passAbove + 1, spoolAbove, spoolAbove + 1} {
		content := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
		sum := sha256.Sum256(content)
		want := hex.EncodeToString(sum[:])
		inMemory := document.NewFile("hash", "", int64(size), bytes.NewReader(content))
		if got := told(t, p, inMemory); got != want {
			t.Errorf("%d bytes from memory: hash %s, want %s", size, got, want)
		}
		path := filepath.Join(dir, fmt.Sprint(size))
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		open, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		onDisk := document.NewFile("hash", "", int64(size), open)
		if runtime.GOOS == "linux" && size > 0 && descriptor(onDisk) == nil {
			t.Errorf("%d bytes on disk have no descriptor", size)
		}
		if got := told(t, p, onDisk); got != want {
			t.Errorf("%d bytes from disk: hash %s, want %s", size, got, want)
		}
		onDisk.Close()
	}
	left, err := os.ReadDir(p.cfg.ScratchDir)
	if err != nil || len(left) != 0 {
		t.Errorf("left in the scratch folder: %v %v", left, err)
	}
}

func TestClosedPoolRefuses(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	told(t, p, file("pid", ""))
	busy := p.Parse(t.Context(), file("spins", ""), Request{})
	p.Close()
	if _, err := io.ReadAll(busy); !errors.Is(err, errPoolClosed) {
		t.Errorf("open stream: %v", err)
	}
	busy.Close()
	if _, _, err := read(t, p, file("pid", "")); !errors.Is(err, errPoolClosed) {
		t.Errorf("new stream: %v", err)
	}
	p.Close()
}

func TestProgramThatIsNoChild(t *testing.T) {
	t.Parallel()
	for name, command := range map[string][]string{
		"missing": {filepath.Join(t.TempDir(), "nothing")},
		"ends":    {must(os.Executable()), "-test.run=^$"},
	} {
		p, err := NewPool(Config{Command: command, Size: 1, ScratchDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = read(t, p, file("a.txt", "text"))
		if err == nil || outcome(err) != "" {
			t.Errorf("%s: outcome %q, error %v", name, outcome(err), err)
		}
		p.Close()
	}
}

func TestPoolWithoutScratchFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewPool(Config{ScratchDir: filepath.Join(file, "below")}); err == nil {
		t.Error("no error")
	}
}
