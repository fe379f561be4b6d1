// Package json reads JSON and NDJSON: a list of elements comes back as these elements, anything else becomes text.
package json

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
)

// Parse implements format.Parser for one JSON value.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	s, err := decode(f, o)
	if err != nil || strings.TrimSpace(s) == "" {
		return nil, err
	}
	value, err := read(strings.NewReader(s), "json")
	if err != nil {
		return nil, err
	}
	list, isList := value.([]any)
	if isList {
		if isElements(list) {
			return elements(strings.NewReader(s))
		}
		if !slices.ContainsFunc(list, func(v any) bool { _, ok := v.(map[string]any); return !ok }) {
			return texts(ctx, list, len(s), b)
		}
	}
	return texts(ctx, []any{value}, len(s), b)
}

// ParseLines implements format.Parser for one JSON value a line.
func ParseLines(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	s, err := decode(f, o)
	if err != nil {
		return nil, err
	}
	var list []any
	for line := range strings.Lines(s) {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		value, err := read(strings.NewReader(line), "ndjson")
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	if isElements(list) {
		return elements(strings.NewReader(s))
	}
	return texts(ctx, list, len(s), b)
}

func decode(f document.File, o format.Options) (string, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return "", err
	}
	return charset.Decode(raw, o.Encoding)
}

// read decodes exactly one value. Numbers keep their spelling.
func read(r io.Reader, kind string) (any, error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("text behind the value")
		}
	}
	switch {
	case err == nil:
		return v, nil
	case strings.Contains(err.Error(), "max depth"):
		return nil, &budget.Error{Outcome: budget.TooLarge, Message: "the JSON nests deeper than 10000 levels", Err: err}
	}
	message := "Not a valid " + kind + ": it ends too early. It may be cut off."
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		message = fmt.Sprintf("Not a valid %s: it breaks at byte %d. Check it with a JSON validator.", kind, syntax.Offset)
	}
	return nil, &budget.Error{Outcome: budget.Corrupt, Message: message, Err: err}
}

// isElements tells whether every member looks like an element: a type, a text (or the state of a check box), and
// metadata, if there, that is an object.
func isElements(list []any) bool {
	for _, v := range list {
		object, ok := v.(map[string]any)
		if !ok {
			return false
		}
		kind, _ := object["type"].(string)
		_, hasText := object["text"].(string)
		_, hasState := object["checked"].(bool)
		meta, hasMeta := object["metadata"]
		_, isObject := meta.(map[string]any)
		if !known[element.Type(kind)] || !hasText && !hasState || hasMeta && meta != nil && !isObject {
			return false
		}
	}
	return len(list) > 0
}

var known = map[element.Type]bool{
	element.Title: true, element.NarrativeText: true, element.ListItem: true, element.UncategorizedText: true,
	element.Address: true, element.EmailAddress: true, element.Table: true, element.TableChunk: true,
	element.CompositeElement: true, element.Header: true, element.Footer: true, element.Image: true,
	element.CodeSnippet: true, element.PageBreak: true, element.FigureCaption: true, element.Formula: true,
	element.PageNumber: true, element.CheckBox: true, element.Form: true, element.FormKeysValues: true,
	element.DocumentData: true, "Text": true, "Paragraph": true, "Abstract": true, "Section-header": true, "Headline": true,
	"Subheadline": true, "List-item": true, "BulletedText": true, "Page-header": true, "Page-footer": true,
	"Footnote": true, "Caption": true, "Picture": true, "Figure": true, "Value": true, "Link": true, "Threading": true,
	"Field-Name": true,
}

// labels are other names of types.
var labels = map[element.Type]element.Type{
	"Text": element.NarrativeText, "Paragraph": element.NarrativeText, "Abstract": element.NarrativeText,
	"Threading": element.NarrativeText, "Value": element.NarrativeText, "Link": element.NarrativeText,
	"Section-header": element.Title, "Headline": element.Title, "Subheadline": element.Title, "Field-Name": element.Title,
	"List-item": element.ListItem, "BulletedText": element.ListItem, "Page-header": element.Header,
	"Page-footer": element.Footer, "Footnote": element.Footer, "Caption": element.FigureCaption,
	"Picture": element.Image, "Figure": element.Image,
}

func elements(r io.Reader) ([]element.Element, error) {
	var out []element.Element
	for e, err := range element.Decode(r) {
		if err != nil {
			return nil, &budget.Error{Outcome: budget.Corrupt, Err: err,
				Message: "The payload resembles serialized elements but could not be read: " + err.Error()}
		}
		if t, ok := labels[e.Type]; ok {
			e.Type = t
		}
		out = append(out, e)
	}
	return out, nil
}

// texts prints each value. size is the file's, bytes: the indents of deep values can be a hundred times as long as what
// they indent, those of documents are not.
func texts(ctx context.Context, list []any, size int, b *budget.Budget) ([]element.Element, error) {
	left := int64(64<<20) + 16*int64(size)
	if limit := b.Limits().Text; limit > 0 {
		left = min(left, limit)
	}
	out := make([]element.Element, 0, len(list))
	for _, v := range list {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		w := writer{budget: b, left: left}
		w.write(v, 0)
		if w.err != nil {
			return nil, w.err
		}
		left -= int64(w.Len())
		out = append(out, element.Element{Type: element.UncategorizedText, Text: w.String()})
	}
	return out, nil
}

// writer prints values with an indent of two, sorted keys and only ASCII.
type writer struct {
	strings.Builder
	budget *budget.Budget
	left   int64 // bytes that may be written
	err    error
}

func (w *writer) write(v any, depth int) {
	if w.err == nil {
		w.err = w.budget.Depth(depth)
	}
	if w.err == nil && int64(w.Len()) > w.left {
		w.err = budget.Errorf(budget.TooLarge, "the values give more text than %d bytes when they are laid out; split the file", w.left)
	}
	if w.err != nil {
		return
	}
	line := func(d int) {
		w.WriteByte('\n')
		for range d {
			w.WriteString("  ")
		}
	}
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			w.WriteString("{}")
			return
		}
		w.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(x)) {
			if i > 0 {
				w.WriteByte(',')
			}
			line(depth + 1)
			w.quote(k)
			w.WriteString(": ")
			if w.write(x[k], depth+1); w.err != nil {
				return
			}
		}
		line(depth)
		w.WriteByte('}')
	case []any:
		if len(x) == 0 {
			w.WriteString("[]")
			return
		}
		w.WriteByte('[')
		for i, member := range x {
			if i > 0 {
				w.WriteByte(',')
			}
			line(depth + 1)
			if w.write(member, depth+1); w.err != nil {
				return
			}
		}
		line(depth)
		w.WriteByte(']')
	case string:
		w.quote(x)
	case json.Number:
		w.WriteString(number(string(x)))
	case bool:
		w.WriteString(strconv.FormatBool(x))
	default:
		w.WriteString("null")
	}
}

func (w *writer) quote(s string) {
	w.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.WriteByte('\\')
			w.WriteRune(r)
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\r':
			w.WriteString(`\r`)
		case r == '\t':
			w.WriteString(`\t`)
		case r == '\b':
			w.WriteString(`\b`)
		case r == '\f':
			w.WriteString(`\f`)
		case r >= ' ' && r < utf8.RuneSelf:
			w.WriteByte(byte(r))
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(w, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(w, `\u%04x`, r)
		}
	}
	w.WriteByte('"')
}

// number prints whole numbers as they are and others in the shortest form that reads back the same.
func number(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	out := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(out, ".") {
		out += ".0"
	}
	return out
}
