package pdf

import (
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/sluicehq/sluice/partition/layout"
)

// accents are the spacing forms of the marks that old fonts draw over a letter, with the combining form of each.
var accents = map[string]rune{
	"`": 0x300, "´": 0x301, "ˆ": 0x302, "^": 0x302, "˜": 0x303, "~": 0x303, "¯": 0x304, "˘": 0x306, "˙": 0x307,
	"¨": 0x308, "˚": 0x30A, "˝": 0x30B, "ˇ": 0x30C, "¸": 0x327, "˛": 0x328,
}

// accent gives the combining form of a mark.
func accent(s string) (rune, bool) {
	if len(s) == 0 || len(s) > 2 || len(s) == 1 && s[0] != '`' && s[0] != '^' && s[0] != '~' {
		return 0, false
	}
	mark, ok := accents[s]
	return mark, ok
}

// accentReach is how many glyphs away from its letter an accent may come: PDFium moves it behind the word that it stands in.
const accentReach = 64

// joinAccents puts marks that are drawn over a letter into the letter, where Unicode has the two as one character. A mark
// that stands by itself stays.
func joinAccents(glyphs []layout.Glyph) []layout.Glyph {
	kept := glyphs[:0]
	for i := range glyphs {
		g := glyphs[i]
		if mark, ok := accent(g.Text); ok {
			if letter, composed := under(g, mark, kept[max(0, len(kept)-accentReach):]); letter != nil {
				letter.Text = composed
				continue
			}
			if letter, composed := under(g, mark, glyphs[i+1:min(len(glyphs), i+1+accentReach)]); letter != nil {
				letter.Text = composed
				continue
			}
		}
		kept = append(kept, g)
	}
	return kept
}

// under finds the letter over which a mark is drawn: one of the same size and line that holds the middle of the mark.
func under(g layout.Glyph, mark rune, glyphs []layout.Glyph) (*layout.Glyph, string) {
	middle := (g.Box.X0 + g.Box.X1) / 2
	for k := len(glyphs) - 1; k >= 0; k-- {
		l := &glyphs[k]
		if l.Turn != layout.Right || g.Turn != layout.Right || middle <= l.Box.X0 || middle >= l.Box.X1 {
			continue
		}
		shared := min(g.Box.Y1, l.Box.Y1) - max(g.Box.Y0, l.Box.Y0)
		if shared < 0.6*min(g.Box.Height(), l.Box.Height()) {
			continue
		}
		letters := []rune(l.Text)
		if len(letters) != 1 || !unicode.IsLetter(letters[0]) {
			continue
		}
		switch letters[0] {
		case 'ı':
			letters[0] = 'i'
		case 'ȷ':
			letters[0] = 'j'
		}
		composed := norm.NFC.String(string(letters) + string(mark))
		if len([]rune(composed)) == 1 {
			return l, composed
		}
	}
	return nil, ""
}
