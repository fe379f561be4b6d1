package table

import (
	"slices"
	"unicode"
)

// textLine is a row of text with the columns that it fills.
type textLine struct {
	row
	columns []bool
	filled  int
	numbers []bool // of the columns: a number stands in it
	crosses bool   // a part of it runs over a bound
}

func (f *frame) linesIn(rows []row, xs []float64) []textLine {
	out := make([]textLine, len(rows))
	n := len(xs) - 1
	for k, r := range rows {
		l := textLine{row: r, columns: make([]bool, n), numbers: make([]bool, n)}
		for _, p := range r.parts {
			first, last := between(xs, p.x0+0.3*f.size), between(xs, p.x1-0.3*f.size)
			l.crosses = l.crosses || last > first && f.runsOver(p, xs, first, last)
			var words [][]int
			for _, i := range p.words {
				b := f.words[i].box
				c := between(xs, (b.X0+b.X1)/2)
				if len(words) == 0 || between(xs, mid(f.words[words[len(words)-1][0]].box.X0, f.words[words[len(words)-1][0]].box.X1)) != c {
					words = append(words, nil)
				}
				words[len(words)-1] = append(words[len(words)-1], i)
			}
			for _, w := range words {
				b := f.words[w[0]].box
				c := between(xs, (b.X0+b.X1)/2)
				if !l.columns[c] {
					l.columns[c] = true
					l.filled++
				}
				l.numbers[c] = l.numbers[c] || f.numeric(w)
			}
		}
		out[k] = l
	}
	return out
}

func mid(a, b float64) float64 { return (a + b) / 2 }

// runsOver reports whether a part runs over a bound between two columns rather than having a wide gap on it.
func (f *frame) runsOver(p part, xs []float64, first, last int) bool {
	for c := first + 1; c <= last; c++ {
		over := true
		for k := 1; k < len(p.words); k++ {
			a, b := f.words[p.words[k-1]].box, f.words[p.words[k]].box
			if a.X1 <= xs[c]+0.1*f.size && b.X0 >= xs[c]-0.1*f.size && (b.X0-a.X1 >= 0.45*f.size || f.seamed(a.X1, b.X0, mid(b.Y0, b.Y1))) {
				over = false
				break
			}
		}
		if over {
			return true
		}
	}
	return false
}

// cutRows finds where rows of a table end that no rule parts: heights between the lines of words. cautious leaves the lines
// together unless numbers in most of them show that each is a row, since elsewhere in the table rules part the rows.
func (f *frame) cutRows(words []int, xs []float64, cautious bool) []float64 {
	lines := f.linesIn(f.rowsOf(words, partGap), xs)
	lines = f.withoutFloating(lines)
	if len(lines) < 2 {
		return nil
	}
	if cautious && !f.independent(lines) {
		return nil
	}
	wide := f.wideGap(lines)
	var cuts []float64
	first := 0 // line of the row that is open
	for k := 1; k < len(lines); k++ {
		gap := lines[k].y0 - lines[k-1].y1
		if gap < -0.25*f.size {
			continue // beside each other, set at different heights
		}
		if wide > 0 {
			if gap < wide {
				continue
			}
		} else if f.continues(lines, first, k) {
			continue
		}
		cuts = append(cuts, (lines[k].y0+lines[k-1].y1)/2)
		first = k
	}
	return cuts
}

// cutHeader finds the rows of a header: a text over several columns, and what stands apart below it.
func (f *frame) cutHeader(words []int, xs []float64) []float64 {
	all := f.linesIn(f.rowsOf(words, partGap), xs)
	lines := f.withoutFloating(all)
	var cuts []float64
	for k := 1; k < len(lines); k++ {
		above, l := lines[k-1], lines[k]
		gap := l.y0 - above.y1
		if gap < -0.25*f.size || l.filled < 2 || l.crosses {
			continue
		}
		// Lines of broken texts fill columns that the one below or above fills as well.
		fresh, ended := 0, 0
		for c := range l.columns {
			if l.columns[c] && !above.columns[c] {
				fresh++
			}
			if !l.columns[c] && above.columns[c] {
				ended++
			}
		}
		if above.crosses || gap > 0.45*f.size || fresh > 0 && (ended > 0 || len(lines) < len(all)) {
			cuts = append(cuts, (l.y0+above.y1)/2)
		}
	}
	return cuts
}

// withoutFloating leaves out the lines that stand between two heights of others and in other columns than they: texts
// centred in a cell over several rows, or beside a cell of several lines.
func (f *frame) withoutFloating(lines []textLine) []textLine {
	over := func(a, b textLine) bool {
		if b.y0-a.y1 >= -0.25*f.size {
			return false
		}
		for c := range a.columns {
			if a.columns[c] && b.columns[c] {
				return false
			}
		}
		return true
	}
	var out []textLine
	for k, l := range lines {
		above := k > 0 && over(lines[k-1], l)
		below := k+1 < len(lines) && over(l, lines[k+1])
		if above && below && l.filled <= min(lines[k-1].filled+1, lines[k+1].filled) {
			continue
		}
		out = append(out, l)
	}
	return out
}

// wrapped reports whether the lines between two rules are those of one row whose texts are broken into lines: each column
// is filled without a gap, some columns end before others, and lines go on in lower case.
func (f *frame) wrapped(words []int, xs []float64) bool {
	lines := f.linesIn(f.rowsOf(words, partGap), xs)
	if len(lines) < 2 || f.independent(lines) {
		return false
	}
	n := len(xs) - 1
	last := make([]float64, n) // lower edges of the columns' texts
	count := make([]int, n)
	ends := make([]float64, n) // last right edge
	small, further, full := 0, 0, 0
	for _, l := range lines {
		for c, words := range f.byColumn(l, xs) {
			if len(words) == 0 {
				continue
			}
			if count[c] > 0 {
				if l.y0-last[c] > 0.6*f.size {
					return false
				}
				further++
				r := firstRune(f.text(f.words[words[0]]))
				if unicode.IsLower(r) {
					small++
				}
				// The line before was full: the first word of this one, or a character of a script without spaces, had no
				// room in it.
				room := f.words[words[0]].box.Width()
				if r > 0x2E80 {
					room = min(room, 1.5*f.size)
				}
				if ends[c]+room > xs[c+1]-0.8*f.size {
					full++
				}
			}
			count[c]++
			last[c] = l.y1
			ends[c] = f.words[words[len(words)-1]].box.X1
		}
	}
	return further > 0 && (2*small >= further || 10*full >= 8*further || 3*small >= further && 2*full >= further)
}

func (f *frame) byColumn(l textLine, xs []float64) [][]int {
	out := make([][]int, len(xs)-1)
	for _, i := range l.words {
		b := f.words[i].box
		c := between(xs, mid(b.X0, b.X1))
		out[c] = append(out[c], i)
	}
	return out
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// independent reports whether lines are rows, each for itself: a column has numbers in nearly all of them, and most lines
// fill most columns.
func (f *frame) independent(lines []textLine) bool {
	if len(lines) < 2 {
		return false
	}
	n := len(lines[0].columns)
	any, filled, numeric := 0, 0, 0
	for c := range n {
		full, numbers := 0, 0
		for _, l := range lines {
			if l.columns[c] {
				full++
			}
			if l.numbers[c] {
				numbers++
			}
		}
		if full > 0 {
			any++
		}
		filled += full
		if 5*numbers >= 4*len(lines) {
			numeric++
		}
	}
	return (numeric > 1 || numeric == 1 && len(lines) > 2) && any >= 2 && 10*filled >= 6*any*len(lines)
}

// wideGap finds the gap between rows in a table whose rows stand further apart than the lines of a cell: the gaps then are of
// two kinds. It returns 0 when they are of one.
func (f *frame) wideGap(lines []textLine) float64 {
	var gaps []float64
	for k := 1; k < len(lines); k++ {
		if g := lines[k].y0 - lines[k-1].y1; g > -0.25*f.size {
			gaps = append(gaps, g)
		}
	}
	if len(gaps) < 2 {
		return 0
	}
	slices.Sort(gaps)
	jump, at := 0.0, 0.0
	for k := 1; k < len(gaps); k++ {
		if gaps[k-1] > 0.6*f.size {
			break // lines so far apart are rows
		}
		if d := gaps[k] - gaps[k-1]; d > jump {
			jump, at = d, mid(gaps[k], gaps[k-1])
		}
	}
	if jump < 0.2*f.size {
		return 0
	}
	// Lines of one cell fill no more columns than its first, and their row has its first column: a group of rows that stands
	// apart from others is no row.
	start := 0
	suspect, groups, joined := 0, 0, 0
	end := func(k int) {
		groups++
		if k-start > 1 {
			joined++
			for i := start + 1; i < k; i++ {
				if f.ownRow(lines, i) {
					suspect++
					break
				}
			}
		}
		start = k
	}
	for k := 1; k < len(lines); k++ {
		if lines[k].y0-lines[k-1].y1 >= at {
			end(k)
		}
	}
	end(len(lines))
	if groups < 2 || joined == 0 || 3*suspect > joined {
		return 0
	}
	return at
}

// ownRow reports whether line k looks like a row rather than the further text of the one above: it has the first column and
// numbers, as the line above has.
func (f *frame) ownRow(lines []textLine, k int) bool {
	numbers, same := 0, 0
	for c := range lines[k].columns {
		if lines[k].numbers[c] {
			numbers++
			if lines[k-1].numbers[c] {
				same++
			}
		}
	}
	return lines[k].columns[0] && lines[k-1].columns[0] && same > 0 && 2*same >= numbers
}

// continues reports whether line k goes on with the row whose first line is first.
func (f *frame) continues(lines []textLine, first, k int) bool {
	l, above := lines[k], lines[k-1]
	if l.y0-above.y1 > 0.7*f.size || l.crosses || above.crosses {
		return false
	}
	numbers, within := 0, true
	for c := range l.columns {
		if l.numbers[c] {
			numbers++
		}
		if l.columns[c] {
			within = within && lines[first].columns[c]
		}
	}
	if !l.columns[0] {
		// Text that goes on below the cells it began in.
		return numbers == 0 && within && l.filled < lines[first].filled
	}
	// A label that goes on in lower case.
	return l.filled < lines[first].filled && l.filled == 1 && numbers == 0 && f.lower(l) && above.columns[0] && len(l.columns) > 2
}

// lower reports whether a line begins with a small letter.
func (f *frame) lower(l textLine) bool {
	for _, r := range f.text(f.words[l.words[0]]) {
		return r >= 'a' && r <= 'z'
	}
	return false
}
