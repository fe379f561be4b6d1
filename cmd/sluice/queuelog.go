package main

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// queueLog is the log of the task queue. On a full disk the queue tries its own statements five times a second and logs
// each: here that is one line a minute, in the words that the engine has for it, since the log may stand on that disk.
type queueLog struct {
	slog.Handler
	said *atomic.Int64 // when, in Unix nanoseconds
}

func newQueueLog(log *slog.Logger) *slog.Logger {
	return slog.New(queueLog{log.Handler(), new(atomic.Int64)})
}

// Handle implements slog.Handler.
func (q queueLog) Handle(ctx context.Context, r slog.Record) error {
	full := false
	r.Attrs(func(a slog.Attr) bool {
		full = strings.Contains(a.Value.String(), "disk is full") // SQLite's text for SQLITE_FULL
		return !full
	})
	if !full {
		return q.Handler.Handle(ctx, r)
	}
	now, last := r.Time.UnixNano(), q.said.Load()
	if last != 0 && now-last < int64(time.Minute) || !q.said.CompareAndSwap(last, now) {
		return nil
	}
	line := slog.NewRecord(r.Time, slog.LevelError, "the disk is full: jobs wait until there is room", r.PC)
	line.AddAttrs(slog.String("error", "the queue of tasks cannot be written"))
	return q.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (q queueLog) WithAttrs(a []slog.Attr) slog.Handler {
	return queueLog{q.Handler.WithAttrs(a), q.said}
}

// WithGroup implements slog.Handler.
func (q queueLog) WithGroup(name string) slog.Handler {
	return queueLog{q.Handler.WithGroup(name), q.said}
}
