package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/workflow"
)

// TestMain lets the test binary be the parse child of its own pools.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "parse-child" {
		os.Exit(child.Main(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

func newPool(t testing.TB) *child.Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := child.NewPool(child.Config{Command: []string{self, "parse-child"}, ScratchDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func newBlobs(t testing.TB) blob.Store {
	t.Helper()
	b, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// counting counts the files that a parser is given.
type counting struct {
	child.Parser
	files atomic.Int64
}

func (c *counting) Parse(ctx context.Context, f document.File, r child.Request) child.Stream {
	c.files.Add(1)
	return c.Parser.Parse(ctx, f, r)
}

const memo = `Quarterly Review

The committee approved the budget on Tuesday after a long debate about the costs of the new building.

- The first item was postponed.
- The second item was accepted without a vote.

Closing Remarks

The chairman thanked everybody for coming and closed the meeting at noon.
`

func node(kind, subtype string, settings map[string]any) workflow.Node {
	return workflow.Node{ID: "node-" + kind, Name: kind, Type: kind, Subtype: subtype, Settings: settings}
}

func partitionNode() workflow.Node {
	return node(workflow.KindPartition, workflow.SubtypeParser, map[string]any{"strategy": "auto", "encoding": "utf-8"})
}

func chunkNode(size int64) workflow.Node {
	return node(workflow.KindChunk, workflow.SubtypeByCharacter,
		map[string]any{"max_characters": size, "include_orig_elements": false})
}

// bench is one file with a runner of its own.
type bench struct {
	testing.TB
	blobs  blob.Store
	parser *counting
	runner *Runner
	in     Input
	saved  []Output
	opened int
}

func newBench(t *testing.T, nodes ...workflow.Node) *bench {
	t.Helper()
	return newBenchFor(t, child.Direct{}, nodes...)
}

func newBenchFor(t testing.TB, p child.Parser, nodes ...workflow.Node) *bench {
	b := &bench{TB: t, blobs: newBlobs(t), parser: &counting{Parser: p}}
	b.runner = New(Config{Blobs: b.blobs, Parser: b.parser})
	b.in = Input{
		Workspace: "w", Job: "j", File: "f", Nodes: nodes, Name: "memo-01234567.txt", Version: "v1",
		DataSource: &element.DataSource{URL: "file:///memo.txt"},
	}
	b.content("memo.txt", memo)
	return b
}

func (b *bench) content(name, text string) {
	b.in.Open = func(context.Context) (document.File, error) {
		b.opened++
		return document.NewFile(name, "text/plain", int64(len(text)), strings.NewReader(text)), nil
	}
}

func (b *bench) run() (Result, error) {
	b.saved = nil
	return b.runner.Run(b.Context(), b.in, b.save)
}

func (b *bench) save(_ context.Context, out Output) error {
	b.saved = append(b.saved, out)
	return nil
}

func (b *bench) mustRun() Result {
	b.Helper()
	r, err := b.run()
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// again runs once more with what an earlier run stored.
func (b *bench) again(prior ...Output) Result {
	b.Helper()
	b.in.Prior = prior
	b.parser.files.Store(0)
	b.opened = 0
	return b.mustRun()
}

type wireElement struct {
	Type     string `json:"type"`
	ID       string `json:"element_id"`
	Text     string `json:"text"`
	Metadata struct {
		Filename   string         `json:"filename"`
		DataSource map[string]any `json:"data_source"`
	} `json:"metadata"`
}

// output reads a stored output and checks what Output says of it.
func (b *bench) output(out Output) []wireElement {
	b.Helper()
	text, err := b.blobs.Get(b.Context(), out.Blob, 0)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if hex.EncodeToString(sum[:]) != out.OutputHash || int64(len(text)) != out.Size {
		b.Errorf("node %d: %d bytes in the blob, output says %+v", out.Index, len(text), out)
	}
	var elements []wireElement
	if err := json.Unmarshal(text, &elements); err != nil {
		b.Fatal(err)
	}
	if len(elements) != out.Elements || len(elements) == 0 {
		b.Errorf("node %d: %d elements in the blob, output says %d", out.Index, len(elements), out.Elements)
	}
	return elements
}

func TestRunPartition(t *testing.T) {
	t.Parallel()
	b := newBench(t, partitionNode())
	r := b.mustRun()
	if !r.Fresh || r.Pages != 1 || len(b.saved) != 0 {
		t.Errorf("result %+v, saved %v", r, b.saved)
	}
	if want := blob.Output("w", "j", "f", "node-partition"); r.Last.Blob != want {
		t.Errorf("blob %s, want %s", r.Last.Blob, want)
	}
	elements := b.output(r.Last)
	if elements[0].Type != "Title" || elements[0].Text != "Quarterly Review" {
		t.Errorf("first element %+v", elements[0])
	}
	for i, e := range elements {
		if e.Metadata.Filename != "memo-01234567.txt" || e.Metadata.DataSource["url"] != "file:///memo.txt" {
			t.Errorf("element %d: %+v", i, e.Metadata)
		}
	}
}

func TestRunChunk(t *testing.T) {
	t.Parallel()
	b := newBench(t, partitionNode(), chunkNode(120))
	r := b.mustRun()
	if !r.Fresh || len(b.saved) != 1 || b.saved[0].Index != 0 || r.Last.Index != 1 {
		t.Fatalf("result %+v, saved %+v", r, b.saved)
	}
	b.output(b.saved[0])
	chunks := b.output(r.Last)
	if len(chunks) < 2 {
		t.Fatalf("%d chunks", len(chunks))
	}
	for i, c := range chunks {
		if c.Type != "CompositeElement" || len([]rune(c.Text)) > 120 {
			t.Errorf("chunk %d: %+v", i, c)
		}
		if c.Metadata.DataSource["url"] != "file:///memo.txt" {
			t.Errorf("chunk %d has no data source", i)
		}
		// Ids of chunks are hashed without a file name: the reference's platform does so.
		sum := sha256.Sum256([]byte("None" + c.Text + "None" + fmt.Sprint(i)))
		if want := hex.EncodeToString(sum[:])[:32]; c.ID != want {
			t.Errorf("chunk %d: id %s, want %s", i, c.ID, want)
		}
	}
}

func TestSameBytesTwice(t *testing.T) {
	t.Parallel()
	pool := newPool(t)
	var want []string
	for i := range 4 {
		b := newBench(t, partitionNode(), chunkNode(100))
		if i%2 == 1 {
			b.runner = New(Config{Blobs: b.blobs, Parser: pool})
		}
		b.in.DataSource.DateProcessed = "1700000000"
		r := b.mustRun()
		got := []string{b.saved[0].InputHash, b.saved[0].OutputHash, r.Last.InputHash, r.Last.OutputHash}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("run %d: %v, want %v", i, got, want)
		}
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	first := func(t *testing.T) (*bench, Output, Output) {
		b := newBench(t, partitionNode(), chunkNode(120))
		r := b.mustRun()
		return b, b.saved[0], r.Last
	}
	damage := func(b *bench, key, content string) {
		if _, _, err := b.blobs.Put(b.Context(), key, strings.NewReader(content)); err != nil {
			b.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		change func(b *bench, one, two *Output)
		parsed int64
		saved  int
		fresh  bool
	}{
		{"nothing changed", func(*bench, *Output, *Output) {}, 0, 0, false},
		{"the last node was not stored", func(_ *bench, _, two *Output) { *two = Output{Index: 9} }, 0, 0, true},
		{"nothing was stored", func(_ *bench, one, _ *Output) { *one = Output{Index: 9} }, 1, 1, true},
		{"damaged chunks", func(b *bench, _, two *Output) { damage(b, two.Blob, "[]") }, 0, 0, true},
		{"chunks damaged in one bit", func(b *bench, _, two *Output) {
			text, _ := b.blobs.Get(b.Context(), two.Blob, 0)
			text[len(text)/2] ^= 1
			damage(b, two.Blob, string(text))
		}, 0, 0, true},
		{"damaged elements behind good chunks", func(b *bench, one, _ *Output) { damage(b, one.Blob, "[]") }, 0, 0, false},
		{"both damaged", func(b *bench, one, two *Output) {
			damage(b, one.Blob, "[]")
			damage(b, two.Blob, "[]")
		}, 1, 1, true},
		{"all gone", func(b *bench, _, _ *Output) {
			if err := b.blobs.DeletePrefix(b.Context(), "w/j/f/"); err != nil {
				b.Fatal(err)
			}
		}, 1, 1, true},
		{"another chunk size", func(b *bench, _, _ *Output) { b.in.Nodes[1] = chunkNode(90) }, 0, 0, true},
		{"another partition setting", func(b *bench, _, _ *Output) {
			b.in.Nodes[0].Settings["include_page_breaks"] = true
		}, 1, 1, true},
		{"another subtype", func(b *bench, _, _ *Output) { b.in.Nodes[1].Subtype = workflow.SubtypeByTitle }, 0, 0, true},
		{"another version of the content", func(b *bench, _, _ *Output) { b.in.Version = "v2" }, 1, 1, true},
		{"another name", func(b *bench, _, _ *Output) { b.in.Name = "other.txt" }, 1, 1, true},
		{"another data source", func(b *bench, _, _ *Output) {
			b.in.DataSource = &element.DataSource{URL: "file:///moved.txt"}
		}, 1, 1, true},
		{"processed at another time", func(b *bench, _, _ *Output) {
			b.in.DataSource = &element.DataSource{URL: "file:///memo.txt", DateProcessed: "1800000000"}
		}, 0, 0, false},
		{"numbers of another type", func(b *bench, _, _ *Output) {
			b.in.Nodes[1].Settings["max_characters"] = float64(120)
		}, 0, 0, false},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, one, two := first(t)
			before := two
			c.change(b, &one, &two)
			r := b.again(one, two)
			if n := b.parser.files.Load(); n != c.parsed || b.opened != int(c.parsed) {
				t.Errorf("parsed %d times, opened %d times, want %d", n, b.opened, c.parsed)
			}
			if len(b.saved) != c.saved || r.Fresh != c.fresh {
				t.Errorf("saved %d, fresh %v; want %d, %v", len(b.saved), r.Fresh, c.saved, c.fresh)
			}
			if !c.fresh && r.Last != before {
				t.Errorf("last %+v, want %+v", r.Last, before)
			}
			if r.Pages != 1 {
				t.Errorf("%d pages", r.Pages)
			}
			b.output(r.Last)
		})
	}
}

func TestContentWithoutVersionIsHashed(t *testing.T) {
	t.Parallel()
	b := newBench(t, partitionNode())
	b.in.Version = ""
	out := b.mustRun().Last
	if r := b.again(out); r.Fresh || b.opened != 1 {
		t.Errorf("the same bytes: fresh %v, opened %d", r.Fresh, b.opened)
	}
	b.content("memo.txt", memo+"\nOne more line of text.\n")
	if r := b.again(out); !r.Fresh || r.Last.InputHash == out.InputHash {
		t.Errorf("other bytes: %+v", r)
	}
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	var noNode *NodeError
	t.Run("the file", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, partitionNode())
		b.content("broken.pdf", "%PDF-1.7\nnothing more")
		_, err := b.run()
		var failed *NodeError
		if !errors.As(err, &failed) || failed.Index != 0 || failed.Outcome != string(budget.Corrupt) || failed.Node.ID != "node-partition" {
			t.Errorf("got %#v", err)
		}
	})
	t.Run("opening", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, partitionNode())
		b.in.Open = func(context.Context) (document.File, error) { return document.File{}, gone }
		if _, err := b.run(); !errors.Is(err, gone) || errors.As(err, &noNode) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("storing", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, partitionNode())
		b.runner = New(Config{Blobs: fullStore{b.blobs}})
		if _, err := b.run(); !errors.Is(err, blob.ErrFull) || errors.As(err, &noNode) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("saving", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, partitionNode(), chunkNode(100))
		_, err := b.runner.Run(t.Context(), b.in, func(context.Context, Output) error { return gone })
		if !errors.Is(err, gone) || errors.As(err, &noNode) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, partitionNode())
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(gone)
		_, err := b.runner.Run(ctx, b.in, nil)
		if !errors.Is(err, gone) || errors.As(err, &noNode) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a node that is not built", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, partitionNode(), node(workflow.KindEmbed, "openai", nil))
		_, err := b.run()
		var failed *NodeError
		if !errors.As(err, &failed) || failed.Index != 1 || failed.Outcome != "error" || len(b.saved) != 1 {
			t.Errorf("got %#v, saved %d", err, len(b.saved))
		}
	})
	t.Run("no nodes", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		if _, err := b.run(); err == nil {
			t.Error("no error")
		}
	})
}

// fullStore has no room.
type fullStore struct{ blob.Store }

func (fullStore) Put(_ context.Context, _ string, r io.Reader) (int64, string, error) {
	_, _ = io.CopyN(io.Discard, r, 10)
	return 0, "", blob.ErrFull
}

func TestFailedFileLeavesNoBlob(t *testing.T) {
	t.Parallel()
	b := newBench(t, partitionNode())
	b.content("broken.pdf", "%PDF-1.7\nnothing more")
	if _, err := b.run(); err == nil {
		t.Fatal("no error")
	}
	if _, err := b.blobs.Open(t.Context(), blob.Output("w", "j", "f", "node-partition")); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestUnbuilt(t *testing.T) {
	t.Parallel()
	vlm := func(dynamic, fast bool) workflow.Node {
		return node(workflow.KindPartition, workflow.SubtypeVLM, map[string]any{"is_dynamic": dynamic, "allow_fast": fast})
	}
	parser := func(name string, value any) workflow.Node {
		return node(workflow.KindPartition, workflow.SubtypeParser, map[string]any{"strategy": "auto", name: value})
	}
	chunker := func(subtype string, contextual any) workflow.Node {
		return node(workflow.KindChunk, subtype, map[string]any{"contextual_chunking_strategy": contextual})
	}
	tests := []struct {
		node workflow.Node
		want string // part of the reason, "" when it can run
	}{
		{parser("strategy", "auto"), ""},
		{parser("strategy", "fast"), ""},
		{parser("strategy", "hi_res"), ""},
		{parser("strategy", "ocr_only"), ""},
		{parser("extract_image_block_types", []any{"Image"}), ""},
		{parser("extract_image_block_types", []any{}), ""},
		{parser("extract_image_block_types", nil), ""},
		{vlm(true, true), ""},
		{vlm(true, false), ""},
		{vlm(false, true), "set ANTHROPIC_API_KEY"},
		{chunker(workflow.SubtypeByCharacter, nil), ""},
		{chunker(workflow.SubtypeByTitle, nil), ""},
		{chunker(workflow.SubtypeByPage, nil), ""},
		{chunker(workflow.SubtypeBySimilarity, nil), ""},
		{node(workflow.KindEmbed, "local", nil), ""},
		{chunker(workflow.SubtypeByTitle, "v1"), ""},
		{node(workflow.KindPrompter, "voyageai_ner", map[string]any{"provider_api_key": map[string]any{"$sealed": "x"}}), ""},
		{node(workflow.KindPrompter, "twopass_table2html", nil), ""},
		{node(workflow.KindPrompter, "local_image_description", nil), "provider local cannot do this"},
		{node(workflow.KindPrompter, "openai_poem", nil), "there is no enrichment"},
		{node(workflow.KindEmbed, "voyageai", nil), "set VOYAGE_API_KEY"},
		{node(workflow.KindEmbed, "oracle", nil), "there is no provider"},
		{node(workflow.KindExtract, workflow.SubtypeLLM, map[string]any{"provider": "togetherai", "model": "m", "schema_to_extract": map[string]any{"json_schema": "{}"}}), "set TOGETHER_API_KEY"},
		{node(workflow.KindExtract, workflow.SubtypeLLM, map[string]any{"schema_to_extract": map[string]any{"json_schema": `{"type":1}`}}), "not a valid JSON Schema"},
		{node("other", "x", nil), "not known"},
	}
	for _, c := range tests {
		err := Unbuilt([]workflow.Node{partitionNode(), c.node})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s/%s %v: %v", c.node.Type, c.node.Subtype, c.node.Settings, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "node 2 ") {
			t.Errorf("%s/%s %v: %v, want %q", c.node.Type, c.node.Subtype, c.node.Settings, err, c.want)
		}
	}
}

// TestEveryNodeKindIsRunOrRefused keeps unbuilt in step with what workflow accepts.
func TestEveryNodeKindIsRunOrRefused(t *testing.T) {
	t.Parallel()
	for _, k := range workflow.NodeKinds() {
		for _, subtype := range k.Subtypes {
			if reason := unbuilt(workflow.Node{Type: k.Type, Subtype: subtype}); strings.Contains(reason, "not known") {
				t.Errorf("%s/%s: %s", k.Type, subtype, reason)
			}
		}
	}
}

func TestPartitionOptions(t *testing.T) {
	t.Parallel()
	limits := budget.Limits{Pages: 7}
	r := &run{Runner: New(Config{Limits: limits}), in: Input{Name: "a-01234567.pdf", Secrets: func(n workflow.Node) (map[string]any, error) {
		sealed := n.Settings["password"].(map[string]any)
		return map[string]any{"password": "opened " + sealed["$sealed"].(string)}, nil
	}}}
	base := partition.Options{Filename: "a-01234567.pdf", IncludeSlideNotes: true, Limits: limits}
	with := func(change func(*partition.Options)) partition.Options {
		o := base
		change(&o)
		return o
	}
	tests := []struct {
		subtype  string
		settings map[string]any
		want     partition.Options
	}{
		{workflow.SubtypeParser, nil, base},
		{workflow.SubtypeParser, map[string]any{"encoding": "utf-8"}, base},
		{workflow.SubtypeParser, map[string]any{
			"strategy": "hi_res", "include_page_breaks": true, "pdf_infer_table_structure": true, "xml_keep_tags": true,
			"exclude_elements": []any{"Footer", "Header"}, "encoding": "latin-1", "coordinates": true,
			"unique_element_ids": true, "languages": []string{"deu"}, "unknown": 1,
		}, partition.Options{
			Filename: "a-01234567.pdf", IncludeSlideNotes: true, Limits: limits,
			Strategy: "hi_res", IncludePageBreaks: true, InferTableStructure: true, XMLKeepTags: true,
			ExcludeElements: []string{"Footer", "Header"}, Encoding: "latin-1", Coordinates: true,
			UniqueElementIDs: true, Languages: []string{"deu"},
		}},
		{workflow.SubtypeParser, map[string]any{"skip_headers_and_footers": true, "html_parser_version": "v2", "password": "open"},
			with(func(o *partition.Options) { o.SkipHeadersFooters, o.HTMLParserVersion, o.Password = true, "v2", "open" })},
		{workflow.SubtypeParser, map[string]any{"password": map[string]any{"$sealed": "x"}},
			with(func(o *partition.Options) { o.Password = "opened x" })},
		{workflow.SubtypeParser, map[string]any{"infer_table_structure": true, "exclude_elements": nil},
			with(func(o *partition.Options) { o.InferTableStructure = true })},
		{workflow.SubtypeVLM, map[string]any{"is_dynamic": true, "unique_element_ids": true, "model": "m"},
			with(func(o *partition.Options) { o.Strategy, o.UniqueElementIDs, o.Route = "auto", true, &format.Route{} })},
		{workflow.SubtypeVLM, map[string]any{"is_dynamic": true, "allow_fast": false},
			with(func(o *partition.Options) { o.Strategy, o.Route = "auto", &format.Route{NoFast: true} })},
		{workflow.SubtypeVLM, nil, with(func(o *partition.Options) { o.Strategy = "auto" })},
	}
	for _, c := range tests {
		got, err := r.partitionOptions(workflow.Node{Type: workflow.KindPartition, Subtype: c.subtype, Settings: c.settings})
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v:\n got %+v\nwant %+v", c.settings, got, c.want)
		}
	}
}

func TestChunkOptions(t *testing.T) {
	t.Parallel()
	ptr := func(n int) *int { return &n }
	yes, no := true, false
	tests := []struct {
		subtype  string
		settings map[string]any
		strategy chunk.Strategy
		want     chunk.Options
	}{
		{workflow.SubtypeByCharacter, map[string]any{
			"unstructured_api_url": nil, "include_orig_elements": false, "new_after_n_chars": nil, "max_characters": nil,
			"overlap": nil, "overlap_all": false, "contextual_chunking_strategy": nil,
		}, chunk.Basic, chunk.Options{IncludeOrigElements: &no}},
		{workflow.SubtypeByTitle, map[string]any{
			"max_characters": int64(2048), "new_after_n_chars": float64(1500), "overlap": int64(160), "overlap_all": true,
			"include_orig_elements": true, "multipage_sections": false, "combine_text_under_n_chars": int64(0),
		}, chunk.ByTitle, chunk.Options{
			MaxCharacters: ptr(2048), NewAfterNChars: ptr(1500), Overlap: 160, OverlapAll: true,
			IncludeOrigElements: &yes, MultipageSections: &no, CombineUnderNChars: ptr(0),
		}},
		{workflow.SubtypeByPage, nil, chunk.ByPage, chunk.Options{}},
	}
	for _, c := range tests {
		strategy, got, err := chunkOptions(workflow.Node{Subtype: c.subtype, Settings: c.settings})
		if err != nil || strategy != c.strategy || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %v: %s %+v %v", c.subtype, c.settings, strategy, got, err)
		}
	}
	strategy, got, err := chunkOptions(node(workflow.KindChunk, workflow.SubtypeBySimilarity, map[string]any{"similarity_threshold": 0.3}))
	if err != nil || strategy != chunk.BySimilarity || got.SimilarityThreshold != 0.3 {
		t.Errorf("by similarity: %s, %+v, %v", strategy, got, err)
	}
}

func TestBadChunkSettingsFailTheFile(t *testing.T) {
	t.Parallel()
	n := chunkNode(100)
	n.Settings["overlap"] = int64(100)
	b := newBench(t, partitionNode(), n)
	_, err := b.run()
	var failed *NodeError
	if !errors.As(err, &failed) || failed.Index != 1 || !strings.Contains(err.Error(), "'overlap' argument must be less than") {
		t.Errorf("got %v", err)
	}
}

// BenchmarkRun takes a text of about 1 kB through a partition node, with a store that only hashes.
func BenchmarkRun(b *testing.B) {
	text := strings.Repeat(memo, 3)
	for name, parser := range map[string]child.Parser{"direct": child.Direct{}, "children": newPool(b)} {
		b.Run(name, func(b *testing.B) {
			r := New(Config{Blobs: hashOnly{}, Parser: parser})
			in := Input{
				Workspace: "w", Job: "j", File: "f", Nodes: []workflow.Node{partitionNode()}, Name: "memo.txt", Version: "v1",
				Open: func(context.Context) (document.File, error) {
					return document.NewFile("memo.txt", "text/plain", int64(len(text)), strings.NewReader(text)), nil
				},
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := r.Run(b.Context(), in, nil); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

// hashOnly is a store that forgets.
type hashOnly struct{ blob.Store }

func (hashOnly) Put(_ context.Context, _ string, r io.Reader) (int64, string, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return n, hex.EncodeToString(h.Sum(nil)), err
}
