// Package elasticsearch reads documents from an index of Elasticsearch, and writes elements to one. Its type is
// "elasticsearch" on both sides; what it shares with OpenSearch stands in connector/internal/search.
package elasticsearch

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/search"
	"github.com/sluicehq/sluice/spec"
)

// Type is the id of the connector.
const Type = "elasticsearch"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc,
		NewSource: func(config map[string]any, env connector.Env) (connector.Source, error) {
			s, err := read(config)
			if err != nil {
				return nil, err
			}
			return search.NewSource(s, nil, env)
		}})
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, Doc: destinationDoc,
		NewDestination: func(config map[string]any, env connector.Env) (connector.Destination, error) {
			s, err := read(config)
			if err != nil {
				return nil, err
			}
			return search.NewDestination(s, env)
		}})
}

func read(config map[string]any) (search.Settings, error) {
	name, _ := config["index_name"].(string)
	key, _ := config["es_api_key"].(string)
	key = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(key), "ApiKey "))
	if strings.ContainsAny(key, "\r\n\x00") {
		return search.Settings{}, connector.Fail(connector.ErrForbidden, "es_api_key: it is not an API key; give the encoded form that Elasticsearch shows")
	}
	if strings.Contains(key, ":") { // id:key, which the header carries encoded
		key = base64.StdEncoding.EncodeToString([]byte(key))
	}
	return search.Settings{
		Service: "Elasticsearch", Hosts: spec.Texts(config["hosts"]), Scheme: "https", IndexName: name, Login: "es_api_key",
		ReadRights: "the privileges read and view_index_metadata", WriteRights: "the privileges read, index, delete, maintenance and view_index_metadata",
		Sign: func(_ context.Context, r *http.Request, _ []byte) error {
			r.Header.Set("Authorization", "ApiKey "+key)
			return nil
		},
		Vector: func(dimensions int) string { return fmt.Sprintf(`{"type": "dense_vector", "dims": %d}`, dimensions) },
	}, nil
}
