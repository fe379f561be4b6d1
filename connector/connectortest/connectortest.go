// Package connectortest holds the suites that every connector passes: RunSource and RunDestination. A connector's tests
// give them a place, which is a real server's bucket, table, topic or folder, and how to look into it from outside.
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
	WrongSecret func(t *testing.T, config map[string]any) map[string]any
	// At returns the config with the server's address replaced by host:port, where nobody listens, or somebody who
	// accepts and stays silent; nil when the type has no address.
	At func(t *testing.T, config map[string]any, address string) map[string]any

	Unversioned bool // documents have no version
	AppendOnly  bool // a document can neither change nor vanish (a log)
	Many        int  // documents of the large listing; 0 is 10,000
}

// SourcePlace is where a source's documents stand.
type SourcePlace interface {
	Config() map[string]any
	// Put makes documents, or changes those that exist. names may hold slashes where the type has folders.
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
	Env         connector.Env
	New         func(t *testing.T) DestinationPlace
	WrongSecret func(t *testing.T, config map[string]any) map[string]any
	At          func(t *testing.T, config map[string]any, address string) map[string]any

	// TooLarge is the length in bytes of a text that the server refuses; 0 when it takes any.
	TooLarge int
	Many     int // elements of the large document; 0 is 10,000
}

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
}
