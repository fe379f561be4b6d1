// Package weaviate writes elements to a collection (a class) of a Weaviate server, as objects. Its type is "weaviate-cloud", a
// destination. It speaks the server's REST interface.
package weaviate

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/connector/internal/vector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// Type is the id of the connector.
const Type = "weaviate-cloud"

const (
	service     = "Weaviate"
	batchCount  = 200      // objects of a request
	batchBytes  = 8 << 20  // of them
	objectBytes = 64 << 20 // of one
	deleteCount = 1000     // objects of a request
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination})
}

// destination writes the objects of a collection.
type destination struct {
	vector.Destination
	class string // "" is made on the way
	stem  string // of the name of that
	flat  bool   // metadata in one level
	turn  chan struct{}
	shape vector.Seen[shape]
	size  vector.Seen[int] // dimensions of the vectors that stand there
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
	_ vector.Store          = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	base, err := rest.Address("cluster_url", vector.Setting(config, "cluster_url"), "https")
	if err != nil {
		return nil, err
	}
	key, err := vector.Secret(config, "api_key")
	if err != nil {
		return nil, err
	}
	class := vector.Setting(config, "collection")
	if class != "" && className(class) != strings.ToUpper(class[:1])+class[1:] {
		return nil, connector.Fail(nil, "collection %q: a collection has a name of at most %d letters, digits and underscores that begins with a letter; %q would be one",
			class, longestName, className(class))
	}
	d := &destination{class: className(class), turn: make(chan struct{}, 1)}
	d.flat, _ = config["flatten_metadata"].(bool)
	d.stem = vector.Stem(env.Work.Workflow, env.Work.Model, "U", "_", longestName-len("_65535"), slug)
	d.Store = d
	d.Limits = vector.Limits{Name: "the collection", Records: batchCount, Bytes: batchBytes, Deletes: deleteCount, Mend: d.mend}
	if d.class != "" {
		d.Limits.Name = fmt.Sprintf("collection %q", d.class)
	}
	d.Client = (&rest.Client{Service: service, Bases: []string{base}, Refuse: d.refuse,
		Sign: func(_ context.Context, r *http.Request, _ []byte) error {
			r.Header.Set("Authorization", "Bearer "+key)
			return nil
		}}).Open(env)
	return d, nil
}

// Check reads the server's description and the collection, and deletes an object that is not there.
func (d *destination) Check(ctx context.Context) error {
	d.Forget()
	what := "write to Weaviate"
	if d.class != "" {
		what = fmt.Sprintf("write to collection %q", d.class)
	}
	var meta struct {
		Version string `json:"version"`
	}
	if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: "/v1/meta"}, &meta); err != nil {
		return err
	}
	if meta.Version == "" {
		return d.Client.Strange(what, "cluster_url")
	}
	s, err := d.look(ctx, what, -1)
	if err != nil || s == nil {
		return err
	}
	return d.Delete(ctx, what, []string{uuid.NewString()})
}

// Forget implements vector.Store.
func (d *destination) Forget() {
	d.shape.Forget()
	d.size.Forget()
}

// Dimensions implements vector.Store.
func (d *destination) Dimensions(ctx context.Context, what string, n int) (int, error) {
	s, err := d.look(ctx, what, n)
	if err != nil || s == nil {
		return 0, err
	}
	if n == 0 {
		return 0, nil
	}
	k, err := d.size.Get(func() (*int, error) { return d.dimensions(ctx, what, s, n) })
	if err != nil || k == nil {
		return 0, err
	}
	return *k, nil
}

// Append implements vector.Store. The collection was looked at before.
func (d *destination) Append(b []byte, what string, e element.Element, id uuid.UUID, doc document.Document) ([]byte, error) {
	s := d.shape.Last()
	if s == nil { // no collection is named, and none is made for elements without embeddings
		return nil, nil
	}
	properties, err := d.properties(e, doc)
	if err != nil {
		return nil, err
	}
	object := map[string]any{"class": s.class, "id": id.String(), "properties": properties}
	if len(e.Embeddings) > 0 {
		floats := json.RawMessage(vector.Floats(nil, e.Embeddings))
		if s.vector == "" {
			object["vector"] = floats
		} else {
			object["vectors"] = map[string]any{s.vector: floats}
		}
	}
	text, err := vector.JSON(object)
	if err != nil {
		return nil, err
	}
	if len(text) > objectBytes {
		return nil, connector.Fail(nil, "%s: an element makes an object of %d MB, and at most %d MB are sent; chunk the document, or leave images out", what, len(text)>>20, objectBytes>>20)
	}
	return append(b, text...), nil
}

// Write implements vector.Store. The answer has one result an object.
func (d *destination) Write(ctx context.Context, what string, records [][]byte) error {
	var out []struct {
		Result struct {
			Status string `json:"status"`
			Errors struct {
				Error []struct {
					Message string `json:"message"`
				} `json:"error"`
			} `json:"errors"`
		} `json:"result"`
	}
	if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/v1/batch/objects", Body: vector.Join(`{"objects":[`, records, "]}"),
		Limit: 4*batchBytes + 2*objectBytes}, &out); err != nil { // it holds the objects
		return err
	}
	if len(out) != len(records) {
		return d.Client.Strange(what, "cluster_url")
	}
	for _, object := range out {
		if object.Result.Status != "FAILED" && len(object.Result.Errors.Error) == 0 {
			continue
		}
		text := ""
		for _, e := range object.Result.Errors.Error {
			text += e.Message + "\n"
		}
		return d.failed(what, text)
	}
	return nil
}

// Delete implements vector.Store.
func (d *destination) Delete(ctx context.Context, what string, keys []string) error {
	s, err := d.look(ctx, what, 0)
	if err != nil || s == nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"output": "minimal", "match": map[string]any{"class": s.class,
		"where": map[string]any{"path": []string{"id"}, "operator": "ContainsAny", "valueTextArray": keys}}})
	if err != nil {
		return err
	}
	var out struct {
		Results *struct {
			Failed int `json:"failed"`
		} `json:"results"`
	}
	if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodDelete, Path: "/v1/batch/objects", Body: body}, &out); err != nil {
		return err
	}
	switch {
	case out.Results == nil:
		return d.Client.Strange(what, "cluster_url")
	case out.Results.Failed > 0:
		return connector.Retry(nil, 0, "%s: %d old objects could not be deleted", what, out.Results.Failed)
	}
	return nil
}

// mostMended is how many objects one write mends.
const mostMended = 2000

// mend deletes objects by their ids alone, without a filter, which needs an index.
func (d *destination) mend(ctx context.Context, what string, ids []uuid.UUID) error {
	s, err := d.look(ctx, what, 0)
	if err != nil || s == nil {
		return err
	}
	for _, id := range ids[:min(len(ids), mostMended)] {
		r := rest.Request{What: what, Method: http.MethodDelete, Path: "/v1/objects/" + s.class + "/" + id.String(), OK: []int{http.StatusNotFound}}
		if _, err := d.call(ctx, r, nil); err != nil {
			return err
		}
	}
	return nil
}

// mostListed is how many objects a query gives at most, as servers are set up (QUERY_MAXIMUM_RESULTS).
const mostListed = 10_000

// Keys implements vector.Store. A query has no pages beyond what it gives at most: where that is not all, the ids are asked for by
// their beginnings.
func (d *destination) Keys(ctx context.Context, what string, doc document.Document) iter.Seq2[string, error] {
	limit := mostListed
	return vector.ByPrefix(func(prefix string) ([]string, bool, error) {
		s, err := d.look(ctx, what, 0)
		if err != nil || s == nil {
			return nil, false, err // nothing was ever written
		}
		record := connector.RecordID(doc)
		hits, err := d.hits(ctx, what, s, record, prefix, limit)
		for err == errMost { //nolint:errorlint // it is ours
			limit /= 10
			hits, err = d.hits(ctx, what, s, record, prefix, limit)
		}
		var keys []string
		for _, h := range hits {
			if h.Record == record { // a property that is split into words finds others too
				keys = append(keys, h.Additional.ID)
			}
		}
		return keys, len(hits) >= limit, err
	})
}

// call makes a request and decodes its answer into out when that is not nil.
func (d *destination) call(ctx context.Context, r rest.Request, out any) (int, error) {
	return d.Client.JSON(ctx, r, "cluster_url", out)
}

// failed makes an error of what the server says of one object or query, which is not shown.
func (d *destination) failed(what, text string) error {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("read-only", "readonly", "deadline exceeded", "connection re", "no leader", "leader not found", "unavailable", "not ready", "shutting down", "too many requests",
		"status code: 5", "broadcast", "i/o timeout", "not enough memory"):
		return connector.Retry(nil, 0, "%s: Weaviate takes no writes now", what)
	case has("lengths don't match", "dimensions do not match", "inconsistent vector lengths", "vector length"):
		return connector.Fail(nil, "%s: %s holds embeddings of another dimension, as another embedding model makes them; write them to another one, or use the first model", what, d.Limits.Name)
	case has("no such prop", "not found in schema", "auto-schema", "no such class"):
		return connector.Fail(nil, "%s: %s lacks a property of the elements, and the server does not add properties by itself (AUTOSCHEMA_ENABLED); add it, or set flatten_metadata as the collection has been made",
			what, d.Limits.Name)
	}
	return connector.Fail(nil, "%s: Weaviate refused an element: a value that does not fit the type of its property in %s", what, d.Limits.Name)
}

// refuse makes the error of an answer that is not a success.
func (d *destination) refuse(what string, a rest.Answer) error {
	switch a.Status {
	case http.StatusUnauthorized:
		return connector.Fail(connector.ErrForbidden, "%s: Weaviate does not accept the API key (HTTP 401); check api_key", what)
	case http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: access refused (HTTP 403); the API key needs the rights to read the schema and to read, create, update and delete objects of %s, and to create collections when it is made on the way",
			what, d.Limits.Name)
	case http.StatusRequestEntityTooLarge:
		return connector.Fail(nil, "%s: it is larger than the server takes in one request", what)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return connector.Fail(nil, "%s: Weaviate refused it (HTTP %d): names or values that do not fit %s, or a collection with tenants", what, a.Status, d.Limits.Name)
	case http.StatusTooManyRequests:
		return connector.Retry(nil, connector.RetryAfter(a.Header, time.Now()), "%s: Weaviate asks for fewer requests (HTTP 429)", what)
	}
	return rest.Refused(what, service, a)
}
