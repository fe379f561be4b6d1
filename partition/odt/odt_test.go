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
		"Title: Harbour rules", "Title: Mooring", "NarrativeText: Boats  are tied to the quay at night.",
		"ListItem: Ropes", "ListItem: Long ones", "Table: A < B C", "NarrativeText: In a box on the page it says so.", "NarrativeText: Not in winter, when it is closed.")
	if *got[1].Metadata.CategoryDepth != 1 || *got[4].Metadata.CategoryDepth != 1 {
		t.Errorf("depths: %d %d", *got[1].Metadata.CategoryDepth, *got[4].Metadata.CategoryDepth)
	}
	m := got[2].Metadata
	if !slices.Equal(m.EmphasizedTextContents, []string{"tied"}) || len(m.Links) != 1 || m.Links[0].Text != "quay" || m.Links[0].StartIndex != 23 {
		t.Errorf("%+v", m)
	}
	if h := got[5].Metadata.TextAsHTML; h != "<table><tr><td>A &lt; B</td><td>A &lt; B</td></tr><tr><td>C</td><td>C</td></tr></table>" {
		t.Error(h)
	}
}

func deck(pages string) []byte {
	return formattest.Zip(map[string]string{"mimetype": "application/vnd.oasis.opendocument.presentation",
		"content.xml": `<office:document-content><office:body><office:presentation><presentation:settings/>` + pages + `</office:presentation></office:body></office:document-content>`})
}

// TestMerged: merged cells take their places also where no covered cells say so; what is emphasised in cells counts.
func TestMerged(t *testing.T) {
	cell := func(attributes, text string) string {
		return "<table:table-cell" + attributes + `><text:p>` + text + "</text:p></table:table-cell>"
	}
	const tall, wide = ` table:number-rows-spanned="2"`, ` table:number-columns-spanned="2"`
	got := formattest.Want(t, Parse, "a.odt", file(`<table:table><table:table-row>`+cell(tall, "a")+cell(wide, `<text:span text:style-name="B">b</text:span>`)+`</table:table-row><table:table-row>`+
		cell("", "c")+cell(tall+wide, "d")+`</table:table-row><table:table-row>`+cell("", "e")+cell("", "f")+`</table:table-row></table:table>`), format.Options{}, "Table: a b c d e f")
	const want = `<table><tr><td rowspan="2">a</td><td colspan="2">b</td></tr><tr><td>c</td><td colspan="2" rowspan="2">d</td></tr><tr><td>e</td><td>f</td></tr></table>`
	if m := got[0].Metadata; m.TextAsHTML != want || !slices.Equal(m.EmphasizedTextContents, []string{"b"}) || m.CategoryDepth != nil {
		t.Errorf("%s %+v", m.TextAsHTML, m)
	}
}

// TestText has white space, single characters, a style of one paragraph, and addresses without a scheme.
func TestText(t *testing.T) {
	got := formattest.Want(t, Parse, "a.odt", file(`<text:p>a <text:s/>b<text:tab/> c<text:note><text:note-body><text:p>One note is here.</text:p></text:note-body></text:note> d</text:p><text:p>x</text:p>`+
		`<text:p><text:a xlink:href="page.html#part">gate</text:a> <text:a xlink:href="#part">lock</text:a></text:p>`), format.Options{},
		"UncategorizedText: a b c d", "UncategorizedText: x", "UncategorizedText: gate lock", "NarrativeText: One note is here.")
	if got[0].Text != "a b c d" || !slices.Equal(got[2].Metadata.LinkURLs, []string{"page.html#part"}) {
		t.Errorf("%q %+v", got[0].Text, got[2].Metadata)
	}
}

func TestSlides(t *testing.T) {
	const frame = `<draw:frame svg:x="2cm" svg:y="`
	first := `<draw:page><draw:g>` + frame + `120mm"><draw:text-box><text:list><text:list-item><text:p>Ropes</text:p><text:list><text:list-item><text:p>Long ones</text:p></text:list-item></text:list></text:list-item></text:list></draw:text-box></draw:frame></draw:g>` +
		frame + `1in" presentation:class="title"><draw:text-box><text:p>Harbour rules</text:p></draw:text-box></draw:frame>` +
		`<draw:custom-shape svg:y="15cm"><text:p>Boats are tied to the quay at night.</text:p></draw:custom-shape>` +
		frame + `20cm"><table:table><table:table-row><table:table-cell><text:p>Lock</text:p></table:table-cell><table:table-cell><text:p>3 m</text:p></table:table-cell></table:table-row></table:table></draw:frame>` +
		`<presentation:notes><draw:page-thumbnail/><draw:frame presentation:class="notes"><draw:text-box><text:p>Speak slowly here.</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>`
	second := `<draw:page>` + frame + `1cm"><draw:image/></draw:frame><draw:custom-shape><text:p>End of it</text:p></draw:custom-shape></draw:page>`
	got := formattest.Want(t, ParseSlides, "a.odp", deck(first+second), format.Options{IncludeSlideNotes: true, IncludePageBreaks: true},
		"NarrativeText: Speak slowly here.", "Title: Harbour rules", "ListItem: Ropes", "ListItem: Long ones", "NarrativeText: Boats are tied to the quay at night.",
		"Table: Lock 3 m", "PageBreak: ", "Title: End of it")
	for i, want := range map[int][2]int{1: {1, 0}, 2: {1, 0}, 3: {1, 1}, 7: {2, 1}} {
		if m := got[i].Metadata; *m.PageNumber != want[0] || *m.CategoryDepth != want[1] {
			t.Errorf("%s: page %d, depth %d", got[i].Text, *m.PageNumber, *m.CategoryDepth)
		}
	}
	if m := got[5].Metadata; m.TextAsHTML != "<table><tr><td>Lock</td><td>3 m</td></tr></table>" || *m.PageNumber != 1 {
		t.Errorf("%+v", m)
	}
	formattest.Want(t, ParseSlides, "a.odp", deck(""), format.Options{})
	formattest.WantOutcome(t, ParseSlides, "text", file("<text:p>x</text:p>"), budget.Corrupt)
	formattest.WantOutcome(t, ParseSlides, "groups", deck("<draw:page>"+strings.Repeat("<draw:g>", 10_000)+strings.Repeat("</draw:g>", 10_000)+"</draw:page>"), budget.TooLarge)
	whole := deck(strings.Repeat(first, 20))
	for i := range 20 {
		formattest.WantOutcome(t, ParseSlides, "cut", whole[:len(whole)*i/20], budget.Corrupt)
	}
}

// TestFlat: a document of one XML file gives the same.
func TestFlat(t *testing.T) {
	flat := []byte(`<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.opendocument.text"><office:automatic-styles>` +
		`<style:style style:name="B" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style></office:automatic-styles>` +
		`<office:body><office:text><text:h text:outline-level="1">Mooring</text:h><text:p>Boats are <text:span text:style-name="B">tied</text:span> at night.</text:p></office:text></office:body></office:document>`)
	got := formattest.Want(t, Parse, "a.fodt", flat, format.Options{}, "Title: Mooring", "NarrativeText: Boats are tied at night.")
	if !slices.Equal(got[1].Metadata.EmphasizedTextContents, []string{"tied"}) {
		t.Errorf("%+v", got[1].Metadata)
	}
	for i := range 20 {
		formattest.WantOutcome(t, Parse, "cut", flat[:len(flat)*i/20], budget.Corrupt)
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

func FuzzSlides(f *testing.F) {
	f.Add(`<draw:page><draw:frame presentation:class="title" svg:y="1cm"><draw:text-box><text:list><text:list-item><text:p>a</text:p></text:list-item></text:list></draw:text-box></draw:frame></draw:page>`)
	f.Fuzz(func(t *testing.T, pages string) {
		_, _ = formattest.Parse(t, ParseSlides, "a.odp", deck(pages), format.Options{IncludeSlideNotes: true, IncludePageBreaks: true})
	})
}
