package xls

import (
	"math"

	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/sheet"
)

// cells reads the cells of a worksheet that hold something, by rows.
func (w *workbook) cells(at int) ([]sheet.Cell, error) {
	if kind, _, ok := header(w.stream, at); !ok || kind != recBOF {
		return nil, ole.Damaged()
	}
	var out []sheet.Cell
	var result *place // of a formula: its text stands in the record behind it
	add := func(p place, c sheet.Cell, ok bool) error {
		if !ok || p.col >= sheet.MaxColumns {
			return nil
		}
		c.Row, c.Col = int32(p.row), int32(p.col)
		out = append(out, c)
		if len(out) > sheet.MaxCells {
			return sheet.TooMany()
		}
		w.text += int64(len(c.Text)) // a shared text can be shown a million times
		if most := w.budget.Limits().Text; most > 0 && w.text > most {
			return tooMuch(most)
		}
		return nil
	}
	err := w.each(at, func(r *record) error {
		d := r.data
		p := place{d.u16(0), d.u16(2), d.u16(4)}
		if r.kind == recString {
			if result == nil {
				return nil
			}
			at := *result
			result = nil
			var text string
			if w.wide { // a long one goes on in records behind it
				text, _ = w.pieces(r).text()
			} else {
				text = w.label(d)
			}
			return add(at, sheet.Cell{Text: text}, text != "")
		}
		switch r.kind {
		case recLabelSST:
			if i := d.u32(6); int64(i) < int64(len(w.strings)) {
				return add(p, sheet.Cell{Text: w.strings[i]}, w.strings[i] != "")
			}
		case recLabel, recRString:
			if len(d) > 6 {
				text := w.label(d[6:])
				return add(p, sheet.Cell{Text: text}, text != "")
			}
		case recNumber:
			if len(d) >= 14 {
				return add(p, w.number(math.Float64frombits(d.u64(6)), p.style), true)
			}
		case recRK:
			if len(d) >= 10 {
				return add(p, w.number(rk(d.u32(6)), p.style), true)
			}
		case recMulRK:
			for i := 4; i+6 <= len(d)-2; i += 6 {
				q := place{p.row, p.col + uint16((i-4)/6), d.u16(i)}
				if err := add(q, w.number(rk(d.u32(i+2)), q.style), true); err != nil {
					return err
				}
			}
		case recBoolErr:
			if len(d) >= 8 {
				c, ok := special(d[7], d[6])
				return add(p, c, ok)
			}
		case recFormula, recFormula3, recFormula4:
			if len(d) < 14 {
				return nil
			}
			result = nil
			if d.u16(12) != 0xffff {
				return add(p, w.number(math.Float64frombits(d.u64(6)), p.style), true)
			}
			switch d[6] {
			case 0:
				result = &p
			case 1, 2:
				c, ok := special(d[6]-1, d[8])
				return add(p, c, ok)
			}
		}
		return nil
	})
	return order(out), err
}

// place is where a cell stands and how it is shown.
type place struct{ row, col, style uint16 }

// rk unpacks a number of thirty bits: whole or the upper half of a float, maybe a hundredth of it.
func rk(v uint32) float64 {
	n := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		n = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		n /= 100
	}
	return n
}

func (w *workbook) number(v float64, style uint16) sheet.Cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	if int(style) < len(w.styles) {
		id := w.styles[style]
		date, known := w.formats[id]
		if known && date || !known && sheet.IsBuiltinDate(int(id)) {
			if text, ok := sheet.DateText(v, w.from1904); ok {
				return sheet.Cell{Kind: sheet.Date, Text: text}
			}
		}
	}
	return sheet.Number(v)
}

// special is a truth value; an error is no value.
func special(kind, value byte) (sheet.Cell, bool) {
	switch {
	case kind == 1:
		return sheet.Cell{}, false
	case value == 0:
		return sheet.Cell{Kind: sheet.Bool, Text: "False"}, true
	}
	return sheet.Cell{Kind: sheet.Bool, Text: "True", Number: 1}, true
}
