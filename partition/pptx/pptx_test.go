package pptx

import (
	"fmt"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

// show makes a presentation of slides, given as the shapes of each; the first has notes, all have a layout that puts
// placeholder 7 at the bottom.
func show(slides ...string) []byte {
	parts := map[string]string{
		"_rels/.rels":               `<Relationships><Relationship Id="r" Type="` + office + `officeDocument" Target="ppt/presentation.xml"/></Relationships>`,
		"ppt/notes.xml":             `<p:notes><p:cSld><p:spTree>` + box(`type="sldNum"`, "", para("", "3")) + box(`type="body" idx="1"`, "", para("", "Speak slowly.")+para("", "Then pause.")) + `</p:spTree></p:cSld></p:notes>`,
		"ppt/layout.xml":            `<p:sldLayout><p:cSld><p:spTree>` + box(`idx="7"`, "100,9000", "") + box(`type="title"`, "", "") + `</p:spTree></p:cSld></p:sldLayout>`,
		"ppt/master.xml":            `<p:sldMaster><p:cSld><p:spTree>` + box(`type="title"`, "50,60", "") + `</p:spTree></p:cSld></p:sldMaster>`,
		"ppt/_rels/layout.xml.rels": `<Relationships><Relationship Id="m" Type="` + office + `slideMaster" Target="master.xml"/></Relationships>`,
	}
	rels, list := "", ""
	for i, s := range slides {
		parts[fmt.Sprintf("ppt/s%d.xml", i)] = `<p:sld><p:cSld><p:spTree>` + s + `</p:spTree></p:cSld></p:sld>`
		own := `<Relationship Id="l" Type="` + office + `slideLayout" Target="layout.xml"/>`
		if i == 0 {
			own += `<Relationship Id="n" Type="` + office + `notesSlide" Target="notes.xml"/>`
		}
		parts[fmt.Sprintf("ppt/_rels/s%d.xml.rels", i)] = `<Relationships>` + own + `</Relationships>`
		rels += fmt.Sprintf(`<Relationship Id="s%d" Type="%sslide" Target="s%d.xml"/>`, i, office, i)
		list += fmt.Sprintf(`<p:sldId id="%d" r:id="s%d"/>`, 256+i, i)
	}
	parts["ppt/_rels/presentation.xml.rels"] = `<Relationships>` + rels + `</Relationships>`
	parts["ppt/presentation.xml"] = `<p:presentation><p:sldIdLst>` + list + `</p:sldIdLst></p:presentation>`
	return formattest.Zip(parts)
}

// box is a text shape: a placeholder, or free; at is "left,top" or "".
func box(placeholder, at, paragraphs string) string {
	if placeholder != "" {
		placeholder = "<p:ph " + placeholder + "/>"
	}
	if at != "" {
		var x, y int
		_, _ = fmt.Sscanf(at, "%d,%d", &x, &y)
		at = fmt.Sprintf(`<a:xfrm><a:off x="%d" y="%d"/></a:xfrm>`, x, y)
	}
	return `<p:sp><p:nvSpPr><p:nvPr>` + placeholder + `</p:nvPr></p:nvSpPr><p:spPr>` + at + `</p:spPr><p:txBody>` + paragraphs + `</p:txBody></p:sp>`
}

func para(properties, s string) string {
	return `<a:p><a:pPr ` + properties + `/><a:r><a:t>` + s + `</a:t></a:r></a:p>`
}

func TestSlides(t *testing.T) {
	const bullet = `<a:p><a:pPr lvl="1"><a:buChar char="-"/></a:pPr><a:r><a:t>Check the gauge</a:t></a:r></a:p>`
	table := `<p:graphicFrame><p:xfrm><a:off x="10" y="5000"/></p:xfrm><a:graphic><a:graphicData><a:tbl><a:tr>` +
		`<a:tc><a:txBody><a:p><a:r><a:t>A</a:t></a:r></a:p><a:p><a:r><a:t>B</a:t></a:r></a:p></a:txBody></a:tc><a:tc/></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>`
	first := box(`idx="7"`, "", para("", "The last line of the slide stands at its foot.")) + table +
		`<p:grpSp>` + box("", "10,3000", bullet) + `</p:grpSp>` + box(`type="title"`, "", para("", "Water levels")) +
		box("", "-5,-5", para("", "A note beside the slide"))
	b := show(first, box("", "1,1", `<a:p><a:r><a:t>One</a:t></a:r><a:br/><a:fld><a:t>two</a:t></a:fld></a:p><a:p/>`))
	got := formattest.Want(t, Parse, "a.pptx", b, format.Options{IncludeSlideNotes: true, IncludePageBreaks: true},
		"NarrativeText: Speak slowly.\nThen pause.", "Title: Water levels", "ListItem: Check the gauge", "Table: A B",
		"NarrativeText: The last line of the slide stands at its foot.", "PageBreak: ", "Title: One\ntwo")
	if m := got[3].Metadata; m.TextAsHTML != "<table><tr><td>A B</td><td/></tr></table>" || *m.PageNumber != 1 {
		t.Errorf("%+v", m)
	}
	if *got[2].Metadata.CategoryDepth != 1 || *got[6].Metadata.PageNumber != 2 {
		t.Errorf("%+v %+v", got[2].Metadata, got[6].Metadata)
	}
	formattest.Want(t, Parse, "a.pptx", show(box("", "", para("", "Tides"))), format.Options{}, "Title: Tides")
}

func TestBad(t *testing.T) {
	formattest.WantOutcome(t, Parse, "nothing inside", formattest.Zip(map[string]string{"a": "b"}), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "cut slide", show("<p:sp><p:tx"), budget.Corrupt)
}

func FuzzSlide(f *testing.F) {
	f.Add(box(`type="title"`, "1,1", para(`lvl="2"`, "a")))
	f.Fuzz(func(t *testing.T, shapes string) {
		_, _ = formattest.Parse(t, Parse, "a.pptx", show(shapes), format.Options{IncludeSlideNotes: true})
	})
}
