package telemetry

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluicehq/sluice/internal/observe"
)

// BenchmarkFile is what one file costs in metrics, and in metrics and traces: an attempt, a fetch and two nodes.
func BenchmarkFile(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer collector.Close()
	for name, endpoint := range map[string]string{"metrics": "", "traces": collector.URL} {
		b.Run(name, func(b *testing.B) {
			w, err := New(Options{OTLP: OTLP{Endpoint: endpoint}})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close(b.Context())
			for b.Loop() {
				ctx, end := observe.Task(b.Context(), w, "file", "bulk")
				ctx, file := observe.Begin(ctx, observe.Work{Kind: observe.File, Job: "j", File: "f", Attempt: 1})
				for _, kind := range []string{"partition", "chunk"} {
					ctx, node := observe.Begin(ctx, observe.Work{Kind: observe.Node, Target: "n", Type: kind, Subtype: "s"})
					if kind == "partition" {
						ctx, fetch := observe.Begin(ctx, observe.Work{Kind: observe.Fetch})
						observe.Note(ctx, observe.OK)
						fetch.End()
					}
					observe.Note(ctx, observe.OK)
					node.End()
				}
				observe.Note(ctx, observe.OK)
				file.End()
				end()
			}
		})
	}
}
