package layout

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
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
	n := 0
	for _, l := range b.Lines {
		n += len(l.Glyphs) + 1
	}
	out := make([]Char, 0, n)
	space := func(c Char) {
		if len(out) > 0 && out[len(out)-1].Rune != ' ' {
			c.Rune = ' '
			out = append(out, c)
		}
	}
	for i, l := range b.Lines {
		if i > 0 && !b.Lines[i-1].Joins {
			space(Char{Made: true})
		}
		for k := range l.Glyphs {
			g := &l.Glyphs[k]
			for _, r := range g.Text {
				if isSpace(r) {
					space(Char{Rune: r, Box: g.Box, Made: g.Space})
				} else {
					out = append(out, Char{Rune: r, Box: g.Box, Made: g.Space})
				}
			}
		}
	}
	if n := len(out); n > 0 && out[n-1].Rune == ' ' {
		out = out[:n-1]
	}
	return out
}

// Chars returns the characters of a region's text, as those of a block. Code keeps its line feeds, and its indents and gaps as
// spaces.
func (r Region) Chars() []Char {
	if r.Kind != Code {
		return Block{Lines: r.Lines}.Chars()
	}
	advance, n := 0.0, 0
	for _, l := range r.Lines {
		for _, g := range l.Glyphs {
			if !g.Space && len(g.Text) > 0 {
				advance += g.Box.turned(l.Turn).Width()
				n++
			}
		}
	}
	if n == 0 {
		return nil
	}
	advance = max(advance/float64(n), 0.1)
	var out []Char
	pad := func(from, to float64) {
		const most = 200
		for range int(min(math.Round((to-from)/advance), most)) {
			out = append(out, Char{Rune: ' ', Made: true})
		}
	}
	left, last := r.Box.turned(r.Turn).X0, 0.0
	for i, l := range r.Lines {
		box := l.Box.turned(l.Turn)
		if i > 0 {
			out = append(out, Char{Rune: '\n', Made: true})
			if gap := box.Y0 - last; gap > 0.9*box.Height() { // an empty line
				out = append(out, Char{Rune: '\n', Made: true})
			}
		}
		last = box.Y1
		x := left
		for _, g := range l.Glyphs {
			if g.Space {
				continue
			}
			b := g.Box.turned(l.Turn)
			if isBlank(g.Text) {
				continue
			}
			pad(x, b.X0)
			x = b.X1
			for _, c := range g.Text {
				out = append(out, Char{Rune: c, Box: g.Box})
			}
		}
	}
	return out
}

// Text returns the text of a region, see Chars.
func (r Region) Text() string { return Text(r.Chars()) }

// joinLines marks the lines after which the text goes on without a space, and takes the hyphen from the end of a broken word. seen holds
// the words with a hyphen that stand unbroken elsewhere; they keep theirs.
func joinLines(lines []Line, seen map[string]bool) {
	for i := 0; i+1 < len(lines); i++ {
		a, b := &lines[i], &lines[i+1]
		last := lastGlyph(a)
		if last < 0 {
			continue
		}
		end, begin := lastRune(a.Glyphs[last].Text), firstText(b)
		switch {
		case wide(end) && wide(begin):
			a.Joins = true
		case end == 0xAD: // a soft hyphen
			a.Joins = true
			a.Glyphs = trimLast(a.Glyphs, last)
		case (end == '-' || end == 0x2010) && unicode.IsLetter(begin):
			head := lastWord(a.Glyphs[:last+1])
			letters := strings.TrimRight(head, "-\u2010")
			if letters == "" || !unicode.IsLetter(lastRune(letters)) {
				continue
			}
			a.Joins = true
			whole := letters + "-" + firstWord(b.Glyphs)
			if !unicode.IsLower(begin) || strings.ContainsAny(letters, "-\u2010/@") || seen[strings.ToLower(whole)] {
				continue // the word has the hyphen itself
			}
			a.Glyphs = trimLast(a.Glyphs, last)
		}
	}
}

func lastGlyph(l *Line) int {
	for i := len(l.Glyphs) - 1; i >= 0; i-- {
		if g := &l.Glyphs[i]; g.Text != "" && !g.Space && !isBlank(g.Text) {
			return i
		}
	}
	return -1
}

func firstText(l *Line) rune {
	for _, g := range l.Glyphs {
		if g.Text != "" && !isBlank(g.Text) {
			return firstRune(g.Text)
		}
	}
	return 0
}

// trimLast cuts the last character of glyph i and what follows it. The glyphs before stay where they are.
func trimLast(glyphs []Glyph, i int) []Glyph {
	out := slices.Clone(glyphs[:i+1])
	s := out[i].Text
	_, n := utf8.DecodeLastRuneInString(s)
	if out[i].Text = s[:len(s)-n]; out[i].Text == "" {
		out = out[:i]
	}
	return out
}

func lastWord(glyphs []Glyph) string {
	i := len(glyphs)
	for i > 0 && !isBlank(glyphs[i-1].Text) {
		i--
	}
	return wordOf(glyphs[i:])
}

func firstWord(glyphs []Glyph) string {
	i := 0
	for i < len(glyphs) && !isBlank(glyphs[i].Text) {
		i++
	}
	return strings.TrimRightFunc(wordOf(glyphs[:i]), func(r rune) bool { return !unicode.IsLetter(r) })
}

// wordOf is the last word of the text of glyphs, some of which may be whole words themselves.
func wordOf(glyphs []Glyph) string {
	var b strings.Builder
	for _, g := range glyphs {
		b.WriteString(g.Text)
	}
	s := b.String()
	return s[strings.LastIndexByte(s, ' ')+1:]
}

// Text returns the text of a block, see Chars.
func (b Block) Text() string { return Text(b.Chars()) }

// Text concatenates characters.
func Text(chars []Char) string {
	var s strings.Builder
	s.Grow(len(chars))
	for i := range chars {
		s.WriteRune(chars[i].Rune)
	}
	return s.String()
}

func isSpace(r rune) bool { return unicode.IsSpace(r) }
