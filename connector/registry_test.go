package connector

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/spec"
)

// The lists are those of section 2.3 of the contract.
func TestCatalogHoldsEveryType(t *testing.T) {
	t.Parallel()
	for side, ids := range map[Side]string{
		SideSource: "azure box confluence couchbase databricks_volumes dropbox elasticsearch gcs google_drive jira " +
			"kafka-cloud mongodb onedrive opensearch outlook postgres s3 salesforce sharepoint slack snowflake teradata zendesk",
		SideDestination: "astradb azure azure_ai_search couchbase databricks_volumes databricks_volume_delta_tables " +
			"delta_table elasticsearch gcs ibm_watsonx_s3 kafka-cloud milvus mongodb motherduck neo4j onedrive opensearch " +
			"pinecone postgres qdrant-cloud redis s3 snowflake teradata weaviate-cloud",
	} {
		want := strings.Fields(ids)
		slices.Sort(want)
		var got []string
		for _, k := range catalog() {
			if k.Side == side {
				got = append(got, k.Type)
			}
		}
		slices.Sort(got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v", side, got, want)
		}
	}
}

func TestCatalogFields(t *testing.T) {
	t.Parallel()
	for _, k := range catalog() {
		seen := map[string]bool{}
		for _, f := range k.Spec.Fields {
			for _, name := range append([]string{f.Name}, f.Aliases...) {
				if seen[name] {
					t.Errorf("%s %s: %s is there twice", k.Side, k.Type, name)
				}
				seen[name] = true
			}
			if f.Help == "" {
				t.Errorf("%s %s: %s has no help", k.Side, k.Type, f.Name)
			}
			if f.Required && f.Default != nil {
				t.Errorf("%s %s: %s is required and has a default", k.Side, k.Type, f.Name)
			}
			if spec.SecretName(f.Name) && !f.Secret && f.Kind != spec.Bool && f.Name != "table_uri" {
				t.Errorf("%s %s: %s sounds like a secret", k.Side, k.Type, f.Name)
			}
		}
		out, problems := For(k.Side, k.Type).Spec.Decode(nil)
		if problems != nil {
			t.Errorf("%s %s: an empty config is refused: %v", k.Side, k.Type, problems)
		}
		for name, v := range out {
			if v == nil {
				t.Errorf("%s %s: %s becomes null", k.Side, k.Type, name)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		side     Side
		id, want string
	}{
		{SideSource, "s3", "s3"}, {SideSource, "S3", "s3"}, {SideSource, "kafka_cloud", "kafka-cloud"},
		{SideSource, "KAFKA-CLOUD", "kafka-cloud"}, {SideDestination, "weaviate", "weaviate-cloud"},
		{SideDestination, "weaviate_cloud", "weaviate-cloud"}, {SideDestination, "qdrant_cloud", "qdrant-cloud"},
		{SideSource, "google-drive", "google_drive"}, {SideSource, "GoogleDrive", "google_drive"},
		{SideSource, " teradata ", "teradata"}, {SideDestination, "azure-ai-search", "azure_ai_search"},
	} {
		k, ok := Lookup(c.side, c.id)
		if !ok || k.Type != c.want || k.Side != c.side {
			t.Errorf("%s %q: %v %v", c.side, c.id, k.Type, ok)
		}
		if got := For(c.side, c.id).Type; got != c.want {
			t.Errorf("For(%s, %q) = %q", c.side, c.id, got)
		}
	}
	for _, c := range []struct {
		side Side
		id   string
	}{{SideSource, "pinecone"}, {SideDestination, "slack"}, {SideSource, ""}, {SideSource, "magic"}} {
		if k, ok := Lookup(c.side, c.id); ok {
			t.Errorf("%s %q is %s", c.side, c.id, k.Type)
		}
	}
}

func TestConfigs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		side           Side
		id             string
		in, want, show map[string]any
	}{
		"s3": {SideSource, "s3",
			map[string]any{"remote_url": "s3://acme-docs/in/", "key": "AK", "secret": "SK", "recursive": "true",
				"odd": 5.0},
			map[string]any{"remote_url": "s3://acme-docs/in/", "key": "AK", "secret": "SK", "recursive": true,
				"anonymous": false, "odd": int64(5)},
			map[string]any{"remote_url": "s3://acme-docs/in/", "key": spec.Mask, "secret": spec.Mask,
				"recursive": true, "anonymous": false, "odd": int64(5)}},
		"s3 destination": {SideDestination, "s3",
			map[string]any{"remote_url": "s3://b"},
			map[string]any{"remote_url": "s3://b", "anonymous": false},
			map[string]any{"remote_url": "s3://b", "anonymous": false}},
		"weaviate of the docs": {SideDestination, "weaviate",
			map[string]any{"host_url": "https://w", "class_name": "C", "api_key": "k"},
			map[string]any{"cluster_url": "https://w", "collection": "C", "api_key": "k"},
			map[string]any{"cluster_url": "https://w", "collection": "C", "api_key": spec.Mask}},
		"kafka of the docs": {SideSource, "kafka-cloud",
			map[string]any{"bootstrap_server": "b", "port": "9093", "kafka_api_key": "k", "secret": "s", "topic": "t"},
			map[string]any{"bootstrap_servers": "b", "port": int64(9093), "kafka_api_key": "k", "secret": "s",
				"topic":    "t",
				"group_id": "default_group_id", "num_messages_to_consume": int64(100)},
			map[string]any{"bootstrap_servers": "b", "port": int64(9093), "kafka_api_key": spec.Mask,
				"secret": spec.Mask, "topic": "t",
				"group_id": "default_group_id", "num_messages_to_consume": int64(100)}},
		"slack of the docs": {SideSource, "slack",
			map[string]any{"channels": []any{"C1"}, "token": "x", "start-date": "2026-01-01", "end-date": "2026-02-01"},
			map[string]any{"channels": []any{"C1"}, "token": "x", "start_date": "2026-01-01", "end_date": "2026-02-01"},
			map[string]any{"channels": []any{"C1"}, "token": spec.Mask, "start_date": "2026-01-01",
				"end_date": "2026-02-01"}},
		"zendesk of the docs": {SideSource, "zendesk",
			map[string]any{"subdomain": "a", "email": "e", "api-token": "x", "item-type": "articles",
				"batch-size": "5"},
			map[string]any{"subdomain": "a", "email": "e", "api_token": "x", "item_type": "articles",
				"batch_size": int64(5)},
			map[string]any{"subdomain": "a", "email": "e", "api_token": spec.Mask, "item_type": "articles",
				"batch_size": int64(5)}},
		"snowflake schema_": {SideDestination, "snowflake",
			map[string]any{"schema_": "S", "password": "p"},
			map[string]any{"schema": "S", "password": "p", "port": int64(443), "table_name": "elements",
				"record_id_key": "record_id", "batch_size": int64(50)},
			map[string]any{"schema": "S", "password": spec.Mask, "port": int64(443), "table_name": "elements",
				"record_id_key": "record_id", "batch_size": int64(50)}},
		"postgres user": {SideSource, "postgres",
			map[string]any{"user": "u", "password": "p", "table_name": "t"},
			map[string]any{"username": "u", "password": "p", "table_name": "t", "port": int64(5432),
				"id_column": "id", "batch_size": int64(100)},
			map[string]any{"username": "u", "password": spec.Mask, "table_name": "t", "port": int64(5432),
				"id_column": "id", "batch_size": int64(100)}},
		"pinecone": {SideDestination, "pinecone",
			map[string]any{"api_key": "k", "namespace": nil},
			map[string]any{"api_key": "k", "namespace": "default", "batch_size": int64(50)},
			map[string]any{"api_key": spec.Mask, "namespace": "default", "batch_size": int64(50)}},
		"redis": {SideDestination, "redis",
			map[string]any{"uri": "rediss://u:p@h", "key_prefix": "docs:"},
			map[string]any{"uri": "rediss://u:p@h", "key_prefix": "docs:", "port": int64(6379), "database": int64(0),
				"ssl": true, "batch_size": int64(100)},
			map[string]any{"uri": spec.Mask, "key_prefix": "docs:", "port": int64(6379), "database": int64(0),
				"ssl": true, "batch_size": int64(100)}},
		"astradb": {SideDestination, "astradb",
			map[string]any{"token": "t", "api_endpoint": "https://e"},
			map[string]any{"token": "t", "api_endpoint": "https://e", "keyspace": "default_keyspace",
				"batch_size":       int64(20),
				"flatten_metadata": false, "binary_encode_vectors": true, "enable_lexical_search": false,
				"astra_generated_embeddings": false},
			map[string]any{"token": spec.Mask, "api_endpoint": spec.Mask, "keyspace": "default_keyspace",
				"batch_size":       int64(20),
				"flatten_metadata": false, "binary_encode_vectors": true, "enable_lexical_search": false,
				"astra_generated_embeddings": false}},
		"secret reference": {SideSource, "google_drive",
			map[string]any{"drive_id": "d", "service_account_key": map[string]any{"id": "1", "type": "rsa"}},
			map[string]any{"drive_id": "d", "service_account_key": map[string]any{"id": "1", "type": "rsa"},
				"recursive": false},
			map[string]any{"drive_id": "d", "service_account_key": map[string]any{"id": "1", "type": "rsa"},
				"recursive": false}},
		"key file as an object": {SideSource, "gcs",
			map[string]any{"remote_url": "gs://b",
				"service_account_key": map[string]any{"type": "service_account", "private_key": "k"}},
			map[string]any{"remote_url": "gs://b",
				"service_account_key": map[string]any{"type": "service_account", "private_key": "k"},
				"recursive":           false},
			map[string]any{"remote_url": "gs://b", "service_account_key": spec.Mask, "recursive": false}},
		"watsonx": {SideDestination, "ibm_watsonx_s3",
			map[string]any{"iam_api_key": "k", "access_key_id": "a", "max_retries": 5},
			map[string]any{"iam_api_key": "k", "access_key_id": "a", "max_retries": int64(5),
				"max_retries_connection": int64(10), "record_id_key": "record_id"},
			map[string]any{"iam_api_key": spec.Mask, "access_key_id": spec.Mask, "max_retries": int64(5),
				"max_retries_connection": int64(10), "record_id_key": "record_id"}},
		"unknown type": {SideSource, "Magic",
			map[string]any{"wand_key": "w", "id_column": "id", "tokenizer": "x",
				"nested": map[string]any{"password": "p"}},
			map[string]any{"wand_key": "w", "id_column": "id", "tokenizer": "x",
				"nested": map[string]any{"password": "p"}},
			map[string]any{"wand_key": spec.Mask, "id_column": "id", "tokenizer": "x",
				"nested": map[string]any{"password": spec.Mask}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := For(c.side, c.id)
			got, problems := k.Spec.Decode(c.in)
			if problems != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("decoded\ngot  %v\nwant %v (%v)", got, c.want, problems)
			}
			if shown := k.Spec.Mask(got); !reflect.DeepEqual(shown, c.show) {
				t.Errorf("shown\ngot  %v\nwant %v", shown, c.show)
			}
		})
	}
}

type fakeSource struct{ Source }

func TestOpen(t *testing.T) {
	t.Parallel()
	var got map[string]any
	Register(Kind{Side: SideSource, Type: "test-source", Aliases: []string{"tester"},
		Spec: spec.Spec{Fields: []spec.Field{
			{Name: "path", Kind: spec.String, Required: true, Omit: true},
			{Name: "size", Kind: spec.Int, Default: int64(3)},
			{Name: "password", Kind: spec.String, Omit: true, Secret: true}}},
		NewSource: func(config map[string]any, _ Env) (Source, error) {
			got = config
			return &fakeSource{}, nil
		}})

	if s, err := OpenSource("TESTER", map[string]any{"path": "p"}, Env{}); err != nil || s == nil {
		t.Fatalf("open: %v, %v", s, err)
	}
	if want := map[string]any{"path": "p", "size": int64(3)}; !reflect.DeepEqual(got, want) {
		t.Errorf("the constructor got %v", got)
	}

	_, err := OpenSource("test_source", map[string]any{"size": "big", "password": 12345.0}, Env{})
	var config *ConfigError
	if !errors.As(err, &config) {
		t.Fatalf("got %v", err)
	}
	want := "the config of this test-source source lacks path and has wrong values: " +
		"size (Input should be a valid integer, unable to parse string as an integer); password (Input should be a valid string)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}

	_, err = OpenSource("S3", nil, Env{})
	var unbuilt *UnbuiltError
	if !errors.As(err, &unbuilt) || unbuilt.Type != "s3" ||
		!strings.HasPrefix(err.Error(),
			`connector type "s3" is not part of this version of sluice; its source types are: `) ||
		!strings.Contains(err.Error(), "test-source") {
		t.Errorf("got %v", err)
	}
	if _, err = OpenDestination("magic", nil, Env{}); !errors.As(err, &unbuilt) || unbuilt.Type != "magic" {
		t.Errorf("got %v", err)
	}
	if outcome, _ := Classify(err); outcome != Permanent {
		t.Errorf("an unknown type is %s", outcome)
	}
}

func TestRegisterTakesFieldsFromCatalog(t *testing.T) {
	t.Parallel()
	Register(Kind{Side: SideDestination, Type: "QDRANT",
		NewDestination: func(map[string]any, Env) (Destination, error) { return nil, errors.New("made") }})
	k, ok := Lookup(SideDestination, "qdrant-cloud")
	if !ok || !k.Built || k.Type != "qdrant-cloud" || k.Title != "Qdrant" || len(k.Spec.Fields) != 4 {
		t.Errorf("got %+v", k)
	}
	_, err := OpenDestination("qdrant", map[string]any{"url": "u", "api_key": "k", "collection_name": "c"}, Env{})
	if err == nil || err.Error() != "made" {
		t.Errorf("got %v", err)
	}
}

func TestRegisterNeedsConstructor(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{{Side: SideSource, Type: "a"}, {Side: SideDestination, Type: "a"}, {Type: "a"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was registered", k)
				}
			}()
			Register(k)
		}()
	}
}

func TestKindsAreSorted(t *testing.T) {
	t.Parallel()
	for _, side := range []Side{SideSource, SideDestination} {
		kinds := Kinds(side)
		if len(kinds) < 23 ||
			!slices.IsSortedFunc(kinds, func(a, b Kind) int { return strings.Compare(a.Type, b.Type) }) {
			t.Errorf("%s: %d kinds", side, len(kinds))
		}
		for _, k := range kinds {
			if k.Side != side || !k.Spec.Open || !k.Spec.Lenient || k.Title == "" && k.Type != "test-source" {
				t.Errorf("%+v", k)
			}
		}
	}
}
