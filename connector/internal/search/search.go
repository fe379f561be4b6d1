// Package search speaks the part of the REST interface that Elasticsearch and OpenSearch share, for the connectors of both:
// it lists the documents of an index and reads them, and writes elements as documents of an index.
//
// Listing needs no state on the server. Every document has a sequence number that only grows within its shard; documents
// are listed shard by shard in the order of these numbers, and the number of the last one is the position. It works on
// both products without sorting by _id, which clusters refuse or pay for with memory, and without scrolls that expire.
package search

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// Settings are what a config says, in the form that both products share.
type Settings struct {
	Service   string   // the product's name
	Hosts     []string // as written in the config
	Scheme    string   // of hosts that are written without one
	IndexName string   // index, alias or data stream
	Sign      func(ctx context.Context, r *http.Request, body []byte) error
	// Login names the fields of the config that hold the credentials, for messages.
	Login string
	// Rights names the rights that reading and writing need, for messages.
	ReadRights, WriteRights string
	// Vector is the mapping of the field embeddings for so many dimensions, and Create what else the creation of an index
	// needs, as JSON members with a comma at the end or "".
	Vector func(dimensions int) string
	Create string
}

// index is an index on its servers. It is safe for concurrent use.
type index struct {
	Settings
	client *rest.Client
	path   string // "/" and the escaped name
}

func open(s Settings, env connector.Env) (*index, error) {
	s.IndexName = strings.TrimSpace(s.IndexName)
	switch {
	case s.IndexName == "" || strings.ContainsAny(s.IndexName, ",*?\"<>|\\/# \x00") || strings.ContainsAny(s.IndexName[:1], "_-+"):
		return nil, connector.Fail(nil, "index_name %q: write the name of one index or alias, without patterns", s.IndexName)
	case len(s.IndexName) > 255:
		return nil, connector.Fail(nil, "index_name: a name has at most 255 bytes")
	}
	var bases []string
	for _, host := range s.Hosts {
		base, err := rest.Address("hosts", strings.TrimSpace(host), s.Scheme)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
	}
	if len(bases) == 0 {
		return nil, connector.Fail(nil, "hosts: give the address of at least one server, such as https://host:9200")
	}
	x := &index{Settings: s, path: "/" + url.PathEscape(s.IndexName)}
	x.client = (&rest.Client{Service: s.Service, Bases: bases, Sign: s.Sign, Refuse: x.refuse}).Open(env)
	return x, nil
}

// Close implements both sides of connector.
func (x *index) Close() error { return x.client.Close() }

// call makes a request with a JSON body, or none, and decodes the answer into out when that is not nil.
func (x *index) call(ctx context.Context, r rest.Request, out any) error {
	r.Header = http.Header{"Accept": {"application/json"}}
	if r.Body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := x.client.Do(ctx, r)
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		return connector.Fail(nil, "%s: the answer is not that of %s; check hosts", r.What, x.Service)
	}
	return nil
}

// part is a concrete index behind the name of the config.
type part struct {
	name     string
	shards   int
	mappings mapping
}

type mapping struct {
	Properties map[string]struct {
		Type        string   `json:"type"`
		Dims        int      `json:"dims"`      // of Elasticsearch
		Dimension   int      `json:"dimension"` // of OpenSearch
		IgnoreAbove *float64 `json:"ignore_above"`
		Fields      map[string]struct {
			Type        string `json:"type"`
			IgnoreAbove int    `json:"ignore_above"`
		} `json:"fields"`
	} `json:"properties"`
}

// parts finds the indexes behind the name, in the order of their names. ErrNotFound when there is none.
func (x *index) parts(ctx context.Context, what string) ([]part, error) {
	var found map[string]struct {
		Mappings mapping `json:"mappings"`
		Settings struct {
			Index struct {
				Shards json.Number `json:"number_of_shards"`
			} `json:"index"`
		} `json:"settings"`
	}
	if err := x.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: x.path}, &found); err != nil {
		return nil, err
	}
	var out []part
	for name, f := range found {
		shards, err := f.Settings.Index.Shards.Int64()
		if err != nil || shards < 1 || shards > 1<<16 {
			return nil, connector.Fail(nil, "%s: the server does not say how many shards index %q has; a serverless service is not supported", what, name)
		}
		out = append(out, part{name: name, shards: int(shards), mappings: f.Mappings})
	}
	slices.SortFunc(out, func(a, b part) int { return strings.Compare(a.name, b.name) })
	if len(out) == 0 {
		return nil, connector.Fail(connector.ErrNotFound, "%s: index %q does not exist; check index_name", what, x.IndexName)
	}
	return out, nil
}
