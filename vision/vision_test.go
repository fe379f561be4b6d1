package vision

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/model"
)

func TestFromHTML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ answer, want, reason string }{
		{`<div class="Page"><p class="NarrativeText">One.</p></div>`, `<p class="NarrativeText">One.</p>`, ""},
		{"```html\n<div class=\"Page\" data-page-number=\"9\"><p>One.</p>\n<p>Two.</p></div>\n```", "<p>One.</p>\n<p>Two.</p>", ""},
		{"Sure! Here it is:\n```\n<p>One.</p>\n```\nAnything else?", "<p>One.</p>", ""},
		{`<!DOCTYPE html><html><head><title>x</title><style>p{}</style></head><body class="Document"><div class="Page"><p>One.</p></div></body></html>`, "<p>One.</p>", ""},
		{`<div><main><h1>A</h1><p>B</p></main></div>`, "<h1>A</h1><p>B</p>", ""},
		{`<div class="Page"><p>A</p></div><div class="Page"><p>B</p></div>`, "<p>A</p><p>B</p>", ""},
		{`<div class="Page"><div class="Column"><p>A</p></div></div>`, `<div class="Column"><p>A</p></div>`, ""},
		{`<div class="Page"></div>`, "", ""},
		{`<p>cut off <b>here`, "<p>cut off <b>here</b></p>", ""},
		{`<td>a cell alone</td><p>x</p>`, "a cell alone<p>x</p>", ""},
		{"", "", "it is empty"},
		{"   \n", "", "it is empty"},
		{"``` ```", "", "it is not HTML"},
		{"The page shows a mill.", "", "it is not HTML"},
		{"# Title\n\n| a | b |\n|---|---|", "", "it is not HTML"},
		{`{"elements": []}`, "", "it is not HTML"},
		{"a < b and c > d", "", "it is not HTML"},
		{"<page><text>own tags</text></page>", "", "it is not HTML"},
		{"see <a href='http://x'>this</a>", "", "it is not HTML"},
		{"<p>" + strings.Repeat("x", maxPage) + "</p>", "", "it is longer than"},
	} {
		got, err := fromHTML(c.answer)
		if got != c.want || (err == nil) != (c.reason == "") || err != nil && !strings.HasPrefix(err.Error(), c.reason) {
			t.Errorf("%.80q: %q, %v", c.answer, got, err)
		}
	}
}

func TestFromJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ answer, want, reason string }{
		{`{"elements":[{"type":"Title","text":"A & B"},{"type":"Heresy","text":"<i>"}]}`,
			`<h1 class="Title">A &amp; B</h1><span class="UncategorizedText">&lt;i&gt;</span>`, ""},
		{"```json\n[{\"type\":\"ListItem\",\"text\":\"one\"}]\n```", `<li class="ListItem">one</li>`, ""},
		{`{"elements":[{"type":"Table","text":"Mill 12","html":"no table"}]}`, `<table class="Table"><tbody><tr><td>Mill 12</td></tr></tbody></table>`, ""},
		{`{"elements":[]}`, "", ""},
		{`{}`, "", "it is not the JSON"},
		{`{"elements":[{"type":`, "", "it is not the JSON"},
		{`<p>x</p>`, "", "it is not the JSON"},
		{"", "", "it is not the JSON"},
	} {
		got, err := fromJSON(c.answer)
		if got != c.want || (err == nil) != (c.reason == "") || err != nil && !strings.HasPrefix(err.Error(), c.reason) {
			t.Errorf("%q: %q, %v", c.answer, got, err)
		}
	}
}

func TestPretty(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`<p class="A">one <b>two</b></p>`:          "<p class=\"A\">\n one\n <b>\n  two\n </b>\n</p>",
		`<ul><li>a<br/>b</li><li/></ul>`:           "<ul>\n <li>\n  a\n  <br/>\n  b\n </li>\n <li/>\n</ul>",
		`<img alt="x"><p>a</p>`:                    "<img alt=\"x\">\n<p>\n a\n</p>",
		"<div><pre>  a\n   <b>b</b>\n</pre></div>": "<div>\n <pre>  a\n   <b>b</b>\n</pre>\n</div>",
		"": "", "text": "text", "</p></p>": "</p>\n</p>", "a &amp; b": "a &amp; b",
	} {
		if got := Pretty(in); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", in, got, want)
		}
	}
}

// chat answers with a list, one after the other.
type chat struct {
	answers []model.Answer
	err     error
	asked   []model.Prompt
}

func (c *chat) Chat(_ context.Context, p model.Prompt) (model.Answer, error) {
	c.asked = append(c.asked, p)
	if c.err != nil {
		return model.Answer{}, c.err
	}
	return c.answers[len(c.asked)-1], nil
}

func TestPage(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	says := func(text string) model.Answer {
		return model.Answer{Text: text, Usage: model.Usage{Calls: 1, Input: 5}}
	}
	bad := &chat{answers: []model.Answer{says("no"), says("<p>yes</p>")}}
	html, usage, err := Page(t.Context(), bad, picture.Bytes(), Options{})
	if html != "<p>yes</p>" || err != nil || usage.Calls != 2 || usage.Input != 10 {
		t.Errorf("%q, %+v, %v", html, usage, err)
	}
	if first, second := bad.asked[0], bad.asked[1]; !strings.Contains(second.Parts[1].Text, "it is not HTML") || strings.Contains(first.Parts[1].Text, "last answer") ||
		first.Fits("no") || !first.Fits("<p>x</p>") || first.Parts[0].MIMEType != "image/png" {
		t.Errorf("asked %+v then %+v", first, second)
	}
	var known *model.Error
	for name, c := range map[string]*chat{
		"twice no HTML": {answers: []model.Answer{says("no"), says("never")}},
		"cut off":       {answers: []model.Answer{{Text: "<p>half", Truncated: true}}},
	} {
		if _, _, err := Page(t.Context(), c, picture.Bytes(), Options{}); !errors.As(err, &known) || known.Kind != model.BadAnswer || !known.OfFile() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Page(t.Context(), &chat{}, []byte("no picture"), Options{}); !errors.As(err, &known) || known.Kind != model.TooLarge {
		t.Errorf("%v", err)
	}
	lost := &model.Error{Kind: model.Unavailable}
	if _, _, err := Page(t.Context(), &chat{err: lost}, picture.Bytes(), Options{}); !errors.Is(err, lost) {
		t.Errorf("%v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"<p>a</p>", "```html\n<div class=Page><table><tr><td>", `{"elements":[{"type":"Table","html":"<table>"}]}`, "<svg><![CDATA[<p>]]></svg>", "<pre>\n</pre"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		for _, read := range []func(string) (string, error){fromHTML, fromJSON} {
			html, err := read(answer)
			if err != nil {
				continue
			}
			Pretty(html)
			if again, err := fromHTML(`<div class="Page">` + html + `</div>`); err != nil && html != "" {
				t.Errorf("%q became %q, then %q, %v", answer, html, again, err)
			}
		}
	})
}
