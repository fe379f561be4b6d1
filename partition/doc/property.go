package doc

import (
	"cmp"
	"slices"

	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/word"
)

// Properties, by the numbers of their modifiers (MS-DOC 2.6).
const (
	charDeleted  = 0x0800
	charBold     = 0x0835
	charItalic   = 0x0836
	charSymbol   = 0x6a09
	parInTable   = 0x2416
	parRowEnd    = 0x2417
	parInnerCell = 0x244b
	parInnerRow  = 0x244c
	parLevel     = 0x260a
	parList      = 0x460b
	parStyle     = 0x4600
	parHuge      = 0x6646
	parDepth     = 0x6649
	rowCells     = 0xd608
	sectionTitle = 0x300a
)

// eachProperty calls fn for the modifiers of a list, with their operands.
func eachProperty(b data, fn func(op int, arg data)) {
	for len(b) > 2 {
		op, at := b.u16(0), 2
		var n int
		switch op >> 13 {
		case 0, 1:
			n = 1
		case 2, 4, 5:
			n = 2
		case 3:
			n = 4
		case 7:
			n = 3
		default:
			switch {
			case op == rowCells:
				at, n = 4, b.u16(2)-1
			case op == 0xc615 && b[2] == 255: // tabs, more of them than a byte counts
				gone := b.cut(3, 1)
				if gone == nil {
					return
				}
				added := b.cut(4+4*int(gone[0]), 1)
				if added == nil {
					return
				}
				at, n = 3, 2+4*int(gone[0])+3*int(added[0])
			default:
				at, n = 3, int(b[2])
			}
		}
		if n < 0 || at+n > len(b) {
			return
		}
		fn(op, b[at:at+n])
		b = b[at+n:]
	}
}

// run is what holds for the bytes of the main stream from start to end.
type run struct {
	start, end int
	style      int
	list       data
}

type runs []run

// find gives the run in which a byte stands, nil when there is none.
func (r runs) find(at int) *run {
	i, ok := slices.BinarySearchFunc(r, at, func(a run, at int) int { return cmp.Compare(a.start, at) })
	if !ok {
		i--
	}
	if i < 0 || at >= r[i].end {
		return nil
	}
	return &r[i]
}

// readRuns reads the pages on which properties stand, 512 bytes each.
func (r *reader) readRuns(plc data, paragraphs bool) (runs, error) {
	const page = 512
	n := (len(plc) - 4) / 8
	var out runs
	if n > len(r.main)/page+1 { // more pages than the file has: the same again
		return nil, ole.Damaged()
	}
	for i := range n {
		if err := r.budget.Tick(r.ctx); err != nil {
			return nil, err
		}
		p := r.main.cut((plc.u32(4*(n+1)+4*i)&0x3fffff)*page, page)
		if len(p) < page {
			return nil, ole.Damaged()
		}
		count := int(p[page-1])
		for k := range count {
			one := run{start: p.u32(4 * k), end: p.u32(4*k + 4)}
			if 4*k+8 > page || one.end < one.start {
				break
			}
			width := 1
			if paragraphs {
				width = 13
			}
			where := p.cut(4*(count+1)+width*k, 1)
			if where == nil {
				break
			}
			if at := 2 * int(where[0]); at > 0 && at < page {
				one.list = p.cut(at+1, int(p[at]))
				if paragraphs {
					n := 2*int(p[at]) - 1
					if at++; p[at-1] == 0 && at < page {
						n = 2 * int(p[at])
						at++
					}
					list := p.cut(at, n)
					one.style, one.list = list.u16(0), list.cut(2, len(list))
				}
			}
			out = append(out, one)
		}
	}
	if !slices.IsSortedFunc(out, func(a, b run) int { return cmp.Compare(a.start, b.start) }) {
		slices.SortStableFunc(out, func(a, b run) int { return cmp.Compare(a.start, b.start) })
	}
	return out, nil
}

// look is how characters are shown.
type look struct {
	deleted, bold, italic bool
	symbol                rune // the character of a symbol font
	font                  int
}

func lookOf(r *run) (l look) {
	if r == nil {
		return l
	}
	eachProperty(r.list, func(op int, arg data) {
		switch op {
		case charDeleted:
			l.deleted = arg[0] == 1
		case charBold:
			l.bold = arg[0] == 1 || arg[0] == 0x81
		case charItalic:
			l.italic = arg[0] == 1 || arg[0] == 0x81
		case charSymbol:
			l.font, l.symbol = arg.u16(0), rune(arg.u16(2))
		}
	})
	return l
}

// shape is what holds for a paragraph.
type shape struct {
	style   int
	listed  bool
	list    int
	level   int // of the list, -1 for none
	depth   int // of tables around it
	cellEnd bool
	rowEnd  bool
	cells   data // of the row that ends here
}

// shapeOf reads the properties of the paragraph whose mark is c.
func (r *reader) shapeOf(of *run, c rune) shape {
	s := shape{level: -1}
	if of == nil {
		return s
	}
	s.style = of.style
	inTable, depth, innerCell := false, 0, false
	var apply func(list data, huge bool)
	apply = func(list data, huge bool) {
		eachProperty(list, func(op int, arg data) {
			switch op {
			case parStyle:
				s.style = arg.u16(0)
			case parInTable:
				inTable = arg[0] != 0
			case parRowEnd, parInnerRow:
				s.rowEnd = s.rowEnd || arg[0] != 0
			case parInnerCell:
				innerCell = arg[0] != 0
			case parDepth:
				depth = arg.u32(0)
			case parLevel:
				s.level = int(arg[0])
			case parList:
				n := arg.u16(0)
				s.listed, s.list = n > 0 && n < 0x7ff, n
			case rowCells:
				s.cells = arg
			case parHuge: // the list stands elsewhere
				if at := arg.u32(0); !huge {
					apply(r.extra.cut(at+2, r.extra.u16(at)), true)
				}
			}
		})
	}
	apply(of.list, false)
	if !s.listed {
		s.level = -1
	}
	if inTable {
		s.depth = max(depth, 1)
	}
	s.rowEnd = s.rowEnd && s.depth > 0
	s.cellEnd = s.depth == 1 && c == '\a' || s.depth > 1 && (innerCell || c == '\a')
	return s
}

// builtin are the names of styles that are known by number, whatever the language of the program (MS-DOC 2.9.260 and the
// list of built-in styles).
var builtin = map[int]string{
	0: "Normal", 1: "Heading 1", 2: "Heading 2", 3: "Heading 3", 4: "Heading 4", 5: "Heading 5", 6: "Heading 6", 7: "Heading 7",
	8: "Heading 8", 9: "Heading 9", 31: "Header", 32: "Footer", 34: "Caption", 45: "Macro Text", 47: "List", 48: "List Bullet",
	49: "List Number", 50: "List 2", 51: "List 3", 52: "List 4", 53: "List 5", 54: "List Bullet 2", 55: "List Bullet 3",
	56: "List Bullet 4", 57: "List Bullet 5", 58: "List Number 2", 59: "List Number 3", 60: "List Number 4", 61: "List Number 5",
	62: "Title", 68: "List Continue", 69: "List Continue 2", 70: "List Continue 3", 71: "List Continue 4", 72: "List Continue 5",
	74: "Subtitle",
}

// namedStyle is what is known of a style.
type namedStyle struct {
	name string
	base int // the style that it builds on
	list int // the list that its paragraphs belong to, 0 when it does not say
}

const none = 0xfff // no style

// listOf is the list that a style puts paragraphs into, 0 for none.
func (r *reader) listOf(style int) int {
	for range 10 { // styles that build on each other in a circle end
		if style >= len(r.styles) {
			return 0
		}
		if n := r.styles[style].list; n > 0 {
			return n
		}
		style = r.styles[style].base
	}
	return 0
}

// readStyles reads the names and lists of the styles.
func (r *reader) readStyles() {
	b := r.tablePart(fcStyles)
	head := b.cut(2, b.u16(0))
	count, base := head.u16(0), head.u16(2)
	b = b.cut(2+len(head), len(b))
	for range min(count, 0xffe) {
		n := b.u16(0)
		style := b.cut(2, n)
		s := namedStyle{base: none}
		if len(style) > base {
			number := style.u16(0) & 0xfff
			known, ok := builtin[number]
			if s.name = known; !ok {
				s.name = word.StyleName(utf16Text(style.cut(base+2, 2*style.u16(base))))
			}
			const ofParagraphs = 1
			if kind := style.u16(2); kind&15 == ofParagraphs {
				s.base = kind >> 4
				at := (base + 2 + 2*style.u16(base) + 3) &^ 1
				eachProperty(style.cut(at+4, style.u16(at)-2), func(op int, arg data) {
					if op == parList {
						s.list = arg.u16(0)
					}
				})
			}
		}
		r.styles = append(r.styles, s)
		b = b.cut(2+n, len(b))
	}
}

// style is the name of a style.
func (r *reader) style(n int) string {
	if n < len(r.styles) && r.styles[n].name != "" {
		return r.styles[n].name
	}
	return "Normal"
}

// readFonts reads the names of the fonts, which tell those of symbols.
func (r *reader) readFonts() {
	b := r.tablePart(fcFonts)
	count := b.u16(0)
	b = b.cut(4, len(b))
	for range count {
		if len(b) == 0 {
			return
		}
		font := b.cut(1, int(b[0]))
		name := font.cut(39, len(font))
		end := 0
		for end+2 <= len(name) && name.u16(end) != 0 {
			end += 2
		}
		r.fonts = append(r.fonts, utf16Text(name.cut(0, end)))
		b = b.cut(1+len(font), len(b))
	}
}

func (r *reader) font(n int) string {
	if n < len(r.fonts) {
		return r.fonts[n]
	}
	return ""
}
