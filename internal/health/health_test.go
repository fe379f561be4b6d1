package health_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/health"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

func want(t *testing.T, got health.Report, status string, checks map[string]string) {
	t.Helper()
	if got.Status != status || got.Ready != (status == "ready") || !maps.Equal(got.Checks, checks) {
		t.Errorf("got %+v, want %s %v", got, status, checks)
	}
}

// The checks over a real database and folder, in every state that they can tell.
func TestChecks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.Open(t.Context(), dir+"/blobs")
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	var working atomic.Bool
	var log bytes.Buffer
	ready := func(b blob.Store) *health.Readiness {
		return health.New(slog.New(slog.NewTextHandler(&log, nil)), health.Database(db), health.Schema(db), health.Blobs(b), health.Work(&working))
	}
	want(t, ready(blobs).Report(t.Context()), "not ready",
		map[string]string{"database": "ok", "schema": "ok", "blobs": "ok", "work": "this process does not take tasks"})
	working.Store(true)
	good := map[string]string{"database": "ok", "schema": "ok", "blobs": "ok", "work": "ok"}
	want(t, ready(blobs).Report(t.Context()), "ready", good)
	r := ready(blobs)
	r.Stop()
	want(t, r.Report(t.Context()), "stopping", map[string]string{})

	want(t, ready(broken{blobs}).Report(t.Context()), "not ready", map[string]string{
		"database": "ok", "schema": "ok", "blobs": "uploads and outputs cannot be written; the server's log says more", "work": "ok"})
	if !strings.Contains(log.String(), "s3://secret@host") {
		t.Errorf("the log does not say what is wrong: %s", log.String())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got := ready(blobs).Report(t.Context())
	if got.Ready || got.Checks["database"] != "the database cannot be read; the server's log says more" || got.Checks["blobs"] != "ok" {
		t.Errorf("without a database: %+v", got)
	}
}

// broken is a store whose error holds what must not be shown.
type broken struct{ blob.Store }

func (broken) Ping(context.Context) error { return errors.New("put s3://secret@host: refused") }

func (b broken) Put(ctx context.Context, key string, r io.Reader) (int64, string, error) {
	return 0, "", b.Ping(ctx)
}

func TestVerdictIsKeptForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs int
		var fault error
		var log bytes.Buffer
		r := health.New(slog.New(slog.NewTextHandler(&log, nil)), health.Check{Name: "a", Run: func(context.Context) error {
			runs++
			return fault
		}})
		for range 100 {
			want(t, r.Report(t.Context()), "ready", map[string]string{"a": "ok"})
		}
		if runs != 1 {
			t.Errorf("100 questions ran the check %d times", runs)
		}
		fault = errors.New("password hunter2")
		for range 3 {
			time.Sleep(4 * time.Second)
			want(t, r.Report(t.Context()), "not ready", map[string]string{"a": "failed; the server's log says more"})
		}
		fault = nil
		time.Sleep(4 * time.Second)
		want(t, r.Report(t.Context()), "ready", map[string]string{"a": "ok"})
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines for one failure and its end:\n%s", n, log.String())
		}
	})
}

func TestCheckThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		r := health.New(nil,
			health.Check{Name: "hangs", Run: func(context.Context) error { <-release; return nil }},
			health.Check{Name: "panics", Run: func(context.Context) error { panic("no") }},
			health.Check{Name: "fine", Run: func(context.Context) error { return nil }})
		began := time.Now()
		want(t, r.Report(t.Context()), "not ready", map[string]string{
			"hangs": "no answer within 5s", "panics": "failed; the server's log says more", "fine": "ok"})
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
