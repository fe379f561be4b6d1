// Package enrich adds to elements what a model makes of them: descriptions of pictures and tables, tables as HTML, entities
// and their relationships, text read from pictures. A stream of elements goes in and the same elements come out in order.
//
// An element that the model declines, cannot read or answers wrongly stays as it was and is counted; an error that concerns
// every element (a wrong key, a provider that is gone) ends the stream. The shapes are those of section 6.3 of the contract.
package enrich

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/model"
)

// Task is what is made of elements.
type Task string

// The tasks, by the second part of their subtype.
const (
	ImageDescription Task = "image_description"
	TableDescription Task = "table_description"
	TableToHTML      Task = "table2html"
	NER              Task = "ner"
	OCR              Task = "ocr"
)

// Tasks lists all tasks.
func Tasks() []Task { return []Task{ImageDescription, TableDescription, TableToHTML, NER, OCR} }

// Sees reports whether the task is about pictures.
func (t Task) Sees() bool { return t != NER }

// Chat answers questions; *model.Client does.
type Chat interface {
	Chat(ctx context.Context, p model.Prompt) (model.Answer, error)
}

// Options say how.
type Options struct {
	Prompt   string // instead of the built-in one; {{text}} stands for the element's text
	Provider string // for enrichment_origins
	Model    string
	Parallel int // elements at once; 0 is 20
}

// Report is what became of the elements.
type Report struct {
	Asked, Failed int
	Reasons       map[model.Kind]int // of those that failed
	Usage         model.Usage
}

// Elements runs a task over a stream. report may be nil; it is complete at the stream's end.
func Elements(ctx context.Context, in iter.Seq2[element.Element, error], c Chat, t Task, o Options, report *Report) iter.Seq2[element.Element, error] {
	if report == nil {
		report = &Report{}
	}
	report.Reasons = map[model.Kind]int{}
	if o.Parallel == 0 {
		o.Parallel = 20
	}
	return inOrder(ctx, in, o.Parallel, func(ctx context.Context, e element.Element) result {
		if !t.concerns(e) {
			return result{e: e}
		}
		changed, usage, err := o.one(ctx, c, t, e)
		return result{changed, usage, err, true}
	}, func(r result) (element.Element, error) {
		report.Usage = report.Usage.Add(r.usage)
		if r.asked {
			report.Asked++
		}
		var known *model.Error
		if errors.As(r.err, &known) && known.OfFile() {
			report.Failed++
			report.Reasons[known.Kind]++
			return r.e, nil
		}
		return r.e, r.err
	})
}

// result is an element after its turn; e is the original when err is set.
type result struct {
	e     element.Element
	usage model.Usage
	err   error
	asked bool
}

// seen is what elements say whose page a vision model has read: nothing is left to see (section 3.3 of the contract).
const seen = "vlm_partition"

// concerns tells whether a task has something to do with an element.
func (t Task) concerns(e element.Element) bool {
	if t.Sees() && e.Metadata.PartitionerType == seen {
		return false
	}
	switch t {
	case ImageDescription:
		return e.Type == element.Image && e.Metadata.ImageBase64 != ""
	case TableDescription, TableToHTML:
		return e.Type == element.Table && (e.Metadata.ImageBase64 != "" || e.Metadata.TextAsHTML != "" || strings.TrimSpace(e.Text) != "")
	case OCR:
		return e.Metadata.ImageBase64 != "" && e.Metadata.EnrichmentOrigins["text"] == nil // a description is no text to be read again
	case NER:
		return strings.TrimSpace(e.Text) != ""
	}
	return false
}

// one asks about one element.
func (o Options) one(ctx context.Context, c Chat, t Task, e element.Element) (element.Element, model.Usage, error) {
	p, err := o.prompt(t, e)
	if err != nil {
		return e, model.Usage{}, err
	}
	p.Fits = func(text string) bool { _, _, err := t.apply(e, text); return err == nil }
	a, err := c.Chat(ctx, p)
	if err != nil {
		return e, a.Usage, err
	}
	if a.Truncated {
		return e, a.Usage, &model.Error{Kind: model.BadAnswer, Message: "the answer is longer than the model may write"}
	}
	changed, attribute, err := t.apply(e, a.Text)
	if err != nil {
		return e, a.Usage, err
	}
	origin := map[string]any{"type": string(t), "provider": o.Provider, "model": o.Model}
	before, _ := e.Metadata.EnrichmentOrigins[attribute].([]any)
	changed.Metadata.EnrichmentOrigins = with(e.Metadata.EnrichmentOrigins, attribute, append(slices.Clone(before), origin))
	return changed, a.Usage, nil
}

// apply puts an answer into a copy of an element, and says where.
func (t Task) apply(e element.Element, answer string) (changed element.Element, attribute string, err error) {
	changed, attribute = e, "text"
	switch t {
	case ImageDescription:
		changed.Text, err = description(answer)
	case TableDescription, OCR:
		changed.Text, err = plain(answer)
	case TableToHTML:
		attribute = "text_as_html"
		changed.Metadata.TextAsHTML, err = tableOf(answer)
	case NER:
		attribute = "entities"
		var found any
		if found, err = entitiesOf(answer); err == nil {
			changed.Metadata.Extra = with(e.Metadata.Extra, "entities", found)
		}
	}
	return changed, attribute, err
}

// with returns a copy of m with one more member: elements may share their maps.
func with(m map[string]any, name string, value any) map[string]any {
	out := make(map[string]any, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
	out[name] = value
	return out
}

func badAnswer(format string, args ...any) error {
	return &model.Error{Kind: model.BadAnswer, Message: fmt.Sprintf(format, args...)}
}

// prompt makes the question about an element.
func (o Options) prompt(t Task, e element.Element) (model.Prompt, error) {
	p := model.Prompt{System: instructions[t]}
	switch t {
	case ImageDescription:
		p.Schema = descriptionSchema
	case NER:
		p.Schema = entitiesSchema
	}
	if t.Sees() && e.Metadata.ImageBase64 != "" {
		data, err := base64.StdEncoding.DecodeString(e.Metadata.ImageBase64)
		if err != nil {
			return p, &model.Error{Kind: model.BadRequest, Message: "the element's picture is no base64"}
		}
		fitted, mimeType, err := model.Fit(data)
		if err != nil {
			return p, &model.Error{Kind: model.TooLarge, Message: err.Error()}
		}
		p.Parts = append(p.Parts, model.Part{Image: fitted, MIMEType: mimeType})
	}
	text := e.Text
	if t == TableToHTML || t == TableDescription {
		if e.Metadata.TextAsHTML != "" {
			text = e.Metadata.TextAsHTML
		}
	}
	ask := o.Prompt
	if ask == "" {
		ask = questions[t]
	}
	if strings.Contains(ask, "{{text}}") {
		ask = strings.ReplaceAll(ask, "{{text}}", text)
	} else if text != "" && t != OCR {
		ask += "\n\n" + text
	}
	p.Parts = append(p.Parts, model.Part{Text: ask})
	return p, nil
}

// description is the JSON text that stands for a picture.
func description(answer string) (string, error) {
	var d map[string]any
	if err := json.Unmarshal([]byte(unfenced(answer)), &d); err != nil {
		return "", badAnswer("the description is no JSON")
	}
	kind, _ := d["type"].(string)
	if kind == "" || d["description"] == nil {
		return "", badAnswer("the description lacks its type or text")
	}
	b, err := json.Marshal(d)
	return string(b), err
}

func plain(answer string) (string, error) {
	if answer = strings.TrimSpace(unfenced(answer)); answer == "" {
		return "", badAnswer("the answer is empty")
	}
	return answer, nil
}

// unfenced takes an answer out of the code fence that models like to put around it.
func unfenced(s string) string {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "```") {
		return s
	}
	_, s, _ = strings.Cut(s, "\n")
	if i := strings.LastIndex(s, "```"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}
