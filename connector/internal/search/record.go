package search

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/sluicehq/sluice/element"
)

// appendRecord appends the document of an element: type, element_id, text, record_id, embeddings and metadata in one level,
// the names of its objects joined by hyphens, as in metadata.data_source-url. Lists stay as they are; empty objects go. scratch is
// room to work in, given back for the next.
func appendRecord(b, scratch []byte, e element.Element, identifier string) (record, used []byte) {
	b = append(b, '{')
	vector := e.Embeddings
	e.Embeddings = nil
	scratch = element.AppendJSON(scratch[:0], e)
	members(scratch, func(name, value []byte) {
		switch string(name) {
		case "checked":
			return
		case "metadata":
			b = append(appendName(b, nil, name), '{')
			b = append(flatten(b, nil, value), '}')
		default:
			b = append(appendName(b, nil, name), value...)
		}
	})
	if vector != nil {
		b = appendVector(appendName(b, nil, []byte("embeddings")), vector)
	}
	b = appendName(b, nil, []byte("record_id"))
	id, _ := json.Marshal(identifier) // a string is always written
	return append(append(b, id...), '}'), scratch
}

// appendVector appends numbers in the shortest form that gives them back, none of them whole: see appendFloats.
func appendVector(b []byte, vector []float32) []byte {
	b = append(b, '[')
	for i, v := range vector {
		if i > 0 {
			b = append(b, ',')
		}
		if f := float64(v); f == math.Trunc(f) && math.Abs(f) < 1e6 {
			b = append(strconv.AppendInt(b, int64(f), 10), '.', '0')
		} else if math.IsNaN(f) || math.IsInf(f, 0) {
			b = append(b, "0.0"...) // as no vector should have, and JSON cannot
		} else {
			b = strconv.AppendFloat(b, f, 'g', -1, 32)
		}
	}
	return append(b, ']')
}

// flatten appends the members of an object, with those of objects in it under joined names.
func flatten(b, prefix, object []byte) []byte {
	members(object, func(name, value []byte) {
		if value[0] != '{' {
			b = appendName(b, prefix, name)
			if string(name) == "points" || string(name) == "detection_class_prob" {
				b = appendFloats(b, value)
			} else {
				b = append(b, value...)
			}
			return
		}
		inner := make([]byte, 0, len(prefix)+len(name)+1)
		inner = append(append(append(inner, prefix...), name...), '-')
		b = flatten(b, inner, value)
	})
	return b
}

// appendName begins a member. Names are as JSON has them between the quotes.
func appendName(b, prefix, name []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(append(b, prefix...), name...)
	return append(b, '"', ':')
}

// members calls each with the members of an object in compact JSON that element.AppendJSON wrote.
func members(object []byte, each func(name, value []byte)) {
	for i := 1; i < len(object) && object[i] == '"'; i++ {
		name := object[i+1 : stringEnd(object, i)]
		at := i + len(name) + 3 // both quotes and the colon
		end := valueEnd(object, at)
		each(name, object[at:end])
		i = end // a comma, or the end
	}
}

// stringEnd is where the string that begins at i has its closing quote.
func stringEnd(b []byte, i int) int {
	for i++; ; {
		n := bytes.IndexByte(b[i:], '"')
		end := i + n
		slashes := 0
		for end-1-slashes >= i && b[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end
		}
		i = end + 1
	}
}

// valueEnd is where the value that begins at i ends.
func valueEnd(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// appendFloats appends numbers, or lists of them, that are no whole numbers: a server that makes the mapping itself takes the
// first it sees for the type of all, and refuses a list in which 0 stands beside 0.5.
func appendFloats(b, value []byte) []byte {
	begins, whole := true, false // a number begins here; the bytes before this one are a whole number
	for _, c := range value {
		switch {
		case c == '[' || c == ',' || c == ']':
			if whole {
				b = append(b, '.', '0')
			}
			begins, whole = true, false
		case c >= '0' && c <= '9':
			whole = whole || begins
			begins = false
		case c != '-' || !begins:
			begins, whole = false, false
		}
		b = append(b, c)
	}
	if whole {
		b = append(b, '.', '0')
	}
	return b
}
