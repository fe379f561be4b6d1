package table

import (
	"cmp"
	"slices"
	"sort"

	"github.com/sluicehq/sluice/partition/layout"
)

// segment is a horizontal or vertical line of a table: a rule, rules that follow each other, or the edge of a ground.
type segment struct {
	at       float64 // its place across its direction
	from, to float64
	rule     bool // part of it is a drawn rule
}

// ground is a fill in the coordinates of the frame.
type ground struct {
	box   layout.Box
	color [3]uint8
}

// sameLine is how far lines may be apart, in sizes of the text, to bound the same cells: no text stands between them.
const sameLine = 0.45

// readSegments gathers what may bound cells. What is drawn twice, in pieces or as a double rule becomes one segment.
func (f *frame) readSegments() {
	if len(f.page.Rules) > maxRules || len(f.page.Fills) > maxRules {
		return
	}
	var hs, vs []segment
	for _, r := range f.page.Rules {
		if !r.Box.Finite() {
			continue
		}
		b := f.in(r.Box)
		if b.Width() >= b.Height() {
			hs = append(hs, segment{(b.Y0 + b.Y1) / 2, b.X0, b.X1, true})
		} else {
			vs = append(vs, segment{(b.X0 + b.X1) / 2, b.Y0, b.Y1, true})
		}
	}
	for _, g := range f.page.Fills {
		if !g.Box.Finite() || !g.Opaque {
			continue
		}
		b := f.in(g.Box)
		if b.Width() > 0.9*f.width && b.Height() > 0.9*f.height || b.Height() < 0.3*f.size || b.Width() < f.size {
			continue // the page's ground, or too small to hold text
		}
		f.fills = append(f.fills, ground{b, g.Color})
	}
	if len(f.fills) > maxSegments {
		f.fills = nil // a drawing
	}
	hs, vs = f.edges(hs, vs)
	f.hs, f.vs = f.join(hs), f.join(vs)
	if len(f.hs) > maxSegments || len(f.vs) > maxSegments {
		f.hs, f.vs, f.fills = nil, nil, nil
	}
	f.hs = f.withoutUnderlines(f.hs)
}

// edges adds the edges of grounds. A ground beside another of the same height is that of a cell and bounds it on all sides;
// one that stands alone is that of a row, or of something else, and bounds rows only.
func (f *frame) edges(hs, vs []segment) (h, v []segment) {
	slices.SortFunc(f.fills, func(a, b ground) int {
		return cmp.Or(cmp.Compare(a.box.Y0, b.box.Y0), cmp.Compare(a.box.X0, b.box.X0))
	})
	gap := sameLine * f.size
	for i := 0; i < len(f.fills); {
		j := i + 1
		for j < len(f.fills) && near(f.fills[j].box.Y0, f.fills[i].box.Y0, 1) {
			j++
		}
		level := slices.Clone(f.fills[i:j])
		slices.SortFunc(level, func(a, b ground) int { return cmp.Compare(a.box.X0, b.box.X0) })
		for k, g := range level {
			hs = append(hs, segment{g.box.Y0, g.box.X0, g.box.X1, false}, segment{g.box.Y1, g.box.X0, g.box.X1, false})
			beside := func(o ground) bool {
				return near(o.box.Y1, g.box.Y1, 1) && (near(o.box.X0, g.box.X1, gap) || near(o.box.X1, g.box.X0, gap))
			}
			if k > 0 && beside(level[k-1]) || k+1 < len(level) && beside(level[k+1]) {
				vs = append(vs, segment{g.box.X0, g.box.Y0, g.box.Y1, false}, segment{g.box.X1, g.box.Y0, g.box.Y1, false})
			}
		}
		i = j
	}
	return hs, vs
}

// join makes one segment of those that lie on one line and follow or cover each other, and drops what is shorter than text.
func (f *frame) join(all []segment) []segment {
	slices.SortFunc(all, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	reach := max(2, 0.2*f.size)
	var out []segment
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].at-all[i].at <= sameLine*f.size {
			j++
		}
		level := all[i:j]
		slices.SortFunc(level, func(a, b segment) int { return cmp.Compare(a.from, b.from) })
		for k := 0; k < len(level); {
			s, places, weight := level[k], 0.0, 0.0
			for ; k < len(level) && level[k].from <= s.to+reach; k++ {
				s.to = max(s.to, level[k].to)
				s.rule = s.rule || level[k].rule
				length := level[k].to - level[k].from + 1e-6
				places += level[k].at * length
				weight += length
			}
			s.at = places / weight
			if s.to-s.from >= 0.8*f.size {
				out = append(out, s)
			}
		}
		i = j
	}
	slices.SortFunc(out, func(a, b segment) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.from, b.from)) })
	return out
}

// withoutUnderlines drops the rules that run under, or through, words and no further than they.
func (f *frame) withoutUnderlines(hs []segment) []segment {
	if len(hs) == 0 {
		return hs
	}
	byBottom := make([]int, len(f.words))
	tallest := 0.0
	for i := range byBottom {
		byBottom[i] = i
		if f.words[i].turn == f.turn {
			tallest = max(tallest, f.words[i].box.Height())
		}
	}
	slices.SortFunc(byBottom, func(a, b int) int { return cmp.Compare(f.words[a].box.Y1, f.words[b].box.Y1) })
	tallest = min(tallest, 4*f.size)
	return slices.DeleteFunc(hs, func(s segment) bool {
		if !s.rule {
			return false
		}
		covered, low, high := 0.0, s.to, s.from
		first := sort.Search(len(byBottom), func(k int) bool { return f.words[byBottom[k]].box.Y1 >= s.at })
		for _, i := range byBottom[first:] {
			b := f.words[i].box
			if b.Y1 > s.at+tallest {
				break
			}
			if h := b.Height(); f.words[i].turn != f.turn || s.at > b.Y1-0.04*h || s.at < b.Y0+0.3*h || b.X1 <= s.from || b.X0 >= s.to {
				continue
			}
			covered += min(b.X1, s.to) - max(b.X0, s.from)
			low, high = min(low, b.X0), max(high, b.X1)
		}
		return covered > 0.6*(s.to-s.from) && low-s.from < 0.5*f.size && s.to-high < 0.5*f.size
	})
}
