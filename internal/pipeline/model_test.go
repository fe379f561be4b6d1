package pipeline

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/model/modeltest"
	"github.com/sluicehq/sluice/workflow"
)

// modelNode is a node that asks a server of the test.
func modelNode(s *modeltest.Server, kind, subtype string, more map[string]any) workflow.Node {
	n := node(kind, subtype, map[string]any{"provider_api_key": modeltest.Secret, "base_url": s.URL})
	for k, v := range more {
		n.Settings[k] = v
	}
	return n
}

func (b *bench) elements(out Output) []element.Element {
	b.Helper()
	text, err := b.blobs.Get(b.Context(), out.Blob, 0)
	if err != nil {
		b.Fatal(err)
	}
	var list []element.Element
	for e, err := range element.Decode(strings.NewReader(string(text))) {
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func TestEmbedNode(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	b := newBench(t, partitionNode(), chunkNode(100), modelNode(s, workflow.KindEmbed, "openai", map[string]any{"model_name": "text-embedding-3-small"}))
	r := b.mustRun()
	list := b.elements(r.Last)
	if len(list) < 3 || len(list) != r.Last.Elements {
		t.Fatalf("%d elements", len(list))
	}
	for _, e := range list {
		if len(e.Embeddings) != 1536 || e.Embeddings[5] != modeltest.Vector(e.Text, 1536)[5] {
			t.Errorf("%q has a vector of %d", e.Text, len(e.Embeddings))
		}
	}
	// The same file again asks nobody.
	asked := len(s.Questions())
	b.again(append(b.saved, r.Last)...)
	if len(s.Questions()) != asked {
		t.Error("a finished node has asked again")
	}
}

func TestEnrichmentNode(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "anthropic")
	s.Reply = func(q modeltest.Question) string {
		if q.Model != "claude-sonnet-4-20250514" || q.Schema == nil {
			t.Errorf("asked %+v", q)
		}
		return `{"items":[{"entity":"committee","type":"ORGANIZATION"}],"relationships":[]}`
	}
	b := newBench(t, partitionNode(), modelNode(s, workflow.KindPrompter, "anthropic_ner", nil))
	for _, e := range b.elements(b.mustRun().Last) {
		found, _ := e.Metadata.Extra["entities"].(map[string]any)
		if items, _ := found["items"].([]any); len(items) != 1 {
			t.Errorf("%q: %v", e.Text, found)
		}
	}
}

func TestLocalEnrichmentsNeedNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t, partitionNode(), node(workflow.KindPrompter, "local_ner", nil), workflow.Node{ID: "html", Name: "html", Type: workflow.KindPrompter, Subtype: "local_table2html"})
	b.content("memo.txt", "Angela Merkel met Barack Obama in Berlin before she went to Paris again.")
	list := b.elements(b.mustRun().Last)
	text, err := json.Marshal(list[0].Metadata.Extra["entities"])
	if err != nil || !strings.Contains(string(text), "Berlin") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestExtractNode(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	s.Reply = func(modeltest.Question) string { return `{"title":"Quarterly Review"}` }
	b := newBench(t, partitionNode(), modelNode(s, workflow.KindExtract, workflow.SubtypeLLM, map[string]any{"provider": "openai",
		"schema_to_extract": map[string]any{"json_schema": `{"type":"object","properties":{"title":{"type":"string"}},"required":["title"]}`}}))
	r := b.mustRun()
	list, before := b.elements(r.Last), b.elements(b.saved[0])
	data, _ := list[0].Metadata.Extra["extracted_data"].(map[string]any)
	if list[0].Type != element.DocumentData || list[0].Text != "" || data["title"] != "Quarterly Review" || len(list) != len(before)+1 || list[1].ID != before[0].ID {
		t.Errorf("%+v", list[0])
	}
}

func TestModelFailures(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	n := modelNode(s, workflow.KindEmbed, "openai", nil)
	n.Settings["provider_api_key"] = "sk-wrong-0000"
	b := newBench(t, partitionNode(), n)
	_, err := b.run()
	var failed *NodeError
	if !errors.As(err, &failed) || failed.Index != 1 || failed.Outcome != "error" || !strings.Contains(err.Error(), "does not accept the key") {
		t.Errorf("got %v", err)
	}
	for _, hidden := range []string{"sk-wrong", modeltest.Gossip} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("%q holds %q", err, hidden)
		}
	}
	// A provider that refuses everything for a while fails no file.
	b = newBench(t, partitionNode(), modelNode(s, workflow.KindEmbed, "openai", nil))
	s.Fail(modeltest.Fault{Status: 503}, modeltest.Fault{Status: 429, RetryAfter: "0.1"})
	b.mustRun()
	// The address that a node names is reached as the tenant's other addresses are.
	b.runner = New(Config{Blobs: b.blobs, Parser: b.parser, HTTP: &http.Client{Transport: closed{}}, Explain: connector.Explain})
	b.in.Prior = nil
	if _, err := b.run(); err == nil || !strings.Contains(err.Error(), "the way is closed") {
		t.Errorf("got %v", err)
	}
}

type closed struct{}

func (closed) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, connector.Fail(nil, "the way is closed")
}

// A host that a node names never gets the server's own key.
func TestServerKeyStaysHome(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-of-the-server")
	s := modeltest.New(t, "openai")
	a, err := askedOf(node(workflow.KindEmbed, "openai", map[string]any{"base_url": s.URL}))
	if err != nil {
		t.Fatal(err)
	}
	c := a.config("", nil, nil)
	if c.Getenv("OPENAI_API_KEY") != "" {
		t.Error("the server's key goes to a host of the node")
	}
	client, err := model.New(c, a.task)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Embed(t.Context(), []string{"x"}); err == nil {
		t.Error("the server of the test took a request without a key")
	}
	if reason := lacksModel(node(workflow.KindEmbed, "openai", nil)); reason != "" {
		t.Errorf("a key in the environment is not found: %s", reason)
	}
}

// The files of a job ask through one client, so that a key is exchanged for a token once.
func TestFilesShareAClient(t *testing.T) {
	t.Parallel()
	r := New(Config{Blobs: newBlobs(t)})
	n := node(workflow.KindEmbed, "openai", map[string]any{"provider_api_key": modeltest.Secret})
	client := func(n workflow.Node) *model.Client {
		_, c, err := (&run{Runner: r}).client(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := client(n)
	if client(n) != first {
		t.Error("the second file has a client of its own")
	}
	other := node(workflow.KindEmbed, "openai", map[string]any{"provider_api_key": "sk-another"})
	if client(other) == first {
		t.Error("another key has the same client")
	}
}
