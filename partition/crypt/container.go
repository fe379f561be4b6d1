package crypt

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/archive"
	"github.com/sluicehq/sluice/partition/budget"
)

// Container opens a ZIP container that a password locks: one whose entries are encrypted (ZipCrypto or AES, APPNOTE 6.1
// and 7 of PKWARE and AE-1 and AE-2 of WinZip), or an OpenDocument package (ISO 26300-3, section 4). It gives the container
// without the lock, nil when f has none. Only the parts of OpenDocument files that are read are kept.
func Container(ctx context.Context, f document.File, name, password string, b *budget.Budget) ([]byte, error) {
	a, err := archive.Open(f, b)
	if errors.Is(err, archive.ErrNotZip) {
		return nil, nil // its parser says so
	}
	if err != nil {
		return nil, err
	}
	if !hasLocked(a) {
		return openDocument(ctx, a, name, password, b)
	}
	plain, err := unlockEntries(ctx, a, f.Size, name, password, b)
	if err != nil {
		return nil, err
	}
	inner := document.NewFile(f.Name, "", int64(len(plain)), bytes.NewReader(plain))
	if a, err = archive.Open(inner, b); err != nil {
		return nil, err
	}
	if again, err := openDocument(ctx, a, name, password, b); again != nil || err != nil {
		return again, err
	}
	return plain, nil
}

// hasLocked tells whether an entry of a container is encrypted.
func hasLocked(a *archive.Archive) bool {
	for _, name := range a.Names() {
		if e, ok := a.Entry(name); ok && e.Flags&1 != 0 {
			return true
		}
	}
	return false
}

// unlockEntries writes a container anew whose entries are not encrypted. size is that of its file: entries that together
// are larger overlap, as no program writes them.
func unlockEntries(ctx context.Context, a *archive.Archive, size int64, name, password string, b *budget.Budget) ([]byte, error) {
	if password == "" {
		return nil, Locked(name)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, entry := range a.Names() {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		e, _ := a.Entry(entry)
		if e.CompressedSize64 > math.MaxInt64 || int64(e.CompressedSize64) > size {
			return nil, damaged()
		}
		size -= int64(e.CompressedSize64)
		raw, err := rawEntry(e)
		if err != nil {
			return nil, err
		}
		h := zip.FileHeader{Name: e.Name, Method: e.Method, CRC32: e.CRC32, UncompressedSize64: e.UncompressedSize64}
		if e.Flags&1 != 0 {
			if raw, h.Method, err = unlockEntry(e, raw, name, password); err != nil {
				return nil, err
			}
		}
		h.CompressedSize64 = uint64(len(raw))
		to, err := w.CreateRaw(&h)
		if err != nil {
			return nil, damaged()
		}
		_, _ = to.Write(raw) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func rawEntry(e *zip.File) ([]byte, error) {
	r, err := e.OpenRaw()
	if err != nil {
		return nil, damaged()
	}
	raw, err := io.ReadAll(r)
	if err != nil || uint64(len(raw)) != e.CompressedSize64 {
		return nil, damaged()
	}
	return raw, nil
}

// unlockEntry decrypts an entry. method is how it is packed.
func unlockEntry(e *zip.File, raw []byte, name, password string) (plain []byte, method uint16, err error) {
	const strong, aes = 1 << 6, 99
	var ok bool
	switch {
	case e.Flags&strong != 0:
		return nil, 0, Unknown(name)
	case e.Method == aes:
		plain, method, ok, err = zipAES(e, raw, name, password)
	default:
		check := byte(e.CRC32 >> 24)
		if e.Flags&8 != 0 { // the sum was not known yet when the entry was begun
			check = byte(e.ModifiedTime >> 8) //nolint:staticcheck // the field as it is stored
		}
		plain, ok = zipCrypto(raw, password, check)
		method = e.Method
	}
	if err == nil && !ok {
		err = Wrong(name)
	}
	return plain, method, err
}

func damaged() error {
	return budget.Errorf(budget.Corrupt, "the container is damaged; open the file in its program and save it again")
}

// isPackage tells whether a name is that of the container inside an OpenDocument file that is encrypted as a whole.
func isPackage(name string) bool { return strings.EqualFold(name, "encrypted-package") }
