package elasticsearch

import (
	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/search"
)

const login = "`es_api_key` is an API key in the encoded form that Elasticsearch shows when it makes one; `id:api_key` is taken too."

var sourceDoc = connector.Doc{
	Permissions: "An API key with the index privileges `read` and `view_index_metadata`:\n\n" +
		"```json\n" +
		"{\"name\": \"sluice\", \"role_descriptors\": {\"read\": {\"indices\": [\n" +
		"  {\"names\": [\"articles\"], \"privileges\": [\"read\", \"view_index_metadata\"]}]}}}\n" +
		"```\n\n" + login,
	Records: search.SourceRecords,
	Notes:   search.SourceNotes,
	Example: map[string]any{"hosts": []any{"https://search.example.com:9200"}, "index_name": "articles", "es_api_key": "$ES_API_KEY"},
}

var destinationDoc = connector.Doc{
	Permissions: "An API key with the index privileges `read`, `index`, `delete`, `maintenance` (to refresh) and `view_index_metadata`. The index " +
		"must be there; when it is not, the error shows the request that creates it, with the dimension of the data's vectors:\n\n" +
		"```json\n" +
		"PUT /elements\n" +
		"{\"mappings\": {\"properties\": {\"record_id\": {\"type\": \"keyword\"}, \"element_id\": {\"type\": \"keyword\"}, \"type\": {\"type\": \"keyword\"},\n" +
		"  \"text\": {\"type\": \"text\"}, \"embeddings\": {\"type\": \"dense_vector\", \"dims\": 384}}}}\n" +
		"```\n\n" + login,
	Records:   search.DestinationRecords,
	Notes:     search.DestinationNotes,
	Guarantee: connector.Replaces,
	Example:   map[string]any{"hosts": []any{"https://search.example.com:9200"}, "index_name": "elements", "es_api_key": "$ES_API_KEY"},
}
