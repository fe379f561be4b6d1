// Package document holds what Sluice knows of a file before it is parsed: the Document that a source lists and the File
// that carries its bytes.
package document

import (
	"errors"
	"io"
	"syscall"
	"time"
)

// Document is one entry of a source's listing: who the file is, not its bytes. (Source, Identifier) is its identity.
type Document struct {
	Identifier    string           `json:"identifier"`          // stable within the source
	Name          string           `json:"name"`                // base name, for people and for metadata.filename
	Path          string           `json:"path,omitempty"`      // path relative to the source's root
	Version       string           `json:"version,omitempty"`   // changes when the content does; "" when the source has none
	Size          int64            `json:"size,omitempty"`      // bytes; 0 when unknown
	MIMEType      string           `json:"mime_type,omitempty"` // declared by the source, a hint
	URL           string           `json:"url,omitempty"`
	Created       time.Time        `json:"created,omitzero"`
	Modified      time.Time        `json:"modified,omitzero"`
	RecordLocator map[string]any   `json:"record_locator,omitempty"`
	Permissions   []map[string]any `json:"permissions,omitempty"`
	Cursor        string           `json:"-"` // position of the listing after this document, see connector.Source
}

// File is the content of a document: random and sequential access to Size bytes. Bytes that do not fit in memory are
// spooled to disk by whoever made the File; Close removes the spool.
type File struct {
	Name     string // base name
	MIMEType string // declared type, a hint; "" when unknown
	Size     int64  // bytes
	Found    Found
	content  Content
}

// Found is what only fetching tells of a document, and what has changed since it was listed. Zero fields are as listed.
type Found struct {
	Version       string
	Modified      time.Time
	RecordLocator map[string]any // more keys than the listing gave
}

// Content is what a File reads from: bytes in memory, an open file, a spool.
type Content interface {
	io.ReaderAt
}

// NewFile makes a File over size bytes of content. If content is an io.Closer, Close closes it.
func NewFile(name, mimeType string, size int64, content Content) File {
	return File{Name: name, MIMEType: mimeType, Size: size, content: content}
}

// ReadAt implements io.ReaderAt.
func (f File) ReadAt(p []byte, off int64) (int, error) {
	if f.content == nil {
		return 0, io.EOF
	}
	return f.content.ReadAt(p, off)
}

// Reader returns a new reader over the whole content, from its first byte.
func (f File) Reader() *io.SectionReader { return io.NewSectionReader(f, 0, f.Size) }

// ErrTooLarge says that a file has more bytes than the caller allows.
var ErrTooLarge = errors.New("file is too large")

// Bytes reads the whole content, at most limit bytes; more is ErrTooLarge. limit <= 0 means no limit.
func (f File) Bytes(limit int64) ([]byte, error) {
	if limit > 0 && f.Size > limit {
		return nil, ErrTooLarge
	}
	b := make([]byte, f.Size)
	if _, err := io.ReadFull(f.Reader(), b); err != nil {
		return nil, err
	}
	return b, nil
}

// Close releases what stands behind the file.
func (f File) Close() error {
	if c, ok := f.content.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// SyscallConn gives access to the descriptor behind f when its content is exactly one open file (an *os.File, or a type
// that embeds it); otherwise it is errors.ErrUnsupported.
func (f File) SyscallConn() (syscall.RawConn, error) {
	if c, ok := f.content.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
