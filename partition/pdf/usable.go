package pdf

import (
	"unicode"

	"github.com/sluicehq/sluice/partition/layout"
)

// Layer is what the text layer of a page is worth.
type Layer uint8

// The kinds of text layers.
const (
	None     Layer = iota // no text that could be read
	Broken                // glyphs are drawn, but what characters they are is not in the file, or wrong
	Readable              // text
)

const (
	mostUnknown = 0.3 // share of glyphs without a character from which on a layer is broken
	mostOdd     = 0.3 // the same for characters that no text of any language is made of
)

// TextLayer tells what the text layer of a page is worth. A page that is drawn in fonts without a usable character map gives
// characters of private use, controls, or none at all: its text has to be recognized from its picture.
func TextLayer(p *layout.Page) Layer {
	drawn, unknown, odd := 0, 0, 0
	for _, g := range p.Glyphs {
		if g.Space || g.Box.Empty() && g.Text == "" {
			continue
		}
		if g.Text == "" {
			drawn++
			unknown++
			continue
		}
		for _, r := range g.Text {
			switch {
			case unicode.IsSpace(r):
				continue
			case unicode.Is(unicode.Co, r), unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cs, r), r == unicode.ReplacementChar, !unicode.IsGraphic(r) && !unicode.Is(unicode.Cf, r):
				odd++
			}
			drawn++
		}
	}
	switch {
	case drawn == 0:
		return None
	case float64(unknown) > mostUnknown*float64(drawn), float64(odd) > mostOdd*float64(drawn):
		return Broken
	default:
		return Readable
	}
}
