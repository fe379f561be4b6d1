package opensearch

import (
	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/search"
)

const login = "The credentials are `username` and `password`; or, of a domain of Amazon OpenSearch Service, `aws_access_key_id` and " +
	"`aws_secret_access_key` (with `aws_session_token` when they are temporary), whose requests are signed for the region in the host's name; or none."

const hosts = "\n- A host is written with `http://` or `https://`; without, `use_ssl` says which. Certificates are verified."

var sourceDoc = connector.Doc{
	Permissions: "A role with `indices:data/read/search*` and `indices:admin/get` on the index (the action group `read` has them); of Amazon's service " +
		"`es:ESHttpGet` and `es:ESHttpPost`. " + login,
	Records: search.SourceRecords + " With `fields` it has these fields only, and `-` and the first eight hex digits of the SHA-256 of the comma-joined names " +
		"follow the identifier.",
	Notes: search.SourceNotes + hosts,
	Example: map[string]any{"hosts": []any{"https://search.example.com:9200"}, "index_name": "articles", "username": "sluice",
		"password": "$OPENSEARCH_PASSWORD"},
}

var destinationDoc = connector.Doc{
	Permissions: "A role with `indices:data/read/*`, `indices:data/write/bulk*`, `indices:data/write/index`, `indices:data/write/delete`, `indices:admin/get` " +
		"and `indices:admin/refresh*` on the index (the action group `crud` and the latter two have them), and `indices:admin/mapping/put` where the " +
		"mapping may grow; of Amazon's service `es:ESHttpGet`, `es:ESHttpPost` and `es:ESHttpDelete`. The index must be there; when it is not, the " +
		"error shows the request that creates it, with the dimension of the data's vectors:\n\n" +
		"```json\n" +
		"PUT /elements\n" +
		"{\"settings\": {\"index.knn\": true}, \"mappings\": {\"properties\": {\"record_id\": {\"type\": \"keyword\"}, \"element_id\": {\"type\": \"keyword\"},\n" +
		"  \"type\": {\"type\": \"keyword\"}, \"text\": {\"type\": \"text\"}, \"embeddings\": {\"type\": \"knn_vector\", \"dimension\": 384}}}}\n" +
		"```\n\n" + login,
	Records:   search.DestinationRecords,
	Notes:     search.DestinationNotes + hosts,
	Guarantee: connector.Replaces,
	Example: map[string]any{"hosts": []any{"https://search.example.com:9200"}, "index_name": "elements", "username": "sluice",
		"password": "$OPENSEARCH_PASSWORD"},
}
