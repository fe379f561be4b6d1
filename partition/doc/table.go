package doc

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/word"
)

// block is a paragraph or a table.
type block struct {
	*paragraph
	table *table
}

type table struct{ rows []row }

type row struct {
	cells []cell
	edges []int // between the cells, from the left edge of the first: twips
	merge []merge
}

// merge is how a cell hangs together with others.
type merge struct {
	goesOn bool // with the one to its left
	below  bool // it is the lower part of the one above
}

// cell holds the words of its blocks.
type cell struct {
	words          []string
	contents, tags []string
}

// blocks gathers the paragraphs of tables, which nest.
func (r *reader) blocks(in []*paragraph) ([]block, error) {
	var out []block
	for len(in) > 0 {
		if in[0].shape.depth == 0 {
			out = append(out, block{paragraph: in[0]})
			in = in[1:]
			continue
		}
		t, rest, err := r.tableOf(in, 1)
		if err != nil {
			return nil, err
		}
		out = append(out, block{table: t})
		in = rest
	}
	return out, nil
}

// tableOf takes the table of a depth that in begins with.
func (r *reader) tableOf(in []*paragraph, depth int) (*table, []*paragraph, error) {
	if err := r.budget.Depth(depth); err != nil {
		return nil, nil, err
	}
	t := &table{}
	var line row
	var at cell
	open := false // a cell has begun
	for len(in) > 0 && in[0].shape.depth >= depth {
		p := in[0]
		if p.shape.depth > depth {
			inner, rest, err := r.tableOf(in, depth+1)
			if err != nil {
				return nil, nil, err
			}
			for _, w := range inner.rows {
				for i := range w.cells {
					at.words = append(at.words, w.cells[i].words...)
					at.contents, at.tags = append(at.contents, w.cells[i].contents...), append(at.tags, w.cells[i].tags...)
				}
			}
			in, open = rest, true
			continue
		}
		in = in[1:]
		if p.shape.rowEnd {
			line.define(p.shape.cells)
			t.rows = append(t.rows, line)
			line, at, open = row{}, cell{}, false
			continue
		}
		if s := strings.TrimSpace(p.text); s != "" {
			at.words = append(at.words, s)
		}
		at.contents, at.tags = append(at.contents, p.contents...), append(at.tags, p.tags...)
		open = true
		if p.shape.cellEnd {
			line.cells = append(line.cells, at)
			at, open = cell{}, false
		}
	}
	if open { // the marks of the end are missing
		line.cells = append(line.cells, at)
	}
	if len(line.cells) > 0 {
		line.define(nil)
		t.rows = append(t.rows, line)
	}
	return t, in, nil
}

// define reads where the cells of a row stand; without it they stand side by side.
func (w *row) define(d data) {
	n := 0
	if len(d) > 0 {
		n = int(d[0])
	}
	const cellSize = 20
	if n == len(w.cells) && len(d) >= 1+2*(n+1) {
		for i := range n + 1 {
			w.edges = append(w.edges, int(int16(d.u16(1+2*i))))
		}
	} else {
		for i := range len(w.cells) + 1 {
			w.edges = append(w.edges, i*1440)
		}
	}
	for i := range w.cells {
		var m merge
		if c := d.cut(1+2*(n+1)+cellSize*i, cellSize); len(c) >= 2 && n == len(w.cells) {
			flags := c.u16(0)
			m.goesOn = flags&3 == 2 && i > 0
			m.below = flags&0x60 == 0x20
		}
		w.merge = append(w.merge, m)
	}
}

// words are the texts of the table, each cell's once.
func (t *table) words() []string {
	var out []string
	for _, w := range t.rows {
		for i, c := range w.cells {
			if !w.merge[i].below {
				out = append(out, c.words...)
			}
		}
	}
	return out
}

// columns finds the edges of the table's columns: those of all rows, near ones taken together.
func (t *table) columns() []int {
	const near = 30 // twips
	var all []int
	for _, w := range t.rows {
		all = append(all, w.edges...)
	}
	slices.Sort(all)
	var out []int
	for _, e := range all {
		if len(out) == 0 || e-out[len(out)-1] > near {
			out = append(out, e)
		}
	}
	return out
}

// column is the index of the column that begins at an edge.
func column(columns []int, edge int) int {
	i, found := slices.BinarySearchFunc(columns, edge, cmp.Compare[int])
	if !found {
		i--
	}
	return max(i, 0)
}

// matrix lays the cells out on the columns: a merged cell stands in every place that it covers.
func (r *reader) matrix(t *table) [][]format.Place {
	columns := t.columns()
	var out [][]format.Place
	var above map[int]format.Place // by the column where cells begin
	number := 0                    // of the cell
	for _, w := range t.rows {
		line := make([]format.Place, r.spread.Places(column(columns, w.edges[0])+1)-1)
		begun := map[int]format.Place{}
		for i, c := range w.cells {
			from := column(columns, w.edges[i])
			span := max(column(columns, w.edges[i+1])-from, 1)
			number++
			place := format.Place{Text: strings.Join(strings.Fields(strings.Join(c.words, " ")), " "), Cell: number}
			if up, ok := above[from]; ok && w.merge[i].below {
				place = up
			}
			if w.merge[i].goesOn && place.Text == "" && len(line) > 0 {
				place = line[len(line)-1]
			}
			begun[from] = place
			for range r.spread.Places(span) {
				line = append(line, place)
			}
		}
		out = append(out, line)
		above = begun
	}
	width := 0
	for _, line := range out {
		width = max(width, len(line))
	}
	for i, line := range out {
		out[i] = append(line, make([]format.Place, r.spread.Places(width-len(line)+1)-1)...)
	}
	return out
}

// emit adds the elements of blocks.
func (r *reader) emit(blocks []block) error {
	for _, b := range blocks {
		if err := r.budget.Tick(r.ctx); err != nil {
			return err
		}
		if b.table != nil {
			e := element.Element{Type: element.Table, Text: strings.Join(b.table.words(), " ")}
			if !r.options.NoTableHTML {
				e.Metadata.TextAsHTML = format.MergedTableHTML(r.matrix(b.table))
			}
			for _, w := range b.table.rows {
				for i := range w.cells {
					e.Metadata.EmphasizedTextContents = append(e.Metadata.EmphasizedTextContents, w.cells[i].contents...)
					e.Metadata.EmphasizedTextTags = append(e.Metadata.EmphasizedTextTags, w.cells[i].tags...)
				}
			}
			r.out = append(r.out, e)
			continue
		}
		style, listed := r.style(b.shape.style), b.shape.listed
		if strings.HasPrefix(style, "Heading ") && r.listOf(b.shape.style) == b.shape.list { // the number of an outline
			listed = false
		}
		e, ok := word.Classify(style, listed, b.shape.level, b.text)
		if !ok {
			continue
		}
		m := &e.Metadata
		m.EmphasizedTextContents, m.EmphasizedTextTags, m.Links = b.contents, b.tags, b.links
		for _, l := range b.links {
			m.LinkTexts, m.LinkURLs = append(m.LinkTexts, l.Text), append(m.LinkURLs, l.URL)
		}
		r.out = append(r.out, e)
	}
	return nil
}

// emitAll adds the elements of paragraphs.
func (r *reader) emitAll(in []*paragraph) ([]element.Element, error) {
	blocks, err := r.blocks(in)
	if err != nil {
		return nil, err
	}
	err = r.emit(blocks)
	return r.out, err
}
