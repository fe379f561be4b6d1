package weaviate

import "github.com/sluicehq/sluice/connector"

var destinationDoc = connector.Doc{
	Permissions: "An API key that may read the schema and read, create, update and delete objects of the collection; to make the collection on the way, or to add properties " +
		"to it, it must manage the schema (in Weaviate Cloud an admin key, or a role with `read_schema`, `update_schema`, `create_schema` and the rights on `data`).\n\n" +
		"A named collection must be there; when it is not, the error shows the request that creates it. Without a name one is made when the first embeddings come: " +
		"`U<first 8 characters of the workflow's id>_<model>_<dimensions>`, without a vectorizer, with an HNSW index.",
	Records: "One object an element. Its id is UUIDv5(DNS namespace, element_id + document's identifier), its vector the embeddings; an element without embeddings is an " +
		"object without a vector. Its properties are the element's own names, nested: `type`, `element_id`, `text`, `metadata`; and `record_id`, the document's identifier. " +
		"`record_locator`, `points`, `links`, `permissions_data`, `version` and `page_number` are written as texts, dates as RFC 3339 with microseconds in UTC, lists of lists as JSON " +
		"text; characters that names of properties do not take become underscores. With `flatten_metadata` the metadata stand beside the text, their names joined by underscores: " +
		"`filename`, `data_source_url`.\n\n" +
		"A document is written by requests of 200 objects or 8 MB, two at once. Then what an earlier write of the same document left and this one did not " +
		"write is deleted, until one look shows this write and nothing else. A reader never misses the elements; for a moment old ones may stand beside new ones.",
	Notes: "- `host_url` and `class_name` are taken for `cluster_url` and `collection`. A collection's name begins with a capital.\n" +
		"- Properties that a collection lacks are added: `record_id`, `element_id`, `type` and `text` by their types, the others by the server's auto-schema, which must be on or " +
		"find them there. The server settles the type of a property by its first value.\n" +
		"- Where `record_id` is split into words, as the server does by itself, documents are still told apart; one whose identifier consists of stop words only is refused.\n" +
		"- Embeddings of another dimension than those that stand in the collection are refused before anything is written.\n" +
		"- A collection with tenants, or with several vectors an object, is refused. One whose server makes vectors makes them for elements without embeddings.\n" +
		"- A server that asks for fewer requests (429) is given the time that it asks for; one that cannot write now is tried again later.\n" +
		"- A server that was killed may hold objects that its indexes do not find any more. Objects of a write that it does not list are deleted by their ids and written anew.\n" +
		"- The connection check reads the collection and deletes an object that is not there, which needs the right to write and changes nothing.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"cluster_url": "https://example.c0.europe-west3.gcp.weaviate.cloud", "api_key": "$WEAVIATE_API_KEY", "collection": "Elements"},
}
