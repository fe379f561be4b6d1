package postgres

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/element"
)

// target is a column that is written.
type target struct {
	column
	form form
	wire wire
}

// known are the keys that an element can have at the top of a record. A column with one of these names is always
// written, and NULL where an element has no such key; a column with another name and a default keeps its default.
var known = func() map[string]bool {
	out := map[string]bool{"id": true, "record_id": true, "element_id": true, "type": true, "text": true,
		"embeddings": true, "checked": true, "metadata": true, "data_source": true, "coordinates": true}
	for name := range strings.FieldsSeq(`url version record_locator date_created date_modified date_processed
		permissions_data permissions_version filesize_bytes points system layout_width layout_height
		filename file_directory filetype last_modified languages page_number page_name parent_id category_depth
		text_as_html emphasized_text_contents emphasized_text_tags link_texts link_urls link_start_indexes links
		header_footer_type image_url image_base64 image_mime_type sent_from sent_to cc_recipient bcc_recipient subject
		email_message_id signature attached_to_filename is_continuation orig_elements table_id chunk_index
		num_carried_over_header_rows detection_class_prob is_extracted table_extraction_method partitioner_type
		enrichment_origins section regex_metadata`) {
		out[name] = true
	}
	return out
}()

// records makes the rows of one document.
type records struct {
	targets    []target
	binary     bool // values are in the binary form
	identifier string
	ids        *record.IDs

	values []byte // of the row, one behind the other
	ends   []int  // where each ends; -1 where it is NULL
}

func newRecords(s *shape, identifier string) *records {
	return &records{targets: s.targets, binary: s.binary, identifier: identifier, ids: record.NewIDs(identifier),
		values: make([]byte, 0, 4096)}
}

// largestRow is what the server takes in one row, bytes.
const largestRow = 1_000_000_000

// next makes the row of an element, to be read with each or appendRow.
func (r *records) next(e element.Element) error {
	r.values, r.ends = r.values[:0], r.ends[:0]
	metadata, err := e.Metadata.MarshalJSON()
	if err != nil {
		return &streamError{err}
	}
	var top, source, coordinates map[string]json.RawMessage
	if err := json.Unmarshal(metadata, &top); err != nil {
		return &streamError{err}
	}
	whole := map[string]json.RawMessage{"metadata": metadata, "data_source": top["data_source"], "coordinates": top["coordinates"]}
	for _, inner := range []struct {
		key string
		to  *map[string]json.RawMessage
	}{{"data_source", &source}, {"coordinates", &coordinates}} {
		if raw := top[inner.key]; raw != nil {
			if err := json.Unmarshal(raw, inner.to); err != nil {
				return &streamError{err}
			}
			delete(top, inner.key)
		}
	}
	maps.Copy(top, source)
	maps.Copy(top, coordinates)

	for _, t := range r.targets {
		null := false
		var err error
		switch raw, given := top[t.name]; {
		case t.name == "id":
			err = r.text(t, r.ids.Next(e.ID).String())
		case t.name == "record_id":
			err = r.text(t, r.identifier)
		case given:
			null, err = r.value(t, raw)
		case t.name == "text":
			err = r.text(t, e.Text)
		case t.name == "type":
			err = r.text(t, string(e.Type))
		case t.name == "element_id":
			err = r.text(t, e.ID)
		case t.name == "embeddings" && e.Embeddings != nil:
			err = r.vector(t, e.Embeddings)
		case t.name == "checked" && e.Checked != nil:
			null, err = r.value(t, strconv.AppendBool(nil, *e.Checked))
		default:
			null, err = r.value(t, whole[t.name])
		}
		if errors.Is(err, errNotTaken) {
			err = connector.Fail(nil, "column %q is %s, which does not take the value of element %q", t.name, t.format, e.ID)
		}
		if err != nil {
			return err
		}
		if null {
			r.ends = append(r.ends, -1)
		} else {
			r.ends = append(r.ends, len(r.values))
		}
	}
	if len(r.values) > largestRow {
		return connector.Fail(nil, "element %q has %d MB, more than PostgreSQL takes in a row", e.ID, len(r.values)>>20)
	}
	return nil
}

// value appends a JSON value in the form of its column.
func (r *records) value(t target, raw json.RawMessage) (null bool, err error) {
	if r.binary {
		r.values, null, err = appendBinary(r.values, t.name, t, raw)
		return null, err
	}
	r.values, null = appendValue(r.values, t.name, t.column, t.form, raw)
	return null, nil
}

// text appends a string in the form of its column.
func (r *records) text(t target, s string) error {
	if t.form == formText && (!r.binary || t.wire == wireText) {
		r.values = append(r.values, clean([]byte(s))...)
		return nil
	}
	raw, err := json.Marshal(s)
	if err == nil {
		_, err = r.value(t, raw)
	}
	return err
}

// vector appends embeddings in the form of their column.
func (r *records) vector(t target, v []float32) (err error) {
	switch {
	case !r.binary:
		r.values, err = appendEmbeddings(r.values, t.column, t.form, v)
		return err
	case t.wire == wireVector, t.wire == wireFloat4Array, t.wire == wireFloat8Array:
		r.values, err = appendBinaryVector(r.values, t, v)
		return err
	}
	list, err := appendEmbeddings(nil, t.column, formText, v)
	if err == nil {
		_, err = r.value(t, list)
	}
	return err
}

// each calls do with the values of the row in their order; nil is NULL. They are overwritten by the next row.
func (r *records) each(do func(i int, value []byte)) {
	start := 0
	for i, end := range r.ends {
		if end < 0 {
			do(i, nil)
			continue
		}
		do(i, r.values[start:end:end])
		start = end
	}
}

// appendRow appends the row as COPY reads it.
func (r *records) appendRow(b []byte) []byte {
	if r.binary {
		b = binary.BigEndian.AppendUint16(b, uint16(len(r.targets)))
		r.each(func(_ int, v []byte) {
			if v == nil {
				b = binary.BigEndian.AppendUint32(b, math.MaxUint32)
				return
			}
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		})
		return b
	}
	r.each(func(i int, v []byte) {
		if i > 0 {
			b = append(b, '\t')
		}
		if v == nil {
			b = append(b, '\\', 'N')
			return
		}
		b = appendEscaped(b, v)
	})
	return append(b, '\n')
}

// appendEscaped escapes what separates values and rows.
func appendEscaped(b, text []byte) []byte {
	start := 0
	for i, c := range text {
		var as byte
		switch c {
		case '\\':
			as = '\\'
		case '\t':
			as = 't'
		case '\n':
			as = 'n'
		case '\r':
			as = 'r'
		default:
			continue
		}
		b = append(append(b, text[start:i]...), '\\', as)
		start = i + 1
	}
	return append(b, text[start:]...)
}
