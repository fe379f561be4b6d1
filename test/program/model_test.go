package program_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/model/modeltest"
)

// seeing is a provider that sees a heading and a paragraph on every page, never the same twice.
func seeing(t *testing.T) *modeltest.Server {
	m := modeltest.New(t, "openai")
	var pages atomic.Int64
	m.Reply = func(q modeltest.Question) string {
		if q.Schema != nil {
			return `{"items":[{"entity":"Mill","type":"LOCATION"}],"relationships":[]}`
		}
		n := pages.Add(1)
		return fmt.Sprintf(`<div class="Page"><h1 class="Title">Rates %d</h1><p class="NarrativeText">Mill %d pays twelve crowns.</p></div>`, n, n)
	}
	return m
}

// scans writes a PDF of pictures of text.
func scans(t *testing.T, pages int) string {
	t.Helper()
	leaves := make([]formattest.Leaf, pages)
	for i := range leaves {
		leaves[i] = formattest.Leaf{Picture: typeset.Page(fmt.Sprint("Page ", i+1), 14, 300, 400, 100), Share: 1}
	}
	return write(t, "scan.pdf", string(formattest.PDF(leaves...)))
}

// The command shows pages to the model of the flags, with the key and the address of its environment.
func TestPartitionByModel(t *testing.T) {
	t.Parallel()
	m := seeing(t)
	pdf := scans(t, 2)
	partition := func(status int, args ...string) result {
		t.Helper()
		c := command(t.Context(), append([]string{"partition", "--strategy", "vlm", "--vlm-model-provider", "openai"}, args...)...)
		c.Env = append(c.Env, "OPENAI_API_KEY="+modeltest.Secret, "OPENAI_BASE_URL="+m.URL)
		r := finish(t, c, "")
		if strings.Contains(r.err+r.out, modeltest.Secret) || strings.Contains(r.err+r.out, modeltest.Gossip) {
			t.Errorf("%+v", r)
		}
		return r.want(t, status)
	}
	for _, more := range [][]string{{"--vlm-model", "gpt-4o"}, {"--set", "vlm_model=gpt-4o", "--isolate"}} {
		before := len(m.Questions())
		got := decode(t, partition(0, append(more, pdf)...).out)
		if len(got) != 6 || !strings.HasPrefix(got[1].Text, "Rates ") || got[1].Type != "Title" || !strings.HasSuffix(got[5].Text, " pays twelve crowns.") || len(got[1].ID) != 32 || got[1].Metadata.Filename != "scan.pdf" {
			t.Errorf("%v: %+v", more, got)
		}
		asked := m.Questions()[before:]
		if len(asked) != 2 || asked[0].Model != "gpt-4o" || len(asked[0].Images) != 1 {
			t.Errorf("%v: asked %d times", more, len(asked))
		}
	}
	chunks := decode(t, partition(0, "--set", "chunking_strategy=basic", pdf).out)
	if len(chunks) != 1 || chunks[0].Type != "CompositeElement" || strings.Count(chunks[0].Text, "twelve") != 2 {
		t.Errorf("%+v", chunks)
	}
	before := len(m.Questions())
	if got := decode(t, partition(0, filepath.Join(samples(t), "memo.txt")).out); len(got) < 2 || len(m.Questions()) != before {
		t.Errorf("a text is no picture: %d elements, %d questions", len(got), len(m.Questions())-before)
	}
	if r := partition(1, "--vlm-model", "unknown-9", pdf); !strings.Contains(r.err, "does not know the model unknown-9") || !strings.Contains(r.err, pdf) {
		t.Errorf("%+v", r)
	}
}

// partitionForm makes a call of the partition endpoint with one file.
func partitionForm(t *testing.T, name, content string, fields map[string]string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("files", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte(content)) // into memory
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// The partition endpoint does the same with the key and the address of the server. A caller names neither.
func TestEndpointByModel(t *testing.T) {
	t.Parallel()
	m := seeing(t)
	elsewhere := modeltest.New(t, "openai")
	s := serve(t, t.TempDir(), variable("OPENAI_API_KEY", modeltest.Secret), variable("OPENAI_BASE_URL", m.URL), variable("VERTEXAI_API_KEY", ""))
	content, err := os.ReadFile(scans(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	call := func(status int, fields map[string]string) []byte {
		t.Helper()
		all := map[string]string{"strategy": "vlm", "vlm_model_provider": "openai"}
		for k, v := range fields {
			all[k] = v
		}
		contentType, body := partitionForm(t, "scan.pdf", string(content), all)
		got, answer := s.send(t, http.MethodPost, "/general/v0/general", contentType, body)
		if got != status || bytes.Contains(answer, []byte(modeltest.Secret)) || bytes.Contains(answer, []byte(modeltest.Gossip)) {
			t.Errorf("%v: %d, want %d: %s", fields, got, status, answer)
		}
		return answer
	}
	got := decode(t, string(call(200, map[string]string{"vlm_model": "gpt-4o"})))
	if len(got) != 6 || !has(got, "Title", "Rates 1") || !has(got, "Title", "Rates 2") || len(got[1].ID) != 32 {
		t.Errorf("%+v", got)
	}
	if asked := m.Questions(); len(asked) != 2 || asked[0].Model != "gpt-4o" {
		t.Errorf("asked %d times", len(asked))
	}
	// Pages are counted as elsewhere, ids are hashed over the chunks, and what was answered is not asked again.
	var paged []struct {
		Metadata struct {
			Page int `json:"page_number"`
		}
	}
	if err := json.Unmarshal(call(200, map[string]string{"vlm_model": "gpt-4o", "starting_page_number": "7"}), &paged); err != nil || len(paged) != 6 || paged[0].Metadata.Page != 7 || paged[5].Metadata.Page != 8 {
		t.Errorf("%v, %+v", err, paged)
	}
	first := call(200, map[string]string{"vlm_model": "gpt-4o", "chunking_strategy": "by_page"})
	second := call(200, map[string]string{"vlm_model": "gpt-4o", "chunking_strategy": "by_page"})
	if a, b := decode(t, string(first)), decode(t, string(second)); len(a) != 2 || len(b) != 2 || a[0].ID == a[1].ID || a[0].ID != b[0].ID || len(a[0].ID) != 32 {
		t.Errorf("%+v %+v", a, b)
	}
	if n := len(m.Questions()); n != 2 {
		t.Errorf("asked %d times", n)
	}
	for want, fields := range map[string]map[string]string{
		"VERTEXAI_API_KEY":                    {"vlm_model_provider": "google"},
		"there is no provider":                {"vlm_model_provider": "oracle"},
		"does not know the model unknown-9":   {"vlm_model": "unknown-9"},
		"base_url is not a parameter":         {"base_url": elsewhere.URL},
		"provider_api_key is not a parameter": {"provider_api_key": "x"},
		"it needs strategy vlm":               {"strategy": "fast"},
	} {
		if answer := call(422, fields); !bytes.Contains(answer, []byte(want)) {
			t.Errorf("%v: %s, want %q", fields, answer, want)
		}
	}
	if n := len(elsewhere.Questions()); n != 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

// usage is what a job asked of models.
type usage struct {
	Calls  int      `json:"calls"`
	Cached int      `json:"cached_calls"`
	Input  int      `json:"input_tokens"`
	Output int      `json:"output_tokens"`
	Cost   *float64 `json:"cost_usd"`
}

// An answer is kept over jobs and over a restart, unless there is no cache; the price file says what answers cost.
func TestAnswersAndPrices(t *testing.T) {
	t.Parallel()
	m := seeing(t)
	files := uploads(t, scans(t, 2))
	const nodes = `{"job_nodes": [
  {"name": "Eyes", "type": "partition", "subtype": "vlm", "settings": {"provider": "openai", "model": "some-model"}},
  {"name": "Names", "type": "prompter", "subtype": "openai_ner", "settings": {"model": "some-model"}}]}`
	key, url := variable("OPENAI_API_KEY", modeltest.Secret), variable("OPENAI_BASE_URL", m.URL)
	asks := func(s *server, want int) usage {
		t.Helper()
		before := len(m.Questions())
		j := s.complete(t, s.createWith(t, nodes, files).ID)
		if n := len(m.Questions()) - before; n != want {
			t.Errorf("asked %d times, want %d", n, want)
		}
		var d struct {
			Usage usage
			Stats []struct {
				Name  string `json:"node_name"`
				Usage usage
			} `json:"node_stats"`
		}
		s.get(t, "/api/v1/jobs/"+j.ID+"/details", &d)
		if d.Usage.Calls != want || len(d.Stats) != 2 || d.Stats[0].Usage.Calls+d.Stats[1].Usage.Calls != want {
			t.Errorf("%+v, want %d calls", d, want)
		}
		return d.Usage
	}

	dir := t.TempDir()
	again := func(s *server, more ...setup) *server {
		s.stop()
		next := serve(t, dir, append(more, key, url)...)
		next.key = s.key
		return next
	}
	prices := write(t, "prices.json", `{"openai/some-model": {"input": 1000, "output": 2000}}`)
	s := serve(t, dir, key, url, flags("--model-prices", prices))
	first := asks(s, 6) // two pages, and two elements with a text on each
	if want := 6 * (11*1000 + 7*2000) / 1e6; first.Input != 6*11 || first.Output != 6*7 || first.Cost == nil || *first.Cost < want-1e-9 || *first.Cost > want+1e-9 {
		t.Errorf("%+v, want a cost of %g", first, want)
	}
	if u := asks(s, 0); u.Cached != first.Calls || u.Cost == nil || *u.Cost != 0 {
		t.Errorf("%+v", u)
	}

	// The folder keeps the answers.
	s = again(s)
	if u := asks(s, 0); u.Cached != first.Calls {
		t.Errorf("%+v", u)
	}

	s = again(s, flags("--answer-cache-mb", "0"))
	if u := asks(s, first.Calls); u.Cached != 0 || u.Cost != nil {
		t.Errorf("%+v", u)
	}
	if r := run(t, "serve", "--data", t.TempDir(), "--addr", "127.0.0.1:0", "--model-prices", write(t, "wrong.json", `{"openai/x": {"inputs": 1}}`)).want(t, 1); !strings.Contains(r.err, "--model-prices") {
		t.Errorf("%+v", r)
	}
	if r := run(t, "serve", "--data", t.TempDir(), "--addr", "127.0.0.1:0", "--answer-cache-mb=-1").want(t, 1); !strings.Contains(r.err, "--answer-cache-mb") {
		t.Errorf("%+v", r)
	}
}
