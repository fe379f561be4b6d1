package pdf

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
)

// Words that are parted by a move and not by a space character stay apart although an italic f leans over the gap.
func TestGapUnderOverhang(t *testing.T) {
	t.Parallel()
	w := (&writer{font: "Times-Italic"}).page("BT /F1 11 Tf 50 400 Td [(One half of)-250(four goats ran of)-250(joy to the hills.)] TJ ET", "")
	want(t, w, format.Options{}, "NarrativeText: One half of four goats ran of joy to the hills.")
	narrow := (&writer{font: "Times-Italic"}).page("BT /F1 11 Tf 90 Tz 50 400 Td [(One half of)-220(four goats ran of)-220(joy to the hills.)] TJ ET", "")
	want(t, narrow, format.Options{}, "NarrativeText: One half of four goats ran of joy to the hills.")
}

// What PDFium only thinks to be a space, in text that is set a little wide, is none.
func TestWideSetting(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page("BT /F1 11 Tf 50 400 Td [(The goat P)-120(auline ran to the hills with F)-120(red.)] TJ ET", "")
	want(t, w, format.Options{}, "Title: The goat Pauline ran to the hills with Fred.")
}

func TestAccentsDrawnOverLetters(t *testing.T) {
	t.Parallel()
	const size = 10.0 // Helvetica: L, a and o are 0.556 wide, s and z 0.5, l 0.222, the acute 0.333
	w := (&writer{}).page(at(50, 400, size, "Laszlo goes to the river with his old dog.")+
		at(50+5.56+1.1, 400, size, "\xB4")+at(50+5.56+5.56+5+5+2.22+1.1, 400, size, "\xB4"), "")
	want(t, w, format.Options{}, "NarrativeText: László goes to the river with his old dog.")
	alone := (&writer{}).page(at(50, 400, size, "The key \xB4 is beside the letter that is shown."), "")
	want(t, alone, format.Options{}, "NarrativeText: The key ´ is beside the letter that is shown.")
}

func TestJoinAccents(t *testing.T) {
	t.Parallel()
	g := func(text string, x, y float64) layout.Glyph {
		return layout.Glyph{Text: text, Box: layout.Box{X0: x, Y0: y, X1: x + 5, Y1: y + 10}}
	}
	for name, c := range map[string]struct {
		glyphs []layout.Glyph
		want   []string
	}{
		"after the letter":  {[]layout.Glyph{g("o", 0, 0), g("¨", 0.5, 0)}, []string{"ö"}},
		"before the letter": {[]layout.Glyph{g("ˇ", 0.5, -1), g("s", 0, 0)}, []string{"š"}},
		"dotless":           {[]layout.Glyph{g("ı", 0, 0), g("´", 0, 0)}, []string{"í"}},
		"no such letter":    {[]layout.Glyph{g("m", 0, 0), g("˜", 0, 0)}, []string{"m", "˜"}},
		"beside":            {[]layout.Glyph{g("o", 0, 0), g("¨", 5, 0)}, []string{"o", "¨"}},
		"other line":        {[]layout.Glyph{g("o", 0, 0), g("¨", 0, 8)}, []string{"o", "¨"}},
		"digit":             {[]layout.Glyph{g("1", 0, 0), g("´", 0, 0)}, []string{"1", "´"}},
	} {
		var got []string
		for _, l := range joinAccents(slices.Clone(c.glyphs)) {
			got = append(got, l.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A glyph without a character leaves no text, and does not tear the line apart either.
func TestUnknownGlyph(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 11, "The keeper (\x03\x03\x03\x03\x03\x03) closed the gate at night."), "")
	want(t, w, format.Options{}, "NarrativeText: The keeper () closed the gate at night.")
}

func TestJoinSurrogates(t *testing.T) {
	t.Parallel()
	char, pending := joinSurrogates(0, 0xD83D)
	if char != 0 || pending != 0xD83D {
		t.Errorf("%x, %x", char, pending)
	}
	if char, pending = joinSurrogates(pending, 0xDE00); char != 0x1F600 || pending != 0 {
		t.Errorf("%x, %x", char, pending)
	}
	if char, pending = joinSurrogates(0, 0xDE00); char != 0 || pending != 0 {
		t.Errorf("half a pair: %x, %x", char, pending)
	}
	if char, pending = joinSurrogates(0xD83D, 'a'); char != 'a' || pending != 0 {
		t.Errorf("half before a letter: %x, %x", char, pending)
	}
}

func TestLigature(t *testing.T) {
	t.Parallel()
	for letters, want := range map[string]string{"ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ", "ﬀi": "ﬃ", "ffl": "ﬄ", "st": "", "f": ""} {
		if got := ligature(letters); got != want {
			t.Errorf("%q: got %q, want %q", letters, got, want)
		}
	}
}

// A ligature is one character where the font has it as one, and letters where the font says these. Browsers say beside it what it stands
// for, and PDFium parts it then.
func TestLigatureOfTheFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ unicode, first, want string }{
		"one character": {"FB01", "<0001> Tj", "Title: ﬁnal"}, "letters": {"00660069", "<0001> Tj", "Title: final"},
		"in parts": {"FB01", "/Span <</ActualText (fi)>> BDC <0001> Tj EMC", "Title: ﬁnal"},
	} {
		w := (&writer{}).page("BT /F2 11 Tf 50 400 Td "+c.first+" 5.28 0 Td <000200030004> Tj ET", "/Resources<</Font<</F2 100 0 R>>>>")
		cmap := "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 4 beginbfchar <0001> <" + c.unicode +
			"> <0002> <006E> <0003> <0061> <0004> <006C> endbfchar endcmap end"
		w.objects = []string{
			"<</Type/Font/Subtype/Type0/BaseFont/Goat/Encoding/Identity-H/ToUnicode 101 0 R/DescendantFonts[102 0 R]>>",
			fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(cmap), cmap),
			"<</Type/Font/Subtype/CIDFontType2/BaseFont/Goat/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 500/W[1[480]]/FontDescriptor<</Type/FontDescriptor/FontName/Goat/Flags 4/FontBBox[0 -200 1000 800]/Ascent 800/Descent -200>>>>",
		}
		elements, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "fast"})
		if err != nil || lines(elements) != c.want {
			t.Errorf("%s: %v, %q, want %q", name, err, lines(elements), c.want)
		}
	}
}

// Lines stand on the descents of their fonts, however far the ink of some letters reaches: here they are six and a half points apart,
// which is more than half their size.
func TestLinesStandOnDescents(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page("BT /F2 12 Tf 50 400 Td (Grey judges) Tj 0 -18.5 Td (Young players) Tj ET", "/Resources<</Font<</F2 100 0 R>>>>")
	w.objects = []string{"<</Type/Font/Subtype/TrueType/BaseFont/Goat/Encoding/WinAnsiEncoding/FirstChar 32/LastChar 122/Widths[" + strings.Repeat("500 ", 91) +
		"]/FontDescriptor<</Type/FontDescriptor/FontName/Goat/Flags 32/FontBBox[0 -130 1000 800]/Ascent 800/Descent -130/ItalicAngle 0/CapHeight 700/StemV 80>>>>"}
	want(t, w, format.Options{Strategy: "fast"}, "Title: Grey judges", "Title: Young players")
}

// Code is set with spaces, and its lines hold together by them.
func TestSpacesInARow(t *testing.T) {
	t.Parallel()
	w := (&writer{font: "Courier"}).page(at(50, 400, 10, "port {")+at(50, 390, 10, "        shutdown")+at(50, 380, 10, "        exit")+at(50, 370, 10, "}"), "")
	want(t, w, format.Options{Strategy: "fast"}, "Title: port { shutdown exit }")
}
