package all

import (
	"testing"

	"github.com/sluicehq/sluice/connector"
)

func TestBuiltConnectors(t *testing.T) {
	t.Parallel()
	for side, ids := range map[connector.Side][]string{
		connector.SideSource:      {"azure", "confluence", "elasticsearch", "gcs", "google_drive", "jira", "kafka", "kafka-cloud", "local", "mongodb", "onedrive", "opensearch", "outlook", "postgres", "s3", "sftp", "sharepoint"},
		connector.SideDestination: {"azure", "azure_ai_search", "chroma", "elasticsearch", "gcs", "kafka", "kafka-cloud", "local", "milvus", "mongodb", "onedrive", "opensearch", "pinecone", "postgres", "qdrant", "qdrant-cloud", "redis", "s3", "sftp", "weaviate", "weaviate-cloud"},
	} {
		for _, id := range ids {
			if k, ok := connector.Lookup(side, id); !ok || !k.Built {
				t.Errorf("%s %s is not built in", side, id)
			}
		}
	}
}
