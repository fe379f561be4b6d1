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

// templates are those of section 4 of the contract. The first must run on any build, since clients' own tests take it
// as their default.
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
