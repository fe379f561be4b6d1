package layout

import (
	"context"
	"slices"
)

// Engine cuts pages into regions by rules of geometry and type: no model is trained or loaded. Its steps, in order:
//
//	glyphs  -> words and lines   compose.go, also superscripts, drop caps, letter-spacing, both directions of writing
//	tables                       by TableModel; their lines leave the flow
//	figures                      figure.go: pictures with the text that is drawn on them
//	lines   -> columns in order  column.go: recursive cuts along gutters, lines that span them between
//	columns -> regions           paragraph.go: by spacing, indents, type and list labels
//	kinds                        kind.go: lists, captions, footnotes, formulas, code, furniture
//	tags                         tag.go: what a tagged document says, where it agrees with the page
//
// What only the whole document can tell (which sizes are headings, what is repeated on its pages) is decided by
// Outlines. The zero value is ready and finds no tables.
type Engine struct {
	Tables TableModel // nil finds no tables
}

var _ Model = Engine{}

// Regions implements Model. Text that cannot be seen comes as regions of its own with Hidden set, after all others.
func (e Engine) Regions(ctx context.Context, p *Page) ([]Region, error) {
	shown, hidden := p.Shown()
	shown, main := mainTurn(shown)
	f := pageTurn{main, p.Width, p.Height}
	page := f.page(p)
	page.Glyphs = f.glyphs(shown)
	regions, err := e.upright(ctx, page)
	if err != nil {
		return nil, err
	}
	if len(hidden) > 0 {
		page := f.page(p)
		page.Glyphs, page.Pictures, page.Fields = f.glyphs(hidden), nil, nil
		unseen, err := Engine{}.upright(ctx, page)
		if err != nil {
			return nil, err
		}
		for i := range unseen {
			unseen[i].Hidden = hiddenOf(unseen[i].Lines)
		}
		regions = append(regions, unseen...)
	}
	f.restore(regions)
	return regions, nil
}

// upright finds the regions of a page most of whose text reads from left to right.
func (e Engine) upright(ctx context.Context, p *Page) ([]Region, error) {
	lines, stamps := stamped(composeAll(p))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var tables []Table
	if e.Tables != nil && len(lines) > 0 {
		found, err := e.Tables.Tables(ctx, p, lines)
		if err != nil {
			return nil, err
		}
		tables = found
	}
	flow := newFlow(p, lines, tables)
	for _, column := range flow.columns() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		flow.paragraphs(column)
	}
	flow.kinds()
	flow.applyTags()
	flow.joinColumns()
	for _, l := range stampLinesOf(p, stamps) {
		flow.regions = append(flow.regions, Region{Kind: Paragraph, Box: l.Box, Turn: l.Turn, Lines: []Line{l}, Object: -1, Size: sizeOf(&l), stamp: true})
	}
	return flow.regions, nil
}

// Shown parts the glyphs that a reader of the page sees from the others. Invisible text that is the only text of a page is what
// an OCR program laid over its picture: that is the page's text, and counts as shown.
func (p *Page) Shown() (shown, hidden []Glyph) {
	for i := range p.Glyphs {
		if p.Glyphs[i].Hidden != 0 {
			shown = make([]Glyph, 0, len(p.Glyphs))
			break
		}
	}
	if shown == nil {
		return p.Glyphs, nil
	}
	for _, g := range p.Glyphs {
		if g.Hidden == 0 {
			shown = append(shown, g)
		} else {
			hidden = append(hidden, g)
		}
	}
	const few = 10 // times less visible text than text laid over a picture
	if len(shown)*few < len(hidden) && len(p.Pictures) > 0 {
		layer := hidden[:0:0]
		var rest []Glyph
		for _, g := range hidden {
			if g.Hidden&^(Invisible|Covered) == 0 {
				layer = append(layer, g)
			} else {
				rest = append(rest, g)
			}
		}
		return append(shown, layer...), rest
	}
	return shown, hidden
}

func (p *Page) room(n int) []Glyph {
	r := Room(n)
	p.rooms = append(p.rooms, r)
	return r
}

// Lines cuts a page into lines for Blocks: as the function Lines does where text reads from left to right across the page. Other
// text the reference does not read in order; for it the lines are those of Engine.
func (p *Page) Lines() []Line {
	const share = 4 // the least of the letters that run from right to left, one in as many
	rtl, all := 0, 0
	for i := range p.Glyphs {
		if r := firstRune(p.Glyphs[i].Text); r >= 0x590 && isRTL(r) {
			rtl++
			all++
		} else if r >= 'A' {
			all++
		}
	}
	glyphs, _ := mainTurn(p.Glyphs)
	if share*rtl < all || rtl == 0 {
		return lines(glyphs, p.room)
	}
	q := *p
	q.Glyphs = glyphs
	return composeAll(&q)
}

func hiddenOf(lines []Line) Hidden {
	var h Hidden
	for _, l := range lines {
		for _, g := range l.Glyphs {
			h |= g.Hidden
		}
	}
	return h
}

// mainTurn is the direction of most text. Chinese and Japanese that is set upright in columns from right to left counts as
// running down, which it then is in all further steps.
func mainTurn(glyphs []Glyph) ([]Glyph, Turn) {
	var n [4]int
	down, across := 0, 0
	for i := range glyphs {
		g := &glyphs[i]
		n[g.Turn&3]++
		if i == 0 || g.Turn != Right || glyphs[i-1].Turn != Right {
			continue
		}
		before := &glyphs[i-1]
		if !isWide(before.Text) || !isWide(g.Text) {
			continue
		}
		em := max(g.Box.Height(), g.Box.Width())
		dx, dy := g.Box.X0+g.Box.X1-before.Box.X0-before.Box.X1, g.Box.Y0+g.Box.Y1-before.Box.Y0-before.Box.Y1
		switch {
		case abs(dx) < 0.5*em && dy > em && dy < 4*em:
			down++
		case abs(dy) < 0.5*em && dx > 0:
			across++
		}
	}
	if down > 8 && down > 4*across && 2*n[Right] > len(glyphs) {
		glyphs = slices.Clone(glyphs)
		for i := range glyphs {
			if glyphs[i].Turn == Right {
				glyphs[i].Turn = Down
			}
		}
		return glyphs, Down
	}
	best := Right
	for _, t := range [...]Turn{Down, Left, Up} {
		if n[t] > n[best] {
			best = t
		}
	}
	return glyphs, best
}

// pageTurn turns a whole page so that text of one direction reads from left to right, and back.
type pageTurn struct {
	turn          Turn
	width, height float64 // of the page as it is shown
}

func (f pageTurn) box(b Box) Box {
	b = b.turned(f.turn)
	switch f.turn {
	case Down:
		return Box{b.X0, b.Y0 + f.width, b.X1, b.Y1 + f.width}
	case Left:
		return Box{b.X0 + f.width, b.Y0 + f.height, b.X1 + f.width, b.Y1 + f.height}
	case Up:
		return Box{b.X0 + f.height, b.Y0, b.X1 + f.height, b.Y1}
	default:
		return b
	}
}

func (f pageTurn) back(b Box) Box {
	switch f.turn {
	case Down:
		b.Y0, b.Y1 = b.Y0-f.width, b.Y1-f.width
	case Left:
		b = Box{b.X0 - f.width, b.Y0 - f.height, b.X1 - f.width, b.Y1 - f.height}
	case Up:
		b.X0, b.X1 = b.X0-f.height, b.X1-f.height
	}
	return b.back(f.turn)
}

// page is a copy of a page without its glyphs, turned.
func (f pageTurn) page(p *Page) *Page {
	q := *p
	q.Glyphs = nil
	if f.turn == Right {
		return &q
	}
	if f.turn != Left {
		q.Width, q.Height = p.Height, p.Width
	}
	q.Rules, q.Fills, q.Pictures = slices.Clone(p.Rules), slices.Clone(p.Fills), slices.Clone(p.Pictures)
	q.Links, q.Fields = slices.Clone(p.Links), slices.Clone(p.Fields)
	for i := range q.Rules {
		q.Rules[i].Box = f.box(q.Rules[i].Box)
	}
	for i := range q.Fills {
		q.Fills[i].Box = f.box(q.Fills[i].Box)
	}
	for i := range q.Pictures {
		q.Pictures[i].Box = f.box(q.Pictures[i].Box)
	}
	for i := range q.Links {
		q.Links[i].Box = f.box(q.Links[i].Box)
	}
	for i := range q.Fields {
		q.Fields[i].Box = f.box(q.Fields[i].Box)
	}
	return &q
}

func (f pageTurn) glyphs(glyphs []Glyph) []Glyph {
	if f.turn == Right {
		return glyphs
	}
	out := slices.Clone(glyphs)
	for i := range out {
		out[i].Box = f.box(out[i].Box)
		out[i].Turn = (out[i].Turn - f.turn) & 3
	}
	return out
}

// restore brings regions to the coordinates of the page as it is shown.
func (f pageTurn) restore(regions []Region) {
	if f.turn == Right {
		return
	}
	lines := func(lines []Line) {
		for i := range lines {
			l := &lines[i]
			l.Box, l.Turn = f.back(l.Box), (l.Turn+f.turn)&3
			for k := range l.Glyphs {
				g := &l.Glyphs[k]
				if !g.Space {
					g.Box = f.back(g.Box)
				}
				g.Turn = (g.Turn + f.turn) & 3
			}
		}
	}
	for i := range regions {
		r := &regions[i]
		r.Box, r.Turn = f.back(r.Box), (r.Turn+f.turn)&3
		lines(r.Lines)
		if r.Table != nil {
			r.Table.Box = f.back(r.Table.Box)
			for k := range r.Table.Cells {
				c := &r.Table.Cells[k]
				c.Box = f.back(c.Box)
				lines(c.Lines)
			}
		}
	}
}
