package layout

import (
	"strings"
	"unicode"
)

// Char is one character of a block's text with the glyph it came from.
type Char struct {
	Rune rune
	Box  Box
	Made bool // a space that no glyph stands for; Box is zero
}

// Chars returns the characters of a block's text: lines joined by spaces, runs of white space one space, no white space
// at the ends. Text is their concatenation.
func (b Block) Chars() []Char {
	var out []Char
	space := func(c Char) {
		if len(out) > 0 && out[len(out)-1].Rune != ' ' {
			c.Rune = ' '
			out = append(out, c)
		}
	}
	for i, l := range b.Lines {
		if i > 0 {
			space(Char{Made: true})
		}
		for _, g := range l.Glyphs {
			for _, r := range g.Text {
				c := Char{Rune: r, Box: g.Box, Made: g.Space}
				if isSpace(r) {
					space(c)
				} else {
					out = append(out, c)
				}
			}
		}
	}
	if n := len(out); n > 0 && out[n-1].Rune == ' ' {
		out = out[:n-1]
	}
	return out
}

// Text returns the text of a block, see Chars.
func (b Block) Text() string { return Text(b.Chars()) }

// Text concatenates characters.
func Text(chars []Char) string {
	var s strings.Builder
	for _, c := range chars {
		s.WriteRune(c.Rune)
	}
	return s.String()
}

func isSpace(r rune) bool { return unicode.IsSpace(r) }
