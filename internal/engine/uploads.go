package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
)

var (
	// ErrFileTooLarge is an upload over Limits.FileSize.
	ErrFileTooLarge = errors.New("the file is too large")
	// ErrTooManyFiles is one upload more than Limits.Files.
	ErrTooManyFiles = errors.New("too many files")
)

// uploads implements Uploads. Its files stand under the id of the job that they will be part of.
type uploads struct {
	engine         *Engine
	workspace, job string
	limits         Limits
	files          []store.File
	names          map[string]bool // wire ids
	used           bool
}

// NewUploads implements API.
func (e *Engine) NewUploads(workspace string, onDemand bool) Uploads {
	u := &uploads{engine: e, workspace: workspace, job: uuid.NewString(), names: map[string]bool{}}
	u.limits.Files, u.limits.FileSize = e.cfg.Limits.Files, e.cfg.Limits.FileSize
	e.uploading.Store(u.job, true)
	return u
}

// Len implements Uploads.
func (u *uploads) Len() int { return len(u.files) }

// Add implements Uploads.
func (u *uploads) Add(ctx context.Context, name, contentType string, r io.Reader) error {
	if u.limits.Files > 0 && len(u.files) >= u.limits.Files {
		return fmt.Errorf("%w: a job takes at most %d", ErrTooManyFiles, u.limits.Files)
	}
	name = BaseName(name)
	f := store.File{ID: uuid.NewString(), Workspace: u.workspace, Job: u.job, Name: name, ContentType: contentType}
	f.WireID = u.wireID(name)
	f.Identifier = f.WireID
	f.InputBlob = blob.Input(u.workspace, u.job, f.ID)
	limited := &limitedReader{r: r, left: u.limits.FileSize, limit: u.limits.FileSize}
	size, hash, err := u.engine.cfg.Blobs.Put(ctx, f.InputBlob, limited)
	switch {
	case limited.err != nil:
		return fmt.Errorf("%s: %w", name, limited.err)
	case err != nil:
		return err
	}
	f.Size, f.Version = size, "sha256:"+hash
	u.files = append(u.files, f)
	return nil
}

// Discard implements Uploads.
func (u *uploads) Discard(ctx context.Context) {
	defer u.engine.uploading.Delete(u.job)
	if u.used || len(u.files) == 0 {
		return
	}
	if err := u.engine.cfg.Blobs.DeletePrefix(context.WithoutCancel(ctx), blob.JobPrefix(u.workspace, u.job)); err != nil {
		u.engine.cfg.Log.Warn("the uploads of a refused request stay for now", "job", u.job, "error", err)
	}
}

// limitedReader fails at the first byte over the limit; 0 is none. It remembers every failure, since a blob store wraps
// it in words of its own.
type limitedReader struct {
	r           io.Reader
	left, limit int64
	err         error
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.limit > 0 {
		if l.left -= int64(n); l.left < 0 {
			l.err = fmt.Errorf("%w: at most %d bytes", ErrFileTooLarge, l.limit)
			return 0, l.err
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.err = err
	}
	return n, err
}

// BaseName reduces what a client calls a file to a name: the part behind the last slash or backslash, without control
// characters, of at most 255 bytes.
func BaseName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u202e' {
			return -1
		}
		return r
	}, name))
	const longest = 255
	if len(name) > longest { // the extension stays
		ext := path.Ext(name)
		if len(ext) > 32 {
			ext = ""
		}
		stem := name[:longest-len(ext)]
		for !utf8.ValidString(stem) {
			stem = stem[:len(stem)-1]
		}
		name = stem + ext
	}
	switch name {
	case "", ".", "..", "/":
		return "file"
	}
	return name
}

// wireID makes the id by which clients know an uploaded file: <stem>-<8 hex digits>.<extension>, of letters, digits, _
// and - only (contract section 5).
func (u *uploads) wireID(name string) string {
	ext := strings.TrimPrefix(path.Ext(name), ".")
	stem := strings.TrimSuffix(name, "."+ext)
	if stem == "" {
		stem, ext = ext, ""
	}
	if ext = keep(ext, false); ext == "" {
		ext = "bin"
	}
	if stem = keep(stem, true); stem == "" {
		stem = "file"
	}
	stem, ext = stem[:min(len(stem), 100)], ext[:min(len(ext), 16)]
	for {
		var b [4]byte
		_, _ = rand.Read(b[:])
		if id := stem + "-" + hex.EncodeToString(b[:]) + "." + ext; !u.names[id] {
			u.names[id] = true
			return id
		}
	}
}

func keep(s string, stem bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case stem && (r == '_' || r == '-'):
			return r
		case stem && r == ' ':
			return '-'
		}
		return -1
	}, s)
}
