package pipeline

import (
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/workflow"
)

// settings reads the normalised settings of a node.
type settings map[string]any

func (s settings) str(name string) string { v, _ := s[name].(string); return v }
func (s settings) flag(name string) bool  { v, _ := s[name].(bool); return v }

func (s settings) list(name string) []string {
	switch v := s[name].(type) {
	case []string:
		return v
	case []any:
		var out []string
		for _, e := range v {
			if text, ok := e.(string); ok {
				out = append(out, text)
			}
		}
		return out
	}
	return nil
}

// unbuilt says why this build cannot run a node, "" when it can.
func unbuilt(n workflow.Node) string {
	switch n.Type {
	case workflow.KindPartition:
		if n.Subtype == workflow.SubtypeVLM {
			return lacksVision(n)
		}
		return ""
	case workflow.KindChunk:
		return ""
	case workflow.KindPrompter, workflow.KindEmbed, workflow.KindExtract:
		return lacksModel(n)
	}
	return "this kind of node is not known"
}

// partitionOptions turns the settings of a partition node into options.
func (r *run) partitionOptions(n workflow.Node) (partition.Options, error) {
	s := settings(n.Settings)
	if len(workflow.SealedFields(n)) > 0 && r.in.Secrets != nil {
		opened, err := r.in.Secrets(n)
		if err != nil {
			return partition.Options{}, err
		}
		s = opened
	}
	o := partition.Options{
		Strategy:            s.str("strategy"),
		Filename:            r.in.Name,
		Encoding:            s.str("encoding"),
		Languages:           s.list("languages"),
		IncludePageBreaks:   s.flag("include_page_breaks"),
		UniqueElementIDs:    s.flag("unique_element_ids"),
		Coordinates:         s.flag("coordinates"),
		ExcludeElements:     s.list("exclude_elements"),
		XMLKeepTags:         s.flag("xml_keep_tags"),
		SkipHeadersFooters:  s.flag("skip_headers_and_footers"),
		HTMLParserVersion:   s.str("html_parser_version"),
		Password:            s.str("password"),
		IncludeSlideNotes:   true,
		InferTableStructure: s.flag("pdf_infer_table_structure") || s.flag("infer_table_structure"),
		ImageBlockTypes:     s.list("extract_image_block_types"),
		Limits:              r.cfg.Limits,
	}
	if len(o.Languages) == 0 {
		o.Languages = s.list("ocr_languages")
	}
	if strings.EqualFold(o.Encoding, "utf-8") {
		// The default that every stored node carries. Given as an order it would fail files of other encodings, which
		// detection reads; UTF-8 is recognised either way.
		o.Encoding = ""
	}
	if n.Subtype == workflow.SubtypeVLM {
		o.Strategy = "auto" // of files that no vision model reads
		if s.flag("is_dynamic") {
			o.Route = &format.Route{NoFast: s["allow_fast"] == false}
		}
	}
	return o, nil
}

// chunkOptions turns a chunk node into a strategy and options. A setting that is null has the library's default, which
// is that of the reference's library.
func chunkOptions(n workflow.Node) (chunk.Strategy, chunk.Options, error) {
	var o chunk.Options
	strategy, err := chunk.StrategyOf(n.Subtype)
	if err != nil {
		return "", o, err
	}
	for name, value := range n.Settings {
		if !chunk.IsOption(name) {
			continue
		}
		if err := o.Set(name, value); err != nil {
			return "", o, fmt.Errorf("setting %w", err)
		}
	}
	return strategy, o, nil
}
