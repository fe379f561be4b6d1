package contract_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestNodeSemantics has those of checks 80 to 90 whose nodes are built.
func TestNodeSemantics(t *testing.T) {
	t.Parallel()
	s := start(t)
	invoice, report := sample(t, "invoice.pdf"), sample(t, "report.docx")
	run := func(t *testing.T, name, content string, nodes ...map[string]any) (map[string]any, []map[string]any) {
		t.Helper()
		job := s.run(t, jobForm(nodes...).file("input_files", name, "", content))
		return job, s.download(t, job, 0, "")
	}
	meta := func(e map[string]any) map[string]any { return e["metadata"].(map[string]any) }

	t.Run("80 fast on a PDF", func(t *testing.T) {
		t.Parallel()
		job, elements := run(t, "invoice.pdf", invoice, partitionNode())
		if len(elements) < 20 {
			t.Fatalf("%d elements", len(elements))
		}
		for _, e := range elements {
			m := meta(e)
			if m["page_number"] == nil || m["filetype"] != "application/pdf" || m["languages"] == nil || m["filename"] != job["input_file_ids"].([]any)[0] {
				t.Errorf("%v", e)
			}
			if _, ok := m["data_source"].(map[string]any); !ok || m["coordinates"] != nil {
				t.Errorf("%v", e)
			}
		}
	})
	t.Run("a password of a node", func(t *testing.T) {
		t.Parallel()
		for name, password := range map[string]string{"level.odt": "Über den Fluß", "aes.docx": "geheim"} {
			locked, err := os.ReadFile(filepath.Join("..", "..", "partition", "crypt", "testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			job, elements := run(t, name, string(locked), partitionNode("password", password))
			if last := elements[len(elements)-1]; last["text"] != "The level at the bridge is falling again." {
				t.Errorf("%v", elements)
			}
			shown := s.call(t, "GET", jobs+"/"+job["id"].(string), s.key, nil).want(200)
			flow := s.call(t, "GET", "/api/v1/workflows/"+job["workflow_id"].(string), s.key, nil)
			for _, a := range []answer{shown, flow} {
				if strings.Contains(string(a.body), password) {
					t.Errorf("the password is shown: %s", a.body)
				}
			}
			if bad := s.run(t, jobForm(partitionNode("password", "another")).file("input_files", name, "", string(locked))); bad["status"] == "COMPLETED" && len(bad["output_node_files"].([]any)) != 0 {
				t.Errorf("a wrong password: %v", bad)
			}
		}
	})
	t.Run("settings of web pages", func(t *testing.T) {
		t.Parallel()
		const page = `<body class="Document"><header>Top</header><h2>Dues</h2><p>Owed.</p></body>`
		for want, node := range map[string]map[string]any{
			"Header Title NarrativeText ": partitionNode("html_parser_version", "v2"),
			"Title NarrativeText ":        partitionNode("html_parser_version", "v2", "skip_headers_and_footers", true),
			"Title UncategorizedText ":    partitionNode("skip_headers_and_footers", true),
		} {
			_, elements := run(t, "a.html", page, node)
			types := ""
			for _, e := range elements {
				types += e["type"].(string) + " "
			}
			if types != want {
				t.Errorf("%s, want %s", types, want)
			}
		}
	})
	t.Run("81 settings", func(t *testing.T) {
		t.Parallel()
		_, elements := run(t, "invoice.pdf", invoice, partitionNode("exclude_elements", []any{"Header", "Footer"}, "include_page_breaks", true, "coordinates", true))
		breaks := 0
		for _, e := range elements {
			switch e["type"] {
			case "Header", "Footer":
				t.Errorf("%v", e)
			case "PageBreak":
				breaks++
				continue
			}
			c, _ := meta(e)["coordinates"].(map[string]any)
			if c == nil || len(c["points"].([]any)) != 4 || c["system"] != "PixelSpace" {
				t.Errorf("%v", e)
			}
		}
		if breaks == 0 {
			t.Error("no PageBreak")
		}
	})
	t.Run("82 ids", func(t *testing.T) {
		t.Parallel()
		hash, random := regexp.MustCompile(`^[0-9a-f]{32}$`), regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)
		_, plain := run(t, "a.txt", text, partitionNode())
		_, unique := run(t, "a.txt", text, partitionNode("unique_element_ids", true))
		for i := range plain {
			if !hash.MatchString(plain[i]["element_id"].(string)) || !random.MatchString(unique[i]["element_id"].(string)) {
				t.Errorf("%v %v", plain[i], unique[i])
			}
		}
	})
	t.Run("83 to 85 by character", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("The keeper writes the level of the water into his book. ", 20)
		_, chunks := run(t, "a.txt", long, partitionNode(), chunkNode("chunk_by_character", "max_characters", 200, "overlap", 25))
		for i, c := range chunks {
			if utf8.RuneCountInString(c["text"].(string)) > 200 || c["type"] != "CompositeElement" {
				t.Errorf("%v", c)
			}
			if i > 0 {
				before := chunks[i-1]["text"].(string)
				if meta(c)["is_continuation"] != true || !strings.HasPrefix(c["text"].(string), strings.TrimSpace(before[len(before)-24:])) {
					t.Errorf("part %d does not begin with the end of the one before: %q", i, c["text"])
				}
			}
		}
		short := "One line of text is here.\n\nAnother line of text is here.\n\nThe third line of text is here.\n"
		overlaps := func(all bool) bool {
			_, chunks := run(t, "a.txt", short, partitionNode(), chunkNode("chunk_by_character", "max_characters", 50, "overlap", 10, "overlap_all", all))
			return strings.HasPrefix(chunks[1]["text"].(string), "t is here.")
		}
		if overlaps(false) || !overlaps(true) {
			t.Error("overlap_all")
		}
	})
	t.Run("86 by title", func(t *testing.T) {
		t.Parallel()
		_, chunks := run(t, "report.docx", report, partitionNode(), chunkNode("chunk_by_title", "combine_text_under_n_chars", 0, "include_orig_elements", true))
		for _, c := range chunks {
			titles := 0
			for _, e := range originals(t, c) {
				if e["type"] == "Title" {
					titles++
				}
			}
			if titles > 1 {
				t.Errorf("%d titles: %q", titles, c["text"])
			}
		}
		_, chunks = run(t, "invoice.pdf", invoice, partitionNode(), chunkNode("chunk_by_title", "multipage_sections", false, "include_orig_elements", true, "max_characters", 5000, "combine_text_under_n_chars", 0))
		for _, c := range chunks {
			onePage(t, c)
		}
	})
	t.Run("87 by page", func(t *testing.T) {
		t.Parallel()
		_, chunks := run(t, "invoice.pdf", invoice, partitionNode(), chunkNode("chunk_by_page", "include_orig_elements", true, "max_characters", 5000))
		if len(chunks) != 2 {
			t.Errorf("%d chunks", len(chunks))
		}
		for _, c := range chunks {
			onePage(t, c)
		}
	})
	t.Run("89 orig_elements", func(t *testing.T) {
		t.Parallel()
		_, chunks := run(t, "a.txt", text, partitionNode(), chunkNode("chunk_by_title", "include_orig_elements", true))
		var words []string
		for _, e := range originals(t, chunks[0]) {
			words = append(words, e["text"].(string))
		}
		if strings.Join(words, "\n\n") != chunks[0]["text"] {
			t.Errorf("%q, %q", words, chunks[0]["text"])
		}
		_, chunks = run(t, "a.txt", text, partitionNode(), chunkNode("chunk_by_title"))
		if meta(chunks[0])["orig_elements"] != nil {
			t.Error("orig_elements without being asked")
		}
	})
	t.Run("90 a table too large", func(t *testing.T) {
		t.Parallel()
		rows := "place,level,remark\n" + strings.Repeat("Alder Mill,112,measured at noon\n", 40)
		_, chunks := run(t, "levels.csv", rows, partitionNode(), chunkNode("chunk_by_title", "max_characters", 300))
		if len(chunks) < 2 {
			t.Fatalf("%d chunks", len(chunks))
		}
		for _, c := range chunks {
			html, _ := meta(c)["text_as_html"].(string)
			if c["type"] != "TableChunk" || !strings.HasPrefix(html, "<table><tr>") || !strings.HasSuffix(html, "</tr></table>") {
				t.Errorf("%v", c)
			}
		}
	})
}

func originals(t *testing.T, chunk map[string]any) []map[string]any {
	t.Helper()
	text, _ := chunk["metadata"].(map[string]any)["orig_elements"].(string)
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	if err := json.NewDecoder(z).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func onePage(t *testing.T, chunk map[string]any) {
	t.Helper()
	var page any
	for _, e := range originals(t, chunk) {
		n := e["metadata"].(map[string]any)["page_number"]
		if page != nil && n != page {
			t.Errorf("pages %v and %v in %q", page, n, chunk["text"])
		}
		page = n
	}
}

func TestPartitionEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t)
	const path = "/general/v0/general"
	post := func(t *testing.T, f *form) answer { t.Helper(); return s.call(t, "POST", path, s.key, f) }
	one := func() *form { return newForm().file("files", "a.txt", "text/plain", text) }

	t.Run("aliases", func(t *testing.T) {
		want := post(t, one()).want(200)
		if got := want.list(); len(got) != 3 || got[0]["metadata"].(map[string]any)["filename"] != "a.txt" {
			t.Errorf("%v", got)
		}
		for _, alias := range []string{"/api/v1" + path, path + path, path + "/"} {
			if got := s.call(t, "POST", alias, s.key, one()).want(200); !bytes.Equal(got.body, want.body) {
				t.Errorf("%s: %s", alias, got.body)
			}
		}
		s.call(t, "POST", path, "", one()).want(401)
		s.call(t, "GET", "/general/docs", "", nil).want(200)
	})
	t.Run("what the SDK sends without being asked", func(t *testing.T) {
		f := one()
		for name, value := range map[string]string{
			"coordinates": "false", "do_not_break_similarity_on_footer_header": "false", "include_page_breaks": "false",
			"include_slide_notes": "true", "multipage_sections": "true", "output_format": "application/json", "overlap": "0",
			"overlap_all": "false", "pdf_infer_table_structure": "true", "split_pdf_allow_failed": "false",
			"split_pdf_cache_tmp_data": "false", "split_pdf_concurrency_level": "5", "split_pdf_page": "true", "strategy": "hi_res",
			"unique_element_ids": "false", "xml_keep_tags": "false",
		} {
			f.field(name, value)
		}
		post(t, f).want(200)
	})
	t.Run("what nothing honours is refused by name", func(t *testing.T) {
		for name, value := range map[string]string{
			"strategy": "od_only", "hi_res_model_name": "yolox", "skip_infer_table_types[]": "[1]",
			"table_ocr_agent": "tesseract", "vlm_model": "x", "pdfminer_line_margin": "0.4", "nonesuch": "1", "max_characters": "many",
			"coordinates": "perhaps", "languages": "klingon", "encoding": "none", "output_format": "xml",
		} {
			got := post(t, one().field(name, value)).want(422).locs()
			if len(got) != 1 || got[0] != "body."+strings.TrimSuffix(name, "[]") {
				t.Errorf("%s: %v", name, got)
			}
		}
		post(t, one().field("strategy", "quick")).want(400)
		post(t, one().field("chunking_strategy", "by_moon")).want(400)
		post(t, one().field("chunking_strategy", "basic").field("overlap", "600")).wantLoc("body.chunking_strategy")
		post(t, newForm().field("strategy", "fast")).wantLoc("body.files")
	})
	t.Run("lists", func(t *testing.T) {
		for _, f := range []*form{
			one().field("languages[]", "eng").field("languages[]", "de"), one().field("languages", `["eng","deu"]`), one().field("languages", "eng+deu"),
		} {
			got := post(t, f).want(200).list()[1]["metadata"].(map[string]any)["languages"]
			if l, _ := got.([]any); len(l) != 2 || l[0] != "eng" || l[1] != "deu" {
				t.Errorf("%v", got)
			}
		}
	})
	t.Run("chunking and pages", func(t *testing.T) {
		chunks := post(t, one().field("chunking_strategy", "by_title")).want(200).list()
		if len(chunks) != 1 || len(originals(t, chunks[0])) != 3 {
			t.Errorf("%v", chunks)
		}
		pages := post(t, newForm().file("files", "invoice.pdf", "", sample(t, "invoice.pdf")).field("starting_page_number", "7")).want(200).list()
		if first, last := pages[0]["metadata"].(map[string]any)["page_number"], pages[len(pages)-1]["metadata"].(map[string]any)["page_number"]; first != 7.0 || last != 8.0 {
			t.Errorf("%v to %v", first, last)
		}
	})
	t.Run("several files, CSV", func(t *testing.T) {
		var lists [][]map[string]any
		a := post(t, one().file("files", "b.txt", "", "")).want(200)
		if err := json.Unmarshal(a.body, &lists); err != nil || len(lists) != 2 || len(lists[0]) != 3 || lists[1] == nil {
			t.Errorf("%v %s", err, a.body)
		}
		a = post(t, one().field("output_format", "text/csv")).want(200)
		rows, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
		if err != nil && !errors.Is(err, io.EOF) || len(rows) != 4 || rows[0][0] != "type" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
			t.Errorf("%v %q", err, a.body)
		}
	})
	t.Run("other forms of the elements", func(t *testing.T) {
		hostile := func() *form { return newForm().file("files", "a.md", "", "# Locks &amp; &lt;b>\n\n* Rope\n") }
		for format, want := range map[string]struct{ kind, text string }{
			"ndjson": {"application/x-ndjson", "{\"type\":\"Title\""}, "markdown": {"text/markdown", "Locks &amp; &lt;b&gt;\n\n- "},
			"text/html": {"text/html", ">Locks &amp; &lt;b&gt;</h1>\n<ul>\n<li"}, "text": {"text/plain", "Locks & <b>\n\nRope\n"},
		} {
			a := post(t, hostile().field("output_format", format)).want(200)
			if !strings.HasPrefix(a.header.Get("Content-Type"), want.kind) || !strings.Contains(string(a.body), want.text) || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %v %s", format, a.header, a.body)
			}
			if format == "text/html" && !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%v", a.header)
			}
		}
	})
	t.Run("bad files are 4xx with a reason", func(t *testing.T) {
		for name, c := range map[string]struct {
			content string
			status  int
			words   string
		}{
			"broken.pdf":  {"%PDF-1.7\nnothing", 422, "does not appear to be a valid PDF"},
			"broken.docx": {"PK\x03\x04nothing", 422, "not a valid docx"},
			"a.zip":       {"PK\x05\x06" + strings.Repeat("\x00", 18), 400, "application/zip is not supported"},
			"a.bin":       {"\x00\x01\x02\x03\x04", 400, "is not supported"},
			"broken.json": {"{\"a\": ", 422, "Not a valid json"},
		} {
			if got := post(t, newForm().file("files", name, "", c.content)).want(c.status).detail(); !strings.Contains(got, c.words) {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
}
