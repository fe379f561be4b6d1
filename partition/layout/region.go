package layout

import "context"

// Kind is what a region of a page is, as far as its look and place tell.
type Kind uint8

// The kinds of regions.
const (
	Paragraph Kind = iota // a paragraph; its element type is for the text rule to say
	Heading
	ListItem
	Caption
	Footnote
	Formula
	Code
	TableRegion
	Figure
	Header
	Footer
	PageNumber
	FormField
)

// Region is a part of a page that reads as one thing.
type Region struct {
	Kind   Kind
	Box    Box
	Turn   Turn
	Lines  []Line  // empty for a table, and for a figure without text
	Depth  int     // of a heading or list item, 0 outermost
	Table  *Table  // of a TableRegion
	Object int     // of a Figure, index into Page.Pictures; of a FormField, into Page.Fields; else -1
	Hidden Hidden  // why a reader of the page does not see it
	Size   float64 // of most of its text, points; 0 without text
	Bold   bool    // of most of its text
	Italic bool
	Role   string // structure type that a tagged document gives it, "" where it gives none that can be trusted

	torn  bool // one row of pieces that stand far apart
	stamp bool // a watermark
}

// Table is a grid of cells.
type Table struct {
	Box           Box
	Rows, Columns int
	Cells         []Cell // by row, then column; every place of the grid is covered at most once
	HeaderRows    int
	Ruled         bool // found by its rules
}

// Cell is one cell of a table.
type Cell struct {
	Row, Column         int
	RowSpan, ColumnSpan int // at least 1
	Box                 Box
	Lines               []Line
	Header              bool
}

// TableModel finds the tables of a page. lines are the page's lines, not yet grouped; the boxes of the answer do not overlap. A model
// keeps nothing between calls and is safe for concurrent use.
type TableModel interface {
	Tables(ctx context.Context, p *Page, lines []Line) ([]Table, error)
}

// Model cuts a page into regions in reading order. It is safe for concurrent use.
type Model interface {
	Regions(ctx context.Context, p *Page) ([]Region, error)
}
