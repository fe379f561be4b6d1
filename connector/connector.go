// Package connector defines where documents come from (Source) and where elements go (Destination), and keeps the
// registry of their types. Each connector lives in a folder of its own and registers itself; connector/all is the one
// list of those that a program carries.
package connector

import (
	"context"
	"iter"
	"log/slog"
	"net"
	"net/http"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// Cursor is an opaque position in a source's listing. "" is the start.
type Cursor string

// Source lists and fetches documents. It is made once a job and process and is safe for concurrent use.
type Source interface {
	// Check proves that the source can be read. Its error is shown to the user: it names what is missing and holds no secret.
	Check(ctx context.Context) error
	// Index lists the documents after from in the source's own order. Each carries in Document.Cursor the position after it.
	Index(ctx context.Context, from Cursor) iter.Seq2[document.Document, error]
	// Fetch opens the bytes of d. A document that is gone is ErrNotFound. The caller closes the file.
	Fetch(ctx context.Context, d document.Document) (document.File, error)
	Close() error
}

// Committer is a Source that keeps the position of its readers itself, as a consumer group does, so that the next run lists
// only what came after it.
type Committer interface {
	// Commit says that every document up to a cursor of Index has ended, well or not. It is called when all files of a job
	// have ended, by any process, and again by a repeated end or a retry of the job: it takes what it needs from the cursor
	// alone, repeated it is without effect, and it never moves the position back. A job that was cancelled commits nothing.
	Commit(ctx context.Context, upTo Cursor) error
}

// Destination stores the elements of documents. It is made once a job and process and is safe for concurrent use.
type Destination interface {
	// Check proves that the destination can be written and leaves nothing behind.
	Check(ctx context.Context) error
	// Guarantee says what a repeated Replace leaves.
	Guarantee() Guarantee
	// Replace leaves in the destination exactly these elements for d: a call repeated is a call without effect. The
	// stream is read once.
	Replace(ctx context.Context, d document.Document, elements iter.Seq2[element.Element, error]) error
	Close() error
}

// Remover is a Destination that can remove what it holds of a document.
type Remover interface {
	Remove(ctx context.Context, d document.Document) error
}

// Guarantee is what writing the same document twice leaves in a destination.
type Guarantee string

const (
	Replaces Guarantee = "replace" // exactly the last write
	Upserts  Guarantee = "upsert"  // records are overwritten by key; those that vanished may stay
	Appends  Guarantee = "append"  // every write adds
)

// Env is what a connector gets from outside instead of reaching for it.
type Env struct {
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // guarded dialer
	HTTP    *http.Client                                                         // over Dial
	TempDir string
	Log     *slog.Logger
	Local   []string // folders that the operator opened to the local connector
	Work    Work     // that the connector is opened for
}

// Work is what a connector is opened for, for places that are named after it. It is zero in a connection check.
type Work struct {
	Workflow string // id of the workflow
	Model    string // name of the model that makes the embeddings, as the workflow writes it; "" for none
}
