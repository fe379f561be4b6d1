package search

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

// destination writes documents of an index, one an element.
type destination struct {
	*index

	mu    sync.Mutex
	shape *shape
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

// NewDestination makes the destination of an index.
func NewDestination(s Settings, env connector.Env) (connector.Destination, error) {
	x, err := open(s, env)
	if err != nil {
		return nil, err
	}
	return &destination{index: x}, nil
}

// shape is what a write has to know of an index.
type shape struct {
	record     string // keyword field that holds record_id; "" for none
	above      int    // longest value of it that is found, characters; 0 is any
	dimensions int    // of the vectors; 0 when none is there and the mapping names none
}

// Guarantee implements connector.Destination: what a document had before and has no more is deleted.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check writes and deletes a document without fields, in one request.
func (d *destination) Check(ctx context.Context) error {
	d.forget()
	what := fmt.Sprintf("write to index %q", d.IndexName)
	if _, err := d.look(ctx, what, -1); err != nil {
		return err
	}
	b := d.batch(what)
	id := "sluice-check-" + rand.Text()
	b.add(opIndex, id, nil, []byte("{}"))
	b.add(opDelete, id, nil, nil)
	if err := b.send(ctx); err != nil {
		return err
	}
	return d.refresh(ctx, what) // a write needs that right too
}

func (d *destination) forget() {
	d.mu.Lock()
	d.shape = nil
	d.mu.Unlock()
}

// look describes the index, once. dimensions are those of the data's vectors, for the statement that would create it: 0 for
// none, -1 when no data was seen.
func (d *destination) look(ctx context.Context, what string, dimensions int) (shape, error) {
	d.mu.Lock()
	known := d.shape
	d.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	parts, err := d.parts(ctx, what)
	if missing(err) {
		return shape{}, d.absent(what, dimensions)
	}
	if err != nil {
		return shape{}, err
	}
	s := shape{}
	for i, p := range parts {
		of := p.mappings.Properties
		r := of["record_id"]
		field, above := "", 0
		switch sub := r.Fields["keyword"]; {
		case r.Type == "keyword":
			field = "record_id"
			if r.IgnoreAbove != nil {
				above = int(*r.IgnoreAbove)
			}
		case sub.Type == "keyword":
			field, above = "record_id.keyword", sub.IgnoreAbove
		}
		if i == 0 || field == s.record {
			s.record, s.above = field, max(s.above, above)
		} else {
			s.record = ""
		}
		if n := max(of["embeddings"].Dims, of["embeddings"].Dimension); n > 0 {
			s.dimensions = n
		}
	}
	if s.dimensions == 0 && dimensions > 0 {
		if s.dimensions, err = d.sampled(ctx, what); err != nil {
			return shape{}, err
		}
	}
	if s.record != "" && s.dimensions > 0 { // else the next write looks again: the index is about to learn it
		d.mu.Lock()
		d.shape = &s
		d.mu.Unlock()
	}
	return s, nil
}

// sampled is the dimension of a vector that stands in the index already; 0 for none.
func (d *destination) sampled(ctx context.Context, what string) (int, error) {
	found, err := d.search(ctx, what, "", `{"size":1,"_source":["embeddings"],"query":{"exists":{"field":"embeddings"}}}`, 0)
	if err != nil {
		return 0, err
	}
	for _, h := range found.Hits.Hits {
		var source struct {
			Embeddings []json.Number `json:"embeddings"`
		}
		if json.Unmarshal(h.Source, &source) == nil {
			return len(source.Embeddings), nil
		}
	}
	return 0, nil
}

// absent makes the error of an index that is not there, with the request that creates one.
func (d *destination) absent(what string, dimensions int) error {
	vectors, note := "", ""
	switch {
	case dimensions > 0:
		vectors = `, "embeddings": ` + d.Vector(dimensions)
	case dimensions < 0:
		vectors = `, "embeddings": ` + strings.Replace(d.Vector(1), "1", "N", 1)
		note = " N is the number of dimensions of the embedder; without one leave that field out."
	}
	return connector.Fail(connector.ErrNotFound,
		`%s: index %q does not exist. This creates it: PUT /%s {%s"mappings": {"properties": {"record_id": {"type": "keyword"}, "element_id": {"type": "keyword"}, "type": {"type": "keyword"}, "text": {"type": "text"}%s}}}.%s`,
		what, d.IndexName, url.PathEscape(d.IndexName), d.Create, vectors, note)
}

// Replace writes the new documents under ids of their own, then deletes those that an earlier write of this document left
// and this one did not write: a reader never misses the elements, and may see old ones beside new ones for a moment. Of two that
// write a document at once the later one stays whole (record.IDs.Settle).
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	what := fmt.Sprintf("write document %q", doc.Identifier)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w := &writer{destination: d, what: what, doc: doc, ids: record.NewIDs(doc.Identifier)}
	if err := w.write(ctx, elements); err != nil {
		d.forget()
		return err
	}
	failpoint.Hit(failpoint.MidReplace)
	return d.settle(ctx, what, doc, w.ids)
}

// Remove deletes all that an index holds of a document.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	what := fmt.Sprintf("remove document %q", doc.Identifier)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return d.settle(ctx, what, doc, record.NewIDs(doc.Identifier))
}

func (d *destination) settle(ctx context.Context, what string, doc document.Document, ids *record.IDs) error {
	return ids.Settle(what, fmt.Sprintf("index %q", d.IndexName), func(seen func(uuid.UUID)) (int, error) {
		return d.sweep(ctx, what, doc, ids, seen)
	})
}

func (d *destination) refresh(ctx context.Context, what string) error {
	return d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.path + "/_refresh"}, nil)
}

const (
	sweepSize = 1000
	keepAlive = "2m" // of a scroll, between pages
)

// sweep deletes the documents of the index that belong to a document and whose id is none of ids, and calls seen for the others. What
// was written before is made visible to the search first.
func (d *destination) sweep(ctx context.Context, what string, doc document.Document, ids *record.IDs, seen func(uuid.UUID)) (others int, err error) {
	s, err := d.look(ctx, what, 0)
	if err != nil {
		return 0, err
	}
	if err := d.refresh(ctx, what); err != nil {
		return 0, err
	}
	body, err := json.Marshal(map[string]any{
		"size": sweepSize, "_source": []string{"record_id"}, "seq_no_primary_term": true, "sort": []string{"_doc"},
		"query": s.query(connector.RecordID(doc)),
	})
	if err != nil {
		return 0, err
	}
	page, err := d.search(ctx, what, "", string(body), 0, "scroll", keepAlive)
	if err != nil {
		return 0, err
	}
	scroll := page.Scroll
	defer func() {
		if scroll != "" {
			d.release(ctx, scroll)
		}
	}()
	b := d.batch(what)
	for {
		for _, h := range page.Hits.Hits {
			var source struct {
				Record string `json:"record_id"`
			}
			if json.Unmarshal(h.Source, &source) != nil || source.Record != connector.RecordID(doc) {
				continue // the query may find more where record_id is split into words
			}
			if id, err := uuid.Parse(h.ID); err == nil && ids.Has(id) {
				seen(id)
				continue
			}
			others++
			b.add(opDelete, h.ID, &h, nil)
			if b.full() {
				if err := b.send(ctx); err != nil {
					return others, err
				}
			}
		}
		if len(page.Hits.Hits) < sweepSize || scroll == "" {
			return others, b.send(ctx)
		}
		next, err := json.Marshal(map[string]string{"scroll": keepAlive, "scroll_id": scroll})
		if err != nil {
			return others, err
		}
		page = &answer{}
		if err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/_search/scroll", Body: next}, page); err != nil {
			return others, err
		}
		if page.Shards.Failed > 0 {
			return others, connector.Retry(nil, 0, "%s: some shards of the index did not answer", what)
		}
		if page.Scroll != "" {
			scroll = page.Scroll
		}
	}
}

// release ends a scroll before its time. A failure does not matter: the server ends it by itself.
func (d *destination) release(ctx context.Context, scroll string) {
	body, err := json.Marshal(map[string]any{"scroll_id": []string{scroll}})
	if err == nil {
		_ = d.call(ctx, rest.Request{What: "end a scroll", Method: http.MethodDelete, Path: "/_search/scroll", Body: body,
			OK: []int{http.StatusNotFound}}, nil)
	}
}

// query finds the documents of a record id: by the keyword where the mapping has one that is long enough, else by its words.
func (s shape) query(id string) map[string]any {
	if s.record != "" && (s.above == 0 || len(id) <= s.above) {
		return map[string]any{"term": map[string]any{s.record: id}}
	}
	return map[string]any{"match_phrase": map[string]any{"record_id": map[string]any{"query": id, "zero_terms_query": "all"}}}
}
