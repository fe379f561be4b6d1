package ods

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func content(tables ...string) string {
	body := ""
	for i, t := range tables {
		body += fmt.Sprintf(`<table:table table:name="Sheet %d"><table:table-column table:number-columns-repeated="16384"/>%s</table:table>`, i+1, t)
	}
	return `<office:body><office:spreadsheet><table:calculation-settings/>` + body + `<table:named-expressions/></office:spreadsheet></office:body>`
}

func packed(tables ...string) []byte {
	return formattest.Zip(map[string]string{
		"mimetype":    "application/vnd.oasis.opendocument.spreadsheet",
		"content.xml": `<office:document-content>` + content(tables...) + `</office:document-content>`,
	})
}

func flat(tables ...string) []byte {
	return []byte(`<?xml version="1.0"?>` + "\n" + `<office:document office:mimetype="application/vnd.oasis.opendocument.spreadsheet">` + content(tables...) + `</office:document>`)
}

func row(cells ...string) string {
	return `<table:table-row>` + strings.Join(cells, "") + `</table:table-row>`
}

func str(s string) string {
	return `<table:table-cell office:value-type="string"><text:p>` + s + `</text:p></table:table-cell>`
}

func num(s string) string {
	return `<table:table-cell office:value-type="float" office:value="` + s + `"><text:p>shown</text:p></table:table-cell>`
}

const empty = `<table:table-cell/>`

func TestParse(t *testing.T) {
	t.Parallel()
	first := row(str("Stock of the yard")) + `<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>` +
		`<table:table-header-rows>` + row(str("Item"), str("Count")) + `</table:table-header-rows>` +
		`<table:table-row-group>` + row(str("Nails &amp; pins<office:annotation><text:p>why</text:p></office:annotation>"), num("3")) + row(str("Rope<text:s text:c=\"2\"/>thin</text:p><text:p>or thick"), num("12")) + `</table:table-row-group>` +
		row(str("Counted by hand in the morning before the gates were opened."))
	second := row(`<table:table-cell office:value-type="percentage" office:value="0.25"/>`, `<table:table-cell office:value-type="boolean" office:boolean-value="true"/>`,
		`<table:table-cell office:value-type="date" office:date-value="2026-05-01"/>`, `<table:table-cell office:value-type="date" office:date-value="2026-05-01T10:20:30"/>`,
		`<table:table-cell office:value-type="time" office:time-value="PT26H05M09S"/>`, str("NA"), str("end"))
	for name, file := range map[string][]byte{"a.ods": packed(first, second), "a.fods": flat(first, second)} {
		got := formattest.Want(t, Parse, name, file, format.Options{StartingPageNumber: 4},
			"Title: Stock of the yard", "Table: Item Count Nails & pins 3 Rope thin or thick 12",
			"NarrativeText: Counted by hand in the morning before the gates were opened.",
			"Table: 0.25 True 2026-05-01 00:00:00 2026-05-01 10:20:30 26:05:09 NA end")
		if m := got[1].Metadata; m.TextAsHTML != "<table><tr><td>Item</td><td>Count</td></tr><tr><td>Nails &amp; pins</td><td>3</td></tr><tr><td>Rope thin or thick</td><td>12</td></tr></table>" ||
			*m.PageNumber != 4 || m.PageName != "Sheet 1" {
			t.Errorf("%s: %+v", name, m)
		}
		if m := got[3].Metadata; *m.PageNumber != 5 || m.PageName != "Sheet 2" || !strings.Contains(m.TextAsHTML, "<td>26:05:09</td><td>NA</td><td>end</td>") {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// TestRepeated: cells and rows that say that they stand there more than once do, within the bounds of a sheet.
func TestRepeated(t *testing.T) {
	t.Parallel()
	got := formattest.Want(t, Parse, "a.ods", packed(
		`<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="7"/><table:covered-table-cell><text:p>hidden</text:p></table:covered-table-cell>`+str("x")+`</table:table-row>`+
			row(`<table:table-cell table:number-columns-spanned="3" table:number-rows-spanned="1" office:value-type="string"><text:p>merged</text:p></table:table-cell>`, `<table:covered-table-cell table:number-columns-repeated="2"/>`, str("y"))),
		format.Options{}, "Table: 7 7.0 x 7 7.0 x merged y")
	if h := got[0].Metadata.TextAsHTML; h != "<table><tr><td>7</td><td>7.0</td><td/><td>x</td></tr><tr><td>7</td><td>7.0</td><td/><td>x</td></tr><tr><td>merged</td><td/><td/><td>y</td></tr></table>" {
		t.Error(h)
	}
	formattest.Want(t, Parse, "a.ods", packed(row(`<table:table-cell table:number-columns-repeated="99999999999999"/>`, str("lost"))+row(str("Rope"))), format.Options{}, "Title: Rope")
	formattest.WantOutcome(t, Parse, "everywhere", packed(`<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="7"/></table:table-row>`), budget.TooLarge)
	formattest.WantOutcome(t, Parse, "a long text everywhere", packed(`<table:table-row table:number-rows-repeated="1048576">`+str(strings.Repeat("x", 10_000))+`</table:table-row>`), budget.TooLarge)
	many := strings.Repeat(`<table:table-row table:number-rows-repeated="1048576">`+empty+`</table:table-row>`, 5000)
	formattest.Want(t, Parse, "a.ods", packed(many+row(str("beyond"))), format.Options{})
}

func TestBad(t *testing.T) {
	t.Parallel()
	formattest.WantOutcome(t, Parse, "no content", formattest.Zip(map[string]string{"mimetype": "x"}), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "no sheet", packed(), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "a text document", formattest.Zip(map[string]string{"content.xml": "<office:document-content><office:body><office:text/></office:body></office:document-content>"}), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "zeros", make([]byte, 4096), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "nothing", nil, budget.Corrupt)
	formattest.WantOutcome(t, Parse, "encrypted", formattest.Zip(map[string]string{"META-INF/manifest.xml": "<manifest:encryption-data/>", "content.xml": "noise"}), budget.Encrypted)
	formattest.WantOutcome(t, Parse, "deep", packed(strings.Repeat("<table:table-row-group>", 10_000)+strings.Repeat("</table:table-row-group>", 10_000)), budget.TooLarge)
	whole, text := packed(strings.Repeat(row(str("Rope"), num("12")), 50)), flat(strings.Repeat(row(str("Rope"), num("12")), 50))
	for i := range 20 {
		formattest.WantOutcome(t, Parse, fmt.Sprintf("cut at %d of 20", i), whole[:len(whole)*i/20], budget.Corrupt)
		formattest.WantOutcome(t, Parse, fmt.Sprintf("flat, cut at %d of 20", i), text[:len(text)*i/20], budget.Corrupt)
	}
}

func FuzzTable(f *testing.F) {
	f.Add(row(str("a"), num("1.5")) + row(empty, `<table:table-cell office:value-type="time" office:time-value="PT1H"/>`))
	f.Add(`<table:table-row table:number-rows-repeated="3"><table:covered-table-cell/><table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell></table:table-row>`)
	f.Fuzz(func(t *testing.T, data string) {
		_, _ = formattest.Parse(t, Parse, "a.fods", flat(data), format.Options{})
	})
}
