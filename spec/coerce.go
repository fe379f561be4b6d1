package spec

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// coerce turns a value that is not null into the field's kind. Paths of problems are relative to the field.
func (f Field) coerce(v any) (any, []Problem) {
	if f.Secret {
		// A secret may be a reference to one that is kept elsewhere, or a key file pasted as an object.
		if object, ok := v.(map[string]any); ok {
			return Plain(object), nil
		}
	}
	var out any
	var p *Problem
	switch f.Kind {
	case String:
		text, ok := v.(string)
		if !ok {
			return nil, []Problem{f.wrongType(v)}
		}
		out, p = f.inEnum(text)
	case Int:
		out, p = f.integer(v)
	case Float:
		out, p = f.number(v)
	case Bool:
		out, p = f.boolean(v)
	case Strings:
		return f.strings(v)
	case Object:
		out, p = f.object(v)
	default:
		out = Plain(v)
	}
	if p != nil {
		return nil, []Problem{*p}
	}
	return out, nil
}

// wrongType is the problem of a value whose JSON type cannot become the field's kind.
func (f Field) wrongType(v any) Problem {
	p := Problem{Input: Plain(v)}
	switch f.Kind {
	case Int:
		p.Type, p.Msg = "int_type", "Input should be a valid integer"
	case Float:
		p.Type, p.Msg = "float_type", "Input should be a valid number"
	case Bool:
		p.Type, p.Msg = "bool_type", "Input should be a valid boolean"
	case Strings:
		p.Type, p.Msg = "list_type", "Input should be a valid list"
	case Object:
		p.Type, p.Msg = "dict_type", "Input should be a valid dictionary"
	case Any:
		p.Type, p.Msg = "value_error", "Value error, a value is needed"
	default:
		p.Type, p.Msg = "string_type", "Input should be a valid string"
	}
	return p
}

func (f Field) integer(v any) (any, *Problem) {
	var n int64
	switch x := Plain(v).(type) {
	case int64:
		n = x
	case float64:
		if x != math.Trunc(x) {
			return nil, &Problem{Type: "int_from_float",
				Msg: "Input should be a valid integer, got a number with a fractional part", Input: v}
		}
		return nil, &Problem{Type: "int_parsing_size",
			Msg: "Unable to parse input string as an integer, exceeded maximum size", Input: v}
	case string:
		parsed, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
		if err != nil {
			return nil, &Problem{Type: "int_parsing",
				Msg: "Input should be a valid integer, unable to parse string as an integer", Input: v}
		}
		n = parsed
	default:
		p := f.wrongType(v)
		return nil, &p
	}
	if p := f.inRange(float64(n), v); p != nil {
		return nil, p
	}
	return n, nil
}

func (f Field) number(v any) (any, *Problem) {
	var n float64
	switch x := Plain(v).(type) {
	case int64:
		n = float64(x)
	case float64:
		n = x
	case string:
		parsed, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		if err != nil {
			return nil, &Problem{Type: "float_parsing",
				Msg: "Input should be a valid number, unable to parse string as a number", Input: v}
		}
		n = parsed
	default:
		p := f.wrongType(v)
		return nil, &p
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil, &Problem{Type: "finite_number", Msg: "Input should be a finite number", Input: v}
	}
	if p := f.inRange(n, v); p != nil {
		return nil, p
	}
	return n, nil
}

// boolWords are the strings that pydantic v2 reads as booleans.
var boolWords = map[string]bool{
	"true": true, "t": true, "yes": true, "y": true, "on": true, "1": true,
	"false": false, "f": false, "no": false, "n": false, "off": false, "0": false,
}

func (f Field) boolean(v any) (any, *Problem) {
	var word string
	switch x := Plain(v).(type) {
	case bool:
		return x, nil
	case int64:
		word = strconv.FormatInt(x, 10)
	case string:
		word = strings.ToLower(strings.TrimSpace(x))
	default:
		p := f.wrongType(v)
		return nil, &p
	}
	b, ok := boolWords[word]
	if !ok {
		return nil, &Problem{Type: "bool_parsing",
			Msg: "Input should be a valid boolean, unable to interpret input", Input: v}
	}
	return b, nil
}

// strings reads a list, or a list that was written as JSON into a string, as form posts do.
func (f Field) strings(v any) (any, []Problem) {
	var list []any
	switch x := v.(type) {
	case []any:
		list = x
	case []string:
		for _, s := range x {
			list = append(list, s)
		}
	case string:
		if json.Unmarshal([]byte(x), &list) != nil || list == nil {
			return nil, []Problem{f.wrongType(v)}
		}
	default:
		return nil, []Problem{f.wrongType(v)}
	}
	out := make([]any, 0, len(list))
	var problems []Problem
	for i, member := range list {
		text, ok := member.(string)
		if !ok {
			problems = append(problems, Problem{Path: []any{i}, Type: "string_type",
				Msg: "Input should be a valid string", Input: Plain(member)})
			continue
		}
		text, p := f.inEnum(text)
		if p != nil {
			p.Path = []any{i}
			problems = append(problems, *p)
			continue
		}
		out = append(out, text)
	}
	if problems != nil {
		return nil, problems
	}
	return out, nil
}

// object reads an object, or one that was written as JSON into a string.
func (f Field) object(v any) (any, *Problem) {
	switch x := v.(type) {
	case map[string]any:
		return Plain(x), nil
	case string:
		var object map[string]any
		d := json.NewDecoder(strings.NewReader(x))
		d.UseNumber()
		if d.Decode(&object) == nil && object != nil && !d.More() {
			return Plain(object), nil
		}
	}
	p := f.wrongType(v)
	return nil, &p
}

// exact is the largest magnitude below which every integer is a float64.
const exact = 1 << 53

// Plain returns a deep copy of a decoded JSON value in which numbers are int64 where they are integral and fit, and
// float64 otherwise. It accepts what encoding/json gives with and without UseNumber, and Go integers.
func Plain(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, member := range x {
			out[k] = Plain(member)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, member := range x {
			out[i] = Plain(member)
		}
		return out
	case []string:
		out := make([]any, len(x))
		for i, member := range x {
			out[i] = member
		}
		return out
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		n, err := x.Float64()
		if err != nil {
			return x.String()
		}
		return Plain(n)
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < exact {
			return int64(x)
		}
		return x
	case float32:
		return Plain(float64(x))
	case int:
		return int64(x)
	case int32:
		return int64(x)
	}
	return v
}
