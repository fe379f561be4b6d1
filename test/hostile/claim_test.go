//go:build linux

package hostile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

// TestClaims has files that say that they are larger than they are, and files that are as large as their format lets them.
func TestClaims(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	merged := func(n int) string {
		var b strings.Builder
		b.WriteString("<row>" + cell(sentence) + "</row></sheetData><mergeCells>")
		for i := range n {
			fmt.Fprintf(&b, `<mergeCell ref="A%d:C%d"/>`, i+1, i+1)
		}
		return b.String() + "</mergeCells><sheetData>"
	}
	repeated := func(rows, columns int) string {
		return fmt.Sprintf(`<table:table><table:table-row table:number-rows-repeated="%d"><table:table-cell table:number-columns-repeated="%d" office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row></table:table>`, rows, columns)
	}
	picture := `<img alt="Plan" src="data:image/png;base64,` + times(100<<20/4, "QUJD") + `">`
	check(t, []hostile{
		{name: "corner.xlsx", content: of(xlsx(`<row r="1">` + cell(sentence) + `</row><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>The corner</t></is></c></row>`)), want: budget.OK, text: "The corner"},
		{name: "dimension.xlsx", content: of(xlsx(`</sheetData><dimension ref="A1:XFD1048576"/><sheetData><row>` + cell(sentence) + `</row>`)), want: budget.OK, text: sentence},
		{name: "beyond.xlsx", content: of(xlsx(`<row r="99999999999"><c r="ZZZZZZ99999999999" t="inlineStr"><is><t>` + sentence + `</t></is></c></row>`)), want: budget.OK, text: sentence},
		{name: "diagonal.xlsx", content: func() []byte {
			var b strings.Builder
			for i := range 16384 { // one block of 16,384 rows and as many columns, all but empty
				fmt.Fprintf(&b, `<row r="%d"><c r="%s%d"><v>1</v></c><c r="%s%d"><v>1</v></c></row>`, i+1, column(i), i+1, column(min(i+1, 16383)), i+1)
			}
			return xlsx(b.String())
		}, want: budget.TooLarge},
		{name: "merged.xlsx", content: func() []byte { return xlsx(merged(million)) }, want: budget.OK, text: sentence},
		{name: "repeated.ods", content: of(odf("spreadsheet", repeated(1<<20, 1<<14))), want: budget.TooLarge},
		{name: "beyond.ods", content: of(odf("spreadsheet", repeated(1<<62, 1<<62))), want: budget.TooLarge},
		{name: "repeated.odt", content: of(odf("text", strings.Replace(repeated(1<<30, 1<<30), "string", "float", 1))), want: budget.OK},
		{name: "spans.html", content: text("<table>", times(1000, `<tr><td rowspan=65534 colspan=1000>x`), "</table>"), want: budget.OK},
		{name: "spans.docx", content: of(docx("<w:tbl>" + times(10_000, `<w:tr><w:tc><w:tcPr><w:gridSpan w:val="1000000"/></w:tcPr><w:p/></w:tc></w:tr>`) + "</w:tbl>")), want: budget.TooLarge},
		{name: "blanks.odt", content: of(odf("text", `<text:p>a<text:s text:c="2000000000"/>`+sentence+`</text:p>`)), want: budget.OK, text: sentence},
		{name: "columns.csv", content: text(times(million, "a,"), "b\n", times(million, "1,"), "2\n"), want: budget.OK},
		{name: "columns.tsv", content: text(times(million, "a\t"), "b\n1\t2\n"), want: budget.OK},
		{name: "rows.csv", content: text("a,b\n", times(million, "1,2\n")), want: budget.OK},
		{name: "picture.html", content: text("<p>", sentence, "</p>", picture), want: budget.OK, text: sentence, memory: 500},
		{name: "picture.md", content: text(sentence, "\n\n![Plan](data:image/png;base64,", times(100<<20/4, "QUJD"), ")\n"), want: budget.OK, text: sentence, memory: 800},
		{name: "picture.eml", content: text("From: a@x.example\nTo: b@x.example\nSubject: Plan\nContent-Type: text/html\n\n<p>", sentence, "</p>", picture), want: budget.OK, text: sentence, memory: 800},
		{name: "picture.epub", content: func() []byte { return epub("<p>" + sentence + "</p>" + picture) }, want: budget.OK, text: sentence, memory: 800},
		{name: "link.html", content: text("<p>", sentence, `</p><a href="data:text/html;base64,`, times(16<<20/4, "QUJD"), `">Plan</a>`), want: budget.OK, text: sentence},
	})
}

// column names a column of a sheet by its number from 0 on.
func column(n int) string {
	s := ""
	for n++; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}

// TestCircles has compound files whose chains and trees lead back to where they come from.
func TestCircles(t *testing.T) {
	t.Parallel()
	var msg formattest.Storage
	message(&msg, 32, sentence)
	attachment(&msg, "00000000", "a.txt", sentence)
	files := map[string][]byte{
		"a.msg": msg.Pack(), "a.doc": read(t, "partition/doc/testdata/survey.doc"), "a.xls": read(t, "partition/xls/testdata/stock.xls"),
		"a.ppt": read(t, "partition/ppt/testdata/gates.ppt"), "a.docx": read(t, "partition/crypt/testdata/agile.docx"),
	}
	p := newPool(t)
	for name, whole := range files {
		fat := (int(binary.LittleEndian.Uint32(whole[76:])) + 1) * 512
		directory := (int(binary.LittleEndian.Uint32(whole[48:])) + 1) * 512
		for kind, change := range map[string]func(b []byte){
			"every sector follows itself": func(b []byte) {
				for i := range 128 {
					binary.LittleEndian.PutUint32(b[fat+4*i:], uint32(i))
				}
			},
			"two sectors follow each other": func(b []byte) {
				for i := range 128 {
					binary.LittleEndian.PutUint32(b[fat+4*i:], uint32(i^1))
				}
			},
			"all sectors follow the first": func(b []byte) {
				for i := range 128 {
					binary.LittleEndian.PutUint32(b[fat+4*i:], 0)
				}
			},
			"every entry is its own neighbour": func(b []byte) {
				for i := range 4 {
					for _, at := range []int{68, 72, 76} {
						binary.LittleEndian.PutUint32(b[directory+128*i+at:], uint32(i))
					}
				}
			},
			"every storage holds the root": func(b []byte) {
				for i := range 4 {
					binary.LittleEndian.PutUint32(b[directory+128*i+76:], 0)
				}
			},
			"the table of the table is itself": func(b []byte) {
				binary.LittleEndian.PutUint32(b[68:], uint32(fat/512-1))
				binary.LittleEndian.PutUint32(b[72:], 1<<30)
			},
			"a stream of all bytes there are": func(b []byte) {
				for i := range 4 {
					binary.LittleEndian.PutUint32(b[directory+128*i+120:], 0x7fffffff)
				}
			},
		} {
			b := append([]byte{}, whole...)
			change(b)
			r := parse(t, p, name, b, partition.Options{})
			useful(t, r)
			if r.peak > 200 || r.peak == 0 {
				t.Errorf("%s, %s: %s, %d MB", name, kind, r.outcome, r.peak)
			}
		}
	}
}

// TestNothingIsRead has files that name files of the machine, and files that name addresses of the network. They are read
// in this very process, where both could be opened.
func TestNothingIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	marker := filepath.Join(dir, "marker.txt")
	if err := os.WriteFile(marker, []byte("The marker was read.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			c.Close()
		}
	}()
	url := "http://" + listener.Addr().String() + "/x"
	for name, content := range map[string]string{
		"a.rst": sentence + "\n\n.. include:: FILE\n\n.. include:: FILE\n   :literal:\n\n.. literalinclude:: FILE\n\n.. csv-table:: A\n   :file: FILE\n\n.. csv-table:: A\n   :url: URL\n\n" +
			".. raw:: html\n   :file: FILE\n\n.. raw:: html\n   :url: URL\n\n.. image:: URL\n\n.. figure:: FILE\n",
		"a.org":  sentence + "\n\n#+INCLUDE: \"FILE\"\n#+INCLUDE: \"FILE\" src c\n#+SETUPFILE: FILE\n#+SETUPFILE: URL\n#+INCLUDE: URL\n[[file:FILE]]\n[[URL]]\n",
		"a.md":   sentence + "\n\n![](URL)\n\n![](FILE)\n\n--8<-- \"FILE\"\n\n{% include \"FILE\" %}\n\n<iframe src=\"file://FILE\"></iframe>\n",
		"a.html": `<html><head><base href="URL"><link rel=stylesheet href="URL"><script src="URL"></script></head><body><p>` + sentence + `</p><img src="URL"><iframe src="file://FILE"></iframe><object data="URL"></object><embed src="URL"><!--#include file="FILE"--></body></html>`,
		"a.xml":  `<?xml version="1.0"?><!DOCTYPE x SYSTEM "URL" [<!ENTITY a SYSTEM "file://FILE">]><x xmlns:xi="http://www.w3.org/2001/XInclude">` + sentence + `&a;<xi:include href="file://FILE" parse="text"/></x>`,
		"a.rtf":  `{\rtf1 {\*\template FILE}` + sentence + `\par {\field{\*\fldinst INCLUDETEXT "FILE"}{\fldrslt }}{\field{\*\fldinst INCLUDEPICTURE "URL"}{\fldrslt }}{\object\objautlink{\*\objdata 00}}}`,
		"a.eml":  "From: a@x.example\nTo: b@x.example\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>" + sentence + "</p><img src=\"URL\">\n--b\nContent-Type: message/external-body; access-type=local-file; name=\"FILE\"\n\nContent-Type: text/plain\n\n--b\nContent-Type: message/external-body; access-type=URL; URL=\"URL\"\n\nContent-Type: text/plain\n\n--b--\n",
		"a.docx": string(docx(paragraph(sentence)+`<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText>INCLUDETEXT "FILE"</w:instrText><w:fldChar w:fldCharType="end"/></w:r></w:p><w:altChunk r:id="e0"/><w:subDoc r:id="e1"/><w:sectPr><w:headerReference w:type="default" r:id="e2"/></w:sectPr>`,
			"word/_rels/document.xml.rels", external("aFChunk", "subDocument", "header", "image", "attachedTemplate", "styles", "numbering", "footnotes", "settings", "oleObject"))),
		"a.xlsx": string(xlsx("<row>"+cell(sentence)+`<c><f>WEBSERVICE("URL")</f><v>1</v></c><c><f>[1]A!A1</f><v>2</v></c></row>`,
			"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="s1" Type="`+office+`worksheet" Target="s1.xml"/><Relationship Id="e" Type="`+office+`sharedStrings" Target="URL" TargetMode="External"/><Relationship Id="f" Type="`+office+`styles" Target="file://FILE" TargetMode="External"/></Relationships>`)),
		"a.pptx": string(pptx(shape(sentence), "ppt/_rels/s1.xml.rels", external("slideLayout", "notesSlide", "image", "video", "media", "oleObject"))),
		"a.odt":  string(odf("text", "<text:p>"+sentence+`</text:p><text:section><text:section-source xlink:href="file://FILE"/></text:section><draw:frame><draw:image xlink:href="URL"/><draw:object xlink:href="URL"/></draw:frame>`)),
		"a.epub": string(epub(`<p>`+sentence+`</p><img src="URL"/>`, "book.opf", `<package><manifest><item id="a" href="one.xhtml" media-type="application/xhtml+xml"/><item id="b" href="URL" media-type="application/xhtml+xml"/><item id="c" href="../../FILE" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>`)),
	} {
		if strings.HasPrefix(content, "PK") {
			content = string(repack(t, []byte(content), url, marker))
		}
		content = strings.NewReplacer("FILE", marker, "URL", url).Replace(content)
		ok := false
		for e, err := range child.Elements(t.Context(), child.Direct{}, document.NewFile(name, "", int64(len(content)), strings.NewReader(content)), child.Request{}) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			ok = ok || strings.Contains(e.Text, sentence)
			if strings.Contains(e.Text+e.Metadata.TextAsHTML, "marker was read") {
				t.Errorf("%s: a file of the machine was read", name)
			}
		}
		if !ok {
			t.Errorf("%s: the text is lost", name)
		}
	}
	listener.Close()
	<-done
	if n := calls.Load(); n > 0 {
		t.Errorf("%d connections were made", n)
	}
}

// external makes relationships of kinds that lead out of the file.
func external(kinds ...string) string {
	var b strings.Builder
	b.WriteString("<Relationships>")
	for i, kind := range kinds {
		fmt.Fprintf(&b, `<Relationship Id="e%d" Type="%s%s" Target="URL" TargetMode="External"/>`, i, office, kind)
		fmt.Fprintf(&b, `<Relationship Id="f%d" Type="%s%s" Target="file://FILE" TargetMode="External"/>`, i, office, kind)
		fmt.Fprintf(&b, `<Relationship Id="g%d" Type="%s%s" Target="../../../../../../../..FILE"/>`, i, office, kind)
	}
	return b.String() + "</Relationships>"
}

// repack puts addresses and paths into the parts of a container.
func repack(t *testing.T, b []byte, url, path string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = strings.NewReplacer("FILE", path, "URL", url).Replace(string(part))
	}
	return formattest.Zip(parts)
}
