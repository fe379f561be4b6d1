package milvus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/connector/internal/vector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// shape is what a write has to know of a collection.
type shape struct {
	fields     []field
	key        field
	auto       bool // the server makes the keys
	listed     bool // the keys are ids of ours
	vector     string
	dimensions int
	dynamic    bool // fields that the schema does not have are kept too
	unloaded   bool
}

// field is one of a collection's schema.
type field struct {
	Name     string `json:"name"`
	Kind     string `json:"type"`
	Primary  bool   `json:"primaryKey"`
	Auto     bool   `json:"autoId"`
	Nullable bool   `json:"nullable"`
	Inner    string `json:"elementType"` // of an Array
	Function bool   `json:"isFunctionOutput"`
	Default  any    `json:"defaultValue"`
	Params   []struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	} `json:"params"`
}

// param is a number among the parameters of a field; 0 for none.
func (f field) param(name string) int {
	for _, p := range f.Params {
		if p.Key == name {
			n, err := strconv.Atoi(fmt.Sprint(p.Value))
			if err == nil {
				return n
			}
		}
	}
	return 0
}

const idLength = 36 // of a UUID

// look describes the collection, once. n is the length of the data's vectors, 0 for none, -1 when no data was seen.
func (d *destination) look(ctx context.Context, what string, n int) (*shape, error) {
	return d.shape.Get(func() (*shape, error) {
		body, err := json.Marshal(d.ask())
		if err != nil {
			return nil, err
		}
		var found struct {
			Fields    []field `json:"fields"`
			Dynamic   bool    `json:"enableDynamicField"`
			Auto      bool    `json:"autoId"`
			Load      string  `json:"load"`
			Functions []struct {
				Outputs []string `json:"outputFieldNames"`
			} `json:"functions"`
		}
		err = d.call(ctx, rest.Request{What: what, Path: "/v2/vectordb/collections/describe", Body: body}, &found)
		if errors.Is(err, errNoCollection) {
			return nil, d.absent(what, n)
		}
		if err != nil {
			return nil, err
		}
		s := &shape{dynamic: found.Dynamic, unloaded: found.Load == "LoadStateNotLoad"}
		var vectors []field
		record := found.Dynamic
		for _, f := range found.Fields {
			for _, x := range found.Functions {
				f.Function = f.Function || slices.Contains(x.Outputs, f.Name)
			}
			switch {
			case f.Primary:
				s.key, s.auto = f, f.Auto || found.Auto
			case f.Kind == "FloatVector" && !f.Function:
				vectors = append(vectors, f)
			case f.Name == d.record:
				record = f.Kind == "VarChar" || f.Kind == "String"
			}
			s.fields = append(s.fields, f)
		}
		if s.key.Name == "" {
			return nil, d.Client.Strange(what, "uri")
		}
		s.listed = s.key.Kind == "VarChar" && !s.auto
		if s.listed && s.key.param("max_length") < idLength {
			return nil, connector.Fail(nil, "%s: the primary key %s of collection %q takes fewer than the %d characters of an id", what, s.key.Name, d.collection, idLength)
		}
		named := slices.IndexFunc(vectors, func(f field) bool { return f.Name == "embeddings" })
		switch {
		case len(vectors) == 0:
			return nil, connector.Fail(nil, "%s: collection %q has no field of the type FloatVector; make it with one named embeddings", what, d.collection)
		case len(vectors) > 1 && named < 0:
			return nil, connector.Fail(nil, "%s: collection %q has %d fields of the type FloatVector, and none is named embeddings", what, d.collection, len(vectors))
		case named < 0:
			named = 0
		}
		s.vector, s.dimensions = vectors[named].Name, vectors[named].param("dim")
		if !record {
			return nil, connector.Fail(nil, "%s: collection %q needs a VarChar field %s, by which the rows of a document are found, or the dynamic field; or set record_id_key to the field that it has",
				what, d.collection, d.record)
		}
		return s, nil
	})
}

// absent makes the error of a collection that is not there, with the request that creates one.
func (d *destination) absent(what string, n int) error {
	size, note := vector.Size(n)
	return connector.Fail(connector.ErrNotFound, `%s: collection %q does not exist. This creates it: POST /v2/vectordb/collections/create {"collectionName": %q, "schema": {"enableDynamicField": true, "fields": [{"fieldName": "id", "dataType": "VarChar", "isPrimary": true, "elementTypeParams": {"max_length": "36"}}, {"fieldName": %q, "dataType": "VarChar", "elementTypeParams": {"max_length": "2048"}}, {"fieldName": "text", "dataType": "VarChar", "elementTypeParams": {"max_length": "65535"}}, {"fieldName": "embeddings", "dataType": "FloatVector", "elementTypeParams": {"dim": "%s"}}]}, "indexParams": [{"fieldName": "embeddings", "indexName": "embeddings", "metricType": "COSINE"}]}.%s`,
		what, d.collection, d.collection, d.record, size, note)
}

const (
	mostDynamic = 65_000 // bytes of a row's dynamic fields; servers take 65,536
	keyBits     = 63     // of a key that is a number
)

var dates = map[string]bool{"date_created": true, "date_modified": true, "date_processed": true, "last_modified": true}

// Append implements vector.Store. An element without embeddings is left out. The collection was looked at before.
func (d *destination) Append(b []byte, what string, e element.Element, id uuid.UUID, doc document.Document) ([]byte, error) {
	if len(e.Embeddings) == 0 {
		return b, nil
	}
	s := d.shape.Last()
	object, err := d.object(e, s, doc)
	if err != nil {
		return nil, err
	}
	row := map[string]any{s.vector: json.RawMessage(vector.Floats(nil, e.Embeddings))}
	for _, f := range s.fields {
		value, given := object[f.Name]
		delete(object, f.Name)
		if f.Name == s.vector || f.Primary || f.Function {
			continue
		}
		v, ok := as(value, f.Kind, f)
		switch {
		case given && value != nil && ok && !f.long(v):
			row[f.Name] = v
		case f.Name == d.record:
			return nil, connector.Fail(nil, "%s: its identifier has more than the %d bytes that the field %s of collection %q takes", what, f.param("max_length"), f.Name, d.collection)
		case f.Name == "text" && given && ok:
			return nil, connector.Fail(nil, "%s: an element has a text of %d bytes, and the field text of collection %q takes %d; chunk the document into smaller pieces", what, len(e.Text), d.collection, f.param("max_length"))
		case !f.Nullable && f.Default == nil:
			row[f.Name] = empty(f.Kind)
		}
	}
	switch {
	case s.auto:
	case s.listed:
		row[s.key.Name] = id.String()
	default:
		row[s.key.Name] = int64(uint64(id[0])<<56|uint64(id[1])<<48|uint64(id[2])<<40|uint64(id[3])<<32|uint64(id[4])<<24|uint64(id[5])<<16|uint64(id[10])<<8|uint64(id[11])) & (1<<keyBits - 1)
	}
	if s.dynamic {
		if err := d.spare(what, object); err != nil {
			return nil, err
		}
		for name, v := range object {
			row[name] = v
		}
	}
	text, err := vector.JSON(row)
	if err != nil {
		return nil, err
	}
	if len(text) > rowBytes {
		return nil, connector.Fail(nil, "%s: an element makes a row of %d MB, and at most %d MB are sent; chunk the document, or leave images out", what, len(text)>>20, rowBytes>>20)
	}
	return append(b, text...), nil
}

// object is an element as values by name, before a schema chooses among them.
func (d *destination) object(e element.Element, s *shape, doc document.Document) (map[string]any, error) {
	object, err := vector.Object(e)
	if err != nil {
		return nil, err
	}
	metadata, _ := object["metadata"].(map[string]any)
	d.values(metadata, s, doc)
	if metadata != nil && metadata["is_continuation"] == nil {
		metadata["is_continuation"] = false
	}
	if d.flat {
		object = vector.Level(object)
	}
	if len(d.include) > 0 {
		for name := range object {
			if name != "text" && !slices.Contains(d.include, name) {
				delete(object, name)
			}
		}
	}
	object[d.record] = connector.RecordID(doc)
	for name := range object {
		if !names.MatchString(name) { // no field can be named so
			delete(object, name)
		}
	}
	return object, nil
}

// values gives dates, languages and permissions their forms, and parents the ids of their rows where those stand in element_id.
func (d *destination) values(object map[string]any, s *shape, doc document.Document) {
	for name, v := range object {
		switch inner := v.(type) {
		case map[string]any:
			d.values(inner, s, doc)
		case []any:
			if name == "permissions_data" || name == "languages" && !s.dynamic {
				object[name] = vector.Text(v)
			}
		case string:
			if name == "parent_id" && s.key.Name == "element_id" && s.listed {
				object[name] = connector.ElementRecordID(doc, inner)
			}
		}
		if dates[name] {
			if t, ok := vector.Time(v); ok {
				object[name] = json.Number(strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', -1, 64))
			} else {
				delete(object, name)
			}
		}
	}
}

// spare leaves out the largest dynamic values until the others fit.
func (d *destination) spare(what string, object map[string]any) error {
	total, sizes := 2, map[string]int{}
	for name, v := range object {
		b, err := vector.JSON(v)
		if err != nil {
			return err
		}
		sizes[name] = len(name) + len(b) + len(`"":,`)
		total += sizes[name]
	}
	order := make([]string, 0, len(sizes))
	for name := range sizes {
		if name != d.record && name != "text" {
			order = append(order, name)
		}
	}
	slices.SortFunc(order, func(a, b string) int {
		if sizes[a] != sizes[b] {
			return sizes[b] - sizes[a]
		}
		return strings.Compare(a, b)
	})
	for _, name := range order {
		if total <= mostDynamic {
			return nil
		}
		total -= sizes[name]
		delete(object, name)
	}
	if total > mostDynamic {
		return connector.Fail(nil, "%s: an element has a text of %d bytes, and collection %q takes %d bytes in fields that its schema does not have; chunk the document into smaller pieces, or give the collection a field text",
			what, sizes["text"], d.collection, mostDynamic)
	}
	return nil
}

// long says whether a text has more bytes than its field takes, or a list more members.
func (f field) long(v any) bool {
	switch v := v.(type) {
	case string:
		most := f.param("max_length")
		return most > 0 && len(v) > most
	case []any:
		most := f.param("max_capacity")
		return most > 0 && len(v) > most
	}
	return false
}

// as gives a decoded JSON value the type of a field; false when it cannot have it.
func as(value any, kind string, f field) (any, bool) {
	switch kind {
	case "VarChar", "String", "Text":
		return vector.Text(value), value != nil
	case "Bool":
		switch v := value.(type) {
		case bool:
			return v, true
		case string:
			b, err := strconv.ParseBool(v)
			return b, err == nil
		}
	case "Int8", "Int16", "Int32", "Int64":
		n, ok := vector.Number(value)
		bits, err := strconv.Atoi(strings.TrimPrefix(kind, "Int"))
		most := math.Ldexp(1, bits-1)
		return int64(n), ok && err == nil && n == math.Trunc(n) && n >= -most && n < most
	case "Float", "Double":
		return vector.Number(value)
	case "JSON":
		return value, value != nil
	case "Array":
		list, ok := value.([]any)
		if !ok {
			return nil, false
		}
		out := make([]any, 0, len(list))
		for _, item := range list {
			v, ok := as(item, f.Inner, field{})
			if text, is := v.(string); !ok || is && f.param("max_length") > 0 && len(text) > f.param("max_length") {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	}
	return nil, false
}

// empty is what stands in a field that must have a value when there is none.
func empty(kind string) any {
	switch kind {
	case "Bool":
		return false
	case "Int8", "Int16", "Int32", "Int64", "Float", "Double":
		return 0
	case "JSON":
		return map[string]any{}
	case "Array":
		return []any{}
	}
	return ""
}
