package main

import (
	"fmt"
	"strings"
)

// table draws a table of one of the sorts that documents hold.
func (g *generator) table(r rules, columns, rows int) *table {
	switch g.IntN(6) {
	case 0:
		return g.groupedTable(r, max(columns, 4), rows)
	case 1:
		return g.textTable(r, min(columns, 4), min(rows, 6))
	case 2:
		return g.accountTable(r, min(max(columns, 3), 5), rows)
	case 3:
		if r == fullRules {
			return g.timeTable(r, columns, rows)
		}
		return g.statTable(r, columns, rows)
	default:
		return g.statTable(r, columns, rows)
	}
}

func (t *table) add(row, column int, text string) *cell {
	t.Cells = append(t.Cells, cell{Row: row, Column: column, RowSpan: 1, ColumnSpan: 1, Text: text, Header: row < t.HeaderRows})
	return &t.Cells[len(t.Cells)-1]
}

func newTable(r rules, columns int) *table {
	t := &table{Columns: columns, HeaderRows: 1, Rules: r, Left: make([]bool, columns), Widths: make([]int, columns)}
	for i := range t.Widths {
		t.Widths[i] = 2
	}
	t.Left[0] = true
	return t
}

// statTable has names at the left and numbers in the other columns, some of them missing, and perhaps a last row of totals.
func (g *generator) statTable(r rules, columns, rows int) *table {
	t := newTable(r, columns)
	t.Widths[0] = 3
	for c := range columns {
		switch {
		case c == 0 && g.chance(0.3):
			t.add(0, c, "")
		default:
			t.add(0, c, g.phrase(g.between(1, 2)))
		}
	}
	unit := g.IntN(4)
	for row := 1; row <= rows; row++ {
		name := g.phrase(g.between(1, 3))
		if row == rows && g.chance(0.4) {
			name = "Total"
		}
		t.add(row, 0, name)
		for c := 1; c < columns; c++ {
			text := g.value(unit)
			if g.chance(0.06) {
				text = pick(g.writer, []string{"", "–", "n/a"})
			}
			t.add(row, c, text)
		}
	}
	t.Rows = rows + 1
	return t
}

func (g *generator) value(unit int) string {
	switch unit {
	case 0:
		return grouped(g.between(100, 99999))
	case 1:
		return fmt.Sprintf("%d.%d", g.between(0, 99), g.between(0, 9))
	case 2:
		return fmt.Sprintf("%d.%02d%%", g.between(0, 99), g.between(0, 99))
	default:
		return fmt.Sprintf("%d.%02d", g.between(1, 999), g.between(0, 99))
	}
}

// groupedTable has two rows of heads, the upper over groups of columns, and row names that go over several rows.
func (g *generator) groupedTable(r rules, columns, rows int) *table {
	t := newTable(r, columns)
	t.HeaderRows = 2
	t.Widths[0] = 3
	t.add(0, 0, g.phrase(1)).RowSpan = 2
	second := r == fullRules && g.chance(0.6) // the second column names, too
	first := 1
	if second {
		t.add(0, 1, g.phrase(1)).RowSpan = 2
		t.Left[1], t.Widths[1] = true, 3
		first = 2
	}
	var below []int
	for c := first; c < columns; {
		n := min(g.between(2, 3), columns-c)
		if columns-c-n == 1 {
			n++
		}
		t.add(0, c, g.phrase(g.between(1, 2))).ColumnSpan = n
		for k := range n {
			below = append(below, c+k)
		}
		c += n
	}
	for _, c := range below {
		t.add(1, c, pick(g.writer, []string{g.year(), g.phrase(1), "Q" + digits(g.between(1, 4))}))
	}
	unit := g.IntN(4)
	row := 2
	for row < rows+2 {
		n := 1
		if second {
			n = min(g.between(1, 4), rows+2-row)
		}
		for k := range n {
			if k == 0 {
				t.add(row, 0, g.phrase(g.between(1, 2))).RowSpan = n
			}
			if second {
				t.add(row+k, 1, g.phrase(g.between(1, 2)))
			}
			for c := first; c < columns; c++ {
				t.add(row+k, c, g.value(unit))
			}
		}
		row += n
	}
	t.Rows = row
	return t
}

// textTable has sentences in its cells, which take several lines.
func (g *generator) textTable(r rules, columns, rows int) *table {
	t := newTable(r, columns)
	for c := range columns {
		t.Left[c] = true
		t.Widths[c] = g.between(2, 5)
		t.add(0, c, g.phrase(g.between(1, 2)))
	}
	for row := 1; row <= rows; row++ {
		for c := range columns {
			switch {
			case c == 0:
				t.add(row, c, g.phrase(g.between(1, 4)))
			case g.chance(0.2):
				t.add(row, c, g.phrase(g.between(1, 3)))
			default:
				t.add(row, c, g.sentences(g.between(1, 2)))
			}
		}
	}
	t.Rows = rows + 1
	return t
}

// accountTable has indented names, sections over the whole width, amounts with brackets for the negative.
func (g *generator) accountTable(r rules, columns, rows int) *table {
	t := newTable(r, columns)
	t.Widths[0] = 6
	year := g.between(1995, 2028)
	t.add(0, 0, pick(g.writer, []string{"", "in thousands", "Item"}))
	for c := 1; c < columns; c++ {
		t.add(0, c, digits(year-c))
	}
	row := 1
	for row <= rows {
		if r == fullRules && g.chance(0.25) && row < rows {
			t.add(row, 0, g.phrase(2)).ColumnSpan = columns
			row++
		}
		n := min(g.between(2, 4), rows+1-row)
		for k := range n {
			last := k == n-1 && n > 2
			name := g.phrase(g.between(1, 4))
			if last {
				name = "Total " + strings.ToLower(g.phrase(2))
			}
			c := t.add(row, 0, name)
			if !last {
				c.Indent = 1
			}
			for col := 1; col < columns; col++ {
				amount := grouped(g.between(50, 9999999))
				switch {
				case g.chance(0.15):
					amount = "(" + amount + ")"
				case g.chance(0.05):
					amount = "—"
				case last && g.chance(0.5):
					amount = "$ " + amount
				}
				t.add(row, col, amount)
			}
			row++
		}
	}
	t.Rows = row
	return t
}

// timeTable has cells that go over several rows or columns.
func (g *generator) timeTable(r rules, columns, rows int) *table {
	t := newTable(r, columns)
	t.add(0, 0, "Time")
	days := []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	for c := 1; c < columns; c++ {
		t.Left[c] = true
		t.add(0, c, days[c-1])
	}
	taken := make([][]bool, rows+1)
	for i := range taken {
		taken[i] = make([]bool, columns)
	}
	for row := 1; row <= rows; row++ {
		t.add(row, 0, fmt.Sprintf("%d:%02d", 7+row, 15*g.IntN(4)))
		for c := 1; c < columns; c++ {
			if taken[row][c] {
				continue
			}
			n := t.add(row, c, g.phrase(g.between(1, 3)))
			switch {
			case g.chance(0.15) && row < rows && !taken[row+1][c]:
				n.RowSpan = 2
				taken[row+1][c] = true
			case g.chance(0.15) && c+1 < columns && !taken[row][c+1]:
				n.ColumnSpan = 2
				taken[row][c+1] = true
			case g.chance(0.1):
				n.Text = ""
			}
		}
	}
	t.Rows = rows + 1
	return t
}

// recordTable is a list of records: numbers, names, dates, amounts, short texts.
func (g *generator) recordTable(r rules, columns, rows int) *table {
	t := newTable(r, columns)
	kinds := make([]int, columns)
	for c := range columns {
		kinds[c] = g.IntN(5)
		if c == 0 {
			kinds[c] = g.IntN(2)
		}
		t.Left[c] = kinds[c] != 4
		t.Widths[c] = []int{2, 3, 3, 4, 2}[kinds[c]]
		t.add(0, c, g.phrase(g.between(1, 2)))
	}
	for row := 1; row <= rows; row++ {
		for c := range columns {
			var text string
			switch kinds[c] {
			case 0:
				text = fmt.Sprintf("%c-%04d", 'A'+rune(g.IntN(20)), g.between(1, 9999))
			case 1:
				text = pick(g.writer, names) + " " + pick(g.writer, names)
			case 2:
				text = fmt.Sprintf("%d-%02d-%02d", g.between(1999, 2029), g.between(1, 12), g.between(1, 28))
			case 3:
				text = g.phrase(g.between(1, 4))
			default:
				text = grouped(g.between(10, 999999))
			}
			if c > 0 && g.chance(0.04) {
				text = ""
			}
			t.add(row, c, text)
		}
	}
	t.Rows = rows + 1
	return t
}

// invoice has blocks side by side at the top, a list of positions and the sum below.
func invoice(g *generator) {
	l := &g.d.Look
	l.HeaderLeft, l.HeaderRight = "", ""
	g.d.Furniture = nil
	if l.FooterLeft != "" {
		g.d.Furniture = []string{l.FooterLeft}
	}
	g.scheme = 0
	g.plainHeading(1, pick(g.writer, []string{"Invoice", "Delivery note", "Quotation", "Purchase order"}))
	for side, title := range []string{"Bill to", "Ship to"} {
		from := len(g.d.Blocks)
		g.plainHeading(3, title)
		g.add(block{Kind: paragraph, Runs: []run{{Text: fmt.Sprintf("%s %s\n%d %s Street\n%d %s", pick(g.writer, names), g.phrase(1), g.between(1, 200), pick(g.writer, names), g.between(10000, 99999), pick(g.writer, names))}}})
		for i := from; i < len(g.d.Blocks); i++ {
			g.d.Blocks[i].Beside = side + 1
		}
	}
	n := g.between(1000, 99999)
	g.add(block{Kind: paragraph, Runs: []run{{Text: fmt.Sprintf("Number %d of %d June %s", n, g.between(1, 28), g.year())}}})
	t := newTable([]rules{fullRules, halfRules, zebra, noRules}[g.index%4], 5)
	t.Widths = []int{1, 6, 2, 2, 2}
	t.Left[1] = true
	for c, s := range []string{"No.", "Description", "Quantity", "Price", "Amount"} {
		t.add(0, c, s)
	}
	rows := g.between(3, 12)
	for row := 1; row <= rows; row++ {
		t.add(row, 0, digits(row))
		text := g.phrase(g.between(2, 5))
		if g.chance(0.3) {
			text += " " + g.phrase(g.between(4, 9))
		}
		t.add(row, 1, text)
		for c := 2; c < 5; c++ {
			t.add(row, c, g.value([]int{0, 3, 3}[c-2]))
		}
	}
	t.Rows = rows + 1
	if t.Rules == fullRules {
		for _, s := range []string{"Subtotal", "Tax", "Total"} {
			t.add(t.Rows, 0, s).ColumnSpan = 4
			t.add(t.Rows, 4, g.value(3))
			t.Rows++
		}
	}
	g.add(block{Kind: tableKind, Table: t})
	g.paragraph(g.between(1, 3))
}

// form is a page of labels with lines, boxes and values to their right.
func form(g *generator) {
	g.scheme = 0
	g.heading(1, g.between(2, 5))
	g.paragraph(g.between(1, 2))
	for range g.between(2, 4) {
		g.heading(2, g.between(1, 3))
		for range g.between(3, 6) {
			label := g.phrase(g.between(1, 3)) + ":"
			value := ""
			switch g.IntN(4) {
			case 0:
				value = pick(g.writer, names) + " " + pick(g.writer, names)
			case 1:
				value = g.number()
			case 2:
				value = g.phrase(g.between(1, 4))
			}
			b := block{Kind: field, Runs: []run{{Text: label}}}
			if value != "" {
				b.Runs = append(b.Runs, run{Text: " " + value})
			}
			g.add(b)
		}
		if g.chance(0.5) {
			g.paragraph(1)
		}
	}
}
