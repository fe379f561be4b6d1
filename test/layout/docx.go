package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"math/rand/v2"
	"strings"
)

// writeDOCX writes a document as WordprocessingML (ECMA-376, part 1, 17) for LibreOffice to print.
func writeDOCX(d *truth) ([]byte, error) {
	w := &docxWriter{d: d, chance: rand.New(rand.NewPCG(9, uint64(len(d.Blocks))))}
	w.body()
	l := d.Look
	files := []part{
		{"[Content_Types].xml", []byte(xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>` +
			override("document", "document.main") + override("styles", "styles") + override("numbering", "numbering") + override("footnotes", "footnotes") + override("header1", "header") + override("footer1", "footer") + `</Types>`)},
		{"_rels/.rels", []byte(xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)},
		{"word/document.xml", []byte(xmlHead + `<w:document` + wordSpaces + `><w:body>` + w.b.String() + w.section(l.Columns, false) + `</w:body></w:document>`)},
		{"word/styles.xml", []byte(w.styles())},
		{"word/numbering.xml", []byte(w.numbering())},
		{"word/footnotes.xml", []byte(w.footnotes())},
		{"word/header1.xml", []byte(xmlHead + `<w:hdr` + wordSpaces + `>` + w.furniture(l.HeaderLeft, l.HeaderRight, l.RunningHeads) + `</w:hdr>`)},
		{"word/footer1.xml", []byte(xmlHead + `<w:ftr` + wordSpaces + `>` + w.furniture(l.FooterLeft, l.PageNumber, false) + `</w:ftr>`)},
	}
	var rels strings.Builder
	for i, name := range []string{"styles", "numbering", "footnotes", "header1", "footer1"} {
		fmt.Fprintf(&rels, `<Relationship Id="r%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s.xml"/>`, i+1, strings.TrimRight(name, "1"), name)
	}
	for i, m := range w.media {
		fmt.Fprintf(&rels, `<Relationship Id="m%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/%d.png"/>`, i, i)
		files = append(files, part{fmt.Sprintf("word/media/%d.png", i), m})
	}
	files = append(files, part{"word/_rels/document.xml.rels", []byte(xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + rels.String() + `</Relationships>`)})
	return archive(files)
}

type part struct {
	name    string
	content []byte
}

// archive is a ZIP of parts without dates, so that the same document has the same bytes.
func archive(files []part) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

const (
	xmlHead    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	wordSpaces = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`
)

func override(name, kind string) string {
	return `<Override PartName="/word/` + name + `.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.` + kind + `+xml"/>`
}

type docxWriter struct {
	b      strings.Builder
	d      *truth
	chance *rand.Rand
	media  [][]byte
	lists  int // numbering instances used
	inList bool
}

// twips converts points to the twentieths that WordprocessingML counts in.
func twips(points float64) int { return int(points * 20) }

func (w *docxWriter) body() {
	blocks := w.d.Blocks
	for i, b := range blocks {
		if b.Kind == footnote {
			continue
		}
		if b.Kind != listItem {
			w.inList = false
		}
		// A section ends with the last paragraph of the wide blocks.
		ends := w.d.Look.Columns > 1 && b.Wide && i+1 < len(blocks) && !blocks[i+1].Wide
		w.block(b)
		if ends {
			w.b.WriteString(`<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>` + w.section(1, true) + `</w:pPr></w:p>`)
		}
	}
}

func (w *docxWriter) block(b block) {
	switch b.Kind {
	case heading:
		w.paragraph(fmt.Sprintf(`<w:pStyle w:val="Heading%d"/>`, b.Level), w.runs(b.Runs))
	case listItem:
		if b.Marker[0] == '[' { // references: a hanging indent and a tab
			w.paragraph(`<w:pStyle w:val="Body"/><w:tabs><w:tab w:val="left" w:pos="480"/></w:tabs><w:ind w:left="480" w:hanging="480"/>`, wordRun(b.Marker, "")+`<w:r><w:tab/></w:r>`+w.runs(b.Runs))
			return
		}
		if !w.inList {
			w.lists++
			w.inList = true
		}
		// The number is text, as what some programs export; the bullets are numbering.
		last := b.Marker[len(b.Marker)-1]
		if last == '.' || last == ')' {
			left := 480 + 400*b.Level
			w.paragraph(fmt.Sprintf(`<w:pStyle w:val="Item"/><w:tabs><w:tab w:val="left" w:pos="%d"/></w:tabs><w:ind w:left="%d" w:hanging="400"/>`, left, left), wordRun(b.Marker, "")+`<w:r><w:tab/></w:r>`+w.runs(b.Runs))
			return
		}
		w.paragraph(fmt.Sprintf(`<w:pStyle w:val="Item"/><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="1"/></w:numPr>`, b.Level), w.runs(b.Runs))
	case caption:
		w.paragraph(`<w:pStyle w:val="Caption"/>`, w.runs(b.Runs))
	case code:
		for _, line := range strings.Split(b.text(), "\n") {
			w.paragraph(`<w:pStyle w:val="Code"/>`, wordRun(line, ""))
		}
	case formula:
		w.paragraph(`<w:pStyle w:val="Body"/><w:jc w:val="center"/>`, w.runs(b.Runs))
	case figure:
		w.media = append(w.media, raster(w.chance))
		width := 3200000
		if w.d.Look.Columns > 1 {
			width = 2200000
		}
		w.paragraph(`<w:pStyle w:val="Body"/><w:keepNext/><w:jc w:val="center"/><w:ind w:firstLine="0"/>`, fmt.Sprintf(`<w:r><w:drawing><wp:inline><wp:extent cx="%d" cy="%d"/><wp:docPr id="%d" name="p"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="p"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="m%d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`,
			width, width*13/24, len(w.media), len(w.media)-1, width, width*13/24))
	case tableKind:
		w.table(b.Table)
		w.paragraph(`<w:spacing w:before="0" w:after="0" w:line="160" w:lineRule="exact"/>`, "")
	default:
		properties := `<w:pStyle w:val="Body"/>`
		if b.Boxed {
			properties += `<w:pBdr><w:top w:val="single" w:sz="4" w:space="4"/><w:left w:val="single" w:sz="4" w:space="4"/><w:bottom w:val="single" w:sz="4" w:space="4"/><w:right w:val="single" w:sz="4" w:space="4"/></w:pBdr><w:shd w:val="clear" w:fill="F2F2F2"/>`
		}
		w.paragraph(properties, w.runs(b.Runs))
	}
}

func (w *docxWriter) paragraph(properties, runs string) {
	if w.d.Language.Right {
		properties += `<w:bidi/>`
	}
	w.b.WriteString(`<w:p><w:pPr>` + properties + `</w:pPr>` + runs + `</w:p>`)
}

func wordRun(text, properties string) string {
	var s strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			s.WriteString(`<w:r><w:br/></w:r>`)
		}
		s.WriteString(`<w:r><w:rPr>` + properties + `</w:rPr><w:t xml:space="preserve">` + html.EscapeString(line) + `</w:t></w:r>`)
	}
	return s.String()
}

func (w *docxWriter) runs(runs []run) string {
	var s strings.Builder
	for _, r := range runs {
		var p string
		if r.Bold {
			p += `<w:b/>`
		}
		if r.Italic {
			p += `<w:i/>`
		}
		if r.Link != "" {
			p += `<w:color w:val="1155CC"/><w:u w:val="single"/>`
		}
		if r.Note > 0 {
			fmt.Fprintf(&s, `<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="%d"/></w:r>`, r.Note+1)
			continue
		}
		s.WriteString(wordRun(r.Text, p))
	}
	return s.String()
}

// section gives the page and its columns. A section that is continued stays on its page.
func (w *docxWriter) section(columns int, continued bool) string {
	l := w.d.Look
	kind := `<w:type w:val="continuous"/>`
	if continued {
		kind = ""
	}
	line := ""
	if l.ColumnRule {
		line = ` w:sep="1"`
	}
	return fmt.Sprintf(`<w:sectPr><w:headerReference w:type="default" r:id="r4"/><w:footerReference w:type="default" r:id="r5"/>%s<w:pgSz w:w="%d" w:h="%d"/><w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="500" w:footer="500" w:gutter="0"/><w:cols w:num="%d" w:space="%d"%s/></w:sectPr>`,
		kind, twips(l.Width), twips(l.Height), twips(l.Top), twips(l.Right), twips(l.Bottom), twips(l.Left), columns, twips(l.Gap), line)
}

func (w *docxWriter) styles() string {
	l := w.d.Look
	var s strings.Builder
	s.WriteString(xmlHead + `<w:styles` + wordSpaces + `>`)
	fmt.Fprintf(&s, `<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="%s" w:hAnsi="%s" w:cs="%s" w:eastAsia="%s"/><w:sz w:val="%d"/><w:lang w:val="%s"/></w:rPr></w:rPrDefault></w:docDefaults>`, l.Font, l.Font, l.Font, l.Font, int(l.Size*2), w.d.Language.Code)
	style := func(id, name, paragraph, run string) {
		fmt.Fprintf(&s, `<w:style w:type="paragraph" w:styleId="%s"><w:name w:val="%s"/><w:pPr>%s</w:pPr><w:rPr>%s</w:rPr></w:style>`, id, name, paragraph, run)
	}
	spacing := func(before, after float64) string {
		return fmt.Sprintf(`<w:spacing w:before="%d" w:after="%d" w:line="%d" w:lineRule="auto"/>`, twips(before), twips(after), int(240*l.Leading/1.15))
	}
	body := spacing(0, l.Size*0.7)
	if l.Indent {
		body = spacing(0, 0) + `<w:ind w:firstLine="300"/>`
	}
	if l.Justify {
		body += `<w:jc w:val="both"/>`
	}
	style("Body", "Body Text", body, "")
	style("Item", "List Paragraph", spacing(0, l.Size*0.25), "")
	style("Caption", "caption", `<w:keepNext/>`+spacing(l.Size*0.4, l.Size*0.6), fmt.Sprintf(`<w:sz w:val="%d"/>`, int(l.Size*2)-2))
	style("Cell", "Table Contents", `<w:spacing w:before="20" w:after="20"/>`, fmt.Sprintf(`<w:sz w:val="%d"/>`, int(l.Size*2)-2))
	style("Code", "Preformatted", `<w:spacing w:before="0" w:after="0"/><w:ind w:left="300"/>`, fmt.Sprintf(`<w:rFonts w:ascii="DejaVu Sans Mono" w:hAnsi="DejaVu Sans Mono"/><w:sz w:val="%d"/>`, int(l.Size*2)-3))
	style("Note", "footnote text", `<w:spacing w:before="0" w:after="0"/>`, fmt.Sprintf(`<w:sz w:val="%d"/>`, int(l.Size*2)-4))
	for k, h := range l.Heads {
		p := `<w:keepNext/>` + spacing(h.Before, h.After)
		if h.Rule {
			p += `<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="1"/></w:pBdr>`
		}
		if h.Center {
			p += `<w:jc w:val="center"/>`
		}
		r := fmt.Sprintf(`<w:rFonts w:ascii="%s" w:hAnsi="%s" w:cs="%s"/>`, l.HeadFont, l.HeadFont, l.HeadFont)
		if h.Bold {
			r += `<w:b/>`
		}
		if h.Italic {
			r += `<w:i/>`
		}
		color := strings.TrimPrefix(h.Color, "#")
		if len(color) == 3 {
			color = "000000"
		}
		r += fmt.Sprintf(`<w:color w:val="%s"/><w:sz w:val="%d"/>`, color, int(l.Size*h.Ratio*2))
		style(fmt.Sprintf("Heading%d", k+1), fmt.Sprintf("heading %d", k+1), p, r)
	}
	return s.String() + `</w:styles>`
}

func (w *docxWriter) numbering() string {
	var s strings.Builder
	s.WriteString(xmlHead + `<w:numbering` + wordSpaces + `><w:abstractNum w:abstractNumId="1">`)
	for k, bullet := range []string{w.d.Look.Bullet, "◦", "▪"} {
		fmt.Fprintf(&s, `<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="%s"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="%d" w:hanging="360"/></w:pPr></w:lvl>`, k, bullet, 480+400*k)
	}
	s.WriteString(`</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num></w:numbering>`)
	return s.String()
}

func (w *docxWriter) footnotes() string {
	var s strings.Builder
	s.WriteString(xmlHead + `<w:footnotes` + wordSpaces + `><w:footnote w:type="separator" w:id="0"><w:p><w:r><w:separator/></w:r></w:p></w:footnote><w:footnote w:type="continuationSeparator" w:id="1"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>`)
	id := 2
	for _, b := range w.d.Blocks {
		if b.Kind == footnote {
			fmt.Fprintf(&s, `<w:footnote w:id="%d"><w:p><w:pPr><w:pStyle w:val="Note"/></w:pPr><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteRef/></w:r>%s</w:p></w:footnote>`, id, wordRun(" "+b.text(), ""))
			id++
		}
	}
	return s.String() + `</w:footnotes>`
}

// furniture is a line of a page header or footer; a page number form is written as fields.
func (w *docxWriter) furniture(left, right string, rule bool) string {
	l := w.d.Look
	properties := fmt.Sprintf(`<w:tabs><w:tab w:val="right" w:pos="%d"/></w:tabs>`, twips(l.Width-l.Left-l.Right))
	if rule {
		properties = `<w:pBdr><w:bottom w:val="single" w:sz="4" w:space="1"/></w:pBdr>` + properties
	}
	size := fmt.Sprintf(`<w:sz w:val="%d"/>`, int(max(l.Size-2, 7)*2))
	var s strings.Builder
	if left != "" {
		s.WriteString(wordRun(left, size))
	}
	if right != "" {
		s.WriteString(`<w:r><w:tab/></w:r>`)
		switch right {
		case "n", "Page n", "n / m", "- n -":
			for _, c := range right {
				switch c {
				case 'n':
					s.WriteString(`<w:fldSimple w:instr="PAGE">` + wordRun("1", size) + `</w:fldSimple>`)
				case 'm':
					s.WriteString(`<w:fldSimple w:instr="NUMPAGES">` + wordRun("1", size) + `</w:fldSimple>`)
				default:
					s.WriteString(wordRun(string(c), size))
				}
			}
		default:
			s.WriteString(wordRun(right, size))
		}
	}
	return `<w:p><w:pPr>` + properties + `</w:pPr>` + s.String() + `</w:p>`
}

func (w *docxWriter) table(t *table) {
	l := w.d.Look
	total := 0
	for _, n := range t.Widths {
		total += n
	}
	width := l.Width - l.Left - l.Right
	if l.Columns > 1 {
		width = (width - l.Gap*float64(l.Columns-1)) / float64(l.Columns)
	}
	widths := make([]int, t.Columns)
	for c := range widths {
		widths[c] = twips(width * float64(t.Widths[c]) / float64(total))
	}
	border := func(names ...string) string {
		var s strings.Builder
		for _, n := range names {
			fmt.Fprintf(&s, `<w:%s w:val="single" w:sz="4" w:color="333333"/>`, n)
		}
		return s.String()
	}
	borders := ""
	switch t.Rules {
	case fullRules:
		borders = border("top", "left", "bottom", "right", "insideH", "insideV")
	case halfRules:
		borders = border("top", "bottom")
	}
	w.b.WriteString(`<w:tbl><w:tblPr>`)
	if w.d.Language.Right {
		w.b.WriteString(`<w:bidiVisual/>`)
	}
	fmt.Fprintf(&w.b, `<w:tblW w:w="%d" w:type="dxa"/><w:tblBorders>%s</w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`, twips(width), borders)
	for _, n := range widths {
		fmt.Fprintf(&w.b, `<w:gridCol w:w="%d"/>`, n)
	}
	w.b.WriteString(`</w:tblGrid>`)
	at := map[[2]int]cell{}
	for _, c := range t.Cells {
		for r := range c.RowSpan {
			at[[2]int{c.Row + r, c.Column}] = c
		}
	}
	for row := range t.Rows {
		properties := `<w:cantSplit/>`
		if row < t.HeaderRows && t.Repeat {
			properties += `<w:tblHeader/>`
		}
		w.b.WriteString(`<w:tr><w:trPr>` + properties + `</w:trPr>`)
		for column := 0; column < t.Columns; {
			c, ok := at[[2]int{row, column}]
			if !ok {
				break
			}
			sum := 0
			for k := range c.ColumnSpan {
				sum += widths[column+k]
			}
			fmt.Fprintf(&w.b, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, sum)
			if c.ColumnSpan > 1 {
				fmt.Fprintf(&w.b, `<w:gridSpan w:val="%d"/>`, c.ColumnSpan)
			}
			if c.RowSpan > 1 {
				if row == c.Row {
					w.b.WriteString(`<w:vMerge w:val="restart"/>`)
				} else {
					w.b.WriteString(`<w:vMerge/>`)
				}
			}
			if t.Rules == halfRules && row == t.HeaderRows-1 {
				w.b.WriteString(`<w:tcBorders>` + border("bottom") + `</w:tcBorders>`)
			}
			if t.Rules == zebra && row >= t.HeaderRows && (row-t.HeaderRows)%2 == 1 {
				w.b.WriteString(`<w:shd w:val="clear" w:fill="E8E8F0"/>`)
			}
			w.b.WriteString(`</w:tcPr>`)
			text, p := "", `<w:pStyle w:val="Cell"/>`
			if row == c.Row {
				text = c.Text
			}
			run := ""
			if c.Header {
				run = `<w:b/>`
			}
			if c.Indent > 0 {
				p += `<w:ind w:left="240"/>`
			}
			switch {
			case c.ColumnSpan > 1 && c.Column > 0:
				p += `<w:jc w:val="center"/>`
			case !t.Left[c.Column]:
				p += `<w:jc w:val="right"/>`
			}
			w.paragraph(p, wordRun(text, run))
			w.b.WriteString(`</w:tc>`)
			column += c.ColumnSpan
		}
		w.b.WriteString(`</w:tr>`)
	}
	w.b.WriteString(`</w:tbl>`)
}
