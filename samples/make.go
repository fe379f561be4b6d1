//go:build ignore

// Command make writes report.docx and invoice.pdf of this folder. Run it from the project's folder: go run samples/make.go
package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	for name, content := range map[string][]byte{"report.docx": report(), "invoice.pdf": invoice()} {
		if err := os.WriteFile(filepath.Join("samples", name), content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// report is a word-processor document with a title, headings, lists, a table, a link, a header and a footer.
func report() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name, body string) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err == nil {
			_, err = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + body))
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	const (
		w   = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`
		r   = `xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
		doc = "application/vnd.openxmlformats-officedocument.wordprocessingml."
		rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	)
	add("[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Default Extension="xml" ContentType="application/xml"/>`+
		`<Override PartName="/word/document.xml" ContentType="`+doc+`document.main+xml"/>`+
		`<Override PartName="/word/styles.xml" ContentType="`+doc+`styles+xml"/>`+
		`<Override PartName="/word/numbering.xml" ContentType="`+doc+`numbering+xml"/>`+
		`<Override PartName="/word/header1.xml" ContentType="`+doc+`header+xml"/>`+
		`<Override PartName="/word/footer1.xml" ContentType="`+doc+`footer+xml"/></Types>`)
	add("_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="rId1" Type="`+rel+`officeDocument" Target="word/document.xml"/></Relationships>`)
	add("word/_rels/document.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="rId1" Type="`+rel+`styles" Target="styles.xml"/>`+
		`<Relationship Id="rId2" Type="`+rel+`numbering" Target="numbering.xml"/>`+
		`<Relationship Id="rId3" Type="`+rel+`header" Target="header1.xml"/>`+
		`<Relationship Id="rId4" Type="`+rel+`footer" Target="footer1.xml"/>`+
		`<Relationship Id="rId5" Type="`+rel+`hyperlink" Target="https://northwater.example/levels" TargetMode="External"/></Relationships>`)
	style := func(id, name, more string) string {
		return `<w:style w:type="paragraph" w:styleId="` + id + `"><w:name w:val="` + name + `"/>` + more + `</w:style>`
	}
	add("word/styles.xml", `<w:styles `+w+`>`+
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>`+
		style("Title", "Title", `<w:basedOn w:val="Normal"/>`)+
		style("Heading1", "heading 1", `<w:basedOn w:val="Normal"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr>`)+
		style("Heading2", "heading 2", `<w:basedOn w:val="Normal"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr>`)+
		style("ListBullet", "List Bullet", `<w:basedOn w:val="Normal"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>`)+
		`<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/></w:style></w:styles>`)
	add("word/numbering.xml", `<w:numbering `+w+`><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">`+
		`<w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl></w:abstractNum>`+
		`<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`)
	p := func(style, text string) string {
		if style != "" {
			style = `<w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>`
		}
		return `<w:p>` + style + `<w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
	}
	add("word/header1.xml", `<w:hdr `+w+`>`+p("", "Northwater Trust, yearly report")+`</w:hdr>`)
	add("word/footer1.xml", `<w:ftr `+w+`>`+p("", "Printed on recycled paper")+`</w:ftr>`)
	table := func(rows ...[]string) string {
		var t strings.Builder
		t.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/></w:tblPr>`)
		for _, row := range rows {
			t.WriteString(`<w:tr>`)
			for _, cell := range row {
				t.WriteString(`<w:tc>` + p("", cell) + `</w:tc>`)
			}
			t.WriteString(`</w:tr>`)
		}
		t.WriteString(`</w:tbl>`)
		return t.String()
	}
	add("word/document.xml", `<w:document `+w+` `+r+`><w:body>`+
		p("Title", "Yearly report on locks and weirs")+
		p("", "Northwater Trust looks after eleven locks and four weirs. This report tells what we repaired, what it cost, and what has to wait until next year.")+
		p("Heading1", "Repairs")+
		p("", "The upper gate at Alder Mill was lifted out in March and came back in May. It had lost a third of its oak planks to rot.")+
		p("Heading2", "Work that is finished")+
		p("ListBullet", "New planks and hinges for the upper gate at Alder Mill")+
		p("ListBullet", "A radio link between all level boards and the control room")+
		p("ListBullet", "Two pumps at Stone Quay, which now run at night")+
		p("Heading2", "Work that waits")+
		p("", "The sill of the old weir leaks. We will close the leak when the water is low, which is usually in September.")+
		p("Heading1", "Costs")+
		p("", "All amounts are in thousands of euros and include taxes.")+
		table([]string{"Place", "Planned", "Spent"}, []string{"Alder Mill", "120", "131"}, []string{"Stone Quay", "80", "74"}, []string{"Control room", "35", "35"})+
		p("Heading1", "Numbers for everyone")+
		`<w:p><w:r><w:t xml:space="preserve">The levels of all boards are published every hour on </w:t></w:r>`+
		`<w:hyperlink r:id="rId5"><w:r><w:t>our page of levels</w:t></w:r></w:hyperlink>`+
		`<w:r><w:t xml:space="preserve">, and </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>anyone may use them</w:t></w:r><w:r><w:t>.</w:t></w:r></w:p>`+
		`<w:sectPr><w:headerReference w:type="default" r:id="rId3"/><w:footerReference w:type="default" r:id="rId4"/></w:sectPr>`+
		`</w:body></w:document>`)
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	return b.Bytes()
}

// invoice is a PDF of two pages in the standard fonts.
func invoice() []byte {
	type line struct {
		font    string // F1 regular, F2 bold
		size    float64
		x, y    float64 // points from the lower left corner
		content string
	}
	pages := [][]line{
		{
			{"F1", 8, 72, 800, "Northwater Trust, 12 Mill Lane, Aldertown"},
			{"F2", 20, 72, 740, "Invoice for gate repairs"},
			{"F1", 11, 72, 705, "We repaired the upper gate at Alder Mill between March and May. The work was done by our"},
			{"F1", 11, 72, 690, "own crew with planks from a local mill, and it was checked by an engineer of the county."},
			{"F2", 14, 72, 655, "What was done"},
			{"F1", 11, 72, 630, "\x95 The gate was lifted out, cleaned and measured."},
			{"F1", 11, 72, 608, "\x95 Fourteen planks and both hinges were replaced."},
			{"F1", 11, 72, 586, "\x95 The gate was hung again and tested under full load."},
			{"F2", 14, 72, 550, "What it costs"},
			{"F2", 11, 72, 525, "Item"}, {"F2", 11, 250, 525, "Hours"}, {"F2", 11, 350, 525, "Amount"},
			{"F1", 11, 72, 507, "Carpentry"}, {"F1", 11, 250, 507, "112"}, {"F1", 11, 350, 507, "5,040.00"},
			{"F1", 11, 72, 489, "Crane"}, {"F1", 11, 250, 489, "9"}, {"F1", 11, 350, 489, "1,350.00"},
			{"F1", 11, 72, 471, "Engineer"}, {"F1", 11, 250, 471, "6"}, {"F1", 11, 350, 471, "720.00"},
			{"F1", 8, 290, 40, "1"},
		},
		{
			{"F1", 8, 72, 800, "Northwater Trust, 12 Mill Lane, Aldertown"},
			{"F2", 14, 72, 740, "How to pay"},
			{"F1", 11, 72, 715, "Please pay within thirty days. Write the number of the invoice on the transfer, since we cannot"},
			{"F1", 11, 72, 700, "tell payments apart without it. Questions are answered by the office every morning."},
			{"F1", 11, 72, 670, "office@northwater.example"},
			{"F1", 8, 290, 40, "2"},
		},
	}
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [5 0 R 7 0 R] /Count 2 >>")
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
	for i, page := range pages {
		var content strings.Builder
		for _, l := range page {
			text := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(l.content)
			fmt.Fprintf(&content, "BT /%s %g Tf %g %g Td (%s) Tj ET\n", l.font, l.size, l.x, l.y, text)
		}
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>", 6+2*i))
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", content.Len(), content.String()))
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}
