package layout

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// flow is a page on its way from lines to regions.
type flow struct {
	page      *Page
	lines     []textLine
	items     []item
	tables    []Table
	structure *structure // what trusted tags say, nil without
	figures   []figure
	frames    []framed
	rtl       bool    // most text reads from right to left
	body      float64 // size of most text, points
	regions   []Region
	texts     [][]*textLine // of each region
	tops      []int         // of each region, the column that it stands in
}

// textLine is a line with what its type tells.
type textLine struct {
	Line
	text   string
	em     float64 // size of most of its glyphs, points
	y0, y1 float64 // of a box of that size on its baseline
	chars  int
	style  style
	label  label
	tag    int  // index into Page.Tags of the paragraph, heading or other block that holds it, -1 none
	torn   bool // made of pieces that stand far apart
}

// style is the look of text, as shares of its characters.
type style struct {
	bold, italic, mono, math float64
}

func (s style) isBold() bool { return s.bold > 0.7 }

// last is the last character of a line's text.
func (l *textLine) last() rune {
	r, _ := utf8.DecodeLastRuneInString(l.text)
	return r
}

// numeric tells whether a line holds a number and little else: an amount, a date, a page.
func (l *textLine) numeric() bool {
	digits, letters := 0, 0
	for _, r := range l.text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	return digits > 0 && letters <= 3 && letters <= digits
}

// longRule is the length from which a horizontal rule parts what stands above it from what stands below, points.
const longRule = 120

// newFlow gathers what columns are made of: lines that no table and no figure holds, tables, figures and long rules.
func newFlow(p *Page, lines []Line, tables []Table) *flow {
	f := &flow{page: p, tables: tables, structure: readStructure(p)}
	sizes := map[int]int{}
	f.lines = make([]textLine, 0, len(lines))
	fonts := mathFonts(p.Fonts)
	inTable := func(b Box) bool {
		for i := range tables {
			if shared := tables[i].Box.Intersect(b); !shared.Empty() && shared.Area() > 0.6*b.Area() {
				return true
			}
		}
		return false
	}
	rtl := 0
	for _, l := range lines {
		if inTable(l.Box) {
			continue
		}
		t := readLine(p, l, fonts)
		f.tagLine(&t)
		f.lines = append(f.lines, t)
		sizes[int(math.Round(t.em*4))] += t.chars
		for _, r := range t.text {
			if isRTL(r) {
				rtl++
			} else if unicode.IsLetter(r) {
				rtl--
			}
		}
	}
	f.rtl = rtl > 0
	f.trustTags()
	most := 0
	for size, n := range sizes {
		if n > most || n == most && float64(size)/4 < f.body {
			most, f.body = n, float64(size)/4
		}
	}
	if f.body == 0 {
		f.body = 10
	}
	taken := f.findFigures()
	f.items = make([]item, 0, len(f.lines)+len(tables)+len(f.figures))
	for i := range f.lines {
		if !taken[i] {
			l := &f.lines[i]
			f.items = append(f.items, item{box: l.Box, em: l.em, kind: lineItem, at: i})
		}
	}
	for i := range tables {
		f.items = append(f.items, item{box: tables[i].Box, em: f.body, kind: tableItem, at: i})
	}
	for i := range f.figures {
		f.items = append(f.items, item{box: f.figures[i].box, em: f.body, kind: figureItem, at: i})
	}
	for i, field := range p.Fields {
		if field.shown() && field.Box.Finite() && !inTable(field.Box) {
			f.items = append(f.items, item{box: field.Box, em: f.body, kind: fieldItem, at: i})
		}
	}
	for _, r := range p.Rules {
		if r.Horizontal() && r.Box.Width() > longRule && r.Box.Finite() && !inTable(Box{r.Box.X0, r.Box.Y0 - 1, r.Box.X1, r.Box.Y1 + 1}) {
			f.items = append(f.items, item{box: r.Box, em: f.body, kind: ruleItem})
		}
	}
	f.frame()
	return f
}

// mathFonts tells by name which fonts hold signs of mathematics.
func mathFonts(fonts []Font) []bool {
	out := make([]bool, len(fonts))
	for i, f := range fonts {
		name := strings.ToUpper(f.Name)
		for _, part := range [...]string{"CMMI", "CMSY", "CMEX", "MSBM", "MSAM", "EUFM", "MATH", "RSFS", "MTSY", "MTMI"} {
			if strings.Contains(name, part) {
				out[i] = true
			}
		}
	}
	return out
}

// readLine reads the text and the type of a line.
func readLine(p *Page, l Line, math []bool) textLine {
	t := textLine{Line: l, tag: -1}
	var b strings.Builder
	b.Grow(len(l.Glyphs) + 1)
	type sized struct {
		size float64
		n    int
		y1   float64
	}
	var sizes []sized
	bold, italic, mono, signs := 0, 0, 0, 0
	for i := range l.Glyphs {
		g := &l.Glyphs[i]
		b.WriteString(g.Text)
		if g.Space {
			continue
		}
		n := utf8.RuneCountInString(g.Text)
		t.chars += n
		if g.Font >= 0 && g.Font < len(p.Fonts) {
			font := &p.Fonts[g.Font]
			if font.Bold() {
				bold += n
			}
			if font.Italic {
				italic += n
			}
			if font.Mono {
				mono += n
			}
			if math[g.Font] {
				signs += n
			}
		}
		size, box := em(g), g.Box.turned(l.Turn)
		k := slices.IndexFunc(sizes, func(s sized) bool { return abs(s.size-size) < 0.3 && abs(s.y1-box.Y1) < 0.15*size })
		if k < 0 {
			sizes = append(sizes, sized{size, 0, box.Y1})
			k = len(sizes) - 1
		}
		sizes[k].n += max(n, 1)
	}
	t.text = strings.TrimSpace(b.String())
	best := sized{size: l.Box.turned(l.Turn).Height(), y1: l.Box.turned(l.Turn).Y1}
	for _, s := range sizes {
		if s.n > best.n || s.n == best.n && s.size > best.size {
			best = s
		}
	}
	t.em, t.y1, t.y0 = best.size, best.y1, best.y1-best.size
	if t.chars > 0 {
		n := float64(t.chars)
		t.style = style{float64(bold) / n, float64(italic) / n, float64(mono) / n, float64(signs) / n}
	}
	t.label = parseLabel(t.text + " ")
	return t
}
