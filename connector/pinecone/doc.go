package pinecone

import "github.com/sluicehq/sluice/connector"

var destinationDoc = connector.Doc{
	Permissions: "An API key of the project with the roles `DataPlaneEditor` and `ControlPlaneViewer`, or `ProjectEditor`. For an index that is made on the " +
		"way (no `index_name`) it needs `ControlPlaneEditor` or `ProjectEditor`.\n\n" +
		"A named index must be there; when it is not, the error shows the request that creates it. Without a name an index is made when the first " +
		"embeddings come: serverless, AWS us-east-1, cosine, of the dimension of the embeddings, named `u<first 8 characters of the workflow's id>-<model>-<dimensions>`.",
	Records: "One record an element that has embeddings; the others are left out. Its id is `<record_id>#<UUIDv5(DNS namespace, element_id + record_id)>`, " +
		"`record_id` the document's identifier, or `sha256-` and its SHA-256 where that is not plain ASCII of at most 470 characters. The metadata hold `record_id` (always the " +
		"document's identifier), `element_id`, `text` and, as far as known, `filename`, `page_number`, `last_modified`, `parent_id`, `category_depth`, `is_continuation`, " +
		"`text_as_html`, `coordinates`, `link_urls`, `link_texts`, `emphasized_text_contents`, `emphasized_text_tags` and `entities`; objects and lists are " +
		"taken apart, as in `coordinates-points-0-1`.\n\n" +
		"A document is written by requests of `batch_size` records or 2 MB, two at once. Then its records are listed until all of this write are " +
		"seen, and what an earlier write left and this one did not write is deleted. A reader never misses the elements; for a moment old ones may stand beside new ones.",
	Notes: "- `namespace` `default` is Pinecone's default namespace. Others are made with the first record.\n" +
		"- Embeddings of another dimension than those of the index are refused before anything is written.\n" +
		"- The metadata of a record may have 40 KB. `text_as_html`, `entities`, `coordinates` and then the other optional values are left out where they do " +
		"not fit; a text that does not fit by itself fails the document: chunk it.\n" +
		"- Pinecone shows what was written after a moment. A document that is written again with no elements within that moment may keep records until its next write.\n" +
		"- Indexes on pods cannot list their records: there the document's old records are deleted before the new ones are written, and readers may " +
		"miss them for a moment. Sparse indexes, and those that make their embeddings themselves, are refused.\n" +
		"- An answer that asks for fewer requests (429) is waited out.\n" +
		"- The connection check reads the index and deletes a record that is not there, which needs the right to write and changes nothing.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"api_key": "$PINECONE_API_KEY", "index_name": "elements", "namespace": "default"},
}
