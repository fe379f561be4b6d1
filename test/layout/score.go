package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/element"
)

// score is how well one document was read. A part that a document does not have is absent (its weight 0).
type score struct {
	order     float64 // similarity of the whole text in reading order
	blocks    float64 // F1 of the blocks whose text is one element's
	kinds     share   // blocks whose element has the right type
	headings  float64 // similarity of the heading trees
	furniture share   // headers, footers and page numbers that are named so
	cells     map[rules]*hits
	trees     map[rules]*share // sum of table similarities over tables
	extra     int              // tables where there are none
}

type share struct{ got, of float64 }

func (s *share) add(t share) { s.got += t.got; s.of += t.of }

// hits are the cells that are right in text, row and column, and the cells on both sides.
type hits struct{ right, truth, given int }

func (h *hits) add(o hits) { h.right += o.right; h.truth += o.truth; h.given += o.given }

func (h *hits) f1() float64 {
	if h.truth+h.given == 0 {
		return 1
	}
	return 2 * float64(h.right) / float64(h.truth+h.given)
}

// assess compares what was read with the truth.
func assess(d *truth, p prediction) score {
	s := score{cells: map[rules]*hits{}, trees: map[rules]*share{}}
	s.order = d.order(p)
	s.furniture = share{float64(p.flagged), float64(p.furniture)}
	s.blockScores(d, p)
	s.headings = headingScore(d, p)
	s.tableScores(d, p)
	return s
}

// order is the similarity of the texts, for the best place of the side bars.
func (d *truth) order(p prediction) float64 {
	var given strings.Builder
	for _, b := range p.blocks {
		given.WriteString(stripNumber(b.kind == element.ListItem, b.text) + " ")
	}
	got := []rune(given.String())
	best := 0.0
	for _, order := range d.orders() {
		var truth strings.Builder
		for _, b := range order {
			if t := b.printed(); t != "" {
				truth.WriteString(t + " ")
			}
		}
		best = max(best, similarity([]rune(truth.String()), got))
	}
	return best
}

// orders are the orders in which a document may be read: its side bars stand whole between any two blocks of the text.
func (d *truth) orders() [][]block {
	var body, side []block
	for _, b := range d.Blocks {
		switch {
		case b.Kind == footnote, b.Kind == figure:
		case b.Aside > 0:
			side = append(side, b)
		default:
			body = append(body, b)
		}
	}
	if len(side) == 0 {
		return [][]block{body}
	}
	// A page is read whole before the next: the side bar then comes somewhere in the text.
	var out [][]block
	for at := 0; at <= len(body); at++ {
		out = append(out, slices.Concat(body[:at], side, body[at:]))
	}
	return out
}

// printed is the text of a block as it is compared.
func (b block) printed() string {
	switch b.Kind {
	case tableKind:
		return parseGrid(b.Table.html()).text()
	case listItem:
		return stripNumber(true, plain(b.text()))
	default:
		return plain(b.text())
	}
}

// stripNumber takes the number off a list item: whether it belongs to the text is a matter of taste.
func stripNumber(item bool, s string) string {
	if !item {
		return s
	}
	head, rest, ok := strings.Cut(s, " ")
	if ok && len(head) <= 5 && strings.ContainsAny(head[len(head)-1:], ".)]") {
		return rest
	}
	return s
}

// rightKinds are the types that an element of a block may have.
var rightKinds = map[kind][]element.Type{
	heading:   {element.Title},
	paragraph: {element.NarrativeText, element.UncategorizedText, element.Address, element.EmailAddress},
	listItem:  {element.ListItem},
	caption:   {element.FigureCaption},
	code:      {element.CodeSnippet},
	formula:   {element.Formula},
}

// blockScores pairs each block with the element that is most like it.
func (s *score) blockScores(d *truth, p prediction) {
	type pair struct {
		truth, given int
		like         float64
	}
	given := make([][]rune, len(p.blocks))
	elements := 0
	for j, b := range p.blocks {
		if b.kind != element.Table {
			given[j] = []rune(stripNumber(b.kind == element.ListItem, b.text))
			elements++
		}
	}
	var pairs []pair
	blocks := 0
	for i, b := range d.Blocks {
		if _, ok := rightKinds[b.Kind]; !ok {
			continue
		}
		blocks++
		truth := []rune(b.printed())
		for j, g := range given {
			if n, m := len(truth), len(g); m == 0 || 2*float64(min(n, m)) < 0.9*float64(n+m) {
				continue
			}
			if like := similarity(truth, g); like >= 0.9 {
				pairs = append(pairs, pair{i, j, like})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.like, a.like) })
	left, right := map[int]bool{}, map[int]bool{}
	found := 0
	for _, q := range pairs {
		if left[q.truth] || right[q.given] {
			continue
		}
		left[q.truth], right[q.given] = true, true
		found++
		s.kinds.of++
		if slices.Contains(rightKinds[d.Blocks[q.truth].Kind], p.blocks[q.given].kind) {
			s.kinds.got++
		}
	}
	fields := 0
	for _, b := range d.Blocks {
		if b.Kind == field {
			fields++
		}
	}
	if all := blocks + max(elements-fields, found); all > 0 {
		s.blocks = 2 * float64(found) / float64(all)
	}
}

// section is a node of a heading tree: a heading, or the text between two headings.
type section struct {
	heading bool
	text    []rune
}

// outline builds a heading tree from levels, headings and texts in order; a level below 0 is text.
func outline(levels []int, texts []string) tree[section] {
	type open struct {
		level, first int
		text         string
	}
	var t tree[section]
	stack := []open{{level: -1}}
	var body []string
	leaf := func() {
		if len(body) > 0 {
			t.node(section{false, []rune(strings.Join(body, " "))}, len(t.nodes))
			body = nil
		}
	}
	closeTo := func(level int) {
		for len(stack) > 1 && stack[len(stack)-1].level >= level {
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			t.node(section{true, []rune(top.text)}, top.first)
		}
	}
	for i, level := range levels {
		if level < 0 {
			body = append(body, texts[i])
			continue
		}
		leaf()
		closeTo(level)
		stack = append(stack, open{level, len(t.nodes), texts[i]})
	}
	leaf()
	closeTo(-1)
	t.node(section{heading: true}, 0)
	return t
}

func headingScore(d *truth, p prediction) float64 {
	var levels []int
	var texts []string
	for _, b := range p.blocks {
		level := -1
		if b.kind == element.Title {
			level = b.depth
		}
		levels, texts = append(levels, level), append(texts, stripNumber(b.kind == element.ListItem, b.text))
	}
	given := outline(levels, texts)
	best := 0.0
	for _, order := range d.orders() {
		levels, texts = nil, nil
		for _, b := range order {
			level := -1
			if b.Kind == heading {
				level = b.Level
			}
			levels, texts = append(levels, level), append(texts, b.printed())
		}
		best = max(best, treeSimilarity(outline(levels, texts), given, func(x, y section) float64 {
			if x.heading != y.heading {
				return 1
			}
			return 1 - similarity(x.text, y.text)
		}))
	}
	return best
}

// tableScores pairs the tables by their text and compares each pair.
func (s *score) tableScores(d *truth, p prediction) {
	type side struct {
		rules rules
		grid  *grid
		text  []rune
	}
	var truth, given []side
	for _, b := range d.Blocks {
		if b.Kind == tableKind {
			g := parseGrid(b.Table.html())
			truth = append(truth, side{b.Table.Rules, g, []rune(g.text())})
		}
	}
	for _, b := range p.blocks {
		if b.table != nil {
			given = append(given, side{grid: b.table, text: []rune(b.table.text())})
		}
	}
	if len(truth) == 0 {
		s.extra = len(given)
		return
	}
	type pair struct {
		i, j int
		like float64
	}
	var pairs []pair
	for i := range truth {
		for j := range given {
			if like := similarity(truth[i].text, given[j].text); like > 0.2 {
				pairs = append(pairs, pair{i, j, like})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.like, a.like) })
	left, right := map[int]bool{}, map[int]bool{}
	count := func(r rules, h hits, t share) {
		if s.cells[r] == nil {
			s.cells[r], s.trees[r] = &hits{}, &share{}
		}
		s.cells[r].add(h)
		s.trees[r].add(t)
	}
	for _, q := range pairs {
		if left[q.i] || right[q.j] {
			continue
		}
		left[q.i], right[q.j] = true, true
		count(truth[q.i].rules, cellHits(truth[q.i].grid, given[q.j].grid), share{gridSimilarity(truth[q.i].grid, given[q.j].grid), 1})
	}
	for i := range truth {
		if !left[i] {
			count(truth[i].rules, hits{truth: len(truth[i].grid.places())}, share{0, 1})
		}
	}
	for j := range given {
		if !right[j] {
			s.extra++
			count(truth[min(j, len(truth)-1)].rules, hits{given: len(given[j].grid.places())}, share{})
		}
	}
}

// cellHits counts the cells with text that are right in text, row and column. A text that is given again in a place that its
// merged cell covers is no mistake.
func cellHits(truth, given *grid) hits {
	want := map[[2]int]string{}
	for _, p := range truth.places() {
		want[[2]int{p.row, p.column}] = p.text
	}
	covered := map[[2]int]string{}
	taken := map[[2]int]bool{}
	for r, row := range truth.rows {
		column := 0
		for _, c := range row {
			for taken[[2]int{r, column}] {
				column++
			}
			for dr := range c.rows {
				for dc := range c.columns {
					taken[[2]int{r + dr, column + dc}] = true
					if dr+dc > 0 {
						covered[[2]int{r + dr, column + dc}] = c.text
					}
				}
			}
			column += c.columns
		}
	}
	h := hits{truth: len(want)}
	for _, p := range given.places() {
		at := [2]int{p.row, p.column}
		if t, ok := covered[at]; ok && t == p.text {
			continue
		}
		h.given++
		if t, ok := want[at]; ok && sameText(t, p.text) {
			h.right++
		}
	}
	return h
}

// sameText compares without white space: where a line of a cell breaks, a script without spaces has none.
func sameText(a, b string) bool {
	return a == b || strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "")
}

// gridNode is a node of a table's tree: the table, a row, or a cell.
type gridNode struct {
	level int // 0 table, 1 row, 2 cell
	cell  gridCell
	runes []rune
}

// gridSimilarity is the tree edit distance similarity of two tables: rows of cells with spans and texts.
func gridSimilarity(a, b *grid) float64 {
	return treeSimilarity(a.tree(), b.tree(), func(x, y gridNode) float64 {
		switch {
		case x.level != y.level, x.cell.rows != y.cell.rows, x.cell.columns != y.cell.columns:
			return 1
		case x.cell.text == y.cell.text:
			return 0
		default:
			return 1 - similarity(x.runes, y.runes)
		}
	})
}

func (g *grid) tree() tree[gridNode] {
	var t tree[gridNode]
	for _, row := range g.rows {
		first := len(t.nodes)
		for _, c := range row {
			t.node(gridNode{level: 2, cell: c, runes: []rune(c.text)}, len(t.nodes))
		}
		t.node(gridNode{level: 1}, first)
	}
	t.node(gridNode{}, 0)
	return t
}
