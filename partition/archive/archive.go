// Package archive opens ZIP containers (OOXML, OpenDocument, EPUB) under a budget: the directory's size is looked at
// before it is read, and everything that is inflated counts.
package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
)

// Archive is an open container. Names are found without regard to case, as OOXML has it.
type Archive struct {
	budget *budget.Budget
	files  map[string]*zip.File
	names  []string
}

const (
	maxDirectory = 32 << 20 // bytes of the central directory
	maxEntries   = 100_000
)

// ErrNotZip is a file that is no ZIP container at all.
var ErrNotZip = errors.New("not a ZIP container")

// Open reads the directory. The error is ErrNotZip or a *budget.Error.
func Open(f document.File, b *budget.Budget) (*Archive, error) {
	if err := checkDirectory(f); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, f.Size)
	if err != nil {
		return nil, ErrNotZip
	}
	a := &Archive{budget: b, files: make(map[string]*zip.File, len(z.File))}
	for _, file := range z.File {
		name := clean(file.Name)
		key := strings.ToLower(name)
		if _, ok := a.files[key]; ok || name == "" || name == "." || strings.HasSuffix(strings.ReplaceAll(file.Name, `\`, "/"), "/") {
			continue
		}
		a.files[key] = file
		a.names = append(a.names, name)
	}
	return a, nil
}

// checkDirectory finds the end record, which says how large the directory is.
func checkDirectory(f document.File) error {
	const record = 22
	n := min(f.Size, 1<<16+record)
	tail := make([]byte, n)
	if _, err := f.ReadAt(tail, f.Size-n); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", f.Name, err)
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < record {
		return ErrNotZip
	}
	entries := uint64(binary.LittleEndian.Uint16(tail[at+10:]))
	size := uint64(binary.LittleEndian.Uint32(tail[at+12:]))
	offset := binary.LittleEndian.Uint32(tail[at+16:])
	start, end := int64(offset), f.Size-n+int64(at)
	if entries == math.MaxUint16 || size == math.MaxUint16 || size == math.MaxUint32 || offset == math.MaxUint32 {
		if locator := at - 20; locator >= 0 && bytes.HasPrefix(tail[locator:], []byte("PK\x06\x07")) {
			var big [56]byte
			where := binary.LittleEndian.Uint64(tail[locator+8:])
			if where < uint64(f.Size) {
				if _, err := f.ReadAt(big[:], int64(where)); err == nil && bytes.HasPrefix(big[:], []byte("PK\x06\x06")) {
					entries, size = binary.LittleEndian.Uint64(big[32:]), binary.LittleEndian.Uint64(big[40:])
					end, start = int64(where), int64(binary.LittleEndian.Uint64(big[48:]))
				}
			}
		}
	}
	if size > maxDirectory || entries > maxEntries {
		return tooMany()
	}
	// The reader of package zip takes all the headers that follow each other and compares their number with the record's
	// in 16 bits, so the record alone does not bound it.
	for _, from := range []int64{start, end - int64(size)} {
		if from >= 0 && from < f.Size && listed(f, from) > maxEntries {
			return tooMany()
		}
	}
	return nil
}

func tooMany() error {
	return budget.Errorf(budget.TooLarge, "the container lists more than %d entries; that is no document", maxEntries)
}

// listed counts the directory headers that follow each other from start, no further than it matters.
func listed(f document.File, start int64) int {
	r := bufio.NewReader(io.NewSectionReader(f, start, f.Size-start))
	n := 0
	for n <= maxEntries {
		h, err := r.Peek(46)
		if err != nil || !bytes.HasPrefix(h, []byte("PK\x01\x02")) {
			break
		}
		n++
		length := len(h) + int(binary.LittleEndian.Uint16(h[28:])) + int(binary.LittleEndian.Uint16(h[30:])) + int(binary.LittleEndian.Uint16(h[32:]))
		if _, err := r.Discard(length); err != nil {
			break
		}
	}
	return n
}

// Names lists the entries in the container's order, folders left out.
func (a *Archive) Names() []string { return a.names }

// Has tells whether there is an entry of that name.
func (a *Archive) Has(name string) bool {
	_, ok := a.files[strings.ToLower(clean(name))]
	return ok
}

// Entry is an entry as the directory has it, for reading what is encrypted.
func (a *Archive) Entry(name string) (*zip.File, bool) {
	file, ok := a.files[strings.ToLower(clean(name))]
	return file, ok
}

// Open opens an entry; fs.ErrNotExist when there is none. What is read counts as inflated.
func (a *Archive) Open(name string) (io.ReadCloser, error) {
	file, ok := a.files[strings.ToLower(clean(name))]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if file.Flags&1 != 0 {
		return nil, budget.Errorf(budget.Encrypted, "the container's entry %s is encrypted; give the password with the parameter password, or save the file without one", name)
	}
	r, err := file.Open()
	if err != nil {
		return nil, a.damaged(name, err)
	}
	return &reader{a, name, r}, nil
}

// Read reads an entry whole, at most limit bytes.
func (a *Archive) Read(name string, limit int64) ([]byte, error) {
	r, err := a.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, budget.Errorf(budget.TooLarge, "the container's entry %s is larger than %d bytes", name, limit)
	}
	return b, nil
}

func (a *Archive) damaged(name string, err error) error {
	e := budget.Errorf(budget.Corrupt, "the container's entry %s is damaged; open the file in its program and save it again", name)
	e.Err = err
	return e
}

// clean makes the name of a part as it is stored from one that is written as a path.
func clean(name string) string {
	return strings.TrimPrefix(path.Clean(strings.ReplaceAll(name, `\`, "/")), "/")
}

type reader struct {
	a    *Archive
	name string
	r    io.ReadCloser
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if limit := r.a.budget.Inflate(int64(n)); limit != nil {
		return n, limit
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.a.damaged(r.name, err)
	}
	return n, err
}

func (r *reader) Close() error { return r.r.Close() }
