//go:build linux

package hostile

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

const (
	sentence = "The gates of the lock were closed at noon."
	office   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pack makes a container of names and contents, the later before the earlier.
func pack(parts ...string) []byte {
	all := map[string]string{}
	for i := 0; i < len(parts); i += 2 {
		all[parts[i]] = parts[i+1]
	}
	return formattest.Zip(all)
}

func paragraph(s string) string { return "<w:p><w:r><w:t>" + s + "</w:t></w:r></w:p>" }

func docx(body string, more ...string) []byte {
	return pack(append([]string{"word/document.xml", `<w:document xmlns:w="w"><w:body>` + body + `</w:body></w:document>`}, more...)...)
}

// xlsx is a workbook of one sheet, given by what stands in its sheetData.
func xlsx(data string, more ...string) []byte {
	return pack(append([]string{
		"_rels/.rels", `<Relationships><Relationship Id="r" Type="` + office + `officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="s1" Type="` + office + `worksheet" Target="s1.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook xmlns:r="x"><sheets><sheet name="Gates" r:id="s1"/></sheets></workbook>`,
		"xl/s1.xml", `<worksheet><sheetData>` + data + `</sheetData></worksheet>`,
	}, more...)...)
}

func cell(s string) string { return `<c t="inlineStr"><is><t>` + s + `</t></is></c>` }

// pptx is a presentation of one slide, given by its shapes.
func pptx(shapes string, more ...string) []byte {
	return pack(append([]string{
		"_rels/.rels", `<Relationships><Relationship Id="r" Type="` + office + `officeDocument" Target="ppt/presentation.xml"/></Relationships>`,
		"ppt/_rels/presentation.xml.rels", `<Relationships><Relationship Id="s1" Type="` + office + `slide" Target="s1.xml"/></Relationships>`,
		"ppt/presentation.xml", `<p:presentation><p:sldIdLst><p:sldId id="256" r:id="s1"/></p:sldIdLst></p:presentation>`,
		"ppt/s1.xml", `<p:sld><p:cSld><p:spTree>` + shapes + `</p:spTree></p:cSld></p:sld>`,
	}, more...)...)
}

func shape(s string) string {
	return `<p:sp><p:txBody><a:p><a:r><a:t>` + s + `</a:t></a:r></a:p></p:txBody></p:sp>`
}

func odf(kind, body string, more ...string) []byte {
	return pack(append([]string{
		"mimetype", "application/vnd.oasis.opendocument." + kind,
		"content.xml", `<office:document-content><office:body><office:` + kind + `>` + body + `</office:` + kind + `></office:body></office:document-content>`,
	}, more...)...)
}

func flat(kind, body string) []byte {
	return []byte(`<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.opendocument.` + kind + `"><office:body><office:` + kind + `>` + body + `</office:` + kind + `></office:body></office:document>`)
}

func epub(chapter string, more ...string) []byte {
	return pack(append([]string{
		"mimetype", "application/epub+zip",
		"META-INF/container.xml", `<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>`,
		"book.opf", `<package><manifest><item id="a" href="one.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>`,
		"one.xhtml", `<html><body>` + chapter + `</body></html>`,
	}, more...)...)
}

// message adds a message of Outlook to a storage; header is the size of the head of its properties, bytes.
func message(s *formattest.Storage, header int, body string) {
	s.Put("__properties_version1.0", strings.Repeat("\x00", header))
	s.Put("__substg1.0_1000001F", wide(body))
}

// attachment adds one to a message of Outlook.
func attachment(s *formattest.Storage, number, name, content string) {
	a := s.Inside("__attach_version1.0_#" + number)
	a.Put("__properties_version1.0", strings.Repeat("\x00", 8))
	a.Put("__substg1.0_3707001F", wide(name))
	a.Put("__substg1.0_37010102", content)
}

func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// whole is a good file of every format that is read, but for PDF and pictures.
func whole(t *testing.T) map[string][]byte {
	t.Helper()
	lines := strings.Repeat(sentence+"\n\n", 20)
	var msg formattest.Storage
	message(&msg, 32, lines)
	attachment(&msg, "00000000", "a.txt", lines)
	mail := "From: A <a@harbour.example>\nTo: B <b@harbour.example>\nSubject: Gates\nMIME-Version: 1.0\n"
	return map[string][]byte{
		"a.txt": []byte(lines), "a.md": []byte("# Gates\n\n" + lines + "| a | b |\n|---|---|\n| 1 | 2 |\n"),
		"a.html": []byte("<!DOCTYPE html><html><body><h1>Gates</h1><p>" + strings.Repeat(sentence+"<p>", 20) + "<table><tr><td>a<td>b</table></body></html>"),
		"a.xml":  []byte("<?xml version=\"1.0\"?><gates>" + strings.Repeat("<gate>"+sentence+"</gate>", 20) + "</gates>"),
		"a.json": []byte(`{"gates": ["` + strings.Repeat(sentence+`", "`, 20) + `"]}`), "a.ndjson": []byte(strings.Repeat(`{"gate": "`+sentence+"\"}\n", 20)),
		"a.csv": []byte(strings.Repeat("gate,noon,\"closed, \"\"at\"\"\"\n", 20)), "a.tsv": []byte(strings.Repeat("gate\tnoon\tclosed\n", 20)),
		"a.eml": []byte(mail + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n" + lines + "--x\nContent-Type: text/csv\nContent-Disposition: attachment; filename=a.csv\nContent-Transfer-Encoding: base64\n\nYSxiCjEsMgo=\n--x--\n"),
		"a.p7s": []byte(mail + "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=x\n\n--x\nContent-Type: text/plain\n\n" + lines +
			"--x\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(make([]byte, 300)) + "\n--x--\n"),
		"a.msg": msg.Pack(), "a.docx": read(t, "samples/report.docx"), "a.doc": read(t, "partition/doc/testdata/survey.doc"),
		"a.odt": odf("text", strings.Repeat("<text:p>"+sentence+"</text:p>", 20)), "a.fodt": flat("text", strings.Repeat("<text:p>"+sentence+"</text:p>", 20)),
		"a.rtf": read(t, "partition/rtf/testdata/harbour.rtf"), "a.pptx": pptx(strings.Repeat(shape(sentence), 20)), "a.ppt": read(t, "partition/ppt/testdata/gates.ppt"),
		"a.odp":  odf("presentation", "<draw:page>"+strings.Repeat("<draw:frame><draw:text-box><text:p>"+sentence+"</text:p></draw:text-box></draw:frame>", 20)+"</draw:page>"),
		"a.xlsx": xlsx(strings.Repeat("<row>"+cell("gate")+cell("noon")+"</row>", 20)), "a.xls": read(t, "partition/xls/testdata/stock.xls"),
		"a.ods":  odf("spreadsheet", `<table:table table:name="Gates">`+strings.Repeat(`<table:table-row><table:table-cell office:value-type="string"><text:p>gate</text:p></table:table-cell></table:table-row>`, 20)+`</table:table>`),
		"a.fods": read(t, "partition/xls/testdata/stock.fods"), "a.epub": epub(strings.Repeat("<p>"+sentence+"</p>", 20)),
		"a.org": []byte("* Gates\n\n" + lines + "| a | b |\n"), "a.rst": []byte("Gates\n=====\n\n" + lines + "- a\n- b\n"),
	}
}

// isText tells the formats that any cut leaves a file of.
func isText(name string) bool {
	return slices.Contains([]string{".txt", ".md", ".html", ".csv", ".tsv", ".eml", ".p7s", ".org", ".rst"}, filepath.Ext(name))
}

// TestTruncated cuts a file of every format at 20 places.
func TestTruncated(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	most := 0
	for name, content := range whole(t) {
		if r := parse(t, p, name, content, partition.Options{}); r.outcome != budget.OK {
			t.Fatalf("%s is no good file: %s %s", name, r.outcome, r.message)
		}
		for i := range 20 {
			cut := content[:len(content)*i/20]
			r := parse(t, p, name, cut, partition.Options{})
			useful(t, r)
			most = max(most, r.peak)
			switch {
			case i == 0 && r.outcome == budget.Empty, i > 0 && r.outcome == budget.Corrupt && !isText(name):
			case i > 0 && r.outcome == budget.OK && !bytes.HasPrefix(content, []byte("PK")):
			case i > 0 && r.outcome == budget.Empty && bytes.HasPrefix(content, []byte("From:")): // the body is gone
			default:
				t.Errorf("%s cut at %d of %d bytes: %s %s", name, len(cut), len(content), r.outcome, r.message)
			}
		}
	}
	if most == 0 || most > 200 {
		t.Errorf("the child held %d MB", most)
	}
}

// TestZeros has files of every name in which there is nothing but zeros.
func TestZeros(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	for name := range whole(t) {
		for _, size := range []int{0, 1, 100, 10_000, 1 << 20} {
			r := parse(t, p, name, make([]byte, size), partition.Options{})
			useful(t, r)
			if size == 0 && r.outcome != budget.Empty || size > 0 && r.outcome != budget.Corrupt && r.outcome != budget.Unsupported || r.peak > 200 {
				t.Errorf("%s of %d zeros: %s %s, %d MB", name, size, r.outcome, r.message, r.peak)
			}
		}
	}
}

// TestWrongExtension gives every file every name. What the content says for sure wins.
func TestWrongExtension(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	files := whole(t)
	for real, content := range files {
		right := parse(t, p, real, content, partition.Options{})
		sure := bytes.HasPrefix(content, []byte("PK")) || bytes.HasPrefix(content, []byte("\xd0\xcf")) || bytes.HasPrefix(content, []byte(`{\rtf`))
		for name := range files {
			r := parse(t, p, name, content, partition.Options{})
			useful(t, r)
			if sure && (r.outcome != budget.OK || len(r.elements) != len(right.elements)) || !sure && r.outcome != budget.OK && r.outcome != budget.Corrupt || r.peak > 200 {
				t.Errorf("%s as %s: %s %s, %d elements, want %d, %d MB", real, name, r.outcome, r.message, len(r.elements), len(right.elements), r.peak)
			}
		}
	}
}
