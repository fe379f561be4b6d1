package layout

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mendCells makes whole the words of a table that are broken at line ends: those with a hyphen, and those that were wider than
// their cell and go on in the next line without any mark.
func (f *flow) mendCells(t *Table, seen map[string]bool) {
	var widest []float64 // line of each column
	var known *vocabulary
	for i := range t.Cells {
		c := &t.Cells[i]
		if len(c.Lines) < 2 {
			continue
		}
		joinLines(c.Lines, seen)
		if c.ColumnSpan > 1 {
			continue
		}
		for k := 0; k+1 < len(c.Lines); k++ {
			a, b := &c.Lines[k], &c.Lines[k+1]
			if !mayBeTorn(a, b) {
				continue
			}
			if known == nil {
				widest, known = widestLines(t), f.vocabulary()
			}
			room := widest[c.Column] - a.Box.Width()
			if last := lastGlyph(a); room < b.Glyphs[0].Box.Width()+0.05*em(&a.Glyphs[last]) {
				a.Joins = known.torn(lastWord(a.Glyphs[:last+1]), leadingWord(b.Glyphs), room/em(&a.Glyphs[last]))
			}
		}
	}
}

// mayBeTorn tells whether the last word of line a may go on in line b: it is the only one of its line, since a word is broken only where
// it is wider than a whole line, no space was drawn behind it, and what follows is no beginning.
func mayBeTorn(a, b *Line) bool {
	last := lastGlyph(a)
	if a.Joins || a.Turn != Right || b.Turn != Right || last < 0 || a.Glyphs[last].Spaced || b.Glyphs[0].Space || !b.Glyphs[0].Box.Finite() {
		return false
	}
	end, begin := lastRune(a.Glyphs[last].Text), firstText(b)
	switch {
	case isRTL(end) || end > 0x2E80:
		return false
	case unicode.IsLetter(end):
		if !unicode.IsLower(begin) && !(unicode.IsUpper(end) && unicode.IsUpper(begin)) && !closes(begin) {
			return false
		}
	case unicode.IsDigit(end) || end == ',' || end == '.':
		if !unicode.IsDigit(begin) && !closes(begin) {
			return false
		}
	default:
		return false
	}
	return !slices.ContainsFunc(a.Glyphs[:last+1], func(g Glyph) bool { return g.Space })
}

// closes tells punctuation that stands behind a word without a space.
func closes(r rune) bool { return strings.ContainsRune(",.;:)]", r) }

// widestLines gives the widest line of each column among the cells of one column.
func widestLines(t *Table) []float64 {
	out := make([]float64, t.Columns)
	for _, c := range t.Cells {
		if c.ColumnSpan > 1 {
			continue
		}
		for _, l := range c.Lines {
			out[c.Column] = max(out[c.Column], l.Box.Width())
		}
	}
	return out
}

// leadingWord is the text of glyphs up to the first gap.
func leadingWord(glyphs []Glyph) string {
	i := 0
	for i < len(glyphs) && !glyphs[i].Space && !isBlank(glyphs[i].Text) {
		i++
	}
	return wordOf(glyphs[:i])
}

// vocabulary is what a page tells of words that may be broken.
type vocabulary struct {
	whole  map[string]bool // words that stand unbroken, in lower case
	spaces bool            // the spaces at line ends are drawn
}

func (f *flow) vocabulary() *vocabulary {
	v := &vocabulary{whole: map[string]bool{}}
	for i := range f.lines {
		v.add(&f.lines[i].Line, false, false)
	}
	for i := range f.tables {
		for _, c := range f.tables[i].Cells {
			for k := range c.Lines {
				v.add(&c.Lines[k], k == 0, k+1 == len(c.Lines))
			}
		}
	}
	return v
}

// add takes the words of a line; its first and its last only where they are known to be whole.
func (v *vocabulary) add(l *Line, first, last bool) {
	from := 0
	for i := 0; i <= len(l.Glyphs); i++ {
		if i < len(l.Glyphs) && !l.Glyphs[i].Space {
			continue
		}
		if (from > 0 || first) && (i < len(l.Glyphs) || last) && i > from {
			if w := letters(wordOf(l.Glyphs[from:i])); w != "" {
				v.whole[w] = true
			}
		}
		from = i + 1
	}
	if n := len(l.Glyphs); n > 0 && l.Glyphs[n-1].Spaced {
		v.spaces = true
	}
}

// letters is a word in lower case without the punctuation around it.
func letters(s string) string {
	return strings.ToLower(strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
}

// torn tells whether head and rest are one word, of which head fills its line but for room (em).
func (v *vocabulary) torn(head, rest string, room float64) bool {
	const (
		space  = 0.3 // em; a space that has room is drawn
		ending = 3   // letters, of a rest that is no word of the page
	)
	if r, _ := utf8.DecodeLastRuneInString(head); !unicode.IsLetter(r) {
		return unfinished(head, rest) || v.spaces && strings.ContainsFunc(head, unicode.IsDigit)
	}
	if r, _ := utf8.DecodeRuneInString(rest); closes(r) {
		return v.spaces
	}
	a, b := letters(head), letters(rest)
	switch {
	case v.whole[a+b]:
		return true
	case v.whole[b] || !v.spaces || len([]rune(a)) < 2 || strings.ToUpper(head) == head:
		return false
	case len([]rune(b)) <= ending || room > space:
		return true
	default:
		return false
	}
}

// unfinished tells whether head is a number in groups of three digits whose last group is not complete before rest, and is with it.
func unfinished(head, rest string) bool {
	whole := strings.TrimFunc(head+rest, func(r rune) bool { return !unicode.IsDigit(r) })
	head = strings.TrimLeftFunc(head, func(r rune) bool { return !unicode.IsDigit(r) })
	return grouped(whole) && !grouped(head)
}

// grouped tells whether s is a number in groups of three digits parted by commas or stops, decimals aside.
func grouped(s string) bool {
	mark := strings.IndexAny(s, ",.")
	if mark < 1 || mark > 3 {
		return false
	}
	groups := strings.Split(s, s[mark:mark+1])
	for k, g := range groups {
		if k == len(groups)-1 && k > 1 { // decimals behind the other mark
			g, _, _ = strings.Cut(g, map[string]string{",": ".", ".": ","}[s[mark:mark+1]])
		}
		if k > 0 && len(g) != 3 || strings.ContainsFunc(g, func(r rune) bool { return r < '0' || r > '9' }) {
			return false
		}
	}
	return true
}
