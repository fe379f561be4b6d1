// Package azuresearch writes elements to an index of Azure AI Search. Its type is "azure_ai_search", a destination. It speaks the
// service's REST interface.
package azuresearch

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
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
const Type = "azure_ai_search"

const (
	service = "Azure AI Search"
	version = "2024-07-01" // of the interface

	batchCount   = 100      // elements of a request
	batchBytes   = 8 << 20  // of them
	elementBytes = 15 << 20 // of one: the service takes requests of 16 MB
	deleteCount  = 1000     // documents of a request
	pageSize     = 1000     // of a search
	mostSkipped  = 100_000  // documents that a search can skip
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination})
}

// destination writes documents of an index, one an element.
type destination struct {
	vector.Destination
	index string
	path  string // of the index
	shape vector.Seen[shape]
}

// shape is what a write has to know of an index.
type shape struct {
	fields     []field
	key        string
	keyed      bool // the key can be filtered and sorted by
	dimensions int  // 0 for no vectors
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
	_ vector.Store          = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	base, err := rest.Address("endpoint", vector.Setting(config, "endpoint"), "https")
	if err != nil {
		return nil, err
	}
	key, err := vector.Secret(config, "key")
	if err != nil {
		return nil, err
	}
	name := vector.Setting(config, "index")
	other := func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if name == "" || len(name) > 128 || strings.ContainsFunc(name, other) {
		return nil, connector.Fail(nil, "index %q: an index has a name of 1 to 128 lower case letters, digits and hyphens", name)
	}
	d := &destination{index: name, path: "/indexes/" + name}
	d.Store = d
	d.Limits = vector.Limits{Name: fmt.Sprintf("index %q", name), Records: batchCount, Bytes: batchBytes, Deletes: deleteCount, Late: true}
	d.Client = (&rest.Client{Service: service, Bases: []string{base}, Refuse: d.refuse,
		Sign: func(_ context.Context, r *http.Request, _ []byte) error {
			r.Header.Set("Api-Key", key)
			return nil
		}}).Open(env)
	return d, nil
}

// Check reads the index and deletes a document that is not there.
func (d *destination) Check(ctx context.Context) error {
	d.Forget()
	what := fmt.Sprintf("write to index %q", d.index)
	if _, err := d.look(ctx, what, -1); err != nil {
		return err
	}
	return d.Delete(ctx, what, []string{uuid.NewString()})
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

// look describes the index, once. dimensions are those of the data, -1 when no data was seen.
func (d *destination) look(ctx context.Context, what string, dimensions int) (*shape, error) {
	return d.shape.Get(func() (*shape, error) {
		var found struct {
			Fields []field `json:"fields"`
		}
		status, err := d.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: d.path, OK: []int{http.StatusNotFound}}, &found)
		if err != nil {
			return nil, err
		}
		if status == http.StatusNotFound {
			return nil, d.absent(what, dimensions)
		}
		s := &shape{fields: found.Fields}
		record := false
		for _, f := range found.Fields {
			switch {
			case f.Key:
				s.key, s.keyed = f.Name, f.Filterable && f.Sortable
			case f.Name == "embeddings" && strings.HasPrefix(f.Type, "Collection("):
				s.dimensions = f.Dimensions
			case f.Name == "record_id":
				record = f.Type == "Edm.String" && f.Filterable
			}
		}
		if s.key == "" {
			return nil, d.Client.Strange(what, "endpoint")
		}
		if !record {
			return nil, connector.Fail(nil, `%s: index %q needs a field by which the elements of a document are found: add {"name": "record_id", "type": "Edm.String", "filterable": true} to its fields`,
				what, d.index)
		}
		return s, nil
	})
}

// absent makes the error of an index that is not there, with the request that creates one.
func (d *destination) absent(what string, dimensions int) error {
	size, note := vector.Size(dimensions)
	return connector.Fail(connector.ErrNotFound, `%s: index %q does not exist. This creates it: PUT %s?api-version=%s {"name": %q, "fields": [{"name": "id", "type": "Edm.String", "key": true, "filterable": true, "sortable": true}, {"name": "record_id", "type": "Edm.String", "filterable": true}, {"name": "type", "type": "Edm.String"}, {"name": "text", "type": "Edm.String", "filterable": false, "sortable": false, "facetable": false}, {"name": "embeddings", "type": "Collection(Edm.Single)", "dimensions": %s, "vectorSearchProfile": "p"}], "vectorSearch": {"algorithms": [{"name": "a", "kind": "hnsw"}], "profiles": [{"name": "p", "algorithm": "a"}]}}.%s`,
		what, d.index, d.path, version, d.index, size, note)
}

// Append implements vector.Store. The index was looked at before.
func (d *destination) Append(b []byte, what string, e element.Element, id uuid.UUID, doc document.Document) ([]byte, error) {
	s := d.shape.Last()
	object, err := vector.Object(e)
	if err != nil {
		return nil, err
	}
	object["record_id"] = connector.RecordID(doc)
	out := fit(object, s.fields)
	out[s.key], out["@search.action"] = id.String(), "upload"
	if len(e.Embeddings) > 0 && s.dimensions > 0 {
		out["embeddings"] = json.RawMessage(vector.Floats(nil, e.Embeddings))
	}
	text, err := vector.JSON(out)
	if err != nil {
		return nil, err
	}
	if len(text) > elementBytes {
		return nil, connector.Fail(nil, "%s: an element makes a document of %d MB, and Azure AI Search takes %d MB; chunk the document, or leave images out",
			what, len(text)>>20, elementBytes>>20)
	}
	return append(b, text...), nil
}

// Write implements vector.Store.
func (d *destination) Write(ctx context.Context, what string, records [][]byte) error {
	return d.send(ctx, what, records)
}

// Delete implements vector.Store.
func (d *destination) Delete(ctx context.Context, what string, keys []string) error {
	s, err := d.look(ctx, what, 0)
	if err != nil {
		return err
	}
	actions := make([][]byte, len(keys))
	for i, key := range keys {
		if actions[i], err = vector.JSON(map[string]any{"@search.action": "delete", s.key: key}); err != nil {
			return err
		}
	}
	return d.send(ctx, what, actions)
}

const (
	itemPatience = 60 * time.Second // that documents are sent again which a busy service has put off
	itemPause    = 250 * time.Millisecond
)

// send carries actions out, and those again that the service has put off, until all are done.
func (d *destination) send(ctx context.Context, what string, actions [][]byte) error {
	actions = slices.Clone(actions)
	pause := itemPause
	for begin := time.Now(); len(actions) > 0; {
		var out struct {
			Value []struct {
				OK   *bool `json:"status"`
				Code int   `json:"statusCode"`
			} `json:"value"`
		}
		if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.path + "/docs/index", Body: vector.Join(`{"value":[`, actions, "]}")}, &out); err != nil {
			return err
		}
		if len(out.Value) != len(actions) {
			return d.Client.Strange(what, "endpoint")
		}
		var left [][]byte
		for i, item := range out.Value { // in the order of the actions
			switch {
			case item.OK != nil && *item.OK:
			case item.Code == http.StatusConflict, item.Code == http.StatusUnprocessableEntity, item.Code == http.StatusTooManyRequests, item.Code >= 500:
				left = append(left, actions[i])
			default:
				return connector.Fail(nil, "%s: index %q refused an element (HTTP %d): a value that does not fit its field, or a text of more than 32,766 bytes in a field that is filterable, sortable or facetable",
					what, d.index, item.Code)
			}
		}
		if actions = left; len(actions) == 0 {
			return nil
		}
		if time.Since(begin)+pause > itemPatience {
			return connector.Retry(nil, 0, "%s: the service is too busy for %d of its elements", what, len(actions))
		}
		if err := vector.Wait(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, 10*time.Second)
	}
	return nil
}

// Keys implements vector.Store.
func (d *destination) Keys(ctx context.Context, what string, doc document.Document) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s, err := d.look(ctx, what, 0)
		if err != nil {
			yield("", err)
			return
		}
		filter := "record_id eq " + quoted(connector.RecordID(doc))
		ask := map[string]any{"search": "*", "filter": filter, "select": s.key, "top": pageSize}
		if s.keyed {
			ask["orderby"] = s.key + " asc"
		}
		for skipped := 0; ; {
			body, err := vector.JSON(ask)
			if err != nil {
				yield("", err)
				return
			}
			var page struct {
				Value []map[string]json.RawMessage `json:"value"`
			}
			if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.path + "/docs/search", Body: body}, &page); err != nil {
				yield("", err)
				return
			}
			last := ""
			for _, hit := range page.Value {
				if json.Unmarshal(hit[s.key], &last) != nil || last == "" {
					yield("", connector.Fail(nil, "%s: the key of index %q cannot be read back; make it retrievable", what, d.index))
					return
				}
				if !yield(last, nil) {
					return
				}
			}
			if len(page.Value) == 0 || !s.keyed && len(page.Value) < pageSize {
				return
			}
			if s.keyed {
				ask["filter"] = filter + " and " + s.key + " gt " + quoted(last)
				continue
			}
			if skipped += len(page.Value); skipped > mostSkipped {
				yield("", connector.Fail(nil, "%s: it has more than %d elements, and index %q can list them only when its key is filterable and sortable", what, mostSkipped, d.index))
				return
			}
			ask["skip"] = skipped
		}
	}
}

// quoted is a text in a filter.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// call makes a request and decodes its answer into out.
func (d *destination) call(ctx context.Context, r rest.Request, out any) (status int, err error) {
	r.Query = url.Values{"api-version": {version}}
	return d.Client.JSON(ctx, r, "endpoint", out)
}

// refuse makes the error of an answer that is not a success.
func (d *destination) refuse(what string, a rest.Answer) error {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: Azure AI Search does not accept the key (HTTP %d); check key, which must be an admin key of the service, and that the service allows API keys and this network",
			what, a.Status)
	case http.StatusNotFound:
		return connector.Fail(connector.ErrNotFound, "%s: index %q does not exist", what, d.index)
	case http.StatusRequestEntityTooLarge:
		return connector.Fail(nil, "%s: it is larger than the service takes in one request (16 MB)", what)
	case http.StatusBadRequest:
		return connector.Fail(nil, "%s: Azure AI Search refused it (HTTP 400): a value that does not fit the field of index %q, or a text of more than 32,766 bytes in a field that is filterable, sortable or facetable",
			what, d.index)
	}
	return rest.Refused(what, service, a)
}
