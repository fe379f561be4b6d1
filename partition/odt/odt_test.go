package odt

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func file(body string) []byte {
	return formattest.Zip(map[string]string{
		"mimetype": "application/vnd.oasis.opendocument.text",
		"styles.xml": `<office:document-styles><office:styles><style:style style:name="Title" style:family="paragraph"/>` +
			`<style:style style:name="P9" style:family="paragraph" style:parent-style-name="Title"/></office:styles></office:document-styles>`,
		"content.xml": `<office:document-content><office:automatic-styles><style:style style:name="B" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>` +
			`</office:automatic-styles><office:body><office:text>` + body + `</office:text></office:body></office:document-content>`,
	})
}

func TestParse(t *testing.T) {
	got := formattest.Want(t, Parse, "a.odt", file(
		`<text:tracked-changes><text:p>Deleted words</text:p></text:tracked-changes>`+
			`<text:p text:style-name="P9">Harbour  rules</text:p><text:h text:outline-level="2">Mooring</text:h>`+
			`<text:p>Boats<text:s text:c="2"/>are <text:span text:style-name="B">tied</text:span> to the <text:a xlink:href="https://x.example/quay">quay</text:a> at night.<text:note><text:note-body><text:p>Not in winter, when it is closed.</text:p></text:note-body></text:note><office:annotation><text:p>why?</text:p></office:annotation></text:p>`+
			`<text:list><text:list-item><text:p>Ropes</text:p><text:list><text:list-item><text:p>Long ones</text:p></text:list-item></text:list></text:list-item></text:list>`+
			`<table:table><table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>A &lt; B</text:p></table:table-cell></table:table-row>`+
			`<table:table-row><table:table-cell><text:p>C</text:p></table:table-cell><table:covered-table-cell/></table:table-row></table:table>`+
			`<text:p><draw:frame><draw:text-box><text:p>In a box on the page it says so.</text:p></draw:text-box></draw:frame></text:p>`), format.Options{},
		"Title: Harbour rules", "Title: Mooring", "NarrativeText: Boats  are tied to the quay at night.", "NarrativeText: Not in winter, when it is closed.",
		"ListItem: Ropes", "ListItem: Long ones", "Table: A < B C", "NarrativeText: In a box on the page it says so.")
	if *got[1].Metadata.CategoryDepth != 1 || *got[5].Metadata.CategoryDepth != 1 {
		t.Errorf("depths: %d %d", *got[1].Metadata.CategoryDepth, *got[5].Metadata.CategoryDepth)
	}
	m := got[2].Metadata
	if !slices.Equal(m.EmphasizedTextContents, []string{"tied"}) || len(m.Links) != 1 || m.Links[0].Text != "quay" || m.Links[0].StartIndex != 23 {
		t.Errorf("%+v", m)
	}
	if h := got[6].Metadata.TextAsHTML; h != "<table><tr><td>A &lt; B</td><td>A &lt; B</td></tr><tr><td>C</td><td>C</td></tr></table>" {
		t.Error(h)
	}
}

func TestBad(t *testing.T) {
	formattest.WantOutcome(t, Parse, "no content", formattest.Zip(map[string]string{"mimetype": "x"}), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "cut", file("<text:p"), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "encrypted", formattest.Zip(map[string]string{"META-INF/manifest.xml": "<manifest:encryption-data/>", "content.xml": "noise"}), budget.Encrypted)
	formattest.WantOutcome(t, Parse, "deep", file(strings.Repeat("<text:section>", 10_000)+strings.Repeat("</text:section>", 10_000)), budget.TooLarge)
	// Each level reads the next once; and what repeats is bounded.
	const open, end = "<table:table><table:table-row><table:table-cell>", "</table:table-cell></table:table-row></table:table>"
	formattest.Want(t, Parse, "nested", file(strings.Repeat(open, 100)+"<text:p>inside</text:p>"+strings.Repeat(end, 100)), format.Options{}, "Table: inside")
	many := strings.Repeat(`<table:table-row table:number-rows-repeated="1000"><table:table-cell table:number-columns-repeated="1000"><text:p>x</text:p></table:table-cell></table:table-row>`, 2000)
	got, err := formattest.Parse(t, Parse, "repeated", file("<table:table>"+many+"</table:table>"), format.Options{})
	if err != nil || len(got) != 1 || len(got[0].Metadata.TextAsHTML) > 64<<20 {
		t.Errorf("%d elements, %v", len(got), err)
	}
}

func FuzzBody(f *testing.F) {
	f.Add(`<text:p>a<text:span text:style-name="B">b</text:span></text:p><table:table><table:table-row><table:table-cell/></table:table-row></table:table>`)
	f.Fuzz(func(t *testing.T, body string) {
		_, _ = formattest.Parse(t, Parse, "a.odt", file(body), format.Options{})
	})
}
