package rtf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

const head = `{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\fnil\fcharset204 Times Cyr;}{\f2\fnil\fcharset2 Symbol;}{\f3\fcharset128 MS Mincho;}}` +
	`{\stylesheet{\s0 Normal;}{\s1\outlinelevel0\b heading 1;}{\s2\sbasedon0 heading 2;}{\s3\sbasedon2 Own;}{\s15 Title;}{\*\cs10 Strong;}}` +
	`{\info{\title Not shown}{\author Nobody}}`

func want(t *testing.T, content string, lines ...string) {
	t.Helper()
	formattest.Want(t, Parse, "a.rtf", []byte(content), format.Options{}, lines...)
}

// TestParse reads a document of this test's own that has each kind of thing in it.
func TestParse(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("testdata", "harbour.rtf"))
	if err != nil {
		t.Fatal(err)
	}
	got := formattest.Want(t, Parse, "harbour.rtf", content, format.Options{},
		"Header: Harbour office, page", "Title: Rules of the harbour", "Title: Mooring", "Title: Ropes",
		"NarrativeText: Boats are tied to the quay with two ropes at night.", "ListItem: Long ropes", "ListItem: Short ropes", "ListItem: Of steel",
		"ListItem: An old bullet", "NarrativeText: The rules stand on the site of the harbour.",
		"NarrativeText: Nobody sleeps on board in winter1 unless the office agrees.",
		"Table: Lock Depth Gates Alder 3.2 m 4 Birch two lines",
		"NarrativeText: Everything else is decided by the office.", "UncategorizedText: From the first of November.\u21a9\ufe0e", "Footer: Printed on paper")
	if m := got[4].Metadata; !slices.Equal(m.EmphasizedTextContents, []string{"two ropes"}) || !slices.Equal(m.EmphasizedTextTags, []string{"b"}) {
		t.Errorf("emphasis %v %v", m.EmphasizedTextContents, m.EmphasizedTextTags)
	}
	for i, depth := range map[int]int{1: 0, 2: 0, 3: 1, 5: 1, 6: 1, 7: 2} {
		if d := got[i].Metadata.CategoryDepth; d == nil || *d != depth {
			t.Errorf("%s: depth %v, want %d", got[i].Text, d, depth)
		}
	}
	if m := got[9].Metadata; !slices.Equal(m.LinkURLs, []string{"https://harbour.example/rules#night"}) || !slices.Equal(m.LinkTexts, []string{"site"}) {
		t.Errorf("links %v %v", m.LinkTexts, m.LinkURLs)
	}
	if h := got[11].Metadata.TextAsHTML; h != "<table><tr><td>Lock</td><td>Depth</td><td>Gates</td></tr><tr><td>Alder</td><td>3.2 m</td><td>4</td></tr>"+
		"<tr><td>Birch</td><td/><td>two lines</td></tr></table>" {
		t.Error(h)
	}
	if got[0].Metadata.HeaderFooterType != "primary" || got[14].Metadata.HeaderFooterType != "first_page" {
		t.Errorf("%q %q", got[0].Metadata.HeaderFooterType, got[14].Metadata.HeaderFooterType)
	}
}

// TestLook has code, which letters of one width are, struck text, which is left out, and a heading, which is not emphasised.
func TestLook(t *testing.T) {
	t.Parallel()
	got := formattest.Want(t, Parse, "a.rtf", []byte(`{\rtf1{\fonttbl{\f0 Times;}{\f1\fmodern Courier;}}\pard\f1 if a < b\line   go\par\pard\f0 The \f1 keeper\f0  has {\strike no }gone.\par`+
		`\pard\outlinelevel1{\b Gates {\i old}}\par}`), format.Options{}, "CodeSnippet: if a < b\n  go", "NarrativeText: The keeper has gone.", "Title: Gates old")
	if m := got[2].Metadata; !slices.Equal(m.EmphasizedTextContents, []string{"old"}) {
		t.Errorf("%+v", m)
	}
}

func TestCharacters(t *testing.T) {
	t.Parallel()
	for source, text := range map[string]string{
		`caf\'e9 \'80\'85`:                                  "café €…",
		`\u8364?uro \uc0\u8364 \uc2\u8364\'80\'81x`:         "€uro €€x",
		`\u-10179?\u-8704? ok`:                              "😀 ok",
		`{\f1\'cf\'f0\'e8\'e2\'e5\'f2} \'e9`:                "Привет é",
		`{\f2 a\'b7}\u-3913?`:                               "α•\uf0b7",
		`{\f3\'93\'fa\'96\'7b} x`:                           "日本 x",
		`{\f3\'83A\'83B}`:                                   "アィ",
		`a\~b\_c\-d \\ \{e\} \emdash\lquote f\rquote\tab g`: "a b\u2011cd \\ {e} —‘f’ g",
		`a{\v hidden}{\deleted gone}{\*\bkmkstart x}{\*\unknownthing x}{\xe index}{\*\annotation note}b\v c\v0 d`: "abd",
		"one\r\n two\n three\\line four": "one two three four",
		`{\upr{a?}{\*\ud{a\u322?}}}b`:    "ałb",
		`a\bin3 }}{b`:                    "ab",
		`a{\pict\pngblip 8950}{\*\shppict{\pict 00}}{\nonshppict{\pict 00}}b`:                  "ab",
		`a{\object\objemb{\*\objclass X}{\*\objdata 0105}{\result{b}}}`:                        "ab",
		`{\field{\*\fldinst PAGE}{\fldrslt 12}} of {\field{\*\fldinst NUMPAGES}{\fldrslt 90}}`: "12 of 90",
		`a\'zz b\unknown99 c`: "azz bc",
		`\ansicpg1251 \'cf`:   "П",
		`\mac\'8e \pca\'82`:   "é é",
		`a\uc1\u8364\par`:     "a€",
	} {
		got, err := formattest.Parse(t, Parse, "a.rtf", []byte(head+`\pard The word is `+source+`}`), format.Options{})
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d elements, %v", source, len(got), err)
			continue
		}
		if found := strings.TrimPrefix(got[0].Text, "The word is "); found != text {
			t.Errorf("%s: %q, want %q", source, found, text)
		}
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	// A box in a paragraph, styles that build on others, a heading that is one by itself, text behind the last mark.
	want(t, head+`\pard\s3 Inherited\par\pard\outlinelevel2 By itself\par\pard\s1\outlinelevel9 Not a heading at all it is\par`+
		`\pard Around{\shp{\*\shpinst\shpleft1{\sp{\sn x}{\sv y}}{\shptxt\pard Inside the box there is text.\par}}{\shprslt{\do{\dptxbxtext twice}}}} it\par\pard The last one is here}`,
		"Title: Inherited", "Title: By itself", "NarrativeText: Not a heading at all it is", "NarrativeText: Inside the box there is text.",
		"UncategorizedText: Around it", "NarrativeText: The last one is here")
	// Rows without \intbl, a table at the end, cells without an end.
	want(t, head+`\trowd\cellx1\cellx2 A\cell B\cell\row\trowd\pard\intbl C\cell D}`, "Table: A B C D")
	want(t, head+`\trowd\pard\intbl A\cell{\trowd B\cell\row}\pard Text is between them.\par\trowd\intbl C\cell\row}`,
		"Table: A B", "NarrativeText: Text is between them.", "Table: C")
	// A table in a cell is text of the cell.
	want(t, head+`\trowd\pard\intbl A\cell\pard\intbl\itap2 x\nestcell y\nestcell{\*\nesttableprops\trowd\nestrow}{\nonesttables\par}\pard\intbl\cell\row}`,
		"Table: A x y")
	//nolint:misspell // a control word
	// Headers that say the same again are said once; the body is not mixed with them.
	want(t, head+`{\headerl Even}{\header All}\pard First section is here.\par\sect {\header All}{\footer Foot}\pard Second section is here.\par}`,
		"Header: Even", "Header: All", "NarrativeText: First section is here.", "NarrativeText: Second section is here.", "Footer: Foot")
	want(t, head+`}`)
}

func TestHostile(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"nested":       `{\rtf1 ` + strings.Repeat("{", 1_000_000) + strings.Repeat("}", 1_000_000) + "}",
		"nested links": `{\rtf1 ` + strings.Repeat(`{\field{\*\fldinst HYPERLINK "x"}{\fldrslt a`, 1000) + strings.Repeat("}}", 1000) + "}",
		"nested notes": `{\rtf1 ` + strings.Repeat(`{\footnote a`, 100_000) + strings.Repeat("}", 100_000) + "}",
	} {
		formattest.WantOutcome(t, Parse, name, []byte(content), budget.TooLarge)
	}
	for name, content := range map[string]string{
		"zeros": strings.Repeat("\x00", 4096), "text": "This is no such file.", "nothing inside": `{\rtf1`, "open": `{\rtf1 {a}`, "binary": `{\rtf1\bin999999 abc}`,
		"binary beyond counting": `{\rtf1\bin99999999999999999999 abc}`, "a sign": `{\rtf1 a\`, "half a byte": `{\rtf1 a\'8`,
	} {
		formattest.WantOutcome(t, Parse, name, []byte(content), budget.Corrupt)
	}
	// An address of a megabyte is written once, however often its text changes its looks.
	long := `{\field{\*\fldinst HYPERLINK "https://x.example/` + strings.Repeat("a", 1<<20) + `"}{\fldrslt ` + strings.Repeat(`\b x\b0 y\par `, 20_000) + `}}`
	if got, err := formattest.Parse(t, Parse, "a.rtf", []byte(head+long+"}"), format.Options{}); err != nil || len(got) == 0 {
		t.Errorf("%d elements, %v", len(got), err)
	}
	// Numbers out of all bounds.
	want(t, head+`\uc99999999\uc-5\u1114112?\u99999999999 \s99999999\ilvl2000000000\ls1\f-1 item}`, "ListItem: ?item")
	// Markup of the other kind is text.
	want(t, head+`\pard <script>alert(1)</script> & <b>not bold</b> is text.\par}`, "NarrativeText: <script>alert(1)</script> & <b>not bold</b> is text.")
}

func TestCut(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("testdata", "harbour.rtf"))
	if err != nil {
		t.Fatal(err)
	}
	content = content[:strings.LastIndexByte(string(content), '}')+1]
	for i := range 20 {
		formattest.WantOutcome(t, Parse, "cut", content[:len(content)*i/20], budget.Corrupt)
	}
}

func FuzzParse(f *testing.F) {
	content, err := os.ReadFile(filepath.Join("testdata", "harbour.rtf"))
	if err != nil {
		f.Fatal(err)
	}
	formattest.Fuzz(f, Parse, "a.rtf", format.Options{}, content, []byte(head+`{\upr{a}{\*\ud b}}{\f3\'83A}\bin2 xx\u-10179?\nestcell\row}`))
}
