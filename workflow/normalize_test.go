package workflow

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/spec"
)

const nodeID = "93fc2ce8-e7c8-424f-a6aa-41460fc5d35d"

var fast = Node{ID: nodeID, Name: "Partitioner", Type: "partition", Subtype: "unstructured_api",
	Settings: map[string]any{"strategy": "fast"}}

// parserEcho is what a partition node shows beyond its strategy.
func parserEcho(strategy string, changes map[string]any) map[string]any {
	out := map[string]any{"strategy": strategy, "include_page_breaks": false, "pdf_infer_table_structure": false,
		"exclude_elements": nil, "xml_keep_tags": false, "encoding": "utf-8", "coordinates": false}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

func vlmEcho(changes map[string]any) map[string]any {
	out := map[string]any{"provider": "anthropic", "provider_api_key": nil, "model": "claude-sonnet-4-20250514",
		"output_format": "text/html", "prompt": nil, "format_html": true, "unique_element_ids": true,
		"is_dynamic": false, "allow_fast": true, "custom_host_config": nil}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

func chunkEcho(changes map[string]any) map[string]any {
	out := map[string]any{"unstructured_api_url": nil, "unstructured_api_key": nil, "include_orig_elements": false,
		"new_after_n_chars": nil, "max_characters": nil, "overlap": nil, "overlap_all": false,
		"contextual_chunking_strategy": nil}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

func TestNormalizePartition(t *testing.T) {
	t.Parallel()
	type node struct {
		nodeType, subtype string
		settings          map[string]any
	}
	for name, c := range map[string]struct{ in, want node }{
		"partition defaults": {
			node{"partition", "unstructured_api", nil},
			node{"partition", "unstructured_api", parserEcho("auto", nil)}},
		"partition coerces and drops": {
			node{"Partition", "UNSTRUCTURED_API", map[string]any{"strategy": "HI_RES", "include_page_breaks": "true",
				"nonsense": 1, "encoding": nil}},
			node{"partition", "unstructured_api", parserEcho("hi_res", map[string]any{"include_page_breaks": true})}},
		"partition ocr_only": {
			node{"partition", "unstructured_api",
				map[string]any{"strategy": "ocr_only", "ocr_languages": []any{"eng"}}},
			node{"partition", "unstructured_api",
				parserEcho("ocr_only", map[string]any{"ocr_languages": []any{"eng"}})}},
		"partition echoes what is given": {
			node{"partition", "unstructured_api", map[string]any{"strategy": "auto", "infer_table_structure": true,
				"extract_image_block_types": []any{"image", "table", "Odd"},
				"exclude_elements":          []any{"header", "Footer"},
				"unique_element_ids":        true, "coordinates": "true"}},
			node{"partition", "unstructured_api", parserEcho("auto", map[string]any{"infer_table_structure": true,
				"extract_image_block_types": []any{"Image", "Table", "Odd"},
				"exclude_elements":          []any{"Header", "Footer"},
				"unique_element_ids":        true, "coordinates": true})}},
		"swapped names of the Auto sample": {
			node{"vlm", "partition", map[string]any{"is_dynamic": true, "allow_fast": true}},
			node{"partition", "vlm", vlmEcho(map[string]any{"is_dynamic": true})}},
		"vlm defaults, stray strategy": {
			node{"partition", "vlm", map[string]any{"strategy": "auto", "user_prompt": "read it"}},
			node{"partition", "vlm", vlmEcho(map[string]any{"prompt": "read it"})}},
		"vlm other provider": {
			node{"partition", "vlm",
				map[string]any{"provider": "Acme", "model": "m", "output_format": "application/json"}},
			node{"partition", "vlm",
				vlmEcho(map[string]any{"provider": "Acme", "model": "m", "output_format": "application/json"})}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := Normalize([]Node{{Name: "n", Type: c.in.nodeType, Subtype: c.in.subtype,
				Settings: c.in.settings}})
			if problems != nil {
				t.Fatalf("problems %v", problems)
			}
			compare(t, got[0], c.want.nodeType, c.want.subtype, c.want.settings)
		})
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	chunker := func(settings map[string]any) []Node {
		return []Node{{Name: "p", Type: KindPartition, Subtype: "unstructured_api"}, {Name: "c", Type: KindChunk, Subtype: SubtypeByTitle, Settings: settings}}
	}
	got, problems := Normalize(chunker(map[string]any{"max_tokens": "256", "tokenizer": "CL100K_BASE", "overlap": 100}))
	if problems != nil || got[1].Settings["max_tokens"] != int64(256) || got[1].Settings["tokenizer"] != "cl100k_base" {
		t.Errorf("%v %v", problems, got)
	}
	for want, settings := range map[string]map[string]any{
		"mutually exclusive":         {"max_tokens": 5, "max_characters": 5, "tokenizer": "wordpiece"},
		"'tokenizer' is required":    {"max_tokens": 5},
		"Input should be":            {"max_tokens": 5, "tokenizer": "morse"},
		"less than max_tokens (5)":   {"max_tokens": 5, "tokenizer": "wordpiece", "overlap": 5},
		"needs 'max_tokens'":         {"new_after_n_tokens": 5},
		"greater than or equal to 1": {"max_tokens": 0, "tokenizer": "wordpiece"},
	} {
		if _, problems := Normalize(chunker(settings)); len(problems) == 0 || !strings.Contains(problems[0].Msg, want) {
			t.Errorf("%v: %v, want %q", settings, problems, want)
		}
	}
	// What was not given is not shown.
	if got, _ := Normalize(chunker(nil)); got[1].Settings["max_characters"] != nil || len(got[1].Settings) == 0 {
		t.Errorf("%v", got[1].Settings)
	} else if _, shown := got[1].Settings["max_tokens"]; shown {
		t.Errorf("%v", got[1].Settings)
	}
}

func compare(t *testing.T, n Node, nodeType, subtype string, settings map[string]any) {
	t.Helper()
	if n.Type != nodeType || n.Subtype != subtype {
		t.Errorf("got %s/%s, want %s/%s", n.Type, n.Subtype, nodeType, subtype)
	}
	if !reflect.DeepEqual(n.Settings, settings) {
		t.Errorf("settings\ngot  %v\nwant %v", n.Settings, settings)
	}
	if _, err := uuid.Parse(n.ID); err != nil {
		t.Errorf("id %q: %v", n.ID, err)
	}
}

func TestNormalizeOthers(t *testing.T) {
	t.Parallel()
	type node struct {
		nodeType, subtype string
		settings          map[string]any
	}
	titleEcho := func(changes map[string]any) map[string]any {
		out := chunkEcho(map[string]any{"multipage_sections": false, "combine_text_under_n_chars": nil})
		for k, v := range changes {
			out[k] = v
		}
		return out
	}
	for name, c := range map[string]struct{ in, want node }{
		"chunk by character": {
			node{"chunk", "chunk_by_character", map[string]any{"max_characters": "2048", "new_after_n_chars": 1500.0,
				"overlap": 160, "multipage_sections": true}},
			node{"chunk", "chunk_by_character", chunkEcho(map[string]any{"max_characters": int64(2048),
				"new_after_n_chars": int64(1500), "overlap": int64(160)})}},
		"chunk basic": {node{"chunk", "basic", nil}, node{"chunk", "chunk_by_character", chunkEcho(nil)}},
		"chunk by title": {
			node{"CHUNK", "by_title", map[string]any{"combine_under_n_chars": 3000, "max_characters": 5500,
				"include_orig_elements": "true", "contextual_chunking_strategy": "V1"}},
			node{"chunk", "chunk_by_title", titleEcho(map[string]any{"combine_text_under_n_chars": int64(3000),
				"max_characters": int64(5500), "include_orig_elements": true, "contextual_chunking_strategy": "v1"})}},
		"chunk by title, all null": {
			node{"chunk", "chunk_by_title", map[string]any{"max_characters": nil, "overlap": nil, "overlap_all": nil,
				"contextual_chunking_strategy": ""}},
			node{"chunk", "chunk_by_title", titleEcho(nil)}},
		"chunk by page": {node{"chunk", "by_page", map[string]any{"max_characters": 500, "overlap": 499}},
			node{"chunk", "chunk_by_page",
				chunkEcho(map[string]any{"max_characters": int64(500), "overlap": int64(499)})}},
		"chunk by similarity": {node{"chunk", "by_similarity", map[string]any{"new_after_n_chars": true}},
			node{"chunk", "chunk_by_similarity", chunkEcho(map[string]any{"similarity_threshold": 0.5})}},
		"chunk by similarity, ends of the range": {
			node{"chunk", "chunk_by_similarity", map[string]any{"similarity_threshold": "0.01"}},
			node{"chunk", "chunk_by_similarity", chunkEcho(map[string]any{"similarity_threshold": 0.01})}},
		"swapped chunk": {node{"chunk_by_page", "chunk", nil}, node{"chunk", "chunk_by_page", chunkEcho(nil)}},
		"enrichment without settings": {node{"prompter", "openai_image_description", nil},
			node{"prompter", "openai_image_description", map[string]any{"model": "gpt-4o"}}},
		"enrich": {node{"Enrich", "twopass_table2html", map[string]any{}},
			node{"prompter", "twopass_table2html", map[string]any{}}},
		"enrichment of another provider": {node{"enrichment", "acme_ner",
			map[string]any{"model": "x", "provider_type": "acme",
				"prompt_interface_overrides": map[string]any{"prompt": map[string]any{"user": "{{text}}"}}}},
			node{"prompter", "acme_ner", map[string]any{"model": "x", "provider_type": "acme",
				"prompt_interface_overrides": map[string]any{"prompt": map[string]any{"user": "{{text}}"}}}}},
		"embed": {node{"embed", "voyageai", map[string]any{"model_name": "voyage-3", "dimensions": 5}},
			node{"embed", "voyageai", map[string]any{"model_name": "voyage-3"}}},
		"embed without model": {node{"embed", "openai", nil},
			node{"embed", "openai", map[string]any{"model_name": nil}}},
		"extract, both keys, one empty": {
			node{"structured_data_extractor", "llm", map[string]any{"provider": "openai", "model": "gpt-4o",
				"schema_to_extract": map[string]any{"json_schema": `{"type":"object"}`, "extraction_guidance": ""}}},
			node{"structured_data_extractor", "llm", map[string]any{"provider": "openai", "model": "gpt-4o",
				"schema_to_extract": map[string]any{"json_schema": `{"type":"object"}`}}}},
		"extract, schema as an object": {
			node{"structured_data_extractor", "llm", map[string]any{
				"schema_to_extract": map[string]any{"json_schema": map[string]any{"type": "object"}}}},
			node{"structured_data_extractor", "llm", map[string]any{"provider": nil, "model": nil,
				"schema_to_extract": map[string]any{"json_schema": `{"type":"object"}`}}}},
		"extract by guidance": {
			node{"structured_data_extractor", "llm", map[string]any{
				"schema_to_extract": map[string]any{"json_schema": nil, "extraction_guidance": "dates"}}},
			node{"structured_data_extractor", "llm", map[string]any{"provider": nil, "model": nil,
				"schema_to_extract": map[string]any{"extraction_guidance": "dates"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := []Node{fast, {Name: "n", Type: c.in.nodeType, Subtype: c.in.subtype, Settings: c.in.settings}}
			got, problems := Normalize(list)
			if problems != nil {
				t.Fatalf("problems %v", problems)
			}
			compare(t, got[1], c.want.nodeType, c.want.subtype, c.want.settings)
			again, problems := Normalize(got)
			if problems != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("normalising twice: %v, %v", again, problems)
			}
		})
	}
}

func TestNormalizeProblems(t *testing.T) {
	t.Parallel()
	chunk := func(settings map[string]any) Node {
		return Node{Name: "c", Type: "chunk", Subtype: "chunk_by_similarity", Settings: settings}
	}
	extract := func(schema any) Node {
		return Node{Name: "x", Type: "structured_data_extractor", Subtype: "llm",
			Settings: map[string]any{"schema_to_extract": schema}}
	}
	for name, c := range map[string]struct {
		nodes []Node
		path  []any
		code  string
		msg   string // part of the message
	}{
		"unknown strategy": {[]Node{{Name: "p", Type: "partition", Subtype: "unstructured_api",
			Settings: map[string]any{"strategy": "slow"}}}, []any{0, "settings", "strategy"}, "enum",
			"'auto', 'fast', 'hi_res' or 'ocr_only'"},
		"no partition": {[]Node{chunk(nil)}, []any{}, "value_error", "needs a partition node"},
		"two partitions": {[]Node{fast, {Name: "p", Type: "partition", Subtype: "vlm"}}, []any{1}, "value_error",
			"exactly one partition node"},
		"chunk first": {[]Node{chunk(nil), fast}, []any{1}, "value_error", "must be the first"},
		"unknown type": {[]Node{fast, {Name: "n", Type: "magic", Subtype: "wand"}}, []any{1, "type"}, "enum",
			"'partition'"},
		"unknown chunker": {[]Node{fast, {Name: "n", Type: "chunk", Subtype: "by_mood"}}, []any{1, "subtype"},
			"enum", "'chunk_by_character'"},
		"unknown partition": {[]Node{{Name: "n", Type: "partition", Subtype: "magic"}}, []any{0, "subtype"}, "enum",
			"'unstructured_api' or 'vlm'"},
		"enrichment without task": {[]Node{fast, {Name: "n", Type: "prompter", Subtype: "openai"}}, []any{1, "subtype"},
			"value_error", "<provider>_<task>"},
		"no name": {[]Node{fast, {Type: "embed", Subtype: "openai"}}, []any{1, "name"}, "missing",
			"Field required"},
		"no type": {[]Node{fast, {Name: "n", Subtype: "openai"}}, []any{1, "type"}, "missing",
			"Field required"},
		"no subtype": {[]Node{fast, {Name: "n", Type: "embed"}}, []any{1, "subtype"}, "missing", "Field required"},
		"threshold 0": {[]Node{fast, chunk(map[string]any{"similarity_threshold": 0.0})},
			[]any{1, "settings", "similarity_threshold"}, "greater_than_equal", "0.01"},
		"threshold 1": {[]Node{fast, chunk(map[string]any{"similarity_threshold": 1.0})},
			[]any{1, "settings", "similarity_threshold"}, "less_than_equal", "0.99"},
		"overlap too big": {[]Node{fast, chunk(map[string]any{"overlap": 200, "max_characters": 200})},
			[]any{1, "settings", "overlap"}, "value_error", "overlap (200) must be less than max_characters (200)"},
		"overlap over default": {[]Node{fast, chunk(map[string]any{"overlap": 500})}, []any{1, "settings", "overlap"},
			"value_error", "max_characters (500)"},
		"negative size": {[]Node{fast, chunk(map[string]any{"max_characters": -1})},
			[]any{1, "settings", "max_characters"}, "greater_than_equal", "1"},
		"negative soft": {[]Node{fast, chunk(map[string]any{"new_after_n_chars": -1})},
			[]any{1, "settings", "new_after_n_chars"}, "greater_than_equal", "0"},
		"size of words": {[]Node{fast, chunk(map[string]any{"max_characters": "many"})},
			[]any{1, "settings", "max_characters"}, "int_parsing", "integer"},
		"both schemas": {[]Node{fast, extract(map[string]any{"json_schema": "{}", "extraction_guidance": "dates"})},
			[]any{1, "settings", "schema_to_extract"}, "value_error", "not both"},
		"no schema": {[]Node{fast, extract(map[string]any{"json_schema": "", "extraction_guidance": " "})},
			[]any{1, "settings", "schema_to_extract"}, "value_error", "give json_schema or extraction_guidance"},
		"schema is no JSON": {[]Node{fast, extract(map[string]any{"json_schema": "{oops"})},
			[]any{1, "settings", "schema_to_extract", "json_schema"}, "value_error", "JSON object"},
		"schema is a list": {[]Node{fast, extract(map[string]any{"json_schema": []any{}})},
			[]any{1, "settings", "schema_to_extract", "json_schema"}, "value_error", "JSON object"},
		"guidance is a number": {[]Node{fast, extract(map[string]any{"extraction_guidance": 5})},
			[]any{1, "settings", "schema_to_extract", "extraction_guidance"}, "value_error", "string"},
		"schema missing": {[]Node{fast, {Name: "x", Type: "structured_data_extractor", Subtype: "llm"}},
			[]any{1, "settings", "schema_to_extract"}, "missing", "Field required"},
		"bad id": {[]Node{{ID: "../../etc", Name: "p", Type: "partition", Subtype: "unstructured_api"}}, []any{0, "id"},
			"uuid_parsing", "valid UUID"},
		"same id": {[]Node{fast, {ID: strings.ToUpper(nodeID), Name: "e", Type: "embed", Subtype: "openai"}},
			[]any{1, "id"},
			"value_error", "node 1 has the same id"},
		"too many": {make([]Node, MaxNodes+1), nil, "too_long", "at most 100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := Normalize(c.nodes)
			if got != nil || len(problems) != 1 {
				t.Fatalf("got %v, problems %v", got, problems)
			}
			p := problems[0]
			if !reflect.DeepEqual(p.Path, c.path) || p.Type != c.code || !strings.Contains(p.Msg, c.msg) {
				t.Errorf("got %v %s %q", p.Path, p.Type, p.Msg)
			}
		})
	}
}

// What is odd but not senseless is accepted and keeps its order.
func TestNormalizeAccepts(t *testing.T) {
	t.Parallel()
	kinds := map[string]Node{
		"P": fast,
		"C": {Name: "c", Type: "chunk", Subtype: "chunk_by_title"},
		"N": {Name: "n", Type: "prompter", Subtype: "openai_ner"},
		"E": {Name: "e", Type: "embed", Subtype: "azure_openai"},
		"X": {Name: "x", Type: "structured_data_extractor", Subtype: "llm",
			Settings: map[string]any{"schema_to_extract": map[string]any{"extraction_guidance": "dates"}}},
	}
	for _, layout := range []string{"P", "PC", "PCE", "PNC", "PNNCE", "PX", "PCX", "PCEX", "PNCX", "PNCEX", "PCN",
		"PE", "PXC", ""} {
		var nodes []Node
		for _, letter := range layout {
			nodes = append(nodes, kinds[string(letter)])
		}
		got, problems := Normalize(nodes)
		if problems != nil || len(got) != len(nodes) {
			t.Fatalf("%s: %v, %v", layout, got, problems)
		}
		for i := range got {
			if got[i].Type != nodes[i].Type {
				t.Errorf("%s: node %d is %s", layout, i, got[i].Type)
			}
		}
	}
}

func TestNormalizeKeepsIDs(t *testing.T) {
	t.Parallel()
	got, problems := Normalize([]Node{fast, {Name: "e", Type: "embed", Subtype: "openai"}})
	if problems != nil {
		t.Fatal(problems)
	}
	if got[0].ID != nodeID {
		t.Errorf("the given id became %s", got[0].ID)
	}
	if u, err := uuid.Parse(got[1].ID); err != nil || u.Version() != 4 {
		t.Errorf("assigned id %s: %v", got[1].ID, err)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var list []any
	if err := json.Unmarshal([]byte(`[
		{"name":"Partitioner","type":"partition","subtype":"unstructured_api","settings":{"strategy":"fast"},"destination_id":"x"},
		{"id":null,"name":"Chunker","type":"chunk","subtype":"chunk_by_title","settings":null}]`), &list); err != nil {
		t.Fatal(err)
	}
	nodes, problems := Decode(list)
	if problems != nil || len(nodes) != 2 || nodes[1].Subtype != "chunk_by_title" ||
		nodes[1].Settings["multipage_sections"] != false {
		t.Fatalf("got %v, %v", nodes, problems)
	}

	list = []any{"x", map[string]any{"type": 5.0, "subtype": nil, "settings": []any{}}}
	_, problems = Decode(list)
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprint(p.Path, " ", p.Type))
	}
	want := []string{"[0] model_attributes_type", "[1 name] missing", "[1 type] string_type",
		"[1 subtype] string_type", "[1 settings] dict_type"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, problems := Decode(make([]any, MaxNodes+1)); len(problems) != 1 || problems[0].Type != "too_long" {
		t.Errorf("too many: %v", problems)
	}
}

func TestSecretsOfNodes(t *testing.T) {
	t.Parallel()
	stored, problems := Normalize([]Node{{ID: nodeID, Name: "p", Type: "partition", Subtype: "vlm",
		Settings: map[string]any{"provider_api_key": "sk-1"}}})
	if problems != nil {
		t.Fatal(problems)
	}
	shown := Mask(stored)
	if shown[0].Settings["provider_api_key"] != spec.Mask || stored[0].Settings["provider_api_key"] != "sk-1" {
		t.Fatalf("shown %v, stored %v", shown[0].Settings, stored[0].Settings)
	}
	if kept := KeepSecrets(shown, stored); kept[0].Settings["provider_api_key"] != "sk-1" {
		t.Errorf("kept %v", kept[0].Settings)
	}
	if kept := KeepSecrets(shown, nil); kept[0].Settings["provider_api_key"] != nil {
		t.Errorf("a mask was kept as a secret: %v", kept[0].Settings)
	}
	if shown[0].Settings["provider_api_key"] != spec.Mask {
		t.Error("the input was changed")
	}
}

func TestNodeKindsNameEverySubtypeOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range NodeKinds() {
		if k.Title == "" || k.Summary == "" || len(k.Subtypes) == 0 {
			t.Errorf("%s %v says too little", k.Type, k.Subtypes)
		}
		for _, s := range k.Subtypes {
			if seen[k.Type+"/"+s] {
				t.Errorf("%s/%s is there twice", k.Type, s)
			}
			seen[k.Type+"/"+s] = true
		}
		for _, f := range k.Settings.Fields {
			if f.Help == "" {
				t.Errorf("%s %v: %s has no help", k.Type, k.Subtypes, f.Name)
			}
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{
		`[{"name":"p","type":"partition","subtype":"unstructured_api","settings":{"strategy":"fast"}}]`,
		`[{"name":"p","type":"vlm","subtype":"partition"},{"name":"c","type":"chunk","subtype":"basic","settings":{"overlap":"5"}}]`,
		`[{"name":"p","type":"partition","subtype":"vlm"},{"name":"x","type":"structured_data_extractor","subtype":"llm",
		  "settings":{"schema_to_extract":{"json_schema":{"a":[1.5]}}}}]`,
		`[{"id":"93fc2ce8-e7c8-424f-a6aa-41460fc5d35d","name":"p","type":"ENRICH","subtype":"openai_ner"}]`, `[]`,
		`[null]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var list []any
		if json.Unmarshal([]byte(text), &list) != nil {
			return
		}
		nodes, problems := Decode(list)
		for _, p := range problems {
			if p.Type == "" || p.Msg == "" {
				t.Fatalf("problem %+v says nothing", p)
			}
		}
		if problems != nil {
			return
		}
		again, problems := Normalize(nodes)
		if problems != nil || !reflect.DeepEqual(again, nodes) {
			t.Fatalf("normalising twice: %v then %v (%v)", nodes, again, problems)
		}
		stored, err := json.Marshal(nodes)
		if err != nil {
			t.Fatal(err)
		}
		var back []Node
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatal(err)
		}
		if again, problems = Normalize(back); problems != nil || !reflect.DeepEqual(again, nodes) {
			t.Fatalf("after storing: %v then %v (%v)", nodes, again, problems)
		}
	})
}

func TestVisionSettings(t *testing.T) {
	t.Parallel()
	settings := func(given map[string]any) map[string]any {
		t.Helper()
		nodes, problems := Normalize([]Node{{Name: "p", Type: "VLM", Subtype: "Partition", Settings: given}})
		if problems != nil {
			t.Fatalf("%v: %v", given, problems)
		}
		if nodes[0].Type != KindPartition || nodes[0].Subtype != SubtypeVLM {
			t.Errorf("%+v", nodes[0])
		}
		if again, problems := Normalize(nodes); problems != nil || !reflect.DeepEqual(again, nodes) {
			t.Errorf("normalising twice: %v then %v (%v)", nodes, again, problems)
		}
		return nodes[0].Settings
	}
	plain := map[string]any{
		"provider": "anthropic", "provider_api_key": nil, "model": "claude-sonnet-4-20250514", "output_format": "text/html", "prompt": nil,
		"format_html": true, "unique_element_ids": true, "is_dynamic": false, "allow_fast": true, "custom_host_config": nil,
	}
	if got := settings(nil); !reflect.DeepEqual(got, plain) {
		t.Errorf("defaults: %v", got)
	}
	// Published samples leave words empty, give a prompt as an object, and a strategy.
	if got := settings(map[string]any{"provider": "", "model": " ", "strategy": "auto", "prompt": map[string]any{"text": ""}, "nonesuch": 1}); !reflect.DeepEqual(got, plain) {
		t.Errorf("empty words: %v", got)
	}
	if got := settings(map[string]any{"user_prompt": map[string]any{"text": "Read."}, "is_dynamic": "true", "allow_fast": "False"}); got["prompt"] != "Read." ||
		got["is_dynamic"] != true || got["allow_fast"] != false {
		t.Errorf("%v", got)
	}
	for provider, want := range map[string]any{"OpenAI": "gpt-4o", "bedrock": "us.anthropic.claude-sonnet-4-20250514-v1:0", "vertexai": "gemini-2.0-flash-001",
		"auto": "claude-sonnet-4-20250514", "togetherai": ""} {
		if got := settings(map[string]any{"provider": provider}); got["model"] != want {
			t.Errorf("%s: %v, want %v", provider, got["model"], want)
		}
	}
	if got := settings(map[string]any{"provider": "openai", "model": "gpt-5-mini-2025-08-07"}); got["model"] != "gpt-5-mini-2025-08-07" {
		t.Errorf("%v", got)
	}
}
