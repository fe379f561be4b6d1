package main

import (
	"fmt"
	"html"
	"strings"
)

// truth is one generated document: what it says, in reading order, and how it looks.
type truth struct {
	Name     string // class and number
	Class    string
	Format   string // html, docx or xlsx
	Language *language
	Look     look
	Blocks   []block

	Furniture []string // texts of page headers and footers, which are no part of the body
	Labels    []string // texts inside figures, which an engine may give or leave out
	Tagged    bool     // printed with a structure tree
}

// kind is what a block is to a reader.
type kind string

const (
	heading   kind = "heading"
	paragraph kind = "paragraph"
	listItem  kind = "list item"
	caption   kind = "caption"
	footnote  kind = "footnote" // at the foot of a page: its place among the blocks of the body is free
	figure    kind = "figure"   // a picture or a drawing without text of its own
	tableKind kind = "table"
	code      kind = "code"
	formula   kind = "formula"
	field     kind = "field" // a line of a form: a label with its value
)

// block is a part of a document that reads as one thing.
type block struct {
	Kind   kind
	Level  int    // of a heading 1 and up; of a list item 0 and up
	Marker string // what is printed before a list item
	Runs   []run
	Table  *table
	Wide   bool // over all columns
	Aside  int  // number of the side bar that holds it, 0 in the main text: a side bar may be read before or after the main text
	Boxed  bool // in a frame with a ground
	Raster bool // of a figure: a picture of pixels, not of paths
	Beside int  // 1 for the left and 2 for the right of two things side by side, 0 for neither
	Part   int  // of a page with several articles: blocks of one part share its columns
}

// run is text of one look.
type run struct {
	Text                      string
	Bold, Italic, Mono, Super bool
	Link                      string
	Note                      int // number of the footnote of this place; -1 for a text at the right edge of its line
}

// text returns what is printed for a block, without the marker of a list item.
func (b block) text() string {
	var s strings.Builder
	for _, r := range b.Runs {
		s.WriteString(r.Text)
	}
	return s.String()
}

// table is a grid of cells.
type table struct {
	Rows, Columns int
	HeaderRows    int
	Cells         []cell // by row, then column
	Rules         rules
	Left          []bool // columns that are set flush left; the others are flush right
	Widths        []int  // of the columns, relative
	Repeat        bool   // the header rows are printed again on each page
}

// rules tells how the parts of a table are told apart in print.
type rules string

const (
	fullRules rules = "ruled"   // a grid
	halfRules rules = "half"    // some horizontal lines
	zebra     rules = "zebra"   // the ground of every second row
	noRules   rules = "unruled" // white space
)

type cell struct {
	Row, Column, RowSpan, ColumnSpan int
	Text                             string
	Header                           bool
	Indent                           int
}

// markdown returns the truth as Markdown: headings by depth, lists by indent, tables as HTML with spans.
func (d *truth) markdown() string {
	var s strings.Builder
	for i, b := range d.Blocks {
		if i > 0 && (b.Kind != listItem || d.Blocks[i-1].Kind != listItem) {
			s.WriteByte('\n')
		}
		switch b.Kind {
		case heading:
			fmt.Fprintf(&s, "%s %s\n", strings.Repeat("#", b.Level), b.text())
		case listItem:
			marker := "- "
			if last := b.Marker[len(b.Marker)-1]; strings.ContainsRune(".)]", rune(last)) {
				marker += b.Marker + " "
			}
			fmt.Fprintf(&s, "%s%s%s\n", strings.Repeat("  ", b.Level), marker, b.text())
		case tableKind:
			s.WriteString(b.Table.html() + "\n")
		case code:
			fmt.Fprintf(&s, "```\n%s\n```\n", b.text())
		case figure:
			s.WriteString("![]()\n")
		default:
			s.WriteString(b.text() + "\n")
		}
	}
	return s.String()
}

// html writes a table with its spans, nothing but rows and cells.
func (t *table) html() string {
	var s strings.Builder
	s.WriteString("<table>")
	row := -1
	for _, c := range t.Cells {
		for row < c.Row {
			if row >= 0 {
				s.WriteString("</tr>")
			}
			s.WriteString("<tr>")
			row++
		}
		name := "td"
		if c.Header {
			name = "th"
		}
		s.WriteString("<" + name)
		if c.RowSpan > 1 {
			fmt.Fprintf(&s, ` rowspan="%d"`, c.RowSpan)
		}
		if c.ColumnSpan > 1 {
			fmt.Fprintf(&s, ` colspan="%d"`, c.ColumnSpan)
		}
		s.WriteString(">" + html.EscapeString(c.Text) + "</" + name + ">")
	}
	s.WriteString("</tr></table>")
	return s.String()
}

// look is the design of a document.
type look struct {
	Width, Height            float64 // of the page, points
	Top, Right, Bottom, Left float64 // margins, points
	Font, HeadFont           string
	Size                     float64 // of body text, points
	Leading                  float64 // line height in sizes
	Justify                  bool
	Hyphens                  bool
	Indent                   bool // paragraphs are told apart by an indent of their first line, not by space
	Columns                  int
	Gap                      float64 // between columns, points
	ColumnRule               bool
	Heads                    [4]headLook // by level
	HeaderLeft, HeaderRight  string
	FooterLeft, FooterMid    string
	PageNumber               string // "", "n", "Page n", "n / m", "- n -"; stands at the right foot or in the middle
	RunningHeads             bool   // a rule under the header
	Side                     string // "", "left" or "right": where the side bar is
	SideFill                 string
	Bullet                   string
	Slides                   bool
}

// headLook is the design of the headings of one level.
type headLook struct {
	Ratio         float64 // size against body text
	Bold, Italic  bool
	Upper, Center bool
	Color         string
	Rule          bool // a line below
	OtherFont     bool
	Before, After float64 // space in points
}
