package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/layout"
)

// glyphsOf is a page with a glyph for each character; 0 is one that is not known.
func glyphsOf(text string) *layout.Page {
	p := &layout.Page{Width: 600, Height: 800}
	for _, r := range text {
		g := layout.Glyph{Box: layout.Box{X1: 5, Y1: 10}}
		if r != 0 {
			g.Text = string(r)
		}
		p.Glyphs = append(p.Glyphs, g)
	}
	return p
}

func TestTextLayer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(sentence+" ", 10)
	shifted := strings.Map(func(r rune) rune { return max(r-29, ' ') }, long)
	for name, c := range map[string]struct {
		text string
		want Layer
	}{
		"nothing": {"", None}, "spaces": {"   ", None}, "text": {long, Readable}, "a few unknown": {long + "\x00\x00\x00", Readable},
		"unknown": {"ab" + strings.Repeat("\x00", 20), Broken}, "private use": {strings.Repeat("\uE001\uE002", 20), Broken},
		"controls": {strings.Repeat("\x01\x02a", 20), Broken}, "one letter": {strings.Repeat("d", 80), Broken}, "shifted": {shifted, Broken},
		"leaders": {"Contents " + strings.Repeat(".", 200), Readable}, "figures": {strings.Repeat("0 ", 200), Readable},
		"Polish":   {strings.Repeat("Zażółć gęślą jaźń, wszczął chrząszcz brzmieć w trzcinie. ", 10), Readable},
		"Japanese": {strings.Repeat("吾輩は猫である。名前はまだ無い。", 20), Readable},
		"Arabic":   {strings.Repeat("الماعز يحب الحديقة ", 20), Readable}, "emoji": {strings.Repeat("🐐 ", 60), Readable},
	} {
		if got := TextLayer(glyphsOf(c.text)); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

// Glyphs of a font that says of none what character it is are no text, whatever their codes are.
func TestFontWithoutCharacters(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page("BT /F2 11 Tf 50 400 Td <"+strings.Repeat("00370048004F", 30)+"> Tj ET", "/Resources<</Font<</F2 100 0 R>>>>")
	w.objects = []string{
		"<</Type/Font/Subtype/Type0/BaseFont/Goat/Encoding/Identity-H/DescendantFonts[101 0 R]>>",
		"<</Type/Font/Subtype/CIDFontType2/BaseFont/Goat/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 500/FontDescriptor<</Type/FontDescriptor/FontName/Goat/Flags 4/FontBBox[0 -200 1000 800]/Ascent 800/Descent -200/FontFile2 102 0 R>>>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", 4, "\x00\x01\x00\x00"),
	}
	p := w.read(t)
	if layer := TextLayer(p); layer != Broken || len(p.Glyphs) != 90 {
		t.Errorf("%d, %d glyphs: %+v", layer, len(p.Glyphs), p.Glyphs[:min(3, len(p.Glyphs))])
	}
}
