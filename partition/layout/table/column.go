package table

import (
	"cmp"
	"slices"
)

// columns finds the places between columns: strips that no text of a row crosses, with text on both sides. minGap is
// the least width of a strip in sizes of the text.
func (f *frame) columns(rows []row, minGap float64) []float64 {
	core := coreRows(rows)
	if len(core) == 0 {
		return nil
	}
	strict := f.strips(core, 0, minGap)
	var bounds []float64
	for _, s := range strict {
		bounds = append(bounds, (s.x0+s.x1)/2)
	}
	// A row or two may cross a strip that all others keep free: a heading over several columns, a text that runs over.
	if tolerance := len(core) / 6; tolerance > 0 {
		for _, s := range f.strips(core, tolerance, minGap) {
			taken := slices.ContainsFunc(strict, func(o strip) bool { return o.x0 < s.x1 && s.x0 < o.x1 })
			if !taken && 5*s.votes >= 3*len(core) {
				bounds = append(bounds, (s.x0+s.x1)/2)
			}
		}
	}
	slices.Sort(bounds)
	return bounds
}

// coreRows are the rows with about as many parts as the fuller ones have: those that show where the columns are.
func coreRows(rows []row) []row {
	var counts []int
	for _, r := range rows {
		if len(r.parts) > 1 {
			counts = append(counts, len(r.parts))
		}
	}
	if len(counts) == 0 {
		return nil
	}
	slices.SortFunc(counts, func(a, b int) int { return cmp.Compare(b, a) })
	most := counts[len(counts)/4]
	least := max(2, (3*most+4)/5)
	var core []row
	for _, r := range rows {
		if len(r.parts) >= least {
			core = append(core, r)
		}
	}
	return core
}

// strip is a range that at most a few rows cross. votes are the rows with text on both sides of it.
type strip struct {
	x0, x1 float64
	votes  int
}

func (f *frame) strips(core []row, tolerance int, minGap float64) []strip {
	type event struct {
		x              float64
		covered, voted int
	}
	var events []event
	for _, r := range core {
		for k, p := range r.parts {
			events = append(events, event{p.x0, 1, 0}, event{p.x1, -1, 0})
			if k > 0 {
				events = append(events, event{r.parts[k-1].x1, 0, 1}, event{p.x0, 0, -1})
			}
		}
	}
	slices.SortFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.covered, b.covered), cmp.Compare(a.voted, b.voted))
	})
	var out []strip
	covered, voted := 0, 0
	var open *strip
	least := 1
	if len(core) > 3 {
		least = 2
	}
	for _, e := range events {
		before := covered
		covered += e.covered
		voted += e.voted
		switch {
		case before > tolerance && covered <= tolerance:
			open = &strip{x0: e.x}
		case before <= tolerance && covered > tolerance && open != nil:
			open.x1 = e.x
			if (open.x1-open.x0 >= minGap*f.size || len(f.seams) > 0 && f.seamed(open.x0, open.x1, mid(core[0].y0, core[len(core)-1].y1))) && open.votes >= least {
				out = append(out, *open)
			}
			open = nil
		}
		if open != nil {
			open.votes = max(open.votes, voted)
		}
	}
	return out
}

// between finds the strip of bounds, which rise, in which x lies: 0 before the second, len(bounds)-2 behind the last but one.
func between(bounds []float64, x float64) int {
	i, found := slices.BinarySearch(bounds, x)
	if !found {
		i--
	}
	return min(max(i, 0), len(bounds)-2)
}
