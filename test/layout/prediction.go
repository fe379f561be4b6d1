package main

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/element"
	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
)

// prediction is what the program made of a printed document.
type prediction struct {
	blocks    []predicted
	furniture int // elements that hold nothing but page headers, footers and page numbers
	flagged   int // of these, the elements that are typed so
}

type predicted struct {
	kind  element.Type
	depth int
	text  string
	table *grid
}

// predict takes from elements what a reader of the body wants: no page furniture that is named so, no labels of figures, no
// footnotes that are whole (their place is free).
func predict(d *truth, elements []element.Element) prediction {
	var p prediction
	notes := d.notes()
	labels := map[string]bool{}
	for _, s := range d.Labels {
		for _, w := range strings.Fields(plain(s)) {
			labels[w] = true
		}
	}
	for _, e := range elements {
		text := plain(e.Text)
		named := e.Type == element.Header || e.Type == element.Footer || e.Type == element.PageNumber
		if d.inMargin(e.Metadata.Coordinates) && d.isFurniture(text) {
			p.furniture++
			if named {
				p.flagged++
			}
		}
		switch {
		case named, e.Type == element.PageBreak, e.Type == element.Image:
			continue
		case text == "" && e.Metadata.TextAsHTML == "":
			continue
		case e.Type != element.Table && len(labels) > 0 && allIn(text, labels):
			continue
		case e.Type != element.Table && isNote(text, notes):
			continue
		}
		b := predicted{kind: e.Type, text: text}
		if e.Metadata.CategoryDepth != nil {
			b.depth = *e.Metadata.CategoryDepth
		}
		if e.Type == element.Table && e.Metadata.TextAsHTML != "" {
			b.table = parseGrid(e.Metadata.TextAsHTML)
			if last := len(p.blocks) - 1; e.Metadata.IsContinuation && last >= 0 && p.blocks[last].table != nil {
				p.blocks[last].table.join(b.table)
				p.blocks[last].text += " " + text
				continue
			}
		}
		p.blocks = append(p.blocks, b)
	}
	return p
}

// plain is text as it is compared: compatible forms folded (ligatures), hyphens and white space of one sort, no bullet at the front.
func plain(s string) string {
	s = norm.NFKC.String(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00ad', r == '\u200b', r == '\u200e', r == '\u200f', unicode.Is(unicode.Co, r):
			return -1
		case r == '\u2010', r == '\u2011', r == '\u2212':
			return '-'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimLeft(s, "•▪◦– ")
}

var pageNumber = regexp.MustCompile(`(Page )?\d+( / \d+)?|- \d+ -`)

// isFurniture tells whether a text is made of the document's headers, footers and page numbers alone.
func (d *truth) isFurniture(text string) bool {
	if text == "" {
		return false
	}
	for _, s := range d.Furniture {
		text = strings.ReplaceAll(text, plain(s), "")
	}
	if d.Look.PageNumber != "" && len(text) < 16 {
		text = pageNumber.ReplaceAllString(text, "")
	}
	return strings.TrimSpace(text) == ""
}

// inMargin tells whether a box lies above or below the body of a page.
func (d *truth) inMargin(c *element.Coordinates) bool {
	if c == nil || len(c.Points) < 3 || c.LayoutHeight <= 0 {
		return false
	}
	scale := d.Look.Height / c.LayoutHeight
	top, bottom := c.Points[0][1]*scale, c.Points[2][1]*scale
	return bottom <= d.Look.Top || top >= d.Look.Height-d.Look.Bottom
}

func allIn(text string, set map[string]bool) bool {
	for _, w := range strings.Fields(text) {
		if !set[w] {
			return false
		}
	}
	return true
}

func (d *truth) notes() [][]rune {
	var out [][]rune
	for _, b := range d.Blocks {
		if b.Kind == footnote {
			out = append(out, []rune(plain(b.Marker+" "+b.text())))
		}
	}
	return out
}

func isNote(text string, notes [][]rune) bool {
	r := []rune(text)
	for _, n := range notes {
		if similarity(r, n) > 0.85 {
			return true
		}
	}
	return false
}

// grid is a table as rows of cells with spans.
type grid struct {
	rows [][]gridCell
}

type gridCell struct {
	rows, columns int
	text          string
}

// parseGrid reads text_as_html. What is no row or cell is looked through.
func parseGrid(s string) *grid {
	g := &grid{}
	root, err := html.Parse(strings.NewReader(s))
	if err != nil {
		return g
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type == html.ElementNode && c.Data == "tr":
				g.rows = append(g.rows, nil)
				walk(c)
			case c.Type == html.ElementNode && (c.Data == "td" || c.Data == "th") && len(g.rows) > 0:
				cell := gridCell{1, 1, plain(textOf(c))}
				for _, a := range c.Attr {
					switch a.Key {
					case "rowspan":
						cell.rows = span(a.Val)
					case "colspan":
						cell.columns = span(a.Val)
					}
				}
				last := len(g.rows) - 1
				g.rows[last] = append(g.rows[last], cell)
			default:
				walk(c)
			}
		}
	}
	// An empty td that is closed in itself is XML, which the parser takes for an open one.
	walk(root)
	return g
}

func span(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > 1000 {
			return 1
		}
		n = 10*n + int(r-'0')
	}
	return max(n, 1)
}

func textOf(n *html.Node) string {
	var s strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			s.WriteString(n.Data)
		case n.Type == html.ElementNode && n.Data == "br":
			s.WriteByte(' ')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return s.String()
}

// join puts the rows of a table's continuation below it, without the header rows that are printed again.
func (g *grid) join(next *grid) {
	rows := next.rows
	for k := 0; len(rows) > 0 && k < len(g.rows) && sameRow(rows[0], g.rows[k]); k++ {
		rows = rows[1:]
	}
	g.rows = append(g.rows, rows...)
}

func sameRow(a, b []gridCell) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// place is a cell with its row and column.
type place struct {
	row, column int
	text        string
}

// places lists the cells of a grid that hold text, under the row and column where each begins.
func (g *grid) places() []place {
	var out []place
	taken := map[[2]int]bool{}
	for r, row := range g.rows {
		column := 0
		for _, c := range row {
			for taken[[2]int{r, column}] {
				column++
			}
			if c.text != "" {
				out = append(out, place{r, column, c.text})
			}
			for dr := range min(c.rows, len(g.rows)-r) {
				for dc := range c.columns {
					taken[[2]int{r + dr, column + dc}] = true
				}
			}
			column += c.columns
		}
	}
	return out
}

func (g *grid) text() string {
	var parts []string
	for _, p := range g.places() {
		parts = append(parts, p.text)
	}
	return strings.Join(parts, " ")
}
