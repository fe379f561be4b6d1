package connector

import (
	"slices"

	"github.com/sluicehq/sluice/spec"
)

// sqlKinds are databases with rows: a source gives one document a row, a destination one row an element.
func sqlKinds() []Kind {
	rows := func(batch int64) []spec.Field {
		return []spec.Field{
			needed(text("table_name", "table, or schema.table")),
			textOr("id_column", "id", "column that identifies a row"),
			list("fields", "columns to read; absent is all"),
			batchSize(batch),
		}
	}
	postgres := []spec.Field{
		needed(text("host", "name or address of the server")),
		port(5432),
		needed(text("database", "name of the database")),
		needed(alias(text("username", "role to log in as"), "user")),
		needed(secret("password", "of the role")),
		{Name: "sslmode", Kind: spec.String, Omit: true,
			Enum: []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
			Help: "TLS as libpq has it; absent is prefer: with TLS where the server has it, its certificate unchecked"},
		text("sslrootcert", "PEM text of the authority's certificate for verify-ca and verify-full; absent is the system's"),
	}
	snowflake := []spec.Field{
		needed(text("account", "account identifier")),
		needed(alias(text("user", "user to log in as"), "username")),
		needed(secret("password", "programmatic access token or password")),
		needed(text("host", "<account>.snowflakecomputing.com")),
		port(443),
		needed(text("database", "name of the database")),
		needed(alias(text("schema", "schema of the table"), "schema_")),
		needed(text("role", "role to use")),
	}
	teradata := []spec.Field{
		needed(text("host", "name or address of the server")),
		needed(alias(text("user", "user to log in as"), "username")),
		needed(secret("password", "of the user")),
		text("database", "name of the database; absent is the user's"),
		{Name: "dbs_port", Kind: spec.Int, Default: int64(1025), Min: spec.Limit(1), Max: spec.Limit(65535),
			Help: "TCP port"},
	}
	recordID := textOr("record_id_key", "record_id", "column that holds the document's identifier")
	couchbase := func(more ...spec.Field) []spec.Field {
		return append([]spec.Field{
			needed(text("username", "user to log in as")),
			needed(secret("password", "of the user")),
			needed(text("bucket", "name of the bucket")),
			needed(secret("connection_string", "couchbases://...")),
			textOr("scope", "_default", "scope in the bucket"),
			textOr("collection", "_default", "collection in the scope"),
			batchSize(50),
		}, more...)
	}
	mongodb := []spec.Field{
		needed(secret("uri", "mongodb+srv://user:password@host/")),
		needed(text("database", "name of the database")),
		needed(text("collection", "name of the collection")),
	}
	return slices.Concat(
		both("postgres", "PostgreSQL",
			slices.Concat(postgres, rows(100)),
			slices.Concat(postgres, []spec.Field{needed(text("table_name", "table, or schema.table")), batchSize(100)}),
			"postgresql"),
		both("snowflake", "Snowflake",
			slices.Concat(snowflake, rows(100)),
			slices.Concat(snowflake, []spec.Field{
				textOr("table_name", "elements", "table"), recordID, batchSize(50)})),
		both("teradata", "Teradata",
			slices.Concat(teradata, rows(100)),
			slices.Concat(teradata, []spec.Field{
				textOr("table_name", "elements", "table"), recordID, batchSize(50)})),
		both("mongodb", "MongoDB", mongodb, mongodb),
		both("couchbase", "Couchbase",
			couchbase(textOr("collection_id", "id", "field of a document that holds its id")),
			couchbase()),
		[]Kind{
			to("redis", "Redis", []spec.Field{
				text("host", "name or address of the server; not with uri"),
				port(6379),
				text("username", "user to log in as"),
				secret("password", "of the user"),
				secret("uri", "rediss://user:password@host:port, in place of the others"),
				{Name: "database", Kind: spec.Int, Default: int64(0), Min: spec.Limit(0), Help: "number of the database"},
				flag("ssl", true, "connect with TLS"),
				batchSize(100),
				textOr("key_prefix", "", "put before every key"),
			}),
			to("neo4j", "Neo4j", []spec.Field{
				needed(secret("uri", "neo4j+s://host:7687")),
				needed(text("database", "name of the database")),
				needed(text("username", "user to log in as")),
				needed(secret("password", "of the user")),
				batchSize(100),
			}),
			to("motherduck", "MotherDuck", []spec.Field{
				needed(text("database", "name of the database")),
				textOr("db_schema", "main", "schema of the table"),
				textOr("table", "elements", "table"),
				needed(secret("md_token", "access token")),
			}),
		},
	)
}

// lakeKinds are tables in files on object stores.
func lakeKinds() []Kind {
	return []Kind{
		to("delta_table", "Delta table in Amazon S3", []spec.Field{
			needed(text("aws_region", "region of the bucket")),
			needed(text("table_uri", "s3://bucket/path of the table")),
			needed(secret("aws_access_key_id", "access key id")),
			needed(secret("aws_secret_access_key", "secret access key")),
		}),
		to("databricks_volume_delta_tables", "Delta tables in Databricks", []spec.Field{
			needed(text("server_hostname", "host of the workspace")),
			needed(text("http_path", "of the SQL warehouse or cluster")),
			secret("token", "personal access token"),
			text("client_id", "of the service principal, in place of the token"),
			secret("client_secret", "of the service principal"),
			needed(text("catalog", "catalog of the volume and the table")),
			needed(text("volume", "volume for staging")),
			text("volume_path", "folder in the volume"),
			textOr("schema", "default", "schema of the volume"),
			textOr("database", "default", "schema of the table"),
			text("table_name", "table; absent is made from the workflow's id"),
		}),
		to("ibm_watsonx_s3", "IBM watsonx.data", []spec.Field{
			needed(text("iceberg_endpoint", "host of the metastore, without https://")),
			needed(text("object_storage_endpoint", "host of the object storage, without https://")),
			needed(text("object_storage_region", "region of the bucket")),
			needed(secret("iam_api_key", "of the account")),
			needed(secret("access_key_id", "of the bucket")),
			needed(secret("secret_access_key", "of the bucket")),
			needed(text("catalog", "Iceberg catalog")),
			needed(text("namespace", "namespace of the table")),
			needed(text("table", "name of the table")),
			{Name: "max_retries", Kind: spec.Int, Default: int64(50), Min: spec.Limit(2), Max: spec.Limit(500),
				Help: "tries of an upload"},
			{Name: "max_retries_connection", Kind: spec.Int, Default: int64(10), Min: spec.Limit(2), Max: spec.Limit(100),
				Help: "tries of a connection"},
			textOr("record_id_key", "record_id", "column that holds the document's identifier"),
		}),
	}
}
