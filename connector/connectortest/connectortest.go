// Package connectortest holds the suites that every connector passes: RunSource and RunDestination. A connector's tests
// give them a place, which is a real server's bucket, table, topic or folder, and how to look into it from outside.
//
// The suites' own tests run side by side and are done when RunSource or RunDestination returns: functions that they are
// given must be safe for concurrent use. With -short the large listing and the large document are smaller.
package connectortest

import (
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
)

// Source says how the suite makes documents for one type of source.
type Source struct {
	Type string        // as registered
	Env  connector.Env // zero fields are filled with unguarded defaults

	// New makes an empty place of its own.
	New func(t *testing.T) SourcePlace
	// WrongSecret returns the config of a place with a secret that the server refuses; nil when the type has no secret.
	// Both secrets must be at least six bytes long and unlike every other value of the config: the suite looks for them
	// in errors and logs.
	WrongSecret func(t *testing.T, config map[string]any) map[string]any
	// At returns the config with the server's address replaced by host:port, where nobody listens, or somebody who
	// accepts and stays silent; nil when the type has no address.
	At func(t *testing.T, config map[string]any, address string) map[string]any
	// Missing returns the config with a bucket, table, topic or folder that is not there; nil when nothing can be missing.
	Missing func(t *testing.T, config map[string]any) map[string]any

	Folders     bool // names may hold slashes; the config of a place lists what is below them too
	Unversioned bool // documents have no version
	AppendOnly  bool // a document can neither change nor vanish (a log)
	Many        int  // documents of the large listing; 0 is 10,000
}

// SourcePlace is where a source's documents stand.
type SourcePlace interface {
	Config() map[string]any
	// Put makes documents, or changes those that exist. Contents are text, never empty. Names are any text without line
	// breaks; with slashes only when Source.Folders is set.
	Put(t *testing.T, contents map[string]string)
	// Remove takes a document away. Not called for AppendOnly.
	Remove(t *testing.T, name string)
	// Name finds the name that Put was given for a listed document.
	Name(d document.Document) string
	// Content is what Fetch must give for a document that Put made with content (a row becomes a file of text, for one).
	Content(name, content string) string
}

// Destination says how the suite looks at one type of destination.
type Destination struct {
	Type        string
	Env         connector.Env // as Source.Env
	New         func(t *testing.T) DestinationPlace
	WrongSecret func(t *testing.T, config map[string]any) map[string]any                 // as Source.WrongSecret
	At          func(t *testing.T, config map[string]any, address string) map[string]any // as Source.At
	Missing     func(t *testing.T, config map[string]any) map[string]any                 // as Source.Missing

	// TooLarge is the length in bytes of a text that the server refuses; 0 when it takes any.
	TooLarge int
	Many     int // elements of the large document; 0 is 10,000

	Vectors     bool // Read fills Record.Embeddings; without it the suite cannot see whether they arrive
	AllEmbedded bool // every element needs embeddings; without it the suite gives them to every second one
	// Mixes says that a reader may see old and new elements side by side for a moment (never less than one of both
	// whole), since the store cannot replace them in one step.
	Mixes bool
}

// Dimensions is the length of the embeddings that the suite writes, for places that must declare it beforehand.
const Dimensions = 8

// DestinationPlace is where a destination's records stand.
type DestinationPlace interface {
	Config() map[string]any
	// Read returns what stands there, read from outside the connector in one consistent look, in any order.
	Read(t *testing.T) []Record
}

// Record is one element as a destination holds it.
type Record struct {
	Document string // the document's identifier, or what the type keeps of it; equal for the records of one document
	Text     string
	// Embeddings is what stands there of the element's; nil for none. Only compared with Destination.Vectors.
	Embeddings []float32
}

// Lister is a DestinationPlace that can name everything that stands in it (objects, files), whether or not it holds
// records. With it the suite finds what a connector leaves behind.
type Lister interface {
	List(t *testing.T) []string
}
