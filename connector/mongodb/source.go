package mongodb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	pageSize = 1000 // documents of a page of a listing
	// inMemory is the size in bytes up to which a document's text is held in memory.
	inMemory = 4 << 20
)

// source lists and reads the documents of a collection.
type source struct{ *remote }

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	r, err := open(config, env)
	if err != nil {
		return nil, err
	}
	return &source{r}, nil
}

// Check looks the collection up and reads a document.
func (s *source) Check(ctx context.Context) error {
	what := fmt.Sprintf("read collection %q", s.name)
	return s.on(ctx, what, func(ctx context.Context, c *mongo.Collection) error {
		if ok, err := s.there(ctx, c); err != nil || !ok {
			return s.absent(what, err)
		}
		err := c.FindOne(ctx, bson.D{}).Err()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil
		}
		return err
	})
}

func (s *source) absent(what string, err error) error {
	if err != nil {
		return err
	}
	return connector.Fail(connector.ErrNotFound, "%s: database %q has no collection %q; check database and collection", what, s.database, s.name)
}

// brackets are the types of an _id in the order in which the server sorts them, with their names in queries. A comparison
// meets its own bracket only.
var brackets = []struct {
	name  string
	types []bson.Type
}{
	{"null", []bson.Type{bson.TypeNull}}, {"number", []bson.Type{bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128}},
	{"string", []bson.Type{bson.TypeString}}, {"object", []bson.Type{bson.TypeEmbeddedDocument}}, {"binData", []bson.Type{bson.TypeBinary}},
	{"objectId", []bson.Type{bson.TypeObjectID}}, {"bool", []bson.Type{bson.TypeBoolean}}, {"date", []bson.Type{bson.TypeDateTime}},
	{"timestamp", []bson.Type{bson.TypeTimestamp}},
}

// after makes the filters that together find everything behind an _id, in the order of their results.
func after(id bson.RawValue) []bson.D {
	filters := []bson.D{{{Key: "_id", Value: bson.D{{Key: "$gt", Value: id}}}}}
	passed := false
	for _, b := range brackets {
		if passed {
			filters = append(filters, bson.D{{Key: "_id", Value: bson.D{{Key: "$type", Value: b.name}}}})
		}
		passed = passed || slices.Contains(b.types, id.Type)
	}
	return filters
}

// Index lists documents in the order of their _id, a page a query, so that no cursor is held on the server: a listing that
// broke off goes on where it stood. The cursor is the last _id.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		what := fmt.Sprintf("list collection %q", s.name)
		stopped := false
		err := s.on(ctx, what, func(ctx context.Context, c *mongo.Collection) error {
			return s.list(ctx, what, c, from, func(d document.Document) bool {
				stopped = !yield(d, nil)
				return !stopped
			})
		})
		if err != nil && !stopped {
			yield(document.Document{}, err)
		}
	}
}

func (s *source) list(ctx context.Context, what string, c *mongo.Collection, from connector.Cursor, yield func(document.Document) bool) error {
	filters := []bson.D{{}}
	if from != "" {
		id, ok := parseID(string(from))
		if !ok {
			return connector.Fail(nil, "%s: this position is not one of a listing of a collection", what)
		}
		filters = after(id)
	}
	if ok, err := s.there(ctx, c); err != nil || !ok {
		return s.absent(what, err)
	}
	for len(filters) > 0 {
		page, last, err := s.page(ctx, c, filters[0])
		if err != nil {
			return err
		}
		for _, d := range page {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !yield(d) {
				return nil
			}
		}
		if len(page) < pageSize {
			filters = filters[1:]
		} else {
			filters = after(last)
		}
	}
	return nil
}

// page describes the next documents of a listing; last is the _id of the last one. Documents are read whole, one after the
// other, for their versions.
func (s *source) page(ctx context.Context, c *mongo.Collection, filter bson.D) (page []document.Document, last bson.RawValue, err error) {
	found, err := c.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(pageSize).SetBatchSize(200))
	if err != nil {
		return nil, last, err
	}
	defer found.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the server ends it by itself
	for found.Next(ctx) {
		id := found.Current.Lookup("_id")
		last = bson.RawValue{Type: id.Type, Value: slices.Clone(id.Value)}
		page = append(page, s.document(last, found.Current))
	}
	return page, last, found.Err()
}

func version(raw bson.Raw) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// document describes a document of the collection.
func (s *source) document(id bson.RawValue, raw bson.Raw) document.Document {
	identifier := formatID(id)
	name := record.FileName(identifier, ".txt")
	d := document.Document{
		Identifier: identifier, Name: name, Path: name, Version: version(raw), MIMEType: "text/plain",
		RecordLocator: map[string]any{"database": s.database, "collection": s.name, "document_id": identifier},
		Cursor:        identifier,
	}
	if oid, ok := id.ObjectIDOK(); ok {
		d.Created = oid.Timestamp().UTC()
	}
	if at, ok := raw.Lookup("date_created").TimeOK(); ok {
		d.Created = at.UTC()
	}
	return d
}

// formatID writes an _id as text: an ObjectId in hex, a text as it is, and everything else (with texts that look like one of
// the others) as extended JSON.
func formatID(id bson.RawValue) string {
	if oid, ok := id.ObjectIDOK(); ok {
		return oid.Hex()
	}
	if text, ok := id.StringValueOK(); ok && text != "" && text[0] != '{' && utf8.ValidString(text) {
		if _, err := bson.ObjectIDFromHex(text); err != nil {
			return text
		}
	}
	text, err := bson.MarshalExtJSON(bson.D{{Key: "_id", Value: id}}, true, false)
	if err != nil {
		return fmt.Sprintf("{%x}", id.Value) // no _id that a server takes
	}
	return string(text)
}

// parseID is the inverse of formatID.
func parseID(text string) (bson.RawValue, bool) {
	var value any = text
	if oid, err := bson.ObjectIDFromHex(text); err == nil {
		value = oid
	} else if strings.HasPrefix(text, "{") {
		var d bson.Raw
		if err := bson.UnmarshalExtJSON([]byte(text), true, &d); err != nil {
			return bson.RawValue{}, false
		}
		id := d.Lookup("_id")
		return id, id.Type != 0
	}
	if text == "" {
		return bson.RawValue{}, false
	}
	kind, raw, err := bson.MarshalValue(value)
	return bson.RawValue{Type: kind, Value: raw}, err == nil
}

// Fetch reads a document and gives the values of its fields, each on a line of its own.
func (s *source) Fetch(ctx context.Context, d document.Document) (f document.File, err error) {
	what := fmt.Sprintf("read document %q", d.Identifier)
	err = s.on(ctx, what, func(ctx context.Context, c *mongo.Collection) error {
		gone := connector.Fail(connector.ErrNotFound, "%s: it is not there, or not any more", what)
		id, ok := parseID(d.Identifier)
		if !ok {
			return gone
		}
		raw, err := c.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return gone
		}
		if err != nil {
			return err
		}
		content := spool.New(s.env.TempDir, inMemory)
		defer content.Close() // after the hand-over without effect
		if err := writeValues(content, raw); err != nil {
			if errors.Is(err, spool.ErrDisk) {
				return rest.Disk(what, err)
			}
			return connector.Fail(nil, "%s: the server gave a document that cannot be read", what)
		}
		f = content.File(d.Name, "text/plain")
		if v := version(raw); v != d.Version {
			f.Found.Version = v
		}
		return nil
	})
	return f, err
}
