package pdf

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

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
	mostOdd     = 0.3  // share of glyphs without a character, or with one that no text is made of, from which on a layer is broken
	mostAlike   = 0.5  // share of one letter among all
	fewestAlike = 50   // letters for that to mean something
	leastVowels = 0.15 // share of vowels among Latin letters; texts of all languages have twice as many
	fewestLatin = 300  // letters for that to mean something
)

// TextLayer tells what the text layer of a page is worth. A page that is drawn in fonts without a usable character map gives
// characters of private use, controls, or none at all, the same letter for all glyphs, or letters in another order than the alphabet's:
// its text has to be recognized from its picture.
func TextLayer(p *layout.Page) Layer {
	drawn, odd, letters, latin, vowels := 0, 0, 0, 0, 0
	counts := map[rune]int{}
	for _, g := range p.Glyphs {
		if g.Space {
			continue
		}
		if g.Text == "" {
			drawn++
			odd++
		}
		for _, r := range g.Text {
			if unicode.IsSpace(r) {
				continue
			}
			drawn++
			switch {
			case r == unicode.ReplacementChar, !unicode.IsGraphic(r) && !unicode.Is(unicode.Cf, r): // controls, private use, halves of pairs
				odd++
			case unicode.IsLetter(r):
				letters++
				counts[r]++
				if unicode.Is(unicode.Latin, r) {
					latin++
					if isVowel(r) {
						vowels++
					}
				}
			}
		}
	}
	alike := 0
	for _, n := range counts {
		alike = max(alike, n)
	}
	switch {
	case drawn == 0:
		return None
	case float64(odd) > mostOdd*float64(drawn),
		letters >= fewestAlike && float64(alike) > mostAlike*float64(letters),
		latin >= fewestLatin && float64(latin) > 0.9*float64(letters) && float64(vowels) < leastVowels*float64(latin):
		return Broken
	default:
		return Readable
	}
}

// isVowel tells whether a Latin letter is a vowel, whatever marks it has.
func isVowel(r rune) bool {
	if r < 0x80 {
		return strings.ContainsRune("aeiouyAEIOUY", r)
	}
	base := []rune(norm.NFD.String(string(unicode.ToLower(r))))[0]
	return strings.ContainsRune("aeiouyæøœı", base)
}
