package milvus

import "github.com/sluicehq/sluice/connector"

var destinationDoc = connector.Doc{
	Permissions: "A user or API key with the privileges `DescribeCollection`, `Query`, `Insert`, `Upsert` and `Delete` on the collection: as `token` (an API key of Zilliz Cloud, or " +
		"`user:password`), or as `user` and `password`. The collection must be there and loaded; when it is not there, the error shows the request that creates it, with the dimension of " +
		"the data's vectors:\n\n" +
		"```json\n" +
		"POST /v2/vectordb/collections/create\n" +
		"{\"collectionName\": \"elements\", \"schema\": {\"enableDynamicField\": true, \"fields\": [\n" +
		"  {\"fieldName\": \"id\", \"dataType\": \"VarChar\", \"isPrimary\": true, \"elementTypeParams\": {\"max_length\": \"36\"}},\n" +
		"  {\"fieldName\": \"record_id\", \"dataType\": \"VarChar\", \"elementTypeParams\": {\"max_length\": \"2048\"}},\n" +
		"  {\"fieldName\": \"text\", \"dataType\": \"VarChar\", \"elementTypeParams\": {\"max_length\": \"65535\"}},\n" +
		"  {\"fieldName\": \"embeddings\", \"dataType\": \"FloatVector\", \"elementTypeParams\": {\"dim\": \"384\"}}]},\n" +
		" \"indexParams\": [{\"fieldName\": \"embeddings\", \"indexName\": \"embeddings\", \"metricType\": \"COSINE\"}]}\n" +
		"```",
	Records: "One row an element that has embeddings; the others are left out. The vector stands in `embeddings`, or in the only `FloatVector` field; the document's identifier in " +
		"`record_id_key`. The other fields are the element's own names, the metadata among them in one level, names joined by underscores: `type`, `text`, `filename`, " +
		"`page_number`, `data_source_url` (with `flatten_metadata` off, an object `metadata`). Dates are seconds since 1970, `permissions_data` is JSON text, and `languages` too where there is no " +
		"dynamic field; `is_continuation` is false where it is not known. Each value takes the type that the schema gives its field; what the schema does not have is written when the dynamic field is on, and left " +
		"out otherwise. `fields_to_include` leaves out all others but the text.\n\n" +
		"The primary key, a `VarChar`, holds UUIDv5(DNS namespace, element_id + document's identifier), since two documents may have elements of the same id. Where that field is named `element_id`, `parent_id` " +
		"holds such an id too.\n\n" +
		"A document is written by requests of 500 rows or 8 MB, two at once. Then its rows are listed until all of this write are seen, and what an earlier write left and this one did not write is deleted. " +
		"A reader never misses the elements; for a moment old ones may stand beside new ones.",
	Notes: "- The REST interface (`/v2/vectordb`) is used, which Milvus 2.4 and later and Zilliz Cloud serve at the address of `uri`, such as `http://milvus.example.com:19530` or " +
		"`https://in03-example.serverless.gcp-us-west1.cloud.zilliz.com`. It was tried on Milvus Lite behind a bridge and on an imitation of the service.\n" +
		"- Where the server makes the primary keys (`autoId`), or they are numbers, the document's old rows are deleted before the new ones are written, and readers may miss them for a moment.\n" +
		"- Embeddings of another dimension than the field's are refused before anything is written.\n" +
		"- Values that are longer than their field are left out; a text or an identifier that is fails the document. Dynamic values of a row may have 65,536 bytes together: the largest are left out.\n" +
		"- A field that must have a value and gets none holds an empty one.\n" +
		"- Rate limits, quotas and a server that is not ready are waited out, then tried again later.\n" +
		"- The connection check reads the collection and deletes rows that are not there, which needs the right to write and changes nothing.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"uri": "$MILVUS_URI", "token": "$MILVUS_TOKEN", "collection_name": "elements"},
}
