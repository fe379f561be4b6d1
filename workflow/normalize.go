package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/spec"
)

// MaxNodes is the largest number of nodes that a workflow may have.
const MaxNodes = 100

// Decode reads a list of nodes as it came from JSON: it checks that each is an object with a name, a type and a
// subtype, and then normalises the list. Paths of problems begin with the index of the node.
func Decode(list []any) ([]Node, []spec.Problem) {
	if p := tooMany(len(list)); p != nil {
		return nil, []spec.Problem{*p}
	}
	nodes := make([]Node, 0, len(list))
	var problems []spec.Problem
	for i, member := range list {
		object, ok := member.(map[string]any)
		if !ok {
			problems = append(problems, spec.Problem{Path: []any{i}, Type: "model_attributes_type",
				Msg: "Input should be a valid dictionary or object to extract fields from", Input: spec.Plain(member)})
			continue
		}
		values, found := nodeSpec.Decode(object)
		problems = append(problems, under(i, found)...)
		n := Node{}
		n.ID, _ = values["id"].(string)
		n.Name, _ = values["name"].(string)
		n.Type, _ = values["type"].(string)
		n.Subtype, _ = values["subtype"].(string)
		n.Settings, _ = values["settings"].(map[string]any)
		nodes = append(nodes, n)
	}
	if problems != nil {
		return nil, problems
	}
	return Normalize(nodes)
}

var nodeSpec = spec.Spec{Fields: []spec.Field{
	{Name: "id", Kind: spec.String},
	{Name: "name", Kind: spec.String, Required: true},
	{Name: "type", Kind: spec.String, Required: true},
	{Name: "subtype", Kind: spec.String, Required: true},
	{Name: "settings", Kind: spec.Object},
}}

// Normalize returns a list of nodes in the form in which it is stored, shown and run: types and subtypes in their own
// spelling (swapped ones put right), every known setting present with its default, unknown settings dropped, an id
// given where there was none. Normalising twice changes nothing.
//
// Problems are only what makes a list senseless: not exactly one partition node, another node before it, an unknown
// type or strategy, a missing word, a size or threshold out of range, an overlap that leaves no room, an extractor
// without exactly one schema, an id that is not a UUID or used twice. Whatever else is odd runs in the given order.
// Paths begin with the index of the node. An empty list has no problem here: it may be stored, but not run.
func Normalize(nodes []Node) ([]Node, []spec.Problem) {
	if p := tooMany(len(nodes)); p != nil {
		return nil, []spec.Problem{*p}
	}
	out := make([]Node, 0, len(nodes))
	var problems []spec.Problem
	for i, n := range nodes {
		n, found := normalizeNode(n)
		problems = append(problems, under(i, found)...)
		out = append(out, n)
	}
	problems = append(problems, checkIDs(out)...)
	problems = append(problems, checkOrder(out)...)
	if problems != nil {
		return nil, problems
	}
	return out, nil
}

func tooMany(n int) *spec.Problem {
	if n <= MaxNodes {
		return nil
	}
	return &spec.Problem{Type: "too_long", Input: n,
		Msg: fmt.Sprintf("List should have at most %d items after validation, not %d", MaxNodes, n)}
}

// under puts the paths of problems below the node with an index.
func under(i int, problems []spec.Problem) []spec.Problem {
	for j := range problems {
		problems[j].Path = append([]any{i}, problems[j].Path...)
	}
	return problems
}

func normalizeNode(n Node) (Node, []spec.Problem) {
	n.Type, n.Subtype = normalizeNames(n.Type, n.Subtype)
	var problems []spec.Problem
	for _, field := range []struct{ name, value string }{{"name", n.Name}, {"type", n.Type}, {"subtype", n.Subtype}} {
		if field.value == "" {
			problems = append(problems,
				spec.Problem{Path: []any{field.name}, Type: "missing", Msg: "Field required", Input: ""})
		}
	}
	if problems != nil {
		return n, problems
	}
	if !slices.Contains(nodeTypes, n.Type) {
		return n, []spec.Problem{{Path: []any{"type"}, Type: "enum",
			Msg: "Input should be " + spec.Choice(nodeTypes), Input: n.Type}}
	}
	kind, ok := kindOf(n.Type, n.Subtype)
	if !ok {
		return n, []spec.Problem{{Path: []any{"subtype"}, Type: "enum",
			Msg: "Input should be " + spec.Choice(subtypesOf(n.Type)), Input: n.Subtype}}
	}
	if n.Type == KindPrompter && !isEnrichment(n.Subtype) {
		return n, []spec.Problem{{Path: []any{"subtype"}, Type: "value_error", Input: n.Subtype,
			Msg: "Value error, an enrichment is named <provider>_<task>, such as openai_image_description"}}
	}
	if n.ID, ok = normalizeID(n.ID); !ok {
		return n, []spec.Problem{{Path: []any{"id"}, Type: "uuid_parsing",
			Msg: "Input should be a valid UUID", Input: n.ID}}
	}
	settings, found := kind.Settings.Decode(tolerate(n))
	if found == nil {
		switch n.Type {
		case KindPrompter:
			fillModel(n.Subtype, settings)
		case KindChunk:
			found = append(checkOverlap(settings), checkTokens(settings)...)
		case KindExtract:
			found = normalizeSchema(settings)
		}
	}
	n.Settings = settings
	for i := range found {
		found[i].Path = append([]any{"settings"}, found[i].Path...)
	}
	return n, found
}

var nodeTypes = []string{KindPartition, KindPrompter, KindChunk, KindEmbed, KindExtract}

// normalizeNames puts the spelling of a type and a subtype right. Samples in the wild have them swapped, in other case,
// or under the names of the partition endpoint.
func normalizeNames(nodeType, subtype string) (string, string) {
	t, s := word(nodeType), word(subtype)
	if !slices.Contains(nodeTypes, typeName(t)) && slices.Contains(nodeTypes, typeName(s)) {
		t, s = s, t
	}
	t = typeName(t)
	if t == KindChunk {
		switch s {
		case "basic", "by_character", "chunk_basic":
			s = SubtypeByCharacter
		case "by_title", "by_page", "by_similarity":
			s = "chunk_" + s
		}
	}
	return t, s
}

func word(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func typeName(t string) string {
	switch t {
	case "enrich", "enrichment":
		return KindPrompter
	}
	return t
}

func subtypesOf(nodeType string) []string {
	var out []string
	for _, k := range kinds {
		if k.Type == nodeType {
			out = append(out, k.Subtypes...)
		}
	}
	return out
}

// isEnrichment tells whether a subtype has the form <provider>_<task>.
func isEnrichment(subtype string) bool {
	provider, task, ok := strings.Cut(subtype, "_")
	return ok && provider != "" && task != ""
}

// normalizeID returns the id in its lower-case form, or a new one where there is none.
func normalizeID(id string) (string, bool) {
	if id == "" {
		return uuid.NewString(), true
	}
	if len(id) != 36 {
		return id, false
	}
	u, err := uuid.Parse(id)
	if err != nil {
		return id, false
	}
	return u.String(), true
}

// tolerate returns a node's settings without the slips of published samples.
func tolerate(n Node) map[string]any {
	if n.Subtype == SubtypeVLM {
		return tolerateVision(n.Settings)
	}
	if n.Type != KindChunk {
		return n.Settings
	}
	out := make(map[string]any, len(n.Settings))
	for k, v := range n.Settings {
		if _, isBool := v.(bool); isBool && k == "new_after_n_chars" {
			continue // a sample types this number as a boolean
		}
		if k == "contextual_chunking_strategy" && v == "" {
			continue
		}
		out[k] = v
	}
	return out
}

// tolerateVision returns the settings of a vision partitioner without the slips of published samples: a prompt as an object with
// its text, and empty words for what is not given. The default model is one of the provider's.
func tolerateVision(settings map[string]any) map[string]any {
	out := make(map[string]any, len(settings)+1)
	for k, v := range settings {
		if object, ok := v.(map[string]any); ok && (k == "prompt" || k == "user_prompt") {
			v = object["text"]
		}
		if text, ok := v.(string); ok {
			if v = strings.TrimSpace(text); v == "" {
				continue
			}
		}
		out[k] = v
	}
	name, _ := out["provider"].(string)
	if provider := word(name); out["model"] == nil && provider != "" && provider != "anthropic" && provider != "auto" {
		out["model"] = visionModels[provider]
	}
	return out
}

// fillModel gives an enrichment the model that the reference writes back.
func fillModel(subtype string, settings map[string]any) {
	if settings["model"] == nil && strings.HasPrefix(subtype, "openai_") {
		settings["model"] = "gpt-4o"
	}
}

// checkOverlap refuses an overlap that leaves no room for new text.
func checkOverlap(settings map[string]any) []spec.Problem {
	overlap, _ := settings["overlap"].(int64)
	name := "max_characters"
	if _, ok := settings["max_tokens"].(int64); ok {
		name = "max_tokens"
	}
	limit, given := settings[name].(int64)
	if !given {
		limit = DefaultMaxCharacters
	}
	if overlap < limit {
		return nil
	}
	return []spec.Problem{{Path: []any{"overlap"}, Type: "value_error", Input: overlap,
		Msg: fmt.Sprintf("Value error, overlap (%d) must be less than %s (%d)", overlap, name, limit)}}
}

// checkTokens refuses a limit in tokens beside one in characters, or without a tokenizer.
func checkTokens(settings map[string]any) []spec.Problem {
	limit := settings["max_tokens"]
	problem := func(field, msg string) []spec.Problem {
		return []spec.Problem{{Path: []any{field}, Type: "value_error", Input: settings[field], Msg: "Value error, " + msg}}
	}
	switch {
	case limit == nil && settings["new_after_n_tokens"] != nil:
		return problem("new_after_n_tokens", "'new_after_n_tokens' needs 'max_tokens'")
	case limit == nil:
		return nil
	case settings["max_characters"] != nil:
		return problem("max_tokens", "'max_tokens' and 'max_characters' are mutually exclusive; specify one or the other, not both")
	case settings["tokenizer"] == nil:
		return problem("tokenizer", "'tokenizer' is required when using 'max_tokens'")
	}
	return nil
}

// normalizeSchema leaves exactly one of json_schema (a JSON text) and extraction_guidance. A sample shows both keys, so
// an empty one counts as absent.
func normalizeSchema(settings map[string]any) []spec.Problem {
	given, _ := settings["schema_to_extract"].(map[string]any)
	problem := func(msg string, path ...any) []spec.Problem {
		return []spec.Problem{{Path: append([]any{"schema_to_extract"}, path...), Type: "value_error",
			Msg: "Value error, " + msg, Input: given}}
	}
	text, ok := schemaText(given["json_schema"])
	if !ok {
		return problem("json_schema must be a JSON object, or the text of one", "json_schema")
	}
	guidance := ""
	if v := given["extraction_guidance"]; v != nil {
		if guidance, ok = v.(string); !ok {
			return problem("extraction_guidance must be a string", "extraction_guidance")
		}
	}
	guidance = strings.TrimSpace(guidance)
	switch {
	case text != "" && guidance != "":
		return problem("give either json_schema or extraction_guidance, not both")
	case text != "":
		settings["schema_to_extract"] = map[string]any{"json_schema": text}
	case guidance != "":
		settings["schema_to_extract"] = map[string]any{"extraction_guidance": guidance}
	default:
		return problem("give json_schema or extraction_guidance")
	}
	return nil
}

// schemaText returns a schema as JSON text, "" when it is empty.
func schemaText(v any) (string, bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		x = strings.TrimSpace(x)
		if x == "" {
			return "", true
		}
		return x, strings.HasPrefix(x, "{") && json.Valid([]byte(x))
	case map[string]any:
		if len(x) == 0 {
			return "", true
		}
		b, err := json.Marshal(x)
		return string(b), err == nil
	}
	return "", false
}

// checkIDs refuses an id that two nodes share: outputs are kept by node id.
func checkIDs(nodes []Node) []spec.Problem {
	var problems []spec.Problem
	first := make(map[string]int, len(nodes))
	for i, n := range nodes {
		if n.ID == "" {
			continue
		}
		if at, used := first[n.ID]; used {
			problems = append(problems, spec.Problem{Path: []any{i, "id"}, Type: "value_error", Input: n.ID,
				Msg: fmt.Sprintf("Value error, node %d has the same id", at+1)})
			continue
		}
		first[n.ID] = i
	}
	return problems
}

// checkOrder wants exactly one partition node, in front.
func checkOrder(nodes []Node) []spec.Problem {
	var at []int
	for i, n := range nodes {
		if n.Type == KindPartition {
			at = append(at, i)
		}
	}
	switch {
	case len(nodes) == 0:
		return nil
	case len(at) == 0:
		return []spec.Problem{{Path: []any{}, Type: "value_error", Input: len(nodes),
			Msg: "Value error, a workflow needs a partition node, as its first"}}
	case len(at) > 1:
		return []spec.Problem{{Path: []any{at[1]}, Type: "value_error", Input: nodes[at[1]].Name,
			Msg: "Value error, a workflow has exactly one partition node, and this is another"}}
	case at[0] != 0:
		return []spec.Problem{{Path: []any{at[0]}, Type: "value_error", Input: nodes[at[0]].Name,
			Msg: "Value error, the partition node must be the first"}}
	}
	return nil
}
