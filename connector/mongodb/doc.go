package mongodb

import "github.com/sluicehq/sluice/connector"

const uriDoc = "`uri` is the connection string, `mongodb://user:password@host:27017/` or `mongodb+srv://user:password@cluster/`, with its options. " +
	"The ways to log in are SCRAM-SHA-256, SCRAM-SHA-1 and PLAIN; options that name files of the server are refused."

const bothNotes = "- Between machines choose TLS (`tls=true`, which `mongodb+srv` implies). Certificates are verified against the system's authorities.\n" +
	"- When a server stops or another one becomes the primary, a call is tried again by the driver, and later by the job.\n"

var sourceDoc = connector.Doc{
	Permissions: "The role `read` on the database: `db.createUser({user: \"sluice\", pwd: passwordPrompt(), roles: [{role: \"read\", db: \"shop\"}]})`. " + uriDoc,
	Records: "A document is a document of the collection: a text file named `<_id>.txt` with the values of its fields, each on a line of its own, in the order " +
		"in which they are stored; names of fields and `_id` are left out, plain values of a list stand on one line, nulls and bytes are nothing.\n\n" +
		"Its identifier is the `_id`: an ObjectId in hex, a text as it is, anything else as extended JSON. Its version is a hash of its bytes. The date of " +
		"creation is the field `date_created` if that is a date, else the time in the ObjectId. `metadata.data_source.record_locator` is " +
		"`{\"database\": ..., \"collection\": ..., \"document_id\": ...}`; there is no `url`.",
	Notes: bothNotes +
		"- Documents are listed in the order of their `_id`, 1,000 a query, without a cursor that stays open: a listing that broke off goes on where it stood. " +
		"They are read whole for their versions: a listing reads the collection once.\n" +
		"- Views can be read.",
	Example: map[string]any{"uri": "$MONGODB_URI", "database": "shop", "collection": "articles"},
}

var destinationDoc = connector.Doc{
	Permissions: "The role `readWrite` on the database. The collection must be there; when it is not, the error shows the statement that makes it:\n\n" +
		"```js\n" +
		"db.createCollection(\"elements\")\n" +
		"db.elements.createIndex({record_id: 1})\n" +
		"```\n\n" + uriDoc,
	Records: "One document an element: `type`, `element_id`, `text`, `metadata` as an object, `embeddings` as an array of doubles, and `record_id`, the document's " +
		"identifier. `_id` is UUIDv5(DNS namespace, element_id + record_id) as text.\n\n" +
		"A document is written by unordered bulk writes of up to 500 elements or 8 MB. Then what an earlier write of the same document left and this one did " +
		"not write is deleted. A reader never misses the elements; for a moment old ones may stand beside new ones.",
	Notes: bothNotes +
		"- `record_id` should have an index; without one each write reads the whole collection, and the log says so.\n" +
		"- Embeddings of another dimension than those in the collection (of its first 50 documents) are refused before anything is written.\n" +
		"- An element may have up to 16 MB.\n" +
		"- The connection check inserts and deletes a document.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"uri": "$MONGODB_URI", "database": "search", "collection": "elements"},
}
