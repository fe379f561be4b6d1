// Package catalog reads what a PDF would have a viewer do when it is opened and closed: the actions of its catalogue (ISO 32000-1, 7.7.2, OpenAction and
// AA), which PDFium does not tell. It reads the cross-reference tables and streams of a whole file, and objects in object streams where these are not
// encrypted; of a file that is damaged, or written otherwise than it says, it finds nothing.
package catalog

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Action is one of the actions.
type Action struct {
	Kind   string // as the file has it: Launch, JavaScript, URI, GoToR ...
	Target string // the file or the address; "" where there is none, or it is encrypted
}

// Bounds of what is read.
const (
	maxObject   = 64 << 10 // bytes of an object that is no stream
	maxPacked   = 4 << 20  // bytes of a stream
	maxUnpacked = 16 << 20 // of a stream
	maxAll      = 64 << 20 // of all streams
	maxSections = 32
	maxParts    = 1000 // of a table
	maxActions  = 100
	maxFollowed = 8 // references
	maxLoads    = 500
)

// Actions returns the actions of the document in a file of size bytes, those on opening first. Moves within the document are left out.
func Actions(f io.ReaderAt, size int64) []Action {
	r := &reader{f: f, size: size}
	head := make([]byte, min(1024, size))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF { //nolint:errorlint // io.ReaderAt returns it bare
		return nil
	}
	r.base = int64(max(bytes.Index(head, []byte("%PDF-")), 0))
	if !r.readSections() {
		return nil
	}
	root, _ := r.resolve(r.trailer["Root"]).(dictionary)
	r.list(root["OpenAction"])
	events, _ := r.resolve(root["AA"]).(dictionary)
	for _, event := range slices.Sorted(maps.Keys(events)) {
		r.list(events[event])
	}
	return r.found
}

// list adds an action and those that follow it, each object once.
func (r *reader) list(first any) {
	seen := map[reference]bool{}
	for waiting := []any{first}; len(waiting) > 0 && len(r.found) < maxActions; {
		v := waiting[0]
		waiting = waiting[1:]
		if n, ok := v.(reference); ok {
			if seen[n] {
				continue
			}
			seen[n] = true
		}
		switch v := r.resolve(v).(type) {
		case dictionary:
			if kind, _ := r.resolve(v["S"]).(name); kind != "" && kind != "GoTo" {
				r.found = append(r.found, Action{string(kind), r.target(v)})
			}
			if next := v["Next"]; next != nil {
				waiting = append(waiting, next)
			}
		case array: // of actions, or a place, whose page is none
			waiting = append(waiting, v[:min(len(v), maxActions)]...)
		}
	}
}

// target finds the file or the address of an action.
func (r *reader) target(d dictionary) string {
	if r.encrypted {
		return ""
	}
	for _, key := range []string{"URI", "F", "Win", "Unix", "Mac", "N"} {
		switch v := r.resolve(d[key]).(type) {
		case text:
			return plain(v)
		case name:
			return string(v)
		case dictionary:
			for _, key := range []string{"UF", "F"} {
				if v, ok := r.resolve(v[key]).(text); ok {
					return plain(v)
				}
			}
		}
	}
	return ""
}

// plain decodes a text: UTF-16 with its mark, UTF-8 with its mark, else bytes of Latin letters.
func plain(t text) string {
	s := string(t)
	if rest, ok := strings.CutPrefix(s, "\xfe\xff"); ok {
		units := make([]uint16, len(rest)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16([]byte(rest[2*i:]))
		}
		return string(utf16.Decode(units))
	}
	if rest, ok := strings.CutPrefix(s, "\xef\xbb\xbf"); ok {
		return strings.ToValidUTF8(rest, "")
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// reader is a file whose cross-reference sections have been found.
type reader struct {
	f         io.ReaderAt
	size      int64
	base      int64 // where the file begins behind what stands before it
	sections  []section
	trailer   dictionary
	encrypted bool
	loads     int
	unpacked  int
	found     []Action
}

// section finds the place of an object: its offset, or the object stream that holds it.
type section func(number int) (p place, ok bool)

type place struct {
	offset int64
	holder int // number of the object stream, -1 for none
}

// window reads up to n bytes.
func (r *reader) window(offset int64, n int) []byte {
	offset += r.base
	if offset < 0 || offset >= r.size {
		return nil
	}
	b := make([]byte, min(int64(n), r.size-offset))
	got, _ := r.f.ReadAt(b, offset)
	return b[:got]
}

// readSections follows the cross-reference sections from the last to the first.
func (r *reader) readSections() bool {
	tail := r.window(max(r.size-r.base-2048, 0), 2048)
	at := bytes.LastIndex(tail, []byte("startxref"))
	if at < 0 {
		return false
	}
	start := (&scanner{b: tail, at: at + len("startxref")}).number()
	seen := map[int]bool{}
	for next := []int{start}; len(next) > 0 && len(seen) < maxSections; {
		at := next[0]
		next = next[1:]
		if at < 0 || seen[at] {
			continue
		}
		seen[at] = true
		trailer := r.readSection(int64(at))
		if trailer == nil {
			return false
		}
		if r.trailer == nil {
			r.trailer = trailer
		}
		r.encrypted = r.encrypted || trailer["Encrypt"] != nil
		for _, key := range []string{"XRefStm", "Prev"} {
			if v, ok := trailer[key].(float64); ok && v > 0 && v < 1<<40 {
				next = append(next, int(v))
			}
		}
	}
	return true
}

// readSection reads one section and gives its trailer.
func (r *reader) readSection(at int64) dictionary {
	s := &scanner{b: r.window(at, 64)}
	if !s.next("xref") {
		d, data := r.stream(at)
		if kind, _ := d["Type"].(name); kind != "XRef" || data == nil {
			return nil
		}
		r.sections = append(r.sections, indexed(d, data))
		return d
	}
	at += int64(s.at)
	for range maxParts {
		s := &scanner{b: r.window(at, maxObject)}
		if s.next("trailer") {
			d, _ := s.value(0).(dictionary)
			return d
		}
		first, count := s.number(), s.number()
		s.skip()
		if first < 0 || count < 0 {
			return nil
		}
		entries := at + int64(s.at)
		r.sections = append(r.sections, func(n int) (place, bool) {
			if n < first || n >= first+count {
				return place{}, false
			}
			entry := &scanner{b: r.window(entries+20*int64(n-first), 20)}
			offset, generation := entry.word(), entry.number()
			v, err := strconv.ParseInt(offset, 10, 64)
			return place{v, -1}, err == nil && generation >= 0 && entry.next("n")
		})
		at = entries + 20*int64(count)
	}
	return nil
}

// indexed is the section of a cross-reference stream (ISO 32000-1, 7.5.8).
func indexed(d dictionary, data []byte) section {
	widths, _ := d["W"].(array)
	var w [3]int
	for i := range min(len(w), len(widths)) {
		v, _ := widths[i].(float64)
		w[i] = int(min(max(v, 0), 8))
	}
	length := w[0] + w[1] + w[2]
	size, _ := d["Size"].(float64)
	index, ok := d["Index"].(array)
	if !ok {
		index = array{0.0, size}
	}
	field := func(b []byte) (v int64) {
		for _, c := range b {
			v = v<<8 | int64(c)
		}
		return v
	}
	return func(n int) (place, bool) {
		skipped := 0
		for i := 0; i+1 < len(index) && length > 0; i += 2 {
			first, _ := index[i].(float64)
			count, _ := index[i+1].(float64)
			if first < 0 || count < 0 || first > 1<<31 || count > 1<<31 {
				return place{}, false
			}
			if n < int(first) || n >= int(first)+int(count) {
				skipped += int(count)
				continue
			}
			at := length * (skipped + n - int(first))
			if at+length > len(data) {
				return place{}, false
			}
			entry := data[at : at+length]
			kind := int64(1)
			if w[0] > 0 {
				kind = field(entry[:w[0]])
			}
			second := field(entry[w[0] : w[0]+w[1]])
			switch kind {
			case 1:
				return place{second, -1}, true
			case 2:
				return place{holder: int(min(max(second, 0), 1<<31))}, true
			}
			return place{}, false
		}
		return place{}, false
	}
}

// resolve follows references.
func (r *reader) resolve(v any) any {
	for range maxFollowed {
		n, ok := v.(reference)
		if !ok {
			return v
		}
		v = r.load(int(n))
	}
	return nil
}

// load reads an object.
func (r *reader) load(n int) any {
	if r.loads++; r.loads > maxLoads {
		return nil
	}
	p, ok := r.find(n)
	switch {
	case !ok:
		return nil
	case p.holder < 0:
		s := r.object(p.offset, n)
		if s == nil {
			return nil
		}
		return s.value(0)
	}
	holder, ok := r.find(p.holder)
	if !ok || holder.holder >= 0 || r.encrypted {
		return nil
	}
	d, data := r.stream(holder.offset)
	count, _ := d["N"].(float64)
	first, _ := d["First"].(float64)
	pairs := &scanner{b: data}
	for range int(min(count, 100_000)) {
		number, offset := pairs.number(), pairs.number()
		if number < 0 || offset < 0 {
			return nil
		}
		if number == n {
			at := int(min(max(first, 0), 1<<31)) + offset
			if at >= len(data) {
				return nil
			}
			return (&scanner{b: data, at: at}).value(0)
		}
	}
	return nil
}

func (r *reader) find(n int) (place, bool) {
	for _, s := range r.sections {
		if p, ok := s(n); ok {
			return p, true
		}
	}
	return place{}, false
}

// object is a scanner behind the head of an object at an offset; n below 0 is any. nil where there is none.
func (r *reader) object(offset int64, n int) *scanner {
	s := &scanner{b: r.window(offset, maxObject)}
	number, generation := s.number(), s.number()
	if number < 0 || n >= 0 && number != n || generation < 0 || !s.next("obj") {
		return nil
	}
	return s
}

// stream reads a stream that is packed by Flate, or not at all; the data is nil where it cannot be read.
func (r *reader) stream(offset int64) (dictionary, []byte) {
	s := r.object(offset, -1)
	if s == nil {
		return nil, nil
	}
	d, _ := s.value(0).(dictionary)
	if !s.next("stream") {
		return d, nil
	}
	if s.at < len(s.b) && s.b[s.at] == '\r' {
		s.at++
	}
	if s.at < len(s.b) && s.b[s.at] == '\n' {
		s.at++
	}
	length, ok := d["Length"].(float64)
	if n, is := d["Length"].(reference); is && len(r.sections) > 0 {
		length, ok = r.resolve(n).(float64)
	}
	if !ok || length < 0 || length > maxPacked {
		return d, nil
	}
	data := r.window(offset+int64(s.at), int(length))
	filters, several := r.resolve(d["Filter"]).(array)
	if !several && d["Filter"] != nil {
		filters = array{d["Filter"]}
	}
	switch {
	case len(filters) == 0:
		return d, data
	case len(filters) > 1 || r.resolve(filters[0]) != name("FlateDecode") || r.unpacked > maxAll:
		return d, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return d, nil
	}
	data, _ = io.ReadAll(io.LimitReader(z, maxUnpacked)) // what is behind the end is not needed
	r.unpacked += len(data)
	parameters, _ := r.resolve(d["DecodeParms"]).(dictionary)
	return d, unpredicted(data, parameters)
}

// unpredicted undoes the predictors of PNG (ISO 32000-1, 7.4.4.4) for samples of one byte, as streams of this kind have them.
func unpredicted(data []byte, d dictionary) []byte {
	predictor, _ := d["Predictor"].(float64)
	if predictor < 2 {
		return data
	}
	columns, ok := d["Columns"].(float64)
	if predictor < 10 || !ok || columns < 1 || columns > 1<<16 {
		return nil
	}
	n := int(columns)
	out := make([]byte, 0, len(data))
	above := make([]byte, n)
	for at := 0; at+1+n <= len(data); at += 1 + n {
		row := data[at+1 : at+1+n]
		for i := range row {
			var left, corner byte
			if i > 0 {
				left, corner = row[i-1], above[i-1]
			}
			switch data[at] {
			case 1:
				row[i] += left
			case 2:
				row[i] += above[i]
			case 3:
				row[i] += byte((int(left) + int(above[i])) / 2) //nolint:gosec // a mean of bytes
			case 4:
				row[i] += paeth(left, above[i], corner)
			}
		}
		out = append(out, row...)
		above = row
	}
	return out
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	distance := func(v byte) int { return max(p-int(v), int(v)-p) }
	switch x, y, z := distance(a), distance(b), distance(c); {
	case x <= y && x <= z:
		return a
	case y <= z:
		return b
	}
	return c
}
