// Package ole reads compound files (MS-CFB), the containers of legacy office documents, of Outlook messages and of encrypted
// office files: storages, like folders, that hold streams, like files. It reads only the sectors that are asked for. A
// chain of sectors that runs in a circle or out of the file is an error, and so is a stream of which the file holds less
// than it says; what is read counts against the budget every time, since many entries may claim the same sectors.
package ole

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"strings"
	"unicode/utf16"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
)

// Signature is how every compound file begins.
const Signature = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// ErrNotOLE is a file that is no compound file.
var ErrNotOLE = errors.New("not a compound file")

// Damaged is the error of a file that is cut off or contradicts itself.
func Damaged() error {
	return budget.Errorf(budget.Corrupt, "the file is cut off or damaged: open it in its program and save it again")
}

// File is an open compound file.
type File struct {
	content document.File
	budget  *budget.Budget
	shift   uint // log2 of a sector's size, bytes
	fat     []uint32
	miniFAT []uint32
	mini    []byte // the stream that small streams stand in
	cutoff  int64  // below this size a stream is a small one, bytes
	entries []entry
}

type entry struct {
	name              string
	kind              byte
	left, right, down uint32
	class             [16]byte
	start             uint32
	size              int64
}

// Kinds of entries.
const (
	isStorage = 1
	isStream  = 2
	isRoot    = 5
)

const (
	none       = 0xffffffff // no entry
	lastSector = 0xfffffffa // beyond it, numbers have other meanings
	headerSize = 512
	miniShift  = 6
	maxEntries = 1_000_000
	maxStream  = 1 << 30 // bytes; a stream is read as a whole
)

// Open reads the allocation tables and the directory. The error is ErrNotOLE, a *budget.Error or that of reading.
func Open(f document.File, b *budget.Budget) (*File, error) {
	header := make([]byte, headerSize)
	if _, err := f.ReadAt(header, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if f.Size < headerSize && string(header[:8]) == Signature {
		return nil, Damaged()
	}
	if string(header[:8]) != Signature {
		return nil, ErrNotOLE
	}
	o := &File{content: f, budget: b, shift: uint(binary.LittleEndian.Uint16(header[30:])), cutoff: int64(binary.LittleEndian.Uint32(header[56:]))}
	if o.shift < 7 || o.shift > 16 {
		return nil, Damaged()
	}
	if err := o.readFAT(header); err != nil {
		return nil, err
	}
	if err := o.readDirectory(binary.LittleEndian.Uint32(header[48:])); err != nil {
		return nil, err
	}
	return o, o.readMini(binary.LittleEndian.Uint32(header[60:]))
}

// sectors is how many the file has, the last maybe in part.
func (o *File) sectors() int64 { return (o.content.Size - 1) >> o.shift }

// readFAT collects the sectors of the allocation table, from the header and from the chain behind it.
func (o *File) readFAT(header []byte) error {
	var table []uint32
	add := func(b []byte) {
		for ; len(b) >= 4; b = b[4:] {
			if n := binary.LittleEndian.Uint32(b); n <= lastSector {
				table = append(table, n)
			}
		}
	}
	add(header[76:])
	next := binary.LittleEndian.Uint32(header[68:])
	for steps := int64(0); next <= lastSector; steps++ {
		if steps > o.sectors() {
			return Damaged()
		}
		s, err := o.read(nil, []run{{next, 1}}, 1<<o.shift)
		if err != nil {
			return err
		}
		add(s[:len(s)-4])
		next = binary.LittleEndian.Uint32(s[len(s)-4:])
	}
	perSector := int64(1) << o.shift / 4
	if int64(len(table)) > o.sectors()/perSector+2 { // more of the table than the file needs: the same sectors again
		table = table[:o.sectors()/perSector+2]
	}
	var buf []byte
	for _, n := range table {
		if int64(n) >= o.sectors() {
			return Damaged()
		}
		var err error
		if buf, err = o.read(buf[:0], []run{{n, 1}}, 1<<o.shift); err != nil {
			return err
		}
		for i := 0; i < len(buf); i += 4 {
			o.fat = append(o.fat, binary.LittleEndian.Uint32(buf[i:]))
		}
	}
	return nil
}

// run is sectors that stand one behind the other.
type run struct {
	first uint32
	count int64
}

// chain follows the sectors of a stream of size bytes, or to its end when size is negative. It gives the size.
func (o *File) chain(start uint32, size int64) ([]run, int64, error) {
	if size > o.content.Size {
		return nil, 0, Damaged()
	}
	var runs []run
	n := int64(0)
	for ; size < 0 && start <= lastSector || n<<o.shift < size; n++ {
		if int64(start) >= o.sectors() || n > o.sectors() {
			return nil, 0, Damaged()
		}
		if k := len(runs) - 1; k >= 0 && int64(runs[k].first)+runs[k].count == int64(start) {
			runs[k].count++
		} else {
			runs = append(runs, run{start, 1})
		}
		if int(start) >= len(o.fat) {
			if n++; n<<o.shift >= size && size >= 0 {
				break
			}
			return nil, 0, Damaged()
		}
		start = o.fat[start]
	}
	if size < 0 {
		size = n << o.shift
	}
	return runs, size, nil
}

// read appends size bytes of runs to buf. The last sector of a file may be short: what is missing of it is zero.
func (o *File) read(buf []byte, runs []run, size int64) ([]byte, error) {
	if err := o.budget.Inflate(size); err != nil {
		return nil, err
	}
	at := len(buf)
	buf = append(buf, make([]byte, size)...)
	for _, r := range runs {
		piece := buf[at:min(int64(len(buf)), int64(at)+r.count<<o.shift)]
		n, err := o.content.ReadAt(piece, (int64(r.first)+1)<<o.shift)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(piece)-n >= 1<<o.shift {
			return nil, Damaged()
		}
		at += len(piece)
	}
	return buf, nil
}

// bytes reads a stream of the large kind.
func (o *File) bytes(start uint32, size int64) ([]byte, error) {
	runs, size, err := o.chain(start, size)
	if err != nil {
		return nil, err
	}
	if size > maxStream {
		return nil, budget.Errorf(budget.TooLarge, "a part of the file has more than %d bytes", maxStream)
	}
	return o.read(nil, runs, size)
}

func (o *File) readDirectory(start uint32) error {
	raw, err := o.bytes(start, -1)
	if err != nil {
		return err
	}
	if len(raw)/128 > maxEntries {
		return budget.Errorf(budget.TooLarge, "the file holds more than %d parts", maxEntries)
	}
	for ; len(raw) >= 128; raw = raw[128:] {
		e := entry{
			kind: raw[66], left: binary.LittleEndian.Uint32(raw[68:]), right: binary.LittleEndian.Uint32(raw[72:]),
			down: binary.LittleEndian.Uint32(raw[76:]), class: [16]byte(raw[80:96]), start: binary.LittleEndian.Uint32(raw[116:]),
			size: int64(binary.LittleEndian.Uint64(raw[120:]) & (1<<63 - 1)),
		}
		if o.shift == 9 { // the upper half may be noise in files of version 3
			e.size &= 0xffffffff
		}
		var units []uint16
		for i := 0; i+2 < min(int(binary.LittleEndian.Uint16(raw[64:])), 64); i += 2 {
			units = append(units, binary.LittleEndian.Uint16(raw[i:]))
		}
		e.name = strings.TrimRight(string(utf16.Decode(units)), "\x00")
		o.entries = append(o.entries, e)
	}
	if len(o.entries) == 0 || o.entries[0].kind != isRoot {
		return Damaged()
	}
	return nil
}

// readMini reads where small streams stand.
func (o *File) readMini(start uint32) error {
	root := o.entries[0]
	if root.size == 0 || root.start > lastSector {
		return nil
	}
	var err error
	if o.mini, err = o.bytes(root.start, root.size); err != nil {
		return err
	}
	table, err := o.bytes(start, -1)
	if err != nil {
		return err
	}
	for ; len(table) >= 4; table = table[4:] {
		o.miniFAT = append(o.miniFAT, binary.LittleEndian.Uint32(table))
	}
	return nil
}

// small reads a stream of the small kind.
func (o *File) small(start uint32, size int64) ([]byte, error) {
	if size > int64(len(o.mini)) {
		return nil, Damaged()
	}
	if err := o.budget.Inflate(size); err != nil {
		return nil, err
	}
	out := make([]byte, 0, size)
	for int64(len(out)) < size {
		at := int64(start) << miniShift
		if at >= int64(len(o.mini)) {
			return nil, Damaged()
		}
		end := min(at+1<<miniShift, int64(len(o.mini)))
		out = append(out, o.mini[at:min(end, at+size-int64(len(out)))]...)
		if int64(len(out)) < size {
			if int(start) >= len(o.miniFAT) {
				return nil, Damaged()
			}
			start = o.miniFAT[start]
		}
	}
	return out, nil
}

// Storage is a folder of a compound file.
type Storage struct {
	o     *File
	index uint32
	byKey map[string]uint32 // entries by folded name
	names []string
}

// Root is the outermost storage.
func (o *File) Root() *Storage { return o.storage(0) }

// storage collects the entries of a storage, each once, however its tree of them is tangled.
func (o *File) storage(index uint32) *Storage {
	s := &Storage{o: o, index: index, byKey: map[string]uint32{}}
	seen := map[uint32]bool{}
	stack := []uint32{o.entries[index].down}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == none || int64(n) >= int64(len(o.entries)) || seen[n] {
			continue
		}
		seen[n] = true
		e := &o.entries[n]
		stack = append(stack, e.right, e.left)
		key := strings.ToUpper(e.name)
		if _, twice := s.byKey[key]; !twice && (e.kind == isStorage || e.kind == isStream) {
			s.byKey[key] = n
			s.names = append(s.names, e.name)
		}
	}
	return s
}

// Names lists what stands in a storage.
func (s *Storage) Names() []string { return s.names }

// Class is the class identifier, which names the program whose document this is, as it is stored.
func (s *Storage) Class() [16]byte { return s.o.entries[s.index].class }

// Has tells whether a stream of that name is there.
func (s *Storage) Has(name string) bool {
	n, ok := s.byKey[strings.ToUpper(name)]
	return ok && s.o.entries[n].kind == isStream
}

// Storage opens a storage inside; false when there is none.
func (s *Storage) Storage(name string) (*Storage, bool) {
	n, ok := s.byKey[strings.ToUpper(name)]
	if !ok || s.o.entries[n].kind != isStorage {
		return nil, false
	}
	return s.o.storage(n), true
}

// Stream reads a stream; the error is fs.ErrNotExist when there is none.
func (s *Storage) Stream(name string) ([]byte, error) {
	n, ok := s.byKey[strings.ToUpper(name)]
	if !ok || s.o.entries[n].kind != isStream {
		return nil, fs.ErrNotExist
	}
	e := &s.o.entries[n]
	switch {
	case e.size == 0:
		return nil, nil
	case e.size < s.o.cutoff:
		return s.o.small(e.start, e.size)
	}
	return s.o.bytes(e.start, e.size)
}

// Optional reads a stream that need not be there.
func (s *Storage) Optional(name string) ([]byte, error) {
	b, err := s.Stream(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}
