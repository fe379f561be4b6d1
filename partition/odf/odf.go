// Package odf opens OpenDocument files (ISO 26300), which are containers with XML inside, or flat: one XML document.
package odf

import (
	"bytes"
	"errors"
	"io"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/ooxml"
)

// File is an open document.
type File struct {
	*ooxml.Package
	flat bool
}

// Open opens a file. kind names the format in the error of a file that is none.
func Open(f document.File, kind string, b *budget.Budget) (*File, error) {
	start := make([]byte, min(f.Size, 4))
	if _, err := f.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if start = bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")); bytes.HasPrefix(start, []byte("<")) {
		p := ooxml.Flat(f, b)
		p.Mixed = true
		return &File{p, true}, nil
	}
	p, err := ooxml.Open(f, kind, b)
	if err != nil {
		return nil, err
	}
	if p.Has("META-INF/manifest.xml") {
		if manifest, err := p.Read("META-INF/manifest.xml", 16<<20); err == nil && bytes.Contains(manifest, []byte("encryption-data")) {
			return nil, budget.Errorf(budget.Encrypted, "the file is encrypted; give its password with the parameter password, or save it without one")
		}
	}
	p.Mixed = true
	return &File{p, false}, nil
}

// Path is the way to an element of one of the parts content and styles: flat files have one root for all.
func (f *File) Path(root string, names ...string) []string {
	if f.flat {
		root = "document"
	}
	return append([]string{root}, names...)
}

// Corrupt is the error of a file without content.
func Corrupt(kind string) error {
	return budget.Errorf(budget.Corrupt, "File is not a valid %s. Its content is missing.", kind)
}
