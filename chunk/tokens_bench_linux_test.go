package chunk

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/cputime"
	"github.com/sluicehq/sluice/model/tokens"
)

// BenchmarkTokens counts the tokens of elements and chunks them by their tokens, in turns, both in the time of the processors,
// collections of garbage among it. The share is the speed of the second against the first, in percent.
func BenchmarkTokens(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	var elements []element.Element
	size := 0
	for range 2000 {
		e := element.Element{Type: element.NarrativeText, Text: strings.TrimSpace(strings.Repeat("The chunker fills what a model reads at once. ", 1+r.IntN(20)))}
		size += len(e.Text)
		elements = append(elements, e)
	}
	for _, name := range []string{"cl100k_base", "wordpiece"} {
		tok, err := tokens.ByName(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, limit := range []int{64, 256, 512} {
			b.Run(fmt.Sprintf("%s/%d", name, limit), func(b *testing.B) {
				var counting, chunking time.Duration
				for b.Loop() {
					start := cputime.Own(b)
					for i := range elements {
						tok.Count(elements[i].Text)
					}
					middle := cputime.Own(b)
					if _, err := Slice(elements, Basic, Options{MaxTokens: &limit, Tokenizer: name, IncludeOrigElements: ptr(false)}); err != nil {
						b.Fatal(err)
					}
					counting += middle - start
					chunking += cputime.Own(b) - middle
				}
				all := float64(size) * float64(b.N) / 1e6
				b.ReportMetric(all/counting.Seconds(), "tokenizer-MB/s")
				b.ReportMetric(all/chunking.Seconds(), "chunks-MB/s")
				b.ReportMetric(100*counting.Seconds()/chunking.Seconds(), "share-%")
			})
		}
	}
}
