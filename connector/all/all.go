// Package all is the list of the connectors that a program carries: importing it registers them.
package all

import (
	_ "github.com/sluicehq/sluice/connector/azure"         // containers of Azure Blob Storage
	_ "github.com/sluicehq/sluice/connector/azuresearch"   // indexes of Azure AI Search
	_ "github.com/sluicehq/sluice/connector/chroma"        // collections of Chroma
	_ "github.com/sluicehq/sluice/connector/confluence"    // pages of Confluence
	_ "github.com/sluicehq/sluice/connector/elasticsearch" // indexes of Elasticsearch
	_ "github.com/sluicehq/sluice/connector/gcs"           // buckets of Google Cloud Storage
	_ "github.com/sluicehq/sluice/connector/googledrive"   // folders and shared drives of Google Drive
	_ "github.com/sluicehq/sluice/connector/jira"          // issues of Jira
	_ "github.com/sluicehq/sluice/connector/kafka"         // topics of Kafka
	_ "github.com/sluicehq/sluice/connector/local"         // folders of the machine
	_ "github.com/sluicehq/sluice/connector/milvus"        // collections of Milvus
	_ "github.com/sluicehq/sluice/connector/mongodb"       // collections of MongoDB
	_ "github.com/sluicehq/sluice/connector/onedrive"      // a user's OneDrive
	_ "github.com/sluicehq/sluice/connector/opensearch"    // indexes of OpenSearch
	_ "github.com/sluicehq/sluice/connector/outlook"       // a user's mail
	_ "github.com/sluicehq/sluice/connector/pinecone"      // indexes of Pinecone
	_ "github.com/sluicehq/sluice/connector/postgres"      // tables of PostgreSQL
	_ "github.com/sluicehq/sluice/connector/qdrant"        // collections of Qdrant
	_ "github.com/sluicehq/sluice/connector/redis"         // keys of Redis
	_ "github.com/sluicehq/sluice/connector/s3"            // buckets of Amazon S3 and of stores that speak its protocol
	_ "github.com/sluicehq/sluice/connector/sftp"          // a folder of an SFTP server
	_ "github.com/sluicehq/sluice/connector/sharepoint"    // libraries of SharePoint sites
	_ "github.com/sluicehq/sluice/connector/weaviate"      // collections of Weaviate
)
