package output

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Folder returns the prefix of the objects that a destination writes: "", or with a slash at its end. ok is false for a prefix
// with a part . or .., which is no folder of its own.
func Folder(prefix string) (folder string, ok bool) {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	for name := range strings.SplitSeq(prefix, "/") {
		if slices.Contains([]string{".", ".."}, name) {
			return "", false
		}
	}
	return prefix, true
}

// probeTime is how long the removal of a probe may take.
const probeTime = 5 * time.Second

// Store is where a probe is written.
type Store struct {
	Write  func(ctx context.Context, name string, content []byte) error
	Remove func(ctx context.Context, name string) error
	// Refused tells that after this error of Write nothing can stand there.
	Refused func(error) bool
	URL     func(name string) string // for the log
	Log     *slog.Logger             // may be nil
}

// Probe writes an empty output under a name of its own and removes it. The right to delete is not needed to write: without it
// the probe succeeds, and the log names what stays. The error is that of Write.
func Probe(ctx context.Context, folder string, s Store) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := folder + Reserved + "probe-" + rand.Text()
	err := s.Write(ctx, name, []byte("[]"))
	if err != nil && s.Refused(err) {
		return err
	}
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTime)
	defer cancel()
	if left := s.Remove(clean, name); left != nil && err == nil && s.Log != nil {
		s.Log.WarnContext(ctx, "the probe of a check stays", "object", s.URL(name), "error", left)
	}
	return err
}
