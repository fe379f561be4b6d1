package weaviate

import (
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/vector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

var (
	// asText are values that are written as texts, whatever they are.
	asText = map[string]bool{"record_locator": true, "points": true, "links": true, "permissions_data": true, "regex_metadata": true, "version": true, "page_number": true}
	asDate = map[string]bool{"date_created": true, "date_modified": true, "date_processed": true, "last_modified": true}
)

// properties are those of an element: its own names, nested, or its metadata in one level, and the document's identifier.
func (d *destination) properties(e element.Element, doc document.Document) (map[string]any, error) {
	object, err := vector.Object(e)
	if err != nil {
		return nil, err
	}
	if meta, ok := object["metadata"].(map[string]any); ok {
		object["metadata"] = values(meta)
	}
	if d.flat {
		object = vector.Level(object)
	}
	delete(object, "id")
	out := values(object)
	out["record_id"] = connector.RecordID(doc)
	return out, nil
}

// values leaves of an object what has a type in Weaviate, under names that it takes.
func values(object map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range object {
		if v, ok := value(name, v); ok {
			out[propertyName(name)] = v
		}
	}
	return out
}

func value(name string, v any) (any, bool) {
	switch {
	case v == nil:
		return nil, false
	case asText[name]:
		return vector.Text(v), true
	case asDate[name]:
		t, ok := vector.Time(v)
		return t.Format("2006-01-02T15:04:05.000000Z"), ok
	}
	switch v := v.(type) {
	case map[string]any:
		inner := values(v)
		return inner, len(inner) > 0
	case []any:
		return list(v)
	}
	return v, true
}

// list is a list of texts, numbers, booleans or objects; one of lists, or of several kinds, is JSON text.
func list(v []any) (any, bool) {
	if len(v) == 0 {
		return nil, false
	}
	kind := func(v any) string {
		switch v.(type) {
		case map[string]any:
			return "object"
		case []any, nil:
			return ""
		case string:
			return "text"
		case bool:
			return "boolean"
		}
		return "number"
	}
	first := kind(v[0])
	out := make([]any, len(v))
	for i, item := range v {
		if first == "" || kind(item) != first {
			return vector.Text(v), true
		}
		out[i] = item
		if inner, ok := item.(map[string]any); ok {
			out[i] = values(inner)
		}
	}
	return out, true
}

// propertyName makes a name of letters, digits and underscores that does not begin with a digit.
func propertyName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if clean == "" || clean[0] >= '0' && clean[0] <= '9' {
		clean = "_" + clean
	}
	return clean
}
