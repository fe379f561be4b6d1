package xls

import (
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func le16(v ...int) string {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	}
	return string(b)
}

func le32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

func float(v float64) string {
	return string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
}

func rec(kind int, data string) string { return le16(kind, len(data)) + data }

func wide(s string) string {
	out := ""
	for _, u := range utf16.Encode([]rune(s)) {
		out += le16(int(u))
	}
	return out
}

// book makes a workbook of the records of its sheets; style 1 shows dates, style 2 as the second format of the file does.
func book(globals string, sheets ...string) string {
	begin := rec(recBOF, le16(0x600, 5)+strings.Repeat("\x00", 12)) + globals +
		rec(recFormat, le16(200, 4)+"\x00yyyy") + rec(recXF, le16(0, 0)) + rec(recXF, le16(0, 14)) + rec(recXF, le16(0, 200))
	at := len(begin) + 4
	for range sheets {
		at += 4 + 8 + 2
	}
	all := ""
	for i, s := range sheets {
		begin += rec(recBoundSheet, le32(at+len(all))+"\x00\x00\x02\x00S"+string(rune('1'+i)))
		all += rec(recBOF, le16(0x600, 0x10)+strings.Repeat("\x00", 12)) + s + rec(recEOF, "")
	}
	return begin + rec(recEOF, "") + all
}

func file(stream string) []byte {
	return formattest.OLE(map[string]string{"Workbook": stream})
}

func label(row, col int, s string) string {
	return rec(recLabel, le16(row, col, 0, len([]rune(s)))+"\x01"+wide(s))
}

func TestFixture(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/stock.xls")
	if err != nil {
		t.Fatal(err)
	}
	got := formattest.Want(t, Parse, "stock.xls", b, format.Options{},
		"Title: Stock of the southern yard",
		"Table: Item Counted Price Sound Seile — 水 2025-03-01 00:00:00 12.5 1 Nails & pins 2025-03-02 12:30:00 1234567 0 Sum 25 so far",
		"Table: -3 0.001")
	if m := got[1].Metadata; m.PageName != "Lager Süd" || *m.PageNumber != 1 || !strings.Contains(m.TextAsHTML, "<tr><td>Sum</td><td/><td>25</td><td>so far</td></tr>") {
		t.Errorf("%+v", m)
	}
	if m := got[2].Metadata; m.PageName != "Hidden" || *m.PageNumber != 2 {
		t.Errorf("%+v", m)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ cell, want string }{
		"number":         {rec(recNumber, le16(0, 2, 0)+float(2.5)), "2.5"},
		"whole":          {rec(recNumber, le16(0, 2, 0)+float(7)), "7"},
		"not a number":   {rec(recNumber, le16(0, 2, 0)+float(math.NaN())), "0"},
		"date":           {rec(recNumber, le16(0, 2, 1)+float(45658.5)), "2025-01-01 12:00:00"},
		"own format":     {rec(recNumber, le16(0, 2, 2)+float(45658)), "2025-01-01 00:00:00"},
		"unknown style":  {rec(recNumber, le16(0, 2, 900)+float(3)), "3"},
		"rk whole":       {rec(recRK, le16(0, 2, 0)+le32(-5<<2|2)), "-5"},
		"rk hundredth":   {rec(recRK, le16(0, 2, 0)+le32(1234<<2|3)), "12.34"},
		"rk float":       {rec(recRK, le16(0, 2, 0)+le32(int(math.Float64bits(1.5)>>32))), "1.5"},
		"many rk":        {rec(recMulRK, le16(0, 2)+le16(0)+le32(1<<2|2)+le16(0)+le32(2<<2|2)+le16(3)), "1 2.0"},
		"shared":         {rec(recLabelSST, le16(0, 2, 0)+le32(1)), "two words"},
		"shared no more": {rec(recLabelSST, le16(0, 2, 0)+le32(99)), ""},
		"label":          {label(0, 2, "水 gate"), "水 gate"},
		"true":           {rec(recBoolErr, le16(0, 2, 0)+"\x01\x00"), "True"},
		"error":          {rec(recBoolErr, le16(0, 2, 0)+"\x07\x01"), ""},
		"no value":       {rec(recBoolErr, le16(0, 2, 0)+"\x2a\x01"), ""},
		"result":         {rec(recFormula, le16(0, 2, 0)+float(4)+"\x00\x00\x00\x00\x00\x00"), "4"},
		"result text":    {rec(recFormula, le16(0, 2, 0)+"\x00\x00\x00\x00\x00\x00\xff\xff") + rec(recString, le16(4)+"\x00made"), "made"},
		"result long":    {rec(recFormula, le16(0, 2, 0)+"\x00\x00\x00\x00\x00\x00\xff\xff") + rec(recString, le16(4)+"\x00ma") + rec(recContinue, "\x01"+wide("dé")), "madé"},
		"result true":    {rec(recFormula, le16(0, 2, 0)+"\x01\x00\x01\x00\x00\x00\xff\xff"), "True"},
		"result error":   {rec(recFormula, le16(0, 2, 0)+"\x02\x00\x0f\x00\x00\x00\xff\xff"), ""},
		"chart inside":   {rec(recBOF, le16(0x600, 0x20)) + label(0, 5, "axis") + rec(recEOF, "") + label(0, 2, "after"), "after"},
	} {
		t.Run(name, func(t *testing.T) {
			sst := rec(recSST, le32(2)+le32(2)+le16(3)+"\x00one"+le16(9)+"\x08\x01\x00two wo") + rec(recContinue, "\x01"+wide("rds")+"\x00\x00\x00\x00")
			b := file(book(sst, label(1, 0, "a")+label(1, 2, "c")+label(0, 0, "key")+label(0, 1, "x")+c.cell+label(1, 1, "b")))
			want := "Table: " + strings.Join(strings.Fields("key x "+c.want+" a b c"), " ")
			formattest.Want(t, Parse, "a.xls", b, format.Options{}, want)
		})
	}
	formattest.Want(t, Parse, "a.xls", file(book(rec(recDate1904, le16(1)), rec(recNumber, le16(0, 0, 1)+float(0))+label(0, 1, "x"))), format.Options{}, "Table: 1904-01-01 00:00:00 x")
}

// TestOld reads a workbook of Excel 5, whose texts are in a code page.
func TestOld(t *testing.T) {
	t.Parallel()
	begin := rec(recBOF, le16(0x500, 5)) + rec(recCodePage, le16(1251))
	at := len(begin) + 4 + 8 + 4
	stream := begin + rec(recBoundSheet, le32(at)+"\x00\x00\x01\xcb") + rec(recEOF, "") + rec(recBOF, le16(0x500, 0x10)) + rec(recLabel, le16(0, 0, 0, 4)+"\xcb\xe5\xf1\xe0") + rec(recEOF, "")
	got := formattest.Want(t, Parse, "a.xls", formattest.OLE(map[string]string{"Book": stream}), format.Options{}, "Title: Леса")
	if got[0].Metadata.PageName != "Л" {
		t.Errorf("%+v", got[0].Metadata)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	whole := book("", strings.Repeat(label(0, 0, "Rope")+rec(recNumber, le16(0, 1, 0)+float(12)), 200))
	for i := range 20 {
		formattest.WantOutcome(t, Parse, "cut stream", file(whole[:len(whole)*i/20]), budget.Corrupt)
		b := file(whole)
		formattest.WantOutcome(t, Parse, "cut file", b[:len(b)*i/20], budget.Corrupt)
	}
	formattest.WantOutcome(t, Parse, "no workbook", formattest.OLE(map[string]string{"WordDocument": "x"}), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "old", file(rec(recBOF, le16(0x400, 5))), budget.Unsupported)
}

// TestClaims: what a file says of the number of its texts and of their length is not believed.
func TestClaims(t *testing.T) {
	t.Parallel()
	for name, sst := range map[string]string{
		"texts":    rec(recSST, le32(-1)+le32(-1)+le16(3)+"\x00one"),
		"length":   rec(recSST, le32(1)+le32(1)+le16(0xffff)+"\x01"+wide("x")),
		"runs":     rec(recSST, le32(2)+le32(2)+le16(1)+"\x0c\xff\xff\xff\xff\xff\xff"+"x"),
		"continue": rec(recSST, le32(9)+le32(9)) + strings.Repeat(rec(recContinue, ""), 10_000),
	} {
		formattest.Want(t, Parse, name, file(book(sst, label(0, 0, "Near"))), format.Options{}, "Title: Near")
	}
	// A long text that very many cells show is bounded.
	limits := budget.Default
	limits.Text = 1 << 20
	long := rec(recSST, le32(1)+le32(1)+le16(8000)+"\x00"+strings.Repeat("x", 8000))
	many := strings.Repeat(rec(recLabelSST, le16(0, 0, 0)+le32(0)), 1000)
	if _, err := formattest.ParseWithin(t, Parse, "a.xls", file(book(long, many)), format.Options{}, limits); formattest.Outcome(err) != budget.TooLarge {
		t.Errorf("%v", err)
	}
	// A row and a column that meet span more than anyone looks at.
	var far strings.Builder
	far.WriteString(label(0xffff, 0, "x"))
	for i := range 0xffff {
		far.WriteString(rec(recRK, le16(i, 0, 0)+le32(2)))
	}
	for i := range 256 {
		far.WriteString(rec(recRK, le16(0, i, 0)+le32(2)))
	}
	formattest.WantOutcome(t, Parse, "wide and tall", file(book("", far.String())), budget.TooLarge)
}

func TestEncrypted(t *testing.T) {
	t.Parallel()
	stream := rec(recBOF, le16(0x600, 5)+strings.Repeat("\x00", 12)) + rec(recFilePass, le16(0, 1, 2)) + rec(recEOF, "")
	formattest.WantOutcome(t, Parse, "no password", file(stream), budget.Encrypted)
	if _, err := formattest.Parse(t, Parse, "a.xls", file(stream), format.Options{Password: "x"}); formattest.Outcome(err) != budget.Encrypted || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("%v", err)
	}
	formattest.WantOutcome(t, Parse, "unknown way", file(rec(recBOF, le16(0x600, 5))+rec(recFilePass, le16(1, 9, 9))), budget.Encrypted)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(book(rec(recSST, le32(2)+le32(2)+le16(3)+"\x00one"+le16(9)+"\x08\x01\x00two wo")+rec(recContinue, "\x01"+wide("rds")+"\x00\x00\x00\x00"), label(0, 0, "a")+rec(recLabelSST, le16(0, 1, 0)+le32(1)))))
	limits := budget.Default
	limits.Inflated = 16 << 20
	f.Fuzz(func(t *testing.T, stream []byte) {
		_, err := formattest.ParseWithin(t, Parse, "a.xls", file(string(stream)), format.Options{Password: "x"}, limits)
		if err != nil && formattest.Outcome(err) == "" {
			t.Errorf("an error without an outcome: %v", err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var rows strings.Builder
	for row := range 10_000 {
		for col := range 10 {
			rows.WriteString(rec(recNumber, le16(row, col, 0)+float(float64(row)*1.5)))
		}
	}
	content := file(book("", rows.String()))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formattest.Parse(b, Parse, "a.xls", content, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
