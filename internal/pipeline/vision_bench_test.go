package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/model/modeltest"
	"github.com/sluicehq/sluice/workflow"
)

// BenchmarkSlowProvider asks a provider that answers in one second 200 times, 20 calls at once: about the elements of a document,
// and about the pages of one. Ten seconds are what the provider takes alone. The order is checked.
func BenchmarkSlowProvider(b *testing.B) {
	const calls = 200
	run := func(b *testing.B, task string, nodes func(*modeltest.Server) []workflow.Node, name, mimeType string, content []byte) {
		for b.Loop() {
			b.StopTimer()
			s := modeltest.New(b, "openai")
			s.Reply = func(q modeltest.Question) string {
				if q.Schema != nil {
					return `{"items":[],"relationships":[]}`
				}
				return "<p>seen</p>"
			}
			for range calls {
				s.Fail(modeltest.Fault{Delay: time.Second})
			}
			file := newBenchFor(b, child.Direct{}, nodes(s)...)
			file.bytes(name, mimeType, content)
			b.StartTimer()
			r, err := file.runner.Run(b.Context(), file.in, file.save)
			b.StopTimer()
			if err != nil {
				b.Fatal(err)
			}
			last := 0
			for i, e := range file.elements(r.Last) {
				at := number(e)
				if task == "elements" {
					if _, err := fmt.Sscanf(e.Text, "Sentence %d", &at); err != nil {
						b.Fatalf("element %d: %q", i, e.Text)
					}
				}
				if at < last {
					b.Fatalf("%d after %d", at, last)
				}
				last = at
			}
			if last != calls || len(s.Questions()) != calls {
				b.Fatalf("%d in order, %d questions", last, len(s.Questions()))
			}
			b.ReportMetric(float64(s.Most()), "calls-at-once")
			b.StartTimer()
		}
	}
	b.Run("elements", func(b *testing.B) {
		var text []byte
		for i := range calls {
			text = fmt.Appendf(text, "Sentence %d of the report says that the level of the river is falling again.\n\n", i+1)
		}
		run(b, "elements", func(s *modeltest.Server) []workflow.Node {
			return []workflow.Node{partitionNode(), modelNode(s, workflow.KindPrompter, "openai_ner", nil)}
		}, "report.txt", "text/plain", text)
	})
	b.Run("pages", func(b *testing.B) {
		var leaves []formattest.Leaf
		for i := range calls {
			leaves = append(leaves, formattest.Leaf{Lines: []string{fmt.Sprint("Page ", i+1)}})
		}
		run(b, "pages", func(s *modeltest.Server) []workflow.Node { return []workflow.Node{seeNode(s, nil)} },
			"many.pdf", "application/pdf", formattest.PDF(leaves...))
	})
}
