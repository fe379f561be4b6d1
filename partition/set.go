package partition

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/filetype"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ocr"
)

// Set sets a parameter under its name at the partition endpoint. A list is written as JSON or as a single word. The
// error says what the value may be; a value that this version cannot honour is an error too, and so is an unknown name.
func (o *Options) Set(name, value string) error {
	p, ok := parameters[name]
	if !ok {
		return fmt.Errorf("%s is not a parameter%s", name, didYouMean(name))
	}
	if name != "password" { // its spaces count
		value = strings.TrimSpace(value)
	}
	return p(o, value)
}

// Parameters lists the names that Set knows, sorted.
func Parameters() []string {
	names := make([]string, 0, len(parameters))
	for name := range parameters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

type setter func(o *Options, value string) error

var parameters map[string]setter

func init() {
	parameters = map[string]setter{
		"strategy":                    setStrategy,
		"metadata_filename":           text(func(o *Options) *string { return &o.Filename }),
		"content_type":                setContentType,
		"encoding":                    setEncoding,
		"password":                    text(func(o *Options) *string { return &o.Password }),
		"languages":                   setLanguages,
		"ocr_languages":               setLanguages,
		"detect_language_per_element": flag(func(o *Options) *bool { return &o.DetectPerElement }),
		"include_page_breaks":         flag(func(o *Options) *bool { return &o.IncludePageBreaks }),
		"starting_page_number":        setStartingPage,
		"pages":                       setPages,
		"max_pages":                   setMaxPages,
		"unique_element_ids":          flag(func(o *Options) *bool { return &o.UniqueElementIDs }),
		"coordinates":                 flag(func(o *Options) *bool { return &o.Coordinates }),
		"exclude_elements":            list(func(o *Options) *[]string { return &o.ExcludeElements }),
		"xml_keep_tags":               flag(func(o *Options) *bool { return &o.XMLKeepTags }),
		"skip_headers_and_footers":    flag(func(o *Options) *bool { return &o.SkipHeadersFooters }),
		"html_parser_version":         setHTMLParser,
		"skip_hidden_text":            flag(func(o *Options) *bool { return &o.SkipHiddenText }),
		"process_attachments":         setAttachments,
		"include_slide_notes":         flag(func(o *Options) *bool { return &o.IncludeSlideNotes }),
		"pdf_infer_table_structure":   flag(func(o *Options) *bool { return &o.InferTableStructure }),
		"infer_table_structure":       flag(func(o *Options) *bool { return &o.InferTableStructure }),
		"skip_infer_table_types":      list(func(o *Options) *[]string { return &o.SkipInferTableTypes }),

		"extract_image_block_types":      list(func(o *Options) *[]string { return &o.ImageBlockTypes }),
		"extract_image_block_to_payload": payload,
		"hi_res_model_name":              unhonoured,
		"gz_uncompressed_content_type":   unhonoured,
		"table_ocr_agent":                unhonoured,
		"vlm_model":                      unhonoured,
		"vlm_model_provider":             unhonoured,
		"pdfminer_line_margin":           unhonoured,
		"pdfminer_char_margin":           unhonoured,
		"pdfminer_line_overlap":          unhonoured,
		"pdfminer_word_margin":           unhonoured,
		"include_orig_elements":          chunking,
		"chunking_strategy":              chunking,
	}
}

// Strategies are the ways to read PDFs and pictures that this version has.
var Strategies = []string{"auto", "fast", "hi_res", "ocr_only"}

func setStrategy(o *Options, value string) error {
	switch value = strings.ToLower(value); value {
	case "auto", "fast", "hi_res", "ocr_only":
		o.Strategy = value
		return nil
	case "vlm":
		return fmt.Errorf("strategy vlm asks a model, which the partition endpoint, the command partition and workflows do; use one of %s", strings.Join(Strategies, ", "))
	case "od_only":
		return fmt.Errorf("strategy %s is not built in; use one of %s", value, strings.Join(Strategies, ", "))
	}
	return fmt.Errorf("Invalid strategy: %s. Must be one of ['fast', 'hi_res', 'auto', 'ocr_only']", value) //nolint:staticcheck // the words that clients know
}

func setContentType(o *Options, value string) error {
	if value != "" {
		if _, ok := filetype.ByMIME(value); !ok {
			return fmt.Errorf("content type %q is not known; leave it out to have the type found", value)
		}
	}
	o.ContentType = value
	return nil
}

func setEncoding(o *Options, value string) error {
	if value != "" && !charset.Known(value) {
		return fmt.Errorf("encoding %q is not known; leave it out to have it found", value)
	}
	if strings.EqualFold(value, "utf-8") { // the default that clients send: not an order, since detection reads UTF-8 too
		value = ""
	}
	o.Encoding = value
	return nil
}

func setLanguages(o *Options, value string) error {
	members, err := parseList(value)
	if err != nil {
		return err
	}
	var out []string
	for _, m := range members {
		for word := range strings.SplitSeq(m, "+") { // as Tesseract joins them
			if word = strings.TrimSpace(word); word != "" && word != "auto" && !ocr.Known(word) {
				return fmt.Errorf("language %q is not known; use codes of ISO 639 such as eng or de", word)
			}
			out = append(out, word)
		}
	}
	o.Languages = out
	return nil
}

func setStartingPage(o *Options, value string) error {
	if value == "" {
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 1<<30 {
		return fmt.Errorf("%q is not a page number", value)
	}
	o.StartingPageNumber = n
	return nil
}

func setPages(o *Options, value string) error {
	var numbers []int
	if json.Unmarshal([]byte(value), &numbers) == nil { // [1, 3]
		value = strings.Trim(value, "[] ")
	}
	members, err := parseList(value)
	if err != nil {
		return err
	}
	var pages format.Pages
	if len(members) > 0 {
		if pages, err = format.ParsePages(strings.Join(members, ",")); err != nil {
			return err
		}
	}
	o.Pages = pages
	return nil
}

func setMaxPages(o *Options, value string) error {
	if value == "" {
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a number of pages; it is 1 or more", value)
	}
	o.MaxPages = n
	return nil
}

func setHTMLParser(o *Options, value string) error {
	switch value = strings.ToLower(value); value {
	case "", "v1", "v2":
		o.HTMLParserVersion = value
		return nil
	}
	return fmt.Errorf("html_parser_version is v1 or v2, not %q", value)
}

func setAttachments(o *Options, value string) error {
	b, err := parseFlag(value)
	if err == nil {
		o.SkipAttachments = !b
	}
	return err
}

func text(of func(*Options) *string) setter {
	return func(o *Options, value string) error {
		*of(o) = value
		return nil
	}
}

func flag(of func(*Options) *bool) setter {
	return func(o *Options, value string) error {
		b, err := parseFlag(value)
		if err == nil {
			*of(o) = b
		}
		return err
	}
}

func list(of func(*Options) *[]string) setter {
	return func(o *Options, value string) error {
		members, err := parseList(value)
		if err == nil {
			*of(o) = members
		}
		return err
	}
}

// unhonoured takes what means "not wanted" and refuses the rest.
func unhonoured(_ *Options, value string) error {
	if members, err := parseList(value); err == nil && len(members) == 0 {
		return nil
	}
	return errors.New("this parameter is not built in; leave it out")
}

// payload takes either answer: a cut-out always travels in the element, there is no folder to put it in.
func payload(_ *Options, value string) error {
	_, err := parseFlag(value)
	return err
}

func chunking(*Options, string) error {
	return errors.New("a parameter of chunking; it does nothing here")
}

func parseFlag(value string) (bool, error) {
	switch strings.ToLower(value) {
	case "true", "1", "yes", "on", "t", "y":
		return true, nil
	case "false", "0", "no", "off", "f", "n", "":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", value)
}

// parseList reads a JSON array of strings, a JSON string, null, or a plain word.
func parseList(value string) ([]string, error) {
	switch {
	case value == "" || value == "null":
		return nil, nil
	case strings.HasPrefix(value, "["):
		var out []string
		if err := json.Unmarshal([]byte(value), &out); err != nil {
			if json.Unmarshal([]byte(strings.ReplaceAll(value, "'", `"`)), &out) == nil { // as Python prints a list
				return out, nil
			}
			return nil, fmt.Errorf(`%s is not a list of strings; write it as JSON: ["a", "b"]`, value)
		}
		return out, nil
	case strings.HasPrefix(value, `"`):
		var one string
		if json.Unmarshal([]byte(value), &one) == nil {
			return []string{one}, nil
		}
	}
	var out []string
	for word := range strings.SplitSeq(value, ",") {
		out = append(out, strings.TrimSpace(word))
	}
	return out, nil
}

// didYouMean suggests the parameter whose name is nearest.
func didYouMean(name string) string {
	best, distance := "", len(name)/3+1
	for _, p := range Parameters() {
		if d := edits(name, p); d < distance {
			best, distance = p, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
