package layout

import "slices"

// Measures of watermarks.
const (
	stampSize  = 1.8 // times the size of most text
	stampLines = 2   // lines that it runs over
	maxStamps  = 40  // large lines of a page that are looked at
)

// stamped parts the watermarks of a page from its text: large words, upright or aslant, that run over lines of other text. They
// are read last, since they belong to no sentence.
func stamped(lines []Line) (text, stamps []Line) {
	if len(lines) < stampLines+1 {
		return lines, nil
	}
	sizes := make([]float64, 0, len(lines))
	for i := range lines {
		sizes = append(sizes, sizeOf(&lines[i]))
	}
	sorted := slices.Clone(sizes)
	slices.Sort(sorted)
	body := sorted[len(sorted)/2]
	large := 0
	for i := range lines {
		if sizes[i] <= stampSize*body {
			text = append(text, lines[i])
			continue
		}
		over := 0
		if large++; large <= maxStamps {
			for k := range lines {
				shared := lines[i].Box.Intersect(lines[k].Box)
				if sizes[k] < 1.2*body && !shared.Empty() && shared.Height() > 0.6*lines[k].Box.Height() && shared.Width() > body {
					over++
				}
			}
		}
		if over >= stampLines || over > 0 && slices.ContainsFunc(stamps, func(s Line) bool { return abs(sizeOf(&s)-sizes[i]) < 0.02*sizes[i] }) {
			stamps = append(stamps, lines[i])
		} else {
			text = append(text, lines[i])
		}
	}
	return text, stamps
}

// sizeOf is the size of the type of a line, points.
func sizeOf(l *Line) float64 {
	for i := range l.Glyphs {
		if g := &l.Glyphs[i]; !g.Space && g.Text != "" {
			return em(g)
		}
	}
	return 0
}

// stampLinesOf makes one line of the watermarks of each size, their glyphs as they stand in the page's content: letters that are set
// aslant stand on no common line.
func stampLinesOf(p *Page, stamps []Line) []Line {
	var out []Line
	for len(stamps) > 0 {
		size := sizeOf(&stamps[0])
		l := Line{Box: stamps[0].Box, Turn: stamps[0].Turn}
		var rest []Line
		for _, s := range stamps {
			if abs(sizeOf(&s)-size) < 0.02*size {
				l.Box = l.Box.Union(s.Box)
			} else {
				rest = append(rest, s)
			}
		}
		for _, g := range p.Glyphs {
			if abs(em(&g)-size) < 0.02*size && !g.Box.Intersect(l.Box).Empty() {
				l.Glyphs = append(l.Glyphs, g)
			}
		}
		if p.Recognized {
			spaced := l.Glyphs[:0:0]
			for k, g := range l.Glyphs {
				if k > 0 {
					spaced = append(spaced, Glyph{Text: " ", Space: true, Font: -1, Tag: -1})
				}
				spaced = append(spaced, g)
			}
			l.Glyphs = spaced
		}
		if l.hasText() {
			out = append(out, l)
		}
		stamps = rest
	}
	return out
}
