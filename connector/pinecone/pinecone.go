// Package pinecone writes elements to an index of Pinecone. Its type is "pinecone", a destination. It speaks the service's REST
// interface: the control plane at one address, which says where each index has its own.
package pinecone

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/connector/internal/vector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// Type is the id of the connector.
const Type = "pinecone"

const (
	service = "Pinecone"
	control = "https://api.pinecone.io"
	version = "2025-04" // of the interface

	maxRecords  = 1000    // of an upsert and of a delete
	batchBytes  = 1900000 // of the records of an upsert, which may have 2 MB
	maxMetadata = 40960   // bytes of a record's metadata
	pageSize    = 100     // of a list
	longestID   = 470     // of a document in a record's id, which has at most 512 characters
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination})
}

// destination writes the records of a namespace.
type destination struct {
	env       connector.Env
	key       string
	index     string // "" is made on the way
	stem      string // of the name of that
	namespace string // "" is the default one
	limits    vector.Limits
	control   *rest.Client

	turn    chan struct{} // held by the one that looks for the index
	mu      sync.Mutex
	known   *index
	clients map[string]*rest.Client // by base
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
	_ vector.Store          = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	key, err := vector.Secret(config, "api_key")
	if err != nil {
		return nil, err
	}
	d := &destination{env: env, key: key, index: vector.Setting(config, "index_name"), namespace: vector.Setting(config, "namespace"), stem: stemOf(env.Work)}
	if d.index != "" && (len(d.index) > longestName || slug(d.index) != strings.ReplaceAll(d.index, "--", "-")) {
		return nil, connector.Fail(nil, "index_name %q: an index has a name of at most %d lower case letters, digits and hyphens", d.index, longestName)
	}
	if d.namespace == "default" || d.namespace == "__default__" {
		d.namespace = ""
	}
	name := "the index"
	if d.index != "" {
		name = fmt.Sprintf("index %q", d.index)
	}
	d.limits = vector.Limits{Name: name, Records: vector.Batch(config, maxRecords), Bytes: batchBytes, Deletes: maxRecords, Late: true}
	d.control = (&rest.Client{Service: service, Bases: []string{control}, Sign: d.sign, Refuse: d.refuse}).Open(env)
	d.clients, d.turn = map[string]*rest.Client{control: d.control}, make(chan struct{}, 1)
	return d, nil
}

func (d *destination) sign(_ context.Context, r *http.Request, _ []byte) error {
	r.Header.Set("Api-Key", d.key)
	r.Header.Set("X-Pinecone-Api-Version", version)
	return nil
}

// Guarantee implements connector.Destination: what a document had before and has no more is deleted.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Close implements connector.Destination.
func (d *destination) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.clients {
		_ = c.Close() // only idle connections
	}
	return nil
}

// Check reads the index and deletes a record that is not there.
func (d *destination) Check(ctx context.Context) error {
	d.Forget()
	what := "write to Pinecone"
	x, err := d.find(ctx, what, -1)
	if err != nil || x == nil {
		return err
	}
	return d.Delete(ctx, what, []string{"sluice-check-" + uuid.NewString()})
}

// Replace implements connector.Destination.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	limits, err := d.limitsOf(ctx, vector.Writes(doc))
	if err != nil {
		return err
	}
	return vector.Replace(ctx, d, limits, vector.Writes(doc), doc, elements)
}

// Remove implements connector.Remover.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	limits, err := d.limitsOf(ctx, vector.Removes(doc))
	if err != nil {
		return err
	}
	return vector.Remove(ctx, d, limits, vector.Removes(doc), doc)
}

// limitsOf are those of the index, which is looked at first, unless it is to be made. One on pods cannot list its records.
func (d *destination) limitsOf(ctx context.Context, what string) (vector.Limits, error) {
	limits := d.limits
	if d.index == "" {
		return limits, nil
	}
	x, err := d.find(ctx, what, 0)
	if err == nil && x.pods {
		limits.Late, limits.Clear = false, d.clear
	}
	return limits, err
}

// Forget implements vector.Store.
func (d *destination) Forget() {
	d.mu.Lock()
	d.known = nil
	d.mu.Unlock()
}

// Dimensions implements vector.Store.
func (d *destination) Dimensions(ctx context.Context, what string, n int) (int, error) {
	x, err := d.find(ctx, what, n)
	if x == nil {
		return 0, err
	}
	return x.dimensions, err
}

// prefix begins the ids of a document's records.
func prefix(doc document.Document) string {
	id := connector.RecordID(doc)
	plain := len(id) <= longestID && !strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 || r > 0x7e })
	if !plain {
		sum := sha256.Sum256([]byte(id))
		id = "sha256-" + hex.EncodeToString(sum[:])
	}
	return id + "#"
}

// optional are the values of metadata that are left out, in this order, where all do not fit.
var optional = []string{
	"text_as_html", "entities", "coordinates", "link_urls", "link_texts", "emphasized_text_contents", "emphasized_text_tags", "last_modified",
	"category_depth", "parent_id", "is_continuation", "page_number", "filename",
}

// Append implements vector.Store. An element without embeddings is left out.
func (d *destination) Append(b []byte, what string, e element.Element, id uuid.UUID, doc document.Document) ([]byte, error) {
	if len(e.Embeddings) == 0 {
		return b, nil
	}
	if !slices.ContainsFunc(e.Embeddings, func(v float32) bool { return v != 0 }) {
		return nil, connector.Fail(nil, "%s: the embeddings of an element are all zero, which Pinecone does not take", what)
	}
	object, err := vector.Object(e)
	if err != nil {
		return nil, err
	}
	inner, _ := object["metadata"].(map[string]any)
	var text []byte
	for left := optional; ; left = left[1:] {
		metadata := map[string]any{"record_id": connector.RecordID(doc), "element_id": e.ID, "text": e.Text}
		for _, name := range left {
			vector.Flatten(metadata, name, inner[name])
		}
		if text, err = vector.JSON(metadata); err != nil {
			return nil, err
		}
		if len(text) <= maxMetadata {
			break
		}
		if len(left) == 0 {
			return nil, connector.Fail(nil, "%s: an element has a text of %d bytes, and Pinecone takes %d bytes of metadata a record; chunk the document into smaller pieces",
				what, len(e.Text), maxMetadata)
		}
	}
	key, err := vector.JSON(prefix(doc) + id.String())
	if err != nil {
		return nil, err
	}
	b = append(append(append(b, `{"id":`...), key...), `,"values":`...)
	b = vector.Floats(b, e.Embeddings)
	return append(append(append(b, `,"metadata":`...), text...), '}'), nil
}

// Write implements vector.Store.
func (d *destination) Write(ctx context.Context, what string, records [][]byte) error {
	namespace, err := json.Marshal(d.namespace)
	if err != nil {
		return err
	}
	x, err := d.find(ctx, what, 0)
	if err == nil && x == nil {
		err = connector.Retry(nil, 0, "%s: the index is gone", what)
	}
	if err != nil {
		return err
	}
	_, err = x.data.JSON(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/vectors/upsert",
		Body: vector.Join(`{"namespace":`+string(namespace)+`,"vectors":[`, records, "]}")}, "", &struct{}{})
	return err
}

// Keys implements vector.Store.
func (d *destination) Keys(ctx context.Context, what string, doc document.Document) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		x, err := d.find(ctx, what, 0)
		if err != nil {
			yield("", err)
			return
		}
		if x == nil {
			return // nothing was ever written
		}
		begin := prefix(doc)
		query := url.Values{"prefix": {begin}, "limit": {strconv.Itoa(pageSize)}}
		if d.namespace != "" {
			query.Set("namespace", d.namespace)
		}
		for {
			var page struct {
				Vectors []struct {
					ID string `json:"id"`
				} `json:"vectors"`
				Pagination struct {
					Next string `json:"next"`
				} `json:"pagination"`
			}
			status, err := x.data.JSON(ctx, rest.Request{What: what, Method: http.MethodGet, Path: "/vectors/list", Query: query,
				OK: []int{http.StatusNotFound}}, "", &page) // a namespace that is not there
			if err != nil {
				yield("", err)
				return
			}
			for _, v := range page.Vectors {
				// A longer identifier may begin with this one and "#".
				if _, err := uuid.Parse(strings.TrimPrefix(v.ID, begin)); err == nil && !yield(v.ID, nil) {
					return
				}
			}
			if status == http.StatusNotFound || page.Pagination.Next == "" {
				return
			}
			query.Set("paginationToken", page.Pagination.Next)
		}
	}
}

// Delete implements vector.Store.
func (d *destination) Delete(ctx context.Context, what string, keys []string) error {
	return d.delete(ctx, what, map[string]any{"ids": keys, "namespace": d.namespace})
}

func (d *destination) delete(ctx context.Context, what string, ask map[string]any) error {
	body, err := vector.JSON(ask)
	if err != nil {
		return err
	}
	x, err := d.find(ctx, what, 0)
	if err != nil || x == nil {
		return err
	}
	_, err = x.data.JSON(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/vectors/delete", Body: body, OK: []int{http.StatusNotFound}}, "", nil)
	return err
}

// clear deletes what an index on pods holds of a document.
func (d *destination) clear(ctx context.Context, what string, doc document.Document) error {
	filter := map[string]any{"record_id": map[string]any{"$eq": connector.RecordID(doc)}}
	return d.delete(ctx, what, map[string]any{"filter": filter, "namespace": d.namespace})
}

// refuse makes the error of an answer that is not a success.
func (d *destination) refuse(what string, a rest.Answer) error {
	switch a.Status {
	case http.StatusUnauthorized:
		return connector.Fail(connector.ErrForbidden, "%s: Pinecone does not accept the API key (HTTP 401); check api_key", what)
	case http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: access refused (HTTP 403); the API key needs the roles DataPlaneEditor and ControlPlaneViewer, and ControlPlaneEditor to make an index; a quota of the project may be used up too", what)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return connector.Fail(nil, "%s: Pinecone refused it (HTTP %d): embeddings of another dimension than the index's, more than 2 MB, or names that it does not take", what, a.Status)
	case http.StatusPaymentRequired:
		return connector.Fail(nil, "%s: Pinecone refused it (HTTP 402): the plan of the project has ended or does not allow it", what)
	}
	return rest.Refused(what, service, a)
}
