package xlsx

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/sheet"
)

// rows reads the cells of a worksheet, which are too many to be made trees of.
type rows struct {
	*reader
	tags  *ooxml.Tags
	out   []sheet.Cell
	row   int
	size  int64 // of texts, bytes: a shared string can be shown a million times
	col   int
	value []byte // of the cell that is read
	inner []byte // its string, where it stands in the cell
	held  bool   // it has a value
}

// cells reads the cells of a worksheet that hold something, row by row. What the sheet claims of its size is not asked.
func (r *reader) cells(part string) ([]sheet.Cell, error) {
	tags, err := r.Tags(r.ctx, part)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer tags.Close()
	w := &rows{reader: r, tags: tags, row: -1}
	for {
		kind, err := tags.Next()
		switch {
		case errors.Is(err, io.EOF):
			return w.out, nil
		case err != nil:
			return nil, err
		case kind == ooxml.TagEnd:
			return nil, tags.Damaged(errors.New("an end tag closes nothing"))
		case kind == ooxml.TagStart:
			if err := w.named("worksheet", func() error { return w.named("sheetData", w.line) }); err != nil {
				return nil, err
			}
		}
	}
}

// named calls fn with what stands in the element whose start was given if it has that name, else it passes over it.
func (w *rows) named(name string, fn func() error) error {
	if string(w.tags.Name) != name {
		return w.tags.Skip()
	}
	return w.children(fn)
}

// children calls fn with each start tag that stands directly in the element whose start was given; fn reads to its end.
func (w *rows) children(fn func() error) error {
	for {
		kind, err := w.next()
		if err != nil {
			return err
		}
		switch kind {
		case ooxml.TagStart:
			if err := fn(); err != nil {
				return err
			}
		case ooxml.TagEnd:
			return nil
		}
	}
}

// next is the next tag or text where the part cannot end.
func (w *rows) next() (ooxml.TagKind, error) {
	kind, err := w.tags.Next()
	if errors.Is(err, io.EOF) {
		err = w.tags.Damaged(io.ErrUnexpectedEOF)
	}
	return kind, err
}

// line reads a row.
func (w *rows) line() error {
	if string(w.tags.Name) != "row" {
		return w.tags.Skip()
	}
	w.row++
	if v, ok := whole(w.tags.Attr("r")); ok && v > w.row && v <= sheet.MaxRows {
		w.row = v - 1
	}
	w.col = -1
	first := len(w.out)
	if err := w.children(w.cell); err != nil {
		return err
	}
	w.out = w.out[:first+len(sheet.Order(w.out[first:]))]
	if len(w.out) > sheet.MaxCells {
		return sheet.TooMany()
	}
	if most := w.budget.Limits().Text; most > 0 && w.size > most {
		return budget.Errorf(budget.TooLarge, "a sheet has more than %d bytes of text", most)
	}
	return nil
}

// whole reads a number without sign.
func whole(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0 && len(b) < 18
}

// column reads the letters of a reference such as BC12.
func column(ref []byte) (int, bool) {
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

// form is how the value of a cell is written.
type form int

const (
	numeric form = iota
	shared       // the number of a shared string
	inline       // a string in the cell
	literal      // a string
	boolean
	isoDate
	failed // an error, which is no value
)

func formOf(t []byte) form {
	switch string(t) {
	case "s":
		return shared
	case "inlineStr":
		return inline
	case "str":
		return literal
	case "e":
		return failed
	case "b":
		return boolean
	case "d":
		return isoDate
	}
	return numeric
}

// cell reads a cell.
func (w *rows) cell() error {
	if string(w.tags.Name) != "c" {
		return w.tags.Skip()
	}
	w.col++
	if v, ok := column(w.tags.Attr("r")); ok {
		w.col = v
	}
	style, styled := whole(w.tags.Attr("s"))
	form := formOf(w.tags.Attr("t"))
	w.value, w.inner, w.held = w.value[:0], w.inner[:0], false
	if err := w.children(w.part); err != nil {
		return err
	}
	c, ok := w.read(form, styled && style < len(w.dates) && w.dates[style])
	if ok && w.col < sheet.MaxColumns {
		c.Row, c.Col = int32(w.row), int32(w.col)
		w.out = append(w.out, c)
		w.size += int64(len(c.Text))
	}
	if len(w.out) > sheet.MaxCells {
		return sheet.TooMany()
	}
	return nil
}

// part reads what stands in a cell: its value, or a string.
func (w *rows) part() error {
	switch string(w.tags.Name) {
	case "v":
		if w.held { // a second one
			return w.tags.Skip()
		}
		w.held = true
		return w.words(&w.value)
	case "is":
		return w.children(w.run)
	}
	return w.tags.Skip()
}

// run reads a string or one of its runs; readings of ideographs are left out.
func (w *rows) run() error {
	switch string(w.tags.Name) {
	case "t":
		return w.words(&w.inner)
	case "r":
		return w.children(func() error {
			if string(w.tags.Name) == "t" {
				return w.words(&w.inner)
			}
			return w.tags.Skip()
		})
	}
	return w.tags.Skip()
}

// words adds the text of an element.
func (w *rows) words(to *[]byte) error {
	for {
		kind, err := w.next()
		if err != nil {
			return err
		}
		switch kind {
		case ooxml.TagText:
			if *to = w.tags.AppendText(*to); len(*to) > maxText {
				return budget.Errorf(budget.TooLarge, "a cell has more than %d bytes of text", maxText)
			}
		case ooxml.TagStart:
			if err := w.tags.Skip(); err != nil {
				return err
			}
		case ooxml.TagEnd:
			return nil
		}
	}
}

const maxText = 16 << 20 // bytes of one cell

// read makes a cell of what was read; false for one that is empty or holds an error.
func (w *rows) read(f form, date bool) (c sheet.Cell, ok bool) {
	switch f {
	case shared:
		if i, ok := whole(bytes.TrimSpace(w.value)); ok {
			c.Text = w.strings.at(i)
		}
	case inline:
		c.Text = text(w.inner)
	case literal:
		c.Text = text(w.value)
	case boolean:
		c.Kind, c.Text = sheet.Bool, "False"
		if string(bytes.TrimSpace(w.value)) == "1" {
			c.Text, c.Number = "True", 1
		}
		return c, len(w.value) > 0
	case isoDate:
		c.Kind, c.Text = sheet.Date, strings.Replace(strings.TrimSuffix(text(w.value), "Z"), "T", " ", 1)
		return c, len(w.value) > 0
	case failed:
		return c, false
	default:
		return w.number(bytes.TrimSpace(w.value), date)
	}
	return c, c.Text != ""
}

func text(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }

func (w *rows) number(raw []byte, date bool) (c sheet.Cell, ok bool) {
	n, isWhole := whole(raw)
	v := float64(n)
	if !isWhole || n >= 1e15 {
		var err error
		if v, err = strconv.ParseFloat(string(raw), 64); err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			c.Text = text(raw)
			return c, c.Text != ""
		}
	}
	if date {
		if s, ok := sheet.DateText(v, w.date04); ok {
			return sheet.Cell{Kind: sheet.Date, Text: s}, true
		}
	}
	return sheet.Number(v), true
}
