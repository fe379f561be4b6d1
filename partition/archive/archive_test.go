package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
)

func open(content []byte, l budget.Limits) (*Archive, error) {
	return Open(document.NewFile("a.zip", "", int64(len(content)), bytes.NewReader(content)), budget.New(l))
}

func outcome(err error) budget.Outcome {
	var failed *budget.Error
	if errors.As(err, &failed) {
		return failed.Outcome
	}
	return ""
}

func TestRead(t *testing.T) {
	t.Parallel()
	a, err := open(formattest.Zip(map[string]string{"Word/Document.xml": "body", `word\styles.xml`: "styles", "/rels": "r", "folder/": ""}), budget.Default)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"rels", "Word/Document.xml", `word/styles.xml`}; !slices.Equal(a.Names(), want) {
		t.Errorf("%q, want %q", a.Names(), want)
	}
	for name, want := range map[string]string{
		"word/document.xml": "body", "/WORD/DOCUMENT.XML": "body", "word/x/../styles.xml": "styles", `word\styles.xml`: "styles", "rels": "r",
	} {
		if got, err := a.Read(name, 10); err != nil || string(got) != want || !a.Has(name) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := a.Read("../../etc/passwd", 10); !errors.Is(err, fs.ErrNotExist) || a.Has("folder/") {
		t.Errorf("%v", err)
	}
	if _, err := a.Read("word/styles.xml", 5); outcome(err) != budget.TooLarge {
		t.Errorf("over the reader's limit: %v", err)
	}
	if _, err := a.Read("word/styles.xml", 6); err != nil {
		t.Errorf("at the reader's limit: %v", err)
	}
}

// deflated packs size bytes of zeros under each name.
func deflated(t *testing.T, size int, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	piece := make([]byte, 1<<20)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		for left := size; left > 0; left -= len(piece) {
			if _, err := w.Write(piece[:min(left, len(piece))]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// overlapping is a container whose n entries all point at the same deflated bytes.
func overlapping(t *testing.T, size, n int) []byte {
	t.Helper()
	whole := deflated(t, size, "a")
	end := bytes.LastIndex(whole, []byte("PK\x05\x06"))
	at := int(binary.LittleEndian.Uint32(whole[end+16:]))
	entry := whole[at:end]
	out := slices.Clone(whole[:at])
	for i := range n {
		e := slices.Clone(entry)
		e[46] = byte('a' + i) // the name, one byte long
		out = append(out, e...)
	}
	tail := slices.Clone(whole[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(n))
	binary.LittleEndian.PutUint16(tail[10:], uint16(n))
	binary.LittleEndian.PutUint32(tail[12:], uint32(n*len(entry)))
	return append(out, tail...)
}

// readAll inflates every entry and says how many bytes came before the error.
func readAll(a *Archive) (n int64, err error) {
	for _, name := range a.Names() {
		r, err := a.Open(name)
		if err != nil {
			return n, err
		}
		m, err := io.Copy(io.Discard, r)
		n += m
		if closed := r.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func TestBombs(t *testing.T) {
	t.Parallel()
	limits := budget.Limits{Inflated: 8 << 20}
	for name, content := range map[string][]byte{
		"one entry":         deflated(t, 64<<20, "a"),
		"several entries":   deflated(t, 3<<20, "a", "b", "c", "d"),
		"one entry n times": overlapping(t, 1<<20, 20),
	} {
		a, err := open(content, limits)
		if err != nil {
			if outcome(err) == "" && !errors.Is(err, ErrNotZip) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		n, err := readAll(a)
		if outcome(err) != budget.TooLarge || n > limits.Inflated+64<<10 {
			t.Errorf("%s: %d bytes were inflated, %v", name, n, err)
		}
		if len(content) > 1<<20 {
			t.Errorf("%s is no bomb: %d bytes", name, len(content))
		}
	}
}

// TestLyingSize has an entry that says that it holds fewer bytes than it inflates to.
func TestLyingSize(t *testing.T) {
	t.Parallel()
	content := deflated(t, 1<<20, "a")
	end := bytes.LastIndex(content, []byte("PK\x05\x06"))
	at := int(binary.LittleEndian.Uint32(content[end+16:]))
	binary.LittleEndian.PutUint32(content[at+24:], 10)
	a, err := open(content, budget.Default)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := readAll(a); outcome(err) != budget.Corrupt || n > 1<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// directory is a container that lists n empty entries.
func directory(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("x/%d", i), CRC32: crc32.ChecksumIEEE(nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestManyEntries is not parallel: it looks at what the process allocates.
func TestManyEntries(t *testing.T) {
	content := directory(t, 1_000_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := open(content, budget.Default)
	runtime.ReadMemStats(&after)
	if outcome(err) != budget.TooLarge {
		t.Errorf("%v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated to refuse a directory", used)
	}
	if a, err := open(directory(t, 70_000), budget.Default); err != nil || len(a.Names()) != 70_000 { // needs ZIP64
		t.Errorf("a large container: %v", err)
	}
	if _, err := open(directory(t, maxEntries+1), budget.Default); outcome(err) != budget.TooLarge {
		t.Errorf("one entry too many: %v", err)
	}
}

// TestHiddenDirectory has an end record whose count is true only in its 16 bits, which the record of ZIP64 would widen.
func TestHiddenDirectory(t *testing.T) {
	content := directory(t, 200_000)
	end := bytes.LastIndex(content, []byte("PK\x05\x06"))
	wide := bytes.LastIndex(content, []byte("PK\x06\x06"))
	size, start := binary.LittleEndian.Uint64(content[wide+40:]), binary.LittleEndian.Uint64(content[wide+48:])
	tail := slices.Clone(content[end:])
	binary.LittleEndian.PutUint16(tail[10:], uint16(200_000%(1<<16)))
	binary.LittleEndian.PutUint32(tail[12:], uint32(size))
	binary.LittleEndian.PutUint32(tail[16:], uint32(start))
	content = append(content[:wide:wide], tail...)
	if a, err := open(content, budget.Default); outcome(err) != budget.TooLarge {
		t.Errorf("%v, %d entries were listed", err, len(a.Names()))
	}
}

func TestEncrypted(t *testing.T) {
	t.Parallel()
	content := formattest.Zip(map[string]string{"a": "secret"})
	end := bytes.LastIndex(content, []byte("PK\x05\x06"))
	at := int(binary.LittleEndian.Uint32(content[end+16:]))
	content[at+8] |= 1
	a, err := open(content, budget.Default)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read("a", 10); outcome(err) != budget.Encrypted || !strings.Contains(err.Error(), "password") {
		t.Errorf("%v", err)
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	whole := formattest.Zip(map[string]string{"a.txt": strings.Repeat("some text that is packed ", 100), "b.txt": "more"})
	for i := range 20 {
		if _, err := open(whole[:len(whole)*i/20], budget.Default); !errors.Is(err, ErrNotZip) {
			t.Errorf("cut at %d twentieths: %v", i, err)
		}
	}
	broken := slices.Clone(whole)
	copy(broken[60:], "\xff\xff\xff\xff\xff\xff\xff\xff") // inside the packed text
	a, err := open(broken, budget.Default)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read("a.txt", 1<<20); outcome(err) != budget.Corrupt || !strings.Contains(err.Error(), "a.txt") {
		t.Errorf("%v", err)
	}
	for name, content := range map[string]string{"empty": "", "text": "no container", "end alone": "PK\x05\x06", "zeros": string(make([]byte, 100))} {
		if _, err := open([]byte(content), budget.Default); !errors.Is(err, ErrNotZip) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An entry is found under the name that it is listed with, however its path is written.
func TestOddNames(t *testing.T) {
	t.Parallel()
	a, err := open(formattest.Zip(map[string]string{"./a": "x", "b//c": "y", "/d": "z", `e\f`: "w", "/": "", "": ""}), budget.Default)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(slices.Values(a.Names()))
	if !slices.Equal(names, []string{"a", "b/c", "d", "e/f"}) {
		t.Errorf("listed: %q", names)
	}
	if n, err := readAll(a); n != 4 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(formattest.Zip(map[string]string{"a": "x", "b/c": strings.Repeat("y", 1000)}))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\xff", 18)))
	f.Fuzz(func(t *testing.T, content []byte) {
		limits := budget.Limits{Inflated: 4 << 20}
		a, err := open(content, limits)
		if err != nil {
			if outcome(err) == "" && !errors.Is(err, ErrNotZip) {
				t.Errorf("an error without an outcome: %v", err)
			}
			return
		}
		if n, err := readAll(a); err != nil && outcome(err) == "" || n > limits.Inflated+64<<10 {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	content := formattest.Zip(map[string]string{"a": strings.Repeat("The level at the bridge is falling. ", 30_000)})
	b.SetBytes(30_000 * 36)
	for b.Loop() {
		a, err := open(content, budget.Default)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := readAll(a); err != nil {
			b.Fatal(err)
		}
	}
}
