package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/model/modeltest"
)

// asks is a node that asks a server of the test.
func asks(m *modeltest.Server, kind, subtype string, settings ...any) map[string]any {
	return node(subtype, kind, subtype, append([]any{"provider_api_key", modeltest.Secret, "base_url", m.URL}, settings...)...)
}

func metadata(e map[string]any) map[string]any { return e["metadata"].(map[string]any) }

const (
	prose   = "The committee approved the budget on Tuesday after a long debate about the costs of the building."
	rates   = `<table><thead><tr><th>Place</th><th>Rate</th></tr></thead><tbody><tr><td>Mill</td><td>twelve</td></tr></tbody></table>`
	person  = `{"items":[{"entity":"Ada Miller","type":"PERSON"},{"entity":"Alder Mill","type":"ORGANIZATION"}],"relationships":[{"from":"Ada Miller","relationship":"works_for","to":"Alder Mill"}]}`
	picture = `{"type":"diagram","description":"A mill beside a river."}`
)

// reply answers every task as a good model does.
func reply(q modeltest.Question) string {
	properties, _ := q.Schema["properties"].(map[string]any)
	switch {
	case properties["items"] != nil:
		return person
	case properties["description"] != nil:
		return picture
	case strings.Contains(q.System, "tables as HTML"):
		return "```html\n" + rates + "\n```"
	case strings.Contains(q.System, "pictures of document pages"):
		return `<div class="Page"><h1 class="Title">Rates</h1><p class="NarrativeText">The rates of Ada Miller.</p>` + rates + `</div>`
	case strings.Contains(q.System, "read the text in pictures"):
		return "Read by a model."
	case strings.Contains(q.System, "describe tables"):
		return "Rates of mills."
	}
	return "?"
}

// photo is a picture that no table or text is taken for.
func photo() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 300, 60))
	for y := range 60 {
		for x := range 300 {
			m.SetRGBA(x, y, color.RGBA{uint8(x), uint8(2 * y), uint8(x * y), 255})
		}
	}
	return m
}

// mixed is a page of text with a table, and a page with a picture below its text.
func mixed() string {
	return string(formattest.PDF(
		formattest.Leaf{Lines: []string{prose, prose}, Table: [][]string{{"Place", "Rate"}, {"Mill", "12"}, {"Bridge", "14"}, {"Lock", "15"}}},
		formattest.Leaf{Lines: []string{prose, prose, prose}, Picture: photo(), Share: 0.2},
	))
}

func scanned() string {
	return string(formattest.PDF(formattest.Leaf{Picture: typeset.Page("The rates of Ada Miller.", 14, 600, 800, 150), Share: 1}))
}

func needTesseract(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tesseract"); err != nil {
		t.Skip("tesseract is not installed")
	}
}

// TestModelNodes has checks 80 to 98 whose nodes ask a model, and 88 and 98, which ask nobody.
func TestModelNodes(t *testing.T) {
	t.Parallel()
	s := start(t)
	run := func(t *testing.T, name, content string, nodes ...map[string]any) (map[string]any, []map[string]any) {
		t.Helper()
		job := s.run(t, jobForm(nodes...).file("input_files", name, "", content))
		if job["status"] != "COMPLETED" {
			t.Fatalf("%v: %s", job, s.call(t, "GET", "/api/v1/jobs/"+job["id"].(string)+"/failed-files", s.key, nil).body)
		}
		return job, s.download(t, job, 0, "")
	}
	server := func(t *testing.T, provider string) *modeltest.Server {
		m := modeltest.New(t, provider)
		m.Reply = reply
		return m
	}
	hiRes := partitionNode("strategy", "hi_res", "pdf_infer_table_structure", true, "extract_image_block_types", []any{"image", "table"})

	t.Run("88 by similarity", func(t *testing.T) {
		t.Parallel()
		long := "The miller grinds the corn of the village.\n\nFlour is sold at the market of the town.\n\nThe court dismissed the appeal of the company.\n\nJudges read the law with care.\n"
		count := func(threshold float64) int {
			_, chunks := run(t, "a.txt", long, partitionNode(), chunkNode("chunk_by_similarity", "similarity_threshold", threshold))
			return len(chunks)
		}
		if few, many := count(0.01), count(0.99); many < few || many < 2 {
			t.Errorf("%d chunks at 0.99, %d at 0.01", many, few)
		}
		for _, wrong := range []any{0, 1, -0.5, "much"} {
			a := s.call(t, "POST", jobs, s.key, jobForm(partitionNode(), chunkNode("chunk_by_similarity", "similarity_threshold", wrong)).file("input_files", "a.txt", "", long)).want(422)
			if !strings.Contains(string(a.body), "similarity_threshold") {
				t.Errorf("%v: %s", wrong, a.body)
			}
		}
	})
	t.Run("91 contextual", func(t *testing.T) {
		t.Parallel()
		_, chunks := run(t, "report.docx", sample(t, "report.docx"), partitionNode(), chunkNode("chunk_by_title", "contextual_chunking_strategy", "v1"))
		for _, c := range chunks {
			if !regexp.MustCompile(`(?s)^Prefix: .*; ?Original: `).MatchString(c["text"].(string)) {
				t.Errorf("%q", c["text"])
			}
		}
	})
	t.Run("92 embed", func(t *testing.T) {
		t.Parallel()
		for provider, models := range map[string]map[string]int{
			"openai": {"text-embedding-3-large": 3072}, "azure_openai": {"text-embedding-ada-002": 1536},
			"bedrock": {"amazon.titan-embed-text-v2:0": 1024, "cohere.embed-english-v3": 1024}, "togetherai": {"togethercomputer/m2-bert-80M-32k-retrieval": 768},
			"voyageai": {"voyage-3-lite": 512},
		} {
			m := server(t, provider)
			for name, dimension := range models {
				n := asks(m, "embed", provider, "model_name", name)
				if provider == "bedrock" {
					n["settings"].(map[string]any)["provider_api_key"] = m.Config().Key
				}
				_, elements := run(t, "a.txt", text, partitionNode(), n)
				for _, e := range elements {
					if v, _ := e["embeddings"].([]any); len(v) != dimension {
						t.Errorf("%s: %d numbers, want %d", name, len(v), dimension)
					}
				}
			}
		}
		_, elements := run(t, "a.txt", text, partitionNode())
		if _, given := elements[0]["embeddings"]; given {
			t.Error("vectors without an embedder")
		}
	})
	t.Run("93 and 95 to 96 pictures and tables", func(t *testing.T) {
		t.Parallel()
		needTesseract(t)
		m := server(t, "anthropic")
		_, plain := run(t, "mixed.pdf", mixed(), hiRes)
		_, elements := run(t, "mixed.pdf", mixed(), hiRes, asks(m, "prompter", "anthropic_image_description"), asks(m, "prompter", "anthropic_ocr"),
			asks(m, "prompter", "anthropic_table2html"))
		images, tables := 0, 0
		for i, e := range elements {
			switch e["type"] {
			case "Image":
				images++
				var d map[string]any
				if err := json.Unmarshal([]byte(e["text"].(string)), &d); err != nil || d["type"] != "diagram" || d["description"] == nil || metadata(e)["image_base64"] == nil {
					t.Errorf("%v, %v", e["text"], err)
				}
			case "Table":
				tables++
				if html := metadata(e)["text_as_html"]; html != rates || e["text"] != "Read by a model." {
					t.Errorf("%v %v", html, e["text"])
				}
			default:
				if e["text"] != plain[i]["text"] {
					t.Errorf("%v became %v", plain[i], e)
				}
			}
		}
		if images != 1 || tables != 1 {
			t.Errorf("%d images, %d tables", images, tables)
		}
		// Without extract_image_block_types there is nothing to read again, and no question.
		asked := len(m.Questions())
		bare := partitionNode("strategy", "hi_res")
		_, before := run(t, "mixed.pdf", mixed(), bare)
		_, after := run(t, "mixed.pdf", mixed(), bare, asks(m, "prompter", "anthropic_ocr"))
		for i := range before {
			if before[i]["text"] != after[i]["text"] {
				t.Errorf("%v became %v", before[i], after[i])
			}
		}
		if len(m.Questions()) != asked {
			t.Error("somebody was asked")
		}
		// twopass_table2html needs neither provider nor model.
		_, elements = run(t, "mixed.pdf", mixed(), hiRes, node("T", "prompter", "twopass_table2html"))
		tables = 0
		for _, e := range elements {
			if html, _ := metadata(e)["text_as_html"].(string); e["type"] == "Table" && strings.HasPrefix(html, "<table") {
				tables++
			}
		}
		if tables != 1 {
			t.Errorf("%d tables", tables)
		}
	})
	t.Run("94 NER", func(t *testing.T) {
		t.Parallel()
		m := server(t, "openai")
		for _, nodes := range [][]map[string]any{
			{partitionNode(), asks(m, "prompter", "openai_ner")},
			{partitionNode(), chunkNode("chunk_by_title"), asks(m, "prompter", "openai_ner", "prompt_interface_overrides", map[string]any{"prompt": map[string]any{"user": "Persons of: {{text}}"}})},
			{partitionNode(), asks(m, "prompter", "openai_ner"), chunkNode("chunk_by_title")},
		} {
			_, elements := run(t, "a.txt", text, nodes...)
			for _, e := range elements {
				found, _ := metadata(e)["entities"].(map[string]any)
				items, _ := found["items"].([]any)
				relations, _ := found["relationships"].([]any)
				if len(items) != 2 || len(relations) != 1 {
					t.Fatalf("%v", metadata(e))
				}
				item, relation := items[0].(map[string]any), relations[0].(map[string]any)
				if item["entity"] != "Ada Miller" || item["type"] != "PERSON" || relation["from"] != "Ada Miller" || relation["relationship"] != "works_for" || relation["to"] != "Alder Mill" {
					t.Errorf("%v", found)
				}
			}
		}
		builtIn, own := 0, 0
		for _, q := range m.Questions() {
			if strings.HasPrefix(q.Text, "Persons of: ") && !strings.Contains(q.Text, "{{text}}") {
				own++
			} else if strings.Contains(q.Text, "PERSON") {
				builtIn++
			}
		}
		if own == 0 || builtIn == 0 {
			t.Errorf("%d questions of the node, %d of the program", own, builtIn)
		}
	})
	t.Run("97 extract", func(t *testing.T) {
		t.Parallel()
		const schema = `{"type":"object","properties":{"title":{"type":"string"},"pages":{"type":"integer"}},"required":["title","pages"],"additionalProperties":false}`
		m := modeltest.New(t, "openai")
		var calls atomic.Int64
		m.Reply = func(modeltest.Question) string {
			if calls.Add(1) == 1 {
				return `{"title": 7}` // does not fit and is asked for again
			}
			return `{"title":"Rates","pages":2}`
		}
		extract := func(given map[string]any) map[string]any {
			return asks(m, "structured_data_extractor", "llm", "provider", "openai", "model", "gpt-4o", "schema_to_extract", given)
		}
		_, before := run(t, "a.txt", text, partitionNode())
		_, elements := run(t, "a.txt", text, partitionNode(), extract(map[string]any{"json_schema": schema, "extraction_guidance": ""}))
		data, _ := metadata(elements[0])["extracted_data"].(map[string]any)
		if elements[0]["type"] != "DocumentData" || elements[0]["text"] != "" || data["title"] != "Rates" || data["pages"] != 2.0 || len(data) != 2 ||
			len(elements) != len(before)+1 || elements[1]["element_id"] == nil || elements[1]["text"] != before[0]["text"] || calls.Load() != 2 {
			t.Errorf("%v after %d calls", elements[0], calls.Load())
		}
		for _, wrong := range []map[string]any{{"json_schema": schema, "extraction_guidance": "The title."}, {}, {"json_schema": "", "extraction_guidance": nil}} {
			s.call(t, "POST", jobs, s.key, jobForm(partitionNode(), extract(wrong)).file("input_files", "a.txt", "", text)).want(422)
		}
	})
	t.Run("98 Auto on text", func(t *testing.T) {
		t.Parallel()
		file := string(formattest.PDF(formattest.Leaf{Lines: []string{"Rates of the Year", "", prose, prose}}, formattest.Leaf{Lines: []string{prose}}))
		_, fast := run(t, "a.pdf", file, partitionNode())
		_, auto := run(t, "a.pdf", file, node("Auto", "vlm", "partition", "is_dynamic", true, "allow_fast", true, "strategy", "auto"))
		if len(fast) != len(auto) || len(fast) == 0 {
			t.Fatalf("%d and %d elements", len(fast), len(auto))
		}
		for i := range fast {
			a, b := metadata(fast[i]), metadata(auto[i])
			if fast[i]["type"] != auto[i]["type"] || fast[i]["text"] != auto[i]["text"] || a["page_number"] != b["page_number"] || b["page_strategy"] != "fast" {
				t.Errorf("%v and %v", fast[i], auto[i])
			}
		}
	})
	t.Run("nothing to see after Fast and VLM", func(t *testing.T) {
		t.Parallel()
		m := server(t, "anthropic")
		var tasks []map[string]any
		for _, task := range []string{"image_description", "table_description", "table2html", "ocr"} {
			tasks = append(tasks, asks(m, "prompter", "anthropic_"+task))
		}
		_, plain := run(t, "stock.csv", sample(t, "stock.csv"), partitionNode())
		_, elements := run(t, "stock.csv", sample(t, "stock.csv"), append([]map[string]any{partitionNode()}, tasks...)...)
		if len(m.Questions()) != 0 || elements[0]["type"] != "Table" || elements[0]["text"] != plain[0]["text"] {
			t.Errorf("%d questions, %v", len(m.Questions()), elements[0])
		}
		_, elements = run(t, "scan.pdf", scanned(), append([]map[string]any{asks(m, "partition", "vlm")}, tasks...)...)
		if len(m.Questions()) != 1 || len(elements) != 4 || strings.HasPrefix(elements[3]["text"].(string), "Rates of") {
			t.Errorf("%d questions, %v", len(m.Questions()), elements)
		}
	})
	t.Run("vision partitioner", func(t *testing.T) {
		t.Parallel()
		m := server(t, "anthropic")
		job, elements := run(t, "scan.pdf", scanned(), asks(m, "partition", "vlm"), chunkNode("chunk_by_title"))
		first := s.download(t, job, 0, job["output_node_files"].([]any)[0].(map[string]any)["node_id"].(string))
		page := first[0]
		for _, e := range first[1:] {
			html, _ := metadata(e)["text_as_html"].(string)
			if metadata(e)["parent_id"] != page["element_id"] || metadata(e)["partitioner_type"] != "vlm_partition" || metadata(e)["image_base64"] != nil ||
				!strings.Contains(html, `id="`+e["element_id"].(string)+`"`) || !strings.Contains(html, "class=") || !strings.Contains(html, "\n") {
				t.Errorf("%v", e)
			}
		}
		if len(first) != 4 || first[3]["type"] != "Table" || len(elements) != 2 {
			t.Errorf("%v\n%v", first, elements)
		}
		// Another provider and no model: the provider's own.
		o := server(t, "openai")
		run(t, "scan.pdf", scanned(), asks(o, "partition", "vlm", "provider", "openai", "is_dynamic", false))
		if q := o.Questions(); len(q) != 1 || q[0].Model != "gpt-4o" {
			t.Errorf("%+v", q)
		}
	})
}

// A second run over the same files asks nobody, and the details of both jobs say what they cost.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	s := start(t)
	see, embed := modeltest.New(t, "anthropic"), modeltest.New(t, "openai")
	see.Reply = reply
	nodes := func() []map[string]any {
		return []map[string]any{asks(see, "partition", "vlm"), asks(see, "prompter", "anthropic_ner"), chunkNode("chunk_by_title"),
			asks(embed, "embed", "openai", "model_name", "text-embedding-3-small")}
	}
	usage := func(o map[string]any) string {
		u, _ := o["usage"].(map[string]any)
		return fmt.Sprint(u["calls"], " ", u["cached_calls"], " ", u["input_tokens"], " ", u["output_tokens"], " ", u["cost_usd"])
	}
	want := [][]string{
		// A page, three texts of it, then two chunks in one call; 11 tokens in and 7 out at 3 and 15 dollars a million.
		{"5 0 50 28 0.00055212", "1 0 11 7 0.000138", "3 0 33 21 0.000414", "<nil> <nil> <nil> <nil> <nil>", "1 0 6 0 1.2e-07"},
		{"0 6 0 0 0", "0 1 0 0 0", "0 3 0 0 0", "<nil> <nil> <nil> <nil> <nil>", "0 2 0 0 0"},
	}
	var outputs []string
	for round, want := range want {
		job := s.run(t, jobForm(nodes()...).file("input_files", "scan.pdf", "", scanned()))
		details := s.call(t, "GET", "/api/v1/jobs/"+job["id"].(string)+"/details", s.key, nil).want(200).object()
		got := []string{usage(details)}
		for _, n := range details["node_stats"].([]any) {
			got = append(got, usage(n.(map[string]any)))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("round %d: %q, want %q", round, got, want)
		}
		var texts []string
		for _, e := range s.download(t, job, 0, "") {
			texts = append(texts, e["text"].(string), fmt.Sprint(e["embeddings"]))
		}
		outputs = append(outputs, strings.Join(texts, "\n"))
		if n := len(see.Questions()) + len(embed.Questions()); n != 5 {
			t.Errorf("round %d: %d calls", round, n)
		}
	}
	if outputs[0] != outputs[1] || outputs[0] == "" {
		t.Error("the second run gave something else")
	}
}

// What a user or a provider does wrong fails the file by name and reason, or the request, and never shows a key or a
// provider's own words.
func TestModelBadInput(t *testing.T) {
	t.Parallel()
	s := start(t)
	fails := func(t *testing.T, name, content string, want string, nodes ...map[string]any) map[string]any {
		t.Helper()
		job := s.run(t, jobForm(nodes...).file("input_files", name, "", content))
		a := s.call(t, "GET", "/api/v1/jobs/"+job["id"].(string)+"/failed-files", s.key, nil).want(200)
		list, _ := a.object()["failed_files"].([]any)
		if len(list) != 1 || job["status"] != "FAILED" {
			t.Fatalf("%v: %s", job, a.body)
		}
		failed := list[0].(map[string]any)
		if reason, _ := failed["error"].(string); !strings.Contains(reason, want) || !strings.HasPrefix(failed["document"].(string), strings.Split(name, ".")[0]) {
			t.Errorf("%v, want %q", failed, want)
		}
		for _, hidden := range []string{modeltest.Gossip, modeltest.Secret, "sk-wrong"} {
			if bytes.Contains(a.body, []byte(hidden)) {
				t.Errorf("%s holds %q", a.body, hidden)
			}
		}
		return job
	}
	m := modeltest.New(t, "openai")
	m.Reply = func(q modeltest.Question) string {
		if q.Schema != nil {
			return "no JSON at all"
		}
		return "I see nothing."
	}
	see := func(settings ...any) map[string]any {
		return asks(m, "partition", "vlm", append([]any{"provider", "openai"}, settings...)...)
	}
	t.Run("wrong key", func(t *testing.T) {
		t.Parallel()
		fails(t, "scan.pdf", scanned(), "does not accept the key", see("provider_api_key", "sk-wrong-1234"))
		fails(t, "a.txt", text, "does not accept the key", partitionNode(), asks(m, "embed", "openai", "provider_api_key", "sk-wrong-1234"))
		fails(t, "b.txt", text, "does not accept the key", partitionNode(), asks(m, "prompter", "openai_ner", "provider_api_key", "sk-wrong-1234"))
	})
	t.Run("missing key", func(t *testing.T) {
		t.Parallel()
		for variable, n := range map[string]map[string]any{
			"VOYAGE_API_KEY": node("E", "embed", "voyageai"), "TOGETHER_API_KEY": node("E", "embed", "togetherai"),
		} {
			if a := s.call(t, "POST", jobs, s.key, jobForm(partitionNode(), n).file("input_files", "a.txt", "", text)).want(422); !strings.Contains(string(a.body), variable) {
				t.Errorf("%s", a.body)
			}
		}
		a := s.call(t, "POST", jobs, s.key, jobForm(node("V", "partition", "vlm", "provider", "vertexai")).file("input_files", "a.pdf", "", scanned())).want(422)
		if !strings.Contains(string(a.body), "VERTEXAI_API_KEY") {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("unknown names", func(t *testing.T) {
		t.Parallel()
		fails(t, "scan.pdf", scanned(), "does not know the model unknown-9", see("model", "unknown-9"))
		fails(t, "a.txt", text, "does not know the model unknown-9", partitionNode(), asks(m, "embed", "openai", "model_name", "unknown-9"))
		for _, n := range []map[string]any{see("provider", "oracle"), node("E", "embed", "oracle")} {
			nodes := []map[string]any{n}
			if n["type"] == "embed" {
				nodes = []map[string]any{partitionNode(), n}
			}
			if a := s.call(t, "POST", jobs, s.key, jobForm(nodes...).file("input_files", "a.pdf", "", scanned())).want(422); !strings.Contains(string(a.body), "there is no provider") {
				t.Errorf("%s", a.body)
			}
		}
	})
	t.Run("answers", func(t *testing.T) {
		t.Parallel()
		fails(t, "scan.pdf", scanned(), "page 1: it is not HTML", see())
		fails(t, "scan.pdf", scanned(), "page 1: it is not the JSON that was asked for", see("output_format", "application/json"))
		fails(t, "a.txt", text, "does not fit the schema", partitionNode(), asks(m, "structured_data_extractor", "llm", "provider", "openai", "schema_to_extract", map[string]any{"extraction_guidance": "The title."}))
		// An element without a usable answer stays as it is, and the job's details count it at its node.
		job := s.run(t, jobForm(partitionNode(), asks(m, "prompter", "openai_ner")).file("input_files", "a.txt", "", text))
		if got := s.download(t, job, 0, ""); job["status"] != "COMPLETED" || metadata(got[0])["entities"] != nil {
			t.Errorf("%v %v", job, got[0])
		}
		stats := s.call(t, "GET", "/api/v1/jobs/"+job["id"].(string)+"/details", s.key, nil).want(200).object()["node_stats"].([]any)
		if used, _ := stats[1].(map[string]any)["usage"].(map[string]any); fmt.Sprint(used["failed"]) != "3" {
			t.Errorf("%v", stats)
		}
	})
	t.Run("empty documents", func(t *testing.T) {
		t.Parallel()
		before := len(m.Questions())
		blank := string(formattest.PDF(formattest.Leaf{}))
		good := modeltest.New(t, "openai")
		good.Reply = reply
		for name, content := range map[string]string{"blank.pdf": blank, "empty.pdf": "", "empty.txt": ""} {
			job := s.run(t, jobForm(asks(good, "partition", "vlm", "provider", "openai"), asks(good, "prompter", "openai_ner"), chunkNode("chunk_by_title"),
				asks(good, "embed", "openai")).file("input_files", name, "", content))
			if got := s.download(t, job, 0, ""); job["status"] != "COMPLETED" || len(got) != 0 {
				t.Errorf("%s: %v %v", name, job, got)
			}
		}
		if len(good.Questions()) != 0 || len(m.Questions()) < before {
			t.Error("somebody was asked about nothing")
		}
	})
	t.Run("a provider that is down for a while", func(t *testing.T) {
		t.Parallel()
		entities, vectors := modeltest.New(t, "openai"), modeltest.New(t, "openai")
		entities.Reply = reply
		vectors.Fail(modeltest.Fault{Status: 503}, modeltest.Fault{Status: 529})
		job := s.run(t, jobForm(partitionNode(), asks(entities, "prompter", "openai_ner"), chunkNode("chunk_by_title"), asks(vectors, "embed", "openai")).
			file("input_files", "a.txt", "", text))
		if job["status"] != "COMPLETED" || s.download(t, job, 0, "")[0]["embeddings"] == nil {
			t.Errorf("%v", job)
		}
		if len(entities.Questions()) != 3 || len(vectors.Questions()) != 1 {
			t.Errorf("%d and %d questions: the file goes on with the node that could not work", len(entities.Questions()), len(vectors.Questions()))
		}
	})
	t.Run("a provider that stops in the middle", func(t *testing.T) {
		t.Parallel()
		see, embed := modeltest.New(t, "anthropic"), modeltest.New(t, "openai")
		see.Reply = reply
		// The account runs dry before the second node: the file fails there, and a retry begins with it.
		embed.Fail(modeltest.Fault{Status: 429, Code: "insufficient_quota"})
		job := fails(t, "scan.pdf", scanned(), "no credit left", asks(see, "partition", "vlm"), chunkNode("chunk_by_title"), asks(embed, "embed", "openai"))
		s.call(t, "POST", "/api/v1/jobs/"+job["id"].(string)+"/retry", s.key, nil).want(202)
		again := s.finish(t, job["id"].(string))
		if got := s.download(t, again, 0, ""); again["status"] != "COMPLETED" || len(got) != 2 || got[0]["embeddings"] == nil {
			t.Errorf("%v %v", again, got)
		}
		if len(see.Questions()) != 1 {
			t.Errorf("the first node has asked %d times", len(see.Questions()))
		}
	})
}
