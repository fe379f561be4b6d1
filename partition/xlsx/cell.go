package xlsx

import (
	"errors"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/grid"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/sheet"
)

// cells reads the cells of a worksheet that hold something, row by row. What the sheet claims of its size is not asked.
func (r *reader) cells(part string) ([]sheet.Cell, error) {
	var out []sheet.Cell
	row, size := -1, int64(0)
	err := r.Each(r.ctx, part, []string{"worksheet", "sheetData"}, func(n *ooxml.Node) error {
		if n.Name != "row" {
			return nil
		}
		row++
		if v, err := strconv.Atoi(n.Attr("r")); err == nil && v > row && v <= sheet.MaxRows {
			row = v - 1
		}
		col, first := -1, len(out)
		for _, c := range n.Children {
			if c.Name != "c" {
				continue
			}
			col++
			if v, ok := column(c.Attr("r")); ok {
				col = v
			}
			if v, ok := r.value(c); ok && col < sheet.MaxColumns {
				v.Row, v.Col = int32(row), int32(col)
				out = append(out, v)
				size += int64(len(v.Text)) // a shared string can be shown a million times
			}
		}
		out = out[:first+len(sheet.Order(out[first:]))]
		if len(out) > sheet.MaxCells {
			return sheet.TooMany()
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
	return n - 1, n > 0 && n <= sheet.MaxColumns
}

// value reads a cell; false for one that is empty or says that its value is missing.
func (r *reader) value(n *ooxml.Node) (c sheet.Cell, ok bool) {
	raw := ""
	if v := n.Child("v"); v != nil {
		raw = v.Text
	}
	switch n.Attr("t") {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(raw)); err == nil && i >= 0 && i < len(r.strings) {
			c.Text = r.strings[i]
		}
	case "inlineStr":
		if is := n.Child("is"); is != nil {
			c.Text = richText(is)
		}
	case "str", "e":
		c.Text = raw
	case "b":
		c.Kind, c.Text = sheet.Bool, "False"
		if strings.TrimSpace(raw) == "1" {
			c.Text, c.Number = "True", 1
		}
		return c, raw != ""
	case "d":
		c.Kind, c.Text = sheet.Date, strings.Replace(strings.TrimSuffix(raw, "Z"), "T", " ", 1)
		return c, raw != ""
	default:
		return r.number(n, strings.TrimSpace(raw))
	}
	return c, !grid.IsMissing(c.Text)
}

func (r *reader) number(n *ooxml.Node, raw string) (c sheet.Cell, ok bool) {
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		c.Text = raw
		return c, !grid.IsMissing(raw)
	}
	if style, err := strconv.Atoi(n.Attr("s")); err == nil && style >= 0 && style < len(r.dates) && r.dates[style] {
		if text, ok := sheet.DateText(v, r.date04); ok {
			return sheet.Cell{Kind: sheet.Date, Text: text}, true
		}
	}
	return sheet.Number(v), true
}
