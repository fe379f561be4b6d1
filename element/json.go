package element

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the JSON object of e to b. Keys of the element stand in the order type, element_id, text, metadata,
// embeddings; those of objects inside in alphabetical order. <, > and & are not escaped.
func AppendJSON(b []byte, e Element) []byte {
	if need := len(e.Text) + len(e.Metadata.TextAsHTML); need > 1<<12 { // a table of megabytes must not grow bit by bit
		b = slices.Grow(b, need+need/16+1<<10)
	}
	j := jsonWriter{b: b}
	j.element(e)
	return j.b
}

// MarshalJSON implements json.Marshaler. AppendJSON is several times faster.
func (e Element) MarshalJSON() ([]byte, error) { return AppendJSON(nil, e), nil }

// MarshalJSON implements json.Marshaler.
func (m Metadata) MarshalJSON() ([]byte, error) {
	var j jsonWriter
	j.metadata(&m)
	return j.b, nil
}

// jsonWriter writes JSON in one of two forms: compact UTF-8, or packed as orig_elements are (see Pack): all keys sorted,
// a space behind separators, ASCII only.
type jsonWriter struct {
	b      []byte
	packed bool
	more   bool // a member stands before the next one
}

func (j *jsonWriter) element(e Element) {
	j.open()
	if j.packed {
		if e.Checked != nil {
			j.boolean("checked", *e.Checked)
		}
		j.text("element_id", e.ID)
		j.embeddings(e.Embeddings)
	} else {
		j.text("type", string(e.Type))
		j.text("element_id", e.ID)
		j.text("text", e.Text)
		if e.Checked != nil {
			j.boolean("checked", *e.Checked)
		}
	}
	j.key("metadata")
	j.metadata(&e.Metadata)
	if j.packed {
		j.text("text", e.Text)
		j.text("type", string(e.Type))
	} else {
		j.embeddings(e.Embeddings)
	}
	j.close()
}

func (j *jsonWriter) embeddings(v []float32) {
	if v == nil {
		return
	}
	j.key("embeddings")
	j.b = append(j.b, '[')
	for i, f := range v {
		if i > 0 {
			j.comma()
		}
		if f != f || math.IsInf(float64(f), 0) {
			j.b = append(j.b, '0') // JSON has no such number
			continue
		}
		j.b = strconv.AppendFloat(j.b, float64(f), 'g', -1, 32)
	}
	j.b = append(j.b, ']')
}

// metadata writes the object with its keys in alphabetical order, Extra merged in.
func (j *jsonWriter) metadata(m *Metadata) {
	j.open()
	extra := slices.Sorted(maps.Keys(m.Extra))
	for _, f := range fields {
		for len(extra) > 0 && extra[0] <= f.key {
			if extra[0] < f.key {
				j.any(extra[0], m.Extra[extra[0]])
			}
			extra = extra[1:] // a known key in Extra gives way
		}
		f.write(j, f.key, m)
	}
	for _, k := range extra {
		j.any(k, m.Extra[k])
	}
	j.close()
}

func (j *jsonWriter) open()  { j.b = append(j.b, '{'); j.more = false }
func (j *jsonWriter) close() { j.b = append(j.b, '}'); j.more = true }

func (j *jsonWriter) comma() {
	j.b = append(j.b, ',')
	if j.packed {
		j.b = append(j.b, ' ')
	}
}

func (j *jsonWriter) key(k string) {
	if j.more {
		j.comma()
	}
	j.more = true
	j.str(k)
	j.b = append(j.b, ':')
	if j.packed {
		j.b = append(j.b, ' ')
	}
}

func (j *jsonWriter) text(k, v string) { j.key(k); j.str(v) }

func (j *jsonWriter) optional(k, v string) {
	if v != "" {
		j.text(k, v)
	}
}

func (j *jsonWriter) boolean(k string, v bool) { j.key(k); j.b = strconv.AppendBool(j.b, v) }

func (j *jsonWriter) integer(k string, v *int) {
	if v != nil {
		j.key(k)
		j.b = strconv.AppendInt(j.b, int64(*v), 10)
	}
}

func (j *jsonWriter) float(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		j.b = append(j.b, "null"...)
		return
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		j.b = strconv.AppendFloat(j.b, v, 'e', -1, 64)
		return
	}
	j.b = strconv.AppendFloat(j.b, v, 'f', -1, 64)
}

func (j *jsonWriter) strings(k string, v []string) {
	if len(v) == 0 {
		return
	}
	j.key(k)
	j.b = append(j.b, '[')
	for i, s := range v {
		if i > 0 {
			j.comma()
		}
		j.str(s)
	}
	j.b = append(j.b, ']')
}

// any writes a decoded JSON value under a key.
func (j *jsonWriter) any(k string, v any) {
	j.key(k)
	j.value(v)
}

func (j *jsonWriter) value(v any) {
	switch x := v.(type) {
	case nil:
		j.b = append(j.b, "null"...)
	case string:
		j.str(x)
	case bool:
		j.b = strconv.AppendBool(j.b, x)
	case float64:
		j.float(x)
	case int:
		j.b = strconv.AppendInt(j.b, int64(x), 10)
	case int64:
		j.b = strconv.AppendInt(j.b, x, 10)
	case json.Number:
		j.b = append(j.b, x...)
	case []any:
		j.b = append(j.b, '[')
		for i, member := range x {
			if i > 0 {
				j.comma()
			}
			j.value(member)
		}
		j.b = append(j.b, ']')
	case []string:
		members := make([]any, len(x))
		for i := range x {
			members[i] = x[i]
		}
		j.value(members)
	case map[string]any:
		j.open()
		for _, k := range slices.Sorted(maps.Keys(x)) {
			j.any(k, x[k])
		}
		j.close()
	default: // a Go value that a caller put there
		text, err := json.Marshal(x)
		var plain any
		if err != nil || json.Unmarshal(text, &plain) != nil {
			plain = fmt.Sprint(x)
		}
		j.value(plain)
	}
}

const hexDigits = "0123456789abcdef"

// str writes a string. Bytes that are not UTF-8 become U+FFFD.
func (j *jsonWriter) str(s string) {
	b := append(j.b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && (c != 0x7f || !j.packed) {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			case '\b':
				b = append(b, '\\', 'b')
			case '\f':
				b = append(b, '\\', 'f')
			case 0x7f:
				b = append(b, c)
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i]...), `\ufffd`...)
			i++
			start = i
			continue
		}
		if j.packed {
			b = append(b, s[start:i]...)
			b = appendEscaped(b, r)
			start = i + size
		}
		i += size
	}
	j.b = append(append(b, s[start:]...), '"')
}

// appendEscaped writes a rune as \uXXXX, above the basic plane as two surrogates.
func appendEscaped(b []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		b = appendEscaped(b, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// UnmarshalJSON implements json.Unmarshaler. Labels of layout models are mapped to types; unknown metadata keys are kept.
func (e *Element) UnmarshalJSON(b []byte) error {
	var in struct {
		Type       string    `json:"type"`
		ID         string    `json:"element_id"`
		Text       *string   `json:"text"`
		Metadata   Metadata  `json:"metadata"`
		Embeddings []float32 `json:"embeddings"`
		Checked    *bool     `json:"checked"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	t, depth := TypeOf(in.Type)
	*e = Element{Type: t, ID: in.ID, Metadata: in.Metadata, Embeddings: in.Embeddings, Checked: in.Checked}
	if in.Text != nil {
		e.Text = *in.Text
	}
	if depth > 0 && e.Metadata.CategoryDepth == nil {
		e.Metadata.CategoryDepth = &depth
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	var in map[string]json.RawMessage
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*m = Metadata{}
	for k, raw := range in {
		if string(raw) == "null" {
			continue
		}
		f, known := fieldOf[k]
		if known && f.read(m, raw) == nil {
			continue
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		if known {
			return fmt.Errorf("metadata.%s: unexpected value", k)
		}
		if m.Extra == nil {
			m.Extra = map[string]any{}
		}
		m.Extra[k] = v
	}
	return nil
}
