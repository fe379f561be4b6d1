// Package embed gives elements their vectors: a stream of elements goes in, the same stream comes out with Embeddings set on
// every element that has a text. It stands behind the chunker, in front of the destinations.
package embed

import (
	"context"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/model"
)

// Model makes vectors; *model.Client is one.
type Model interface {
	Embed(ctx context.Context, texts []string) ([][]float32, model.Usage, error)
}

// Report is what a run used and what its user should know.
type Report struct {
	Usage model.Usage
	Long  int // texts that are longer than the model's window, which some providers cut and others refuse
}

// window is how many elements are held for one round of calls. Vectors of 3,072 numbers then take 6 MB.
const window = 512

// Elements reads elements and gives them back in order with their vectors. maxCharacters is the longest text that surely
// fits the model, 0 when unknown. The first error ends the stream. report may be nil; it is complete at the stream's end.
func Elements(ctx context.Context, in iter.Seq2[element.Element, error], m Model, maxCharacters int, report *Report) iter.Seq2[element.Element, error] {
	if report == nil {
		report = &Report{}
	}
	return func(yield func(element.Element, error) bool) {
		held := make([]element.Element, 0, window)
		flush := func() bool {
			var texts []string
			var at []int
			for i, e := range held {
				if strings.TrimSpace(e.Text) == "" {
					continue
				}
				if maxCharacters > 0 && utf8.RuneCountInString(e.Text) > maxCharacters {
					report.Long++
				}
				texts, at = append(texts, e.Text), append(at, i)
			}
			if len(texts) > 0 {
				vectors, usage, err := m.Embed(ctx, texts)
				report.Usage = report.Usage.Add(usage)
				if err != nil {
					yield(element.Element{}, err)
					return false
				}
				for k, i := range at {
					held[i].Embeddings = vectors[k]
				}
			}
			for _, e := range held {
				if !yield(e, nil) {
					return false
				}
			}
			held = held[:0]
			return true
		}
		for e, err := range in {
			if err != nil {
				yield(element.Element{}, err)
				return
			}
			if held = append(held, e); len(held) == window && !flush() {
				return
			}
		}
		flush()
	}
}
