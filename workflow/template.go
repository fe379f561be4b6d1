package workflow

import (
	"fmt"
	"maps"
	"slices"
)

// Template is a list of nodes to start from. Its node ids are constants, so that two jobs of one template show equal ids.
type Template struct {
	ID          string `json:"id"` // a word, not a UUID
	Name        string `json:"name"`
	Description string `json:"description"`
	Version     string `json:"version"`
	LastUpdated string `json:"last_updated"`
	Nodes       []Node `json:"nodes"`
}

// Templates lists all templates. The caller may change the result.
func Templates() []Template {
	out := slices.Clone(templates)
	for i := range out {
		out[i].Nodes = cloneNodes(out[i].Nodes)
	}
	return out
}

// TemplateByID finds a template.
func TemplateByID(id string) (Template, bool) {
	for _, t := range templates {
		if t.ID == id {
			t.Nodes = cloneNodes(t.Nodes)
			return t, true
		}
	}
	return Template{}, false
}

// DefaultNodes are the nodes of a workflow of a type that names a way of partitioning, with new ids: fast for basic, hi_res
// for advanced, a vision model for platinum. A custom workflow has none.
func DefaultNodes(t Type) []Node {
	n := Node{Name: "Partitioner", Type: KindPartition, Subtype: SubtypeParser}
	switch t {
	case Basic:
		n.Settings = map[string]any{"strategy": "fast"}
	case Advanced:
		n.Settings = map[string]any{"strategy": "hi_res", "pdf_infer_table_structure": true}
	case Platinum:
		n.Subtype = SubtypeVLM
	default:
		return nil
	}
	return complete([]Node{n})
}

// templates are those of section 4 of the contract, and a handful of others. The first must run on any build, since clients'
// own tests take it as their default. docs/models.md lists them with what each needs.
var templates = []Template{
	{
		ID: "hi_res_partition", Name: "High Resolution Partition",
		Description: "partition with the high resolution strategy",
		Version:     "1.0.0", LastUpdated: "2024-01-01T00:00:00.000000",
		Nodes: complete([]Node{
			hiResNode(map[string]any{}),
		}),
	},
	{
		ID: "hi_res_and_enrichment", Name: "High Resolution and Enrichment",
		Description: "partition with enrichment",
		Version:     "1.0.0", LastUpdated: "2024-01-01T00:00:00.000000",
		Nodes: complete([]Node{
			hiResNode(map[string]any{"extract_image_block_types": []any{
				"Image", "Table", "Title", "NarrativeText", "ListItem", "UncategorizedText"}}),
			{ID: "4eb78731-4669-438c-9e2c-c76fcb1c9a52", Name: "Image Description",
				Type: KindPrompter, Subtype: "openai_image_description"},
			{ID: "35cacdfe-3ac1-4183-bbf4-826cd88c882c", Name: "Generative OCR",
				Type: KindPrompter, Subtype: "anthropic_ocr"},
			{ID: "ee5d4bf2-3783-4818-9f69-9ebbaa8778ea", Name: "Table to HTML",
				Type: KindPrompter, Subtype: "anthropic_table2html"},
		}),
	},
	{
		ID: "fast_chunk_embed", Name: "Fast, Chunks and Embeddings",
		Description: "text by the fast strategy, chunks by title, vectors of openai",
		Version:     "1.0.0", LastUpdated: "2026-11-26T00:00:00.000000",
		Nodes: complete([]Node{
			{ID: "75967e30-e868-4d82-a2a3-2509aeb12a96", Name: "Partitioner", Type: KindPartition, Subtype: SubtypeParser,
				Settings: map[string]any{"strategy": "fast"}},
			{ID: "b6f33515-952e-46f2-b82c-3222ad11712c", Name: "Chunker", Type: KindChunk, Subtype: SubtypeByTitle,
				Settings: map[string]any{"max_characters": 2048, "new_after_n_chars": 1500, "overlap": 160}},
			{ID: "ab8f6464-1e0c-4d52-9150-4a6d4cf22f0b", Name: "Embedder", Type: KindEmbed, Subtype: "openai",
				Settings: map[string]any{"model_name": "text-embedding-3-small"}},
		}),
	},
	{
		ID: "vlm_and_enrichment", Name: "Vision Model and Enrichment",
		Description: "pages read by a vision model of anthropic, with named entities",
		Version:     "1.0.0", LastUpdated: "2026-11-26T00:00:00.000000",
		Nodes: complete([]Node{
			{ID: "a6d6c2f3-c220-4c0d-8ec4-a6c642411cb0", Name: "Partitioner", Type: KindPartition, Subtype: SubtypeVLM},
			{ID: "bbfed6b2-1b39-417a-9164-85cfe7d3e83d", Name: "Named Entities", Type: KindPrompter, Subtype: "anthropic_ner"},
		}),
	},
	{
		ID: "tables_only", Name: "Tables Only",
		Description: "the tables of documents, as HTML",
		Version:     "1.0.0", LastUpdated: "2026-11-26T00:00:00.000000",
		Nodes: complete([]Node{
			{ID: "5fa2d842-9847-452d-9127-7bfeb6f6d64e", Name: "Partitioner", Type: KindPartition, Subtype: SubtypeParser,
				Settings: map[string]any{"strategy": "hi_res", "pdf_infer_table_structure": true, "infer_table_structure": true,
					"extract_image_block_types": []any{"Table"}, "exclude_elements": allButTables()}},
			{ID: "5426c9a5-030f-4c99-b729-a5688dac2c3a", Name: "Table to HTML", Type: KindPrompter, Subtype: "twopass_table2html"},
		}),
	},
	{
		ID: "local", Name: "All Local",
		Description: "pages by the cheapest way that reads them, named entities, chunks with their headings and vectors, by this program alone",
		Version:     "1.0.0", LastUpdated: "2026-11-26T00:00:00.000000",
		Nodes: complete([]Node{
			{ID: "af15e2b0-5003-4311-b997-eb170bc4835a", Name: "Partitioner", Type: KindPartition, Subtype: SubtypeParser,
				Settings: map[string]any{"strategy": "auto", "pdf_infer_table_structure": true, "infer_table_structure": true}},
			{ID: "3de3a55f-42be-4acc-be5f-f07b35e6f88f", Name: "Table to HTML", Type: KindPrompter, Subtype: "local_table2html"},
			{ID: "ee8826f5-9584-42a6-8af3-ebee16521de7", Name: "Named Entities", Type: KindPrompter, Subtype: "local_ner"},
			{ID: "53b98511-9f3c-4ade-b37e-fdc588946dff", Name: "Chunker", Type: KindChunk, Subtype: SubtypeByTitle,
				Settings: map[string]any{"max_characters": 2048, "new_after_n_chars": 1500, "overlap": 160, "contextual_chunking_strategy": "v1"}},
			{ID: "119535fb-fa15-402b-919c-caf1d5a0868f", Name: "Embedder", Type: KindEmbed, Subtype: "local"},
		}),
	},
}

// allButTables are the types of elements besides tables.
func allButTables() []any {
	out := []any{"CheckBox", "CodeSnippet", "Form", "FormKeysValues", "PageNumber"}
	for _, name := range elementTypes {
		if name != "Table" {
			out = append(out, name)
		}
	}
	return out
}

func hiResNode(settings map[string]any) Node {
	maps.Copy(settings, map[string]any{
		"strategy": "hi_res", "pdf_infer_table_structure": true, "infer_table_structure": true,
	})
	return Node{ID: "93fc2ce8-e7c8-424f-a6aa-41460fc5d35d", Name: "Partitioner",
		Type: KindPartition, Subtype: SubtypeParser, Settings: settings}
}

// complete normalises nodes that are written down here and therefore right.
func complete(nodes []Node) []Node {
	out, problems := Normalize(nodes)
	if problems != nil {
		panic(fmt.Sprintf("workflow: built-in nodes are not valid: %v", problems))
	}
	return out
}

// cloneNodes copies nodes deeply enough that settings can be replaced.
func cloneNodes(nodes []Node) []Node {
	out := slices.Clone(nodes)
	for i := range out {
		out[i].Settings = maps.Clone(out[i].Settings)
	}
	return out
}
