package contract_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/model/modeltest"
	"github.com/sluicehq/sluice/workflow"
)

// TestTemplatesRun takes a document through every template. The keys of providers stand in the environment, as an operator puts
// them; without them the templates that need nobody run, and the others are refused by the name of what is missing.
func TestTemplatesRun(t *testing.T) { // sets the environment and so runs alone
	needTesseract(t)
	for _, provider := range model.Providers() {
		for _, name := range model.Variables(provider) {
			if os.Getenv(name) != "" {
				t.Setenv(name, "")
			}
		}
	}
	s := start(t)
	file := func(id string) (name, content string) {
		if id == "vlm_and_enrichment" {
			return "scan.pdf", scanned()
		}
		return "mixed.pdf", mixed()
	}
	run := func(t *testing.T, id string) (map[string]any, []map[string]any) {
		t.Helper()
		name, content := file(id)
		job := s.run(t, templateForm(id).file("input_files", name, "", content))
		if job["status"] != "COMPLETED" {
			t.Fatalf("%v: %s", job, s.call(t, "GET", jobs+"/"+job["id"].(string)+"/failed-files", s.key, nil).body)
		}
		return job, s.download(t, job, 0, "")
	}
	check := map[string]func(t *testing.T, job map[string]any, elements []map[string]any){
		"hi_res_partition": func(t *testing.T, _ map[string]any, elements []map[string]any) {
			count(t, elements, "Table", 1)
			count(t, elements, "Image", 1)
		},
		"hi_res_and_enrichment": func(t *testing.T, job map[string]any, elements []map[string]any) {
			for i, want := range []string{"93fc2ce8-e7c8-424f-a6aa-41460fc5d35d", "4eb78731-4669-438c-9e2c-c76fcb1c9a52", "35cacdfe-3ac1-4183-bbf4-826cd88c882c", "ee5d4bf2-3783-4818-9f69-9ebbaa8778ea"} {
				if got := job["output_node_files"].([]any)[i].(map[string]any)["node_id"]; got != want {
					t.Errorf("node %d is %v, want %s", i, got, want)
				}
			}
			for _, e := range elements {
				want := "Read by a model."
				switch e["type"] {
				case "Image":
					want = picture
				case "Table":
					if metadata(e)["text_as_html"] != rates {
						t.Errorf("%v", e)
					}
				}
				if e["type"] == "Image" && !sameJSON(e["text"], want) || e["type"] != "Image" && e["text"] != want && metadata(e)["image_base64"] != nil {
					t.Errorf("%v: %q", e["type"], e["text"])
				}
			}
			count(t, elements, "Table", 1)
			count(t, elements, "Image", 1)
		},
		"fast_chunk_embed": func(t *testing.T, _ map[string]any, elements []map[string]any) {
			for _, e := range elements {
				if v, _ := e["embeddings"].([]any); len(v) != 1536 || e["type"] != "CompositeElement" {
					t.Errorf("%v with %d numbers", e["type"], len(v))
				}
			}
		},
		"vlm_and_enrichment": func(t *testing.T, _ map[string]any, elements []map[string]any) {
			count(t, elements, "Table", 1)
			for _, e := range elements {
				if e["text"] != "" && metadata(e)["entities"] == nil || metadata(e)["partitioner_type"] != "vlm_partition" {
					t.Errorf("%v", e)
				}
			}
		},
		"tables_only": func(t *testing.T, _ map[string]any, elements []map[string]any) {
			count(t, elements, "Table", len(elements))
			if html, _ := metadata(elements[0])["text_as_html"].(string); !strings.HasPrefix(html, "<table") {
				t.Errorf("%v", elements[0])
			}
		},
		"local": func(t *testing.T, _ map[string]any, elements []map[string]any) {
			tables := 0
			for _, e := range elements {
				if v, _ := e["embeddings"].([]any); len(v) != 100 || !strings.Contains(e["text"].(string), "Original: ") {
					t.Errorf("%v", e)
				}
				if e["type"] == "Table" {
					tables++
				}
			}
			if tables != 1 {
				t.Errorf("%d tables", tables)
			}
		},
	}
	needs := map[string]string{"hi_res_and_enrichment": "OPENAI_API_KEY", "fast_chunk_embed": "OPENAI_API_KEY", "vlm_and_enrichment": "ANTHROPIC_API_KEY"}
	for _, tpl := range workflow.Templates() {
		if check[tpl.ID] == nil {
			t.Errorf("template %s is not run", tpl.ID)
		}
		name, content := file(tpl.ID)
		if variable := needs[tpl.ID]; variable != "" {
			a := s.call(t, "POST", jobs, s.key, templateForm(tpl.ID).file("input_files", name, "", content)).want(422)
			if !strings.Contains(string(a.body), variable) {
				t.Errorf("%s without a key: %s", tpl.ID, a.body)
			}
			continue
		}
		job, elements := run(t, tpl.ID)
		check[tpl.ID](t, job, elements)
	}
	openai, anthropic := modeltest.New(t, "openai"), modeltest.New(t, "anthropic")
	openai.Reply, anthropic.Reply = reply, reply
	for name, value := range map[string]string{
		"OPENAI_API_KEY": modeltest.Secret, "OPENAI_BASE_URL": openai.URL, "ANTHROPIC_API_KEY": modeltest.Secret, "ANTHROPIC_BASE_URL": anthropic.URL,
	} {
		t.Setenv(name, value)
	}
	for _, tpl := range workflow.Templates() {
		job, elements := run(t, tpl.ID)
		check[tpl.ID](t, job, elements)
	}
}

// sameJSON compares two JSON texts without regard to the order of keys.
func sameJSON(a any, b string) bool {
	var x, y any
	text, _ := a.(string)
	return json.Unmarshal([]byte(text), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func count(t *testing.T, elements []map[string]any, kind string, want int) {
	t.Helper()
	n := 0
	for _, e := range elements {
		if e["type"] == kind {
			n++
		}
	}
	if n != want || want == 0 {
		t.Errorf("%d elements of type %s, want %d", n, kind, want)
	}
}
