// Package xls reads Excel 97-2003 workbooks (BIFF8, MS-XLS) and those of Excel 5 and 95 (BIFF5): the cells of each
// worksheet, with the results that formulas had when the file was saved. What becomes of the cells is the same for all
// spreadsheets (package sheet).
package xls

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/crypt"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/sheet"
)

// workbook is one file on its way.
type workbook struct {
	ctx      context.Context
	budget   *budget.Budget
	stream   []byte
	wide     bool // BIFF8: texts are of Unicode
	codePage int
	strings  []string
	formats  map[uint16]bool // by number: it shows dates
	styles   []uint16        // number of the format, by cell style
	from1904 bool
	sheets   []worksheet
	text     int64 // bytes in cells so far
}

// worksheet is where a sheet begins in the stream.
type worksheet struct {
	name string
	at   int
}

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	container, err := ole.Open(f, b)
	if errors.Is(err, ole.ErrNotOLE) {
		return nil, budget.Errorf(budget.Corrupt, "Not a valid XLS file. It may be cut off or damaged: open it in its program and save it again.")
	}
	if err != nil {
		return nil, err
	}
	w := &workbook{ctx: ctx, budget: b, codePage: 1252, formats: map[uint16]bool{}}
	for _, name := range []string{"Workbook", "Book"} {
		if w.stream, err = container.Root().Stream(name); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, budget.Errorf(budget.Corrupt, "Not a valid XLS file. Its workbook is missing.")
	}
	if err != nil {
		return nil, err
	}
	if err := w.globals(f.Name, o.Password); err != nil {
		return nil, err
	}
	var out []element.Element
	for i, s := range w.sheets {
		if err := b.Page(); err != nil {
			return nil, err
		}
		cells, err := w.cells(s.at)
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

// Record types.
const (
	recEOF        = 0x0a
	recFilePass   = 0x2f
	recDate1904   = 0x22
	recContinue   = 0x3c
	recCodePage   = 0x42
	recBoundSheet = 0x85
	recXF         = 0xe0
	recSST        = 0xfc
	recFormat     = 0x41e
	recBOF        = 0x809
	recMulRK      = 0xbd
	recRString    = 0xd6
	recLabelSST   = 0xfd
	recNumber     = 0x203
	recLabel      = 0x204
	recBoolErr    = 0x205
	recString     = 0x207
	recRK         = 0x27e
	recFormula    = 0x06
	recFormula3   = 0x206
	recFormula4   = 0x406
)

// globals reads what stands before the sheets.
func (w *workbook) globals(name, password string) error {
	first := true
	err := w.each(0, func(r *record) error {
		if first && r.kind != recBOF {
			return budget.Errorf(budget.Corrupt, "Not a valid XLS file. It may be cut off or damaged: open it in its program and save it again.")
		}
		switch d := r.data; r.kind {
		case recBOF:
			if !first {
				return nil
			}
			switch d.u16(0) {
			case 0x600:
				w.wide = true
			case 0x500:
			default:
				return budget.Errorf(budget.Unsupported, "the workbook is older than Excel 5; open it in a newer program and save it again")
			}
		case recFilePass:
			if err := w.unlock(r.at, d, name, password); err != nil {
				return err
			}
		case recCodePage:
			switch page := int(d.u16(0)); page {
			case 0x8000:
				w.codePage = 10000
			case 0x8001:
			default:
				w.codePage = page
			}
		case recDate1904:
			w.from1904 = d.u16(0) == 1
		case recBoundSheet:
			if len(d) < 7 || d[5] != 0 { // charts, macros
				return nil
			}
			title := w.shortText(d[6:])
			w.sheets = append(w.sheets, worksheet{title, int(d.u32(0))})
		case recFormat:
			code := ""
			if w.wide && len(d) > 4 {
				code = unicodeText(d[4:], int(d.u16(2)))
			} else if !w.wide && len(d) > 2 {
				code = w.shortText(d[2:])
			}
			w.formats[d.u16(0)] = sheet.IsDateFormat(code)
		case recXF:
			w.styles = append(w.styles, d.u16(2))
		case recSST:
			return w.sst(r)
		}
		first = false
		return nil
	})
	if err == nil && first {
		err = ole.Damaged()
	}
	return err
}

// shortText is a text whose length is one byte.
func (w *workbook) shortText(d bytes) string {
	if len(d) == 0 {
		return ""
	}
	if w.wide {
		return unicodeText(d[1:], int(d[0]))
	}
	return charset.FromCodePage(d[1:min(len(d), 1+int(d[0]))], w.codePage)
}

// unlock decrypts everything behind the record that says so. Record headers, and what must be read before, are in clear.
func (w *workbook) unlock(at int, d bytes, name, password string) error {
	var s crypt.Stream
	xor := d.u16(0) == 0 || !w.wide
	for _, p := range crypt.Passwords(password) {
		var ok bool
		var err error
		if xor {
			k := d
			if w.wide {
				k = d[min(2, len(d)):]
			}
			s, ok = crypt.XOR(k.u16(0), k.u16(2), p)
		} else if s, ok, err = crypt.Legacy(d[min(2, len(d)):], name, p, 1024); err != nil {
			return err
		}
		if ok {
			break
		}
		s = nil
	}
	if s == nil && password == "" {
		return crypt.Locked(name)
	}
	if s == nil {
		return crypt.Wrong(name)
	}
	for at < len(w.stream) {
		kind, n, ok := header(w.stream, at)
		if !ok {
			break
		}
		data := w.stream[at+4 : at+4+n]
		offset := at + 4
		at += 4 + n
		skip := 0
		switch kind {
		case recBOF, recFilePass, 0xe1, 0x195, 0x196, 0x138, 0x194: // interface, locks, users
			continue
		case recBoundSheet:
			skip = min(4, n)
		}
		shift := offset + skip
		if xor {
			shift += n
		}
		s.Reveal(data[skip:], shift)
	}
	return nil
}

// order sorts cells by rows and columns; of those that claim one place the last stays.
func order(cells []sheet.Cell) []sheet.Cell {
	byPlace := func(a, b sheet.Cell) int { return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Col, b.Col)) }
	if !slices.IsSortedFunc(cells, byPlace) {
		slices.SortStableFunc(cells, byPlace)
	}
	n := 0
	for i, c := range cells {
		if i+1 == len(cells) || cells[i+1].Row != c.Row || cells[i+1].Col != c.Col {
			cells[n] = c
			n++
		}
	}
	return cells[:n]
}
