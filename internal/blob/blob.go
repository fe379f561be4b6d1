// Package blob keeps uploads and node outputs: named immutable byte strings under workspace/job/file/node, in a folder
// (file://, the default) or an object store.
package blob

import (
	"context"
	"errors"
	"io"
)

// ErrNotFound is a key without a blob.
var ErrNotFound = errors.New("blob not found")

// ErrFull is a disk without room; nothing was left behind.
var ErrFull = errors.New("no space left for outputs")

// Store is a bucket. A blob appears whole or not at all, and a Put that returned survives a power failure.
type Store interface {
	// Put writes r under key and returns the number of bytes and their hex SHA-256.
	Put(ctx context.Context, key string, r io.Reader) (size int64, hash string, err error)
	// Open reads a blob from its start. The caller closes it.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Get reads a whole blob, at most limit bytes (0: no limit).
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
	// File opens a blob for random access: in place for a folder, spooled for an object store. The caller closes it.
	File(ctx context.Context, key string) (File, error)
	// Delete removes one blob; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List names what stands one level below prefix, which ends with a slash: blobs, and what blobs stand below.
	List(ctx context.Context, prefix string) ([]string, error)
	// DeletePrefix removes every blob whose key starts with prefix, which ends with a slash.
	DeletePrefix(ctx context.Context, prefix string) error
	// Ping proves that the store can be written.
	Ping(ctx context.Context) error
	Close() error
}

// File is a blob opened for random access.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Input is the key of a file's uploaded bytes; Output that of a node's elements.
func Input(workspace, job, file string) string { return workspace + "/" + job + "/" + file + "/input" }

// Output is the key of the elements that a node gave for a file.
func Output(workspace, job, file, node string) string {
	return workspace + "/" + job + "/" + file + "/" + node
}

// JobPrefix is where everything of a job stands.
func JobPrefix(workspace, job string) string { return workspace + "/" + job + "/" }
