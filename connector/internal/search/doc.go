package search

// The texts of the documentation that both products share.
const (
	SourceRecords = "A document is a document of the index: a text file named `<index_name>-<_id>.txt` with the values of its fields, each on a line of its " +
		"own, in the order in which they were stored; names of fields are left out, plain values of a list stand on one line, nulls are nothing. " +
		"Its identifier is `<index_name>-<_id>`, its version `_version`, its `url` the host and the index. `metadata.data_source.record_locator` " +
		"is `{\"hosts\": [...], \"index_name\": ..., \"document_id\": ...}`; there are no dates."
	SourceNotes = "- `index_name` may be an alias or a data stream; all indexes behind it are read, in the order of their names.\n" +
		"- Documents are listed shard by shard in the order in which they were last written, 2,000 a request, without a scroll or any other " +
		"state on the server: a listing that broke off goes on where it stood. What was written less than a refresh ago (one second) is seen by the " +
		"next run.\n" +
		"- A document may have up to 256 MB. An index without `_source` gives empty files.\n" +
		"- Several `hosts` are tried one after the other when one cannot be reached. Serverless services, which have no shards, are not supported.\n" +
		"- A server that asks for fewer requests (429) is given the time that it asks for."
	DestinationRecords = "One document an element: `type`, `element_id`, `text`, `embeddings`, `record_id` and `metadata`, whose objects are joined into one level by " +
		"hyphens, as in `metadata.data_source-url`; lists stay lists. `_id` is UUIDv5(DNS namespace, element_id + record_id), `record_id` the document's " +
		"identifier.\n\n" +
		"A document is written by bulk requests of up to 1,000 elements or 5 MB, two at once. Then the index is refreshed, and what an earlier write " +
		"of the same document left there and this one did not write is deleted. A reader never misses the elements; for a moment old ones may stand beside " +
		"new ones."
	DestinationNotes = "- `record_id` should be mapped as `keyword`. Where it is `text`, as a dynamic mapping makes it, its subfield `keyword` is used; without that its " +
		"words are searched, and each find is compared whole.\n" +
		"- Embeddings of another dimension than those of the index (of its mapping, or of a vector that stands there) are refused before " +
		"anything is written.\n" +
		"- Fields that the mapping does not name follow its `dynamic` setting. A value that does not fit a mapping fails the document with the type " +
		"of the server's error.\n" +
		"- Operations that a busy server puts off (429 of the request, or of single elements) are sent again, alone; a write that lasts too long ends " +
		"and is tried again later.\n" +
		"- A data stream cannot be written, since its documents cannot be replaced. An alias needs a write index.\n" +
		"- The connection check indexes and deletes an empty document in one request."
)
