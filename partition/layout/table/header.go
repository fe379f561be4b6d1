package table

import "github.com/sluicehq/sluice/partition/layout"

// headers finds the header rows of a table: those above the rule that parts them from the body, or the first rows that differ
// from the body in weight, in ground or in having no numbers where the body has.
func (g *grid) headers(t *layout.Table) {
	places := g.places()
	rows := g.rows()
	n := 0
	if g.heading > 0 {
		for n < rows && g.ys[n+1] <= g.heading+0.5*g.f.size {
			n++
		}
	}
	if n == 0 || 2*n > rows {
		n = g.headRows(places)
	}
	// A cell that reaches below the header takes it along.
	for changed := true; changed; {
		changed = false
		for _, c := range t.Cells {
			if c.Row < n && c.Row+c.RowSpan > n && c.Row+c.RowSpan < rows {
				n = c.Row + c.RowSpan
				changed = true
			}
		}
	}
	if n >= rows {
		n = 0
	}
	t.HeaderRows = n
	for k := range t.Cells {
		t.Cells[k].Header = t.Cells[k].Row < n
	}
}

func (g *grid) headRows(places [][]place) int {
	rows, columns := g.rows(), g.columns()
	if rows < 2 {
		return 0
	}
	numeric := func(r int) (numbers, full int) {
		for _, p := range places[r] {
			if len(p.words) > 0 {
				full++
				if p.numeric {
					numbers++
				}
			}
		}
		return numbers, full
	}
	bold := func(r int) bool {
		n := 0
		for _, p := range places[r] {
			for _, i := range p.words {
				if !g.f.words[i].bold {
					return false
				}
				n++
			}
		}
		return n > 0
	}
	boldRows := 0
	for r := range rows {
		if bold(r) {
			boldRows++
		}
	}
	if bold(0) && 2*boldRows < rows+1 {
		n := 1
		for n < rows-1 && bold(n) && (g.joined(n-1) || g.joinedAbove(n)) {
			n++
		}
		return n
	}
	numbers, full := numeric(0)
	// Years and the like may head columns; a row that is mostly numbers is data.
	if 2*numbers > full && !(columns > 2 && len(places[0][0].words) == 0) && !(g.years(places[0]) && !g.years(places[1])) {
		return 0
	}
	if 3*full < columns && !g.joined(0) {
		return 0
	}
	n := 1
	for n < rows-1 && (g.joined(n-1) || g.joinedAbove(n)) {
		if numbers, _ := numeric(n); numbers > 0 {
			break
		}
		n++
	}
	return n
}

// years reports whether a row has nothing but years behind its first place.
func (g *grid) years(row []place) bool {
	n := 0
	for _, p := range row[1:] {
		if len(p.words) == 0 {
			continue
		}
		if len(p.words) != 1 || !year(g.f.words[p.words[0]]) {
			return false
		}
		n++
	}
	return n > 0
}

// joined reports whether a row has a cell over several columns, but not one alone over all.
func (g *grid) joined(r int) bool {
	n := 0
	for c := 1; c < g.columns(); c++ {
		if g.joinLeft[r][c] {
			n++
		}
	}
	return n > 0 && n < g.columns()-1
}

func (g *grid) joinedAbove(r int) bool {
	for c := range g.columns() {
		if g.joinAbove[r][c] {
			return true
		}
	}
	return false
}
