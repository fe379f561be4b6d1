package xlsx

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestCut(t *testing.T) {
	t.Parallel()
	whole := book("", strings.Repeat(row(str("Rope"), num("12")), 50))
	for i := range 20 {
		formattest.WantOutcome(t, Parse, fmt.Sprintf("cut at %d of 20", i), whole[:len(whole)*i/20], budget.Corrupt)
	}
}

// TestClaims: what a sheet says of its size, its merged ranges and its strings is not believed.
func TestClaims(t *testing.T) {
	t.Parallel()
	const far = `<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>The corner</t></is></c></row>`
	merged := `</sheetData><mergeCells>` + strings.Repeat(`<mergeCell ref="A1:XFD1048576"/>`, 1_000_000) + `</mergeCells><sheetData>`
	formattest.Want(t, Parse, "a.xlsx", book("", row(str("Near"))+far+merged), format.Options{}, "Title: Near", "Title: The corner")
	formattest.Want(t, Parse, "a.xlsx", book("", `</sheetData><dimension ref="A1:XFD1048576"/><sheetData>`+row(str("Near"))), format.Options{}, "Title: Near")
	formattest.Want(t, Parse, "a.xlsx", book("", row(`<c t="s"><v>-1</v></c>`, `<c t="s"><v>99999999999999999999</v></c>`, str("x"))), format.Options{}, "Title: x")
}

func TestTooMuch(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"nested":            book("", "<row>"+strings.Repeat("<c>", 100_000)),
		"one endless value": book("", row(str(strings.Repeat("x", 17<<20)))),
	} {
		formattest.WantOutcome(t, Parse, name, b, budget.TooLarge)
	}
}

func BenchmarkParse(b *testing.B) {
	var data strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&data, `<row r="%d">`, i+1)
		for c := range 10 {
			fmt.Fprintf(&data, `<c r="%c%d"><v>%d.5</v></c>`, 'A'+c, i+1, i*c)
		}
		data.WriteString("</row>")
	}
	text := book("", data.String())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formattest.Parse(b, Parse, "a.xlsx", text, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
