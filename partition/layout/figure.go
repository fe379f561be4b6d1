package layout

// figure is a picture, or what several make up, with the lines that are drawn on it.
type figure struct {
	box    Box
	object int // index into Page.Pictures, of the largest
	lines  []int
}

// Measures of figures.
const (
	minFigureSide = 14.0 // points
	minFigureArea = 700.0
	wholePage     = 0.9 // share of the page from which a picture is its ground
	proseOnFigure = 400 // characters of lines that are sentences, which make the picture their ground
)

// findFigures makes figures of the page's pictures and tells which lines belong to them. Text on a raster stands for itself
// unless it is short; on a drawing it is lettering, unless there is a lot of it.
func (f *flow) findFigures() (taken []bool) {
	taken = make([]bool, len(f.lines))
	p := f.page
	whole := Box{0, 0, p.Width, p.Height}
	const most = 500 // pictures
	for i, pic := range p.Pictures[:min(len(p.Pictures), most)] {
		box := pic.Box.Intersect(whole)
		if !pic.Box.Finite() || box.Empty() || box.Width() < minFigureSide || box.Height() < minFigureSide || box.Area() < minFigureArea ||
			box.Area() > wholePage*whole.Area() || f.inTable(box) {
			continue
		}
		f.addFigure(figure{box: box, object: i})
	}
	kept := f.figures[:0]
	for _, fig := range f.figures {
		prose, chars := 0, 0
		for i := range f.lines {
			l := &f.lines[i]
			if shared := fig.box.Intersect(l.Box); shared.Empty() || shared.Area() < 0.7*l.Box.Area() || taken[i] {
				continue
			}
			fig.lines = append(fig.lines, i)
			chars += l.chars
			if l.chars > 35 {
				prose += l.chars
			}
		}
		drawing := p.Pictures[fig.object].Drawing
		switch {
		case drawing && prose > proseOnFigure:
			continue // a frame or a ground
		case !drawing && chars > 120:
			fig.lines = nil
		}
		for _, i := range fig.lines {
			taken[i] = true
		}
		if drawing {
			f.lettering(&fig, taken)
		}
		kept = append(kept, fig)
	}
	f.figures = kept
	return taken
}

// lettering adds the lettering around a drawing: numbers and small words close to it, as along the axes of a chart.
func (f *flow) lettering(fig *figure, taken []bool) {
	const (
		rounds, most = 3, 30 // characters
		reach        = 1.6   // em
		small        = 0.95  // of the body
		growth       = 1.8   // of the drawing's own area
	)
	limit := growth * fig.box.Area()
	for range rounds {
		grown := fig.box
		for i := range f.lines {
			l := &f.lines[i]
			if taken[i] || l.chars > most || l.em > 1.02*f.body || l.style.isBold() || !(l.numeric() || l.em < small*f.body || l.Turn != Right) {
				continue
			}
			if ok, _ := captionLabel(l.text); ok {
				continue
			}
			d := reach * l.em
			near := Box{fig.box.X0 - d, fig.box.Y0 - d, fig.box.X1 + d, fig.box.Y1 + d}
			if shared := near.Intersect(l.Box); shared.Empty() || shared.Area() < 0.5*l.Box.Area() {
				continue
			}
			if box := grown.Union(l.Box); box.Area() < limit {
				grown = box
				taken[i] = true
				fig.lines = append(fig.lines, i)
			}
		}
		if grown == fig.box {
			return
		}
		fig.box = grown
	}
}

// addFigure adds a picture, or unites it with a figure that it overlaps or goes on: many programs cut pictures into strips.
func (f *flow) addFigure(n figure) {
	for {
		joined := false
		for i, o := range f.figures {
			if !oneFigure(o.box, n.box) {
				continue
			}
			if o.box.Area() >= n.box.Area() {
				n.object = o.object
			}
			n.box = n.box.Union(o.box)
			f.figures = append(f.figures[:i], f.figures[i+1:]...)
			joined = true
			break
		}
		if !joined {
			f.figures = append(f.figures, n)
			return
		}
	}
}

func oneFigure(a, b Box) bool {
	if shared := a.Intersect(b); !shared.Empty() && shared.Area() > 0.5*min(a.Area(), b.Area()) {
		return true
	}
	const seam = 1.0 // points
	strip := func(a0, a1, b0, b1, c0, c1, d0, d1 float64) bool {
		return abs(a0-b0) < seam && abs(a1-b1) < seam && (abs(c1-d0) < seam || abs(d1-c0) < seam)
	}
	return strip(a.X0, a.X1, b.X0, b.X1, a.Y0, a.Y1, b.Y0, b.Y1) || strip(a.Y0, a.Y1, b.Y0, b.Y1, a.X0, a.X1, b.X0, b.X1)
}

func (f *flow) inTable(b Box) bool {
	for i := range f.tables {
		if shared := f.tables[i].Box.Intersect(b); !shared.Empty() && shared.Area() > 0.6*b.Area() {
			return true
		}
	}
	return false
}
