// Package xlsx reads SpreadsheetML (ECMA-376 part 1): .xlsx and its kin. Each block of cells that hangs together becomes
// a Table; rows of a single cell before and behind it become text. Values print as a data frame prints them, by the type
// of their whole column (package grid).
package xlsx

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/sheet"
)

// reader is one workbook on its way.
type reader struct {
	*ooxml.Package
	ctx     context.Context
	budget  *budget.Budget
	strings table
	dates   []bool // by cell format: it shows dates
	date04  bool   // days count from 1904
}

// worksheet is a sheet's name and part.
type worksheet struct{ name, part string }

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	p, err := ooxml.Open(f, "xlsx", b)
	if err != nil {
		return nil, err
	}
	r := &reader{Package: p, ctx: ctx, budget: b}
	sheets, err := r.open()
	if err != nil {
		return nil, err
	}
	var out []element.Element
	for i, s := range sheets {
		if err := b.Page(); err != nil {
			return nil, err
		}
		cells, err := r.cells(s.part)
		if err != nil {
			return nil, err
		}
		elements, err := sheet.Elements(ctx, cells, b, !o.NoTableHTML)
		if err != nil {
			return nil, err
		}
		for _, e := range elements {
			number := i + o.FirstPage()
			e.Metadata.PageNumber, e.Metadata.PageName = &number, s.name
			out = append(out, e)
		}
	}
	return out, nil
}

// open reads the workbook: its sheets, the shared strings, and which formats show dates.
func (r *reader) open() ([]worksheet, error) {
	main, err := r.Main(r.ctx, "xl/workbook.xml")
	if err != nil {
		return nil, err
	}
	parts, err := r.Relationships(r.ctx, main)
	if err != nil {
		return nil, err
	}
	var sheets []worksheet
	err = r.Each(r.ctx, main, []string{"workbook"}, func(n *ooxml.Node) error {
		switch n.Name {
		case "workbookPr":
			v := n.Attr("date1904")
			r.date04 = v == "1" || v == "true"
		case "sheets":
			for _, s := range n.Children {
				if part := parts[s.RelationshipID()]; part.Type == "worksheet" {
					sheets = append(sheets, worksheet{s.AttrOf("", "name"), part.Target})
				}
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, budget.Errorf(budget.Corrupt, "Not a valid XLSX file. Its workbook is missing.")
	}
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		part := parts[id]
		switch part.Type {
		case "sharedStrings":
			err = r.Each(r.ctx, part.Target, []string{"sst"}, func(n *ooxml.Node) error {
				if r.strings.n == maxStrings {
					return budget.Errorf(budget.TooLarge, "the workbook has more than %d strings", maxStrings)
				}
				r.strings.add(richText(n))
				return nil
			})
		case "styles":
			err = r.readStyles(part.Target)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return sheets, nil
}

func (r *reader) readStyles(part string) error {
	custom := map[int]bool{}
	return r.Each(r.ctx, part, []string{"styleSheet"}, func(n *ooxml.Node) error {
		switch n.Name {
		case "numFmts":
			for _, c := range n.Children {
				if id, err := strconv.Atoi(c.Attr("numFmtId")); err == nil {
					custom[id] = sheet.IsDateFormat(c.Attr("formatCode"))
				}
			}
		case "cellXfs":
			for _, c := range n.Children {
				id, _ := strconv.Atoi(c.Attr("numFmtId"))
				date, known := custom[id]
				r.dates = append(r.dates, known && date || !known && sheet.IsBuiltinDate(id))
			}
		}
		return nil
	})
}
