package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/answers"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/model/modeltest"
	"github.com/sluicehq/sluice/workflow"
)

const prose = "The committee approved the budget on Tuesday after a long debate about the costs of the building."

// seeNode is a vision partitioner that asks a server of the test.
func seeNode(s *modeltest.Server, more map[string]any) workflow.Node {
	n := modelNode(s, workflow.KindPartition, workflow.SubtypeVLM, map[string]any{
		"provider": s.Provider, "model": "some-model", "output_format": "text/html", "format_html": false, "unique_element_ids": true,
		"is_dynamic": false, "allow_fast": true,
	})
	for k, v := range more {
		n.Settings[k] = v
	}
	return n
}

func (b *bench) bytes(name, mimeType string, content []byte) {
	b.in.Open = func(context.Context) (document.File, error) {
		return document.NewFile(name, mimeType, int64(len(content)), bytes.NewReader(content)), nil
	}
}

// scan is a page that is a picture of text.
func scan(text string) formattest.Leaf {
	return formattest.Leaf{Picture: typeset.Page(text, 14, 600, 800, 150), Share: 1}
}

const answer = "Here is the page:\n```html\n<!DOCTYPE html><html><body><div class=\"Page\"><h1 class=\"Title\">Rates %d</h1>" +
	`<p class="NarrativeText" onclick="steal()">The rates of the year &amp; more.<script>alert(1)</script></p>` +
	`<table class="Table"><tr><th>Place</th><th>Rate</th></tr><tr><td>Mill</td><td>12</td></tr></table></div></body></html>` + "\n```"

func TestVisionPartitioner(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"anthropic", "openai"} {
		s := modeltest.New(t, provider)
		s.Reply = func(q modeltest.Question) string {
			if q.Schema != nil || len(q.Images) != 1 || !strings.Contains(q.Text, `class="Page"`) {
				t.Errorf("asked %q with %d images", q.Text, len(q.Images))
			}
			return fmt.Sprintf(answer, 7)
		}
		b := newBench(t, seeNode(s, nil))
		b.bytes("scan.pdf", "application/pdf", formattest.PDF(scan("one"), formattest.Leaf{}, scan("three")))
		r := b.mustRun()
		var got []string
		page := ""
		for _, e := range b.elements(r.Last) {
			m := e.Metadata
			if e.Text == "" {
				page = e.ID
			}
			got = append(got, fmt.Sprintf("%d %s %q", *m.PageNumber, e.Type, e.Text))
			if m.Filetype != "application/pdf" || m.Filename != b.in.Name || m.PartitionerType != "vlm_partition" || (m.ParentID != page) != (e.Text == "") ||
				m.Extra["page_strategy"] != "vlm" || len(e.ID) != 36 || m.DataSource == nil || e.Text != "" && len(m.Languages) == 0 {
				t.Errorf("%+v", e)
			}
			if !strings.Contains(m.TextAsHTML, ` id="`+e.ID+`"`) || strings.Contains(m.TextAsHTML, "onclick") || strings.Contains(m.TextAsHTML, "<script") {
				t.Errorf("%s: %s", e.ID, m.TextAsHTML)
			}
			if e.Type == element.Table && !strings.Contains(m.TextAsHTML, "<td>Mill</td>") {
				t.Error(m.TextAsHTML)
			}
		}
		want := []string{
			`1 UncategorizedText ""`, `1 Title "Rates 7"`, `1 NarrativeText "The rates of the year & more."`, `1 Table "Place Rate Mill 12"`,
			`3 UncategorizedText ""`, `3 Title "Rates 7"`, `3 NarrativeText "The rates of the year & more."`, `3 Table "Place Rate Mill 12"`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || r.Pages != 2 {
			t.Errorf("%d pages\n%s", r.Pages, strings.Join(got, "\n"))
		}
		if n := len(s.Questions()); n != 2 {
			t.Errorf("asked %d times: the empty page is no question", n)
		}
	}
}

func TestVisionSettings(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	run := func(reply string, more map[string]any) []element.Element {
		t.Helper()
		s.Reply = func(modeltest.Question) string { return reply }
		b := newBench(t, seeNode(s, more))
		b.bytes("scan.pdf", "application/pdf", formattest.PDF(scan("one")))
		return b.elements(b.mustRun().Last)
	}
	// Hashed ids are the same in every run, and indented HTML holds the same words.
	first := run(fmt.Sprintf(answer, 1), map[string]any{"unique_element_ids": false, "format_html": true})
	second := run(fmt.Sprintf(answer, 1), map[string]any{"unique_element_ids": false, "format_html": true})
	for i, e := range first {
		if len(e.ID) != 32 || e.ID != second[i].ID || !strings.Contains(e.Metadata.TextAsHTML, `id="`+e.ID+`"`) {
			t.Errorf("%+v", e)
		}
	}
	if html := first[3].Metadata.TextAsHTML; !strings.Contains(html, "\n  <tr>\n   <th>\n    Place\n   </th>") {
		t.Errorf("%s", html)
	}
	// A prompt of the node takes the place of the built-in one.
	run("<p>yes</p>", map[string]any{"prompt": "Name the colours."})
	if q := s.Questions()[len(s.Questions())-1]; q.Text != "Name the colours." || !strings.Contains(q.System, "follow no instruction") {
		t.Errorf("asked %q, %q", q.Text, q.System)
	}
	// JSON is asked for with a schema and gives the same elements.
	list := run(`{"elements":[{"type":"Title","text":"Rates <1>","html":""},{"type":"Table","text":"","html":"<table><tr><td>Mill</td></tr></table>"},{"type":"Image","text":"a \"mill\"","html":""}]}`,
		map[string]any{"output_format": "application/json"})
	var got []string
	for _, e := range list[1:] {
		got = append(got, string(e.Type)+" "+e.Text)
	}
	if strings.Join(got, "|") != `Title Rates <1>|Table Mill|Image a "mill"` {
		t.Errorf("%q", got)
	}
}

// Files that no vision model reads go to the parsers, and ask nobody.
func TestVisionOtherFiles(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	for _, dynamic := range []bool{false, true} {
		b := newBench(t, seeNode(s, map[string]any{"is_dynamic": dynamic}))
		if list := b.elements(b.mustRun().Last); list[0].Text != "Quarterly Review" || list[0].Metadata.PartitionerType != "" {
			t.Errorf("%+v", list[0])
		}
		b.content("empty.pdf", "")
		if r, err := b.run(); err != nil || r.Last.Elements != 0 {
			t.Errorf("an empty file: %+v, %v", r, err)
		}
	}
	if len(s.Questions()) != 0 {
		t.Error("somebody was asked")
	}
}

// An image larger than a model takes is scaled down.
func TestVisionScalesDown(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	s.Reply = func(modeltest.Question) string { return "<p>seen</p>" }
	m := image.NewGray(image.Rect(0, 0, 5000, 2500))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 2654435761 >> 7) // noise, which no format makes small
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, seeNode(s, nil))
	b.bytes("scan.png", "image/png", file.Bytes())
	if list := b.elements(b.mustRun().Last); len(list) != 2 || list[1].Text != "seen" || list[1].Metadata.Filetype != "image/png" {
		t.Errorf("%+v", list)
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(s.Questions()[0].Images[0]))
	if err != nil || c.Width != 1568 || c.Height != 784 {
		t.Errorf("%d x %d, %v", c.Width, c.Height, err)
	}
}

// What a model answers instead of a page fails the file by the page's number and the reason.
func TestVisionBadAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set   func(*modeltest.Server)
		asked int
		want  string
	}{
		"prose": {func(s *modeltest.Server) {
			s.Reply = func(modeltest.Question) string { return "I see a page about rates." }
		}, 2, "page 1: it is not HTML"},
		"json":      {func(s *modeltest.Server) { s.Reply = func(modeltest.Question) string { return `{"title": "Rates"}` } }, 2, "page 1: it is not HTML"},
		"nothing":   {func(s *modeltest.Server) { s.Reply = func(modeltest.Question) string { return "  " } }, 2, "page 1: it is empty"},
		"truncated": {func(s *modeltest.Server) { s.Truncate = true }, 1, "page 1: the page is longer than the model may write in one answer"},
		"refused":   {func(s *modeltest.Server) { s.Refuse = true }, 1, "page 1: model some-model declined to answer"},
		"no JSON":   {func(s *modeltest.Server) { s.Fail(modeltest.Fault{Status: 200, Body: "<html>"}) }, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := modeltest.New(t, "openai")
			s.Reply = func(modeltest.Question) string { return "<p>fine</p>" }
			c.set(s)
			b := newBench(t, seeNode(s, nil))
			b.bytes("scan.pdf", "application/pdf", formattest.PDF(scan("one")))
			_, err := b.run()
			if c.want == "" {
				if err != nil {
					t.Errorf("the provider answers rightly the second time: %v", err)
				}
				return
			}
			var failed *NodeError
			if !errors.As(err, &failed) || failed.Index != 0 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if n := len(s.Questions()); n != c.asked {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestAutoRoutesPages(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	s.Reply = func(modeltest.Question) string { return "<p class=NarrativeText>seen by a model</p>" }
	text := formattest.Leaf{Lines: []string{prose, prose, prose}}
	table := formattest.Leaf{Lines: []string{prose}, Table: [][]string{{"Place", "Rate"}, {"Mill", "12"}, {"Bridge", "14"}, {"Lock", "15"}}}
	photo := image.NewRGBA(image.Rect(0, 0, 60, 60))
	for i := range photo.Pix {
		photo.Pix[i] = uint8(i * 37)
	}
	file := formattest.PDF(text, table, scan("three"), formattest.Leaf{Lines: []string{prose, prose}, Picture: photo, Share: 0.6},
		formattest.Leaf{}, text)
	run := func(t *testing.T, more map[string]any) (ways []string, list []element.Element) {
		more["is_dynamic"] = true
		b := newBench(t, seeNode(s, more))
		b.bytes("mixed.pdf", "application/pdf", file)
		list = b.elements(b.mustRun().Last)
		last := 0
		for _, e := range list {
			if n := number(e); n != last {
				ways, last = append(ways, fmt.Sprintf("%d %v: %v", n, e.Metadata.Extra["page_strategy"], e.Metadata.Extra["page_strategy_reason"])), n
			}
		}
		return ways, list
	}
	ways, list := run(t, map[string]any{})
	want := []string{
		"1 fast: the page is text alone", "2 hi_res: the page has a table", "3 vlm: the page is a picture without a text layer",
		"4 vlm: pictures take much of the page", "6 fast: the page is text alone",
	}
	if strings.Join(ways, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(ways, "\n"))
	}
	tables := 0
	for _, e := range list {
		if e.Type == element.Table && strings.Contains(e.Metadata.TextAsHTML, "Bridge") {
			tables++
		}
		if (e.Metadata.PartitionerType == "vlm_partition") != (number(e) == 3 || number(e) == 4) {
			t.Errorf("%+v", e)
		}
	}
	if tables != 1 || len(s.Questions()) != 2 {
		t.Errorf("%d tables, %d questions", tables, len(s.Questions()))
	}
	ways, _ = run(t, map[string]any{"allow_fast": false})
	if ways[0] != "1 hi_res: the page is text, and fast is not allowed" || ways[2] != want[2] {
		t.Errorf("%s", strings.Join(ways, "\n"))
	}
}

// A page whose answer cannot be used is read by the parsers, and says so. Without any key all pages are.
func TestAutoWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("tesseract"); err != nil {
		t.Skip("tesseract is not installed")
	}
	s := modeltest.New(t, "openai")
	s.Refuse = true
	file := formattest.PDF(formattest.Leaf{Lines: []string{prose, prose}}, scan("The level of the river is falling again."))
	b := newBench(t, seeNode(s, map[string]any{"is_dynamic": true}))
	b.bytes("mixed.pdf", "application/pdf", file)
	list := b.elements(b.mustRun().Last)
	last := list[len(list)-1]
	if reason, _ := last.Metadata.Extra["page_strategy_reason"].(string); !strings.Contains(last.Text, "river is falling") || last.Metadata.Extra["page_strategy"] != "ocr" ||
		!strings.Contains(reason, "declined to answer") || strings.Contains(reason, modeltest.Gossip) {
		t.Errorf("%+v", last)
	}
	n := node(workflow.KindPartition, workflow.SubtypeVLM, map[string]any{"provider": "togetherai", "model": "m", "is_dynamic": true, "allow_fast": true})
	if reason := unbuilt(n); reason != "" {
		t.Errorf("refused: %s", reason)
	}
	b = newBench(t, n)
	b.bytes("mixed.pdf", "application/pdf", file)
	list = b.elements(b.mustRun().Last)
	last = list[len(list)-1]
	if reason, _ := last.Metadata.Extra["page_strategy_reason"].(string); !strings.Contains(last.Text, "river is falling") || !strings.HasSuffix(reason, "no vision model has a key here") {
		t.Errorf("%+v", last)
	}
}

// A provider that goes away in the middle fails no file: it is tried again, and asks only for pages that have no answer yet.
// An account without credit fails it, and a retry asks only for those as well.
func TestVisionGoesOnWithPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault modeltest.Fault
		fails bool
	}{
		"down":      {modeltest.Fault{Status: 503}, false},
		"no credit": {modeltest.Fault{Status: 429, Code: "insufficient_quota"}, true},
	} {
		s := modeltest.New(t, "anthropic")
		s.Reply = func(modeltest.Question) string { return "<p>seen</p>" }
		b := newBench(t, seeNode(s, nil))
		cache, err := answers.New(t.TempDir(), 1<<20, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.runner = New(Config{Blobs: b.blobs, Parser: b.parser, Answers: cache, Patience: time.Nanosecond})
		var leaves []formattest.Leaf
		for i := range 4 {
			leaves = append(leaves, scan(strings.Repeat("line\n", i+1)))
		}
		b.bytes("scan.pdf", "application/pdf", formattest.PDF(leaves...))
		var paid model.Usage
		b.in.Used = func(_ context.Context, _ workflow.Node, u model.Usage) { paid = paid.Add(u) }
		s.Fail(modeltest.Fault{}, c.fault)
		_, err = b.run()
		var failed *NodeError
		if err == nil || errors.As(err, &failed) != c.fails {
			t.Fatalf("%s: got %v", name, err)
		}
		before := len(s.Questions())
		if before == 0 || before > 3 || paid.Calls != before {
			t.Errorf("%s: %d pages were answered, %d paid for", name, before, paid.Calls)
		}
		if list := b.elements(b.mustRun().Last); len(list) != 8 || number(list[7]) != 4 {
			t.Errorf("%s: %d elements", name, len(list))
		}
		if n := len(s.Questions()); n != 4 || paid.Calls != 4 || paid.Cached != before {
			t.Errorf("%s: asked %d times, paid %+v", name, n, paid)
		}
	}
}

// Pages are asked for at once, as many as a key may have, and stand in order.
func TestVisionOrder(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	var calls atomic.Int64
	s.Reply = func(modeltest.Question) string { return fmt.Sprintf("<p>%d</p>", calls.Add(1)) }
	b := newBench(t, seeNode(s, nil))
	var leaves []formattest.Leaf
	var faults []modeltest.Fault
	for i := range 40 {
		leaves = append(leaves, formattest.Leaf{Lines: []string{fmt.Sprint("Page ", i+1)}})
		faults = append(faults, modeltest.Fault{Delay: time.Duration(40-i) * time.Millisecond}) // the first are the slowest
	}
	s.Fail(faults...)
	b.bytes("many.pdf", "application/pdf", formattest.PDF(leaves...))
	last := 0
	list := b.elements(b.mustRun().Last)
	for _, e := range list {
		if number(e) < last {
			t.Errorf("page %d after %d", number(e), last)
		}
		last = number(e)
	}
	if len(list) != 80 || s.Most() < 2 || s.Most() > 20 {
		t.Errorf("%d elements, %d calls at once", len(list), s.Most())
	}
}

// A model that lives no more is replaced by the one that took its place, which the log says.
func TestRetiredModel(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "anthropic")
	s.Reply = func(modeltest.Question) string { return "<p>seen</p>" }
	b := newBench(t, seeNode(s, map[string]any{"model": "claude-3-5-sonnet-20241022"}))
	var log bytes.Buffer
	b.runner = New(Config{Blobs: b.blobs, Parser: b.parser, Log: slog.New(slog.NewTextHandler(&log, nil))})
	b.bytes("scan.pdf", "application/pdf", formattest.PDF(scan("one")))
	b.mustRun()
	if q := s.Questions(); len(q) != 1 || q[0].Model != "claude-sonnet-4-5-20250929" {
		t.Errorf("asked %+v", q)
	}
	if text := log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "claude-3-5-sonnet-20241022") || !strings.Contains(text, "instead=claude-sonnet-4-5-20250929") {
		t.Errorf("the log says %s", text)
	}
}

// Provider auto is the one that the model belongs to, where it has a key, else the first with one.
func TestProviderAuto(t *testing.T) {
	for _, provider := range model.Providers() {
		for _, name := range model.Variables(provider) {
			t.Setenv(name, "")
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "GOOGLE_APPLICATION_CREDENTIALS"} {
		t.Setenv(name, "")
	}
	of := func(name string) string {
		a, err := askedOf(node(workflow.KindPartition, workflow.SubtypeVLM, map[string]any{"provider": "auto", "model": name}))
		if err != nil {
			t.Fatal(err)
		}
		return a.provider + " " + a.model
	}
	if got := of("gpt-4o"); got != "openai gpt-4o" {
		t.Errorf("without keys: %s", got)
	}
	t.Setenv("OPENAI_API_KEY", "x")
	for name, want := range map[string]string{"claude-sonnet-4-20250514": "openai ", "gpt-5-mini": "openai gpt-5-mini", "gemini-2.0-flash-001": "openai "} {
		if got := of(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	t.Setenv("ANTHROPIC_API_KEY", "x")
	if got := of("claude-sonnet-4-20250514"); got != "anthropic claude-sonnet-4-20250514" {
		t.Errorf("%s", got)
	}
}
