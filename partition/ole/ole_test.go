package ole

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
)

func open(b []byte, limits budget.Limits) (*File, error) {
	return Open(document.NewFile("a", "", int64(len(b)), bytes.NewReader(b)), budget.New(limits))
}

// sample has small and large streams in storages, and a table of sectors that does not fit in the header.
func sample(size int) map[string]string {
	return map[string]string{
		"A": "first", "Empty": "", "Large": strings.Repeat("0123456789abcdef", size/16), "Folder/Inner/Deep": strings.Repeat("x", 4095),
		"Folder/\x05Summary": strings.Repeat("y", 4096), "Nothing/": "",
	}
}

func read(o *File, path string) (string, error) {
	s := o.Root()
	for {
		name, rest, more := strings.Cut(path, "/")
		if !more {
			b, err := s.Stream(name)
			return string(b), err
		}
		var ok bool
		if s, ok = s.Storage(name); !ok {
			return "", errors.New("no storage " + name)
		}
		path = rest
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10_000, 8 << 20} { // the second needs sectors that list sectors of the table
		want := sample(size)
		o, err := open(formattest.OLE(want), budget.Default)
		if err != nil {
			t.Fatal(err)
		}
		for path, content := range want {
			if strings.HasSuffix(path, "/") {
				continue
			}
			if got, err := read(o, strings.ToLower(path)); err != nil || got != content {
				t.Errorf("%s: %d bytes, %v, want %d", path, len(got), err, len(content))
			}
		}
		if names := o.Root().Names(); len(names) != 5 {
			t.Errorf("%q", names)
		}
		if _, err := read(o, "Missing"); err == nil || o.Root().Has("Folder") || !o.Root().Has("a") {
			t.Error("a stream that is not there")
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	whole := formattest.OLE(sample(100_000))
	for i := range 20 {
		o, err := open(whole[:len(whole)*i/20], budget.Default)
		var failed *budget.Error
		if err == nil {
			_, err = read(o, "Large")
		}
		if !errors.Is(err, ErrNotOLE) && (!errors.As(err, &failed) || failed.Outcome != budget.Corrupt) {
			t.Errorf("cut at %d twentieths: %v", i, err)
		}
	}
}

// TestCircles makes every number in the tables point at the first sector, at itself, or far away.
func TestCircles(t *testing.T) {
	t.Parallel()
	for _, value := range []uint32{0, 1, 7, 0x7fffffff, 0xfffffffe, 0xffffffff} {
		for _, at := range []int{48, 60, 68, 76, 80} {
			b := formattest.OLE(sample(100_000))
			binary.LittleEndian.PutUint32(b[at:], value)
			walk(t, b)
		}
		b := formattest.OLE(sample(100_000))
		fat := (int(binary.LittleEndian.Uint32(b[76:])) + 1) * 512
		for k := range 128 {
			binary.LittleEndian.PutUint32(b[fat+4*k:], value)
		}
		walk(t, b)
	}
}

// walk reads everything that is there.
func walk(t *testing.T, b []byte) {
	limits := budget.Default
	limits.Inflated = 64 << 20
	o, err := open(b, limits)
	var failed *budget.Error
	if err != nil {
		if !errors.As(err, &failed) && !errors.Is(err, ErrNotOLE) {
			t.Errorf("an error without an outcome: %v", err)
		}
		return
	}
	var visit func(s *Storage, depth int)
	visit = func(s *Storage, depth int) {
		for _, name := range s.Names() {
			if _, err := s.Optional(name); err != nil && !errors.As(err, &failed) {
				t.Errorf("an error without an outcome: %v", err)
			}
			if inner, ok := s.Storage(name); ok && depth < 8 {
				visit(inner, depth+1)
			}
		}
	}
	visit(o.Root(), 0)
}

// TestManyClaims has entries that all claim the same sectors: reading them is bounded by the budget.
func TestManyClaims(t *testing.T) {
	t.Parallel()
	streams := map[string]string{"a": strings.Repeat("x", 1<<20)}
	for i := range 300 {
		streams[fmt.Sprintf("b%d", i)] = ""
	}
	b := formattest.OLE(streams)
	at := bytes.Index(b, []byte("a\x00\x00\x00"))
	for at%128 != 0 {
		at += 1 + bytes.Index(b[at+1:], []byte("a\x00\x00\x00"))
	}
	start := bytes.Clone(b[at+116 : at+128])
	for i := range 300 {
		name := formattestName(fmt.Sprintf("b%d", i))
		k := bytes.Index(b, name)
		copy(b[k+116:], start)
	}
	limits := budget.Default
	limits.Inflated = 32 << 20
	o, err := open(b, limits)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if _, err = o.Root().Stream(fmt.Sprintf("b%d", i)); err != nil {
			break
		}
	}
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TooLarge {
		t.Errorf("%v", err)
	}
}

func formattestName(s string) []byte {
	var out []byte
	for _, c := range []byte(s) {
		out = append(out, c, 0)
	}
	return append(out, 0, 0)
}

func FuzzOpen(f *testing.F) {
	f.Add(formattest.OLE(sample(5000)))
	f.Fuzz(walk)
}
