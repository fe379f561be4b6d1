package all

import (
	"testing"

	"github.com/sluicehq/sluice/connector"
)

func TestBuiltConnectors(t *testing.T) {
	t.Parallel()
	for side, ids := range map[connector.Side][]string{
		connector.SideSource:      {"azure", "elasticsearch", "gcs", "kafka-cloud", "kafka", "local", "mongodb", "opensearch", "postgres", "s3", "sftp"},
		connector.SideDestination: {"azure", "azure_ai_search", "chroma", "elasticsearch", "gcs", "kafka-cloud", "kafka", "local", "milvus", "mongodb", "opensearch", "pinecone", "postgres", "qdrant-cloud", "qdrant", "redis", "s3", "sftp", "weaviate-cloud", "weaviate"},
	} {
		for _, id := range ids {
			if k, ok := connector.Lookup(side, id); !ok || !k.Built {
				t.Errorf("%s %s is not built in", side, id)
			}
		}
	}
}
