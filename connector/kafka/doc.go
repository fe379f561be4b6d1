package kafka

import "github.com/sluicehq/sluice/connector"

const clusterDoc = "The defaults are those of Confluent Cloud: an API key and its secret, shown with SASL PLAIN over TLS. " +
	"For other clusters set `security_protocol` and `sasl_mechanism`, and `ca_certificate` where the brokers' certificates are " +
	"signed by an authority of your own. `bootstrap_servers` may name several hosts, separated by commas, each with a port of its " +
	"own if it differs from `port`."

var sourceDoc = connector.Doc{
	Permissions: "`Read` on the topic and `Read` on the consumer group. " + clusterDoc,
	Records: "A document is a message; its bytes are the message's value. Its identifier is `topic_partition_offset`, its name the same " +
		"with `.txt` added; it has no version. `metadata.data_source.record_locator` is `{\"topic\": ..., \"partition\": ..., \"offset\": ...}`, " +
		"the dates are the message's.\n\n" +
		"A run lists what the consumer group has not committed, from the oldest message of the topic for a new group, up to what stood " +
		"there when the run began; at most `num_messages_to_consume`, shared among the partitions. The group's offsets are committed when all " +
		"files of the job have ended, the failed ones too: a failed file keeps its reason, and a retry of the job runs it again. A cancelled " +
		"job commits nothing.",
	Notes: "- Give the source a `group_id` of its own: while other consumers of the group are active, offsets cannot be committed, and the " +
		"check fails.\n" +
		"- If the offsets of an ended job cannot be committed, its log says so and the next run lists the same messages again.\n" +
		"- Messages without a value (deletion marks) and those of aborted transactions are left out.\n" +
		"- A message that expired or was compacted away between listing and reading fails alone. Keep messages for longer than a job, " +
		"and its retries, take.\n" +
		"- Messages that unpack to more than 64 MB are one document that fails and says so.",
	Example: map[string]any{
		"bootstrap_servers": "pkc-a1b2c.eu-central-1.aws.confluent.cloud", "port": 9092, "kafka_api_key": "$KAFKA_API_KEY",
		"secret": "$KAFKA_SECRET", "topic": "documents", "group_id": "sluice-documents", "num_messages_to_consume": 1000,
	},
}

var destinationDoc = connector.Doc{
	Permissions: "`Write` on the topic. For transactions `Write` and `Describe` on the transactional ids that begin with `sluice-` (prefixed); " +
		"without them documents are written without transactions. `DescribeConfigs` on the topic lets larger messages than the usual " +
		"1 MB through where the topic takes them, and lets the check find that a compacted topic needs keys. Clusters older than Kafka " +
		"3.0 also ask for `IdempotentWrite` on the cluster. " + clusterDoc,
	Records: "One message an element. The value is the element's JSON, as it stands in an output file, in UTF-8. The headers are `record_id`, " +
		"the identifier of the document, and `id`, the UUIDv5 (DNS namespace) of element id + `record_id`. All messages of a document stand in " +
		"one partition, in the order of the elements; a document always goes to the same one while the topic has so many partitions.\n\n" +
		"A topic is a log: writing a document again adds its messages again. With `message_key` `id` each message has the header `id` as its key, " +
		"so that a compacted topic keeps the last message of each element; those of elements that the document lost stay.",
	Notes: "- Each document is written in a transaction: a consumer with `isolation.level=read_committed` sees a document whole or not at all, also " +
		"when a write fails half way and is tried again. Other consumers may see parts of failed tries.\n" +
		"- What a killed process left unfinished the cluster ends after a minute; until then it hides later messages of its partition from such " +
		"consumers.\n" +
		"- A transaction costs some 10 to 50 ms a document. `transactions` `false` writes many small documents faster.\n" +
		"- An element that is larger than a message may be fails its document, by name and with the limit (`max.message.bytes`). Smaller chunks help, or a " +
		"higher limit of the topic.\n" +
		"- With `message_key` `id` the guarantee is upsert.",
	Guarantee: connector.Appends,
	Example: map[string]any{
		"bootstrap_servers": "pkc-a1b2c.eu-central-1.aws.confluent.cloud", "port": 9092, "kafka_api_key": "$KAFKA_API_KEY",
		"secret": "$KAFKA_SECRET", "topic": "elements", "batch_size": 100,
	},
}
