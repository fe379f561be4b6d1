package observe

import (
	"context"
	"log/slog"
)

// Log adds to every line that is logged with a context the job and the file of the work in hand, under "job" and "file",
// unless the line names them itself.
func Log(h slog.Handler) slog.Handler { return handler{Handler: h} }

type handler struct {
	slog.Handler
	grouped bool // attributes now go into a group, where the ids do not belong
	named   int  // of job and file, those that the logger has for all its lines
}

const (
	namesJob = 1 << iota
	namesFile
)

func named(a slog.Attr) int {
	switch a.Key {
	case "job":
		return namesJob
	case "file":
		return namesFile
	}
	return 0
}

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	w, ok := Current(ctx)
	if !ok || h.grouped {
		return h.Handler.Handle(ctx, r)
	}
	have := h.named
	r.Attrs(func(a slog.Attr) bool {
		have |= named(a)
		return true
	})
	if have&namesJob == 0 && w.Job != "" || have&namesFile == 0 && w.File != "" {
		r = r.Clone()
	}
	if have&namesJob == 0 && w.Job != "" {
		r.AddAttrs(slog.String("job", w.Job))
	}
	if have&namesFile == 0 && w.File != "" {
		r.AddAttrs(slog.String("file", w.File))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := handler{Handler: h.Handler.WithAttrs(attrs), grouped: h.grouped, named: h.named}
	if !h.grouped {
		for _, a := range attrs {
			next.named |= named(a)
		}
	}
	return next
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{Handler: h.Handler.WithGroup(name), grouped: h.grouped || name != "", named: h.named}
}
