package api

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/partition/budget"
)

// defaults are the fields that the SDK sends without being asked (contract section 2.7).
func defaults() map[string][]string {
	out := map[string][]string{}
	for name, value := range map[string]string{
		"coordinates": "false", "do_not_break_similarity_on_footer_header": "false", "include_page_breaks": "false",
		"include_slide_notes": "true", "multipage_sections": "true", "output_format": "application/json", "overlap": "0",
		"overlap_all": "false", "pdf_infer_table_structure": "true", "split_pdf_allow_failed": "false",
		"split_pdf_cache_tmp_data": "false", "split_pdf_concurrency_level": "5", "split_pdf_page": "true",
		"strategy": "hi_res", "unique_element_ids": "false", "xml_keep_tags": "false",
	} {
		out[name] = []string{value}
	}
	return out
}

func TestParseCallTakesDefaults(t *testing.T) {
	t.Parallel()
	call, err := parseCall(defaults())
	if err != nil {
		t.Fatal(err)
	}
	o := call.options
	if o.Strategy != "hi_res" || !o.IncludeSlideNotes || !o.InferTableStructure || o.Coordinates || o.UniqueElementIDs ||
		o.IncludePageBreaks || o.XMLKeepTags || call.chunking != nil || call.output != "json" {
		t.Errorf("%+v", call)
	}
}

// Every parameter of the contract is honoured or refused under its own name.
func TestParseCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		status      int // 0 is taken
	}{
		{"chunking_strategy", "basic", 0}, {"chunking_strategy", "by_title", 0}, {"chunking_strategy", "by_page", 0},
		{"chunking_strategy", "by_similarity", 0}, {"chunking_strategy", "by_moon", 400},
		{"combine_under_n_chars", "100", 0}, {"max_characters", "500", 0}, {"max_characters", "many", 422},
		{"new_after_n_chars", "400", 0}, {"similarity_threshold", "0.5", 0}, {"include_orig_elements", "true", 0},
		{"include_orig_elements", "perhaps", 422}, {"content_type", "text/plain", 0}, {"content_type", "text/nonesuch", 422},
		{"encoding", "utf-8", 0}, {"encoding", "none", 422}, {"gz_uncompressed_content_type", "text/plain", 422},
		{"hi_res_model_name", "yolox", 422}, {"starting_page_number", "7", 0}, {"starting_page_number", "x", 422},
		{"pages", "1-5,9", 0}, {"pages", "5-1", 422}, {"max_pages", "20", 0}, {"max_pages", "0", 422},
		{"table_ocr_agent", "x", 422}, {"vlm_model", "x", 422}, {"vlm_model_provider", "openai", 422},
		{"pdfminer_line_margin", "0.4", 422}, {"pdfminer_char_margin", "0.4", 422}, {"pdfminer_line_overlap", "0.4", 422},
		{"pdfminer_word_margin", "0.4", 422}, {"extract_image_block_types", "Image", 0},
		{"skip_infer_table_types", `["pdf"]`, 0}, {"languages", `["eng"]`, 0}, {"ocr_languages", "deu", 0}, {"languages", "klingon", 422},
		{"strategy", "fast", 0}, {"strategy", "auto", 0}, {"strategy", "ocr_only", 0}, {"html_parser_version", "v2", 0}, {"html_parser_version", "v3", 422}, {"strategy", "od_only", 422},
		{"strategy", "VLM", 0}, {"strategy", "quick", 400}, {"output_format", "text/csv", 0}, {"output_format", "Markdown", 0}, {"output_format", "text/html", 0}, {"output_format", "ndjson", 0}, {"output_format", "text", 0}, {"output_format", "xml", 422},
		{"nonesuch", "1", 422}, {"nonesuch", "", 0}, {"coordinates", "perhaps", 422}, {"coordinates", " true ", 0},
	} {
		_, err := parseCall(map[string][]string{c.name: {c.value}})
		if c.status == 0 {
			if err != nil {
				t.Errorf("%s=%s: %v", c.name, c.value, err)
			}
			continue
		}
		var e *apiError
		if !errors.As(err, &e) || e.status != c.status {
			t.Errorf("%s=%s: %v, want %d", c.name, c.value, err, c.status)
			continue
		}
		if fields, ok := e.detail.([]fieldError); c.status == 422 &&
			(!ok || len(fields) != 1 || len(fields[0].Loc) != 2 || fields[0].Loc[0] != "body" || fields[0].Loc[1] != c.name || fields[0].Input != c.value) {
			t.Errorf("%s=%s: %v", c.name, c.value, e.detail)
		}
	}
}

func TestParseCallChunking(t *testing.T) {
	t.Parallel()
	values := defaults()
	values["chunking_strategy"], values["max_characters"], values["languages"] = []string{"by_title"}, []string{"200"}, []string{"eng", "deu"}
	call, err := parseCall(values)
	if err != nil {
		t.Fatal(err)
	}
	var want chunk.Options
	for name, value := range map[string]string{"max_characters": "200", "multipage_sections": "true", "overlap": "0", "overlap_all": "false"} {
		if err := want.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if strategy, _ := chunk.StrategyOf("by_title"); call.chunking == nil || call.chunking.Strategy != strategy {
		t.Fatalf("%+v", call.chunking)
	}
	if err := want.Validate(call.chunking.Strategy); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(call.chunking.Options, want) {
		t.Errorf("%+v, want %+v", call.chunking.Options, want)
	}
	alike, err := parseCall(map[string][]string{"chunking_strategy": {"by_similarity"}, "similarity_threshold": {"0.7"}})
	if err != nil || alike.chunking.Options.SimilarityThreshold != 0.7 {
		t.Errorf("%+v, %v", alike.chunking, err)
	}
	if got := call.options.Languages; len(got) != 2 || got[0] != "eng" || got[1] != "deu" {
		t.Errorf("languages %v", got)
	}
	var refused *apiError
	values["max_characters"] = []string{"-1"}
	if _, err := parseCall(values); !errors.As(err, &refused) || refused.status != 422 {
		t.Errorf("a negative size: %v", err)
	}
	values["max_characters"] = []string{"200"}
	values["coordinates"], values["vlm_model"] = []string{"perhaps"}, []string{"x"}
	var e *apiError
	if _, err := parseCall(values); !errors.As(err, &e) || len(e.detail.([]fieldError)) != 2 {
		t.Errorf("both faults are named: %v", err)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	page := 3
	elements := []element.Element{
		{Type: element.Title, ID: "a", Text: "One, \"two\"\nthree"},
		{Type: element.NarrativeText, ID: "b", Text: "=x"},
	}
	elements[1].Metadata.PageNumber = &page
	elements[1].Metadata.Languages = []string{"eng", "deu"}
	text, err := table(elements)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 3 || strings.Join(rows[0][:3], " ") != "type element_id text" {
		t.Fatalf("%v %q", err, text)
	}
	get := func(row int, name string) string {
		for i, k := range rows[0] {
			if k == name {
				return rows[row][i]
			}
		}
		t.Errorf("no column %s in %v", name, rows[0])
		return ""
	}
	if get(1, "text") != "One, \"two\"\nthree" || get(1, "page_number") != "" || get(2, "page_number") != "3" || get(2, "languages") != `["eng","deu"]` {
		t.Errorf("%q", rows)
	}
	if text, err := table(nil); err != nil || string(text) != "type,element_id,text\n" {
		t.Errorf("no elements: %q %v", text, err)
	}
}

func TestSpool(t *testing.T) {
	t.Parallel()
	const large = 5 << 20
	s := spooling{limit: large, memory: 10, total: large + 12}
	for _, c := range []struct {
		size    int
		refused bool
	}{{0, false}, {8, false}, {4, false}, {large + 1, true}, {large, false}, {1, true}, {0, false}} {
		content := strings.Repeat("x", c.size)
		f, err := s.spool("a.txt", "", strings.NewReader(content))
		if c.refused {
			if !errors.Is(err, engine.ErrFileTooLarge) {
				t.Errorf("%d bytes: %v", c.size, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", c.size, err)
		}
		got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size))
		if err != nil || string(got) != content {
			t.Errorf("%d bytes came back as %d: %v", c.size, len(got), err)
		}
		f.Close()
	}
	if s.total != 0 || s.memory != 2 {
		t.Errorf("left: %+v", s)
	}
	if err := spoolError(syscall.ENOSPC); !errors.Is(err, blob.ErrFull) {
		t.Error(err)
	}
}

// No failure of a file is a 5xx: the SDK repeats those for half an hour.
func TestFileError(t *testing.T) {
	t.Parallel()
	r := &request{Request: newGet(t, "/")}
	for outcome, status := range map[budget.Outcome]int{
		budget.Unsupported: 400, budget.TooLarge: 413, budget.Encrypted: 422, budget.Corrupt: 422, budget.TimedOut: 422,
	} {
		var e *apiError
		if err := fileError(r, "a.pdf", &budget.Error{Outcome: outcome, Message: "why"}); !errors.As(err, &e) || e.status != status ||
			!strings.Contains(e.Error(), "why") {
			t.Errorf("%v: %v", outcome, err)
		}
	}
	var e *apiError
	if err := fileError(r, "a.pdf", &model.Error{Kind: model.Unavailable, Message: "down"}); !errors.As(err, &e) || e.status != 503 || e.detail != "a.pdf: down" {
		t.Errorf("%v", err)
	}
	if err := fileError(r, "a.pdf", nil); err != nil {
		t.Error(err)
	}
}

func TestPasswordKeepsItsSpaces(t *testing.T) {
	t.Parallel()
	call, err := parseCall(map[string][]string{"password": {" two words "}})
	if err != nil || call.options.Password != " two words " {
		t.Errorf("%q, %v", call.options.Password, err)
	}
}
