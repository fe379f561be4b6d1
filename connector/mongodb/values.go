package mongodb

import (
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// deepest is how deep objects may nest; the server takes 100.
const deepest = 200

var errDeep = errors.New("objects nest too deep")

// writeValues writes the values of a document in their order without its _id, each on a line of its own: objects field by
// field, a list of plain values on one line, nothing of nulls and of keys.
func writeValues(w io.Writer, raw bson.Raw) error {
	l := lineWriter{w: w}
	return l.object(raw, 0)
}

type lineWriter struct {
	w    io.Writer
	more bool // a value stands before the next one
}

func (l *lineWriter) object(raw bson.Raw, depth int) error {
	if depth > deepest {
		return errDeep
	}
	members, err := raw.Elements()
	if err != nil {
		return err
	}
	for _, m := range members {
		if depth == 0 && m.Key() == "_id" {
			continue
		}
		if err := l.value(m.Value(), depth); err != nil {
			return err
		}
	}
	return nil
}

func (l *lineWriter) value(v bson.RawValue, depth int) error {
	if inner, ok := v.DocumentOK(); ok {
		return l.object(inner, depth+1)
	}
	list, ok := v.ArrayOK()
	if !ok {
		if text, ok := scalar(v); ok {
			return l.line(text)
		}
		return nil
	}
	if depth >= deepest {
		return errDeep
	}
	members, err := list.Values()
	if err != nil {
		return err
	}
	var row []string // plain members that stand together
	flush := func() error {
		if row == nil {
			return nil
		}
		text := strings.Join(row, ", ")
		row = nil
		return l.line(text)
	}
	for _, m := range members {
		if text, ok := scalar(m); ok {
			row = append(row, text)
			continue
		}
		if m.Type != bson.TypeEmbeddedDocument && m.Type != bson.TypeArray {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		if err := l.value(m, depth+1); err != nil {
			return err
		}
	}
	return flush()
}

// scalar is the text of a plain value; false for one that says nothing to a reader (null, code, a pattern, bytes).
func scalar(v bson.RawValue) (string, bool) {
	switch v.Type {
	case bson.TypeString, bson.TypeSymbol:
		if text, ok := v.StringValueOK(); ok {
			return strings.ToValidUTF8(text, "\ufffd"), true
		}
		text, ok := v.SymbolOK()
		return strings.ToValidUTF8(text, "\ufffd"), ok
	case bson.TypeInt32:
		return strconv.FormatInt(int64(v.Int32()), 10), true
	case bson.TypeInt64:
		return strconv.FormatInt(v.Int64(), 10), true
	case bson.TypeDouble:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64), true
	case bson.TypeDecimal128:
		return v.Decimal128().String(), true
	case bson.TypeBoolean:
		return strconv.FormatBool(v.Boolean()), true
	case bson.TypeDateTime:
		return v.Time().UTC().Format(time.RFC3339Nano), true
	case bson.TypeObjectID:
		return v.ObjectID().Hex(), true
	case bson.TypeBinary:
		if kind, data := v.Binary(); kind == bson.TypeBinaryUUID && len(data) == 16 {
			h := hex.EncodeToString(data)
			return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
		}
	}
	return "", false
}

func (l *lineWriter) line(text string) error {
	if l.more {
		text = "\n" + text
	}
	l.more = true
	_, err := io.WriteString(l.w, text)
	return err
}
