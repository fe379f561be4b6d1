// Package ods reads OpenDocument spreadsheets (ISO 26300), packed (.ods) or flat (.fods). Their values become elements as
// those of Excel files do (package sheet); each sheet is a page.
package ods

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/odf"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/sheet"
)

// reader is one workbook on its way.
type reader struct {
	ctx     context.Context
	budget  *budget.Budget
	options format.Options
	out     []element.Element

	name    string // of the sheet that is read; number counts from 0, -1 before the first
	number  int
	cells   []sheet.Cell
	row     int
	letters int64 // of the sheet, bytes
}

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	p, err := odf.Open(f, "ods", b)
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, budget: b, options: o, number: -1}
	err = p.EachIn(ctx, "content.xml", p.Path("document-content", "body", "spreadsheet", "table"), func(n *ooxml.Node) error {
		if err := r.end(); err != nil {
			return err
		}
		r.number++
		r.name, r.row, r.letters = n.Attr("name"), 0, 0
		return b.Page()
	}, r.rows)
	if errors.Is(err, fs.ErrNotExist) || err == nil && r.number < 0 {
		return nil, odf.Corrupt("ods")
	}
	if err != nil {
		return nil, err
	}
	return r.out, r.end()
}

// end makes the elements of the sheet that was read.
func (r *reader) end() error {
	if r.number < 0 {
		return nil
	}
	elements, err := sheet.Elements(r.ctx, r.cells, r.budget, !r.options.NoTableHTML)
	number := r.number + r.options.FirstPage()
	for _, e := range elements {
		e.Metadata.PageNumber, e.Metadata.PageName = &number, r.name
		r.out = append(r.out, e)
	}
	r.cells = r.cells[:0]
	return err
}

// rows reads a row, or those of a group.
func (r *reader) rows(n *ooxml.Node) error {
	switch n.Name {
	case "table-header-rows", "table-rows", "table-row-group":
		for _, c := range n.Children {
			if err := r.rows(c); err != nil {
				return err
			}
		}
	case "table-row":
		return r.line(n)
	}
	return nil
}

// line reads a row as often as it says that it stands there. What is merged holds its value in its first place.
func (r *reader) line(n *ooxml.Node) error {
	var row []sheet.Cell
	col, letters := 0, int64(0)
	for _, c := range n.Children {
		if c.Name != "table-cell" && c.Name != "covered-table-cell" {
			continue
		}
		times := repeat(c, "number-columns-repeated", sheet.MaxColumns)
		v, ok := sheet.Cell{}, false
		if c.Name == "table-cell" {
			v, ok = value(c)
		}
		for i := 0; ok && i < times && col+i < sheet.MaxColumns; i++ {
			v.Col = int32(col + i)
			row = append(row, v)
			letters += int64(len(v.Text))
		}
		if col += times; col >= sheet.MaxColumns {
			break
		}
	}
	times := repeat(n, "number-rows-repeated", sheet.MaxRows)
	if len(row) == 0 {
		r.row += times
		return nil
	}
	if times = min(times, sheet.MaxRows-r.row); len(r.cells)+times*len(row) > sheet.MaxCells {
		return sheet.TooMany()
	}
	for ; times > 0; times-- {
		if err := r.budget.Tick(r.ctx); err != nil {
			return err
		}
		r.letters += letters
		if most := r.budget.Limits().Text; most > 0 && r.letters > most {
			return budget.Errorf(budget.TooLarge, "a sheet has more than %d bytes of text", most)
		}
		for i := range row {
			row[i].Row = int32(r.row)
		}
		r.cells = append(r.cells, row...)
		r.row++
	}
	return nil
}

// repeat is how often a cell or row stands there, at most so many times.
func repeat(n *ooxml.Node, name string, most int) int {
	v, err := strconv.Atoi(n.Attr(name))
	if err != nil || v < 1 {
		return 1
	}
	return min(v, most)
}

// value reads a cell; false for one that is empty or says that its value is missing.
func value(n *ooxml.Node) (sheet.Cell, bool) {
	switch n.Attr("value-type") {
	case "float", "percentage", "currency":
		if v, err := strconv.ParseFloat(n.Attr("value"), 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return sheet.Number(v), true
		}
	case "boolean":
		if n.Attr("boolean-value") == "true" {
			return sheet.Cell{Kind: sheet.Bool, Text: "True"}, true
		}
		return sheet.Cell{Kind: sheet.Bool, Text: "False"}, true
	case "date":
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
			if at, err := time.Parse(layout, strings.TrimSuffix(n.Attr("date-value"), "Z")); err == nil {
				return sheet.Cell{Kind: sheet.Date, Text: at.Format("2006-01-02 15:04:05")}, true
			}
		}
	case "time":
		if d, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(n.Attr("time-value"), "PT"))); err == nil {
			s := int(d.Round(time.Second).Seconds())
			return sheet.Cell{Kind: sheet.Date, Text: clock(s)}, true
		}
	}
	s := n.Attr("string-value")
	if s == "" {
		s = paragraphs(n)
	}
	return sheet.Cell{Text: s}, s != ""
}

func clock(seconds int) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	two := func(n int) string {
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
		return strconv.Itoa(n)
	}
	return sign + two(seconds/3600) + ":" + two(seconds/60%60) + ":" + two(seconds%60)
}

// paragraphs is the text that a cell shows, a line a paragraph.
func paragraphs(n *ooxml.Node) string {
	var lines []string
	for _, c := range n.Children {
		if c.Name == "p" || c.Name == "h" {
			var b strings.Builder
			inline(c, &b)
			lines = append(lines, b.String())
		}
	}
	return strings.Join(lines, "\n")
}

func inline(n *ooxml.Node, b *strings.Builder) {
	for _, c := range n.Children {
		switch c.Name {
		case "":
			b.WriteString(c.Text)
		case "s":
			b.WriteString(strings.Repeat(" ", repeat(c, "c", 1000)))
		case "tab":
			b.WriteByte('\t')
		case "line-break":
			b.WriteByte('\n')
		case "annotation", "ruby-text", "note", "frame":
		default:
			inline(c, b)
		}
	}
}
