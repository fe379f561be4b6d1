package vector

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/sluicehq/sluice/element"
)

// Object is an element as decoded JSON without its embeddings; numbers are json.Number.
func Object(e element.Element) (map[string]any, error) {
	e.Embeddings = nil
	d := json.NewDecoder(bytes.NewReader(element.AppendJSON(nil, e)))
	d.UseNumber()
	var out map[string]any
	err := d.Decode(&out)
	return out, err
}

// Flatten puts the leaves of a decoded JSON value into a map of one level: names of objects and places in lists are joined by
// hyphens, as in metadata-languages-0. Nulls, empty objects and empty lists are left out.
func Flatten(into map[string]any, name string, value any) {
	under := name
	if under != "" {
		under += "-"
	}
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for k, inner := range v {
			Flatten(into, under+k, inner)
		}
	case []any:
		for i, inner := range v {
			Flatten(into, under+strconv.Itoa(i), inner)
		}
	default:
		into[name] = v
	}
}

// JSON writes a decoded value with text as it is.
func JSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
