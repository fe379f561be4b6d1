package main

import (
	"fmt"
	"html"
	"strings"
)

// writeXLSX writes the tables of a document as sheets (SpreadsheetML, ECMA-376, part 1, 18), each fitted to the width of its page. A heading stands in a
// row of its own over the table.
func writeXLSX(d *truth) ([]byte, error) {
	const space = ` xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	var sheets, rels, overrides strings.Builder
	var files []part
	n := 0
	var title string
	for _, b := range d.Blocks {
		if b.Kind == heading {
			title = b.text()
			continue
		}
		n++
		fmt.Fprintf(&sheets, `<sheet name="S%d" sheetId="%d" r:id="r%d"/>`, n, n, n)
		fmt.Fprintf(&rels, `<Relationship Id="r%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="sheet%d.xml"/>`, n, n)
		fmt.Fprintf(&overrides, `<Override PartName="/xl/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, n)
		files = append(files, part{fmt.Sprintf("xl/sheet%d.xml", n), []byte(xmlHead + `<worksheet` + space + `><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>` + sheetData(b.Table, title) + `</worksheet>`)})
		title = ""
	}
	fmt.Fprintf(&rels, `<Relationship Id="s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>`)
	const relHead = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	files = append(files,
		part{"[Content_Types].xml", []byte(xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` + overrides.String() + `</Types>`)},
		part{"_rels/.rels", []byte(xmlHead + relHead + `<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`)},
		part{"xl/workbook.xml", []byte(xmlHead + `<workbook` + space + `><sheets>` + sheets.String() + `</sheets></workbook>`)},
		part{"xl/_rels/workbook.xml.rels", []byte(xmlHead + relHead + rels.String() + `</Relationships>`)},
		part{"xl/styles.xml", []byte(sheetStyles(d.Look, space))},
	)
	return archive(files)
}

// sheetStyles has cell formats by 1 border of the table (0 none, 1 grid, 2 line below), 2 weight, 3 side: see styleOf.
func sheetStyles(l look, space string) string {
	side := func(name string, on bool) string {
		if on {
			return `<` + name + ` style="thin"><color rgb="FF333333"/></` + name + `>`
		}
		return `<` + name + `/>`
	}
	var s strings.Builder
	s.WriteString(xmlHead + `<styleSheet` + space + `>`)
	fmt.Fprintf(&s, `<fonts count="3"><font><sz val="%g"/><name val="%s"/></font><font><b/><sz val="%g"/><name val="%s"/></font><font><b/><sz val="%g"/><name val="%s"/></font></fonts>`, l.Size, l.Font, l.Size, l.Font, l.Size*1.5, l.HeadFont)
	s.WriteString(`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="3">`)
	for _, b := range [][2]bool{{false, false}, {true, true}, {false, true}} {
		s.WriteString(`<border>` + side("left", b[0]) + side("right", b[0]) + side("top", b[0]) + side("bottom", b[1]) + `<diagonal/></border>`)
	}
	s.WriteString(`</borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="19">`)
	for border := range 3 {
		for font := range 2 {
			for _, align := range []string{"left", "right", "center"} {
				fmt.Fprintf(&s, `<xf numFmtId="0" fontId="%d" fillId="0" borderId="%d" applyFont="1" applyBorder="1" applyAlignment="1"><alignment horizontal="%s" vertical="top" wrapText="1"/></xf>`, font, border, align)
			}
		}
	}
	s.WriteString(`<xf numFmtId="0" fontId="2" fillId="0" borderId="0" applyFont="1"/></cellXfs></styleSheet>`)
	return s.String()
}

func styleOf(t *table, c cell) int {
	border := 0
	switch {
	case t.Rules == fullRules:
		border = 1
	case t.Rules == halfRules && c.Row == t.HeaderRows-1, t.Rules == halfRules && c.Row == t.Rows-1:
		border = 2
	}
	font, align := 0, 0
	if c.Header {
		font = 1
	}
	switch {
	case c.ColumnSpan > 1 && c.Column > 0:
		align = 2
	case !t.Left[c.Column]:
		align = 1
	}
	return border*6 + font*3 + align
}

func sheetData(t *table, title string) string {
	var cols, data, merges strings.Builder
	for c, n := range t.Widths {
		fmt.Fprintf(&cols, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, c+1, c+1, 6+5*n)
	}
	first := 1
	if title != "" {
		fmt.Fprintf(&data, `<row r="1"><c r="A1" s="18" t="inlineStr"><is><t>%s</t></is></c></row>`, html.EscapeString(title))
		first = 3
	}
	styles := map[[2]int]int{} // of the places that a merged cell covers
	for _, c := range t.Cells {
		for r := range c.RowSpan {
			for k := range c.ColumnSpan {
				styles[[2]int{c.Row + r, c.Column + k}] = styleOf(t, c)
			}
		}
		if c.RowSpan > 1 || c.ColumnSpan > 1 {
			fmt.Fprintf(&merges, `<mergeCell ref="%s:%s"/>`, cellName(first+c.Row, c.Column), cellName(first+c.Row+c.RowSpan-1, c.Column+c.ColumnSpan-1))
		}
	}
	texts := map[[2]int]string{}
	for _, c := range t.Cells {
		texts[[2]int{c.Row, c.Column}] = c.Text
	}
	for row := range t.Rows {
		fmt.Fprintf(&data, `<row r="%d">`, first+row)
		for column := range t.Columns {
			style, ok := styles[[2]int{row, column}]
			if !ok {
				continue
			}
			fmt.Fprintf(&data, `<c r="%s" s="%d" t="inlineStr"><is><t>%s</t></is></c>`, cellName(first+row, column), style, html.EscapeString(texts[[2]int{row, column}]))
		}
		data.WriteString(`</row>`)
	}
	out := `<cols>` + cols.String() + `</cols><sheetData>` + data.String() + `</sheetData>`
	if merges.Len() > 0 {
		out += `<mergeCells>` + merges.String() + `</mergeCells>`
	}
	return out + `<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/><pageSetup paperSize="9" fitToWidth="1" fitToHeight="0"/>`
}

func cellName(row, column int) string { return fmt.Sprintf("%c%d", 'A'+rune(column), row) }
