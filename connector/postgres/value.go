package postgres

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluicehq/sluice/connector"
)

// form is how a column takes its values, by the column's type.
type form int

const (
	formText   form = iota // strings as they are, numbers and booleans as JSON writes them, the rest as JSON text
	formJSON               // json, jsonb
	formArray              // lists as an array, anything else as an array of one
	formTime               // timestamp, timestamptz, date
	formNumber             // numbers, and dates as seconds since 1970
	formVector             // pgvector's vector and halfvec
)

func formOf(c column) form {
	switch {
	case c.base == "json" || c.base == "jsonb":
		return formJSON
	case c.base == "vector" || c.base == "halfvec":
		return formVector
	case c.category == "A":
		return formArray
	case c.base == "timestamptz" || c.base == "timestamp" || c.base == "date":
		return formTime
	case c.category == "N":
		return formNumber
	}
	return formText
}

// dates are the keys that hold one.
var dates = map[string]bool{"date_created": true, "date_modified": true, "date_processed": true, "last_modified": true}

// appendValue appends the value of key, which is JSON, as the server reads it in a column of the form. null is true for
// no value.
func appendValue(b []byte, key string, c column, f form, raw json.RawMessage) (_ []byte, null bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return b, true
	}
	switch f {
	case formJSON:
		return appendJSON(b, raw), false
	case formArray:
		return appendArray(b, c, raw), false
	case formVector:
		return appendJSON(b, raw), false // [1,2,3] is the form of both
	case formTime, formNumber:
		text := plain(raw)
		if f == formNumber && !dates[key] {
			return append(b, text...), len(text) == 0
		}
		at, ok := parseTime(text)
		switch {
		case !ok:
			return b, true
		case f == formNumber:
			return strconv.AppendFloat(b, float64(at.UnixMicro())/1e6, 'f', -1, 64), false
		}
		return at.AppendFormat(b, timestamp), false
	}
	text := plain(raw)
	if dates[key] {
		if at, ok := parseTime(text); ok {
			return at.AppendFormat(b, timestamp), false
		}
	}
	return append(b, text...), false
}

// plain is the text of a JSON value: of a string what it says, of anything else the JSON.
func plain(raw json.RawMessage) []byte {
	if raw[0] != '"' {
		return appendJSON(nil, raw)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return clean(raw[1 : len(raw)-1])
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	return clean([]byte(text))
}

// clean leaves out what PostgreSQL refuses in text: NUL characters, and bytes that are not UTF-8, which become U+FFFD.
func clean(text []byte) []byte {
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	return text
}

// appendJSON appends JSON without escaped NUL characters, which jsonb refuses.
func appendJSON(b, raw []byte) []byte {
	if !bytes.Contains(raw, []byte(`\u0000`)) {
		return append(b, raw...)
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			b = append(b, raw[i])
			continue
		}
		if bytes.HasPrefix(raw[i:], []byte(`\u0000`)) {
			i += len(`\u0000`) - 1
			continue
		}
		b = append(b, raw[i], raw[i+1])
		i++
	}
	return b
}

// appendArray appends the literal of an array: {"a","b"}. Lists in lists are its further dimensions, unless the elements
// are JSON.
func appendArray(b []byte, c column, raw json.RawMessage) []byte {
	if raw[0] != '[' {
		return append(appendMember(append(b, '{'), c, raw), '}')
	}
	return appendList(b, c, raw)
}

func appendList(b []byte, c column, raw json.RawMessage) []byte {
	var members []json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return append(b, "{}"...)
	}
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		if m[0] == '[' && c.element != "json" && c.element != "jsonb" && !textual(c.element) {
			b = appendList(b, c, m)
			continue
		}
		b = appendMember(b, c, m)
	}
	return append(b, '}')
}

// textual tells arrays of text, in which a list is written as JSON: PostgreSQL wants lists of one length.
func textual(element string) bool {
	return element == "text" || element == "varchar" || element == "bpchar"
}

func appendMember(b []byte, c column, raw json.RawMessage) []byte {
	if string(raw) == "null" {
		return append(b, "NULL"...)
	}
	text := plain(raw)
	if c.element == "json" || c.element == "jsonb" {
		text = appendJSON(nil, raw)
	}
	b = append(b, '"')
	for _, ch := range text {
		if ch == '"' || ch == '\\' {
			b = append(b, '\\')
		}
		b = append(b, ch)
	}
	return append(b, '"')
}

// appendEmbeddings appends a vector in the form of the column, or says why it cannot stand there.
func appendEmbeddings(b []byte, c column, f form, v []float32) ([]byte, error) {
	opening, closing := byte('['), byte(']')
	switch f {
	case formArray:
		opening, closing = '{', '}'
	case formVector:
		if err := fits(c, v); err != nil {
			return b, err
		}
	}
	b = append(b, opening)
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if !finite(x) {
			if f != formArray {
				return b, connector.Fail(nil, "column %q: the vector holds a number that is not finite", c.name)
			}
			b = append(b, "NaN"...)
			continue
		}
		b = strconv.AppendFloat(b, float64(x), 'g', -1, 32)
	}
	return append(b, closing), nil
}

func finite(x float32) bool { return x == x && !math.IsInf(float64(x), 0) }

// fits says why a vector cannot stand in a column of pgvector.
func fits(c column, v []float32) error {
	if c.modifier > 0 && int(c.modifier) != len(v) {
		return connector.Fail(nil, "column %q is %s and the vector has %d dimensions; make the column %s(%d), or choose an embedding model with %d dimensions",
			c.name, c.format, len(v), c.base, len(v), c.modifier)
	}
	if len(v) == 0 || len(v) > maxDimensions {
		return connector.Fail(nil, "column %q is %s, which takes 1 to %d dimensions; the vector has %d",
			c.name, c.format, maxDimensions, len(v))
	}
	for _, x := range v {
		if !finite(x) {
			return connector.Fail(nil, "column %q: the vector holds a number that is not finite", c.name)
		}
	}
	return nil
}

// maxDimensions is what vector and halfvec take.
const maxDimensions = 16_000

// timestamp is how the server gets points in time, to the microsecond it keeps.
const timestamp = "2006-01-02T15:04:05.999999Z"

// parseTime reads seconds since 1970 or ISO 8601; without a zone it is UTC.
func parseTime(text []byte) (time.Time, bool) {
	s := strings.TrimSpace(string(text))
	at := time.Time{}
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		if math.Abs(seconds) > 1e12 || seconds != seconds {
			return at, false
		}
		at = time.UnixMicro(int64(math.Round(seconds * 1e6)))
	} else {
		found := false
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02"} {
			if at, err = time.Parse(layout, s); err == nil {
				found = true
				break
			}
		}
		if !found {
			return at, false
		}
	}
	at = at.UTC()
	return at, at.Year() >= 1 && at.Year() <= 9999
}
