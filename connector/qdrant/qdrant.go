// Package qdrant writes elements to a collection of a Qdrant server, as points. Its type is "qdrant-cloud", a destination. It
// speaks the server's REST interface.
package qdrant

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
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
const Type = "qdrant-cloud"

const (
	service     = "Qdrant"
	defaultPort = "6333"
	batchBytes  = 8 << 20
	// pointBytes is the largest point: servers refuse requests of more than 32 MB.
	pointBytes = 30 << 20
	pageSize   = 1000
	maxBatch   = 10_000
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination})
}

// destination writes the points of a collection.
type destination struct {
	vector.Destination
	collection string
	path       string // of the collection
	shape      vector.Seen[shape]
}

// shape is what a write has to know of a collection.
type shape struct {
	vector     string // name; "" for the unnamed one
	dimensions int
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
	_ vector.Store          = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	base, err := rest.Address("url", vector.Setting(config, "url"), "https")
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(base); err == nil && u.Port() == "" {
		u.Host += ":" + defaultPort
		base = u.String()
	}
	key, err := vector.Secret(config, "api_key")
	if err != nil {
		return nil, err
	}
	name := vector.Setting(config, "collection_name")
	if name == "" || len(name) > 255 || strings.ContainsAny(name, "<>:\"/\\|?*\x00\x1f") || name == "." || name == ".." {
		return nil, connector.Fail(nil, "collection_name %q: a collection has a name of 1 to 255 bytes without < > : \" / \\ | ? *", name)
	}
	d := &destination{collection: name, path: "/collections/" + url.PathEscape(name)}
	d.Store = d
	d.Limits = vector.Limits{Name: fmt.Sprintf("collection %q", name), Records: vector.Batch(config, maxBatch), Bytes: batchBytes, Deletes: pageSize}
	d.Client = (&rest.Client{Service: service, Bases: []string{base}, Refuse: d.refuse,
		Sign: func(_ context.Context, r *http.Request, _ []byte) error {
			r.Header.Set("Api-Key", key)
			return nil
		}}).Open(env)
	return d, nil
}

// Check reads the collection and deletes a point that is not there.
func (d *destination) Check(ctx context.Context) error {
	d.Forget()
	what := fmt.Sprintf("write to collection %q", d.collection)
	if _, err := d.look(ctx, what, -1); err != nil {
		return err
	}
	id, err := json.Marshal(uuid.NewString())
	if err != nil {
		return err
	}
	return d.Delete(ctx, what, []string{string(id)})
}

// Forget implements vector.Store.
func (d *destination) Forget() { d.shape.Forget() }

// Dimensions implements vector.Store.
func (d *destination) Dimensions(ctx context.Context, what string, n int) (int, error) {
	s, err := d.look(ctx, what, n)
	if err != nil {
		return 0, err
	}
	return s.dimensions, nil
}

// look describes the collection, once. dimensions are those of the data, -1 when no data was seen.
func (d *destination) look(ctx context.Context, what string, dimensions int) (*shape, error) {
	return d.shape.Get(func() (*shape, error) {
		var found struct {
			Config struct {
				Params struct {
					Vectors json.RawMessage `json:"vectors"`
				} `json:"params"`
			} `json:"config"`
			Payload map[string]json.RawMessage `json:"payload_schema"`
		}
		status, err := d.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: d.path, OK: []int{http.StatusNotFound}}, &found)
		if err != nil {
			return nil, err
		}
		if status == http.StatusNotFound {
			return nil, d.absent(what, dimensions)
		}
		s, err := d.shapeOf(what, found.Config.Params.Vectors)
		if err != nil {
			return nil, err
		}
		if _, ok := found.Payload["record_id"]; !ok {
			if err := d.index(ctx, what); err != nil {
				return nil, err
			}
		}
		return &s, nil
	})
}

func (d *destination) shapeOf(what string, vectors json.RawMessage) (shape, error) {
	type params struct {
		Size int `json:"size"`
	}
	var one params
	if json.Unmarshal(vectors, &one) == nil && one.Size > 0 {
		return shape{dimensions: one.Size}, nil
	}
	var many map[string]params
	if json.Unmarshal(vectors, &many) == nil && len(many) == 1 {
		for name, p := range many {
			if p.Size > 0 {
				return shape{vector: name, dimensions: p.Size}, nil
			}
		}
	}
	if len(many) > 1 {
		return shape{}, connector.Fail(nil, "%s: collection %q has %d vectors a point, and nothing says which takes the embeddings; use one with a single vector",
			what, d.collection, len(many))
	}
	return shape{}, connector.Fail(nil, "%s: collection %q has no dense vector; create one with \"vectors\": {\"size\": ..., \"distance\": \"Cosine\"}", what, d.collection)
}

// index creates the payload index by which a document's points are found. A key without that right goes on without it.
func (d *destination) index(ctx context.Context, what string) error {
	_, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPut, Path: d.path + "/index", Query: url.Values{"wait": {"true"}},
		Body: []byte(`{"field_name":"record_id","field_schema":"keyword"}`),
		OK:   []int{http.StatusForbidden, http.StatusUnauthorized, http.StatusBadRequest}}, nil)
	return err
}

// absent makes the error of a collection that is not there, with the request that creates one.
func (d *destination) absent(what string, dimensions int) error {
	size, note := vector.Size(dimensions)
	return connector.Fail(connector.ErrNotFound, `%s: collection %q does not exist. This creates it: PUT %s {"vectors": {"size": %s, "distance": "Cosine"}}.%s`,
		what, d.collection, d.path, size, note)
}

// Append implements vector.Store.
func (d *destination) Append(b []byte, what string, e element.Element, id uuid.UUID, doc document.Document) ([]byte, error) {
	object, err := vector.Object(e)
	if err != nil {
		return nil, err
	}
	delete(object, "text")
	whole, err := vector.JSON(object)
	if err != nil {
		return nil, err
	}
	payload := map[string]any{}
	vector.Flatten(payload, "", object)
	payload["text"], payload["element_serialized"], payload["record_id"] = e.Text, string(whole), connector.RecordID(doc)
	text, err := vector.JSON(payload)
	if err != nil {
		return nil, err
	}
	b = append(append(append(b, `{"id":"`...), id.String()...), `","vector":`...)
	name := "" // an element with embeddings comes after the look at the collection
	if seen := d.shape.Last(); seen != nil {
		name = seen.vector
	}
	switch {
	case len(e.Embeddings) == 0:
		b = append(b, "{}"...)
	case name != "":
		quoted, err := vector.JSON(map[string]any{name: json.RawMessage(vector.Floats(nil, e.Embeddings))})
		if err != nil {
			return nil, err
		}
		b = append(b, quoted...)
	default:
		b = vector.Floats(b, e.Embeddings)
	}
	b = append(append(append(b, `,"payload":`...), text...), '}')
	if len(b) > pointBytes {
		return nil, connector.Fail(nil, "%s: an element makes a point of %d MB, and Qdrant takes %d MB in one request; chunk the document, or leave images out",
			what, len(b)>>20, pointBytes>>20)
	}
	return b, nil
}

// Write implements vector.Store.
func (d *destination) Write(ctx context.Context, what string, records [][]byte) error {
	_, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPut, Path: d.path + "/points", Query: url.Values{"wait": {"true"}},
		Body: vector.Join(`{"points":[`, records, `]}`)}, nil)
	return err
}

// Keys implements vector.Store. A key is the point's id as JSON without the quote at its end.
func (d *destination) Keys(ctx context.Context, what string, doc document.Document) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if _, err := d.look(ctx, what, 0); err != nil {
			yield("", err)
			return
		}
		var from json.RawMessage
		for {
			ask := map[string]any{"limit": pageSize, "with_payload": false, "with_vector": false,
				"filter": map[string]any{"must": []any{map[string]any{"key": "record_id", "match": map[string]any{"value": connector.RecordID(doc)}}}}}
			if from != nil {
				ask["offset"] = from
			}
			body, err := json.Marshal(ask)
			if err != nil {
				yield("", err)
				return
			}
			var page struct {
				Points []struct {
					ID json.RawMessage `json:"id"`
				} `json:"points"`
				Next json.RawMessage `json:"next_page_offset"`
			}
			if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.path + "/points/scroll", Body: body}, &page); err != nil {
				yield("", err)
				return
			}
			for _, p := range page.Points {
				if !yield(strings.TrimSuffix(string(p.ID), `"`), nil) {
					return
				}
			}
			if len(page.Next) == 0 || string(page.Next) == "null" {
				return
			}
			from = page.Next
		}
	}
}

// Delete implements vector.Store.
func (d *destination) Delete(ctx context.Context, what string, keys []string) error {
	ids := make([][]byte, len(keys))
	for i, key := range keys {
		if strings.HasPrefix(key, `"`) {
			key = strings.TrimSuffix(key, `"`) + `"`
		}
		ids[i] = []byte(key)
	}
	_, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.path + "/points/delete", Query: url.Values{"wait": {"true"}},
		Body: vector.Join(`{"points":[`, ids, `]}`)}, nil)
	return err
}

// call makes a request and decodes the result of its answer into out when that is not nil.
func (d *destination) call(ctx context.Context, r rest.Request, out any) (status int, err error) {
	var answer struct {
		Result json.RawMessage `json:"result"`
	}
	status, err = d.Client.JSON(ctx, r, "url", &answer)
	if err != nil || status >= 300 {
		return status, err
	}
	if answer.Result == nil || out != nil && json.Unmarshal(answer.Result, out) != nil {
		return status, d.Client.Strange(r.What, "url")
	}
	return status, nil
}

// refuse makes the error of an answer that is not a success.
func (d *destination) refuse(what string, a rest.Answer) error {
	switch a.Status {
	case http.StatusUnauthorized:
		return connector.Fail(connector.ErrForbidden, "%s: Qdrant does not accept the API key (HTTP 401); check api_key", what)
	case http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: access refused (HTTP 403); check api_key, which needs read and write access to collection %q", what, d.collection)
	case http.StatusNotFound:
		return connector.Fail(connector.ErrNotFound, "%s: collection %q does not exist", what, d.collection)
	case http.StatusRequestEntityTooLarge:
		return connector.Fail(nil, "%s: it is larger than the server takes in one request (max_request_size_mb)", what)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return connector.Fail(nil, "%s: Qdrant refused it (HTTP %d): another dimension than the collection's, a limit of its strict mode (a smaller batch_size may help), or a filter on record_id without a payload index (PUT %s/index {\"field_name\": \"record_id\", \"field_schema\": \"keyword\"})",
			what, a.Status, d.path)
	}
	if a.Status == http.StatusTooManyRequests {
		return connector.Retry(nil, connector.RetryAfter(a.Header, time.Now()), "%s: Qdrant asks for fewer requests (HTTP 429)", what)
	}
	return rest.Refused(what, service, a)
}
