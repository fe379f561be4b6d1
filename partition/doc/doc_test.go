package doc

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func survey(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/survey.doc")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFixture(t *testing.T) {
	t.Parallel()
	got := formattest.Want(t, Parse, "survey.doc", survey(t), format.Options{},
		"Header: North water board",
		"Title: Survey of the northern gates",
		"Title: Überblick",
		"NarrativeText: The gates were inspected in early spring, before the high water came, and again after it went. The plan is published here.",
		"Title: What was found",
		"ListItem: Rust on the hinges",
		"ListItem: worst at gate four",
		"ListItem: Moss on the sills — 3 cm",
		"Table: Gate Cost & time Four 1200 2 weeks 300",
		"UncategorizedText: 4 Mill Lane, Springfield, IL 62704",
		"EmailAddress: gates@water.example",
		"UncategorizedText: 先日、水門を点検しました。",
		"Footer: Survey of the gates",
		"NarrativeText: The level is measured at the bridge.")
	if m := got[3].Metadata; !slices.Equal(m.EmphasizedTextContents, []string{"high water", "again"}) || !slices.Equal(m.EmphasizedTextTags, []string{"b", "i"}) ||
		!slices.Equal(m.LinkTexts, []string{"published here"}) || !slices.Equal(m.LinkURLs, []string{"https://water.example/plan?a=1"}) || m.Links[0].StartIndex != 107 {
		t.Errorf("%+v", m)
	}
	if *got[4].Metadata.CategoryDepth != 1 || *got[6].Metadata.CategoryDepth != 1 || *got[7].Metadata.CategoryDepth != 0 || got[0].Metadata.HeaderFooterType != "primary" {
		t.Error("depths")
	}
	if html := got[8].Metadata.TextAsHTML; html != `<table><tr><td>Gate</td><td colspan="2">Cost &amp; time</td></tr><tr><td rowspan="2">Four</td><td>1200</td><td>2 weeks</td></tr><tr><td>300</td><td/></tr></table>` {
		t.Error(html)
	}
}

// par is a paragraph with its mark and the modifiers of its properties.
type par struct {
	text       string
	properties string
}

func le16(v ...int) string {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	}
	return string(b)
}

func le32(v ...int) string {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

func wide(s string) string {
	out := ""
	for _, u := range utf16.Encode([]rune(s)) {
		out += le16(int(u))
	}
	return out
}

// styles is a table of the styles with these numbers.
func styles(numbers ...int) string {
	out := le16(4) + le16(len(numbers), 10)
	for _, n := range numbers {
		name := fmt.Sprintf("style %d", n)
		std := le16(n, 1, 0, 0, 0) + le16(len(name)) + wide(name) + le16(0)
		out += le16(len(std)) + std
	}
	return out
}

// pieceOf is a piece of the text: how many characters, and where.
type pieceOf struct{ count, fc int }

// write makes the streams of a document: its text from byte 2048 on in UTF-16, at most 25 paragraphs. pieces nil is one.
func write(styleTable string, pieces []pieceOf, pars ...par) map[string]string {
	const start, page = 2048, 512
	text, ends := "", []int{start}
	for _, p := range pars {
		text += wide(p.text)
		ends = append(ends, start+len(text))
	}
	if pieces == nil {
		pieces = []pieceOf{{len(text) / 2, start}}
	}
	main := make([]byte, start, start+len(text)+page)
	main = append(main, text...)
	for len(main)%page != 0 {
		main = append(main, 0)
	}
	fkp := make([]byte, page)
	at := page - 2
	for i := range ends {
		copy(fkp[4*i:], le32(ends[i]))
	}
	for i, p := range pars {
		papx := p.properties
		if len(papx)%2 == 0 {
			papx += "\x00"
		}
		at = (at - len(papx) - 1) &^ 1
		fkp[at] = byte((len(papx) + 1) / 2)
		copy(fkp[at+1:], papx)
		fkp[4*len(ends)+13*i] = byte(at / 2)
	}
	fkp[page-1] = byte(len(pars))
	number := len(main) / page
	main = append(main, fkp...)
	var table strings.Builder
	table.WriteString("\x00\x00\x00\x00")
	set := func(index int, content string) {
		copy(main[0x9a+8*index:], le32(table.Len(), len(content)))
		table.WriteString(content)
	}
	copy(main, le16(0xa5ec, 193))
	total := 0
	var cps, pcds strings.Builder
	cps.WriteString(le32(0))
	for _, p := range pieces {
		total += p.count
		cps.WriteString(le32(total))
		pcds.WriteString(le16(0) + le32(p.fc) + le16(0))
	}
	copy(main[0x4c:], le32(total))
	plc := cps.String() + pcds.String()
	set(fcPieces, "\x02"+le32(len(plc))+plc)
	set(fcParagraphs, le32(start, ends[len(ends)-1], number))
	set(fcStyles, styleTable)
	return map[string]string{"WordDocument": string(main), "0Table": table.String()}
}

// style gives the properties of a paragraph: its style and modifiers.
func style(n int, modifiers ...string) string { return le16(n) + strings.Join(modifiers, "") }

func inTable(depth int) string { return le16(parInTable) + "\x01" + le16(parDepth) + le32(depth) }

func TestProperties(t *testing.T) {
	t.Parallel()
	row := le16(parRowEnd) + "\x01"
	got := formattest.Want(t, Parse, "a.doc", formattest.OLE(write(styles(0, 1, 48, 62, 74), nil,
		par{"A report\r", style(3)}, par{"Its second line\r", style(4)}, par{"Begin\r", style(1)}, par{"Item of a style\r", style(2)},
		par{"Item\r", style(0, le16(parLevel)+"\x02", le16(parList, 3))}, par{"Not an item\r", style(0, le16(parList, 0))},
		par{"See \x13HYPERLINK \"https://a.example/\" \\l \"b\"\x14the \vplan\x15 and \x13PAGE\x145\x15\x13 TC x\x15.\r", style(0)},
		par{"outer\r", style(0, inTable(1))}, par{"in\a", style(0, inTable(2), le16(parInnerCell)+"\x01")}, par{"\r", style(0, inTable(2), le16(parInnerRow)+"\x01")},
		par{"more\a", style(0, inTable(1))}, par{"last\a", style(0, inTable(1))}, par{"\a", style(0, inTable(1), row)},
		par{"\x01\x08\x1eend\x1f\f", style(99)},
	)), format.Options{},
		"Title: A report", "Title: Its second line", "Title: Begin", "ListItem: Item of a style", "ListItem: Item", "UncategorizedText: Not an item",
		"NarrativeText: See the \nplan and 5.", "Table: outer in more last", "ListItem: end")
	if *got[1].Metadata.CategoryDepth != 1 || *got[4].Metadata.CategoryDepth != 2 || got[6].Metadata.LinkURLs[0] != "https://a.example/#b" || got[6].Metadata.LinkTexts[0] != "the \nplan" ||
		got[7].Metadata.TextAsHTML != "<table><tr><td>outer in more</td><td>last</td></tr></table>" {
		t.Errorf("%+v", got)
	}
}

// TestPieces has text in two encodings, in an order that is not that of the file.
func TestPieces(t *testing.T) {
	t.Parallel()
	m := write(styles(0), []pieceOf{{6, 2048 + 12}, {6, 2048}}, par{"Water \r", style(0)}, par{"Gate Ä", style(0)})
	formattest.Want(t, Parse, "a.doc", formattest.OLE(m), format.Options{}, "UncategorizedText: Gate Water ")
	m = write(styles(0), []pieceOf{{4, 0x40000000 | 2*1000}}, par{"x\r", style(0)})
	main := []byte(m["WordDocument"])
	copy(main[1000:], "B\x93\xe4\r")
	m["WordDocument"] = string(main)
	formattest.Want(t, Parse, "a.doc", formattest.OLE(m), format.Options{}, "UncategorizedText: B“ä")
}

func TestBad(t *testing.T) {
	t.Parallel()
	overlapping := make([]pieceOf, 100_000)
	for i := range overlapping {
		overlapping[i] = pieceOf{1000, 2048}
	}
	long := par{strings.Repeat("word ", 400) + "\r", style(0)}
	for name, c := range map[string]struct {
		streams map[string]string
		want    budget.Outcome
	}{
		"overlapping pieces": {write(styles(0), overlapping, long), budget.Corrupt},
		"pieces outside":     {write(styles(0), []pieceOf{{1 << 28, 2048}}, long), budget.Corrupt},
		"far pieces":         {write(styles(0), []pieceOf{{10, 0x3fffffff}}, long), budget.Corrupt},
		"no pieces":          {map[string]string{"WordDocument": write("", nil, long)["WordDocument"], "0Table": "x"}, budget.Corrupt},
		"no table":           {map[string]string{"WordDocument": write("", nil, long)["WordDocument"]}, budget.Corrupt},
		"no text":            {map[string]string{"WordDocument": "x"}, budget.Corrupt},
		"word 2":             {map[string]string{"WordDocument": "\xdb\xa5\x2d\x00" + strings.Repeat("\x00", 500)}, budget.Unsupported},
	} {
		formattest.WantOutcome(t, Parse, name, formattest.OLE(c.streams), c.want)
	}
	m := write(styles(0), nil, par{"Deep\a", style(0, inTable(1<<30))})
	formattest.WantOutcome(t, Parse, "deep tables", formattest.OLE(m), budget.TooLarge)
	m = write(styles(0), nil, par{"Secret\r", style(0)})
	main := []byte(m["WordDocument"])
	main[11] |= 1
	m["WordDocument"] = string(main)
	formattest.WantOutcome(t, Parse, "encrypted", formattest.OLE(m), budget.Encrypted)
	main[11] |= 0x80
	m["WordDocument"] = string(main)
	formattest.WantOutcome(t, Parse, "obfuscated", formattest.OLE(m), budget.Encrypted)
}

// TestOld reads the text of a document of Word 6.
func TestOld(t *testing.T) {
	t.Parallel()
	main := make([]byte, 1024)
	text := "The first line of it.\rGate \xc4\r"
	copy(main, le16(0xa5dc, 101))
	copy(main[0x18:], le32(900))
	copy(main[0x34:], le32(len(text)))
	copy(main[900:], text)
	formattest.Want(t, Parse, "a.doc", formattest.OLE(map[string]string{"WordDocument": string(main)}), format.Options{}, "UncategorizedText: The first line of it.", "UncategorizedText: Gate Ä")
	copy(main[0x34:], le32(1<<30))
	formattest.WantOutcome(t, Parse, "long", formattest.OLE(map[string]string{"WordDocument": string(main)}), budget.Corrupt)
	main[10] |= 4
	formattest.WantOutcome(t, Parse, "fast-saved", formattest.OLE(map[string]string{"WordDocument": string(main)}), budget.Unsupported)
}

func TestCut(t *testing.T) {
	t.Parallel()
	whole := survey(t)
	for i := range 20 {
		formattest.WantOutcome(t, Parse, fmt.Sprintf("cut at %d twentieths", i), whole[:len(whole)*i/20], budget.Corrupt)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		` HYPERLINK "https://a.example/x" `: "https://a.example/x", `HYPERLINK https://a.example \o "tip" \t "_blank"`: "https://a.example",
		`HYPERLINK \l "here"`: "", `HYPERLINK "C:\\a\\b.doc"`: `C:\a\b.doc`, `PAGEREF x`: "", ``: "", `HYPERLINK "`: "", `HYPERLINK \`: "",
	} {
		if got := address(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	b := survey(f)
	formattest.Fuzz(f, Parse, "a.doc", format.Options{Password: "x"}, b, formattest.OLE(write(styles(0, 1), nil, par{"See \x13HYPERLINK \"a\"\x14b\x15\r", style(1)}, par{"in\a", style(0, inTable(2), le16(parInnerCell)+"\x01")})))
}

func BenchmarkParse(b *testing.B) {
	content := survey(b)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formattest.Parse(b, Parse, "a.doc", content, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
