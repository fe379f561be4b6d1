//go:build linux

// Package hostile gives parsers the files that somebody would send who wants to hurt them. Each file goes to a parse child
// as the server starts them, with its usual limits, and the test asserts how it ended, that it ended in time, and the
// most memory that the child ever held.
package hostile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

// TestMain lets the test binary be the children of its pools.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "parse-child" {
		status, err := os.Open("/proc/self/status") // later the child may open nothing
		os.Exit(child.MainWith(os.Stdin, os.Stdout, func(p child.ParseFunc) child.ParseFunc {
			return func(ctx context.Context, f document.File, r child.Request, w io.Writer) (child.Counts, error) {
				counts, failed := p(ctx, f, r, w)
				held := 0
				if err == nil {
					held = peak(status)
				}
				counts.Pages = held
				var said *budget.Error
				if errors.As(failed, &said) {
					failed = &budget.Error{Outcome: said.Outcome, Message: fmt.Sprint(said.Message, separator, held), Err: said.Err}
				}
				return counts, failed
			}
		}))
	}
	os.Exit(m.Run())
}

// separator stands before the memory in the message of a child that failed.
const separator = "; memory: "

// peak is the most memory that this process ever held, in MB.
func peak(status *os.File) int {
	b := make([]byte, 4096)
	n, _ := status.ReadAt(b, 0)
	_, after, _ := bytes.Cut(b[:n], []byte("VmHWM:"))
	kB := 0
	_, _ = fmt.Sscan(string(after), &kB)
	return kB >> 10
}

// soon is how long a file may take. It is there to end what hangs: on a machine with other work a parser needs a
// multiple of its own time.
const soon = 2 * time.Minute

// newPool starts one child under the limits of the server.
func newPool(t *testing.T) *child.Pool {
	t.Helper()
	return newPoolIn(t, t.TempDir())
}

// newPoolIn is newPool with a folder that children share.
func newPoolIn(t *testing.T, scratch string) *child.Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := child.NewPool(child.Config{Command: []string{self, "parse-child"}, Size: 1, Reserve: -1, Timeout: soon, ScratchDir: scratch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// result is how a file ended.
type result struct {
	outcome  budget.Outcome
	message  string
	elements []element.Element
	peak     int // MB that the child held at most, up to the end of this file; 0 when it does not say
}

// parse sends a file to a child.
func parse(t *testing.T, p *child.Pool, name string, content []byte, o partition.Options) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	s := p.Parse(ctx, document.NewFile(name, "", int64(len(content)), bytes.NewReader(content)), child.Request{Options: o})
	defer s.Close()
	var r result
	out, err := io.ReadAll(s)
	r.peak = s.Counts().Pages
	var failed *budget.Error
	if errors.As(err, &failed) {
		var held string
		r.message, held, _ = strings.Cut(failed.Message, separator)
		r.outcome = failed.Outcome
		_, _ = fmt.Sscan(held, &r.peak)
		return r
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for e, err := range element.Decode(bytes.NewReader(out)) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.elements = append(r.elements, e)
	}
	r.outcome = budget.OK
	if len(r.elements) == 0 {
		r.outcome = budget.Empty
	}
	return r
}

// hostile is a file, and how it has to end.
type hostile struct {
	name    string
	content func() []byte
	want    budget.Outcome
	text    string // stands in an element
	passed  string // the reason for which a page or a picture was passed over
	memory  int    // MB that the child may hold; 0 is 400
	options partition.Options
	scratch string // shared by the children; "" is a folder for this one
}

// secret is what files try to read from the machine.
const secret = "root:x:0:0"

// check runs hostile files, each in a child of its own.
func check(t *testing.T, files []hostile) {
	for _, c := range files {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			content := c.content()
			start := time.Now()
			r := parse(t, newPoolIn(t, cmp.Or(c.scratch, t.TempDir())), c.name, content, c.options)
			t.Logf("%d bytes: %s in %s, %d MB, %d elements %s", len(content), r.outcome, time.Since(start).Round(time.Millisecond), r.peak, len(r.elements), r.message)
			if r.outcome != c.want {
				t.Errorf("%s, want %s: %s", r.outcome, c.want, r.message)
			}
			useful(t, r)
			if limit := cmp.Or(c.memory, 400); r.peak > limit || r.peak == 0 {
				t.Errorf("the child held %d MB, it may hold %d", r.peak, limit)
			}
			if c.text != "" && !slices.ContainsFunc(r.elements, func(e element.Element) bool { return strings.Contains(e.Text, c.text) }) {
				t.Errorf("the text is lost: %q", c.text)
			}
			if c.passed != "" && (len(r.elements) == 0 || !strings.Contains(fmt.Sprint(r.elements[0].Metadata.Extra["not_read"]), c.passed)) {
				t.Errorf("it is not said that a part could not be read: %q", c.passed)
			}
			for _, e := range r.elements {
				if strings.Contains(e.Text, secret) {
					t.Error("a file of the machine was read")
				}
			}
		})
	}
}

// useful holds a failure to be one that its sender can do something with.
func useful(t *testing.T, r result) {
	t.Helper()
	switch r.outcome {
	case budget.OK, budget.Empty:
		return
	case budget.Unsupported, budget.Encrypted, budget.Corrupt, budget.TooLarge, budget.TimedOut:
	default:
		t.Errorf("ended as %q: %s", r.outcome, r.message)
	}
	if len(r.message) < 20 || strings.Contains(r.message, "/tmp") || strings.Contains(r.message, "panic") {
		t.Errorf("a message that helps nobody: %q", r.message)
	}
}
