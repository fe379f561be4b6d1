package observe_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/internal/observe"
)

// notes is an observer that writes down what it is told.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(parts ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, strings.Join(parts, " "))
}

func (n *notes) Begin(ctx context.Context, w observe.Work) (context.Context, func(observe.End)) {
	n.add("begin", string(w.Kind), w.Job, w.File)
	return ctx, func(e observe.End) { n.add("end", string(w.Kind), e.Outcome, e.Connector) }
}

func (n *notes) Listed(connector string, _ int) { n.add("listed", connector) }

func (n *notes) Task(kind, queue string) func() {
	n.add("task", kind, queue)
	return func() { n.add("task over") }
}

func TestWork(t *testing.T) {
	t.Parallel()
	var n notes
	ctx, end := observe.Task(t.Context(), &n, "file", "bulk")
	ctx, file := observe.Begin(ctx, observe.Work{Kind: observe.File, Job: "j", File: "f", Attempt: 2})
	inner, node := observe.Begin(ctx, observe.Work{Kind: observe.Node, Type: "chunk"})
	if w, ok := observe.Current(inner); !ok || w.Job != "j" || w.File != "f" || w.Attempt != 2 || w.Type != "chunk" {
		t.Errorf("the node's work is %+v", w)
	}
	fetching, fetch := observe.Begin(inner, observe.Work{Kind: observe.Fetch})
	observe.Connector(fetching, "s3")
	observe.Listed(fetching, 3)
	fetch.End() // nothing was noted
	observe.Note(inner, "first")
	observe.Note(inner, observe.OK)
	node.End()
	node.End()
	observe.Note(ctx, "corrupt")
	file.End()
	end()
	want := []string{
		"task file bulk", "begin file j f", "begin node j f", "begin fetch j f", "listed s3", "end fetch interrupted s3",
		"end node ok ", "end file corrupt ", "task over",
	}
	if !slices.Equal(n.lines, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(n.lines, "\n"), strings.Join(want, "\n"))
	}
}

// Without an observer the work in hand is known all the same: the log needs it.
func TestNoObserver(t *testing.T) {
	t.Parallel()
	ctx, end := observe.Task(t.Context(), nil, "file", "bulk")
	ctx, part := observe.Begin(ctx, observe.Work{Kind: observe.File, Job: "j", File: "f"})
	observe.Listed(ctx, 1)
	observe.Note(ctx, observe.OK)
	part.End()
	end()
	if w, ok := observe.Current(ctx); !ok || w.File != "f" {
		t.Errorf("the work in hand is %+v", w)
	}
	observe.Note(t.Context(), observe.OK)
	observe.Connector(t.Context(), "s3")
	observe.Listed(t.Context(), 1)
}

func TestLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(observe.Log(slog.NewTextHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	ctx, part := observe.Begin(t.Context(), observe.Work{Kind: observe.File, Job: "j", File: "f"})
	defer part.End()
	log.InfoContext(ctx, "a")
	log.InfoContext(ctx, "b", "file", "own")
	log.With("job", "mine").InfoContext(ctx, "c", "x", 1)
	log.InfoContext(t.Context(), "d")
	log.Info("e")
	log.WithGroup("g").InfoContext(ctx, "f", "x", 1)
	want := "msg=a job=j file=f\nmsg=b file=own job=j\nmsg=c job=mine x=1 file=f\nmsg=d\nmsg=e\nmsg=f g.x=1\n"
	if out.String() != want {
		t.Errorf("logged\n%swant\n%s", out.String(), want)
	}
}
