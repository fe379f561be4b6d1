package engine_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/pipeline/child"
)

// TestMain makes this binary a parse child, or an engine that is going to be killed, when a test starts it as one.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "parse-child":
		os.Exit(child.MainWith(os.Stdin, os.Stdout, poison))
	case len(os.Args) == 4 && os.Args[1] == "engine-process":
		engineProcess(os.Args[2], os.Args[3])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// poison makes files whose name begins with poison- do what the rest of the name says.
func poison(next child.ParseFunc) child.ParseFunc {
	return func(ctx context.Context, f document.File, r child.Request, w io.Writer) (child.Counts, error) {
		switch {
		case strings.HasPrefix(f.Name, "poison-memory"):
			for hold := [][]byte{}; ; {
				b := make([]byte, 8<<20)
				for i := 0; i < len(b); i += 4096 {
					b[i] = 1
				}
				hold = append(hold, b) //nolint:staticcheck // it is held, not read
			}
		case strings.HasPrefix(f.Name, "poison-stack"):
			return child.Counts{Elements: descend(1)}, nil
		case strings.HasPrefix(f.Name, "poison-spin"):
			for n := 0; ; n++ {
				if n < 0 {
					n = 0
				}
			}
		}
		return next(ctx, f, r, w)
	}
}

//nolint:staticcheck // it never ends: that is the point
func descend(n int) int {
	var room [256]byte
	room[n%256] = byte(n)
	return descend(n+1) + int(room[(n+1)%256])
}

// newPool is the real pool of parse children.
func newPool(t testing.TB, c child.Config) *child.Pool {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	c.Command, c.ScratchDir = []string{self, "parse-child"}, t.TempDir()
	p, err := child.NewPool(c)
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	return p
}
