package layout

import (
	"cmp"
	"context"
	"slices"
	"unicode"
)

// Arrange mends the order of the blocks of a page, see Blocks and Order, where that is not how a reader goes: where it jumps between
// columns of text to and fro, and where most of the page is a table, whose blocks are columns. ranks holds the places in reading
// order of the returned blocks and, behind them, of others, boxes without text such as those of form fields; it is nil where Order
// serves. The blocks of a table are parted into its cells, as tables finds them. What is not seen comes last.
func Arrange(ctx context.Context, p *Page, blocks []Block, others []Box, tables TableModel) (parted []Block, ranks []int, err error) {
	const most = 5000 // lines: what has more is no page that a reader goes through
	lines := 0
	for _, b := range blocks {
		lines += len(b.Lines)
	}
	if lines < 2 || lines > most {
		return blocks, nil, ctx.Err()
	}
	a := arranger{page: p, blocks: blocks, others: others}
	a.read()
	a.cut(nil)
	mend := a.rtl || a.turn.turn != Right || a.jumps()
	if a.rows() {
		found, err := tables.Tables(ctx, p, a.shownLines())
		if err != nil {
			return nil, nil, err
		}
		if a.tabular(found) {
			a.part(found)
			a.read()
			a.cut(found)
			mend = true
		}
	}
	if !mend {
		return blocks, nil, nil
	}
	return a.blocks, a.ranks(), nil
}

// jumps tells whether the order of blocks goes back to columns of text that it has left.
func (a *arranger) jumps() bool {
	const (
		prose = 40 // characters of a block of running text
		most  = 1  // times; notes at the foot of a column may make one
	)
	extents := make([]Box, len(a.out)+1)
	column := make([]int, len(a.blocks)) // of its first line
	chars := make([]int, len(a.blocks))
	boxes := make([]Box, len(a.blocks))
	for k := len(a.out) - 1; k >= 0; k-- {
		for _, it := range a.out[k] {
			if it.kind == lineItem {
				column[a.owner[it.at]] = k + 1
				if extents[k+1].Empty() {
					extents[k+1] = it.box
				}
				extents[k+1] = extents[k+1].Union(it.box)
			}
		}
	}
	for i, l := range a.lines {
		if !a.unseen[i] {
			chars[a.owner[i]] += l.chars
		}
	}
	for i, b := range a.blocks {
		boxes[i] = b.Box
	}
	beside := func(i, j int) bool {
		x, y := extents[i], extents[j]
		return (x.X1 <= y.X0 || y.X1 <= x.X0) && min(x.Y1, y.Y1)-max(x.Y0, y.Y0) > 0.5*min(x.Height(), y.Height())
	}
	left := map[int]bool{}
	back, last := 0, 0
	for _, i := range Order(boxes) {
		if chars[i] < prose || column[i] == last {
			continue
		}
		if left[column[i]] && beside(column[i], last) {

			back++
		}
		left[last], last = true, column[i]
	}
	return back > most
}

// arranger is a page on its way from blocks to their order.
type arranger struct {
	page   *Page
	blocks []Block
	others []Box
	cells  []bool // of each block, whether it is one of a table

	lines  []textLine
	owner  []int // of each line, its block
	unseen []bool
	turn   pageTurn
	rtl    bool
	tables [][]int // blocks of each table, by row
	out    [][]item
}

// read looks at the lines of the blocks, in coordinates in which most of them read from left to right.
func (a *arranger) read() {
	a.lines, a.owner, a.unseen = a.lines[:0], a.owner[:0], a.unseen[:0]
	var turns [4]int
	for _, b := range a.blocks {
		turns[b.Turn&3] += len(b.Lines)
	}
	a.turn = pageTurn{Right, a.page.Width, a.page.Height}
	for _, t := range [...]Turn{Down, Left, Up} {
		if turns[t] > turns[a.turn.turn] {
			a.turn.turn = t
		}
	}
	math := mathFonts(a.page.Fonts)
	_, hidden := a.page.Shown()
	letters := 0
	for i, b := range a.blocks {
		for _, l := range b.Lines {
			t := readLine(a.page, l, math)
			t.Box, t.Turn = a.turn.box(l.Box), (l.Turn-a.turn.turn)&3
			a.lines = append(a.lines, t)
			a.owner = append(a.owner, i)
			a.unseen = append(a.unseen, len(hidden) > 0 && hiddenOf([]Line{l}) != 0)
			for _, r := range t.text {
				if isRTL(r) {
					letters++
				} else if unicode.IsLetter(r) {
					letters--
				}
			}
		}
	}
	a.rtl = letters > 0
}

// cut finds the columns. The blocks of a table are one item of them.
func (a *arranger) cut(tables []Table) {
	a.out = a.out[:0]
	for _, unseen := range [...]bool{false, true} {
		var items []item
		for i := range a.lines {
			if a.unseen[i] == unseen && !a.isCell(a.owner[i]) {
				items = append(items, item{box: a.lines[i].Box, em: a.lines[i].em, kind: lineItem, at: i})
			}
		}
		if !unseen {
			size := meanSize(items)
			for i, t := range tables {
				if len(a.tables[i]) > 0 {
					items = append(items, item{box: a.turn.box(t.Box), em: size, kind: tableItem, at: i})
				}
			}
			for i, b := range a.others {
				items = append(items, item{box: a.turn.box(b), em: size, kind: fieldItem, at: i})
			}
			for _, r := range a.page.Rules {
				if b := a.turn.box(r.Box); r.Box.Finite() && b.Width() > longRule && b.Height() < b.Width() &&
					!slices.ContainsFunc(tables, func(t Table) bool { return !a.turn.box(t.Box).Intersect(Box{b.X0, b.Y0 - 1, b.X1, b.Y1 + 1}).Empty() }) {
					items = append(items, item{box: b, em: size, kind: ruleItem})
				}
			}
		}
		if len(items) > 0 {
			c := columnCutter{rtl: a.rtl, lines: a.lines}
			c.cut(items, 0)
			a.out = append(a.out, c.out...)
		}
	}
}

func (a *arranger) isCell(block int) bool { return block < len(a.cells) && a.cells[block] }

// rows tells whether most lines are short and stand beside others, as the cells of a table do.
func (a *arranger) rows() bool {
	const few, short = 12, 32 // lines, characters
	order := make([]int, 0, len(a.lines))
	for i, l := range a.lines {
		if !a.unseen[i] && l.Turn == Right {
			order = append(order, i)
		}
	}
	middle := func(i int) float64 { return a.lines[i].Box.Y0 + a.lines[i].Box.Y1 }
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(middle(i), middle(j)), cmp.Compare(i, j)) })
	beside := 0
	for i := 0; i < len(order); {
		j, brief := i, 0
		for ; j < len(order) && middle(order[j])-middle(order[i]) < a.lines[order[i]].Box.Height(); j++ {
			if a.lines[order[j]].chars <= short {
				brief++
			}
		}
		if j-i > 1 && 3*brief >= 2*(j-i) {
			beside += j - i
		}
		i = j
	}
	return beside >= few && 2*beside > len(order)
}

// tabular tells whether tables hold most of the text of a page.
func (a *arranger) tabular(tables []Table) bool {
	inside, all := 0, 0
	for _, b := range a.blocks {
		for _, l := range b.Lines {
			n := len(l.Glyphs)
			all += n
			if holdsLine(tables, l) {
				inside += n
			}
		}
	}
	return 2*inside > all
}

func holdsLine(tables []Table, l Line) bool {
	return slices.ContainsFunc(tables, func(t Table) bool {
		shared := t.Box.Intersect(l.Box)
		return !shared.Empty() && shared.Area() > 0.6*l.Box.Area()
	})
}

func (a *arranger) shownLines() []Line {
	var out []Line
	k := 0
	for _, b := range a.blocks {
		for _, l := range b.Lines {
			if !a.unseen[k] {
				out = append(out, l)
			}
			k++
		}
	}
	return out
}

// part takes the blocks apart that tables hold.
func (a *arranger) part(tables []Table) {
	var blocks []Block
	var cells []bool
	add := func(lines []Line, cell bool) {
		if len(lines) == 0 {
			return
		}
		b := Block{Box: lines[0].Box, Turn: lines[0].Turn, Lines: lines}
		for _, l := range lines {
			b.Box = b.Box.Union(l.Box)
		}
		blocks, cells = append(blocks, b), append(cells, cell)
	}
	k := 0
	for _, b := range a.blocks {
		var rest []Line
		for _, l := range b.Lines {
			if a.unseen[k] || !holdsLine(tables, l) {
				rest = append(rest, l)
			}
			k++
		}
		add(rest, false)
	}
	a.tables = make([][]int, len(tables))
	for i, t := range tables {
		for _, c := range t.Cells {
			from := len(blocks)
			add(c.Lines, true)
			for ; from < len(blocks); from++ {
				a.tables[i] = append(a.tables[i], from)
			}
		}
	}
	a.blocks, a.cells = blocks, cells
}

// ranks numbers blocks by their first line, and others.
func (a *arranger) ranks() []int {
	out := make([]int, len(a.blocks)+len(a.others))
	n := 0
	listed := make([]bool, len(a.blocks))
	add := func(block int) {
		if !listed[block] {
			listed[block] = true
			out[block] = n
			n++
		}
	}
	for _, column := range a.out {
		for _, it := range column {
			switch it.kind {
			case lineItem:
				add(a.owner[it.at])
			case tableItem:
				for _, block := range a.tables[it.at] {
					add(block)
				}
			case fieldItem:
				out[len(a.blocks)+it.at] = n
				n++
			}
		}
	}
	for i := range a.blocks {
		add(i)
	}
	return out
}
