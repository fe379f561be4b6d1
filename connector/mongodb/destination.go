package mongodb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

const (
	batchCount = 500      // elements of a request
	batchBytes = 8 << 20  // of JSON of a request; one element may be larger
	largest    = 16 << 20 // bytes that the server takes in a document
	sampleSize = 50       // documents that are looked at for a vector
)

// destination writes documents of a collection, one an element.
type destination struct {
	*remote

	mu         sync.Mutex
	looked     bool // the collection is there
	dimensions int  // of the vectors in it; 0 when none was seen
	warned     sync.Once
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	r, err := open(config, env)
	if err != nil {
		return nil, err
	}
	return &destination{remote: r}, nil
}

// Guarantee implements connector.Destination: what a document had before and has no more is deleted.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check writes and deletes a document.
func (d *destination) Check(ctx context.Context) error {
	what := fmt.Sprintf("write to collection %q", d.name)
	return d.on(ctx, what, func(ctx context.Context, c *mongo.Collection) error {
		d.forget()
		if _, err := d.look(ctx, what, c); err != nil {
			return err
		}
		id := "sluice-check-" + rand.Text()
		if _, err := c.InsertOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
			return err
		}
		_, err := c.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
		return err
	})
}

func (d *destination) forget() {
	d.mu.Lock()
	d.looked, d.dimensions = false, 0
	d.mu.Unlock()
}

// look finds out, once, whether the collection is there and what dimension its vectors have; 0 when none was seen.
func (d *destination) look(ctx context.Context, what string, c *mongo.Collection) (int, error) {
	d.mu.Lock()
	looked, dimensions := d.looked, d.dimensions
	d.mu.Unlock()
	if looked && dimensions > 0 {
		return dimensions, nil
	}
	if !looked {
		ok, err := d.there(ctx, c)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, d.missing(what)
		}
		d.warn(ctx, c)
	}
	found, err := c.Find(ctx, bson.D{}, options.Find().SetLimit(sampleSize).SetProjection(bson.D{{Key: "embeddings", Value: 1}}))
	if err != nil {
		return 0, err
	}
	defer found.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the server ends it by itself
	for dimensions == 0 && found.Next(ctx) {
		if list, ok := found.Current.Lookup("embeddings").ArrayOK(); ok {
			if values, err := list.Values(); err == nil {
				dimensions = len(values)
			}
		}
	}
	if err := found.Err(); err != nil {
		return 0, err
	}
	d.mu.Lock()
	d.looked, d.dimensions = true, dimensions
	d.mu.Unlock()
	return dimensions, nil
}

// warn says once that record_id has no index.
func (d *destination) warn(ctx context.Context, c *mongo.Collection) {
	indexes, err := c.Indexes().ListSpecifications(ctx)
	if err != nil || d.env.Log == nil {
		return // without the right to see them there is nothing to say
	}
	for _, index := range indexes {
		if first, err := index.KeysDocument.IndexErr(0); err == nil && first.Key() == "record_id" {
			return
		}
	}
	d.warned.Do(func() {
		d.env.Log.WarnContext(ctx, "record_id has no index: each document that is written reads the whole collection",
			"collection", d.name, "statement", fmt.Sprintf("db.getCollection(%q).createIndex({record_id: 1})", d.name))
	})
}

// Replace writes the new documents under ids of their own, then deletes those that an earlier write of this document left
// and this one did not write: a reader never misses the elements, and may see old ones beside new ones for a moment. Of two that
// write a document at once the later one stays whole (record.IDs.Settle).
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	what := fmt.Sprintf("write document %q", doc.Identifier)
	return d.on(ctx, what, func(ctx context.Context, c *mongo.Collection) error {
		if _, err := d.look(ctx, what, c); err != nil {
			return err
		}
		w := writer{destination: d, what: what, collection: c, identifier: connector.RecordID(doc), ids: record.NewIDs(doc.Identifier)}
		if err := w.write(ctx, elements); err != nil {
			d.forget()
			return err
		}
		failpoint.Hit(failpoint.MidReplace)
		return d.settle(ctx, what, c, doc, w.ids)
	})
}

// Remove deletes all that a collection holds of a document.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	what := fmt.Sprintf("remove document %q", doc.Identifier)
	return d.on(ctx, what, func(ctx context.Context, c *mongo.Collection) error {
		return d.settle(ctx, what, c, doc, record.NewIDs(doc.Identifier))
	})
}

func (d *destination) settle(ctx context.Context, what string, c *mongo.Collection, doc document.Document, ids *record.IDs) error {
	return ids.Settle(what, fmt.Sprintf("collection %q", d.name), func(seen func(uuid.UUID)) (int, error) {
		return d.sweep(ctx, c, doc, ids, seen)
	})
}

// sweep deletes the documents of the collection that belong to a document and whose id is none of ids, and calls seen for the others.
func (d *destination) sweep(
	ctx context.Context, c *mongo.Collection, doc document.Document, ids *record.IDs, seen func(uuid.UUID),
) (others int, err error) {
	found, err := c.Find(ctx, bson.D{{Key: "record_id", Value: connector.RecordID(doc)}}, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return 0, err
	}
	defer found.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the server ends it by itself
	var left bson.A
	remove := func() error {
		if len(left) == 0 {
			return nil
		}
		_, err := c.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: left}}}})
		left = left[:0]
		return err
	}
	for found.Next(ctx) {
		id := found.Current.Lookup("_id")
		if text, ok := id.StringValueOK(); ok {
			if known, err := uuid.Parse(text); err == nil && ids.Has(known) {
				seen(known)
				continue
			}
		}
		others++
		left = append(left, bson.RawValue{Type: id.Type, Value: bytes.Clone(id.Value)})
		if len(left) == batchCount {
			if err := remove(); err != nil {
				return others, err
			}
		}
	}
	if err := found.Err(); err != nil {
		return others, err
	}
	return others, remove()
}

// writer writes the elements of one document.
type writer struct {
	*destination
	what       string
	collection *mongo.Collection
	identifier string
	ids        *record.IDs
	dimensions int // of the vectors; 0 when none was seen yet

	batch []mongo.WriteModel
	size  int
}

func (w *writer) write(ctx context.Context, elements iter.Seq2[element.Element, error]) error {
	var buffer []byte
	for e, err := range elements {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return &streamError{err}
		}
		if err := w.fits(ctx, e); err != nil {
			return err
		}
		buffer = element.AppendJSON(buffer[:0], element.Element{Type: e.Type, ID: e.ID, Text: e.Text, Checked: e.Checked, Metadata: e.Metadata})
		id := w.ids.Next(e.ID).String()
		d := bson.D{{Key: "_id", Value: id}}
		members, err := toBSON(buffer)
		if err != nil {
			return connector.Fail(nil, "%s: element %q cannot be written as a document", w.what, e.ID)
		}
		d = append(d, members...)
		if e.Embeddings != nil {
			vector := make([]float64, len(e.Embeddings))
			for i, v := range e.Embeddings {
				vector[i] = float64(v)
			}
			d = append(d, bson.E{Key: "embeddings", Value: vector})
		}
		d = append(d, bson.E{Key: "record_id", Value: w.identifier})
		if len(buffer) > largest/2 {
			if raw, err := bson.Marshal(d); err != nil || len(raw) > largest {
				return connector.Fail(nil, "%s: element %q is larger than the 16 MB that MongoDB takes in a document", w.what, e.ID)
			}
		}
		w.batch = append(w.batch, mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: id}}).SetReplacement(d).SetUpsert(true))
		if w.size += len(buffer) + 12*len(e.Embeddings); len(w.batch) == batchCount || w.size >= batchBytes {
			if err := w.flush(ctx); err != nil {
				return err
			}
		}
	}
	return w.flush(ctx)
}

func (w *writer) flush(ctx context.Context) error {
	if len(w.batch) == 0 {
		return nil
	}
	_, err := w.collection.BulkWrite(ctx, w.batch, options.BulkWrite().SetOrdered(false))
	w.batch, w.size = w.batch[:0], 0
	return err
}

// fits refuses a vector that is not of the collection's dimension.
func (w *writer) fits(ctx context.Context, e element.Element) error {
	n := len(e.Embeddings)
	switch {
	case n == 0 || n == w.dimensions:
		return nil
	case w.dimensions > 0:
		return connector.Fail(nil, "%s: its embeddings have %d and %d dimensions; one collection takes those of one embedding model", w.what, w.dimensions, n)
	}
	have, err := w.look(ctx, w.what, w.collection)
	if err != nil {
		return err
	}
	if have > 0 && have != n {
		return connector.Fail(nil, "%s: collection %q holds embeddings of %d dimensions, and these have %d, as another embedding model makes them; write them to another collection, or use the first model",
			w.what, w.name, have, n)
	}
	w.dimensions = n
	return nil
}

// streamError is a failure of the elements that were to be written, not of the server.
type streamError struct{ err error }

func (e *streamError) Error() string { return e.err.Error() }
func (e *streamError) Unwrap() error { return e.err }

// toBSON makes the members of a JSON object, in their order. Numbers without a point are whole numbers; keys lose what the
// server does not take in them, the NUL character.
func toBSON(object []byte) (bson.D, error) {
	in := json.NewDecoder(bytes.NewReader(object))
	in.UseNumber()
	v, err := next(in)
	if err != nil {
		return nil, err
	}
	d, ok := v.(bson.D)
	if !ok {
		return nil, fmt.Errorf("%T is no object", v)
	}
	return d, nil
}

func next(in *json.Decoder) (any, error) {
	t, err := in.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return n, nil
		}
		return t.Float64()
	case json.Delim:
		if t == '{' {
			d := bson.D{}
			for in.More() {
				key, err := in.Token()
				if err != nil {
					return nil, err
				}
				value, err := next(in)
				if err != nil {
					return nil, err
				}
				name, _ := key.(string)
				d = append(d, bson.E{Key: strings.ReplaceAll(name, "\x00", ""), Value: value})
			}
			_, err := in.Token()
			return d, err
		}
		list := bson.A{}
		for in.More() {
			value, err := next(in)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := in.Token()
		return list, err
	}
	return t, nil
}
