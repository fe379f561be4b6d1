package xlsx

import (
	"errors"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/grid"
	"github.com/sluicehq/sluice/partition/ooxml"
)

type kind int

const (
	textCell kind = iota
	intCell
	floatCell
	boolCell
	dateCell
)

// cell is a place that holds something.
type cell struct {
	row, col int
	kind     kind
	text     string  // as it prints alone
	number   float64 // of numbers
}

const (
	maxRows    = 1 << 20
	maxColumns = 1 << 14
	maxCells   = 5_000_000 // that hold something, of one sheet
)

// cells reads the cells of a worksheet that hold something, row by row. What the sheet claims of its size is not asked.
func (r *reader) cells(part string) ([]cell, error) {
	var out []cell
	row, size := -1, int64(0)
	err := r.Each(r.ctx, part, []string{"worksheet", "sheetData"}, func(n *ooxml.Node) error {
		if n.Name != "row" {
			return nil
		}
		row++
		if v, err := strconv.Atoi(n.Attr("r")); err == nil && v > row && v <= maxRows {
			row = v - 1
		}
		col := -1
		for _, c := range n.Children {
			if c.Name != "c" {
				continue
			}
			col++
			if v, ok := column(c.Attr("r")); ok {
				col = v
			}
			if v, ok := r.value(c); ok && col < maxColumns {
				v.row, v.col = row, col
				out = append(out, v)
				size += int64(len(v.text)) // a shared string can be shown a million times
			}
		}
		if len(out) > maxCells {
			return budget.Errorf(budget.TooLarge, "a sheet has more than %d cells", maxCells)
		}
		if most := r.budget.Limits().Text; most > 0 && size > most {
			return budget.Errorf(budget.TooLarge, "a sheet has more than %d bytes of text", most)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

// column reads the letters of a reference such as BC12.
func column(ref string) (int, bool) {
	n := 0
	for i := 0; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1, n > 0 && n <= maxColumns
}

// value reads a cell; false for one that is empty or says that its value is missing.
func (r *reader) value(n *ooxml.Node) (c cell, ok bool) {
	raw := ""
	if v := n.Child("v"); v != nil {
		raw = v.Text
	}
	switch n.Attr("t") {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(raw)); err == nil && i >= 0 && i < len(r.strings) {
			c.text = r.strings[i]
		}
	case "inlineStr":
		if is := n.Child("is"); is != nil {
			c.text = richText(is)
		}
	case "str", "e":
		c.text = raw
	case "b":
		c.kind, c.text = boolCell, "False"
		if strings.TrimSpace(raw) == "1" {
			c.text, c.number = "True", 1
		}
		return c, raw != ""
	case "d":
		c.kind, c.text = dateCell, strings.Replace(strings.TrimSuffix(raw, "Z"), "T", " ", 1)
		return c, raw != ""
	default:
		return r.number(n, strings.TrimSpace(raw))
	}
	return c, !grid.IsMissing(c.text)
}

func (r *reader) number(n *ooxml.Node, raw string) (c cell, ok bool) {
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		c.text = raw
		return c, !grid.IsMissing(raw)
	}
	c.number = v
	if style, err := strconv.Atoi(n.Attr("s")); err == nil && style >= 0 && style < len(r.dates) && r.dates[style] {
		if text, ok := r.date(v); ok {
			c.kind, c.text = dateCell, text
			return c, true
		}
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		c.kind, c.text = intCell, strconv.FormatInt(int64(v), 10)
		return c, true
	}
	c.kind, c.text = floatCell, plain(v)
	return c, true
}

// plain is the shortest form of a number that reads back the same, with exponents for the very large and small.
func plain(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// date turns a day count into a date; below one day it is a time. The leap day of 1900, which never was, is counted as
// spreadsheets do.
func (r *reader) date(v float64) (string, bool) {
	if v < 0 || v >= 2_958_466 {
		return "", false
	}
	seconds := math.Round(v * 86400)
	if v < 1 && !r.date04 {
		return time.Unix(int64(seconds), 0).UTC().Format("15:04:05"), true
	}
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case r.date04:
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case v < 60:
		base = time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	days := math.Floor(seconds / 86400)
	return base.AddDate(0, 0, int(days)).Add(time.Duration(seconds-days*86400) * time.Second).Format("2006-01-02 15:04:05"), true
}
