package layout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// arranged reads a page as strategy fast does, one block a line.
func arranged(t *testing.T, p *Page, tables TableModel, others ...Box) (text string, mended bool) {
	t.Helper()
	blocks, err := Blocks(p.Lines(), func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	before := len(blocks)
	blocks, ranks, err := Arrange(t.Context(), p, blocks, others, tables)
	if err != nil {
		t.Fatal(err)
	}
	if ranks == nil {
		if len(blocks) != before {
			t.Error("blocks changed without an order")
		}
		boxes := make([]Box, len(blocks))
		for i, b := range blocks {
			boxes[i] = b.Box
		}
		var out []string
		for _, i := range Order(boxes) {
			out = append(out, blocks[i].Text())
		}
		return strings.Join(out, "\n"), false
	}
	out := make([]string, len(ranks))
	for i, r := range ranks {
		if out[r] != "" {
			t.Errorf("two things have rank %d", r)
		}
		if i < len(blocks) {
			out[r] = blocks[i].Text()
		} else {
			out[r] = fmt.Sprintf("(field %d)", i-len(blocks))
		}
	}
	return strings.Join(out, "\n"), true
}

// noTables finds none.
type noTables struct{}

func (noTables) Tables(context.Context, *Page, []Line) ([]Table, error) { return nil, nil }

// oneTable is a table of all lines of a page, a line a cell.
type oneTable struct{ rows, columns int }

func (o oneTable) Tables(_ context.Context, _ *Page, lines []Line) ([]Table, error) {
	t := Table{Box: lines[0].Box, Rows: o.rows, Columns: o.columns}
	slices.SortFunc(lines, func(a, b Line) int { return int(100*(a.Box.Y0-b.Box.Y0) + a.Box.X0 - b.Box.X0) })
	for i, l := range lines {
		t.Box = t.Box.Union(l.Box)
		t.Cells = append(t.Cells, Cell{Row: i / o.columns, Column: i % o.columns, RowSpan: 1, ColumnSpan: 1, Box: l.Box, Lines: []Line{l}})
	}
	return []Table{t}, nil
}

func TestArrangeColumns(t *testing.T) {
	t.Parallel()
	// Gaps between paragraphs stand level in both columns, so that cutting by empty strips alone goes to and fro below a heading
	// that reaches into the gutter.
	var left, right []string
	page := sheet(typed(50, 60, 14, bold, "A heading that reaches over the gutter of the page"))
	for k := range 4 {
		y := 100 + 60*float64(k)
		for side, x := range [...]float64{50, 310} {
			text := fmt.Sprintf("Side %d part %d has words that go on and fill it", side, k)
			page.Glyphs = append(page.Glyphs, prose(x, y, text, "with a second line of about the same length", "and with a third")...)
			if text += " with a second line of about the same length and with a third"; side == 0 {
				left = append(left, text)
			} else {
				right = append(right, text)
			}
		}
	}
	got, _ := arranged(t, page, noTables{})
	want := "A heading that reaches over the gutter of the page\n" + strings.Join(append(left, right...), "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestArrangeTable(t *testing.T) {
	t.Parallel()
	page := sheet()
	var want []string
	for r := range 8 {
		for c, x := range [...]float64{50, 200, 350} {
			text := fmt.Sprintf("cell %d.%d", r, c)
			page.Glyphs = append(page.Glyphs, prose(x, 100+12*float64(r), text)...)
			want = append(want, text)
		}
	}
	got, mended := arranged(t, page, oneTable{8, 3}, Box{50, 20, 100, 30})
	if want := "(field 0)\n" + strings.Join(want, "\n"); got != want || !mended {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, mended := arranged(t, page, noTables{}); mended || !strings.HasPrefix(got, "cell 0.0 cell 1.0") {
		t.Errorf("a page without a table is left as it is cut, not\n%s", got)
	}
}

func TestArrangeRightToLeft(t *testing.T) {
	t.Parallel()
	// Drawn from left to right, words in the order of the page.
	line := func(y float64, words ...string) []Glyph {
		var out []Glyph
		x := 300.0
		for _, w := range words {
			runes := []rune(w)
			x -= 5 * float64(len(runes))
			for i, r := range runes {
				at := x + 5*float64(len(runes)-1-i)
				out = append(out, Glyph{Text: string(r), Box: Box{at, y, at + 5, y + 10}, Size: 10, Tag: -1})
			}
			x -= 2.5
		}
		return out
	}
	got, mended := arranged(t, sheet(line(100, "שלום", "לכל", "הקוראים"), line(112, "בדף", "הזה")), noTables{})
	if want := "שלום לכל הקוראים בדף הזה"; got != want || !mended {
		t.Errorf("got %q, want %q", got, want)
	}
}
