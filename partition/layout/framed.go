package layout

import (
	"cmp"
	"slices"
)

// framed is a part of a page in a drawn frame or on a ground of its own: it is read as one thing, whatever stands beside it.
type framed struct {
	box   Box
	items []item
}

// Measures of frames.
const (
	maxFrames  = 400 // rules of each direction, and fills, of a page that is searched for frames
	frameShare = 0.8 // of the page, and of what stands on it, from which a frame is that of the page
	frameSlack = 2.0 // points
	frameRoom  = 1.7 // times the size of its text, least height
)

// frame puts what stands in frames into an item each.
func (f *flow) frame() {
	boxes := f.frameBoxes()
	slices.SortStableFunc(boxes, func(a, b Box) int { return cmp.Compare(a.Area(), b.Area()) })
	all := len(f.items)
	for _, b := range boxes {
		var inside, rest []item
		crossed := false
		for _, it := range f.items {
			shared := b.Intersect(it.box)
			switch {
			case it.kind == ruleItem:
				if y := (it.box.Y0 + it.box.Y1) / 2; y > b.Y0+frameSlack && y < b.Y1-frameSlack && it.box.X0 > b.X0-frameSlack && it.box.X1 < b.X1+frameSlack {
					inside = append(inside, it)
				} else {
					rest = append(rest, it)
				}
			case shared.Empty() || shared.Area() < 0.05*it.box.Area():
				rest = append(rest, it)
			case shared.Area() > 0.9*it.box.Area():
				inside = append(inside, it)
			default:
				crossed = true
			}
		}
		if crossed || !holdsText(inside, b) || float64(len(inside)) > frameShare*float64(all) {
			continue
		}
		f.frames = append(f.frames, framed{b, inside})
		f.items = append(rest, item{box: b, em: meanSize(inside), kind: frameItem, at: len(f.frames) - 1})
	}
}

// holdsText tells whether a frame holds more than one line or a line with room around it, and not another frame alone.
func holdsText(items []item, b Box) bool {
	lines, others := 0, 0
	for _, it := range items {
		switch it.kind {
		case lineItem:
			lines++
		case ruleItem:
		default:
			others++
		}
	}
	return lines+others > 1 || lines == 1 && b.Height() > frameRoom*items[0].em
}

// frameBoxes finds the rectangles that rules or fills draw, but for those of tables.
func (f *flow) frameBoxes() []Box {
	p := f.page
	var out []Box
	add := func(b Box) {
		if b.Width() < 4*f.body || b.Height() < f.body || b.Area() > frameShare*p.Width*p.Height || !b.Finite() ||
			slices.ContainsFunc(f.tables, func(t Table) bool {
				shared := t.Box.Intersect(b)
				return !shared.Empty() && shared.Area() < 0.9*t.Box.Area() || shared.Area() > 0.8*b.Area()
			}) ||
			slices.ContainsFunc(out, func(o Box) bool {
				return o.Intersect(b).Area() > 0.97*max(o.Area(), b.Area()) && !o.Intersect(b).Empty()
			}) {
			return
		}
		out = append(out, b)
	}
	if len(p.Fills) <= maxFrames {
		for _, fill := range p.Fills {
			if fill.Opaque && fill.Color != [3]uint8{255, 255, 255} {
				add(fill.Box)
			}
		}
	}
	var hs, vs []Box
	for _, r := range p.Rules {
		if !r.Box.Finite() {
			continue
		}
		if r.Horizontal() {
			hs = append(hs, r.Box)
		} else {
			vs = append(vs, r.Box)
		}
	}
	if len(hs) > maxFrames || len(vs) > maxFrames {
		return out
	}
	near := func(a, b float64) bool { return abs(a-b) <= frameSlack }
	drawn := func(y, x0, x1 float64) bool {
		return slices.ContainsFunc(hs, func(h Box) bool {
			return near((h.Y0+h.Y1)/2, y) && h.X0 <= x0+frameSlack && h.X1 >= x1-frameSlack
		})
	}
	slices.SortFunc(vs, func(a, b Box) int { return cmp.Or(cmp.Compare(a.X0, b.X0), cmp.Compare(a.Y0, b.Y0)) })
	for i, a := range vs {
		for _, b := range vs[i+1:] {
			if !near(a.Y0, b.Y0) || !near(a.Y1, b.Y1) || b.X0-a.X1 < f.body {
				continue
			}
			if drawn(a.Y0, a.X0, b.X1) && drawn(a.Y1, a.X0, b.X1) {
				add(Box{a.X0, a.Y0, b.X1, a.Y1})
			}
			break
		}
	}
	return out
}

// unframed takes frames apart again in columns that stand in reading order.
func (f *flow) unframed(columns [][]item) [][]item {
	if len(f.frames) == 0 {
		return columns
	}
	var out [][]item
	for _, column := range columns {
		from := 0
		for k, it := range column {
			if it.kind != frameItem {
				continue
			}
			if k > from {
				out = append(out, column[from:k])
			}
			from = k + 1
			c := columnCutter{rtl: f.rtl, lines: f.lines}
			c.cut(f.frames[it.at].items, 0)
			out = append(out, f.unframed(c.out)...)
		}
		if from < len(column) {
			out = append(out, column[from:])
		}
	}
	return out
}
