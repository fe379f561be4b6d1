package connector

import (
	"slices"

	"github.com/sluicehq/sluice/spec"
)

// searchKinds are search engines.
func searchKinds() []Kind {
	elasticsearch := []spec.Field{
		needed(list("hosts", "https://host:port, one or more")),
		needed(text("index_name", "name of the index")),
		needed(secret("es_api_key", "API key")),
	}
	opensearch := []spec.Field{
		needed(list("hosts", "https://host:port, one or more")),
		needed(text("index_name", "name of the index")),
		text("username", "of the basic login"),
		secret("password", "of the basic login"),
		secret("aws_access_key_id", "access key id, in place of the basic login"),
		secret("aws_secret_access_key", "secret access key"),
		secret("aws_session_token", "of temporary credentials"),
		flag("use_ssl", true, "connect with TLS"),
	}
	return slices.Concat(
		both("elasticsearch", "Elasticsearch", elasticsearch, elasticsearch),
		both("opensearch", "OpenSearch",
			slices.Concat(opensearch, []spec.Field{list("fields", "fields to read; absent is all")}), opensearch),
		[]Kind{
			to("azure_ai_search", "Azure AI Search", []spec.Field{
				needed(text("endpoint", "https://... of the service")),
				needed(text("index", "name of the index")),
				needed(secret("key", "admin key")),
			}),
		},
	)
}

// vectorKinds are vector stores.
func vectorKinds() []Kind {
	return []Kind{
		to("pinecone", "Pinecone", []spec.Field{
			needed(secret("api_key", "API key")),
			text("index_name", "index; absent is made from the workflow's id"),
			textOr("namespace", "default", "namespace in the index"),
			batchSize(50),
		}),
		to("qdrant-cloud", "Qdrant", []spec.Field{
			needed(text("url", "https://host:port")),
			needed(secret("api_key", "API key")),
			needed(text("collection_name", "name of the collection")),
			batchSize(50),
		}, "qdrant"),
		to("weaviate-cloud", "Weaviate", []spec.Field{
			needed(alias(text("cluster_url", "https://... of the cluster"), "host_url")),
			needed(secret("api_key", "API key")),
			alias(text("collection", "collection; absent is made from the workflow's id"), "class_name"),
			{Name: "flatten_metadata", Kind: spec.Bool, Omit: true, Help: "metadata in one level; absent is nested"},
		}, "weaviate"),
		to("milvus", "Milvus", []spec.Field{
			needed(secret("uri", "https://host:port")),
			text("user", "user to log in as"),
			secret("password", "of the user"),
			secret("token", "in place of user and password"),
			text("db_name", "database; absent is the default"),
			needed(text("collection_name", "name of the collection")),
			textOr("record_id_key", "record_id", "field that holds the document's identifier"),
			{Name: "flatten_metadata", Kind: spec.Bool, Omit: true, Help: "metadata in one level; absent is true"},
			list("fields_to_include", "fields to write; absent is all that the collection takes"),
		}),
		to("astradb", "Astra DB", []spec.Field{
			needed(secret("token", "application token")),
			needed(secret("api_endpoint", "https://... of the database")),
			text("collection_name", "collection; absent is made from the workflow's id"),
			textOr("keyspace", "default_keyspace", "keyspace of the collection"),
			batchSize(20),
			flag("flatten_metadata", false, "metadata in one level"),
			flag("binary_encode_vectors", true, "send vectors as bytes"),
			flag("enable_lexical_search", false, "index the text for lexical search"),
			flag("astra_generated_embeddings", false, "let the database make the vectors"),
		}),
	}
}

// streamKinds are message queues.
func streamKinds() []Kind {
	kafka := []spec.Field{
		needed(alias(text("bootstrap_servers", "host of the cluster"), "bootstrap_server")),
		port(9092),
		needed(secret("kafka_api_key", "API key")),
		needed(secret("secret", "secret of the API key")),
		needed(text("topic", "name of the topic")),
	}
	return both("kafka-cloud", "Kafka (Confluent Cloud)",
		slices.Concat(kafka, []spec.Field{
			textOr("group_id", "default_group_id", "consumer group"),
			count("num_messages_to_consume", 100, "most messages of a run"),
		}),
		slices.Concat(kafka, []spec.Field{
			textOr("group_id", "default_group_id", "kept, without effect"),
			batchSize(100),
		}),
		"kafka")
}
