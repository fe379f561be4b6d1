package table

import (
	"math"
	"slices"

	"github.com/sluicehq/sluice/partition/layout"
)

// worded finds tables of texts that run over several lines, with nothing but white space between them. Columns of running text
// look alike, but for this: the texts of a row begin on one height in all columns, however long those of the row above are.
func (f *frame) worded(rows []row) []layout.Table {
	var out []layout.Table
	for _, block := range f.wordedBlocks(rows) {
		if g := f.wordedGrid(block); g != nil {
			out = append(out, f.take(g))
		}
	}
	return out
}

// wordedBlocks are runs of rows between which no line of text runs over most of the width.
func (f *frame) wordedBlocks(rows []row) [][]row {
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		low, high = min(low, r.parts[0].x0), max(high, r.parts[len(r.parts)-1].x1)
	}
	var out [][]row
	start, several := 0, 0
	end := func(k int) {
		if several >= 4 {
			out = append(out, rows[start:k])
		}
		several = 0
	}
	for k, r := range rows {
		wide := len(r.parts) == 1 && r.parts[0].x1-r.parts[0].x0 > 0.5*(high-low)
		if wide || k > 0 && r.y0-rows[k-1].y1 > 3*f.size {
			end(k)
			if start = k; wide {
				start++
			}
		}
		if len(r.parts) > 1 {
			several++
		}
	}
	end(len(rows))
	return out
}

// wordedGrid makes a grid of a block of rows, nil when it is no table of texts.
func (f *frame) wordedGrid(block []row) *grid {
	inner := f.columns(block, 0.5)
	if len(inner) == 0 || (len(inner)+1)*len(block) > maxPlaces {
		return nil
	}
	inner = slices.Clone(inner)
	f.clear(inner, block)
	if block = f.trimmed(block, inner); len(block) < 4 {
		return nil
	}
	xs := slices.Concat([]float64{math.Inf(-1)}, inner, []float64{math.Inf(1)})
	lines := f.linesIn(block, xs)
	for len(lines) > 0 && (lines[0].crosses || lines[0].filled < 2) { // a caption
		block, lines = block[1:], lines[1:]
	}
	if len(lines) < 4 {
		return nil
	}
	least := f.wideGap(lines)
	if least == 0 {
		return nil
	}
	box := layout.Box{X0: inner[0], X1: inner[0], Y0: block[0].y0, Y1: block[len(block)-1].y1}
	g := &grid{f: f, ys: []float64{box.Y0}}
	t := tally{columns: len(xs) - 1}
	first := 0
	for k, l := range lines {
		g.words = append(g.words, l.words...)
		box.X0, box.X1 = min(box.X0, l.parts[0].x0), max(box.X1, l.parts[len(l.parts)-1].x1)
		if l.crosses {
			t.crossing++
		}
		if k > 0 && l.y0-lines[k-1].y1 >= least {
			t.add(lines[first:k])
			g.ys = append(g.ys, mid(l.y0, lines[k-1].y1))
			first = k
		}
	}
	t.add(lines[first:])
	g.ys = append(g.ys, box.Y1)
	g.xs = slices.Concat([]float64{box.X0}, inner, []float64{box.X1})
	if !t.convincing() || !g.lay() || !g.occupied() {
		return nil
	}
	places := g.places()
	if head := g.boldHead(places); t.rows < 4 && !head || t.columns == 2 && (!head || t.rows < 4) || g.list(places) || g.contents(places) || g.pairs(places) ||
		g.flows(places) {
		return nil
	}
	return g
}

// tally counts what speaks for and against rows of broken texts.
type tally struct {
	columns, rows   int
	places, atTop   int // filled places, and those whose text begins on the first line of its row
	several         int // rows with text in more than one column
	broken, uneven  int // rows with a text of several lines, and those whose texts have different numbers of lines
	lines, crossing int
}

// add counts the lines of a row.
func (t *tally) add(lines []textLine) {
	t.rows++
	t.lines += len(lines)
	filled, most, fewest := 0, 0, len(lines)
	for c := range t.columns {
		n := 0
		for _, l := range lines {
			if l.columns[c] {
				n++
			}
		}
		if n == 0 {
			continue
		}
		filled++
		if lines[0].columns[c] {
			t.atTop++
		}
		most, fewest = max(most, n), min(fewest, n)
	}
	t.places += filled
	if filled > 1 {
		t.several++
	}
	if most > 1 {
		t.broken++
		if most > fewest {
			t.uneven++
		}
	}
}

func (t *tally) convincing() bool {
	return t.rows >= 3 && t.broken >= 2 && 2*t.broken >= t.rows && 2*t.uneven >= t.broken &&
		10*t.atTop >= 9*t.places && 10*t.places >= 7*t.rows*t.columns && 10*t.several >= 8*t.rows && 8*t.crossing <= t.lines
}
