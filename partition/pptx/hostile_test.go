package pptx

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
	whole := show(box("", "1,1", strings.Repeat(para("", "Water levels"), 50)))
	for i := range 20 {
		formattest.WantOutcome(t, Parse, fmt.Sprintf("cut at %d of 20", i), whole[:len(whole)*i/20], budget.Corrupt)
	}
}

func TestTooMuch(t *testing.T) {
	t.Parallel()
	formattest.WantOutcome(t, Parse, "nested groups", show(strings.Repeat("<p:grpSp>", 100_000)+strings.Repeat("</p:grpSp>", 100_000)), budget.TooLarge)
	formattest.WantOutcome(t, Parse, "one endless text", show(box("", "", para("", strings.Repeat("x", 17<<20)))), budget.TooLarge)
	formattest.WantOutcome(t, Parse, "closes the slide", show("</p:spTree></p:cSld></p:sld></p:x></p:x>"), budget.Corrupt)
}

// TestNumbers: places and levels may be any number.
func TestNumbers(t *testing.T) {
	t.Parallel()
	got := formattest.Want(t, Parse, "a.pptx", show(box("", "1,1", para(`lvl="99999999999999999999"`, "The keeper opened the gate."))+
		box("", "", para(`lvl="-3"`, "The keeper closed the gate."))), format.Options{},
		"NarrativeText: The keeper closed the gate.", "NarrativeText: The keeper opened the gate.")
	for i, want := range []int{0, 8} {
		if d := *got[i].Metadata.CategoryDepth; d != want {
			t.Errorf("level %d, want %d", d, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	slides := make([]string, 100)
	for i := range slides {
		slides[i] = box(`type="title"`, "", para("", "Water levels")) + box("", "10,10", strings.Repeat(para("", "The keeper opened the gate."), 5))
	}
	text := show(slides...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formattest.Parse(b, Parse, "a.pptx", text, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
