package partition

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/format"
)

// TestSetEach sets every parameter: what it does to the options, and what it refuses.
func TestSetEach(t *testing.T) {
	t.Parallel()
	const notBuiltIn = "not built in"
	covered := map[string]bool{}
	for _, c := range []struct {
		name, value string
		want        Options
		err         string // words of it
	}{
		{"strategy", "fast", Options{Strategy: "fast"}, ""},
		{"strategy", " HI_RES ", Options{Strategy: "hi_res"}, ""},
		{"strategy", "auto", Options{Strategy: "auto"}, ""},
		{"strategy", "vlm", Options{}, "asks a model"},
		{"strategy", "od_only", Options{}, notBuiltIn},
		{"strategy", "quick", Options{}, "Invalid strategy: quick"},
		{"strategy", "", Options{}, "Invalid strategy"},
		{"metadata_filename", "a b.txt", Options{Filename: "a b.txt"}, ""},
		{"content_type", "text/csv; charset=x", Options{ContentType: "text/csv; charset=x"}, ""},
		{"content_type", "", Options{}, ""},
		{"content_type", "video/mp4", Options{}, "video/mp4"},
		{"encoding", "cp1252", Options{Encoding: "cp1252"}, ""},
		{"encoding", "UTF-8", Options{}, ""}, // what clients send without being asked
		{"password", " two words ", Options{Password: " two words "}, ""},
		{"encoding", "klingon", Options{}, "klingon"},
		{"languages", `["eng","de"]`, Options{Languages: []string{"eng", "de"}}, ""},
		{"languages", "eng+deu", Options{Languages: []string{"eng", "deu"}}, ""},
		{"languages", `[""]`, Options{Languages: []string{""}}, ""},
		{"languages", "auto", Options{Languages: []string{"auto"}}, ""},
		{"languages", "null", Options{}, ""},
		{"languages", `["eng", 1]`, Options{}, "list of strings"},
		{"languages", "elvish", Options{}, "elvish"},
		{"ocr_languages", "chi_sim,fr", Options{Languages: []string{"chi_sim", "fr"}}, ""},
		{"ocr_languages", "q!", Options{}, "ISO 639"},
		{"detect_language_per_element", "true", Options{DetectPerElement: true}, ""},
		{"detect_language_per_element", "2", Options{}, "neither true nor false"},
		{"skip_headers_and_footers", "true", Options{SkipHeadersFooters: true}, ""},
		{"skip_hidden_text", "true", Options{SkipHiddenText: true}, ""},
		{"skip_hidden_text", "half", Options{}, "neither true nor false"},
		{"skip_headers_and_footers", "some", Options{}, "neither true nor false"},
		{"html_parser_version", "V2", Options{HTMLParserVersion: "v2"}, ""},
		{"html_parser_version", "3", Options{}, "v1 or v2"},
		{"include_page_breaks", "on", Options{IncludePageBreaks: true}, ""},
		{"include_page_breaks", "maybe", Options{}, "neither true nor false"},
		{"starting_page_number", "7", Options{StartingPageNumber: 7}, ""},
		{"starting_page_number", "", Options{}, ""},
		{"starting_page_number", "1.5", Options{}, "not a page number"},
		{"starting_page_number", "99999999999999999999", Options{}, "not a page number"},
		{"pages", "1-5,9", Options{Pages: format.Pages{{First: 1, Last: 5}, {First: 9, Last: 9}}}, ""},
		{"pages", `["1-5", "9-"]`, Options{Pages: format.Pages{{First: 1, Last: 5}, {First: 9}}}, ""},
		{"pages", `[2, 9]`, Options{Pages: format.Pages{{First: 2, Last: 2}, {First: 9, Last: 9}}}, ""},
		{"pages", `["2", "9"]`, Options{Pages: format.Pages{{First: 2, Last: 2}, {First: 9, Last: 9}}}, ""},
		{"pages", "[]", Options{}, ""},
		{"pages", "", Options{}, ""},
		{"pages", "5-1", Options{}, "ends before it begins"},
		{"pages", "0", Options{}, "counted from 1"},
		{"pages", "all", Options{}, "as in 1-5,9"},
		{"max_pages", "20", Options{MaxPages: 20}, ""},
		{"max_pages", "", Options{}, ""},
		{"max_pages", "0", Options{}, "not a number of pages"},
		{"max_pages", "ten", Options{}, "not a number of pages"},
		{"unique_element_ids", "Y", Options{UniqueElementIDs: true}, ""},
		{"unique_element_ids", "-", Options{}, "neither true nor false"},
		{"coordinates", "T", Options{Coordinates: true}, ""},
		{"coordinates", "x", Options{}, "neither true nor false"},
		{"exclude_elements", `"Title"`, Options{ExcludeElements: []string{"Title"}}, ""},
		{"exclude_elements", "Title, Header", Options{ExcludeElements: []string{"Title", "Header"}}, ""},
		{"exclude_elements", `[1]`, Options{}, "list of strings"},
		{"xml_keep_tags", "1", Options{XMLKeepTags: true}, ""},
		{"xml_keep_tags", "keep", Options{}, "neither true nor false"},
		{"process_attachments", "false", Options{SkipAttachments: true}, ""},
		{"process_attachments", "true", Options{}, ""},
		{"process_attachments", "some", Options{}, "neither true nor false"},
		{"include_slide_notes", "yes", Options{IncludeSlideNotes: true}, ""},
		{"include_slide_notes", "ja", Options{}, "neither true nor false"},
		{"pdf_infer_table_structure", "true", Options{InferTableStructure: true}, ""},
		{"pdf_infer_table_structure", "[]", Options{}, "neither true nor false"},
		{"infer_table_structure", "true", Options{InferTableStructure: true}, ""},
		{"infer_table_structure", "{}", Options{}, "neither true nor false"},
		{"skip_infer_table_types", "['pdf', 'xlsx']", Options{SkipInferTableTypes: []string{"pdf", "xlsx"}}, ""},
		{"skip_infer_table_types", "[]", Options{SkipInferTableTypes: []string{}}, ""},
		{"skip_infer_table_types", "[pdf]", Options{}, "list of strings"},
		{"extract_image_block_types", "[]", Options{ImageBlockTypes: []string{}}, ""},
		{"extract_image_block_types", `["Image", "table"]`, Options{ImageBlockTypes: []string{"Image", "table"}}, ""},
		{"extract_image_block_to_payload", "false", Options{}, ""},
		{"extract_image_block_to_payload", "true", Options{}, ""},
		{"strategy", "ocr_only", Options{Strategy: "ocr_only"}, ""},
		{"languages", "chi_tra_vert+script/Latin", Options{Languages: []string{"chi_tra_vert", "script/Latin"}}, ""},
		{"hi_res_model_name", "null", Options{}, ""},
		{"hi_res_model_name", "yolox", Options{}, notBuiltIn},
		{"gz_uncompressed_content_type", "", Options{}, ""},
		{"gz_uncompressed_content_type", "text/plain", Options{}, notBuiltIn},
		{"table_ocr_agent", "", Options{}, ""},
		{"table_ocr_agent", "x", Options{}, notBuiltIn},
		{"vlm_model", "", Options{}, ""},
		{"vlm_model", "x", Options{}, notBuiltIn},
		{"vlm_model_provider", "", Options{}, ""},
		{"vlm_model_provider", "openai", Options{}, notBuiltIn},
		{"pdfminer_line_margin", "0.5", Options{}, notBuiltIn},
		{"pdfminer_char_margin", "0.5", Options{}, notBuiltIn},
		{"pdfminer_line_overlap", "0.5", Options{}, notBuiltIn},
		{"pdfminer_word_margin", "0.5", Options{}, notBuiltIn},
		{"include_orig_elements", "true", Options{}, "chunking"},
		{"chunking_strategy", "basic", Options{}, "chunking"},
	} {
		covered[c.name] = true
		var o Options
		err := o.Set(c.name, c.value)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s=%s: %v, want %q", c.name, c.value, err, c.err)
			}
		} else if err != nil {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
		if !reflect.DeepEqual(o, c.want) { // a refused value changes nothing
			t.Errorf("%s=%s: %+v", c.name, c.value, o)
		}
	}
	names := Parameters()
	for _, name := range names {
		if !covered[name] {
			t.Errorf("nothing tests %s", name)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("%q", names)
	}
}

func TestSetSuggests(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"stratgy": "did you mean strategy?", "language": "did you mean languages?", "Coordinates": "did you mean coordinates?",
		"pdf_infer_tables_structure": "did you mean pdf_infer_table_structure?",
	} {
		var o Options
		if err := o.Set(name, "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var o Options
	for _, name := range []string{"", "zzzz", strings.Repeat("strategy", 100_000)} {
		if err := o.Set(name, "x"); err == nil || strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%.20q: %.100v", name, err)
		}
	}
}

func FuzzSet(f *testing.F) {
	f.Add("languages", `["eng+deu"]`)
	f.Add("skip_infer_table_types", "['pdf']")
	f.Add("starting_page_number", "-1")
	f.Fuzz(func(t *testing.T, name, value string) {
		var o Options
		if err := o.Set(name, value); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
