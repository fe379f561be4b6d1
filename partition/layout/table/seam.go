package table

import (
	"cmp"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/layout"
)

// seam is a bound between a column that is set flush right and one that is set flush left, so close that the gap looks like that of
// a word, or like none: number after number ends on one place, and text after text begins on another. Sheets are printed so. A unit
// behind numbers stands alike, but is the same in most rows.
type seam struct {
	x0, x1 float64 // where the left column ends and the right one begins
	y0, y1 float64
}

// border is a gap between two glyphs of a line, the left of which ends a number.
type border struct {
	x0, x1     float64
	y0, y1     float64
	start      float64 // where the number begins
	drawn      bool    // a space is drawn in it
	line, from int     // index of the glyph behind the gap
}

const (
	seamRows  = 4    // with a gap on one place
	seamSlack = 0.12 // sizes of the text within which places are one
	seamGap   = 0.04 // the least gap, in sizes of the text; glyphs of a word have none
	maxSeams  = 100  // of a page; more are a pattern
)

// findSeams fills f.seams and cuts the words that run over one.
func (f *frame) findSeams() {
	if f.flip {
		return
	}
	borders, spaces := f.borders()
	if len(borders) < seamRows {
		return
	}
	slices.SortStableFunc(borders, func(a, b border) int { return cmp.Compare(a.x0, b.x0) })
	cuts := map[[2]int]bool{} // line and glyph
	for i := 0; i < len(borders); {
		j := i + 1
		for j < len(borders) && borders[j].x0-borders[i].x0 <= seamSlack*f.size {
			j++
		}
		for _, run := range f.seamRuns(borders[i:j], spaces) {
			s := seam{x0: run[0].x0, x1: run[0].x1, y0: run[0].y0, y1: run[len(run)-1].y1}
			for _, b := range run {
				s.x0, s.x1 = max(s.x0, b.x0), min(s.x1, b.x1)
				cuts[[2]int{b.line, b.from}] = true
			}
			// Its neighbours of other kinds, as those of the header.
			s.y0, s.y1 = s.y0-3*f.size, s.y1+3*f.size
			f.seams = append(f.seams, s)
		}
		i = j
	}
	if len(f.seams) > maxSeams {
		f.seams = nil
	}
	if len(f.seams) > 0 {
		f.cutAtSeams()
	}
}

// borders lists the gaps behind numbers that are narrower than those between parts of a row.
// spaces tells whether the page draws spaces.
func (f *frame) borders() (out []border, spaces bool) {
	for i, l := range f.lines {
		if l.Turn != f.turn {
			continue
		}
		last := -1 // glyph
		start := math.Inf(-1)
		for k, g := range l.Glyphs {
			if g.Space || g.Hidden&layout.OffPage != 0 || blank(g.Text) {
				continue
			}
			box := f.in(g.Box)
			if last >= 0 && endsNumber(l.Glyphs[last].Text) {
				before := f.in(l.Glyphs[last].Box)
				if gap := box.X0 - before.X1; gap > seamGap*f.size && gap < partGap*f.size {
					out = append(out, border{before.X1, box.X0, box.Y0, box.Y1, start, l.Glyphs[last].Spaced, i, k})
				}
			}
			if last < 0 || box.X0-f.in(l.Glyphs[last].Box).X1 > seamGap*f.size {
				start = box.X0
			}
			last = k
			spaces = spaces || g.Spaced
		}
	}
	return out, spaces
}

// endsNumber reports whether a glyph may be the last of a number.
func endsNumber(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r >= '0' && r <= '9' || r == ')' || r == '%' || r > 0x7F && unicode.IsDigit(r)
}

// seamRuns picks from gaps that begin on one place those that end on one place too, one below the other, behind numbers of different
// lengths or where no space is drawn on a page that draws others.
func (f *frame) seamRuns(gaps []border, spaces bool) [][]border {
	if len(gaps) < seamRows {
		return nil
	}
	gaps = slices.Clone(gaps)
	slices.SortStableFunc(gaps, func(a, b border) int { return cmp.Compare(a.x1, b.x1) })
	var out [][]border
	for i := 0; i < len(gaps); {
		j := i + 1
		for j < len(gaps) && gaps[j].x1-gaps[i].x1 <= seamSlack*f.size {
			j++
		}
		same := slices.Clone(gaps[i:j])
		i = j
		slices.SortStableFunc(same, func(a, b border) int { return cmp.Compare(a.y0, b.y0) })
		for first := 0; first < len(same); {
			end := first + 1
			low, high, drawn := same[first].start, same[first].start, same[first].drawn
			for end < len(same) && same[end].y0-same[end-1].y1 < 6*f.size {
				low, high, drawn = min(low, same[end].start), max(high, same[end].start), drawn || same[end].drawn
				end++
			}
			if run := same[first:end]; len(run) >= seamRows && (high-low > 0.4*f.size || spaces && !drawn) && f.various(run) {
				out = append(out, run)
			}
			first = end
		}
	}
	return out
}

// various reports whether what stands behind gaps differs from row to row.
func (f *frame) various(run []border) bool {
	seen := map[string]bool{}
	for _, b := range run {
		glyphs := f.lines[b.line].Glyphs[b.from:]
		s := ""
		for k := 0; k < len(glyphs) && k < 8 && !glyphs[k].Space; k++ {
			s += glyphs[k].Text
		}
		seen[s] = true
	}
	return 2*len(seen) > len(run)
}

// seamed reports whether a seam lies between two places on a height.
func (f *frame) seamed(x0, x1, y float64) bool {
	for _, s := range f.seams {
		if slack := seamSlack * f.size; y > s.y0 && y < s.y1 && x0 <= s.x0+slack && x1 >= s.x1-slack {
			return true
		}
	}
	return false
}

// cutAtSeams makes two words of one that has a gap at a seam.
func (f *frame) cutAtSeams() {
	out := make([]word, 0, len(f.words)+len(f.words)/4)
	for _, w := range f.words {
		if w.turn != f.turn {
			out = append(out, w)
			continue
		}
		glyphs := f.lines[w.line].Glyphs
		y := mid(w.box.Y0, w.box.Y1)
		from := w.from
		for k := w.from + 1; k < w.to; k++ {
			a, b := f.in(glyphs[k-1].Box), f.in(glyphs[k].Box)
			if b.X0-a.X1 > seamGap*f.size && b.X0-a.X1 < partGap*f.size && f.seamed(a.X1, b.X0, y) && f.onSeam(a.X1, b.X0, y) {
				out = append(out, f.wordOf(w, from, k))
				from = k
			}
		}
		out = append(out, f.wordOf(w, from, w.to))
	}
	f.words = out
}

// onSeam reports whether a gap is that of a seam, and no wider.
func (f *frame) onSeam(x0, x1, y float64) bool {
	return slices.ContainsFunc(f.seams, func(s seam) bool {
		return y > s.y0 && y < s.y1 && near(s.x0, x0, 2*seamSlack*f.size) && near(s.x1, x1, 2*seamSlack*f.size)
	})
}

// wordOf is the part of a word from one of its glyphs to another.
func (f *frame) wordOf(w word, from, to int) word {
	if from == w.from && to == w.to {
		return w
	}
	out := word{line: w.line, from: from, to: to, turn: w.turn, bold: w.bold, mono: w.mono}
	for k, g := range f.lines[w.line].Glyphs[from:to] {
		if box := f.in(g.Box); k == 0 {
			out.box = box
		} else {
			out.box = out.box.Union(box)
		}
		out.count(g.Text)
	}
	return out
}
