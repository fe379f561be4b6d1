package partition

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
)

// TestListedTypesAreRead reads a small file of every extension that docs/formats.md says is read, by nothing but its name
// and content.
func TestListedTypesAreRead(t *testing.T) {
	t.Parallel()
	const says = "The boats are tied to the quay at night."
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	rels := func(target string) string {
		return `<Relationships><Relationship Id="r" Type="` + office + `officeDocument" Target="` + target + `"/></Relationships>`
	}
	word := string(formattest.Zip(map[string]string{"_rels/.rels": rels("word/document.xml"),
		"word/document.xml": "<w:document><w:body><w:p><w:r><w:t>" + says + "</w:t></w:r></w:p></w:body></w:document>"}))
	slides := string(formattest.Zip(map[string]string{"_rels/.rels": rels("ppt/presentation.xml"),
		"ppt/presentation.xml":            `<p:presentation xmlns:r="x"><p:sldIdLst><p:sldId id="256" r:id="a"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels": `<Relationships><Relationship Id="a" Type="` + office + `slide" Target="s.xml"/></Relationships>`,
		"ppt/s.xml":                       "<p:sld><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>" + says + "</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"}))
	book := string(formattest.Zip(map[string]string{"_rels/.rels": rels("xl/workbook.xml"),
		"xl/workbook.xml":            `<workbook xmlns:r="x"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="` + office + `worksheet" Target="s.xml"/></Relationships>`,
		"xl/s.xml":                   `<worksheet><sheetData><row><c t="inlineStr"><is><t>` + says + `</t></is></c></row></sheetData></worksheet>`}))
	text := `<office:body><office:text><text:p>` + says + `</text:p></office:text></office:body>`
	table := `<office:body><office:spreadsheet><table:table table:name="S"><table:table-row><table:table-cell office:value-type="string"><text:p>` + says +
		`</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>`
	deck := `<office:body><office:presentation><draw:page><draw:frame><draw:text-box><text:p>` + says + `</text:p></draw:text-box></draw:frame></draw:page></office:presentation></office:body>`
	odf := func(kind, body string) string {
		return string(formattest.Zip(map[string]string{"mimetype": "application/vnd.oasis.opendocument." + kind,
			"content.xml": "<office:document-content>" + body + "</office:document-content>"}))
	}
	flat := func(kind, body string) string {
		return `<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.opendocument.` + kind + `">` + body + "</office:document>"
	}
	const book1 = `<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>`
	epub := string(formattest.Zip(map[string]string{"mimetype": "application/epub+zip", "a.opf": book1,
		"META-INF/container.xml": `<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>`, "a.xhtml": "<html><body><p>" + says + "</p></body></html>"}))
	const header = "From: a@x.example\nTo: b@x.example\nSubject: x\n"
	for exts, content := range map[string]string{
		"txt text log go py js ts java c cpp cs rb php swift yaml yml": says, "md markdown org rst": says, "html htm": "<p>" + says + "</p>",
		"xhtml": `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>` + says + "</p></body></html>", "xml": "<a>" + says + "</a>",
		"json ndjson": `{"a": "` + says + `"}`, "csv tsv tab": says + "\nMore\n", "eml": header + "\n" + says + "\n",
		"p7s": header + "Content-Type: multipart/signed; boundary=z\n\n--z\n\n" + says + "\n--z--\n", "rtf": `{\rtf1 ` + says + `\par}`,
		"docx docm dotx dotm": word, "pptx pptm potx potm ppsx ppsm": slides, "xlsx xlsm xltx xltm": book,
		"odt ott": odf("text", text), "fodt": flat("text", text), "ods ots": odf("spreadsheet", table), "fods": flat("spreadsheet", table), "epub": epub,
		"odp otp": odf("presentation", deck), "fodp": flat("presentation", deck),
	} {
		for _, ext := range strings.Fields(exts) {
			f := document.NewFile("a."+ext, "", int64(len(content)), bytes.NewReader([]byte(content)))
			got, err := Collect(Partition(t.Context(), f, Options{}))
			if err != nil || len(got) == 0 || !strings.Contains(got[0].Text, says) {
				t.Errorf("%s: %v, %v", ext, got, err)
			}
		}
	}
}
