// Package opensearch reads documents from an index of OpenSearch, and writes elements to one; of clusters of its own and of
// Amazon OpenSearch Service. Its type is "opensearch" on both sides; what it shares with Elasticsearch stands in
// connector/internal/search.
package opensearch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/search"
	"github.com/sluicehq/sluice/spec"
)

// Type is the id of the connector.
const Type = "opensearch"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc,
		NewSource: func(config map[string]any, env connector.Env) (connector.Source, error) {
			s, err := read(config)
			if err != nil {
				return nil, err
			}
			return search.NewSource(s, spec.Texts(config["fields"]), env)
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
	text := func(name string) string {
		s, _ := config[name].(string)
		return strings.TrimSpace(s)
	}
	s := search.Settings{
		Service: "OpenSearch", Hosts: spec.Texts(config["hosts"]), Scheme: "https", IndexName: text("index_name"),
		ReadRights:  "indices:data/read/search* and indices:admin/get",
		WriteRights: "indices:data/read/*, indices:data/write/bulk*, indices:data/write/index, indices:data/write/delete, indices:admin/get and indices:admin/refresh*",
		Vector:      func(dimensions int) string { return fmt.Sprintf(`{"type": "knn_vector", "dimension": %d}`, dimensions) },
		Create:      `"settings": {"index.knn": true}, `,
	}
	if tls, ok := config["use_ssl"].(bool); ok && !tls {
		s.Scheme = "http"
	}
	user, key, secret, token := text("username"), text("aws_access_key_id"), text("aws_secret_access_key"), text("aws_session_token")
	password, _ := config["password"].(string)
	switch {
	case key != "" && secret != "":
		who := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token}
		sign, err := signer(s.Hosts, who)
		if err != nil {
			return s, err
		}
		s.Sign, s.Login = sign, "aws_access_key_id, aws_secret_access_key and aws_session_token"
	case key != "" || secret != "" || token != "":
		return s, connector.Fail(connector.ErrForbidden, "credentials: aws_access_key_id and aws_secret_access_key are needed together")
	case user != "":
		s.Sign = func(_ context.Context, r *http.Request, _ []byte) error {
			r.SetBasicAuth(user, password)
			return nil
		}
		s.Login = "username and password"
	case password != "":
		return s, connector.Fail(connector.ErrForbidden, "credentials: username and password are needed together")
	default:
		s.Login = "username and password, or the AWS keys: none are given"
	}
	return s, nil
}

// domain is the host of an Amazon OpenSearch domain: name.region.es.amazonaws.com.
var domain = regexp.MustCompile(`\.([a-z0-9-]+)\.(es|aoss)\.amazonaws\.com(?:\.cn)?$`)

// signer makes the signatures of AWS. Region and service stand in the host's name.
func signer(hosts []string, who aws.Credentials) (func(context.Context, *http.Request, []byte) error, error) {
	region := ""
	for _, h := range hosts {
		switch parts := domain.FindStringSubmatch(strings.ToLower(hostname(h))); {
		case parts == nil:
			return nil, connector.Fail(nil, "hosts: the AWS keys sign requests to a domain such as https://search-name-x.eu-west-1.es.amazonaws.com; write its own name")
		case parts[2] == "aoss":
			return nil, connector.Fail(nil, "hosts: OpenSearch Serverless is not supported, since it has no shards to list and no refresh; use a domain")
		case region != "" && region != parts[1]:
			return nil, connector.Fail(nil, "hosts: they stand in two regions of AWS; give those of one domain")
		default:
			region = parts[1]
		}
	}
	s := v4.NewSigner()
	return func(ctx context.Context, r *http.Request, body []byte) error {
		sum := sha256.Sum256(body)
		digest := hex.EncodeToString(sum[:])
		r.Header.Set("X-Amz-Content-Sha256", digest)
		if err := s.SignHTTP(ctx, who, r, digest, "es", region, time.Now()); err != nil {
			return connector.Fail(connector.ErrForbidden, "credentials: the AWS keys cannot sign a request")
		}
		return nil
	}, nil
}

// hostname is the host of an address with or without a scheme.
func hostname(address string) string {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	return u.Hostname()
}
