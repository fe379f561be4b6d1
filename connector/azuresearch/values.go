package azuresearch

import (
	"math"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector/internal/vector"
)

// field is one of an index, as its definition has it.
type field struct {
	Name       string  `json:"name"`
	Type       string  `json:"type"`
	Key        bool    `json:"key"`
	Filterable bool    `json:"filterable"`
	Sortable   bool    `json:"sortable"`
	Dimensions int     `json:"dimensions"`
	Fields     []field `json:"fields"`
}

// fit leaves of an object what the fields take, each value in the type of its field.
func fit(object map[string]any, fields []field) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		if value, ok := object[f.Name]; ok && value != nil {
			if value, ok = as(value, f.Type, f.Fields); ok {
				out[f.Name] = value
			}
		}
	}
	return out
}

// as gives a decoded JSON value the type of a field; false when it cannot have it.
func as(value any, kind string, fields []field) (any, bool) {
	if inner, ok := strings.CutPrefix(kind, "Collection("); ok {
		inner = strings.TrimSuffix(inner, ")")
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		out := make([]any, 0, len(list))
		for _, v := range list {
			if v, ok := as(v, inner, fields); ok {
				out = append(out, v)
			}
		}
		return out, len(out) > 0 || len(list) == 0
	}
	switch kind {
	case "Edm.String":
		return vector.Text(value), true
	case "Edm.ComplexType":
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		return fit(object, fields), true
	case "Edm.Boolean":
		switch v := value.(type) {
		case bool:
			return v, true
		case string:
			b, err := strconv.ParseBool(v)
			return b, err == nil
		}
	case "Edm.Int32", "Edm.Int64", "Edm.Int16", "Edm.SByte", "Edm.Byte":
		return whole(value, kind)
	case "Edm.Double", "Edm.Single", "Edm.Half":
		f, ok := vector.Number(value)
		return f, ok
	case "Edm.DateTimeOffset":
		return date(value)
	}
	return nil, false
}

func whole(value any, kind string) (any, bool) {
	f, ok := vector.Number(value)
	if !ok || f != math.Trunc(f) {
		return nil, false
	}
	limits := map[string][2]float64{
		"Edm.Int32": {math.MinInt32, math.MaxInt32}, "Edm.Int64": {-1 << 53, 1 << 53}, "Edm.Int16": {math.MinInt16, math.MaxInt16},
		"Edm.SByte": {math.MinInt8, math.MaxInt8}, "Edm.Byte": {0, math.MaxUint8},
	}[kind]
	return int64(f), f >= limits[0] && f <= limits[1]
}

// date writes epoch seconds, or ISO 8601 with or without a zone (UTC then), as the service takes them.
func date(value any) (any, bool) {
	t, ok := vector.Time(value)
	return t.Format("2006-01-02T15:04:05.999Z"), ok
}
