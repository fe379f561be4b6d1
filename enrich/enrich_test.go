package enrich_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/enrich"
	"github.com/sluicehq/sluice/model"
)

// onePixel is a PNG of one pixel.
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

type chat func(p model.Prompt) (model.Answer, error)

func (c chat) Chat(ctx context.Context, p model.Prompt) (model.Answer, error) {
	if ctx.Err() != nil {
		return model.Answer{}, ctx.Err()
	}
	return c(p)
}

func stream(list ...element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func run(t *testing.T, c enrich.Chat, task enrich.Task, o enrich.Options, in ...element.Element) ([]element.Element, enrich.Report, error) {
	t.Helper()
	var report enrich.Report
	var out []element.Element
	for e, err := range enrich.Elements(t.Context(), stream(in...), c, task, o, &report) {
		if err != nil {
			return out, report, err
		}
		out = append(out, e)
	}
	return out, report, nil
}

func picture(kind element.Type, text string) element.Element {
	return element.Element{Type: kind, ID: "1", Text: text, Metadata: element.Metadata{ImageBase64: onePixel, ImageMimeType: "image/png"}}
}

func answer(text string) chat {
	return func(model.Prompt) (model.Answer, error) {
		return model.Answer{Text: text, Usage: model.Usage{Input: 1}}, nil
	}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	table := picture(element.Table, "a b")
	table.Metadata.TextAsHTML = "<table><tr><td>a</td><td>b</td></tr></table>"
	for _, c := range []struct {
		task       enrich.Task
		in         element.Element
		answer     string
		text, html string
	}{
		{enrich.ImageDescription, picture(element.Image, "old"), "```json\n{\"type\":\"graph\",\"description\":\"Sales grow.\"}\n```", `{"description":"Sales grow.","type":"graph"}`, ""},
		{enrich.TableDescription, table, " It has two cells.\n", "It has two cells.", table.Metadata.TextAsHTML},
		{enrich.TableToHTML, table, "Here:\n```html\n<table border=1 onclick=\"x()\"><tr><th colspan=\"2\" style=a>A &amp; B<script>alert(1)</script></th></tr><tr><td><img src=x>1<td>2</tr></table>\n```",
			"a b", `<table><tr><th colspan="2">A &amp; B</th></tr><tr><td>1<td>2</tr></table>`},
		{enrich.OCR, picture(element.NarrativeText, "0ld"), "old", "old", ""},
	} {
		out, report, err := run(t, answer(c.answer), c.task, enrich.Options{Provider: "openai", Model: "m"}, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.task, err)
			continue
		}
		e := out[0]
		if e.Text != c.text || e.Metadata.TextAsHTML != c.html || e.Metadata.ImageBase64 == "" || report.Asked != 1 || report.Failed != 0 || report.Usage.Input != 1 {
			t.Errorf("%s: %q, %q, %+v", c.task, e.Text, e.Metadata.TextAsHTML, report)
		}
		attribute := "text"
		if c.task == enrich.TableToHTML {
			attribute = "text_as_html"
		}
		want := []any{map[string]any{"type": string(c.task), "provider": "openai", "model": "m"}}
		if got := e.Metadata.EnrichmentOrigins[attribute]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: origins %v", c.task, got)
		}
	}
}

func TestWhatIsLeftAlone(t *testing.T) {
	t.Parallel()
	described := picture(element.Image, "{}")
	described.Metadata.EnrichmentOrigins = map[string]any{"text": []any{}}
	for task, elements := range map[enrich.Task][]element.Element{
		enrich.ImageDescription: {picture(element.Table, "x"), {Type: element.Image, Text: "no picture"}},
		enrich.TableDescription: {picture(element.Image, "x"), {Type: element.Table}},
		enrich.TableToHTML:      {picture(element.NarrativeText, "x")},
		enrich.OCR:              {described, {Type: element.NarrativeText, Text: "x"}},
		enrich.NER:              {{Type: element.PageBreak}},
	} {
		out, report, err := run(t, chat(func(model.Prompt) (model.Answer, error) {
			t.Errorf("%s: a model was asked", task)
			return model.Answer{}, nil
		}), task, enrich.Options{}, elements...)
		if err != nil || report.Asked != 0 || !reflect.DeepEqual(out, elements) {
			t.Errorf("%s: %v, %+v", task, err, report)
		}
	}
}

func TestEntities(t *testing.T) {
	t.Parallel()
	in := element.Element{Type: element.NarrativeText, Text: "Ada works for Acme.", Metadata: element.Metadata{Extra: map[string]any{"kept": 1.0}}}
	var asked string
	out, _, err := run(t, chat(func(p model.Prompt) (model.Answer, error) {
		asked = p.Parts[0].Text
		if p.Schema == nil {
			t.Error("no schema")
		}
		return model.Answer{Text: `{"items":[{"entity":"Ada","type":"PERSON"},{"entity":"Ada","type":"PERSON"},{"entity":"","type":"X"}],
			"relationships":[{"from":"Ada","relationship":"works_for","to":"Acme"},{"from":"Ada"}]}`}, nil
	}), enrich.NER, enrich.Options{Prompt: "Find in <{{text}}>."}, in)
	if err != nil {
		t.Fatal(err)
	}
	if asked != "Find in <Ada works for Acme.>." {
		t.Errorf("asked %q", asked)
	}
	want := map[string]any{
		"items":         []any{map[string]any{"entity": "Ada", "type": "PERSON"}},
		"relationships": []any{map[string]any{"from": "Ada", "relationship": "works_for", "to": "Acme"}},
	}
	if got := out[0].Metadata.Extra["entities"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if out[0].Metadata.Extra["kept"] != 1.0 || in.Metadata.Extra["entities"] != nil {
		t.Error("the element's own metadata was changed")
	}
}

func TestLocalEntities(t *testing.T) {
	t.Parallel()
	out, _, err := run(t, enrich.Local{}, enrich.NER, enrich.Options{}, element.Element{Type: element.NarrativeText,
		Text: "Angela Merkel met Barack Obama in Berlin before she went to Paris."})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(out[0].Metadata.Extra["entities"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"entity":"Berlin","type":"LOCATION"}`, `"PERSON"`, `"relationships":[]`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	elements := []element.Element{picture(element.Image, "a"), picture(element.Image, "b"), picture(element.Image, "c"), picture(element.Image, "d")}
	elements[3].Metadata.ImageBase64 = "bm8gaW1hZ2U=" // "no image"
	n := 0
	out, report, err := run(t, chat(func(model.Prompt) (model.Answer, error) {
		n++
		switch n {
		case 1:
			return model.Answer{}, &model.Error{Kind: model.Refused}
		case 2:
			return model.Answer{Text: "I cannot say"}, nil
		}
		return model.Answer{Text: `{"type":"x","description":"y"}`, Truncated: true}, nil
	}), enrich.ImageDescription, enrich.Options{Parallel: 1}, elements...)
	if err != nil || report.Failed != 4 || report.Asked != 4 || !reflect.DeepEqual(out, elements) {
		t.Errorf("%v, %+v", err, report)
	}
	if report.Reasons[model.Refused] != 1 || report.Reasons[model.BadAnswer] != 2 || report.Reasons[model.TooLarge] != 1 {
		t.Errorf("reasons %v", report.Reasons)
	}
	wrongKey := &model.Error{Kind: model.BadKey}
	if _, _, err := run(t, chat(func(model.Prompt) (model.Answer, error) { return model.Answer{}, wrongKey }), enrich.ImageDescription, enrich.Options{}, elements...); !errors.Is(err, wrongKey) {
		t.Errorf("got %v", err)
	}
}

// Answers come in any order, elements in their own; nothing runs on when the reader stops.
func TestOrder(t *testing.T) {
	t.Parallel()
	var in []element.Element
	for i := range 200 {
		in = append(in, element.Element{Type: element.NarrativeText, Text: fmt.Sprint(i)})
	}
	c := chat(func(p model.Prompt) (model.Answer, error) {
		var i int
		fmt.Sscan(p.Parts[0].Text, &i) //nolint:errcheck // the prompt is a number
		time.Sleep(time.Duration(i%7) * time.Millisecond)
		return model.Answer{Text: fmt.Sprintf(`{"items":[{"entity":"%d","type":"N"}]}`, i)}, nil
	})
	out, _, err := run(t, c, enrich.NER, enrich.Options{Prompt: "{{text}}"}, in...)
	if err != nil || len(out) != 200 {
		t.Fatal(len(out), err)
	}
	for i, e := range out {
		found := e.Metadata.Extra["entities"].(map[string]any)["items"].([]any)[0].(map[string]any)["entity"]
		if e.Text != fmt.Sprint(i) || found != e.Text {
			t.Fatalf("element %d is %s with %v", i, e.Text, found)
		}
	}
	for range enrich.Elements(t.Context(), stream(in...), c, enrich.NER, enrich.Options{Prompt: "{{text}}"}, nil) {
		break
	}
}
