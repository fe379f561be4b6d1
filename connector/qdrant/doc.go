package qdrant

import "github.com/sluicehq/sluice/connector"

var destinationDoc = connector.Doc{
	Permissions: "An API key with read and write access to the collection (in Qdrant Cloud a database API key; of a granular key `rw` on the collection). The " +
		"collection must be there; when it is not, the error shows the request that creates it, with the dimension of the data's vectors:\n\n" +
		"```json\n" +
		"PUT /collections/elements\n" +
		"{\"vectors\": {\"size\": 384, \"distance\": \"Cosine\"}}\n" +
		"```\n\n" +
		"With the right to manage the collection, a payload index for `record_id` is created when there is none. Without that right everything works, " +
		"unless the collection refuses filters without an index (strict mode, which Qdrant Cloud turns on for new collections); then create it: `PUT /collections/elements/index " +
		"{\"field_name\": \"record_id\", \"field_schema\": \"keyword\"}`.",
	Records: "One point an element. Its id is UUIDv5(DNS namespace, element_id + document's identifier), its vector the embeddings; an element without " +
		"embeddings is a point without a vector. The payload holds `text`, `element_serialized` (the rest of the element as JSON text), `record_id` (the " +
		"document's identifier), and every value of the element under a name of its own, whose parts are joined by hyphens, places in lists among them: " +
		"`type`, `element_id`, `metadata-filename`, `metadata-languages-0`.\n\n" +
		"A document is written by requests of `batch_size` points or 8 MB, two at once, each of which waits until the points stand there. Then what an earlier write of " +
		"the same document left and this one did not write is deleted. A reader never misses the elements; for a moment old ones may stand beside new ones.",
	Notes: "- Without a port in `url`, 6333 is used, as Qdrant's own clients do.\n" +
		"- A collection may have one vector, named or not. One with several vectors is refused, since nothing says which of them to fill.\n" +
		"- Embeddings of another dimension than the collection's are refused before anything is written.\n" +
		"- Points that were written without `record_id` (by the reference) are overwritten when their element comes again, and not deleted when it does not.\n" +
		"- An element may have 30 MB; servers take 32 MB a request. A strict mode that takes fewer points a request needs a smaller `batch_size`.\n" +
		"- A server that asks for fewer requests (429) is given the time that it asks for.\n" +
		"- The connection check deletes a point that is not there, which needs the right to write and changes nothing.",
	Guarantee: connector.Replaces,
	Example: map[string]any{
		"url": "https://xyz-example.eu-central.aws.cloud.qdrant.io:6333", "api_key": "$QDRANT_API_KEY", "collection_name": "elements",
	},
}
