package postgres

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/element"
)

// target is a column that is written.
type target struct {
	column
	form form
}

// known are the keys that an element can have at the top of a record. A column with one of these names is always
// written, and NULL where an element has no such key; a column with another name and a default keeps its default.
var known = func() map[string]bool {
	out := map[string]bool{"id": true, "record_id": true, "element_id": true, "type": true, "text": true,
		"embeddings": true, "checked": true, "metadata": true, "data_source": true, "coordinates": true}
	for name := range strings.FieldsSeq(`url version record_locator date_created date_modified date_processed
		permissions_data points system layout_width layout_height
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
	identifier string
	seen       map[uuid.UUID]bool

	values []byte // of the row, one behind the other
	ends   []int  // where each ends; -1 where it is NULL
}

func newRecords(targets []target, identifier string) *records {
	return &records{targets: targets, identifier: identifier, seen: map[uuid.UUID]bool{}}
}

// largestRow is what the server takes in one row, bytes.
const largestRow = 1_000_000_000

// next makes the row of an element, to be read with value.
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
		switch raw, given := top[t.name]; {
		case t.name == "id":
			r.values = append(r.values, r.id(e.ID)...)
		case t.name == "record_id":
			r.values = append(r.values, clean([]byte(r.identifier))...)
		case given:
			r.values, null = appendValue(r.values, t.name, t.column, t.form, raw)
		case t.name == "text":
			r.text(t, e.Text)
		case t.name == "type":
			r.text(t, string(e.Type))
		case t.name == "element_id":
			r.text(t, e.ID)
		case t.name == "embeddings" && e.Embeddings != nil:
			if r.values, err = appendEmbeddings(r.values, t.column, t.form, e.Embeddings); err != nil {
				return err
			}
		case t.name == "checked" && e.Checked != nil:
			r.values = strconv.AppendBool(r.values, *e.Checked)
		default:
			r.values, null = appendValue(r.values, t.name, t.column, t.form, whole[t.name])
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

// text appends a string in the form of its column.
func (r *records) text(t target, s string) {
	if t.form == formText {
		r.values = append(r.values, clean([]byte(s))...)
		return
	}
	raw, _ := json.Marshal(s) // a string always has a JSON form
	r.values, _ = appendValue(r.values, t.name, t.column, t.form, raw)
}

// id is the record's own: UUIDv5 of the element's id and the document's identifier. An element id that occurs twice in a
// document would make two rows of one id: its later records count on.
func (r *records) id(element string) string {
	id := uuid.NewSHA1(uuid.NameSpaceDNS, []byte(element+r.identifier))
	for n := 2; r.seen[id]; n++ {
		id = uuid.NewSHA1(uuid.NameSpaceDNS, []byte(element+r.identifier+"#"+strconv.Itoa(n)))
	}
	r.seen[id] = true
	return id.String()
}

// value is the value of the i-th target in the row; false for NULL.
func (r *records) value(i int) ([]byte, bool) {
	if r.ends[i] < 0 {
		return nil, false
	}
	start := 0
	for k := i - 1; k >= 0; k-- {
		if r.ends[k] >= 0 {
			start = r.ends[k]
			break
		}
	}
	return r.values[start:r.ends[i]], true
}

// appendLine appends the row as COPY reads it.
func (r *records) appendLine(b []byte) []byte {
	start := 0
	for i, end := range r.ends {
		if i > 0 {
			b = append(b, '\t')
		}
		if end < 0 {
			b = append(b, '\\', 'N')
			continue
		}
		b = appendEscaped(b, r.values[start:end])
		start = end
	}
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
