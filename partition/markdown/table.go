package markdown

import "strings"

// table takes a piece that is a table: a row of headings, a row of dashes with as many cells, rows.
func (p *parser) table(parent *block, s string) bool {
	first, after, found := strings.Cut(s, "\n")
	if !found || strings.IndexByte(first, '|') < 0 {
		return false
	}
	second, _, _ := strings.Cut(after, "\n")
	if strings.Trim(second, " |:-") != "" || strings.IndexByte(second, '-') < 0 {
		return false
	}
	first = strings.Trim(first, " ")
	bordered := strings.HasPrefix(first, "|") || endsInBar(first)
	columns := len(splitRow(first, bordered))
	if columns == 1 && (!bordered || !allBarred(after)) || len(splitRow(strings.Trim(second, " "), bordered)) != columns {
		return false
	}
	table := parent.add("table")
	for i, line := range strings.Split(s, "\n") {
		if i == 1 {
			continue
		}
		row := table.add("tr")
		cells := splitRow(strings.Trim(line, " "), bordered)
		for i := range columns {
			cell := row.add("td")
			if i < len(cells) {
				cell.text = []string{strings.Trim(cells[i], " ")}
			}
		}
	}
	if len(table.children) == 1 {
		row := table.add("tr")
		for range columns {
			row.add("td")
		}
	}
	return true
}

// allBarred tells whether each line begins or ends with a bar.
func allBarred(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.Trim(line, " "); !strings.HasPrefix(line, "|") && !endsInBar(line) {
			return false
		}
	}
	return true
}

func endsInBar(s string) bool {
	before, ok := strings.CutSuffix(s, "|")
	return ok && (len(before)-len(strings.TrimRight(before, `\`)))%2 == 0
}

// splitRow cuts a row at its bars, those in code and behind a backslash excepted.
func splitRow(row string, bordered bool) []string {
	if bordered {
		row = strings.TrimPrefix(row, "|")
		if endsInBar(row) {
			row = row[:len(row)-1]
		}
	}
	closing := closers(row)
	var cells []string
	from := 0
	for i := 0; i < len(row); i++ {
		switch row[i] {
		case '\\':
			i++
		case '`':
			n := len(row[i:]) - len(strings.TrimLeft(row[i:], "`"))
			if code, ok := closing[i]; ok {
				i = code.end - 1
			} else {
				i += n - 1
			}
		case '|':
			cells = append(cells, row[from:i])
			from = i + 1
		}
	}
	return append(cells, row[from:])
}
