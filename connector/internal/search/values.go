package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/internal/spool"
)

// writeValues writes the values of a JSON object in their order, each on a line of its own: objects field by field, a list
// of plain values on one line, nothing of nulls and of keys.
func writeValues(w io.Writer, object json.RawMessage) error {
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	lines := lineWriter{w: w}
	return lines.object(d)
}

// connectorFault says that it was not the document that failed.
func connectorFault(err error) bool { return errors.Is(err, spool.ErrDisk) }

type lineWriter struct {
	w    io.Writer
	more bool // a value stands before the next one
}

// deepest is how deep objects may nest.
const deepest = 1000

var errDeep = errors.New("objects nest too deep")

func (l *lineWriter) object(d *json.Decoder) error {
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil // a document without a source
	}
	if err != nil {
		return err
	}
	return l.value(d, t, 0)
}

// value writes the value that begins with a token.
func (l *lineWriter) value(d *json.Decoder, t json.Token, depth int) error {
	if depth > deepest {
		return errDeep
	}
	if text, ok := scalar(t); ok {
		return l.line(text)
	}
	var row []string // plain members of a list that stand together
	flush := func() error {
		if row == nil {
			return nil
		}
		text := strings.Join(row, ", ")
		row = nil
		return l.line(text)
	}
	switch t {
	case json.Delim('{'):
		for d.More() {
			if _, err := d.Token(); err != nil {
				return err
			}
			t, err := d.Token()
			if err != nil {
				return err
			}
			if err := l.value(d, t, depth+1); err != nil {
				return err
			}
		}
	case json.Delim('['):
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return err
			}
			if text, ok := scalar(t); ok {
				row = append(row, text)
				continue
			}
			if t == nil {
				continue
			}
			if err := flush(); err != nil {
				return err
			}
			if err := l.value(d, t, depth+1); err != nil {
				return err
			}
		}
		if err := flush(); err != nil {
			return err
		}
	default:
		return nil // null
	}
	_, err := d.Token() // the end
	return err
}

// scalar is the text of a plain value.
func scalar(t json.Token) (string, bool) {
	switch t := t.(type) {
	case string:
		return t, true
	case json.Number:
		return t.String(), true
	case bool:
		return strconv.FormatBool(t), true
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
