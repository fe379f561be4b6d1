package filetype

import (
	"bytes"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
)

// TestListed has a file of every extension that docs/formats.md promises, as its program writes it: what it is must be found
// with the right name, and for those with a signature under a wrong name too.
func TestListed(t *testing.T) {
	t.Parallel()
	zip := func(parts ...string) string {
		all := map[string]string{}
		for i := 0; i+1 < len(parts); i += 2 {
			all[parts[i]] = parts[i+1]
		}
		return string(formattest.Zip(all))
	}
	word := func(kind string) string {
		return zip("word/document.xml", "<w/>", "[Content_Types].xml", `<Override ContentType="application/`+kind+`.main+xml"/>`)
	}
	slides := func(kind string) string {
		return zip("ppt/presentation.xml", "<p/>", "[Content_Types].xml", `<Override ContentType="application/`+kind+`.main+xml"/>`)
	}
	book := func(kind string) string {
		return zip("xl/workbook.xml", "<w/>", "[Content_Types].xml", `<Override ContentType="application/`+kind+`.main+xml"/>`)
	}
	odf := func(kind string) string {
		return zip("mimetype", "application/vnd.oasis.opendocument."+kind, "content.xml", "<x/>")
	}
	flat := func(kind string) string {
		return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<office:document xmlns:office="urn:x" office:mimetype="application/vnd.oasis.opendocument.` + kind + `"><office:body/></office:document>`
	}
	const mail = "From: a@x.example\nTo: b@x.example\nSubject: x\nContent-Type: multipart/signed; boundary=z\n\n--z\n\nbody\n--z--\n"
	for _, c := range []struct {
		ext, content string
		want         Type
	}{
		{"txt", "Some text.", Text}, {"text", "Some text.", Text}, {"log", "12:00 started\n", Text}, {"go", "package a\n", Text}, {"py", "def a(): pass\n", Text},
		{"yaml", "a: 1\n", Text}, {"md", "# A\n", Markdown}, {"markdown", "# A\n", Markdown},
		{"html", "<p>A</p>", HTML}, {"htm", "<p>A</p>", HTML},
		{"xhtml", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>`, HTML},
		{"xml", "<a/>", XML}, {"json", `{"a": 1}`, JSON}, {"ndjson", "{\"a\": 1}\n", NDJSON}, {"csv", "a;b\n", CSV}, {"tsv", "a\tb\n", TSV}, {"tab", "a\tb\n", TSV},
		{"eml", mail, EML}, {"p7s", mail, EML}, {"org", "* A\n", Org}, {"rst", "A\n=\n", RST},
		{"rtf", `{\rtf1 a}`, RTF},
		{"docx", word("vnd.openxmlformats-officedocument.wordprocessingml.document"), DOCX}, {"docm", word("vnd.ms-word.document.macroEnabled"), DOCX},
		{"dotx", word("vnd.openxmlformats-officedocument.wordprocessingml.template"), DOCX}, {"dotm", word("vnd.ms-word.template.macroEnabledTemplate"), DOCX},
		{"pptx", slides("vnd.openxmlformats-officedocument.presentationml.presentation"), PPTX}, {"pptm", slides("vnd.ms-powerpoint.presentation.macroEnabled"), PPTX},
		{"potx", slides("vnd.openxmlformats-officedocument.presentationml.template"), PPTX}, {"ppsx", slides("vnd.openxmlformats-officedocument.presentationml.slideshow"), PPTX},
		{"xlsx", book("vnd.openxmlformats-officedocument.spreadsheetml.sheet"), XLSX}, {"xlsm", book("vnd.ms-excel.sheet.macroEnabled"), XLSX},
		{"xltx", book("vnd.openxmlformats-officedocument.spreadsheetml.template"), XLSX},
		{"odt", odf("text"), ODT}, {"ott", odf("text-template"), ODT}, {"ods", odf("spreadsheet"), ODS}, {"ots", odf("spreadsheet-template"), ODS}, {"odp", odf("presentation"), ODP},
		{"fodt", flat("text"), ODT}, {"fods", flat("spreadsheet"), ODS},
		{"epub", zip("mimetype", "application/epub+zip"), EPUB},
		{"doc", compound("WordDocument"), DOC}, {"dot", compound("WordDocument"), DOC}, {"ppt", compound("PowerPoint Document"), PPT}, {"pot", compound("PowerPoint Document"), PPT},
		{"xls", compound("Workbook"), XLS}, {"msg", compound("__properties_version1.0"), MSG}, {"pdf", "%PDF-1.7\n", PDF},
	} {
		names := []string{"a." + c.ext}
		if c.want.isBinary() {
			names = append(names, "a", "a.txt", "a.xml", "a.zip")
		}
		for _, name := range names {
			f := document.NewFile(name, "", int64(len(c.content)), bytes.NewReader([]byte(c.content)))
			got, err := Detect(f, "", budget.New(budget.Default))
			if err != nil || got != c.want {
				t.Errorf("%s named %s: %s, %v; want %s", c.ext, name, got.Name, err, c.want.Name)
			}
		}
	}
	// A main part of another name is known by its declared type, and what is embedded is not taken for it.
	for main, want := range map[string]Type{
		"ms-word.template.macroEnabledTemplate.main+xml": DOCX, "presentationml.slideshow.main+xml": PPTX, "ms-powerpoint.slideshow.macroEnabled.main+xml": PPTX,
		"spreadsheetml.template.main+xml": XLSX, "ms-excel.sheet.macroEnabled.main+xml": XLSX, "ms-excel.sheet.macroEnabled.12": ZIP,
	} {
		b := zip("a/b.xml", "<x/>", "[Content_Types].xml", `<Override ContentType="application/vnd.`+main+`"/>`)
		f := document.NewFile("a.bin", "", int64(len(b)), bytes.NewReader([]byte(b)))
		if got, err := Detect(f, "", budget.New(budget.Default)); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", main, got.Name, err, want.Name)
		}
	}
}
