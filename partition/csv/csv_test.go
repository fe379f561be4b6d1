package csv

import (
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, content, text, html string }{
		{"first row is data", "Item,Count\nRope,12\n", "Item Count Rope 12", "<table><tr><td>Item</td><td>Count</td></tr><tr><td>Rope</td><td>12</td></tr></table>"},
		{"semicolons", "a;b\n1,5;2\n", "a b 1,5 2", "<table><tr><td>a</td><td>b</td></tr><tr><td>1,5</td><td>2</td></tr></table>"},
		{"quotes and line ends", "\"a \"\"b\"\"\",\"c\nd\"\r\ne,f\r\n", "a \"b\" c d e f", "<table><tr><td>a \"b\"</td><td>c d</td></tr><tr><td>e</td><td>f</td></tr></table>"},
		{"markup", "<b>,&\nx,y\n", "<b> & x y", "<table><tr><td>&lt;b&gt;</td><td>&amp;</td></tr><tr><td>x</td><td>y</td></tr></table>"},
		{"rows of unequal length", "a,b,c\nd\n", "a b c d", "<table><tr><td>a</td><td>b</td><td>c</td></tr><tr><td>d</td><td/><td/></tr></table>"},
		{"as written", "007,1,x\n2.50,,NA\n", "007 1 x 2.50 NA", "<table><tr><td>007</td><td>1</td><td>x</td></tr><tr><td>2.50</td><td/><td>NA</td></tr></table>"},
		{"legacy code page", "Stra\xdfe,Gr\xfc\xdfe aus K\xf6ln\nM\xfcller,sch\xf6n\n", "Straße Grüße aus Köln Müller schön", ""},
	} {
		got := formattest.Want(t, Parse, "a.csv", []byte(c.content), format.Options{}, "Table: "+c.text)
		if c.html != "" && got[0].Metadata.TextAsHTML != c.html {
			t.Errorf("%s: %s", c.name, got[0].Metadata.TextAsHTML)
		}
	}
	formattest.Want(t, ParseTSV, "a.tsv", []byte("a,b\tc\nd\te\n"), format.Options{}, "Table: a,b c d e")
	formattest.Want(t, Parse, "a.csv", []byte(",,\n,,\n"), format.Options{})
	formattest.WantOutcome(t, Parse, "ragged", []byte(strings.Repeat("1\n", 1000)+strings.Repeat(",", 100_000)+"\n"), budget.TooLarge)
}

func TestDelimiter(t *testing.T) {
	for s, want := range map[string]rune{
		"a,b\nc,d": ',', "a;b\nc;d": ';', "a|b\nc|d": '|', "a\tb\nc\td": '\t', "": ',', "one\ntwo": ',', "a, b;c\nd;e, f, g\nh;i": ';',
	} {
		if got := Delimiter(s); got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.csv", format.Options{}, []byte("a,b\n1,\"2"), []byte("a;b;c\n\"\"\"\n"))
}
