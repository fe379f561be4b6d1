// Package csv reads comma-separated and tab-separated values: the whole file is one Table. The first row is data, and
// every cell is its text as it is written, as the reference has it.
package csv

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/grid"
)

// Parse implements format.Parser for CSV with any of the usual delimiters.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	return parse(ctx, f, o, b, 0)
}

// ParseTSV implements format.Parser for tab-separated values.
func ParseTSV(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	return parse(ctx, f, o, b, '\t')
}

func parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget, delimiter rune) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	s, err := charset.Decode(raw, o.Encoding)
	if err != nil {
		return nil, err
	}
	if delimiter == 0 {
		delimiter = Delimiter(s)
	}
	rows, err := read(ctx, s, delimiter, b)
	if err != nil {
		return nil, err
	}
	table, ok := grid.Table(rows, !o.NoTableHTML)
	if !ok {
		return nil, nil
	}
	return []element.Element{table}, nil
}

// read splits into rows of equal length, the longest one's. Quotes are read as people write them.
func read(ctx context.Context, s string, delimiter rune, b *budget.Budget) ([][]string, error) {
	const most = 25_000_000 // cells of the padded table
	r := csv.NewReader(strings.NewReader(s))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = delimiter, true, -1
	var rows [][]string
	width := 0
	for {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			e := budget.Errorf(budget.Corrupt, "line %d of the table cannot be read; check its quotes", len(rows)+1)
			e.Err = err
			return nil, e
		}
		rows = append(rows, row)
		width = max(width, len(row))
		if width*len(rows) > most {
			return nil, budget.Errorf(budget.TooLarge, "the table has more than %d cells", most)
		}
	}
	for i, row := range rows {
		if len(row) < width {
			rows[i] = append(row, make([]string, width-len(row))...)
		}
	}
	return rows, nil
}

// Delimiter finds what separates the values: the candidate that cuts the first lines into the same number of pieces, the
// largest such number winning; else the one that cuts most lines at all. Without one it is the comma.
func Delimiter(s string) rune {
	const looked = 64 << 10
	if len(s) > looked {
		s = s[:looked]
		if i := strings.LastIndexByte(s, '\n'); i > 0 {
			s = s[:i]
		}
	}
	best, bestScore := ',', 0.0
	for _, candidate := range []rune{',', ';', '|', '\t'} {
		r := csv.NewReader(strings.NewReader(s))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = candidate, true, -1
		lengths := map[int]int{}
		lines, cut := 0, 0
		for lines < 1000 {
			row, err := r.Read()
			if err != nil {
				break
			}
			lines++
			lengths[len(row)]++
			if len(row) > 1 {
				cut++
			}
		}
		if cut == 0 {
			continue
		}
		common, width := 0, 0
		for n, count := range lengths {
			if n > 1 && (count > common || count == common && n > width) {
				common, width = count, n
			}
		}
		// Agreement counts first, then how many lines are cut at all, then the width.
		score := float64(common)/float64(lines)*100 + float64(cut)/float64(lines) + float64(min(width, 1000))/1e6
		if score > bestScore {
			best, bestScore = candidate, score
		}
	}
	return best
}
