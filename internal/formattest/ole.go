package formattest

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// OLE packs streams by their paths (storages and a name, divided by slashes) into a compound file (MS-CFB) with sectors of
// 512 bytes. A path that ends in a slash is a storage that may be empty.
func OLE(streams map[string]string) []byte {
	root := &Storage{}
	for path, content := range streams {
		names := strings.Split(path, "/")
		s, last := root, len(names)-1
		for _, name := range names[:last] {
			s = s.Inside(name)
		}
		if names[last] != "" {
			s.Put(names[last], content)
		}
	}
	return root.Pack()
}

// Storage is a folder of a compound file that is being made.
type Storage struct {
	streams  map[string]string
	storages map[string]*Storage
}

// Put adds a stream.
func (s *Storage) Put(name, content string) {
	if s.streams == nil {
		s.streams = map[string]string{}
	}
	s.streams[name] = content
}

// Inside is the storage of that name, a new one when there is none.
func (s *Storage) Inside(name string) *Storage {
	if s.storages == nil {
		s.storages = map[string]*Storage{}
	}
	if s.storages[name] == nil {
		s.storages[name] = &Storage{}
	}
	return s.storages[name]
}

// Pack makes the compound file of which s is the root.
func (s *Storage) Pack() []byte {
	const (
		end, free = 0xfffffffe, 0xffffffff
		cutoff    = 4096
	)
	type entry struct {
		name     string
		kind     byte
		content  string
		children []int
		start    uint32
	}
	entries := []entry{{name: "Root Entry", kind: 5}}
	var add func(s *Storage, above int)
	add = func(s *Storage, above int) {
		names := append(slices.Collect(maps.Keys(s.streams)), slices.Collect(maps.Keys(s.storages))...)
		slices.Sort(names)
		for _, name := range names {
			i := len(entries)
			entries[above].children = append(entries[above].children, i)
			if inner, ok := s.storages[name]; ok {
				entries = append(entries, entry{name: name, kind: 1})
				add(inner, i)
			} else {
				entries = append(entries, entry{name: name, kind: 2, content: s.streams[name]})
			}
		}
	}
	add(s, 0)
	var sectors []byte // behind the header
	var fat, miniFAT []uint32
	var mini []byte
	chain := func(table []uint32, n int) []uint32 {
		for k := range n {
			if k == n-1 {
				table = append(table, end)
			} else {
				table = append(table, uint32(len(table)+1))
			}
		}
		return table
	}
	store := func(content []byte) uint32 {
		if len(content) == 0 {
			return end
		}
		start := len(fat)
		n := (len(content) + 511) / 512
		sectors = append(append(sectors, content...), make([]byte, n*512-len(content))...)
		fat = chain(fat, n)
		return uint32(start)
	}
	for i := range entries {
		e := &entries[i]
		e.start = end
		switch n := len(e.content); {
		case e.kind != 2 || n == 0:
		case n < cutoff:
			e.start = uint32(len(miniFAT))
			k := (n + 63) / 64
			mini = append(append(mini, e.content...), make([]byte, k*64-n)...)
			miniFAT = chain(miniFAT, k)
		default:
			e.start = store([]byte(e.content))
		}
	}
	entries[0].start = store(mini)
	le := binary.LittleEndian
	var table []byte
	for _, n := range miniFAT {
		table = le.AppendUint32(table, n)
	}
	for len(table)%512 != 0 {
		table = le.AppendUint32(table, free)
	}
	miniStart := store(table)
	directory := make([]byte, (len(entries)+3)/4*512)
	for i := range len(directory) / 128 {
		d := directory[i*128 : i*128+128]
		for _, at := range []int{68, 72, 76} {
			le.PutUint32(d[at:], free)
		}
		if i >= len(entries) {
			continue
		}
		e := &entries[i]
		units := utf16.Encode([]rune(e.name))
		for k, u := range units[:min(len(units), 31)] {
			le.PutUint16(d[2*k:], u)
		}
		le.PutUint16(d[64:], uint16(2*min(len(units), 31)+2))
		d[66], d[67] = e.kind, 1
		le.PutUint32(d[116:], e.start)
		le.PutUint64(d[120:], uint64(len(e.content)))
		if i == 0 {
			le.PutUint64(d[120:], uint64(len(mini)))
		}
	}
	for i := range entries {
		slices.SortFunc(entries[i].children, func(a, b int) int { // shorter names first, then by letters
			x, y := entries[a].name, entries[b].name
			return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(strings.ToUpper(x), strings.ToUpper(y)))
		})
		var tree func(members []int) uint32
		tree = func(members []int) uint32 { // balanced
			if len(members) == 0 {
				return free
			}
			k := len(members) / 2
			left, right := tree(members[:k]), tree(members[k+1:])
			m := directory[members[k]*128:]
			le.PutUint32(m[68:], left)
			le.PutUint32(m[72:], right)
			return uint32(members[k])
		}
		le.PutUint32(directory[i*128+76:], tree(entries[i].children))
	}
	directoryStart := store(directory)
	// The tables of sectors: those that list themselves, too.
	header := make([]byte, 512)
	n, extra := 0, 0
	for {
		total := len(fat) + n + extra
		if needed := (total + 127) / 128; needed > n {
			n = needed
		} else {
			break
		}
		if n > 109 {
			extra = (n - 109 + 126) / 127
		}
	}
	first := uint32(len(fat))
	for range n {
		fat = append(fat, 0xfffffffd)
	}
	firstExtra := uint32(len(fat))
	for range extra {
		fat = append(fat, 0xfffffffc)
	}
	for len(fat) < n*128 {
		fat = append(fat, free)
	}
	for _, v := range fat {
		sectors = le.AppendUint32(sectors, v)
	}
	listed := uint32(109)
	for k := range extra {
		for range 127 {
			if listed < uint32(n) {
				sectors = le.AppendUint32(sectors, first+listed)
			} else {
				sectors = le.AppendUint32(sectors, free)
			}
			listed++
		}
		if k == extra-1 {
			sectors = le.AppendUint32(sectors, end)
		} else {
			sectors = le.AppendUint32(sectors, firstExtra+uint32(k)+1)
		}
	}
	copy(header, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(header[24:], 0x3e)
	le.PutUint16(header[26:], 3)
	le.PutUint16(header[28:], 0xfffe)
	le.PutUint16(header[30:], 9)
	le.PutUint16(header[32:], 6)
	le.PutUint32(header[44:], uint32(n))
	le.PutUint32(header[48:], directoryStart)
	le.PutUint32(header[56:], cutoff)
	le.PutUint32(header[60:], miniStart)
	le.PutUint32(header[64:], uint32(len(table)/512))
	le.PutUint32(header[68:], end)
	if extra > 0 {
		le.PutUint32(header[68:], firstExtra)
	}
	le.PutUint32(header[72:], uint32(extra))
	for k := range 109 {
		v := uint32(free)
		if k < n {
			v = first + uint32(k)
		}
		le.PutUint32(header[76+4*k:], v)
	}
	return append(header, sectors...)
}
