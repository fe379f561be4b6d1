package table

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// place is what stands in one place of a grid.
type place struct {
	words      []int
	characters int
	numeric    bool
}

// convincing reports whether a grid that text had to tell reads as a table. drawn says that lines or grounds speak for it.
// What could be prose in columns, a list, a table of contents, the head of a letter or code is refused.
func (g *grid) convincing(drawn bool) bool {
	rows, columns := g.rows(), g.columns()
	if rows < 2 || columns < 2 {
		return false
	}
	places := g.places()
	filled, mono, words := 0, 0, 0
	numericColumns, wordyColumns := 0, 0
	for c := range columns {
		full, numeric, wordy := 0, 0, 0
		for r := range rows {
			p := places[r][c]
			if len(p.words) == 0 {
				continue
			}
			full++
			if p.numeric {
				numeric++
			}
			if p.characters > 40 && len(p.words) > 6 {
				wordy++
			}
		}
		filled += full
		if full >= 2 && 5*numeric >= 3*(full-1) && numeric > 0 {
			numericColumns++
		}
		if full > 0 && 2*wordy > full {
			wordyColumns++
		}
	}
	for _, i := range g.words {
		if g.f.words[i].mono {
			mono++
		}
		words++
	}
	tabular := 0
	for r := range rows {
		n := 0
		for c := range columns {
			if len(places[r][c].words) > 0 {
				n++
			}
		}
		if n >= 2 {
			tabular++
		}
	}
	share := float64(filled) / float64(rows*columns)
	head := g.boldHead(places)
	switch {
	case g.contents(places), g.list(places), g.flows(places), !drawn && g.pairs(places), !drawn && g.equations(places):
		return false
	case !drawn && 10*mono > 7*words && numericColumns < 2:
		return false
	case 2*tabular < rows:
		return false
	case wordyColumns > 1 && !drawn:
		return false
	}
	if drawn {
		return share >= 0.3 && (rows >= 3 || columns >= 3 || head || numericColumns > 0) && wordyColumns < columns
	}
	if share < 0.5 || g.alignedColumns() < columns-columns/3 {
		return false
	}
	if g.addresses(places) || g.crowded(places) {
		return false
	}
	if columns == 2 {
		return rows >= 4 && share >= 0.75 && (numericColumns >= 1 && g.f.numericHead(places) || head)
	}
	return rows >= 3 && (numericColumns >= 1 || head && rows >= 3 || rows >= 5 && share >= 0.8)
}

func (g *grid) places() [][]place {
	out := make([][]place, g.rows())
	for r := range out {
		out[r] = make([]place, g.columns())
	}
	for _, p := range g.pieces {
		q := &out[p.row][p.column]
		q.words = append(q.words, p.word)
	}
	for r := range out {
		for c := range out[r] {
			q := &out[r][c]
			q.characters = g.f.characters(q.words)
			q.numeric = g.f.numeric(q.words)
		}
	}
	return out
}

// numericHead reports whether a table of two columns, one of them of numbers, has labels that are words, not dates or times.
func (f *frame) numericHead(places [][]place) bool {
	words := 0
	for _, r := range places {
		if len(r[0].words) > 0 && !r[0].numeric {
			words++
		}
	}
	return words > 0
}

// boldHead reports whether the first row is bold and most of the others are not.
func (g *grid) boldHead(places [][]place) bool {
	bold := func(r int) float64 {
		n, all := 0, 0
		for _, p := range places[r] {
			for _, i := range p.words {
				all++
				if g.f.words[i].bold {
					n++
				}
			}
		}
		if all == 0 {
			return 0
		}
		return float64(n) / float64(all)
	}
	if len(places) < 2 || bold(0) < 0.9 {
		return false
	}
	others := 0.0
	for r := 1; r < len(places); r++ {
		others += bold(r)
	}
	return others < 0.5*float64(len(places)-1)
}

// say is the text of a place.
func (f *frame) say(p place) string {
	words := make([]string, len(p.words))
	for k, i := range p.words {
		words[k] = f.text(f.words[i])
	}
	return strings.Join(words, " ")
}

// contents reports whether a grid is a table of contents: leaders before the last column, or rising page numbers in the second
// of two columns.
func (g *grid) contents(places [][]place) bool {
	leaders, rising, numbers := 0, 0, 0
	last := -1
	for _, r := range places {
		dots := false
		for _, p := range r {
			dots = dots || dotted(g.f.say(p))
		}
		if dots {
			leaders++
		}
		end := r[len(r)-1]
		if len(end.words) != 1 {
			continue
		}
		w := g.f.words[end.words[0]]
		if w.digits == 0 || w.letters+w.others > 0 || w.digits > 4 {
			continue
		}
		n := 0
		for _, d := range g.f.text(w) {
			n = 10*n + int(d-'0')
		}
		numbers++
		if n >= last {
			rising++
		}
		last = n
	}
	if 3*leaders > len(places) {
		return true
	}
	return len(places[0]) <= 3 && numbers == rising && 10*numbers >= 9*len(places) && numbers >= 4 && !places[0][0].numericOrShort(g)
}

// numericOrShort reports whether a place holds a number alone, as the key of a table of values does.
func (p place) numericOrShort(g *grid) bool {
	return p.numeric && p.characters < 6 && len(p.words) == 1 && g.columns() == 2
}

func dotted(s string) bool {
	return strings.Contains(s, ".....") || strings.Contains(s, ". . . .") || strings.Contains(s, "……") || strings.Contains(s, "____")
}

// list reports whether the first of two columns holds but marks of list items.
func (g *grid) list(places [][]place) bool {
	marks, all := 0, 0
	for _, r := range places {
		if len(r[0].words) == 0 {
			continue
		}
		all++
		if len(r[0].words) == 1 && isMark(g.f.text(g.f.words[r[0].words[0]])) {
			marks++
		}
	}
	return len(places[0]) == 2 && 10*marks >= 7*all
}

// isMark tells a bullet, or a number or letter with a stop or in brackets.
func isMark(s string) bool {
	r := []rune(s)
	if len(r) == 1 {
		return !unicode.IsLetter(r[0]) && !unicode.IsDigit(r[0])
	}
	end := r[len(r)-1]
	if len(r) > 6 || !strings.ContainsRune(".):]", end) {
		return false
	}
	body := strings.Trim(s, "([.):]")
	digits, letters := 0, 0
	for _, c := range body {
		if unicode.IsDigit(c) || c == '.' {
			digits++
		} else {
			letters++
		}
	}
	return digits > 0 && letters == 0 || letters == 1 && digits == 0 || digits == 0 && strings.Trim(body, "ivxlcIVXLC") == ""
}

// pairs reports whether the first column holds keys that end in a colon, as the head of a letter does.
func (g *grid) pairs(places [][]place) bool {
	keys, all := 0, 0
	for _, r := range places {
		if p := r[0]; len(p.words) > 0 {
			all++
			if strings.HasSuffix(g.f.say(p), ":") {
				keys++
			}
		}
	}
	return len(places[0]) <= 3 && 2*keys >= all
}

// equations reports whether the last column holds numbers in brackets only, as numbered equations have.
func (g *grid) equations(places [][]place) bool {
	n, all := 0, 0
	for _, r := range places {
		if p := r[len(r)-1]; len(p.words) > 0 {
			all++
			if s := g.f.say(p); strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") && len(s) < 7 {
				n++
			}
		}
	}
	return len(places[0]) == 2 && 2*n >= all
}

// flows reports whether a column reads on from row to row, in lower case, as running text does.
func (g *grid) flows(places [][]place) bool {
	for c := range places[0] {
		small, all := 0, 0
		for r := 1; r < len(places); r++ {
			p, above := places[r][c], places[r-1][c]
			if len(p.words) == 0 || len(above.words) == 0 || p.numeric {
				continue
			}
			all++
			if unicode.IsLower(firstRune(g.f.text(g.f.words[p.words[0]]))) && len(above.words) > 2 {
				small++
			}
		}
		if small >= 2 && 5*small >= 2*all {
			return true
		}
	}
	return false
}

// columnar reports whether the texts of several columns read on from row to row, as those of boxes beside each other do.
func (g *grid) columnar(places [][]place) bool {
	small, all, columns := 0, 0, 0
	for c := range places[0] {
		before := small
		for r := 1; r < len(places); r++ {
			p, above := places[r][c], places[r-1][c]
			if len(p.words) == 0 || len(above.words) == 0 || p.numeric {
				continue
			}
			all++
			if unicode.IsLower(firstRune(g.f.text(g.f.words[p.words[0]]))) && len(above.words) > 2 {
				small++
			}
		}
		if small > before {
			columns++
		}
	}
	return columns > 1 && 5*small >= 2*all
}

// crowded reports whether several numbers stand one below the other in cells of one row: the rows were not found.
func (g *grid) crowded(places [][]place) bool {
	n := 0
	for _, r := range places {
		for _, p := range r {
			if len(p.words) < 3 || !p.numeric {
				continue
			}
			if y0, y1 := g.f.heights(p.words); y1-y0 > 2.8*g.f.size {
				n++
			}
		}
	}
	return n > 1
}

// heights are the extremes of words.
func (f *frame) heights(words []int) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, i := range words {
		low, high = min(low, f.words[i].box.Y0), max(high, f.words[i].box.Y1)
	}
	return low, high
}

// addresses reports whether several places hold mail addresses and there are no numbers: the authors of a paper.
func (g *grid) addresses(places [][]place) bool {
	mail, numbers := 0, 0
	for _, r := range places {
		for _, p := range r {
			if p.numeric {
				numbers++
			}
			if strings.Contains(g.f.say(p), "@") {
				mail++
			}
		}
	}
	return mail >= 2 && numbers < 2 || mail > 0 && len(places) <= 5
}

// alignedColumns counts the columns most of whose texts begin, end or are centred on one line.
func (g *grid) alignedColumns() int {
	n := 0
	for c := range g.columns() {
		extents := map[int]extent{}
		for _, p := range g.pieces {
			if p.column != c {
				continue
			}
			e, ok := extents[p.row]
			if !ok {
				e = extent{x0: math.Inf(1), x1: math.Inf(-1)}
			}
			extents[p.row] = extent{x0: min(e.x0, p.box.X0), x1: max(e.x1, p.box.X1)}
		}
		var left, right, centre []float64
		for _, e := range extents {
			left, right, centre = append(left, e.x0), append(right, e.x1), append(centre, mid(e.x0, e.x1))
		}
		// A header may stand otherwise than the values below it.
		need := max(1, (7*len(extents)+9)/10-1)
		if agree(left, 0.35*g.f.size) >= need || agree(right, 0.35*g.f.size) >= need || agree(centre, 0.35*g.f.size) >= need {
			n++
		}
	}
	return n
}

// agree counts the most values that lie within a range of d on both sides.
func agree(values []float64, d float64) int {
	slices.Sort(values)
	most, first := 0, 0
	for k := range values {
		for values[k]-values[first] > 2*d {
			first++
		}
		most = max(most, k-first+1)
	}
	return most
}
