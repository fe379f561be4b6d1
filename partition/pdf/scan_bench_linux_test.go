package pdf

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/cputime"
	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ocr"
)

// Four scanned pages at 300 dots per inch, file to elements, against Tesseract alone on the same rasters with as many processes, in turns and
// in processor time.
func BenchmarkScan(b *testing.B) {
	const pages = 4
	text := strings.Repeat("The harbour handled more ships than in any year before, and most of them carried grain.\n"+
		"The new quay was opened in September and is in full use; two cranes were repaired.\n\n", 14)
	m := typeset.Page(text, 10, 595, 842, 300)
	w := &writer{}
	for range pages {
		w.page("q 595 0 0 842 0 0 cm /Im Do Q ", "/MediaBox[0 0 595 842]")
	}
	file := scan(w, m).bytes()
	var ours, alone time.Duration
	for b.Loop() {
		start := cputime.All(b)
		if _, err := parse(b.Context(), file, format.Options{}); err != nil {
			b.Fatal(err)
		}
		middle := cputime.All(b)
		var all sync.WaitGroup
		for range pages {
			all.Go(func() {
				if _, err := ocr.Default.Words(b.Context(), m, ocr.Request{DPI: 300}); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
		ours, alone = ours+middle-start, alone+cputime.All(b)-middle
	}
	b.ReportMetric(float64(pages*b.N)/ours.Seconds(), "pages/cpu-s")
	b.ReportMetric(float64(pages*b.N)/alone.Seconds(), "tesseract-pages/cpu-s")
	b.ReportMetric(ours.Seconds()/alone.Seconds(), "x-tesseract")
}
