package connector

// Doc is what a Spec cannot say about one side of a connector type. It stands beside the connector and is shown in
// docs/connectors/<type>.md and by GET /connector-types. The texts are Markdown paragraphs or lists without headings,
// for users: plain words, no names of code.
type Doc struct {
	// Permissions says what the account of the config must be allowed to do, as the service names its rights, and the
	// smallest grant that is enough.
	Permissions string
	// Records says, of a source, what one document is, its identifier and its version; of a destination, what is written
	// for a document: names, keys, columns, shapes, and how a second write replaces the first.
	Records string
	// Notes is what else a user should know: limits, how it fails, what it does with odd data. It may be empty.
	Notes string
	// Guarantee is what Destination.Guarantee gives for the Example. Notes say when another config gives another. A source
	// has none.
	Guarantee Guarantee
	// Example is a config that works, for the examples in the docs, with invented values; of secrets, the names of
	// environment variables such as "$AWS_SECRET_ACCESS_KEY". Without it the examples show the required fields.
	Example map[string]any
}
