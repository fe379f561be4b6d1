// Package retrieval_test compares the embedders that ask nobody on a small set of passages and questions: how often the passage
// that answers a question is among the five nearest. The set was written for this project.
package retrieval_test

import (
	"cmp"
	"context"
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/models"
	"github.com/sluicehq/sluice/internal/models/modelstest"
	"github.com/sluicehq/sluice/model/words"
)

//go:embed passages.tsv
var set string

type question struct {
	text    string
	passage int
}

func read(t *testing.T) (passages []string, questions []question) {
	t.Helper()
	for line := range strings.Lines(set) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 {
			t.Fatalf("a line has %d fields: %s", len(fields), line)
		}
		for _, q := range fields[1:] {
			questions = append(questions, question{q, len(passages)})
		}
		passages = append(passages, fields[0])
	}
	return passages, questions
}

// recall is the share of questions whose passage is among the n nearest.
func recall(passages, asked [][]float32, questions []question, n int) float64 {
	found := 0
	for i, q := range questions {
		order := make([]int, len(passages))
		scores := make([]float64, len(passages))
		for k := range passages {
			order[k], scores[k] = k, words.Similarity(asked[i], passages[k])
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		if slices.Contains(order[:n], q.passage) {
			found++
		}
	}
	return float64(found) / float64(len(questions))
}

// The built-in embedder finds at least three quarters of what MiniLM finds.
func TestRecall(t *testing.T) {
	m := modelstest.MiniLM(t)
	p, err := models.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	passages, questions := read(t)
	texts := make([]string, len(questions))
	for i, q := range questions {
		texts[i] = q.text
	}
	embed := func(texts []string) [][]float32 {
		v, err := p.Embed(context.Background(), texts)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	built := func(texts []string) [][]float32 {
		out := make([][]float32, len(texts))
		for i, text := range texts {
			out[i] = words.Vector(text)
		}
		return out
	}
	large := recall(embed(passages), embed(texts), questions, 5)
	small := recall(built(passages), built(texts), questions, 5)
	t.Logf("%d passages, %d questions: recall@5 of MiniLM %.3f, of the built-in embedder %.3f, %.0f %% of it", len(passages), len(questions), large, small, 100*small/large)
	if large < 0.9 {
		t.Errorf("MiniLM finds %.3f: it is not run as it should be", large)
	}
	if small < 0.75*large {
		t.Errorf("the built-in embedder finds %.3f, MiniLM %.3f", small, large)
	}
}
