package spec

import (
	"errors"
	"reflect"
	"testing"
)

func TestSecretName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"key", "secret", "token", "password", "api_key", "uri", "es_api_key", "account_key", "sas_token", "sas",
		"connection_string", "service_account_key", "box_app_config", "client_cred", "client_secret", "private_key",
		"consumer_key", "app_key", "app_secret", "refresh_token", "oauth_token", "md_token", "kafka_api_key",
		"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "access_key_id", "iam_api_key",
		"api-key", "apiKey", "API_KEY", "apikey", "X-Api-Key", "clientSecret", "accessToken", "authtoken", "dbPassword",
		"password2", "api_key_v2", "stripe_key", "credentials", "pwd", "user_pass", "redirect.uri", "Authorization",
		"connectionString", "private_key_pem", "passphrase", "signing_keys",
	} {
		if !SecretName(name) {
			t.Errorf("%q is a secret", name)
		}
	}
	for _, name := range []string{
		"", "id_column", "key_prefix", "record_id_key", "tokenizer", "remote_url", "recursive", "username", "user",
		"primary_key", "partition_key", "public_key", "host_public_key", "sort_key", "foreignKey", "max_tokens",
		"token_count",
		"token_url", "monkey", "keyspace", "keyword", "bucket", "passage", "compass", "bypass_cache",
		"tokens_per_minute",
		"client_id", "account_name", "url", "curious", "sassy", "key_field", "batch_size", "accredited", "custom_field",
	} {
		if SecretName(name) {
			t.Errorf("%q is no secret", name)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	s := Spec{Open: true, Fields: []Field{
		{Name: "token", Kind: String, Secret: true, Aliases: []string{"tok"}},
		{Name: "api_endpoint", Kind: String, Secret: true},
		{Name: "table_uri", Kind: String},
		{Name: "hosts", Kind: Strings},
		{Name: "extra", Kind: Object},
	}}
	in := map[string]any{
		"token": "t", "tok": "t", "api_endpoint": "", "table_uri": "s3://b/t", "hosts": []any{"h"},
		"extra":    map[string]any{"password": "p", "deep": []any{map[string]any{"secret": 5.0, "name": "n"}}},
		"password": nil, "use_token": true, "my_key": []any{"a", "b"},
		"service_account_key": map[string]any{"id": "1f", "type": "rsa_aes"},
		"private":             map[string]any{"id": "1f", "key": "k"},
		"note":                "plain",
	}
	want := map[string]any{
		"token": Mask, "tok": Mask, "api_endpoint": "", "table_uri": "s3://b/t", "hosts": []any{"h"},
		"extra":    map[string]any{"password": Mask, "deep": []any{map[string]any{"secret": Mask, "name": "n"}}},
		"password": nil, "use_token": true, "my_key": Mask,
		"service_account_key": map[string]any{"id": "1f", "type": "rsa_aes"},
		"private":             Mask,
		"note":                "plain",
	}
	if got := s.Mask(in); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if in["token"] != "t" {
		t.Error("the input was changed")
	}
	paths := [][]any{{"extra", "deep", 0, "secret"}, {"extra", "password"}, {"my_key"}, {"private"}, {"tok"}, {"token"}}
	if got := s.Secrets(in); !reflect.DeepEqual(got, paths) {
		t.Errorf("secrets %v", got)
	}
}

func TestMapSecretsStopsAtError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, in := range []map[string]any{
		{"password": "p"}, {"a": map[string]any{"password": "p"}}, {"a": []any{map[string]any{"password": "p"}}},
	} {
		out, err := Spec{Open: true}.MapSecrets(in, func([]any, any) (any, error) { return nil, broken })
		if !errors.Is(err, broken) || out != nil {
			t.Errorf("%v: got %v, %v", in, out, err)
		}
	}
}

func TestIsReference(t *testing.T) {
	t.Parallel()
	for _, v := range []map[string]any{{"id": "a"}, {"id": "a", "type": "rsa"}, {"id": "a", "type": nil}} {
		if !IsReference(v) {
			t.Errorf("%v is a reference", v)
		}
	}
	for _, v := range []map[string]any{{}, {"id": ""}, {"id": 1}, {"id": "a", "key": "k"},
		{"id": "a", "type": "rsa", "key": "k"},
		{"id": "a", "type": "service_account"}} {
		if IsReference(v) {
			t.Errorf("%v is no reference", v)
		}
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	s := Spec{Fields: []Field{{Name: "a", Aliases: []string{"b"}}, {Name: "b"}}}
	for name, want := range map[string]string{"a": "a", "b": "b"} {
		if f, ok := s.Field(name); !ok || f.Name != want {
			t.Errorf("%s: %v %v", name, f, ok)
		}
	}
	if _, ok := s.Field("c"); ok {
		t.Error("c was found")
	}
}
