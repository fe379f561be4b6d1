package rst

import (
	"strings"

	"github.com/sluicehq/sluice/partition/markup"
)

// isGridBorder tells the first line of a grid table: +---+---+.
func isGridBorder(line string) bool {
	return len(line) >= 3 && line[0] == '+' && line[1] == '-' && strings.Trim(line, "+-") == "" && line[len(line)-1] == '+'
}

// cell gathers the lines of a cell.
type cell struct{ lines []string }

// gridTable reads a table that is drawn. A cell may cover several columns or rows; it stands in its first row once.
func (p *parser) gridTable(lines []string) markup.Block {
	grid := make([][]rune, len(lines))
	edges := map[int]bool{}
	for i, line := range lines {
		grid[i] = []rune(line)
		if grid[i][0] == '+' {
			for x, r := range grid[i] {
				if r == '+' {
					edges[x] = true
				}
			}
		}
	}
	longest := 0
	for x := range edges {
		longest = max(longest, x)
	}
	var xs []int
	for x := 0; x <= longest; x++ {
		if edges[x] {
			xs = append(xs, x)
		}
	}
	var rows [][]*cell
	open := make([]*cell, len(xs)) // the cell that a column is in
	begin := true
	for _, line := range grid {
		if p.stopped() {
			break
		}
		if line[0] == '+' || hasBorder(line) {
			for k := 0; k+1 < len(xs) && xs[k] < len(line); k++ {
				if piece := line[xs[k]+1 : min(xs[k+1], len(line))]; isBorder(piece) {
					open[k] = nil
				} else if c := open[k]; c != nil && (k == 0 || open[k-1] != c) {
					c.lines = append(c.lines, strings.TrimRight(string(piece), " "))
				}
			}
			begin = true
			continue
		}
		if begin {
			rows = append(rows, nil)
			begin = false
		}
		for k := 0; k+1 < len(xs) && xs[k] < len(line); {
			end := k + 1 // of the columns that the cell covers
			for end+1 < len(xs) && (open[k] != nil && open[end] == open[k] || open[k] == nil && open[end] == nil && xs[end] < len(line) && line[xs[end]] != '|') {
				end++
			}
			if open[k] == nil {
				c := &cell{}
				rows[len(rows)-1] = append(rows[len(rows)-1], c)
				for j := k; j < end; j++ {
					open[j] = c
				}
			}
			open[k].lines = append(open[k].lines, strings.TrimRight(string(line[min(xs[k]+1, len(line)):min(xs[end], len(line))]), " "))
			k = end
		}
	}
	return p.table(rows)
}

func isBorder(piece []rune) bool {
	if len(piece) == 0 {
		return false
	}
	for _, r := range piece {
		if r != '-' && r != '=' && r != '+' {
			return false
		}
	}
	return true
}

// hasBorder tells a line that ends some cells and not others: |      +-----+.
func hasBorder(line []rune) bool {
	s := string(line)
	return strings.Contains(s, "+--") && strings.HasSuffix(s, "+") || strings.Contains(s, "--+ ") && line[0] == '+'
}

// table writes rows of cells, each of which may hold blocks.
func (p *parser) table(rows [][]*cell) markup.Block {
	var b strings.Builder
	b.WriteString("<table>")
	for _, row := range rows {
		b.WriteString("<tr>")
		for _, c := range row {
			b.WriteString("<td>")
			p.deeper(func() {
				found := p.blocks(dedented(c.lines), false)
				if len(found) == 1 && found[0].Text == markup.Para {
					found[0].Text = markup.Plain
				}
				markup.Write(&b, found)
			})
			b.WriteString("</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>")
	return markup.Block{HTML: b.String()}
}

// isSimpleBorder tells a line of a simple table: ==== ====.
func isSimpleBorder(line string) bool {
	return strings.HasPrefix(line, "==") && strings.Trim(line, "= ") == ""
}

// simpleEnd is the line behind a simple table that begins at i, 0 when nothing ends it: its last border has a blank line
// behind it.
func simpleEnd(lines []string, i int) int {
	borders := 0
	for k := i + 1; k < len(lines); k++ {
		if !isSimpleBorder(lines[k]) {
			continue
		}
		if borders++; borders > 2 {
			return 0
		}
		if k+1 == len(lines) || lines[k+1] == "" {
			return k + 1
		}
	}
	return 0
}

// starts are the columns at which the runs of a border begin, in characters.
func starts(border string) []int {
	var out []int
	for x, r := range []rune(border) {
		if r != ' ' && (x == 0 || border[x-1] == ' ') {
			out = append(out, x)
		}
	}
	return out
}

// simpleTable reads a table whose columns stand below runs of equals signs. A line without text in the first column goes on
// with the row before; a line of dashes says what the row above it covers.
func (p *parser) simpleTable(lines []string) markup.Block {
	columns := starts(lines[0])
	var rows [][]*cell
	fresh := true // the next line begins a row
	for i, line := range lines {
		if p.stopped() {
			break
		}
		if isSimpleBorder(line) || isRuler(line) {
			fresh = true
			continue
		}
		at := columns
		if i+1 < len(lines) && isRuler(lines[i+1]) {
			at = starts(lines[i+1])
		}
		if line == "" {
			if len(rows) > 0 {
				for _, c := range rows[len(rows)-1] {
					c.lines = append(c.lines, "")
				}
			}
			continue
		}
		text := []rune(line)
		piece := func(k int) string {
			end := len(text)
			if k+1 < len(at) {
				end = min(at[k+1], len(text))
			}
			return strings.TrimRight(string(text[min(at[k], end):end]), " ")
		}
		if first := strings.TrimSpace(piece(0)); fresh || first != "" || len(rows) == 0 || len(rows[len(rows)-1]) != len(at) {
			row := make([]*cell, len(at))
			for k := range row {
				row[k] = &cell{}
			}
			rows = append(rows, row)
			fresh = false
		}
		for k, c := range rows[len(rows)-1] {
			c.lines = append(c.lines, piece(k))
		}
	}
	return p.table(rows)
}

func isRuler(line string) bool {
	return strings.HasPrefix(line, "--") && strings.Trim(line, "- ") == ""
}
