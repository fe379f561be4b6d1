package azuresearch

import "github.com/sluicehq/sluice/connector"

var destinationDoc = connector.Doc{
	Permissions: "An admin key of the service. The index must be there, with a string key (usually `id`) and a filterable string field `record_id`; when it is not, " +
		"the error shows the request that creates it, with the dimension of the data's vectors:\n\n" +
		"```json\n" +
		"PUT /indexes/elements?api-version=2024-07-01\n" +
		"{\"name\": \"elements\", \"fields\": [\n" +
		"  {\"name\": \"id\", \"type\": \"Edm.String\", \"key\": true, \"filterable\": true, \"sortable\": true},\n" +
		"  {\"name\": \"record_id\", \"type\": \"Edm.String\", \"filterable\": true}, {\"name\": \"element_id\", \"type\": \"Edm.String\"},\n" +
		"  {\"name\": \"type\", \"type\": \"Edm.String\", \"filterable\": true}, {\"name\": \"text\", \"type\": \"Edm.String\", \"filterable\": false, \"sortable\": false, \"facetable\": false},\n" +
		"  {\"name\": \"embeddings\", \"type\": \"Collection(Edm.Single)\", \"dimensions\": 384, \"vectorSearchProfile\": \"profile\"},\n" +
		"  {\"name\": \"metadata\", \"type\": \"Edm.ComplexType\", \"fields\": [{\"name\": \"filename\", \"type\": \"Edm.String\"}]}],\n" +
		" \"vectorSearch\": {\"algorithms\": [{\"name\": \"hnsw\", \"kind\": \"hnsw\", \"hnswParameters\": {\"metric\": \"cosine\", \"m\": 4, \"efConstruction\": 400, \"efSearch\": 500}}],\n" +
		"  \"profiles\": [{\"name\": \"profile\", \"algorithm\": \"hnsw\"}]}}\n" +
		"```",
	Records: "One document an element, with the element's own names, nested: `type`, `element_id`, `text`, `embeddings`, `metadata`; and `record_id`, the document's " +
		"identifier. The index's key field holds UUIDv5(DNS namespace, element_id + record_id). Fields that the index does not have are left out, at every level. " +
		"The others take the type that the index gives them: in an `Edm.String`, numbers become text, and objects and lists JSON text, as `points`, " +
		"`record_locator` and `permissions_data` usually do; in a `Collection(Edm.String)` each member does; in an `Edm.DateTimeOffset`, epoch seconds and ISO 8601 become a date in UTC; " +
		"what cannot become that type is left out.\n\n" +
		"A document is written by requests of 100 elements or 8 MB, two at once. Then its documents are searched until all of this write are seen, and what an " +
		"earlier write left and this one did not write is deleted. A reader never misses the elements; for a moment old ones may stand beside new ones.",
	Notes: "- Without a filterable `record_id` nothing is written, since old elements could not be found.\n" +
		"- Embeddings of another dimension than those of the field `embeddings` are refused before anything is written. An index without that field takes the elements " +
		"without them.\n" +
		"- A key that is filterable and sortable lets the elements of a document be listed without end; otherwise a document may have 100,000.\n" +
		"- The service takes 16 MB a request, and 32,766 bytes in a string that is filterable, sortable or facetable. What is larger fails the document.\n" +
		"- Elements that a busy service puts off (409, 422, 429 or 503 of the request or of single elements) are sent again, alone.\n" +
		"- The service shows what was written after a moment. A document that is written again with no elements within that moment may keep some until its next write.\n" +
		"- The connection check reads the index and deletes a document that is not there, which needs the right to write and changes nothing.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"endpoint": "https://example.search.windows.net", "index": "elements", "key": "$AZURE_SEARCH_KEY"},
}
