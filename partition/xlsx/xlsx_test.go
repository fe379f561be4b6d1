package xlsx

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/sheet"
)

const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

// book makes a workbook of the sheetData of its sheets; shared strings are "one" and "two words".
func book(properties string, sheets ...string) []byte {
	parts := map[string]string{
		"_rels/.rels":          `<Relationships><Relationship Id="r" Type="` + office + `officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/sharedStrings.xml": `<sst><si><t>one</t></si><si><r><t>two </t></r><r><t>words</t></r><rPh><t>reading</t></rPh></si></sst>`,
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy\-mm"/><numFmt numFmtId="171" formatCode="0&quot;days&quot;"/></numFmts>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="20"/></cellXfs></styleSheet>`,
	}
	rels := `<Relationship Id="a" Type="` + office + `sharedStrings" Target="sharedStrings.xml"/><Relationship Id="b" Type="` + office + `styles" Target="styles.xml"/>`
	list := ""
	for i, data := range sheets {
		parts[fmt.Sprintf("xl/s%d.xml", i)] = `<worksheet><sheetData>` + data + `</sheetData></worksheet>`
		rels += fmt.Sprintf(`<Relationship Id="s%d" Type="%sworksheet" Target="/xl/s%d.xml"/>`, i, office, i)
		list += fmt.Sprintf(`<sheet name="Sheet %d" r:id="s%d"/>`, i+1, i)
	}
	parts["xl/_rels/workbook.xml.rels"] = `<Relationships>` + rels + `</Relationships>`
	parts["xl/workbook.xml"] = `<workbook xmlns:r="x">` + properties + `<sheets>` + list + `</sheets></workbook>`
	return formattest.Zip(parts)
}

// row makes a row of cells given as they are written in the file.
func row(cells ...string) string { return "<row>" + strings.Join(cells, "") + "</row>" }

func num(v string) string { return "<c><v>" + v + "</v></c>" }

func str(v string) string { return `<c t="inlineStr"><is><t>` + v + `</t></is></c>` }

func TestBlocks(t *testing.T) {
	data := row(str("Stock of the yard")) +
		`<row r="2"/>` +
		`<row r="4">` + str("Item") + str("Count") + `</row>` +
		row(str("Rope"), num("12")) + row(str("Nails &amp; pins"), num("3")) +
		row(str("Counted by hand in the morning before the gates were opened.")) +
		`<row r="20"><c r="C20" t="s"><v>1</v></c></row>`
	got := formattest.Want(t, Parse, "a.xlsx", book("", data, row(num("1"), num("2"))), format.Options{},
		"Title: Stock of the yard",
		"Table: Item Count Rope 12 Nails & pins 3",
		"NarrativeText: Counted by hand in the morning before the gates were opened.",
		"Title: two words",
		"Table: 1 2")
	if m := got[1].Metadata; m.TextAsHTML != "<table><tr><td>Item</td><td>Count</td></tr><tr><td>Rope</td><td>12</td></tr><tr><td>Nails &amp; pins</td><td>3</td></tr></table>" ||
		*m.PageNumber != 1 || m.PageName != "Sheet 1" {
		t.Errorf("%+v", m)
	}
	if m := got[4].Metadata; *m.PageNumber != 2 || m.PageName != "Sheet 2" {
		t.Errorf("%+v", m)
	}
	if got := formattest.Want(t, Parse, "a.xlsx", book("", row(num("1"), num("2"))), format.Options{NoTableHTML: true, StartingPageNumber: 5}, "Table: 1 2"); got[0].Metadata.TextAsHTML != "" || *got[0].Metadata.PageNumber != 5 {
		t.Errorf("%+v", got[0].Metadata)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ cell, want string }{
		{num("12"), "12"}, {num("1E3"), "1000"}, {`<c t="s"><v>0</v></c>`, "one"}, {`<c t="s"><v>7</v></c>`, ""},
		{`<c t="b"><v>1</v></c>`, "True"}, {`<c t="b"><v>0</v></c>`, "False"}, {`<c t="str"><f>A1</f><v>made</v></c>`, "made"},
		{`<c t="e"><v>#DIV/0!</v></c>`, ""}, {`<c t="e"><v>#N/A</v></c>`, ""}, {`<c t="d"><v>2026-03-01T10:00:00Z</v></c>`, "2026-03-01 10:00:00"},
		{`<c s="1"><v>45658</v></c>`, "2025-01-01 00:00:00"}, {`<c s="2"><v>45658.5</v></c>`, "2025-01-01 12:00:00"}, {`<c s="3"><v>7</v></c>`, "7"},
		{num("0.1234567"), "0.123457"}, {num("1e-9"), "1e-09"}, {num("2E20"), "200000000000000000000"}, {num("-0.25"), "-0.25"},
		{`<c s="4"><v>0.75</v></c>`, "18:00:00"}, {`<c s="1"><v>59</v></c>`, "1900-02-28 00:00:00"}, {`<c s="1"><v>-1</v></c>`, "-1"}, {`<c s="99"><v>1</v></c>`, "1"},
	} {
		elements, err := formattest.Parse(t, Parse, "a.xlsx", book("", row(str("key"), str("x"), c.cell)+row(str("a"), str("b"), str("c"))), format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := "Table: " + strings.Join(strings.Fields("key x "+c.want+" a b c"), " ")
		if got := formattest.Lines(elements); got != want {
			t.Errorf("%s: %s, want %s", c.cell, got, want)
		}
	}
	formattest.Want(t, Parse, "a.xlsx", book(`<workbookPr date1904="1"/>`, row(`<c s="1"><v>0</v></c>`, str("x"))), format.Options{}, "Table: 1904-01-01 00:00:00 x")
}

// TestColumns: numbers of a column of nothing else print alike.
func TestColumns(t *testing.T) {
	formattest.Want(t, Parse, "a.xlsx", book("", row(num("1"), num("2"), str("x"))+row(num("2.25"), num("3"), num("1.5"))), format.Options{},
		"Table: 1.00 2 x 2.25 3 1.5")
}

func TestBad(t *testing.T) {
	formattest.WantOutcome(t, Parse, "no workbook", formattest.Zip(map[string]string{"a": "b"}), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "cut sheet", book("", "<row><c"), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "no zip", []byte("PK\x03\x04 and no more"), budget.Corrupt)
	// A row and a column that meet span more cells than anyone looks at.
	wide, tall := strings.Repeat(num("1"), sheet.MaxColumns), strings.Repeat(row(num("1")), 2000)
	formattest.WantOutcome(t, Parse, "wide and tall", book("", row(wide)+tall), budget.TooLarge)
	for name, data := range map[string]string{
		"far row": `<row r="99999999999">` + num("1") + `</row>`, "far column": `<row><c r="ZZZZ1"><v>1</v></c></row>`,
		"backwards": `<row r="5">` + num("1") + `</row><row r="2">` + num("2") + `</row>`,
	} {
		if _, err := formattest.Parse(t, Parse, name, book("", data), format.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSheet(f *testing.F) {
	f.Add(row(str("a"), num("1")) + `<row r="9"><c r="AB9" t="s"><v>1</v></c></row>`)
	f.Fuzz(func(t *testing.T, data string) {
		_, _ = formattest.Parse(t, Parse, "a.xlsx", book("", data), format.Options{})
	})
}
