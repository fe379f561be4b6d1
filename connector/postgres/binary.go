package postgres

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// wire is the binary form of a type, as its receive function on the server reads it. A table whose columns all have one
// is written with binary COPY, which takes half the work of the text form when rows hold vectors.
type wire int

const (
	wireNone wire = iota // only the text form is known here
	wireText             // the characters
	wireJSONB
	wireUUID
	wireBool
	wireInt2
	wireInt4
	wireInt8
	wireFloat4
	wireFloat8
	wireNumeric
	wireTime // microseconds since 2000
	wireDate // days since 2000
	wireVector
	wireTextArray
	wireFloat4Array
	wireFloat8Array
)

var wires = map[string]wire{
	"text": wireText, "varchar": wireText, "bpchar": wireText, "citext": wireText, "json": wireText, "jsonb": wireJSONB,
	"uuid": wireUUID, "bool": wireBool, "int2": wireInt2, "int4": wireInt4, "int8": wireInt8, "float4": wireFloat4,
	"float8": wireFloat8, "numeric": wireNumeric, "timestamptz": wireTime, "timestamp": wireTime, "date": wireDate,
	"vector": wireVector,
}

var arrayWires = map[string]wire{
	"text": wireTextArray, "varchar": wireTextArray, "bpchar": wireTextArray, "float4": wireFloat4Array,
	"float8": wireFloat8Array,
}

func wireOf(c column) wire {
	if c.category == "A" {
		w := arrayWires[c.element]
		if w != wireTextArray && c.name != "embeddings" {
			return wireNone // others may hold lists in lists
		}
		return w
	}
	return wires[c.base]
}

// errNotTaken says that a value has no binary form in a column.
var errNotTaken = errors.New("the column's type does not take the value")

// epoch is where PostgreSQL counts time from.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// appendBinary is appendValue for the binary form.
func appendBinary(b []byte, key string, t target, raw json.RawMessage) (_ []byte, null bool, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return b, true, nil
	}
	switch t.wire {
	case wireText:
		b, null = appendValue(b, key, t.column, t.form, raw)
		return b, null, nil
	case wireJSONB:
		return appendJSON(append(b, 1), raw), false, nil
	case wireUUID:
		id, err := uuid.ParseBytes(plain(raw))
		if err != nil {
			return b, false, errNotTaken
		}
		return append(b, id[:]...), false, nil
	case wireBool:
		switch strings.ToLower(string(plain(raw))) {
		case "true", "t", "yes", "y", "on", "1":
			return append(b, 1), false, nil
		case "false", "f", "no", "n", "off", "0":
			return append(b, 0), false, nil
		}
		return b, false, errNotTaken
	case wireTime, wireDate:
		at, ok := parseTime(plain(raw))
		switch {
		case !ok:
			return b, true, nil
		case t.wire == wireDate:
			days := math.Floor(float64(at.Unix()-epoch.Unix()) / 86_400)
			return binary.BigEndian.AppendUint32(b, uint32(int32(days))), false, nil
		}
		return binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()-epoch.UnixMicro())), false, nil
	case wireVector, wireTextArray, wireFloat4Array, wireFloat8Array:
		b, err := appendBinaryList(b, t, raw)
		return b, false, err
	}
	text, null := appendValue(nil, key, t.column, formNumber, raw)
	if null {
		return b, true, nil
	}
	b, err = appendNumber(b, t.wire, string(text))
	return b, false, err
}

func appendNumber(b []byte, w wire, text string) ([]byte, error) {
	size := map[wire]int{wireInt2: 16, wireInt4: 32, wireInt8: 64}[w]
	switch {
	case size > 0:
		n, err := strconv.ParseInt(text, 10, size)
		if err != nil {
			return b, errNotTaken
		}
		var eight [8]byte
		binary.BigEndian.PutUint64(eight[:], uint64(n))
		return append(b, eight[8-size/8:]...), nil
	case w == wireNumeric:
		return appendNumeric(b, text)
	}
	size = 64
	if w == wireFloat4 || w == wireFloat4Array {
		size = 32
	}
	x, err := strconv.ParseFloat(text, size)
	if err != nil {
		return b, errNotTaken
	}
	return appendFloat(b, size, x), nil
}

func appendFloat(b []byte, size int, x float64) []byte {
	if size == 32 {
		return binary.BigEndian.AppendUint32(b, math.Float32bits(float32(x)))
	}
	return binary.BigEndian.AppendUint64(b, math.Float64bits(x))
}

// appendNumeric appends a decimal number in groups of four digits.
func appendNumeric(b []byte, text string) ([]byte, error) {
	if len(text) > 400 {
		return b, errNotTaken
	}
	if strings.ContainsAny(text, "eE") {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return b, errNotTaken
		}
		text = strconv.FormatFloat(x, 'f', -1, 64)
	}
	sign := uint16(0)
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		text, sign = rest, 0x4000
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return b, errNotTaken
	}
	scale := len(fraction)
	whole = strings.Repeat("0", (4-len(whole)%4)%4) + whole
	fraction += strings.Repeat("0", (4-scale%4)%4)
	weight := len(whole)/4 - 1
	var groups []uint16
	for digits := whole + fraction; digits != ""; digits = digits[4:] {
		n, _ := strconv.ParseUint(digits[:4], 10, 16)
		groups = append(groups, uint16(n))
	}
	for len(groups) > 0 && groups[0] == 0 {
		groups, weight = groups[1:], weight-1
	}
	for len(groups) > 0 && groups[len(groups)-1] == 0 {
		groups = groups[:len(groups)-1]
	}
	if len(groups) == 0 {
		weight, sign = 0, 0
	}
	for _, n := range []uint16{uint16(len(groups)), uint16(int16(weight)), sign, uint16(scale)} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	for _, n := range groups {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b, nil
}

// appendBinaryList appends a list as an array or a vector. Anything else than a list is an array of one.
func appendBinaryList(b []byte, t target, raw json.RawMessage) ([]byte, error) {
	members := []json.RawMessage{raw}
	if raw[0] == '[' {
		if json.Unmarshal(raw, &members) != nil {
			return b, errNotTaken
		}
	}
	if t.wire == wireVector {
		v := make([]float32, len(members))
		for i, m := range members {
			x, err := strconv.ParseFloat(string(m), 32)
			if err != nil {
				return b, errNotTaken
			}
			v[i] = float32(x)
		}
		return appendBinaryVector(b, t, v)
	}
	nulls := slices.ContainsFunc(members, func(m json.RawMessage) bool { return string(m) == "null" })
	b = appendArrayHead(b, t, len(members), nulls)
	for _, m := range members {
		if string(m) == "null" {
			b = binary.BigEndian.AppendUint32(b, math.MaxUint32)
			continue
		}
		at := len(b)
		b = append(b, 0, 0, 0, 0)
		if t.wire == wireTextArray {
			b = append(b, plain(m)...)
		} else {
			var err error
			if b, err = appendNumber(b, t.wire, string(m)); err != nil {
				return b, err
			}
		}
		binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	}
	return b, nil
}

func appendArrayHead(b []byte, t target, n int, nulls bool) []byte {
	head := []uint32{1, 0, t.elementOID, uint32(n), 1} // dimensions, nulls, type, length, first index
	if nulls {
		head[1] = 1
	}
	if n == 0 {
		head[0], head = 0, head[:3]
	}
	for _, x := range head {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	return b
}

// appendBinaryVector appends embeddings to a column of wireVector, wireFloat4Array or wireFloat8Array.
func appendBinaryVector(b []byte, t target, v []float32) ([]byte, error) {
	if t.wire == wireVector {
		if err := fits(t.column, v); err != nil {
			return b, err
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
		b = append(b, 0, 0)
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, math.Float32bits(x))
		}
		return b, nil
	}
	b = appendArrayHead(b, t, len(v), false)
	size := 32
	if t.wire == wireFloat8Array {
		size = 64
	}
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, uint32(size/8))
		b = appendFloat(b, size, float64(x))
	}
	return b, nil
}
