package partition_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/filetype"
)

// evalCase is one call of the reference with what its answer must hold.
type evalCase struct {
	ID         string
	Function   string
	Kwargs     map[string]any
	Input      map[string]string // $text or $file
	AsStream   bool              `json:"as_stream"` // the reference was not told the file's name
	Mocked     any
	Assertions []assertion
}

type assertion struct {
	Kind  string
	Index int
	Path  []string
	Value any
}

// TestReferenceCases runs the cases of the reference that concern types with a parser here, where the data stands.
func TestReferenceCases(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("SLUICE_EVAL")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "eval")
	}
	content, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Skip("no evaluation data here; SLUICE_EVAL names its folder")
	}
	var groups map[string]json.RawMessage
	if err := json.Unmarshal(content, &groups); err != nil {
		t.Fatal(err)
	}
	var cases []evalCase
	if err := json.Unmarshal(groups["partition"], &cases); err != nil {
		t.Fatal(err)
	}
	good, all := 0, 0
	left := map[string]int{}
	for _, c := range cases {
		elements, why, err := c.run(t, dir)
		if why != "" {
			left[why]++
			continue
		}
		all++
		if err != nil {
			t.Logf("%s: %v", c.ID, err)
			continue
		}
		wrong := ""
		for _, a := range c.Assertions {
			if slices.Contains(a.Path, "file_directory") {
				continue // the caller of this library says it
			}
			if wrong = a.check(elements); wrong != "" {
				t.Logf("%s %v: %s", c.ID, c.Kwargs, wrong)
				break
			}
		}
		if wrong == "" {
			good++
		}
	}
	t.Logf("%d of %d cases hold; not run: %v", good, all, left)
	if all < 100 || 100*good < 95*all {
		t.Errorf("%d of %d cases hold; at least 95 %% of at least 100 must", good, all)
	}
}

// run makes the call. why says that the case cannot be run here.
func (c evalCase) run(t *testing.T, dir string) (elements []any, why string, err error) {
	switch {
	case c.Mocked != nil:
		return nil, "parts of the reference are replaced", nil
	case strings.HasSuffix(path.Ext(c.Input["$file"]), "pdf"):
		return nil, "the layout of a PDF is ours", nil
	}
	var o partition.Options
	for name, value := range c.Kwargs {
		value = plain(value)
		switch name {
		case "metadata_last_modified":
			o.LastModified, _ = value.(string)
			continue
		case "url":
			o.URL, _ = value.(string)
			continue
		case "ocr_mode", "pdf_image_dpi", "libre_office_filter", "extensions", "content_source", "chunking_strategy", "include_header":
			return nil, "a parameter of the library alone", nil
		}
		text, ok := value.(string)
		if !ok {
			b, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if err := o.Set(name, text); err != nil {
			return nil, "parameter " + name + " is refused", nil //nolint:nilerr // the case is not run, for this reason
		}
	}
	var f document.File
	hint, _ := filetype.ByExtension("x." + formatOf[c.Function])
	if text, ok := c.Input["$text"]; ok {
		f = document.NewFile("", hint.MIME, int64(len(text)), strings.NewReader(text))
	} else {
		name := path.Base(c.Input["$file"])
		b, err := os.ReadFile(filepath.Join(dir, "docs", "2", name)) // the reference's own where two have one name
		if err != nil {
			b, err = os.ReadFile(filepath.Join(dir, "docs", name))
		}
		if err != nil {
			return nil, "the document is not there", nil //nolint:nilerr // the case is not run, for this reason
		}
		if c.AsStream {
			name = ""
		}
		f = document.NewFile(name, hint.MIME, int64(len(b)), bytes.NewReader(b))
	}
	found, err := partition.Collect(partition.Partition(t.Context(), f, o))
	if outcome(nil, err) == string(budget.Unsupported) {
		return nil, "the type has no parser", nil
	}
	if err != nil {
		return nil, "", err
	}
	wire, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	return elements, "", json.Unmarshal(wire, &elements)
}

// formatOf is the extension of the files that a function of the reference reads; those left out find it by content.
var formatOf = map[string]string{
	"partition_text": "txt", "partition_email": "eml", "partition_html": "html", "partition_xml": "xml", "partition_json": "json",
	"partition_ndjson": "ndjson", "partition_csv": "csv", "partition_md": "md",
	"partition_org": "org", "partition_rst": "rst",
}

// check returns what is wrong, "" when nothing is.
func (a assertion) check(elements []any) string {
	differs := func(i int, keys []string, want any) string {
		have, want := follow(elements[i], keys), plain(want)
		if len(keys) == 0 { // the reference compares elements by a few of their fields
			h, _ := have.(map[string]any)
			w, ok := want.(map[string]any)
			if ok && len(w) > 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(w)), func(k string) bool { return !reflect.DeepEqual(h[k], w[k]) }) {
				return ""
			}
		}
		if reflect.DeepEqual(have, want) {
			return ""
		}
		b, _ := json.Marshal(map[string]any{"element": i, "at": keys, "have": have, "want": want})
		return string(b)
	}
	list, _ := a.Value.([]any)
	switch a.Kind {
	case "len":
		if want, _ := a.Value.(float64); len(elements) != int(want) {
			return "another number of elements"
		}
	case "item":
		i := a.Index
		if i < 0 {
			i += len(elements)
		}
		if i < 0 || i >= len(elements) {
			return "the element is missing"
		}
		return differs(i, a.Path, a.Value)
	case "all":
		for i := range elements {
			if wrong := differs(i, a.Path, a.Value); wrong != "" {
				return wrong
			}
		}
	case "each":
		if len(list) != len(elements) {
			return "another number of elements"
		}
		for i := range elements {
			if wrong := differs(i, a.Path, list[i]); wrong != "" {
				return wrong
			}
		}
	case "elements":
		if len(list) != len(elements) {
			return "another number of elements"
		}
		for i := range elements {
			want, _ := list[i].(map[string]any)
			for key, value := range want {
				if wrong := differs(i, []string{key}, value); wrong != "" {
					return wrong
				}
			}
		}
	default:
		return "an assertion of kind " + a.Kind
	}
	return ""
}

// plain is the base name where a value is written as a file of the reference.
func plain(v any) any {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		if name, ok := m["$file"].(string); ok {
			return path.Base(name)
		}
	}
	return v
}

// follow takes the value at a path of keys; nil where there is nothing.
func follow(v any, keys []string) any {
	for _, key := range keys {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}
