package table

import (
	"cmp"
	"slices"
	"unicode"

	"github.com/sluicehq/sluice/partition/layout"
)

// word is a run of glyphs without a space, in the coordinates of the frame.
type word struct {
	box      layout.Box
	line     int // index into frame.lines
	from, to int // its glyphs there
	turn     layout.Turn
	letters  int // characters, not glyphs
	digits   int
	others   int
	bold     bool
	mono     bool
}

// numeric reports whether a word reads as a number, a share or an amount of money.
func (w word) numeric() bool { return w.digits > 0 && 3*w.letters <= w.digits }

// readWords cuts the lines into words and takes the median height of those of the frame's direction for its size.
func (f *frame) readWords() {
	n := 0
	for _, l := range f.lines {
		n += 1 + len(l.Glyphs)/4
	}
	f.words = make([]word, 0, n)
	heights := make([]float64, 0, n)
	for i, l := range f.lines {
		w := word{from: -1}
		end := func(at int) {
			if w.from >= 0 {
				w.to = at
				f.words = append(f.words, w)
				if w.turn == f.turn {
					heights = append(heights, w.box.Height())
				}
			}
			w = word{from: -1}
		}
		for k, g := range l.Glyphs {
			if g.Space || g.Hidden&layout.OffPage != 0 || blank(g.Text) {
				if g.Text != "" {
					end(k)
				}
				continue
			}
			box := f.in(g.Box)
			if far := 0.8 * max(box.Height(), w.box.Height()); w.from >= 0 && (box.X0 > w.box.X1+far || box.X1 < w.box.X0-far) {
				end(k)
			}
			if w.from < 0 {
				w = word{box: box, line: i, from: k, turn: l.Turn}
				if g.Font >= 0 && g.Font < len(f.page.Fonts) {
					w.bold, w.mono = f.page.Fonts[g.Font].Bold(), f.page.Fonts[g.Font].Mono
				}
			} else {
				w.box = w.box.Union(box)
			}
			w.count(g.Text)
		}
		end(len(l.Glyphs))
	}
	f.size = median(heights)
}

// count adds the characters of a glyph.
func (w *word) count(s string) {
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9' || r > 0x7F && unicode.IsDigit(r):
			w.digits++
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7F && unicode.IsLetter(r):
			w.letters++
		default:
			w.others++
		}
	}
}

func blank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

// text is what a word says.
func (f *frame) text(w word) string {
	s := ""
	for _, g := range f.lines[w.line].Glyphs[w.from:w.to] {
		s += g.Text
	}
	return s
}

// row is a line of text: words that stand on one height, from left to right.
type row struct {
	y0, y1 float64
	words  []int // indexes into frame.words
	parts  []part
}

// part is a piece of a row whose words stand closer than columns do.
type part struct {
	x0, x1 float64
	words  []int
}

// partGap is the gap that parts words of a row into pieces, in sizes of the text: more than the space of set text, less than
// the gap of most columns.
const (
	partGap   = 0.7
	numberGap = 0.45
)

// rowsOf puts words into rows by their height and cuts the rows into parts.
func (f *frame) rowsOf(words []int, gap float64) []row {
	sorted := slices.Clone(words)
	slices.SortFunc(sorted, func(a, b int) int {
		x, y := f.words[a].box, f.words[b].box
		return cmp.Or(cmp.Compare(x.Y0+x.Y1, y.Y0+y.Y1), cmp.Compare(x.X0, y.X0), cmp.Compare(a, b))
	})
	var rows []row
	for _, i := range sorted {
		b := f.words[i].box
		if n := len(rows); n > 0 {
			r := &rows[n-1]
			shared := min(b.Y1, r.y1) - max(b.Y0, r.y0)
			if shared > 0.5*min(b.Height(), r.y1-r.y0) {
				// The band of a row stays that of its tallest word, so that a row does not creep down over superscripts.
				if b.Height() > r.y1-r.y0 {
					r.y0, r.y1 = b.Y0, b.Y1
				}
				r.words = append(r.words, i)
				continue
			}
		}
		rows = append(rows, row{y0: b.Y0, y1: b.Y1, words: []int{i}})
	}
	for k := range rows {
		r := &rows[k]
		slices.SortFunc(r.words, func(a, b int) int {
			return cmp.Or(cmp.Compare(f.words[a].box.X0, f.words[b].box.X0), cmp.Compare(a, b))
		})
		r.parts = f.partsOf(r.words, gap)
	}
	return rows
}

// partsOf cuts words that go from left to right wherever they stand a gap apart.
func (f *frame) partsOf(words []int, gap float64) []part {
	var parts []part
	for k, i := range words {
		b := f.words[i].box
		limit := gap
		if k > 0 && f.words[i].numeric() && f.words[words[k-1]].numeric() {
			limit = min(gap, numberGap) // numbers stand beside each other in columns rather than in a text
		}
		if n := len(parts); n > 0 && b.X0-parts[n-1].x1 <= limit*f.size && (len(f.seams) == 0 || !f.seamed(parts[n-1].x1, b.X0, mid(b.Y0, b.Y1))) {
			parts[n-1].x1 = max(parts[n-1].x1, b.X1)
			parts[n-1].words = words[k-len(parts[n-1].words) : k+1]
			continue
		}
		parts = append(parts, part{b.X0, b.X1, words[k : k+1]})
	}
	return parts
}

// characters counts the characters of words, spaces between them included.
func (f *frame) characters(words []int) int {
	n := max(len(words)-1, 0)
	for _, i := range words {
		n += f.words[i].letters + f.words[i].digits + f.words[i].others
	}
	return n
}

// numeric reports whether words read as one number: at least one is, and no more letters stand around it than a unit has.
func (f *frame) numeric(words []int) bool {
	letters, digits := 0, 0
	for _, i := range words {
		letters += f.words[i].letters
		digits += f.words[i].digits
	}
	return digits > 0 && 3*letters <= 2*digits
}

// inside lists the words, not yet in a table, whose centre lies in a box.
func (f *frame) inside(b layout.Box) []int {
	var out []int
	for i, w := range f.words {
		if f.used[i] {
			continue
		}
		x, y := (w.box.X0+w.box.X1)/2, (w.box.Y0+w.box.Y1)/2
		if x >= b.X0 && x <= b.X1 && y >= b.Y0 && y <= b.Y1 {
			out = append(out, i)
		}
	}
	return out
}
