package chroma

import "github.com/sluicehq/sluice/connector"

var destinationDoc = connector.Doc{
	Permissions: "Where the server asks for credentials, those that may read and write the collection, and create it when it is not there: as `headers` " +
		"(`{\"x-chroma-token\": \"...\"}` of Chroma Cloud, `{\"Authorization\": \"Bearer ...\"}` of a server behind a proxy), or as `settings` of Chroma's Python client " +
		"(`chroma_client_auth_provider`, `chroma_client_auth_credentials`, `chroma_auth_token_transport_header`). The tenant and the database must be there.\n\n" +
		"The collection is made, with the server's defaults, when the first embeddings come and it is not there.",
	Records: "One record an element that has embeddings; the others are left out. Its id is UUIDv5(DNS namespace, element_id + document's identifier), its document the text, its " +
		"embedding the element's. Its metadata hold `record_id`, the document's identifier, and every value of the element under a name of its own, whose parts are joined by " +
		"hyphens, places in lists among them: `type`, `element_id`, `metadata-filename`, `metadata-languages-0`.\n\n" +
		"A document is written by requests of `batch_size` records or 8 MB, two at once. Values of metadata that a record had and has no more are taken out. Then what an earlier " +
		"write of the same document left and this one did not write is deleted, until one look shows this write and nothing else. A reader never misses the elements; for a moment " +
		"old ones may stand beside new ones.",
	Notes: "- The server must speak version 2 of the interface: Chroma 0.6 or later, or Chroma Cloud.\n" +
		"- Embeddings of another dimension than the collection's are refused before anything is written.\n" +
		"- Chroma Cloud has quotas: 300 records a request, sizes of documents and metadata. What exceeds them is refused with the field that helps.\n" +
		"- Names of metadata that begin with `#`, `$` or `chroma:` get an underscore before them.\n" +
		"- A server that asks for fewer requests (429) is given the time that it asks for.\n" +
		"- The connection check reads the collection and deletes a record that is not there, which needs the right to write and changes nothing; where the collection is not there, it reads " +
		"the database.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"host": "api.trychroma.com", "port": 443, "ssl": true, "tenant": "my-tenant", "database": "docs", "collection_name": "elements", "headers": "$CHROMA_HEADERS"},
}
