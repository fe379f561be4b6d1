package xls

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/ole"
)

// bytes are read as little-endian numbers; what stands beyond their end is zero.
type bytes []byte

func (b bytes) u16(at int) uint16 {
	if at < 0 || at+2 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint16(b[at:])
}

func (b bytes) u32(at int) uint32 {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint32(b[at:])
}

func (b bytes) u64(at int) uint64 { return uint64(b.u32(at)) | uint64(b.u32(at+4))<<32 }

// record is a piece of the stream.
type record struct {
	kind uint16
	data bytes
	at   int // where the next one begins
}

// header reads a record's type and length; false where the stream ends before it does.
func header(stream []byte, at int) (kind uint16, n int, ok bool) {
	if at < 0 || at+4 > len(stream) {
		return 0, 0, false
	}
	kind, n = binary.LittleEndian.Uint16(stream[at:]), int(binary.LittleEndian.Uint16(stream[at+2:]))
	return kind, n, at+4+n <= len(stream)
}

// each calls fn for the records from at on, to the end of the part of the stream; of parts inside it, such as charts,
// only what follows them counts.
func (w *workbook) each(at int, fn func(*record) error) error {
	depth := 0
	for {
		if err := w.budget.Tick(w.ctx); err != nil {
			return err
		}
		kind, n, ok := header(w.stream, at)
		if !ok {
			if at+4 > len(w.stream) && depth == 0 && at <= len(w.stream) { // the mark of the end is missing, no more
				return nil
			}
			return ole.Damaged()
		}
		r := &record{kind, w.stream[at+4 : at+4+n], at + 4 + n}
		at = r.at
		switch kind {
		case recBOF:
			depth++
		case recEOF:
			if depth--; depth <= 0 {
				return nil
			}
		}
		if depth > 1 {
			continue
		}
		if err := fn(r); err != nil {
			return err
		}
		at = max(at, r.at)
	}
}

// unicodeText is a text of n characters behind the byte that says whether each has one byte or two.
func unicodeText(d bytes, n int) string {
	if len(d) == 0 {
		return ""
	}
	flags, d := d[0], d[1:]
	if flags&8 != 0 { // runs of formats
		d = d[min(2, len(d)):]
	}
	if flags&4 != 0 { // readings of ideographs
		d = d[min(4, len(d)):]
	}
	if flags&1 == 0 {
		return latin1(d[:min(n, len(d))])
	}
	return wideText(d[:min(2*n, len(d))])
}

func latin1(b []byte) string {
	ascii := true
	for _, c := range b {
		ascii = ascii && c < 0x80
	}
	if ascii {
		return string(b)
	}
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

func wideText(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// sst reads the texts that cells share. They run on over records that continue the first; each of those begins with a new
// byte of flags where it cuts a text.
func (w *workbook) sst(r *record) error {
	s := w.pieces(r)
	s.skip(4)
	count := s.u32() // the least that a text takes is three bytes, so the file bounds what is read
	for range count {
		if err := w.budget.Tick(w.ctx); err != nil {
			return err
		}
		text, ok := s.text()
		if !ok {
			break
		}
		if err := w.budget.Inflate(int64(len(text))); err != nil {
			return err
		}
		w.strings = append(w.strings, text)
	}
	return nil
}

// pieces takes the records that continue r together with it.
func (w *workbook) pieces(r *record) *pieces {
	s := &pieces{rest: r.data}
	for {
		kind, n, ok := header(w.stream, r.at)
		if !ok || kind != recContinue {
			return s
		}
		s.more = append(s.more, w.stream[r.at+4:r.at+4+n])
		r.at += 4 + n
	}
}

// pieces is a row of records that are read as one.
type pieces struct {
	rest bytes
	more []bytes
}

// turn goes to the next record when the one at hand is used up; false at the end.
func (s *pieces) turn() bool {
	for len(s.rest) == 0 {
		if len(s.more) == 0 {
			return false
		}
		s.rest, s.more = s.more[0], s.more[1:]
	}
	return true
}

func (s *pieces) skip(n int) {
	for n > 0 && s.turn() {
		k := min(n, len(s.rest))
		s.rest = s.rest[k:]
		n -= k
	}
}

func (s *pieces) u8() byte {
	if !s.turn() {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b
}

func (s *pieces) u16() uint16 { return uint16(s.u8()) | uint16(s.u8())<<8 }

func (s *pieces) u32() uint32 { return uint32(s.u16()) | uint32(s.u16())<<16 }

// text reads one text; false at the end.
func (s *pieces) text() (string, bool) {
	if !s.turn() {
		return "", false
	}
	n := int(s.u16())
	flags := s.u8()
	runs, reading := 0, 0
	if flags&8 != 0 {
		runs = int(s.u16())
	}
	if flags&4 != 0 {
		reading = int(min(s.u32(), 1<<30))
	}
	var out strings.Builder
	var units []byte
	for n > 0 {
		if len(s.rest) == 0 {
			if !s.turn() {
				break
			}
			next := s.u8()
			if next&1 != flags&1 && len(units) > 0 {
				out.WriteString(wideText(units))
				units = nil
			}
			flags = next
			continue
		}
		if flags&1 == 0 {
			k := min(n, len(s.rest))
			out.WriteString(latin1(s.rest[:k]))
			s.rest, n = s.rest[k:], n-k
			continue
		}
		k := min(n, len(s.rest)/2)
		if k == 0 { // half a character
			s.rest = nil
			continue
		}
		units = append(units, s.rest[:2*k]...)
		s.rest, n = s.rest[2*k:], n-k
	}
	out.WriteString(wideText(units))
	s.skip(4*runs + reading)
	return out.String(), true
}

// label is a text of a cell whose length is two bytes.
func (w *workbook) label(d bytes) string {
	if len(d) < 2 {
		return ""
	}
	if w.wide {
		return unicodeText(d[2:], int(d.u16(0)))
	}
	return charset.FromCodePage(d[2:min(len(d), 2+int(d.u16(0)))], w.codePage)
}

// tooMuch is the error of cells that hold more text than is emitted.
func tooMuch(most int64) error {
	return budget.Errorf(budget.TooLarge, "the sheets have more than %d bytes of text; divide them", most)
}
