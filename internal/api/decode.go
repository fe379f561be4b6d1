package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/spec"
)

// maxBody is the largest JSON body or form field, bytes.
const maxBody = 10 << 20

// object reads the body as a JSON object, whatever its declared type: curl sends JSON as a form. A body that is no JSON
// is tried again without // comments, which shipped Postman collections have.
func object(w http.ResponseWriter, r *request) (map[string]any, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, invalid(fieldError{Type: "missing", Loc: []any{"body"}, Msg: "Field required"})
	}
	v, err := parseJSON(text)
	if err != nil {
		return nil, jsonInvalid(err, "body")
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, invalid(fieldError{Type: "model_attributes_type", Loc: []any{"body"},
			Msg: "Input should be a valid dictionary or object to extract fields from", Input: v})
	}
	return o, nil
}

// parseJSON decodes one value; whole numbers come as int64.
func parseJSON(text []byte) (any, error) {
	v, err := strictJSON(text)
	if err == nil {
		return v, nil
	}
	if v, again := strictJSON(withoutComments(text)); again == nil {
		return v, nil
	}
	return nil, err
}

func strictJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("extra data after the value")
	}
	return spec.Plain(v), nil
}

// withoutComments blanks // comments outside strings.
func withoutComments(text []byte) []byte {
	out := bytes.Clone(text)
	inString, escaped := false, false
	for i := 0; i < len(out); i++ {
		c := out[i]
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && c == '/' && i+1 < len(out) && out[i+1] == '/':
			for ; i < len(out) && out[i] != '\n'; i++ {
				out[i] = ' '
			}
		}
	}
	return out
}

func jsonInvalid(err error, loc ...any) *apiError {
	message := "JSON decode error"
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		loc = append(loc, syntax.Offset)
		message += ": " + syntax.Error()
	}
	return invalid(fieldError{Type: "json_invalid", Loc: loc, Msg: message, Input: map[string]any{}})
}

// fields decodes an object by a spec; what is wrong is a 422 below "body".
func fields(s spec.Spec, in map[string]any) (map[string]any, error) {
	out, found := s.Decode(in)
	if len(found) > 0 {
		return nil, problems(found, "body")
	}
	return out, nil
}

// query reads query parameters and collects what is wrong with them.
type query struct {
	values map[string][]string
	wrong  []fieldError
}

func queryOf(r *request) *query { return &query{values: r.URL.Query()} }

// text returns a parameter; the words null and None, which clients print for nothing, are nothing.
func (q *query) text(name string) string {
	v := q.values[name]
	if len(v) == 0 {
		return ""
	}
	switch t := strings.TrimSpace(v[0]); t {
	case "null", "None":
		return ""
	default:
		return t
	}
}

func (q *query) fail(name, kind, message string) {
	q.wrong = append(q.wrong, fieldError{Type: kind, Loc: []any{"query", name}, Msg: message, Input: q.text(name)})
}

// number reads a whole number of at least 1.
func (q *query) number(name string, fallback int) int {
	t := q.text(name)
	if t == "" {
		return fallback
	}
	n, err := strconv.Atoi(t)
	switch {
	case err != nil:
		q.fail(name, "int_parsing", "Input should be a valid integer, unable to parse string as an integer")
	case n < 1:
		q.fail(name, "greater_than_equal", "Input should be greater than or equal to 1")
	case n > 1<<30:
		q.fail(name, "less_than_equal", "Input should be less than or equal to 1073741824")
	default:
		return n
	}
	return fallback
}

func (q *query) id(name string) string {
	t := q.text(name)
	if t == "" {
		return ""
	}
	id, err := parseUUID(t, "query", name)
	if err != nil {
		q.fail(name, "uuid_parsing", "Input should be a valid UUID")
	}
	return id
}

func (q *query) flag(name string) bool {
	switch t := strings.ToLower(q.text(name)); t {
	case "", "false", "0", "no", "off", "f", "n":
		return false
	case "true", "1", "yes", "on", "t", "y":
		return true
	default:
		q.fail(name, "bool_parsing", "Input should be a valid boolean, unable to interpret input")
		return false
	}
}

// time reads ISO 8601; a value without a zone is UTC.
func (q *query) time(name string) time.Time {
	t := q.text(name)
	if t == "" {
		return time.Time{}
	}
	if len(t) > 10 && t[10] == ' ' {
		t = t[:10] + "T" + t[11:]
	}
	t = strings.Replace(t, " ", "+", 1) // a + in a query that was not escaped arrives as a space
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if v, err := time.Parse(layout, t); err == nil {
			return v.UTC()
		}
	}
	q.fail(name, "datetime_from_date_parsing", "Input should be a valid datetime or date")
	return time.Time{}
}

func (q *query) err() error {
	if len(q.wrong) > 0 {
		return invalid(q.wrong...)
	}
	return nil
}

// stamp is how times are shown: UTC with six digits and Z.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
